// @ts-check The entry of the deployed worker. It hands the configuration to the wasm worker as
// text, and exports the handlers and the two object classes. It gives answers again that the wasm
// worker says still hold. After a crash of the wasm instance it brings everything back.
//
// A panic traps and takes the instance's memory with it. The generated glue makes a new instance
// before the next call; an object that was made in the old one is stale from then on, so each
// object here is made again when that happens. Storage is the truth and memory a cache: nothing is
// lost by it.

import config from "./build/config.txt";
import * as wasm from "./build/index.js";
import { askedAlready, firstOrigin, letThrough, tableOf } from "./open.mjs";
import { Carrier } from "./proxy.mjs";

globalThis.__vedette_config = config;

/**
 * `{ criticalError, instanceId }` of the crate `worker`: whether the wasm instance has crashed, and
 * which one it is. All instances share this object.
 * @type {{ criticalError: boolean, instanceId: number }}
 */
const runtime = wasm.__worker_init_state();

/**
 * Ways to give up the calls that are under way. Those of a crashed instance would never end by
 * themselves, and an alarm that never ends keeps its object from ever ringing again.
 * @type {Set<() => void>}
 */
const underWay = new Set();

// The crate's panic hook sets this property; noticing it at once is what lets the calls under way
// fail at once.
let crashed = false;
Object.defineProperty(runtime, "criticalError", {
  get: () => crashed,
  set(value) {
    crashed = value;
    if (crashed) underWay.forEach((giveUp) => giveUp());
  },
});

/** Makes a new wasm instance if the last one crashed. */
function revive() {
  if (!crashed) return;
  console.log(JSON.stringify({ level: "warn", event: "instance_replaced" }));
  wasm.__wbg_reset_state();
  // What ends their lease is gone with the old instance.
  kept.clear();
  carrier.forget();
  crashed = false;
}

/** Marks the instance as crashed if this is how a wasm trap shows.
 *  @param {unknown} error */
function note(error) {
  if (error instanceof WebAssembly.RuntimeError) runtime.criticalError = true;
}

// A trap inside a task reaches no caller; this is the only place where it shows.
// @ts-expect-error The types of the platform lack this event.
addEventListener("error", (event) => note(event.error));

/** Calls into a living wasm instance; fails if it crashes before the call has ended.
 *  @template T @param {() => T | Promise<T>} work @returns {Promise<T>} */
async function call(work) {
  revive();
  let giveUp = () => {};
  /** @type {Promise<never>} */
  const lost = new Promise((_, reject) => {
    giveUp = () => reject(new Error("the wasm instance crashed"));
  });
  underWay.add(giveUp);
  try {
    return await Promise.race([work(), lost]);
  } catch (error) {
    note(error);
    throw error;
  } finally {
    underWay.delete(giveUp);
  }
}

/** A Durable Object whose inside is a wasm object, made again whenever the instance was replaced.
 *  @param {typeof wasm.Vantage | typeof wasm.Arbiter} Inner */
