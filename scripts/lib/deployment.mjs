// What a deployment is refused for, said in sentences before wrangler is asked: it prints the
// inside of an error object after them, and deploys a worker without its objects with no more than
// a warning.

import { below } from "./run.mjs";
import { compile } from "./worker.mjs";

/** The configuration of wrangler, which names the bindings. */
export const WRANGLER = below("wrangler.toml");

/**
 * Compiles the configuration `file` as for a deployment by `wrangler`: `{ good, text, compiled }`,
 * where `text` says all that speaks against it.
 */
export async function deployable(file, wrangler = WRANGLER) {
  const { good, text, compiled } = compile(file, { deploy: true });
  // Loaded only here: on a fresh machine the packages come with the set-up.
  const { withoutBindings } = await import("../../cli/bindings.mjs");
  const missing = withoutBindings(wrangler, "npm run deploy --");
  return { good: good && missing.length === 0, text: [text, ...missing].filter(Boolean).join("\n"), compiled };
}
