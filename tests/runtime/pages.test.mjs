// Pages that show a past, in workerd with real origins: their figures are the API's, they need no
// script, and hostile titles are text. The build for tests has rollups of 10 s.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeFinds, browser, open, overflows } from "./browser.mjs";
import { answers, origin, startWorker, until } from "./lib.mjs";

const HOSTILE = `<img src=x onerror=alert(1)> & \\"q\\" ]]>`;
const NEVER = /<img src=x/;
let memo, worker, chrome;

before(async () => {
  memo = await origin((request, response) => {
    response.setHeader("server-timing", 'db;dur=3;desc="2"');
    answers.ok(request, response);
  });
  const monitor = (name, title) => `
[[monitor]]
name = "${name}"
title = "${title}"
url = "http://127.0.0.1:${memo.port}"
`;
  worker = await startWorker(
    `public_url = "https://status.example.com"

[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "500ms"
fall = 2
rise = 1
vantages = ["weur", "enam"]
${monitor("memo", "Memo (EU)")}${monitor("hostile", HOSTILE)}`,
    { build: ".vedette/build-trap" },
  );
  chrome = await browser();
  await until("everything passes", async (see) => see(await worker.text("/health?format=text")) === "pass\n", 30_000);
});

after(async () => {
  await chrome?.close();
  await worker?.stop();
  await memo?.stop();
});

async function see(t, path, options = {}) {
  const context = await chrome.newContext({ viewport: { width: 1024, height: 768 }, ...options });
  t.after(() => context.close());
  return open(context, `${worker.url}${path}`);
}

test("every figure of a page is the one that its link leads to", { timeout: 120_000 }, async (t) => {
  const measured = ({ steps }) => steps.filter(({ classes }) => Object.keys(classes).length > 0);
  await until(
    "something was measured",
    async (look) => measured(look(await worker.json("/v1/history/memo/memo?step=5m"))).length > 1,
    90_000,
  );
  const page = await see(t, "/monitor/memo?window=6h", { javaScriptEnabled: false });
  const href = await page.locator("figcaption a").first().getAttribute("href");
  assert.match(href, /^\.\.\/v1\/history\/memo\/memo\?from=.*&step=5m$/);
  const history = await worker.json(href.replace("../", "/"));
  const rows = await page
    .locator("details table")
    .first()
    .locator("tbody tr")
    .evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
  const [[name]] = Object.entries(history.steps.find((step) => Object.keys(step.classes).length > 0).classes);
  const told = history.steps.filter((step) => step.classes[name]).map((step) => [step.at, step.classes[name]]);
  let compared = 0;
  // The API may know of one step more by now; of those on the page it says the same.
  for (const row of rows.toReversed().slice(0, -1)) {
    const sums = told[compared][1];
    const { quantiles } = sums.response_ms;
    assert.deepEqual(
      row.slice(1, 5),
      [sums.samples, quantiles["0.5"], quantiles["0.95"], quantiles["0.99"]].map(String),
      JSON.stringify(told[compared]),
    );
    assert.deepEqual(row.slice(6), [String(sums.db_ms.quantiles["0.5"]), String(sums.db_ms.quantiles["0.95"]), "2"]);
    compared += 1;
  }
  assert.ok(compared >= 1, JSON.stringify(rows));

  const strip = page.locator(".figures a").last();
  const days = await worker.json((await strip.getAttribute("href")).replace("../", "/"));
  const { availability } = days.subjects[0].windows["90d"];
  assert.equal(parseFloat(await strip.textContent()), Math.floor(availability * 10_000) / 100);
  assert.equal(days.subjects[0].days.length, 90);
});

for (const [colorScheme, width] of [
  ["light", 390],
  ["dark", 1280],
])
  test(`nothing is amiss on any of them in ${colorScheme} at ${width} px`, async (t) => {
    for (const path of ["/monitor/memo", "/pool/hostile", "/pool/memo/memo?window=90d", "/monitor/hostile?window=7d", "/status"]) {
      const page = await see(t, path, { colorScheme, viewport: { width, height: 800 } });
      await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
      assert.deepEqual([path, await axeFinds(page), await overflows(page), page.complaints], [path, [], false, []]);
    }
  });

