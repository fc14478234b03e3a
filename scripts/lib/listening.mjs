// Whether something listens on a port of this machine.

import { createServer } from "node:net";
import { Stop } from "./run.mjs";

/** Listens for a moment; the port, which may be 0 for any. */
export function listen(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Whether nothing listens on the port. */
export const isFree = (port) =>
  listen(port).then(
    () => true,
    () => false,
  );

/** Refuses to go on if the port is taken; `setting` is what chooses another. */
export async function mustBeFree(port, what, setting) {
  if (await isFree(port)) return;
  const way = setting ? `; end what listens there, or set ${setting} to another port` : "; end what listens there";
  throw new Stop(`Port ${port} of 127.0.0.1, which ${what} needs, is in use${way}.`);
}
