// The size gate: what is uploaded, compressed, against the budget in size-budget.json.

import { readFileSync } from "node:fs";
import { upload, uploaded } from "./lib/modules.mjs";
import { Stop, below, main } from "./lib/run.mjs";

await main(async () => {
  const { gzipBytes } = JSON.parse(readFileSync(below("scripts", "size-budget.json"), "utf8"));
  const parts = upload();
  const line = (name, bytes, more = "") => console.log(`${name.padEnd(52)} ${String(bytes).padStart(8)} bytes gzip${more}`);
  for (const { name, compressed, counted } of parts) line(name, compressed, counted ? "" : ", not counted");
  const sum = uploaded(parts);
  line("upload", sum, `, at most ${gzipBytes}`);
  if (sum > gzipBytes) throw new Stop("The upload is over its budget: find what grew, or argue for a new budget.");
});
