// One commit makes one package: two checkouts in two folders, compiled from nothing, are packed to
// the same bytes.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { finished, root } from "../runtime/lib.mjs";

const above = mkdtempSync(join(tmpdir(), "vedette-twice-"));

after(() => rmSync(above, { recursive: true, force: true }));

/** The sum of the package that a checkout in a folder of this name makes. */
async function packed(name) {
  const folder = join(above, name);
  const cloned = await finished("git", ["clone", "--quiet", "--no-hardlinks", root, folder], { cwd: above });
  assert.equal(cloned.code, 0, cloned.said);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "out"));
  const { CARGO_TARGET_DIR, VEDETTE_TOOLS, ...env } = process.env;
  const made = await finished("npm", ["pack", "--silent", "--pack-destination", "out"], { cwd: folder, env }, 30 * 60_000);
  assert.equal(made.code, 0, made.said);
  const files = readdirSync(join(folder, "out"));
  assert.equal(files.length, 1, made.said);
  return createHash("sha256")
    .update(readFileSync(join(folder, "out", files[0])))
    .digest("hex");
}

test("two checkouts of one commit are packed to the same bytes", async () => {
  const first = await packed("one");
  assert.equal(await packed("another folder, ä"), first);
});
