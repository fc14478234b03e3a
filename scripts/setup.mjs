// Sets up everything that any command needs.

import { setup } from "./lib/setup.mjs";
import { main } from "./lib/run.mjs";

await main(async () => {
  await setup({ withPython: true, withChecks: true });
  console.log("Everything is set up.");
});
