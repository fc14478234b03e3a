// What the command line in wasm asks of this machine: the other side of
// src/bin/vedette/host/node.rs.

import { randomBytes } from "node:crypto";
import { readFileSync, statSync, writeSync } from "node:fs";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";

/** What a shell reports of a program that SIGPIPE has ended. */
const UNREAD = 141;

/** How much is gathered before it is written, in characters. */
const GATHERED = 65_536;

/** How much longer than a request the thread that sends it may take, in milliseconds. */
const GRACE = 2000;

/** Writes all of a text to a stream of this process, which may be a slow pipe. */
function writeAll(stream, text) {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(stream, bytes));
    } catch (error) {
      if (error.code === "EPIPE") process.exit(UNREAD);
      if (error.code !== "EAGAIN") {
        if (stream !== 2) writeAll(2, `cannot write the output: ${words(error)}\n`);
        process.exit(2);
      }
      // Who reads is slower than who writes.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Prints on this process's own streams, in the order in which it is told to. */
class Printed {
  #gathered = "";

  write(stream, line) {
    if (stream === 1) {
      this.#gathered += `${line}\n`;
      if (this.#gathered.length >= GATHERED) this.flush();
    } else {
      this.flush();
      writeAll(2, `${line}\n`);
    }
  }

  flush() {
    writeAll(1, this.#gathered);
    this.#gathered = "";
  }
}

/** Keeps what is printed, by stream. */
export class Kept {
  #lines = { 1: "", 2: "" };

  write(stream, line) {
    this.#lines[stream] += `${line}\n`;
  }

  flush() {}

  get stdout() {
    return this.#lines[1];
  }

  get stderr() {
    return this.#lines[2];
  }
}

/** What the system says of an error, as other programs write it: `Is a directory (os error 21)`. */
function words(error) {
  const said = /^[A-Z0-9]+: ([^,]+)/.exec(error.message)?.[1];
  if (!said || error.errno === undefined) return error.message;
  // libuv has words of its own for these.
  const own = { EISDIR: "is a directory", ENAMETOOLONG: "file name too long" };
  const text = own[error.code] ?? said;
  return `${text[0].toUpperCase()}${text.slice(1)} (os error ${Math.abs(error.errno)})`;
}

/** The effects of one command line. `files` are texts that stand for files of their names. */
export class Host {
  constructor({ out = new Printed(), files = new Map(), env = process.env } = {}) {
    this.out = out;
    this.files = files;
    this.env = env;
    /** The command that is Node's to carry out, if one was asked for. */
    this.asked = undefined;
  }

  write = (stream, line) => this.out.write(stream, line);

  size = (file) => {
    if (this.files.has(file)) return Buffer.byteLength(this.files.get(file));
    try {
      const facts = statSync(file);
      return facts.isFile() ? facts.size : undefined;
    } catch {
      return undefined;
    }
  };

  read = (file) => {
    if (this.files.has(file)) return { text: this.files.get(file) };
    let bytes;
    try {
      bytes = readFileSync(file);
    } catch (error) {
      return { error: words(error) };
    }
    try {
      return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
    } catch {
      return { error: "stream did not contain valid UTF-8; save it as UTF-8" };
    }
  };

  variable = (name) => this.env[name];

  clock = () => Date.now();

  random = (count) => new Uint8Array(randomBytes(count));

  measured = () => performance.now();

  /** Does nothing for so many milliseconds. */
  pause = (milliseconds) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

  command = (name, settings) => {
    this.asked = { name, settings: JSON.parse(settings) };
  };

  send = (text) => sent(JSON.parse(text));
}

/** Sends a request on a thread of its own, and waits for it: the command line does nothing else. */
function sent(request) {
  const { port1, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { request, port: port2, done };
  const thread = new Worker(new URL("./send.mjs", import.meta.url), { workerData, transferList: [port2] });
  Atomics.wait(done, 0, 0, request.within + GRACE);
  const answer = receiveMessageOnPort(port1)?.message ?? { end: "timed out", fields: [], body: new Uint8Array() };
  port1.close();
  thread.unref();
  return answer;
}
