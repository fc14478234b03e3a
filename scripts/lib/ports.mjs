// Ports of this machine: whether one is free, and a free one.

import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { Stop } from "./run.mjs";

function listen(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A port that nothing listens on. It lies below those that the system gives by itself (from 32768 on Linux, from 49152 elsewhere), so
 *  that nobody's connection happens to get it before it is used; and it is drawn, so that two who ask at once get two. */
export async function freePort() {
  for (;;) {
    try {
      return await listen(randomInt(16_384, 32_768));
    } catch (error) {
      if (error.code !== "EADDRINUSE") throw error;
    }
  }
}

/** Refuses to go on if the port is taken. */
export async function mustBeFree(port, what, setting) {
  try {
    await listen(port);
  } catch {
    const way = setting ? `; end what listens there, or set ${setting} to another port` : "; end what listens there";
    throw new Stop(`Port ${port} of 127.0.0.1, which ${what} needs, is in use${way}.`);
  }
}
