// What may happen to an origin of origin.mjs.

import { originProcess } from "./plain.mjs";

/** The faults: how each comes about, and how it ends. */
export const faults = {
  kill: {
    breaks: async (origin) => process.kill(origin.pid, "SIGKILL"),
    mends: async (origin) => Object.assign(origin, await originProcess(origin.port)),
  },
  // A stopped process keeps its port and its connections, and says nothing: nothing hangs more
  // truly.
  hang: {
    breaks: async (origin) => process.kill(origin.pid, "SIGSTOP"),
    mends: async (origin) => process.kill(origin.pid, "SIGCONT"),
  },
  500: {
    breaks: async (origin) => process.kill(origin.pid, "SIGUSR2"),
    mends: async (origin) => process.kill(origin.pid, "SIGUSR2"),
  },
};
