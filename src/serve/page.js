// Keeps the page alive: fetches it again every few seconds and takes over what differs, so that
// focus, selection, scroll and what is unfolded stay; counts ages on; and says so when nobody
// answers. The page is whole without it. Customers read it too: it speaks of "this page" alone.

const TIMEOUT = 8000;
const page = document.getElementById("page");
const EVERY = Number(page.dataset.every || 3000);
const lost = document.getElementById("lost");
const live = document.getElementById("live");
const SILENT = "This page gets no answer";
let skew, timer, busy, paused, lostAt, tab;

const sentence = () => page.querySelector("h1").textContent;
const clock = (ms) => `${new Date(ms).toISOString().slice(11, 19)} UTC`;

/** Read out by screen readers: only what changes the whole. */
function say(text) {
  document.getElementById("said").textContent = text;
}

/** `12 s`, `4 min`, `3 h`, `2 d`: as the server writes it, by the server's clock. */
function age(at) {
  const seconds = Math.max(0, Math.floor((Date.now() + skew - at) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/** Points in time in the page's language and zone; where the browser has not got them, in UTC. */
function localise(main) {
  const { language = "en-GB", zone = "UTC", now } = main.dataset;
  if (!main.matches("[data-language], [data-zone]")) return;
  const as = (options) => new Intl.DateTimeFormat(language, { timeZone: zone, ...options });
  try {
    const day = as({ dateStyle: "medium" });
    const time = as({ hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
    for (const one of main.querySelectorAll("time:not(.ago)")) {
      const [, iso, rest] = /^([-\dT:.]+Z)?(.*)$/s.exec(one.dateTime || one.textContent);
      if (!iso) continue;
      const at = Date.parse(iso);
      const today = day.format(at) === day.format(Number(now));
      one.textContent = `${today ? "" : `${day.format(at)} `}${time.format(at)}${rest}`;
      Object.assign(one, { title: iso, lang: language, dir: "auto" });
    }
  } catch {}
}

function count() {
  for (const time of page.querySelectorAll("time.ago")) {
    const text = age(Date.parse(time.dateTime));
    if (time.textContent !== text) time.firstChild.data = text;
  }
}

/** What comes while one reads comes folded: unfolded it would push away what stands below. */
function folded(fresh) {
  fresh.open &&= false;
  for (const one of fresh.querySelectorAll?.("details") ?? []) one.open = false;
  return fresh;
}

/** What is going on does not shrink either, as long as somebody looks. */
function hold() {
  const held = document.getElementById("going-on");
  if (held) held.style.minHeight = document.hidden ? "" : `${held.offsetHeight}px`;
}

/** Makes `old` like `fresh`. An element with an id is the same one wherever it moves. */
function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  // Whether something is unfolded is the reader's to say; only what gets into another state may
  // unfold itself.
  if (fresh.open && old.className !== fresh.className) old.open = true;
  for (const { name, value } of fresh.attributes) if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  const known = new Map([...old.children].filter(({ id }) => id).map((child) => [child.id, child]));
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const fits = next && !next.id && next.nodeName === child.nodeName;
    const same = child.id ? known.get(child.id) : fits && next;
    if (same === next && next) next = next.nextSibling;
    else old.insertBefore(same || folded(child), next);
    if (same) morph(same, child);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

function take(fresh) {
  const before = sentence();
  const focused = document.activeElement;
  const now = fresh.getElementById("page");
  skew = now.dataset.now - Date.now();
  localise(now);
  hold();
  morph(page, now);
  // An element that moved has lost it.
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  document.title = tab = fresh.title;
  document.getElementById("icon").href = fresh.getElementById("icon").href;
  if (lostAt || before !== sentence()) say(sentence());
  lostAt = undefined;
  count();
}

/** What is shown is old: says so, and takes the colours away. */
function show() {
  const old = lostAt ? `${SILENT} since ${clock(lostAt)}.` : paused && `Paused at ${clock(paused)}.`;
  document.body.classList.toggle("old", Boolean(old));
  lost.hidden = !old;
  lost.textContent = old ? `${old} This is what it said then.` : "";
  document.title = lostAt ? SILENT : tab;
  live.textContent = paused ? "Resume updates" : "Pause updates";
}

async function refresh() {
  if (busy || paused || document.hidden) return;
  busy = true;
  clearTimeout(timer);
  const begun = Date.now();
  try {
    const answer = await fetch(location.pathname + location.search, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
    if (!answer.ok) throw new Error(answer.status);
    const text = await answer.text();
    if (!paused) take(new DOMParser().parseFromString(text, "text/html"));
  } catch {
    if (!lostAt) say(SILENT);
    lostAt ||= begun + skew;
  }
  busy = false;
  show();
  // A page that takes long to make is asked for less often.
  timer = setTimeout(refresh, Math.max(EVERY, 10 * (Date.now() - begun)));
}

tab = document.title;
skew = page.dataset.now - Date.now();
localise(page);
live.hidden = false;
live.onclick = () => {
  paused = paused ? undefined : Date.now() + skew;
  show();
  refresh();
};
document.onvisibilitychange = () => {
  hold();
  refresh();
};
show();
setInterval(() => paused || document.hidden || count(), 1000);
timer = setTimeout(refresh, EVERY);
