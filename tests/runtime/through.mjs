// Requests through a route, as clients send them: with the host of the route, whatever address they
// are sent to.

import { createHash, randomBytes } from "node:crypto";
import { request as send } from "node:http";
import { connect } from "node:net";

/** The host that is routed. It is this machine by its name, so that no resolver is asked. */
export const HOST = "shop.localhost";

/** A route to a pool with further settings. */
export const route = (settings = "", { host = HOST, path = "/", pool = "shop" } = {}) =>
  `\n[[route]]\nhost = "${host}"\npath = "${path}"\npool = "${pool}"\n${settings}\n`;

/**
 * Sends a request; `{ status, headers, body, text }`, or `{ error }` if there is no whole answer.
 */
export const through = (worker, path, { method = "GET", headers = {}, body, host = HOST, agent, deadlineMs = 15_000 } = {}) =>
  new Promise((resolve) => {
    const begun = Date.now();
    const options = { host: "127.0.0.1", port: worker.port, path, method, headers: { host, ...headers }, agent, timeout: deadlineMs };
    const asked = send(options, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("aborted", () =>
        resolve({ status: answer.statusCode, headers: answer.headers, error: "broken off", ms: Date.now() - begun }),
      );
      answer.on("end", () => {
        const whole = Buffer.concat(parts);
        resolve({ status: answer.statusCode, headers: answer.headers, body: whole, text: whole.toString(), ms: Date.now() - begun });
      });
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", (error) => resolve({ error: error.message, ms: Date.now() - begun }));
    asked.end(body);
  });

/**
 * Sends bytes as they are and collects what comes back until the other side closes or `isWhole` is
 * content.
 */
export const rawly = (port, bytes, isWhole = () => false) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let said = "";
    const end = setTimeout(() => socket.destroy(), 3_000);
    socket.on("data", (part) => {
      said += part.toString("latin1");
      if (isWhole(said)) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(end);
      resolve(said);
    });
    socket.write(bytes);
  });

/**
 * Sends an upload of so many bytes, and gives the header of what is answered meanwhile or after;
 * nothing if the connection only ends. A client of Node.js's own reports an error of a connection
 * that nobody holds any more when it is refused early.
 */
export const upload = (port, path, length) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let said = "";
    const end = setTimeout(() => socket.destroy(), 10_000);
    socket.on("data", (part) => {
      said += part.toString("latin1");
      if (said.includes("\r\n\r\n")) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(end);
      const [head, rest] = said.split("\r\n\r\n");
      resolve(rest === undefined ? undefined : { head, status: Number(head.split(" ")[1]) });
    });
    socket.write(`POST ${path} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write(Buffer.alloc(length));
  });

/** The answer to a WebSocket handshake on the side of an origin. */
export function acceptSocket(request, socket) {
  const key = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`);
}

/** A masked text frame, as clients send it. */
export function frame(text) {
  const [mask, payload] = [randomBytes(4), Buffer.from(text)];
  const masked = payload.map((byte, at) => byte ^ mask[at % 4]);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked]);
}

/** The text of an unmasked or masked frame. */
export function unframe(bytes) {
  const length = bytes[1] & 0x7f;
  if ((bytes[1] & 0x80) === 0) return bytes.subarray(2, 2 + length).toString();
  const mask = bytes.subarray(2, 6);
  return bytes
    .subarray(6, 6 + length)
    .map((byte, at) => byte ^ mask[at % 4])
    .toString();
}
