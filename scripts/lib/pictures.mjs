// What the pictures of the documents are made with.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paletted } from "./png.mjs";
import { below, run } from "./run.mjs";
import { example } from "./worker.mjs";

/** Pages that show a past take months to come about: they are taken from their designed states. */
const DESIGNED = [
  { state: "origin", colorScheme: "light", viewport: { width: 1120, height: 1130 } },
  { state: "status-down", name: "status", colorScheme: "dark", viewport: { width: 390, height: 980 } },
  { state: "incidents", colorScheme: "light", viewport: { width: 1120, height: 600 } },
  { state: "incident-told", name: "incident", colorScheme: "dark", viewport: { width: 390, height: 1480 } },
  { state: "changes", colorScheme: "light", viewport: { width: 1120, height: 430 } },
  { state: "change", colorScheme: "light", viewport: { width: 1120, height: 1300 } },
];

/** The pixels of what is seen. */
export async function shot(page) {
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

/** Takes the pictures of pages that show a past; if some are named, those alone. */
export async function designed({ chrome, serveStates, folder, only = [] }) {
  const states = mkdtempSync(join(tmpdir(), "vedette-states-"));
  const [command, args] = example("page_states", [states]);
  await run(command, args, { cwd: below() });
  const served = await serveStates(states);
  for (const { state, name = state, ...options } of DESIGNED) {
    if (only.length > 0 && !only.includes(name)) continue;
    const context = await chrome.newContext(options);
    const page = await context.newPage();
    await page.goto(served.url(state));
    writeFileSync(join(folder, `pages-${name}.png`), paletted(await shot(page)));
    await context.close();
  }
  await served.stop();
  rmSync(states, { recursive: true, force: true });
}
