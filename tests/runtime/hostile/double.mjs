// A double of an origin at the level of bytes: what it does with each connection is a function of
// the socket, so it can say what no HTTP library would.

import { createServer } from "node:net";

/** The body that a good answer has. */
export const body = '{"ok":true}';

/** A head without a length. */
export const head = (fields = [], status = "200 OK") => [`HTTP/1.1 ${status}`, ...fields, "", ""].join("\r\n");

/** A whole answer as bytes; `fields` are header lines. */
export const answer = (status, fields = [], content = body) =>
  Buffer.concat([Buffer.from(head([...fields, `Content-Length: ${Buffer.byteLength(content)}`], status), "latin1"), Buffer.from(content)]);

/** Acts on every request of a connection, once its head is complete. */
export const onRequest = (act) => (socket, double) => {
  let said = "";
  socket.on("data", (bytes) => {
    said += bytes.toString("latin1");
    for (let end; (end = said.indexOf("\r\n\r\n")) >= 0; said = said.slice(end + 4)) act(socket, said.slice(0, end), double);
  });
};

/** Answers every request with these bytes and leaves the connection open. */
export const says = (bytes) => onRequest((socket) => socket.write(bytes));

/** Answers with these bytes and closes. */
export const saysAndCloses = (bytes) => onRequest((socket) => socket.end(bytes));

/** Answers with these bytes and resets the connection once they had the time to arrive. */
export const saysAndResets = (bytes) => onRequest((socket) => socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy(), 20)));

/**
 * Answers with `first`, then with `chunk` again and again: as fast as it is taken, or every `every`
 * milliseconds.
 */
export const saysForEver = (first, chunk, every = 0) =>
  onRequest((socket) => {
    socket.write(first);
    const next = () => {
      if (socket.destroyed) return;
      const taken = socket.write(chunk);
      if (every) setTimeout(next, every);
      else if (taken) setImmediate(next);
      else socket.once("drain", next);
    };
    next();
  });

/**
 * Answers with `first` at once and with `rest` byte by byte, each in a packet of its own, `every`
 * milliseconds apart.
 */
export const drips = (first, rest, every = 0) =>
  onRequest((socket) => {
    socket.setNoDelay(true);
    socket.write(first);
    const bytes = [...Buffer.from(rest)];
    const next = () => {
      if (socket.destroyed || !bytes.length) return;
      socket.write(Buffer.of(bytes.shift()));
      if (every) setTimeout(next, every);
      else setImmediate(next);
    };
    next();
  });

/**
 * Starts a double; `act` gets each connection, that of `create(act)` if the server is another than
 * plain TCP.
 */
export async function start(act, create = createServer) {
  const sockets = new Set();
  const double = {
    /** Connections that are open. */
    open: () => sockets.size,
    /** Ends the TCP connection beneath a TLS one, without a word. */
    cut: (secure) => [...sockets].find(({ remotePort }) => remotePort === secure.remotePort)?.destroy(),
  };
  const server = create((socket) => {
    // The other side goes away whenever it has had enough.
    socket.on("error", () => {});
    act(socket, double);
    // One that does not listen would not notice that the other side has gone.
    socket.resume();
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  double.port = server.address().port;
  double.stop = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return double;
}
