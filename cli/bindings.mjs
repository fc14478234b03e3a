// What the bindings of a wrangler.toml lack.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse } from "smol-toml";
import { Stop } from "../scripts/lib/run.mjs";

/** The objects that a table of wrangler.toml binds, as `NAME = Class`. */
const objects = (table) => (table.durable_objects?.bindings ?? []).map(({ name, class_name }) => `${name} = ${class_name}`);

/**
 * One sentence for each environment of a `wrangler.toml` that lacks objects of its top:
 * environments inherit no bindings, and a worker deployed to it could neither watch nor remember.
 * `deploy` is the command that deploys to a domain of one's own.
 */
export function withoutBindings(wrangler, deploy) {
  let file;
  try {
    file = parse(readFileSync(wrangler, "utf8"));
  } catch (error) {
    throw new Stop(`${wrangler} cannot be read: ${error.message}`);
  }
  return Object.entries(file.env ?? {}).flatMap(([name, env]) => {
    const missing = objects(file).filter((object) => !objects(env).includes(object));
    if (missing.length === 0) return [];
    return [
      `${basename(wrangler)}: [env.${name}] lacks the objects ${missing.join(" and ")}, since environments inherit no bindings; repeat ` +
        `durable_objects and kv_namespaces in it, or leave it out: for an address of your own, \`${deploy} --domain ` +
        "health.example.com` needs none",
    ];
  });
}
