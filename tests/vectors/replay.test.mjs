// The JavaScript of the worker says what the core says, of every example that tests/vectors.rs
// wrote down.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hostOf, isAmbiguous, isAuthority, isThisMachine, isUsual, matched, plain } from "../../address.mjs";
import { isAddress, isTraceparent, outbound, usual } from "../../fields.mjs";
import { Leases, addressUnder, isGood } from "../../leases.mjs";
import { fieldsThrough, firstOrigin } from "../../open.mjs";
import * as outcomes from "../../outcomes.mjs";

const vectors = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8"));

const FOREVER = { from: 0, until: Number.MAX_SAFE_INTEGER };

/**
 * The addresses that are told as a beginning and a length, whole; what is sent is longer by as
 * much.
 */
const whole = ({ url, length = url.length, sent, ...row }) => {
  const more = "x".repeat(length - url.length);
  return { ...row, url: url + more, sent: sent === undefined ? undefined : sent + more };
};

const named = (headers) => Object.fromEntries(headers);

test("a request goes where the core sends it, also when the core cannot be asked", () => {
  const { open, rows } = vectors("addresses");
  for (const row of rows.map(whole)) assert.equal(firstOrigin(open, row.url)?.url, row.sent, row.url);
});

test("which addresses may go under a lease", () => {
  for (const { url, usual } of vectors("addresses").rows.map(whole)) {
    // One without a path has no part that decides where it goes.
    const hasPath = url.indexOf("/", url.indexOf("://") + 3) > 0;
    assert.equal(isUsual(url) && hasPath, usual, url);
  }
});

test("under the lease of one address every other goes where the core sends it, or is asked about", () => {
  const rows = vectors("addresses").rows.map(whole);
  let covered = 0;
  for (const { url: first, lease, usual } of rows.filter((row) => row.lease)) {
    const leases = new Leases(() => {});
    leases.keep({ url: first, headers: new Headers() }, { set: [], ...lease, ...FOREVER }, []);
    assert.equal(leases.of(first) !== undefined, usual, first);
    for (const { url, sent } of rows) {
      const kept = leases.of(url);
      if (kept === undefined) continue;
      covered += 1;
      assert.equal(addressUnder(url, kept), sent, `${url} under the lease of ${first}`);
    }
  }
  assert.ok(covered > 40, String(covered));
});

test("a lease ends with its time, and is counted", () => {
  const counted = [];
  const leases = new Leases(({ route }) => counted.push(route));
  const request = { url: "http://a/b", headers: new Headers() };
  const { send } = vectors("fields").rows[0];
  for (const [from, until] of [
    [0, 1],
    [Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER],
  ]) {
    leases.keep(request, { ...send.lease, from, until }, []);
    assert.equal(leases.of(request.url), undefined);
  }
  assert.deepEqual(counted, [send.lease.route, send.lease.route]);
});

test("what a host is, and which are this machine", () => {
  for (const { authority, good, host, matched: handed, this_machine } of vectors("authorities")) {
    assert.equal(isAuthority(authority), good, authority);
    if (!good) continue;
    assert.equal(hostOf(authority).toLowerCase(), host, authority);
    assert.equal(matched(authority), handed, authority);
    assert.equal(isThisMachine(host), this_machine, authority);
  }
});

test("which paths two readers could take for two", () => {
  const { pieces, length, ambiguous, further, plain: read } = vectors("paths");
  for (let number = 0; number < pieces.length ** length; number += 1) {
    let path = "/";
    for (let place = 0; place < length; place += 1) path += pieces[Math.floor(number / pieces.length ** place) % pieces.length];
    assert.equal(isAmbiguous(path), ambiguous[number] === "1", path);
    // What the core refuses never goes under a lease.
    if (ambiguous[number] === "1") assert.equal(isUsual(`http://a${path}`), false, path);
  }
  for (const [path, said] of Object.entries(further)) assert.equal(isAmbiguous(path), said, path);
  for (const [path, said] of Object.entries(read)) assert.equal(plain(path), said, path);
});

test("an origin is told the same by the core and under a lease, and who asks also without either", () => {
  const { open, removed, rows } = vectors("fields");
  for (const row of rows) {
    const what = JSON.stringify([row.method, row.url, row.received]);
    const request = { url: row.url, method: row.method, headers: new Headers(row.received), body: row.body ? new ReadableStream() : null };
    assert.deepEqual(named(outbound(request, removed, row.send)), row.sent, what);
    assert.deepEqual(named(fieldsThrough(open, request, firstOrigin(open, row.url)?.stripped)), row.open, what);
    const leases = new Leases(() => {});
    leases.keep(request, { ...row.send.lease, ...FOREVER }, removed);
    const lease = leases.of(row.url);
    assert.ok(lease, what);
    const headers = usual(request, lease);
    assert.equal(headers !== undefined, row.usual, what);
    if (headers) assert.deepEqual(named(headers), row.sent, what);
    // Under the lease of another host, or of the same one written otherwise, the core is asked.
    assert.equal(usual(request, { ...lease, host: "elsewhere" }), undefined, what);
  }
});

test("which traces and addresses of clients go on as they are", () => {
  const { traceparent, address } = vectors("grammars");
  for (const { text, usual } of traceparent) assert.equal(isTraceparent(text), usual, text);
  for (const { text, good } of address) assert.equal(isAddress(text), good, text);
});

test("outcomes have the numbers that the core reads, and the same answers are handed on", () => {
  const { numbers, leases } = vectors("outcomes");
  const { outcomeOf, ...own } = outcomes;
  assert.deepEqual({ ...own }, numbers);
  for (const { again, good } of leases) {
    for (let outcome = 0; outcome < 700; outcome += 1) {
      // Nothing comes of an attempt that has one of these.
      if (outcome > outcomes.SWITCHED && outcome < 100) continue;
      const wanted = good.some(([first, last]) => outcome >= first && outcome <= last);
      assert.equal(isGood(outcome, { again }), wanted, `${outcome} under ${JSON.stringify(again)}`);
    }
  }
});
