// The health endpoints of real libraries, with a dependency that is well, slow or down: the verdict
// is what the library means, and a 2xx that says otherwise is no pass.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { healthLibraries } from "../../scripts/lib/python.mjs";
import { freePort } from "../../scripts/lib/ports.mjs";
import { root, startWorker, until } from "../runtime/lib.mjs";
import { atEnd, endAll, folder, serve } from "./lib.mjs";

/**
 * The path of each; what it says of a dependency that is slow, if it knows that; and what the
 * reason says of one that is down.
 */
const libraries = {
  fastapi_healthcheck: { path: "/health", down: /^status 500 / },
  fastapi_healthz: { path: "/health", down: /^status 500 / },
  // Always a good status: 207, and the truth in the document.
  fastapi_watch: { path: "/health/status", slow: /\(probes\)/, down: /says fail \(probes\)/ },
  flask_healthz: { path: "/health", down: /^status 503 / },
  py_healthcheck: { path: "/health", down: /^status 500 / },
  dockerflow: { path: "/__heartbeat__", slow: /\(dockerflow\)/, down: /^status 500 / },
  django_health_check: { path: "/health?format=json", down: /^status 500 / },
};

const idOf = (name) => name.replaceAll("_", "-");

let worker;

before(async () => {
  await healthLibraries.bring();
  const home = folder("libraries");
  let text = '[defaults]\ninterval = "1s"\nfast_interval = "1s"\ntimeout = "900ms"\nfall = 3\nrise = 2\nvantages = ["weur"]\n';
  for (const [name, library] of Object.entries(libraries)) {
    library.file = join(home, name);
    writeFileSync(library.file, "ok");
    const port = await freePort();
    const script = join(root, "tests", "wild", "libraries", "serve.py");
    await serve(name, port, healthLibraries.python, ["-B", script, name, String(port), library.file]);
    text += `[[pool]]\nname = "${idOf(name)}"\nprobe = { path = "${library.path}" }\n`;
    text += `[[pool.origin]]\nname = "only"\nurl = "http://127.0.0.1:${port}"\n`;
  }
  worker = await startWorker(text);
  atEnd(() => worker.stop());
});

after(endAll);

/** Waits until a library's pool is so, and gives the reason. */
const becomes = (name, wanted) =>
  until(
    `${name}: ${wanted}`,
    async (see) => {
      const { observedValue, output } = (await worker.json(`/health/${idOf(name)}`)).checks[`${idOf(name)}/only:verdict`][0];
      see([observedValue, output]);
      return observedValue === wanted && output;
    },
    60_000,
  );

describe("a health library", { concurrency: true }, () => {
  for (const [name, { slow, down }] of Object.entries(libraries)) {
    test(name, async () => {
      await becomes(name, "pass");
      if (slow) {
        writeFileSync(libraries[name].file, "degraded");
        assert.match(await becomes(name, "warn"), slow);
      }
      writeFileSync(libraries[name].file, "down");
      assert.match((await becomes(name, "fail")).replace(/^1 of 1 vantages: weur: /, ""), down);
      writeFileSync(libraries[name].file, "ok");
      await becomes(name, "pass");
    });
  }
});
