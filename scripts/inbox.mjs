// A receiver of messages to look at: verifies each by the Standard Webhooks specification and lists
// them, the newest first. For `npm start`; it forgets everything when it ends.
//
// INBOX_KEY is the key (whsec_…), PORT where it listens (default 9103). POST / takes a message; GET
// / is the page.

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const PORT = Number(process.env.PORT || 9103);
const MOST = 200;
const LARGEST = 1024 * 1024;
const webhook = new Webhook(process.env.INBOX_KEY ?? "");

/** Messages, the newest first. */
const messages = [];

const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Takes a message in; the status that the sender gets. */
function take(body, headers) {
  try {
    webhook.verify(body, headers);
  } catch {
    return 401;
  }
  const { type, timestamp, data } = JSON.parse(body);
  const id = headers["webhook-id"];
  // One that comes again is one that is here already.
  if (messages.some((message) => message.id === id)) return 204;
  messages.unshift({ id, type, timestamp, title: data.title, text: data.text });
  messages.length = Math.min(messages.length, MOST);
  return 204;
}

function receive(request, response) {
  let body = "";
  request.setEncoding("utf8").on("data", (chunk) => {
    body += chunk;
    if (body.length > LARGEST) request.destroy();
  });
  request.on("end", () => {
    try {
      response.writeHead(take(body, request.headers)).end();
    } catch {
      response.writeHead(400).end();
    }
  });
}

const item = ({ type, timestamp, title, text }) =>
  `<li><h2>${escaped(title)}</h2><p><time>${escaped(timestamp)}</time> <code>${escaped(type)}</code> signature verified</p><pre>${escaped(text)}</pre></li>`;

const list = () => (messages.length === 0 ? "<li>Nothing has come yet.</li>" : messages.map(item).join(""));

const page = () => `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Vedette: inbox</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 0 auto; padding: 1rem }
  ol { list-style: none; padding: 0 }
  li { border-top: 1px solid; padding: .5rem 0 }
  h2 { font-size: 1.1rem; margin: 0 }
  p { margin: 0 }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 }
</style>
<noscript><meta http-equiv="refresh" content="5"></noscript>
<h1>What Vedette told this inbox</h1>
<p>Break the sample origin, and wait some ten seconds. This page looks by itself.</p>
<ol aria-live="polite">${list()}</ol>
<script>
  const list = document.querySelector("ol");
  setInterval(async () => {
    const found = await fetch("/list").then((answer) => answer.text()).catch(() => undefined);
    if (found !== undefined && found !== list.dataset.found) list.innerHTML = list.dataset.found = found;
  }, 1000);
</script>`;

createServer((request, response) => {
  if (request.method === "POST") return receive(request, response);
  const text = request.url === "/list" ? list() : page();
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" }).end(text);
}).listen(PORT, "127.0.0.1", () => console.log(`inbox listens on http://127.0.0.1:${PORT}`));
