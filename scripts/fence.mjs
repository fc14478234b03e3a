// The import fence: the platform is named in src/edge alone. (The compiler holds it too, since the platform's crates are
// dependencies of the wasm32 target only; this names the file.)

import { readFileSync, readdirSync } from "node:fs";
import { Stop, below, main } from "./lib/run.mjs";

await main(async () => {
  const platform = /\b(use|extern crate)\s+(worker|wasm_bindgen|js_sys|web_sys)\b|\b(worker|wasm_bindgen|js_sys|web_sys)::/;
  const outside = readdirSync(below("src"), { recursive: true })
    .filter((file) => file.endsWith(".rs") && file !== "edge.rs" && !file.startsWith("edge/"))
    .filter((file) => platform.test(readFileSync(below("src", file), "utf8").replace(/^\s*\/\/.*$/gm, "")));
  if (outside.length > 0) throw new Stop(`The platform is named outside src/edge: ${outside.join(", ")}`);
});
