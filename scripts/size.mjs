// The size alarm: what is uploaded, compressed, against size-budget.json. No limit of the platform
// is near, and no code is bent for it; what is held is start-up (`npm run bench -- startup
// --against FOLDER`). An upload beyond it grew by something that nobody meant.

import { readFileSync } from "node:fs";
import { upload, uploaded } from "./lib/modules.mjs";
import { Stop, below, main } from "./lib/run.mjs";

await main(async () => {
  const { gzipBytes } = JSON.parse(readFileSync(below("scripts", "size-budget.json"), "utf8"));
  const parts = upload();
  const line = (name, bytes, more = "") => console.log(`${name.padEnd(52)} ${String(bytes).padStart(8)} bytes gzip${more}`);
  for (const { name, compressed, counted } of parts) line(name, compressed, counted ? "" : ", not counted");
  const sum = uploaded(parts);
  line("upload", sum, `, alarm at ${gzipBytes}`);
  if (sum > gzipBytes)
    throw new Stop(
      "The upload is larger than anybody expects: find what grew, and measure its start-up (npm run bench -- startup --against FOLDER). " +
        "If it is meant, move the alarm in scripts/size-budget.json.",
    );
});
