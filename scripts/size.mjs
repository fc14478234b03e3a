// The size gate: what is uploaded, compressed, against the budget in size-budget.json.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { Stop, below, main } from "./lib/run.mjs";

await main(async () => {
  const { gzipBytes } = JSON.parse(readFileSync(below("scripts", "size-budget.json"), "utf8"));
  let sum = 0;
  for (const file of ["build/index_bg.wasm", "build/index.js", "entry.mjs"]) {
    const size = gzipSync(readFileSync(below(file)), { level: 9 }).length;
    sum += size;
    console.log(`${file.padEnd(22)} ${String(size).padStart(8)} bytes gzip`);
  }
  console.log(`${"upload".padEnd(22)} ${String(sum).padStart(8)} bytes gzip, at most ${gzipBytes}`);
  if (sum > gzipBytes) throw new Stop("The upload is over its budget: find what grew, or argue for a new budget.");
});