test("customers read their own words, and nothing of the machine", async (t) => {
  const page = await see(t, "/status", { javaScriptEnabled: false });
  assert.equal(await page.locator("h1").textContent(), "Everything is up");
  const text = await page.locator("body").innerText();
  assert.ok(text.includes("Memo (EU)") && text.includes("available"));
  assert.doesNotMatch(text, /vantage|quorum|weur|enam|pass|unclassified/);
});

test("hostile titles are text in page, badge and feed, and what is drawn is well formed", async (t) => {
  const page = await see(t, "/status");
  for (const path of ["/status", "/monitor/hostile", "/badge/hostile.svg", "/badge/hostile.svg?show=availability", "/feed.atom"])
    assert.doesNotMatch(await worker.text(path), NEVER, path);
  const wrong = (text, type) =>
    page.evaluate(([text, type]) => new DOMParser().parseFromString(text, type).querySelector("parsererror")?.textContent, [text, type]);
  for (const show of ["status", "availability", "response"]) {
    const { status, headers, text } = await badge(`/badge/hostile.svg?show=${show}`);
    assert.deepEqual([status, headers.get("content-type")], [200, "image/svg+xml; charset=utf-8"]);
    assert.equal(await wrong(text, "image/svg+xml"), undefined, text);
  }
  const { schemaVersion, label, message } = await worker.json("/badge/memo.json");
  assert.deepEqual([schemaVersion, label, message], [1, "Memo (EU)", "up"]);
  assert.match((await worker.json("/badge/memo.json?show=response")).message, /^\d+ ms$/);
});

const badge = async (path) => {
  const { status, headers } = await worker.get(path);
  return { status, headers, text: await worker.text(path) };
};

test("windows of nonsense and badges of nothing are refused", async () => {
  for (const [path, wanted] of [
    ["/monitor/memo?window=1y", 400],
    ["/badge/memo.svg?show=all", 400],
    ["/badge/memo.png", 404],
    ["/badge/absent.svg", 404],
    ["/monitor/absent", 404],
    ["/pool/memo/absent", 404],
    ["/v1/availability/memo?days=91", 400],
  ])
    assert.deepEqual([path, (await worker.get(path)).status], [path, wanted]);
});

test("the feed tells an outage once, and again when it is over", { timeout: 90_000 }, async (t) => {
  const page = await see(t, "/status");
  // What RFC 4287 asks of a feed and of its entries (4.1.1, 4.1.2).
  const feed = async () =>
    page.evaluate(
      (text) => {
        const read = new DOMParser().parseFromString(text, "application/xml");
        const own = (of, name) =>
          [...of.children]
            .filter((one) => one.localName === name && one.namespaceURI === "http://www.w3.org/2005/Atom")
            .map((one) => one.textContent);
        const root = read.documentElement;
        const of = (one) => ({ id: own(one, "id"), title: own(one, "title"), updated: own(one, "updated"), author: own(one, "author") });
        return { ...of(root), entries: [...root.children].filter((one) => one.localName === "entry").map(of) };
      },
      await worker.text("/feed.atom"),
    );
  const once = ({ id, title, updated }) => {
    assert.deepEqual([id.length, title.length, updated.length], [1, 1, 1]);
    assert.ok(URL.canParse(id[0]), id[0]);
    assert.match(updated[0], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  };
  const before = await feed();
  once(before);
  assert.equal(before.author.length, 1);

  memo.answer = answers.broken;
  const titled = (wanted) => async (look) =>
    look((await feed()).entries.map(({ title }) => title[0])).some((title) => title.startsWith(wanted));
  await until("it is told", titled("Memo (EU) is down"), 30_000);
  const told = (await feed()).entries;
  told.forEach(once);
  // The feed tells what is remembered, the badge the verdict that this isolate has: the older one.
  await until("the badge says so", async (see) => see((await worker.json("/badge/memo.json")).message) === "down");
  await until("the page says so", async (see) => {
    await page.reload();
    return see(await page.locator("h1").textContent()).endsWith("are down");
  });
  await until("its incident stands on it", async (see) => {
    await page.reload();
    return /What is going on\s[\s\S]*Memo \(EU\)\s+down\s+since/.test(see(await page.locator("main").innerText()));
  });

  memo.answer = answers.ok;
  await until("it is told to be over", titled("Memo (EU) was down for"), 30_000);
  const ids = (entries) => entries.map(({ id }) => id[0]).toSorted();
  const over = (await feed()).entries;
  assert.deepEqual(ids(over), ids(told));
  assert.equal(new Set(ids(over)).size, over.length);
});
