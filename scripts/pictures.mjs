// Takes the pictures of the page that the README shows, from the built worker with the sample
// origins and a few doubles. Run by hand: `npm run build && node scripts/pictures.mjs`. With names,
// as `node scripts/pictures.mjs incidents`, only those that are taken from designed states.

import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { below, main } from "./lib/run.mjs";
import { designed, shot } from "./lib/pictures.mjs";
import { paletted } from "./lib/png.mjs";
import { setup } from "./lib/setup.mjs";

const FOLDER = below("docs", "pictures");
const DESK = { width: 1280, height: 660 };
const PHONE = { width: 390, height: 780 };

/**
 * Waits until the title says so and all three vantages agree: the third follows the two that settle
 * a verdict.
 */
async function settled(page, title) {
  await page.waitForFunction((title) => document.title.startsWith(title), title);
  await page.waitForFunction(() => {
    const reasons = [...document.querySelectorAll(".pools .reason")];
    return !reasons.some((reason) => /[12] of [123] vantages/.test(reason.textContent));
  });
}

/**
 * The example of forty monitors with its addresses on this machine: one double answers as each of
 * them should, `broken` those at whose paths it must not.
 */
async function forty({ origin, startWorker, until }, broken) {
  const text = readFileSync(below("examples", "forty-monitors.toml"), "utf8");
  const double = await origin((request, response) => {
    const { host } = request.headers;
    if (broken.some((path) => request.url.endsWith(path))) return response.writeHead(503).end();
    if (request.url.endsWith("/bank/ping")) return response.writeHead(204).end();
    response.end(JSON.stringify({ ok: true, status: "ok", data: { __typename: "Query" }, text: "Getting started", host }));
  });
  const local = text
    .replace(/url = "https:\/\/(\w+)\.[a-z.]*example"/g, `url = "http://127.0.0.1:${double.port}/$1"`)
    .replaceAll(/interval = ".*"/g, 'interval = "2s"\nfast_interval = "1s"')
    .replace('timeout = "10s"', 'timeout = "2s"')
    .replace(/\[\[notify\]\].*/s, "");
  const folder = mkdtempSync(join(tmpdir(), "vedette-pictures-"));
  const secrets = join(folder, "secrets");
  writeFileSync(secrets, "HEARTBEAT_KEY=as good as any other key here\nAPI_TOKEN=token\n");
  const worker = await startWorker(local, { env: { VEDETTE_SECRETS: secrets } });
  const jobs = [...text.matchAll(/name = "(\w+)"\ntitle = "[^"]*"\ngroup = "Jobs"/g)].map(([, name]) => name);
  for (const job of jobs) {
    const mac = createHmac("sha256", "as good as any other key here").update(`vedette heartbeat v1 ${job}/${job}`);
    await worker.get(`/v1/heartbeat/${job}.${job}.${mac.digest("base64url")}`, { method: "POST" });
  }
  // What has no verdict yet is unfolded, and stays so.
  await until("the others pass", async (see) => {
    const { checks } = await worker.json("/health");
    const verdicts = Object.keys(checks).filter((name) => name.endsWith(":verdict"));
    const words = verdicts.map((name) => checks[name][0].observedValue);
    return see(words.filter((word) => word === "pass")).length === words.filter((word) => word !== "fail").length;
  });
  const stop = async () => {
    await worker.stop();
    await double.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: worker.url, stop };
}

await main(async () => {
  await setup({ withPython: true, withChecks: true });
  // These need packages that the set-up brings.
  const { answers, config, origin, sampleDatabase, sampleOrigin, startWorker, until } = await import("../tests/runtime/lib.mjs");
  const { browser, serveStates } = await import("../tests/runtime/browser.mjs");

  const only = process.argv.slice(2);
  if (only.length > 0) {
    const chrome = await browser();
    await designed({ chrome, serveStates, folder: FOLDER, only });
    await chrome.close();
    process.exit(0);
  }
  const data = await sampleDatabase();
  const primary = await sampleOrigin("primary", data.database);
  const standby = await sampleOrigin("standby", data.database);
  const doubles = await Promise.all(Array.from({ length: 4 }, () => origin(answers.ok)));
  const [eu, us, accounts, bucket] = doubles.map(({ port }) => port);
  const pools = {
    shop: { primary: primary.port, standby: standby.port },
    search: { "eu-1": eu, "us-1": us },
    accounts: { main: accounts },
    images: { bucket },
  };
  const worker = await startWorker(config(pools).replaceAll("expose_urls = true\n", ""));
  const chrome = await browser();

  const take = async (name, title, { unfold, url = worker.url, ...options }) => {
    const context = await chrome.newContext(options);
    const page = await context.newPage();
    await page.goto(url);
    await settled(page, title);
    if (unfold) await page.locator(unfold).click();
    const file = join(FOLDER, `page-${name}.png`);
    const picture = paletted(await shot(page));
    writeFileSync(file, picture);
    console.log(`${file}: ${picture.length} bytes`);
    await context.close();
  };

  try {
    mkdirSync(FOLDER, { recursive: true });
    await designed({ chrome, serveStates, folder: FOLDER });
    await until("everything passes", async (see) => see(await worker.text("/health?format=text")) === "pass\n");
    await take("dark", "Everything passes", { viewport: DESK, colorScheme: "dark", unfold: "#pool-shop summary" });
    await fetch(`http://127.0.0.1:${primary.port}/misbehave`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ mode: "status", status: 503 }),
    });
    await take("light", "shop is failing over", { viewport: DESK });
    await take("phone", "shop is failing over", { viewport: PHONE });
    for (const one of doubles.slice(0, 2)) one.answer = answers.broken;
    await take("failing", "search is down", { viewport: DESK, colorScheme: "dark" });
    const monitors = await forty({ origin, startWorker, until }, ["/chat/healthz", "/bank/ping"]);
    try {
      const { url } = monitors;
      await take("monitors", "Chat is down; Bank gateway is down", { url, viewport: { ...DESK, height: 1400 } });
      await take("monitors-phone", "Chat is down; Bank gateway is down", { url, viewport: PHONE, colorScheme: "dark" });
    } finally {
      await monitors.stop();
    }
  } finally {
    await chrome.close();
    await worker.stop();
    for (const one of [primary, standby, ...doubles]) await one.stop();
    data.remove();
  }
  process.exit(0);
});
