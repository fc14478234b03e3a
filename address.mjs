// @ts-check
// The address of a request, read without the core: by leases, and where the core cannot be asked.
// What is said here the core says as well (src/path.rs, src/proxy/table.rs);
// tests/vectors/addresses.json holds both to it.

/**
 * What an address must not have to go under a lease: the core looks at it first. A dot after a
 * slash may be a path of Vedette's own.
 */
const UNUSUAL = /\/\.|\\|%2[5ef]|%5c|#/i;

/** The longest address that goes under a lease; the core says what is too long. */
const LONGEST = 8192;

const PARTS = /^(https?):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/;
const AUTHORITY = /^(?:\[[\da-f:.]+\]|(?=.{1,254}(?::\d*)?$)[\w~-]+(?:\.[\w~-]+)*\.?)(?::\d*)?$/i;
const THIS_MACHINE = /^(?:localhost|127\.[\d.]*|0\.0\.0\.0|\[::1?\]|\[::ffff:(?:7f[\da-f]{2}:[\da-f]{1,4}|0:0)\])$/;

/** Whether an address may go under a lease.
 *  @param {string} url */
export const isUsual = (url) => url.length <= LONGEST && !UNUSUAL.test(url);

/** Where the path of an absolute address begins; below 0 if it has none.
 *  @param {string} url */
export const pathOf = (url) => url.indexOf("/", url.indexOf("://") + 3);

/** Where so many segments of a path end that begins at `path`.
 *  @param {string} url @param {number} path @param {number} depth */
export function endOf(url, path, depth) {
  const query = url.indexOf("?", path);
  const end = query < 0 ? url.length : query;
  let at = path;
  for (let left = depth; left > 0 && at < end; left -= 1) {
    const next = url.indexOf("/", at + 1);
    at = next < 0 || next > end ? end : next;
  }
  return at;
}

/** The parts of an absolute address, nothing decoded; nothing if it is none.
 *  @param {string} url */
export function partsOf(url) {
  const found = PARTS.exec(url);
  return found && { scheme: found[1], authority: found[2], path: found[3] || "/", query: found[4] ?? "" };
}

/** Whether an authority is one host, with a port or without.
 *  @param {string} authority */
export function isAuthority(authority) {
  if (!AUTHORITY.test(authority)) return false;
  const end = authority.lastIndexOf(":");
  const host = end < 0 || authority.endsWith("]") ? authority : authority.slice(0, end);
  const isPort = host === authority || Number(authority.slice(end + 1)) <= 65_535;
  return isPort && (!host.startsWith("[") || URL.canParse(`http://${host}`));
}

/** The host of an authority, without port and without the dot that says that a name is whole.
 *  @param {string} authority */
export const hostOf = (authority) => authority.replace(/:[^:\]]*$/, "").replace(/\.$/, "");

/**
 * An authority as it is matched, and handed on: the host in lower case and without a last dot, and
 * the port if there is one.
 * @param {string} authority
 */
export function matched(authority) {
  const host = hostOf(authority);
  const port = authority.slice(host.length).replace(/^\.+/, "");
  return host.toLowerCase() + (port === ":" ? "" : port);
}

/** Whether a host in lower case is this machine, which `*` leaves out.
 *  @param {string} host */
export const isThisMachine = (host) => THIS_MACHINE.test(host.startsWith("[") ? (URL.parse(`http://${host}`)?.hostname ?? "") : host);

/** Whether a path lies under a prefix that ends where a segment ends.
 *  @param {string} path @param {string} prefix */
export const isUnder = (path, prefix) => prefix === "" || path === prefix || path.startsWith(`${prefix}/`);

/** A path in which an escaped letter is the letter, as is each character that needs no escape.
 *  @param {string} path */
export const plain = (path) =>
  path.replace(/%([\da-f]{2})/gi, (escaped, digits) => {
    const letter = String.fromCharCode(Number.parseInt(digits, 16));
    return /[\w.~-]/.test(letter) ? letter : escaped;
  });

/**
 * Whether a path may mean another one to the next reader: dots that are a segment, in whatever
 * escape, or a backslash.
 * @param {string} path
 */
export const isAmbiguous = (path) => path.includes("\\") || path.split("/").some((segment) => isDots(plain(segment)) || hidesDots(segment));

/** @param {string} segment */
const isDots = (segment) => /^\.\.?(?:;|$)/.test(segment);

/**
 * Whether a segment has an escaped separator, and dots beside it that would be a segment of their
 * own.
 * @param {string} segment
 */
function hidesDots(segment) {
  // An escape of an escape is one to whoever reads twice.
  const once = segment.toLowerCase().replace(/%(?:25)+/g, "%");
  const parts = once.replaceAll("%2e", ".").replaceAll("%5c", "%2f").replaceAll("%3b", ";").split("%2f");
  return parts.length > 1 && parts.some(isDots);
}
