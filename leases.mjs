// @ts-check
// The leases of an isolate (src/proxy/lease.rs): what one request learned, as far as it holds for
// the next ones.

import { endOf, isUsual, pathOf } from "./address.mjs";

/** @typedef {import("./types/worker.js").Lease} Lease */

/** @typedef {import("./types/worker.js").Kept} Kept */

/** Leases that are kept, by address; of very many the latest count. */
const LEASES_MOST = 1000;

/** In milliseconds: as often as a copy of the snapshot is fetched. */
const HANDS_ON_EVERY = 500;

export class Leases {
  /** By the part of an address that decides where it goes.
   *  @type {Map<string, Kept>} */
  #kept = new Map();

  /** How many segments decide, by authority.
   *  @type {Map<string, number>} */
  #depths = new Map();

  #count;

  /** When what was counted was handed on last. */
  #handedOn = 0;

  /** @param {(lease: Kept) => void} count what counts the requests of a lease that is over */
  constructor(count) {
    this.#count = count;
  }

  /**
   * Keeps what this request learned. `removed` are the fields that no origin gets as the client
   * sent them.
   * @param {Pick<Request, "url" | "headers">} request @param {Lease} lease
   * @param {string[]} removed
   */
  keep({ url, headers }, lease, removed) {
    const path = pathOf(url);
    if (path < 0 || !isUsual(url)) return;
    if (this.#kept.size >= LEASES_MOST) this.forget();
    this.#depths.set(url.slice(0, path), lease.depth);
    const set = lease.set.map(([name]) => name).concat("forwarded", "x-forwarded-for");
    const unset = removed.filter((name) => !set.includes(name));
    const kept = { ...lease, unset, skip: path + lease.strip, host: headers.get("host"), count: 0, waited: 0 };
    this.#kept.set(url.slice(0, endOf(url, path, lease.depth)), kept);
  }

  /** The lease that an address goes under, if one holds.
   *  @param {string} url */
  of(url) {
    const path = pathOf(url);
    const depth = this.#depths.get(path < 0 ? url : url.slice(0, path));
    if (depth === undefined || !isUsual(url)) return;
    const key = url.slice(0, endOf(url, path, depth));
    const lease = this.#kept.get(key);
    if (lease === undefined) return;
    const now = Date.now();
    // A clock that was set back makes it look long to live.
    if (now >= lease.from && now < lease.until) return lease;
    this.#kept.delete(key);
    this.#count(lease);
  }

  /** Hands on what was counted under leases that still hold, at most twice a second. */
  handOn() {
    const now = Date.now();
    if (now >= this.#handedOn && now < this.#handedOn + HANDS_ON_EVERY) return;
    this.#handedOn = now;
    this.countAll();
  }

  countAll() {
    for (const lease of this.#kept.values()) this.#count(lease);
  }

  forget() {
    this.#kept.clear();
    this.#depths.clear();
  }
}

/** The address that a request under a lease is sent to.
 *  @param {string} url @param {Kept} lease */
export function addressUnder(url, lease) {
  const target = url.slice(lease.skip);
  return lease.base + (target.startsWith("/") ? target : `/${target}`);
}

/**
 * Whether an outcome under a lease is an answer that is handed on, and not one that the core has to
 * see.
 * @param {number} outcome @param {Pick<Lease, "again">} lease
 */
export const isGood = (outcome, { again }) =>
  outcome >= 100 && outcome < 600 && !again.some(([first, last]) => outcome >= first && outcome <= last);
