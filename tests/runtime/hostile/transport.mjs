// Origins that misbehave below what they say: slow, endless, cut off, malformed. What each leads to
// stands in docs/hostile-origins.md.

import { answer, body, drips, head, onRequest, says, saysAndCloses, saysAndResets, saysForEver } from "./double.mjs";

const good = answer("200 OK");
const chunked = head(["Transfer-Encoding: chunked"]);
const fields = (count, size) => Array.from({ length: count }, (_, index) => `X-Field-${index}: ${"v".repeat(size)}`);
const kilobytes = (text, count) => text.repeat(Math.ceil((count * 1024) / text.length));

export const slow = {
  "headers-dripped": { act: drips("", good, 50) },
  "headers-in-single-bytes": { act: drips("", good) },
  "headers-never-end": { act: saysForEver(head().slice(0, -2), "X-More: and more\r\n", 50) },
  "body-dripped": { act: drips(head(["Content-Length: 1000"]), " ".repeat(1000), 50) },
  "body-in-single-bytes": { act: drips(head([`Content-Length: ${body.length}`]), body) },
  "body-never-ends": { act: says(head(["Content-Length: 1000"]) + body) },
  "says-nothing": { act: () => {} },
};

/** Breaks off every other request without a word, and answers the next one. */
const everyOther = () => {
  let requests = 0;
  return onRequest((socket) => (++requests % 2 ? socket.destroy() : socket.write(good)));
};

export const closes = {
  "breaks-off-every-other-request": { act: everyOther(), probe: '{ path = "/health", method = "POST" }' },
  "closes-at-once": { act: (socket) => socket.end() },
  "closes-before-headers": { act: saysAndCloses("") },
  "closes-in-mid-headers": { act: saysAndCloses("HTTP/1.1 200 OK\r\nContent-Le") },
  "closes-in-mid-body": { act: saysAndCloses(`${chunked}b\r\n{"ok"`) },
  "resets-at-once": { act: (socket) => socket.resetAndDestroy() },
  "resets-before-headers": { act: onRequest((socket) => socket.resetAndDestroy()) },
  "resets-in-mid-headers": { act: saysAndResets("HTTP/1.1 200 OK\r\nContent-Le") },
  "resets-in-mid-body": { act: saysAndResets(head(["Content-Length: 1000"]) + body) },
  "answers-before-it-is-asked": { act: (socket) => socket.write(good) },
  "talks-on-after-its-answer": { act: saysForEver(good, good, 5) },
};

export const lengths = {
  "length-too-long": { act: saysAndCloses(head(["Content-Length: 1000"]) + body) },
  "length-too-short": { act: says(head(["Content-Length: 5"]) + body) },
  "length-negative": { act: saysAndCloses(head(["Content-Length: -1"]) + body) },
  "length-absurd": { act: saysAndCloses(head([`Content-Length: ${"9".repeat(40)}`]) + body) },
  "length-no-number": { act: saysAndCloses(head(["Content-Length: eleven"]) + body) },
  "lengths-in-conflict": { act: saysAndCloses(head(["Content-Length: 11", "Content-Length: 5"]) + body) },
  "length-and-chunks": {
    act: saysAndCloses(`${head(["Content-Length: 5", "Transfer-Encoding: chunked"])}b\r\n${body}\r\n0\r\n\r\n`),
  },
  "transfer-coding-unknown": { act: saysAndCloses(head(["Transfer-Encoding: rot13"]) + body) },
  "body-of-100-mb": { act: saysForEver(head([`Content-Length: ${100 * 1024 * 1024}`]), kilobytes(body, 64)) },
  "body-endless": { act: saysForEver(head(), kilobytes(body, 64)) },
  "chunks-endless": { act: saysForEver(chunked, `4000\r\n${" ".repeat(0x4000)}\r\n`) },
  "chunks-of-8-bytes": { act: saysForEver(chunked, kilobytes("8\r\n        \r\n", 16)) },
  "chunk-size-absurd": { act: saysAndCloses(`${chunked}ffffffffffffffffff\r\n${body}\r\n0\r\n\r\n`) },
  "chunk-size-huge": { act: saysAndCloses(`${chunked}7fffffffffffffff\r\n${body}\r\n0\r\n\r\n`) },
  "chunk-size-no-number": { act: saysAndCloses(`${chunked}eleven\r\n${body}\r\n0\r\n\r\n`) },
  "chunk-size-endless": { act: saysForEver(chunked, kilobytes("0", 1), 20) },
  "chunks-without-end": { act: saysAndCloses(`${chunked}b\r\n${body}\r\n`) },
  "trailers-endless": { act: saysForEver(`${chunked}b\r\n${body}\r\n0\r\n`, kilobytes("X-Trailer: v\r\n", 16)) },
};

