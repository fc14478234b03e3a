// @ts-check
// What came of an attempt, as the core reads it: a status, or the number of what is none.
// tests/vectors/outcomes.json holds the numbers to those of src/proxy/outcome.rs, where it says
// what each proves.

export const BROKE_OFF = 0;
export const TOO_LATE = 1;
/** The client broke its request off, or left. */
export const LEFT = 2;
/** The connection ended while the request was still being sent. */
export const CUT = 3;
/** The origin took no connection: nothing has left. */
export const REFUSED = 4;
/** It switched protocols though nobody asked. */
export const SWITCHED = 5;

/** The outcome of an attempt: a number of the above, or a status.
 *  @param {Response | number} came */
export function outcomeOf(came) {
  if (typeof came === "number") return came;
  return came.status === 101 && !came.webSocket ? SWITCHED : came.status;
}
