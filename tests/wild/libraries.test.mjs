// The health endpoints of real libraries, with a dependency that is well, slow or down: the verdict
// is what the library means, and a 2xx that says otherwise is no pass.

import { copyFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { healthPackages } from "../../scripts/lib/npm.mjs";
import { healthLibraries } from "../../scripts/lib/python.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";
import { node22 } from "../../scripts/lib/run.mjs";
import { root, startWorker, until } from "../runtime/lib.mjs";
import { atEnd, endAll, folder, serve } from "./lib.mjs";

/**
 * The path of each; what it says of a dependency that is slow, if it knows that; and what the
 * reason says of one that is down, unless the library does not look at any.
 */
const python = {
  fastapi_healthcheck: { path: "/health", down: /^status 500 / },
  fastapi_healthz: { path: "/health", down: /^status 500 / },
  // Always a good status: 207, and the truth in the document.
  fastapi_watch: { path: "/health/status", slow: /\(probes\)/, down: /says fail \(probes\)/ },
  flask_healthz: { path: "/health", down: /^status 503 / },
  py_healthcheck: { path: "/health", down: /^status 500 / },
  dockerflow: { path: "/__heartbeat__", slow: /\(dockerflow\)/, down: /^status 500 / },
  django_health_check: { path: "/health?format=json", down: /^status 500 / },
};

/** The same of those of npm. */
const npm = {
  terminus: { path: "/health", down: /^status 503 / },
  nest_terminus: { path: "/health", down: /^status 503 / },
  under_pressure: { path: "/status", slow: /\(bare\)/, down: /^status 503 / },
  lightship: { path: "/health", down: /^status 500 / },
  health_connect: { path: "/health", down: /^status 503 / },
  maikai: { path: "/health", down: /^status 503 / },
  server_health: { path: "/health", down: /^status 500 / },
  koa_actuator: { path: "/actuator/health", down: /^status 503 / },
  // Says UP as long as it answers.
  express_actuator: { path: "/health" },
};

const libraries = { ...python, ...npm };

const idOf = (name) => name.replaceAll("_", "-");

let worker;

before(async () => {
  await healthLibraries.bring();
  await healthPackages.bring();
  const home = folder("libraries");
  const [scripts, beside] = [join(root, "tests", "wild", "libraries"), join(home, "serve.mjs")];
  copyFileSync(join(scripts, "serve.mjs"), beside);
  symlinkSync(healthPackages.modules, join(home, "node_modules"));
  let text = '[defaults]\ninterval = "1s"\nfast_interval = "1s"\ntimeout = "900ms"\nfall = 3\nrise = 2\nvantages = ["weur"]\n';
  for (const [name, library] of Object.entries(libraries)) {
    library.file = join(home, name);
    writeFileSync(library.file, "ok");
    const port = await freePort();
    const [program, script] = name in npm ? [node22, [beside]] : [healthLibraries.python, ["-B", join(scripts, "serve.py")]];
    await serve(name, port, program, [...script, name, String(port), library.file]);
    text += `[[pool]]\nname = "${idOf(name)}"\nprobe = { path = "${library.path}" }\n`;
    text += `[[pool.origin]]\nname = "only"\nurl = "http://127.0.0.1:${port}"\n`;
  }
  worker = await startWorker(text);
  atEnd(() => worker.stop());
});

after(endAll);

/**
 * Waits until a library's pool is so, for this reason. On a busy machine a probe may have failed
 * for another one first.
 */
const becomes = (name, wanted, why = /^/) =>
  until(
    `${name}: ${wanted}`,
    async (see) => {
      const { observedValue, output } = (await worker.json(`/health/${idOf(name)}`)).checks[`${idOf(name)}/only:verdict`][0];
      see([observedValue, output]);
      return observedValue === wanted && why.test(output.replace(/^1 of 1 vantages: weur: /, ""));
    },
    60_000,
  );

describe("a health library", { concurrency: true }, () => {
  for (const [name, { slow, down }] of Object.entries(libraries)) {
    test(name, async () => {
      await becomes(name, "pass");
      if (slow) {
        writeFileSync(libraries[name].file, "degraded");
        await becomes(name, "warn", slow);
      }
      if (!down) return;
      writeFileSync(libraries[name].file, "down");
      await becomes(name, "fail", down);
      writeFileSync(libraries[name].file, "ok");
      await becomes(name, "pass");
    });
  }
});
