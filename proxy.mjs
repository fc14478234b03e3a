// @ts-check
// Carries requests through a route: does what the core says (src/proxy/engine.rs), and tells it
// what came of it.
//
// It is JavaScript because it holds what never enters wasm: bodies, and the promises of the
// platform. Bodies are handed from one side to the other unread. While nothing changes it sends
// requests under a lease (leases.mjs), without a step into wasm; whatever the lease does not cover,
// it asks the core.

import { sent, takes } from "./attempt.mjs";
import { copies } from "./copies.mjs";
import { fieldsOf, hasBody, inbound, isRead, outbound, turnBack, usual } from "./fields.mjs";
import { Leases, addressUnder, isGood } from "./leases.mjs";
import { REFUSED, outcomeOf } from "./outcomes.mjs";

/** @typedef {import("./types/worker.js").Env} Env */
/** @typedef {import("./types/worker.js").Step} Step */
/** @typedef {import("./types/worker.js").Way} Way */
/** @typedef {import("./types/worker.js").Send} Send */
/** @typedef {import("./types/worker.js").Kept} Kept */
/** @typedef {import("./types/worker.js").Pairs} Pairs */

/**
 * One request on its way: whether an origin was asked, and for the next one its fields and what is
 * held of its body.
 * @typedef {{
 *   request: Request,
 *   env: Env,
 *   ctx: ExecutionContext,
 *   asked: boolean,
 *   held?: ReadableStream,
 *   headers?: Headers,
 * }} InFlight
 */

/**
 * What carries requests stands between these. `wasm` is the worker, and `revive` makes a crashed
 * instance of it live again. `call` waits for a call into a living one, and `note` takes note of an
 * error that may be a crash. `open` answers a request whose way was lost to a crash; it is told
 * whether an origin was asked already.
 * @typedef {{
 *   wasm: typeof import("./build/index.js"),
 *   revive: () => void,
 *   call: <T>(work: () => T | Promise<T>) => Promise<T>,
 *   note: (error: unknown) => void,
 *   open: (request: Request, error: unknown, asked?: boolean) => Response | Promise<Response>,
 * }} Between
 */

const NONE = new Headers();

/** An outcome that is a response.
 *  @param {Response | number} came */
const responseOf = (came) => (typeof came === "number" ? undefined : came);

/** An answer that is not handed on keeps its connection unless it is let go.
 *  @param {Response | undefined} response */
const letGo = (response) => void response?.body?.cancel().catch(() => {});

export class Carrier {
  #between;
  #leases;
  #copies;

  /**
   * The fields that no origin gets as the client sent them, but for those that the runtime itself
   * leaves out.
   * @type {string[] | undefined}
   */
  #removed;

  /** @param {Between} between */
  constructor(between) {
    this.#between = between;
    this.#leases = new Leases((lease) => this.#count(lease));
    this.#copies = copies((request, status, headers) => this.#keep(request, status, headers));
  }

  /** The answer to a request; nothing if it is for Vedette itself.
   *  @param {Request} request @param {Env} env @param {ExecutionContext} ctx */
  carried(request, env, ctx) {
    const inFlight = { request, env, ctx, asked: false };
    const lost = (/** @type {unknown} */ error) => this.#between.open(request, error, inFlight.asked);
    try {
      const lease = this.#leases.of(request.url);
      const headers = lease && usual(request, lease);
      if (lease && headers) return this.#leased(inFlight, lease, headers).catch(lost);
      const first = this.#between.wasm.on_request(inbound(request), env, ctx);
      if (first !== undefined) return this.#carry(first, inFlight).catch(lost);
      // Whoever asks Vedette itself may read the counts.
      this.#leases.handOn();
      return undefined;
    } catch (error) {
      return lost(error);
    }
  }

  /** Forgets what holds for the next requests. */
  forget() {
    this.#leases.forget();
  }

