// One commit makes one package: this checkout, and one in another folder that is compiled from
// nothing, are packed to the same bytes. If something here is not committed, two others are.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { finished, root } from "../runtime/lib.mjs";

const above = mkdtempSync(join(tmpdir(), "vedette-twice-"));

after(() => rmSync(above, { recursive: true, force: true }));

/** The sum of the package that the checkout in this folder makes. */
async function packedIn(folder, out) {
  const { CARGO_TARGET_DIR, VEDETTE_TOOLS, ...env } = process.env;
  mkdirSync(out);
  const made = await finished("npm", ["pack", "--silent", "--pack-destination", out], { cwd: folder, env }, 30 * 60_000);
  assert.equal(made.code, 0, made.said);
  const files = readdirSync(out);
  assert.equal(files.length, 1, made.said);
  return createHash("sha256")
    .update(readFileSync(join(out, files[0])))
    .digest("hex");
}

/** The same of a new checkout in a folder of this name. */
async function packed(name) {
  const folder = join(above, name);
  const cloned = await finished("git", ["clone", "--quiet", "--no-hardlinks", root, folder], { cwd: above });
  assert.equal(cloned.code, 0, cloned.said);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return packedIn(folder, join(above, `out of ${name}`));
}

/** Whether this checkout is what was committed. */
async function isCommitted() {
  const { code, said } = await finished("git", ["status", "--porcelain"], { cwd: root });
  assert.equal(code, 0, said);
  return said === "";
}

test("two checkouts of one commit are packed to the same bytes", async () => {
  const first = (await isCommitted()) ? await packedIn(root, join(above, "out")) : await packed("one");
  assert.equal(await packed("another folder, ä"), first);
});
