// `npm run setup`: brings what building and deploying need. What the other commands need besides
// they bring themselves.

import { setup } from "./lib/setup.mjs";
import { main } from "./lib/run.mjs";

await main(async () => {
  await setup();
  console.log("What building and deploying need is there.");
});
