// Checkers of others look at `/health/POOL`, with the lines that docs/checkers.md shows: what each
// concludes in each state of a pool is what the table of that page says.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { answers, origin, root, startWorker, until } from "../runtime/lib.mjs";
import { checkers } from "./checkers.mjs";
import { atEnd, endAll, tap } from "./lib.mjs";

const doc = readFileSync(join(root, "docs", "checkers.md"), "utf8");

/** The lines of the page by their name, which the comment at the head of each block says. */
const lines = Object.fromEntries([...doc.matchAll(/```\w+\n# ([^\n]+)\n([\s\S]*?)```/g)].map(([, name, text]) => [name, text]));

const cells = (row) =>
  row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
const rows = doc
  .split("### What they conclude")[1]
  .split("\n")
  .filter((row) => row.startsWith("| "))
  .map(cells);
const [[, ...states], , ...table] = rows;

/**
 * The state of each column: the pool that is in it, whether the Arbiter is silent, and what its
 * answers say.
 */
const columns = {
  pass: { pool: "passes", silent: false, word: "pass" },
  warn: { pool: "warns", silent: false, word: "warn" },
  fail: { pool: "fails", silent: false, word: "fail" },
  unknown: { pool: "undecided", silent: false, word: "unknown" },
  "unknown, failed": { pool: "lost", silent: false, word: "unknown" },
  "silent, passed": { pool: "passes", silent: true, word: "unknown" },
  "silent, failed": { pool: "fails", silent: true, word: "unknown" },
};

/** So many answers of a state are a checker's way to its conclusion. */
const ENOUGH = 3;

const POOLS = ["passes", "warns", "fails", "undecided", "lost"];

/** A cache in the origin's place: nothing is known of it any more. */
const copy = (_, response) => response.writeHead(200, { "x-cache": "HIT" }).end('{"ok":true}');

const origins = {
  passes: answers.ok,
  warns: (_, response) => response.writeHead(429).end("later"),
  fails: answers.broken,
  undecided: answers.ok,
  lost: answers.broken,
};

let worker;
/** By the name of a line, the answers that its checker got. */
const answered = {};
/** By the name of a line, `(pool) => "up" | "warning" | "down"`, or a promise of it. */
const says = {};

before(async () => {
  let text = '[defaults]\ninterval = "1s"\nfast_interval = "1s"\ntimeout = "900ms"\nfall = 3\nrise = 2\nvantages = ["weur"]\n';
  const started = {};
  for (const [name, answer] of Object.entries(origins)) {
    const one = await origin(answer);
    started[name] = one;
    atEnd(() => one.stop());
    // Without its secret no probe is sent: nothing is ever known of it, on a busy machine either.
    const probe = name === "undecided" ? 'probe = { headers = { authorization = { secret = "NOT_SET" } } }\n' : "";
    text += `[[pool]]\nname = "${name}"\nvote_ttl = "12s"\n${probe}[[pool.origin]]\nname = "only"\nurl = "http://127.0.0.1:${one.port}"\n`;
  }
  worker = await startWorker(text, { build: ".vedette/build-trap" });
  atEnd(() => worker.stop());
  await status("lost", "fail");
  started.lost.answer = copy;
  for (const { pool, silent, word } of Object.values(columns)) if (!silent) await status(pool, word);
  for (const [name, start] of Object.entries(checkers)) {
    const own = {};
    for (const [line, text] of Object.entries(lines).filter(([line]) => line.startsWith(`${name}: `))) {
      const { port, heads } = await tap(worker.port);
      own[line] = { text, port };
      answered[line] = heads;
    }
    assert.ok(Object.keys(own).length > 0, `docs/checkers.md has no line for ${name}`);
    Object.assign(says, await start(own, POOLS));
  }
});

after(endAll);

const status = (pool, wanted) =>
  until(`${pool} is ${wanted}`, async (see) => see((await worker.get(`/health/${pool}`)).headers.get("vedette-status")) === wanted, 60_000);

test("every line that the page shows is run, and has its row", () => {
  const named = table.map(([name]) => name);
  assert.deepEqual(named, Object.keys(lines));
  assert.deepEqual(Object.keys(says).sort(), [...named].sort());
  assert.deepEqual(states, Object.keys(columns));
});

/** The first line of what is answered to these bytes. */
const answerTo = (bytes) =>
  new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(worker.port, "127.0.0.1", () => socket.write(bytes)).on("error", reject);
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (chunk) => {
      text += chunk;
      if (!text.includes("\r\n")) return;
      socket.destroy();
      resolve(text.split("\r\n")[0]);
    });
  });

test("HTTP/1.0 is answered with a Host, and refused by the runtime without one", async () => {
  assert.match(await answerTo("GET /health/passes HTTP/1.0\r\nHost: vedette.example\r\n\r\n"), / 200 /);
  assert.match(await answerTo("GET /health/passes HTTP/1.0\r\n\r\n"), / 400 /);
});

/**
 * Waits until a line says of each state what the table says of it, once its checker has had enough
 * answers of that state.
 */
const concludes = (silent) => {
  for (const [name, ...row] of table) {
    test(name, async () => {
      const from = answered[name]().length;
      for (const [index, state] of states.entries()) {
        const { pool, silent: then, word } = columns[state];
        if (then !== silent) continue;
        await until(
          `${name} says ${row[index]} of a pool that is: ${state}`,
          async (see) => {
            const had = answered[name]()
              .slice(from)
              .filter(({ path, fields }) => path.split("?")[0] === `/health/${pool}` && fields.includes(`vedette-status: ${word}`));
            const said = await says[name](pool);
            see([said, had.length]);
            return said === row[index] && had.length >= ENOUGH;
          },
          60_000,
        );
      }
    });
  }
};

describe("in each state of a pool a checker concludes what the page says", { concurrency: 4 }, () => concludes(false));

describe("with a silent Arbiter it concludes what the page says", { concurrency: 4 }, () => {
  before(async () => {
    await worker.get("/livez", { headers: { "vedette-trap": "down=arbiter" } });
    for (const pool of ["passes", "fails"]) await status(pool, "unknown");
  });
  concludes(true);
});
