// Takes the pictures of the page that the README shows, from the built worker with the sample
// origins and a few doubles. Run by hand: `npm run build && node scripts/pictures.mjs`.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { below, main } from "./lib/run.mjs";
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

/** The pixels of what is seen. */
async function shot(page) {
  const png = await page.screenshot();
  const { width, height, text } = await page.evaluate(async (png) => {
    const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let text = "";
    for (const byte of data) text += String.fromCharCode(byte);
    return { width, height, text: btoa(text) };
  }, png.toString("base64"));
  return { width, height, pixels: Buffer.from(text, "base64") };
}

await main(async () => {
  await setup({ withPython: true, withChecks: true });
  // These need packages that the set-up brings.
  const { answers, config, origin, sampleDatabase, sampleOrigin, startWorker, until } = await import("../tests/runtime/lib.mjs");
  const { browser } = await import("../tests/runtime/browser.mjs");

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

  const take = async (name, title, { unfold, ...options }) => {
    const context = await chrome.newContext(options);
    const page = await context.newPage();
    await page.goto(worker.url);
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
  } finally {
    await chrome.close();
    await worker.stop();
    for (const one of [primary, standby, ...doubles]) await one.stop();
    data.remove();
  }
  process.exit(0);
});
