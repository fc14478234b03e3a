// What a deployment is refused for, said in sentences before wrangler is asked: it prints the
// inside of an error object after them, and deploys a worker without its objects with no more than
// a warning.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Stop, below } from "./run.mjs";
import { compile } from "./worker.mjs";

/** The configuration of wrangler, which names the bindings. */
export const WRANGLER = below("wrangler.toml");

/** The objects that a table of wrangler.toml binds, as `NAME = Class`. */
const objects = (table) => (table.durable_objects?.bindings ?? []).map(({ name, class_name }) => `${name} = ${class_name}`);

/**
 * One sentence for each environment of a `wrangler.toml` that lacks objects of its top:
 * environments inherit no bindings, and a worker deployed to it could neither watch nor remember.
 */
async function withoutBindings(wrangler) {
  // Loaded only here: on a fresh machine the packages come with the set-up.
  const { parse } = await import("smol-toml");
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
        "durable_objects and kv_namespaces in it, or leave it out: for an address of your own, `npm run deploy -- --domain " +
        "health.example.com` needs none",
    ];
  });
}

/**
 * Compiles the configuration `file` as for a deployment by `wrangler`: `{ good, text, compiled }`,
 * where `text` says all that speaks against it.
 */
export async function deployable(file, wrangler = WRANGLER) {
  const { good, text, compiled } = compile(file, { deploy: true });
  const missing = await withoutBindings(wrangler);
  return { good: good && missing.length === 0, text: [text, ...missing].filter(Boolean).join("\n"), compiled };
}
