// A job that does nothing but report that it ran, for `npm start`: every twenty seconds to the
// address in HEARTBEAT, as the last command of a real one would. It says so when a report is not
// taken, and when one is again.

import { setTimeout as pause } from "node:timers/promises";

const EVERY_MS = Number(process.env.EVERY_MS || 20_000);

/** Reports; why it was not taken, if it was not. */
async function report() {
  try {
    const { status } = await fetch(process.env.HEARTBEAT, { method: "POST", signal: AbortSignal.timeout(5000) });
    return status === 204 ? undefined : `status ${status}`;
  } catch (error) {
    return error.name === "TimeoutError" ? "no answer within 5 s" : "the worker cannot be reached";
  }
}

let missed = false;
for (;;) {
  const why = await report();
  if (why && !missed) console.log(`[job] the heartbeat was not taken: ${why}; trying again`);
  if (!why && missed) console.log("[job] the heartbeat is taken again");
  missed = Boolean(why);
  await pause(missed ? Math.min(EVERY_MS, 2_000) : EVERY_MS);
}
