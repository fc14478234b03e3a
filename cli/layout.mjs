// Where the parts of a worker lie that wrangler runs or deploys: the modules, the build and the
// compiled configuration, side by side in one folder.

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package, or of the checkout. */
export const home = dirname(dirname(fileURLToPath(import.meta.url)));

/** Writes a file that others find whole or not at all; one that has this content stays as it is. */
export function place(file, content) {
  const bytes = Buffer.from(content);
  if (existsSync(file) && readFileSync(file).equals(bytes)) return;
  mkdirSync(dirname(file), { recursive: true });
  const half = `${file}.${process.pid}`;
  try {
    writeFileSync(half, bytes);
    renameSync(half, file);
  } finally {
    rmSync(half, { force: true });
  }
}

/** The modules of the worker, which lie beside its build. */
export const modules = () => readdirSync(home).filter((file) => file.endsWith(".mjs"));

/** Lays out a worker in `folder`; `build` is where it was built. */
export function layOut({ folder, build = join(home, "build"), compiled }) {
  for (const file of modules()) place(join(folder, file), readFileSync(join(home, file)));
  const built = readdirSync(build).filter((file) => /\.(js|wasm)$/.test(file));
  for (const file of built) place(join(folder, "build", file), readFileSync(join(build, file)));
  const snippets = join(build, "snippets");
  if (existsSync(snippets)) cpSync(snippets, join(folder, "build", "snippets"), { recursive: true });
  place(join(folder, "build", "config.txt"), compiled);
}