  #unsaid() {
    this.#removed ??= this.#between.wasm.removed_fields().split(" ");
    return this.#removed;
  }

  /** Counts the requests that went well under a lease.
   *  @param {Kept} lease */
  #count(lease) {
    if (!lease.count) return;
    this.#between.wasm.count_ok(lease.route, lease.count, lease.waited);
    [lease.count, lease.waited] = [0, 0];
  }

  /**
   * The word of the core on whether a copy is kept, or nothing. An error of ours is no reason to
   * lose an answer.
   * @param {Request} request @param {number} status @param {Headers} headers
   * @returns {import("./types/worker.js").Keep | undefined}
   */
  #keep(request, status, headers) {
    try {
      const said = this.#between.wasm.keep_copy(inbound(request), status, fieldsOf(headers));
      return said && JSON.parse(said);
    } catch (error) {
      this.#between.note(error);
    }
  }

  /**
   * The answer of an origin, with what is said of the way that it came. `way` is the lease, or the
   * step, by which it was asked.
   * @param {Response} response @param {InFlight} inFlight @param {Way} way @param {Pairs} append
   */
  #handedOn(response, { request, ctx }, way, append) {
    let answer = new Response(response.body, response);
    turnBack(answer.headers, way, (name, value) => this.#between.wasm.turned_back(way.route, request.url, response.status, name, value));
    if (way.copies && request.method === "GET") answer = new Response(this.#copies.copied(request, answer, ctx), answer);
    for (const [name, value] of append) answer.headers.append(name, value);
    return answer;
  }

  /**
   * Sends a request. One that is sent with care must not be sent twice. Where the platform does not
   * tell what was refused from what broke off, the origin is first asked for a connection. A short
   * body is held until it is known that it has left.
   * @param {InFlight} inFlight @param {string} url @param {Headers} headers @param {Way} way
   * @param {boolean} careful
   */
  async #tried(inFlight, url, headers, way, careful) {
    const { request, env } = inFlight;
    if (careful && env.VEDETTE_LOCAL && !(await takes(url, way.timeout))) return REFUSED;
    inFlight.asked = true;
    let body = hasBody(request) ? (inFlight.held ?? request.body) : null;
    const short = Number(headers.get("content-length") ?? Infinity) <= (way.held ?? 0);
    if (careful && body !== null && short && !isRead(request)) [body, inFlight.held] = body.tee();
    return sent(request, url, headers, { timeout: way.timeout, raw: way.copies, body });
  }

  /**
   * Sends a request as a step says: what is to be done next, and the response, if there is one.
   * @param {Send} send @param {InFlight} inFlight
   * @returns {Promise<[string | undefined, Response | undefined]>}
   */
  async #sentBy(send, inFlight) {
    const { revive, wasm } = this.#between;
    const { request, env, ctx } = inFlight;
    if (send.lease) this.#leases.keep(request, send.lease, this.#unsaid());
    inFlight.headers ??= outbound(request, this.#unsaid(), send);
    const came = await this.#tried(inFlight, send.url, inFlight.headers, send, send.held !== undefined);
    const response = responseOf(came);
    revive();
    return [wasm.on_response(send.id, outcomeOf(came), fieldsOf(response?.headers ?? NONE), env, ctx), response];
  }

  /** A copy that stands in for an answer, if there is one.
   *  @param {import("./types/worker.js").Copy} copy @param {InFlight} inFlight */
  async #standIn({ key, append, cleared }, { request }) {
    const copy = await this.#copies.copyOf(key, request, cleared);
    for (const [name, value] of append) copy?.headers.append(name, value);
    return copy;
  }

  /**
   * Does what the first step says, and all that follow. `response` is an answer that is at hand
   * already, by this way.
   * @param {string | undefined} said @param {InFlight} inFlight @param {Response} [response]
   * @param {Way} [way]
   */
  async #carry(said, inFlight, response, way) {
    const { call, wasm } = this.#between;
    while (said !== undefined) {
      /** @type {Step} */
      let step = JSON.parse(said);
      while ("copy" in step) {
        const copy = await this.#standIn(step.copy, inFlight);
        if (copy !== undefined) {
          letGo(response);
          return copy;
        }
        step = step.else;
      }
      if ("pass" in step && response && way) return this.#handedOn(response, inFlight, way, step.pass);
      letGo(response);
      if ("answer" in step) return new Response(step.answer.body || null, step.answer);
      if ("learn" in step) {
        const { learn, pool } = step;
        said = await call(() => wasm.on_snapshot(learn, pool, inFlight.env, inFlight.ctx));
      } else if ("send" in step) {
        way = step.send;
        [said, response] = await this.#sentBy(step.send, inFlight);
      }
    }
    // The instance that knew this request has crashed meanwhile.
    if (response) return response;
    throw new Error("the way of this request is not known any more");
  }

  /** Sends a request under a lease; one that does not come out well goes on as the core says.
   *  @param {InFlight} inFlight @param {Kept} lease @param {Headers} headers */
  async #leased(inFlight, lease, headers) {
    const { request, env, ctx } = inFlight;
    const began = Date.now();
    const careful = lease.repeats !== undefined && (request.body !== null || !lease.repeats.includes(request.method));
    const came = await this.#tried(inFlight, addressUnder(request.url, lease), headers, lease, careful);
    const outcome = outcomeOf(came);
    const response = responseOf(came);
    if (response && isGood(outcome, lease)) {
      const took = Date.now() - began;
      lease.count += 1;
      lease.waited += took;
      return this.#handedOn(
        response,
        inFlight,
        lease,
        lease.append.map(([name, value]) => [name, name === "server-timing" ? value + took : value]),
      );
    }
    const { revive, wasm } = this.#between;
    revive();
    this.#count(lease);
    this.#leases.countAll();
    // None of them holds for anybody any more.
    this.forget();
    const attempt = { origin: lease.origin, outcome, answered: fieldsOf(response?.headers ?? NONE), began };
    return this.#carry(wasm.on_leased_failure(inbound(request), attempt, env, ctx), inFlight, response, lease);
  }
}