export const statusLines = {
  "status-line-of-ssh": { act: saysAndCloses("SSH-2.0-OpenSSH_9.2\r\n") },
  "status-line-of-noise": { act: saysAndCloses(Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 167 + 13) % 256))) },
  "status-line-endless": { act: saysForEver("HTTP/1.1 200 ", kilobytes("O", 64)) },
  "http-0-9": { act: saysAndCloses(body) },
  "http-9-9": { act: saysAndCloses(good.toString().replace("HTTP/1.1", "HTTP/9.9")) },
  "status-no-number": { act: saysAndCloses(answer("abc OK")) },
  "status-negative": { act: saysAndCloses(answer("-200 OK")) },
  "status-000": { act: saysAndCloses(answer("000 OK")) },
  "status-99": { act: saysAndCloses(answer("99 OK")) },
  "status-600": { act: saysAndCloses(answer("600 OK")) },
  "status-999": { act: saysAndCloses(answer("999 OK")) },
  "status-1000": { act: saysAndCloses(answer("1000 OK")) },
  "status-without-reason": { act: saysAndCloses(answer("200")) },
  "status-204-with-a-body": { act: saysAndCloses(answer("204 No Content")), expect: "{}" },
  "status-304-unasked": { act: saysAndCloses(head([], "304 Not Modified")) },
};

export const heads = {
  "headers-of-1-mb": { act: saysAndCloses(answer("200 OK", fields(64, 16_384))) },
  "header-of-1-mb": { act: saysAndCloses(answer("200 OK", fields(1, 1_048_576))) },
  "headers-10000": { act: saysAndCloses(answer("200 OK", fields(10_000, 1))) },
  "headers-endless": { act: saysForEver(head().slice(0, -2), kilobytes("X-Field: v\r\n", 64)) },
  "header-with-control-characters": { act: saysAndCloses(answer("200 OK", ["Server: \x01\x02\x1b[31m"])) },
  "header-with-nul": { act: saysAndCloses(answer("200 OK", ["Server: a\0b"])) },
  "header-with-bare-cr": { act: saysAndCloses(answer("200 OK", ["Server: a\rX-Other: b"])) },
  "header-not-utf-8": { act: saysAndCloses(answer("200 OK", ["Server: \xff\xfe"])) },
  "header-without-colon": { act: saysAndCloses(answer("200 OK", ["this is no header"])) },
  "header-without-name": { act: saysAndCloses(answer("200 OK", [": value"])) },
  "header-with-space-before-colon": { act: saysAndCloses(answer("200 OK", ["Server : value"])) },
  "header-folded": { act: saysAndCloses(answer("200 OK", ["Server: a\r\n b"])) },
  "lines-end-in-lf": { act: saysAndCloses(good.toString().replaceAll("\r", "")) },
};

const interimAnswer = (status, count = 1) => head(["Link: </a>"], status).repeat(count);

export const interim = {
  "continues-for-ever": { act: saysForEver("", interimAnswer("100 Continue"), 20) },
  "hints-for-ever": { act: saysForEver("", interimAnswer("103 Early Hints"), 20) },
  "continues-in-a-flood": { act: saysForEver("", interimAnswer("100 Continue", 1000), 20) },
  "hints-in-a-flood": { act: saysForEver("", interimAnswer("103 Early Hints", 1000), 20) },
  "continues-then-answers": { act: says(interimAnswer("100 Continue") + good) },
  "processing-then-answers": { act: says(interimAnswer("102 Processing") + good) },
  "hints-then-answers": { act: says(interimAnswer("103 Early Hints", 10) + good) },
  "hints-then-closes": { act: saysAndCloses(interimAnswer("103 Early Hints")) },
  "switches-protocols-unasked": { act: says(head(["Upgrade: websocket", "Connection: Upgrade"], "101 Switching Protocols")) },
};
