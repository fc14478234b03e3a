// The modules of a worker, found as the runtime finds them: from its entry along its imports. They
// are what is uploaded.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import { root } from "./run.mjs";

const kinds = { ".wasm": "wasm", ".txt": "text", ".js": "esModule", ".mjs": "esModule" };

/**
 * A module and all that it imports: `{ kind, content }` by name. `texts` stands in for files that
 * are made at run time; the others are those of the checkout in `folder`.
 */
export function modules(entry, texts = {}, folder = root, found = new Map()) {
  if (found.has(entry)) return found;
  const kind = kinds[entry.slice(entry.lastIndexOf("."))];
  const content = texts[entry] ?? readFileSync(join(folder, entry));
  found.set(entry, { kind, content });
  if (kind !== "esModule") return found;
  for (const [, path] of String(content).matchAll(/(?:^|;)(?:import\b[^"';]*|export\b[^"';\n]*\bfrom\s*)["'](\.[^"']+)["']/gm))
    modules(normalize(join(dirname(entry), path)), texts, folder, found);
  return found;
}

/** Bytes after compression. */
export const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;

/**
 * What the deployment makes of a module: `minify` in wrangler.toml leaves out comments and long
 * names.
 */
const deployed = (kind, content) => (kind === "esModule" ? transformSync(String(content), { minify: true, format: "esm" }).code : content);

const CONFIG = "build/config.txt";

/**
 * The upload of the worker that is built in a checkout: `{ name, bytes, compressed, counted }` of
 * each module. The configuration is not counted: it is the user's. It is there only once something
 * was built for a deployment.
 */
export function upload(folder = root) {
  const missing = !existsSync(join(folder, CONFIG));
  const found = modules("entry.mjs", missing ? { [CONFIG]: "" } : {}, folder);
  if (missing) found.delete(CONFIG);
  return [...found].map(([name, { kind, content }]) => {
    const bytes = deployed(kind, content);
    return { name, bytes: bytes.length, compressed: gzip(bytes), counted: name !== CONFIG };
  });
}

/** Bytes of it that count, after compression. */
export const uploaded = (parts) => parts.filter(({ counted }) => counted).reduce((sum, { compressed }) => sum + compressed, 0);
