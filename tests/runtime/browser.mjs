// What the tests of the page share: Chromium, folders served as the worker serves the page, and
// what axe finds.

import { createServer } from "node:http";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import { chromium } from "playwright-core";
import { CHROMIUM } from "../../scripts/lib/setup.mjs";
import { root } from "./lib.mjs";

/** Starts Chromium with a fresh profile; nothing in it asks for anything by itself. */
export const browser = () =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

/**
 * Opens a page that remembers all it complains about, and every request that leaves its own host.
 */
export async function open(context, url) {
  const page = await context.newPage();
  page.complaints = [];
  const note = (what) => page.complaints.push(what);
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && note(message.text()));
  page.on("pageerror", (error) => note(String(error)));
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== "data:" && asked.host !== new URL(url).host) note(`asked ${asked.host}`);
  });
  await page.goto(url);
  return page;
}

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Of these another scheme or width may change the findings; the other rules read neither. */
export const LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"];

/** What axe finds wrong, by WCAG 2 A and AA and by best practice: one line each. */
export async function axeFinds(page, runOnly = RULES) {
  // The policy of the page allows no script of ours; the inspector's way in is not subject to it.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  // Of what is in order nobody reads where it stands, which takes the longest to say.
  const { violations } = await page.evaluate((runOnly) => window.axe.run({ runOnly, resultTypes: ["violations"] }), runOnly);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
}

/** Whether the page is wider than the window. */
export const overflows = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

/**
 * Serves the pages of a folder, by name and the one in `shown` at `/`, with the style, script and
 * policy of the worker.
 */
export async function serveStates(folder) {
  const source = (name) => readFileSync(join(root, "src", "serve", name), "utf8");
  const policy = source("page.rs")
    .match(/default-src[^"]*/)[0]
    .replace(/\\\s*/g, "");
  const names = readdirSync(folder).map((file) => file.replace(".html", ""));
  const states = { names, shown: "passing", asked: 0 };
  const answer = (path) => {
    if (path === "/style.css") return ["text/css", source("page.css")];
    if (path === "/charts.css") return ["text/css", source("charts.css")];
    if (path === "/page.js") return ["text/javascript", source("page.js")];
    states.asked += path === "/" ? 1 : 0;
    const name = path === "/" ? states.shown : path.slice(1);
    return names.includes(name) && ["text/html", readFileSync(join(folder, `${name}.html`), "utf8")];
  };
  const server = createServer((request, response) => {
    const [type, body] = answer(request.url.split("?")[0]) || ["text/plain"];
    const headers = { "content-type": `${type}; charset=utf-8`, "content-security-policy": policy };
    response.writeHead(body ? 200 : 404, headers).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  states.url = (name = "") => `http://127.0.0.1:${server.address().port}/${name}`;
  states.stop = () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve)));
  return states;
}

/**
 * Goes through a page by Tab until the focus leaves it: how much there is to reach, what was
 * reached, and what of that does not show that it is.
 */
export async function byKeyboard(page) {
  const targets = page.locator("a[href], summary, button, [tabindex='0']");
  const wanted = await targets.evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
  const [reached, unseen] = [[], []];
  // One step more than there is to reach must leave the page: nothing holds the focus.
  for (let step = 0; step <= wanted; step += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const { activeElement: one } = document;
      if (one === document.body) return;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return { what: one.outerHTML, seen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
    });
    if (!focused) break;
    if (!focused.seen) unseen.push(focused.what);
    reached.push(focused.what);
  }
  return { wanted, reached, unseen };
}
