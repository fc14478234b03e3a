// What the Python package costs a request: the same service with it and without, in turns, on one
// thread. python/benchmarks/cost.py measures.

import { below, run } from "../lib/run.mjs";
import { python, withPackage } from "../lib/setup.mjs";

export async function asgi({ rounds }) {
  await withPackage();
  const args = [below("python", "benchmarks", "cost.py"), ...(rounds ? ["--rounds", String(rounds)] : [])];
  const said = await run(python, args);
  return said.trim().split("\n");
}