function durable(Inner) {
  return class {
    #state;
    #env;

    /** @type {wasm.Vantage | wasm.Arbiter | undefined} */
    #inner;

    /** The instance that it was made in.
     *  @type {number | undefined} */
    #born;

    /** @param {DurableObjectState} state @param {Env} env */
    constructor(state, env) {
      this.#state = state;
      this.#env = env;
    }

    #object() {
      if (this.#inner === undefined || this.#born !== runtime.instanceId) {
        this.#inner = new Inner(this.#state, this.#env);
        this.#born = runtime.instanceId;
      }
      return this.#inner;
    }

    /** @param {Request} request @returns {Promise<Response>} */
    fetch(request) {
      return call(() => this.#object().fetch(request));
    }

    /** @returns {Promise<void>} */
    alarm() {
      return call(() => this.#object().alarm());
    }

    // Followers only listen: what they say, and that they leave, changes nothing, and needs no
    // instance.
    webSocketMessage() {}
    webSocketClose() {}
    webSocketError() {}
  };
}

export const Vantage = durable(wasm.Vantage);
export const Arbiter = durable(wasm.Arbiter);

/**
 * Answers that may be given again, by address: `{ body, init, from, until, lease, publicOnly }`.
 * The core says which, and until when. What is `publicOnly` is not for whoever shows who they are:
 * they are told more.
 * @type {Map<string, { body: string, init: ResponseInit, from: number, until: number, lease: {
 *   until: number }, publicOnly: boolean }>}
 */
const kept = new Map();

/**
 * There may be one for each name of the configuration under each host that a client writes; of very
 * many the latest count.
 */
const KEPT_MOST = 1000;

/**
 * The longest address under which one is kept: room for any host and any name, and none for what
 * fills memory.
 */
const KEPT_LONGEST = 512;

/** What may show who asks. */
const PROOFS = ["authorization", "cookie", "cf-access-jwt-assertion"];

/** How often an answer was given again. */
let hits = 0;

/**
 * An answer that still holds, without a step into wasm: a `GET` that asks for no comparison gets
 * the same bytes as the last.
 * @param {Request} request
 */
function again(request) {
  if (request.method !== "GET") return;
  const answer = kept.get(request.url);
  if (answer === undefined) return;
  const now = Date.now();
  // A clock that was set back makes it look long to live: then it is made anew.
  if (now < answer.from || now >= answer.until || now >= answer.lease.until || request.headers.has("if-none-match")) return;
  if (answer.publicOnly && PROOFS.some((name) => request.headers.has(name))) return;
  hits += 1;
  return new Response(answer.body, answer.init);
}

/** An answer made for this request.
 *  @param {Request} request @param {Env} env @param {ExecutionContext} ctx */
async function anew(request, env, ctx) {
  const answer = await call(() => wasm.answer(request, env, ctx, hits));
  if (answer.kept && request.url.length <= KEPT_LONGEST) {
    if (kept.size >= KEPT_MOST) kept.clear();
    kept.set(request.url, answer.kept);
  }
  return new Response(answer.events ? streamed(answer.events) : answer.body, answer.init);
}

/** A body of events, each asked for when the client has taken the one before.
 *  @param {wasm.Events} events */
function streamed(events) {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(body) {
      const piece = await call(() => events.next());
      if (piece === undefined) body.close();
      else body.enqueue(encoder.encode(piece));
    },
    cancel: () => events.leave(),
  });
}

const carrier = new Carrier({ wasm, revive, call, note, open });

/**
 * Lets a request through to the first origin of its route when an error or crash of our own would
 * fail it. It does not if an origin was asked already: one request stays one request. Nothing if it
 * is not for a route.
 * @param {Request} request @param {unknown} error
 */
function open(request, error, asked = false) {
  note(error);
  const words = String(/** @type {any} */ (error)?.message ?? error);
  const table = tableOf(config);
  if (asked && table) {
    console.log(JSON.stringify({ level: "error", event: "failed_on_its_way", error: words }));
    return askedAlready(table);
  }
  const way = table && firstOrigin(table, request.url);
  if (table === undefined || way === undefined) throw error;
  console.log(JSON.stringify({ level: "error", event: "failed_open", error: words }));
  return letThrough(table, way, request);
}

/** Whether any request is passed on; asked once.
 *  @type {boolean | undefined} */
let routed;

/** The answer that comes through a route; nothing if the request is for Vedette itself.
 *  @param {Request} request @param {Env} env @param {ExecutionContext} ctx */
function passedOn(request, env, ctx) {
  try {
    revive();
    routed ??= wasm.is_routed();
  } catch (error) {
    return open(request, error);
  }
  return routed ? carrier.carried(request, env, ctx) : undefined;
}

/** @typedef {import("./types/worker.js").Env} Env */

/** @satisfies {ExportedHandler<Env>} */
export default {
  fetch: (request, env, ctx) => again(request) ?? passedOn(request, env, ctx) ?? anew(request, env, ctx),
  scheduled: (event, env, ctx) => call(() => wasm.scheduled(event, env, ctx)),
};
