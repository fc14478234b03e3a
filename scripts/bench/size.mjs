// The upload by its parts.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { below } from "../lib/run.mjs";
import { modules } from "./plain.mjs";

const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;

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
  let sum = 0;
  for (const [name, { content }] of modules("entry.mjs")) {
    const bytes = Buffer.from(content);
    const configuration = name === "build/config.txt";
    const note = configuration ? ", not counted: it is the user's" : "";
    console.log(`[size] ${name}: ${bytes.length} bytes, ${gzip(bytes)} gzip${note}`);
    if (!configuration) sum += gzip(bytes);
  }
  for (const { name, bytes } of sections(readFileSync(below("build", "index_bg.wasm"))).slice(0, 4))
    console.log(`[size] wasm section ${name}: ${bytes.length} bytes, ${gzip(bytes)} gzip`);
  return [`upload: ${sum} bytes gzip`];
}
