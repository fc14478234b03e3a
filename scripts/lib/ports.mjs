// Ports of this machine: whether one is free, and a free one.

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

/** A port that nothing listens on. */
export const freePort = () => listen(0);

/** Refuses to go on if the port is taken. */
export async function mustBeFree(port, what, setting) {
  try {
    await listen(port);
  } catch {
    const way = setting ? `; end what listens there, or set ${setting} to another port` : "; end what listens there";
    throw new Stop(`Port ${port} of 127.0.0.1, which ${what} needs, is in use${way}.`);
  }
}
