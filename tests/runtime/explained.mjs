// What the worker says of a verdict, wherever it says it: as JSON, as the signal and on the page.

import assert from "node:assert/strict";
import { until } from "./lib.mjs";

/**
 * The verdict on an origin: the check itself, its votes by vantage, and how the answer as a whole
 * words it.
 */
export async function verdict(worker, id) {
  const answer = await worker.get(`/health/${id}`);
  const { status, output, checks } = await answer.json();
  const by = (what) => Object.fromEntries((checks[`${id}:${what}`] ?? []).map((check) => [check.componentId, check]));
  const [check] = checks[`${id}:verdict`];
  return { ...check, code: answer.status, served: status, said: output, votes: by("vote"), caches: by("cacheClass") };
}

/** Waits until the verdict on an origin is as `check` wants it. */
export const becomes = (worker, id, what, check) =>
  until(
    `${id} ${what}`,
    async (see) => {
      const seen = see(await verdict(worker, id));
      return check(seen) && seen;
    },
    30_000,
  );

/**
 * Waits until the signal of a pool names this origin, which passes, all three vantages agree, and
 * nothing is about to change; its revision.
 */
export function rests(worker, pool, named) {
  let before;
  return until(
    `the signal of ${pool} rests`,
    async (see) => {
      const [signal, page] = [see(await worker.json(`/route/${pool}?now`)), await worker.text("/")];
      const agreed = page.split("3 of 3 vantages").length > 2;
      const isStill = signal.origin === named && signal.status === "pass" && agreed && before === signal.revision;
      before = signal.revision;
      return isStill && signal.revision;
    },
    30_000,
  );
}

/** The verdict on a pool. */
export async function pool(worker, name) {
  const answer = await worker.get(`/health/${name}`);
  const { checks } = await answer.json();
  return { ...checks[`${name}:verdict`][0], code: answer.status };
}

/** The signal of a pool. */
export async function signal(worker, name) {
  const answer = await worker.get(`/route/${name}`);
  return { ...(await answer.json()), code: answer.status };
}

const plain = (html) =>
  html
    .replace(/<[^>]+>/g, " ")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&")
    .replace(/\s+/g, " ");

/** The page as it is read, or only what it says of one origin. */
export async function page(worker, id) {
  const html = await worker.text("/");
  if (!id) return plain(html.split("<body>")[1]);
  return plain(html.match(new RegExp(`<li id="${id}"[^>]*>([^]*?)(<li id=|</details>)`))[1]);
}

/**
 * Waits until the page says all of this, of one origin or at all. An answer may be given again for
 * half a second, so a page may be older than another answer that came before it.
 */
export const pageSays = (worker, id, ...wanted) =>
  until(`the page says ${wanted} of ${id ?? "all"}`, async (see) => {
    const text = see(await page(worker, id));
    return wanted.every((words) => (words instanceof RegExp ? words.test(text) : text.includes(words)));
  });

/** Fails unless the votes are these, `{ weur: "pass" }`, and each explains itself in full. */
export function assertVotes({ votes }, wanted, ttlMs = 45_000) {
  const values = Object.entries(votes).map(([vantage, { observedValue }]) => [vantage, observedValue]);
  assert.deepEqual(Object.fromEntries(values), wanted);
  for (const vote of Object.values(votes)) {
    assert.equal(Date.parse(vote.validUntil) - Date.parse(vote.time), ttlMs, JSON.stringify(vote));
    assert.ok(Date.parse(vote.since), JSON.stringify(vote));
    assert.equal(vote.need, 2, "rise and fall");
    assert.ok(vote.run >= 1 && vote.run <= vote.need, JSON.stringify(vote));
    assert.ok(vote.output, JSON.stringify(vote));
  }
}

/** The point in time that a sentence names after `words`. */
export function instant(sentence, words) {
  const [, at] = sentence.match(new RegExp(`${words} (\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z)`)) ?? [];
  assert.ok(at, `${words} … in: ${sentence}`);
  return Date.parse(at);
}
