// The upload by its parts.

import { readFileSync } from "node:fs";
import { gzip, upload, uploaded } from "../lib/modules.mjs";
import { below } from "../lib/run.mjs";

/** The sections of a wasm module, largest first (WebAssembly core specification 5.5). */
function sections(wasm) {
  const names = ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data"];
  const found = [];
  for (let at = 8; at < wasm.length; ) {
    const id = wasm[at];
    let [size, shift] = [0, 0];
    for (at += 1; ; at += 1) {
      size |= (wasm[at] & 127) << shift;
      shift += 7;
      if (wasm[at] < 128) break;
    }
    at += 1;
    found.push({ name: names[id] ?? `section ${id}`, bytes: wasm.subarray(at, at + size) });
    at += size;
  }
  return found.toSorted((left, right) => right.bytes.length - left.bytes.length);
}

export function size() {
  const parts = upload();
  for (const { name, bytes, compressed, counted } of parts)
    console.log(`[size] ${name}: ${bytes} bytes, ${compressed} gzip${counted ? "" : ", not counted: it is the user's"}`);
  for (const { name, bytes } of sections(readFileSync(below("build", "index_bg.wasm"))).slice(0, 4))
    console.log(`[size] wasm section ${name}: ${bytes.length} bytes, ${gzip(bytes)} gzip`);
  return [`upload: ${uploaded(parts)} bytes gzip`];
}
