// What the core and the JavaScript of the worker say to each other as JSON, as Rust writes it:
// src/proxy/step.rs, lease.rs, copy.rs and open.rs. tests/vectors has examples of all of it, which
// are checked against these types.

/** Bindings of the deployment that JavaScript reads. */
export interface Env {
  /** On a laptop. */
  readonly VEDETTE_LOCAL?: string;
}

/** Header fields, or whatever else comes as names and values. */
export type Pairs = string[][];

/** An answer as data. */
export interface Answer {
  status: number;
  headers: Pairs;
  body: string;
}

/** What a step and a lease say of the way to an origin and back. */
export interface Way {
  route: number;
  /** Milliseconds until the response headers have to be there. */
  timeout: number;
  hosts: string[];
  strip?: boolean | number;
  copies?: boolean;
  /** How long a body may be that is held, in bytes. */
  held?: number;
}

export interface Send extends Way {
  id: number;
  url: string;
  set?: Pairs;
  remove?: string[];
  strip?: boolean;
  lease?: Lease;
}

export interface Lease extends Way {
  depth: number;
  origin: number;
  /** Milliseconds since the epoch. */
  from: number;
  until: number;
  base: string;
  strip: number;
  repeats?: string[];
  held: number;
  pseudonym: string;
  forwarded: string;
  set: Pairs;
  /** Pairs of a first and a last status. */
  again: number[][];
  append: Pairs;
}

/** A lease as it is kept: with what every request under it would work out anew. */
export interface Kept extends Lease {
  /** The fields to remove. */
  unset: string[];
  /** Where in an address begins what the origin is asked. */
  skip: number;
  host: string | null;
  /** How many requests went well under it. */
  count: number;
  /** How long their clients waited for the head of the answer, all together, in milliseconds. */
  waited: number;
}

export interface Copy {
  key: string;
  append: Pairs;
  /** One that was kept without knowing of this purge was cleared. */
  cleared?: number;
}

export type Step = { learn: number; pool: string } | { send: Send } | { pass: Pairs } | { answer: Answer } | { copy: Copy; else: Step };

/**
 * What the core says of a copy that is worth keeping; times in milliseconds, the length in bytes.
 */
export interface Keep {
  key: string;
  ttl: number;
  anew: number;
  length: number;
  /** The latest purge of which is known. */
  known?: number;
}

/** Where requests go when the core cannot be asked. */
export interface Open {
  hosts: { name: string; routes: { prefix: string; base: string; strip: number }[] }[];
  own: string;
  longest: number;
  mark: string;
  removed: string[];
  said: string[];
  said_under: string[];
  append: Pairs;
  answers: { asked: Answer; sent: Answer; loop: Answer; silent: Answer };
}
