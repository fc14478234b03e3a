// `vedette build`: what wrangler runs before it runs or deploys a project's worker.

import { resolve } from "node:path";
import { Stop, main } from "../scripts/lib/run.mjs";
import { layOut } from "./layout.mjs";
import { compile } from "./program.mjs";
import { unwritable } from "./words.mjs";

/** Runs the command. */
export const build = ({ file: named, out }) =>
  main(async () => {
    const file = named ?? process.env.VEDETTE_CONFIG ?? "vedette.toml";
    // wrangler says for which of its commands it builds.
    const deploy = ["deploy", "versions upload"].includes(process.env.WRANGLER_COMMAND);
    const { good, text, compiled } = await compile(file, { deploy });
    if (!good) throw new Stop(text);
    if (text) console.log(text);
    await unwritable(resolve(out), () => layOut({ folder: resolve(out), compiled }));
  });
