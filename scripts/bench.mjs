// `npm run bench`: measures, each time against a peer in the same run. `npm run bench -- health
// size` runs some parts only. With `--against FOLDER` it compares with another build instead. The
// last lines are `name: figure`.

import { cpus, loadavg, release, totalmem, type } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Stop, endWithParent, main } from "./lib/run.mjs";
import { storage } from "./lib/memory.mjs";
import { setup } from "./lib/setup.mjs";
import { buildWorker } from "./lib/worker.mjs";
import { against } from "./bench/against.mjs";
import { asgi } from "./bench/asgi.mjs";
import { detection } from "./bench/detection.mjs";
import { haproxy } from "./bench/haproxy.mjs";
import { health } from "./bench/health.mjs";
import { history } from "./bench/history.mjs";
import { workerdVersion } from "./bench/plain.mjs";
import { newcomer } from "./bench/package.mjs";
import { outage } from "./bench/outage.mjs";
import { pages } from "./bench/pages.mjs";
import { proxy } from "./bench/proxy.mjs";
import { restart } from "./bench/restart.mjs";
import { scale } from "./bench/scale.mjs";
import { size } from "./bench/size.mjs";
import { startup } from "./bench/startup.mjs";

const parts = { size, startup, detection, haproxy, scale, history, health, pages, proxy, outage, restart, asgi, package: newcomer };

/** Says where the figures come from, and whether something else is at work there. */
function machine() {
  const [gigabytes, [busy]] = [Math.round(totalmem() / 2 ** 30), loadavg()];
  console.log(`[bench] ${cpus().length} × ${cpus()[0].model}, ${gigabytes} GiB, ${type()} ${release()}, workerd ${workerdVersion}`);
  console.log(`[bench] ${storage()}`);
  if (busy > 0.5) console.log(`[bench] load average ${busy.toFixed(2)}: the machine has other work, so the figures will be noisy`);
}

await main(async () => {
  endWithParent();
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      seconds: { type: "string" },
      load: { type: "string" },
      path: { type: "string" },
      servers: { type: "string" },
      starts: { type: "string" },
      kills: { type: "string" },
      faults: { type: "string" },
      most: { type: "string" },
      built: { type: "boolean" },
      against: { type: "string" },
    },
  });
  const unknown = positionals.find((part) => !(part in parts));
  if (unknown) throw new Stop(`There is no benchmark ${unknown}; there are ${Object.keys(parts).join(", ")}.`);
  const { load, path, servers, built, against: other, ...numbers } = values;
  const options = Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)]));
  const absurd = Object.entries(options).find(([, number]) => !(number > 0));
  if (absurd) throw new Stop(`--${absurd[0]} must be a number above 0.`);
  if (!built) {
    await setup();
    await buildWorker();
  }
  machine();
  const lines = [];
  const run = other === undefined ? parts : against(resolve(other));
  for (const part of positionals.length ? positionals : Object.keys(run)) {
    if (!(part in run)) throw new Stop(`${part} does not compare builds; ${Object.keys(run).join(", ")} do.`);
    console.log(`[bench] ${part} …`);
    lines.push(...(await run[part]({ ...options, load, path, servers })));
  }
  console.log(`\n${lines.join("\n")}`);
  process.exit(0);
});
