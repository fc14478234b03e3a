// Origins that send the probe elsewhere. Every probe follows three redirects. What each leads to
// stands in docs/hostile-origins.md.

import { answer, head, onRequest } from "./double.mjs";

const probe = '{ path = "/health", redirects = 3 }';

/** Redirects every request by these header lines. */
const by = (fields, status = "302 Found") => ({
  act: onRequest((socket) => socket.write(Buffer.from(head([...fields, "Content-Length: 0"], status), "latin1"))),
  probe,
});

const to = (location) => by([`Location: ${location}`]);

/** Redirects from /health to `where(port)`, and would answer there. */
const onceTo = (where, status = "302 Found") => ({
  act: onRequest((socket, request, double) => {
    const redirect = head([`Location: ${where(double.port)}`, "Content-Length: 0"], status);
    socket.write(request.startsWith("GET /health ") ? redirect : answer("200 OK"));
  }),
  probe,
});

export const redirects = {
  "redirects-once": onceTo(() => "/there", "308 Permanent Redirect"),
  "redirects-to-its-own-address": onceTo((port) => `http://127.0.0.1:${port}/there`),
  "redirects-in-capitals": onceTo((port) => `HTTP://127.0.0.1:${port}/there`),
  "redirects-with-spaces": onceTo(() => '/over there?<"x y">'),
  "redirects-to-itself": to("/health"),
  "redirects-in-a-loop": {
    act: onRequest((socket, request) =>
      socket.write(head([`Location: ${request.startsWith("GET /a ") ? "/b" : "/a"}`, "Content-Length: 0"], "307 Temporary Redirect")),
    ),
    probe,
  },
  "redirects-to-nowhere": to("http://nobody.invalid/"),
  "redirects-to-metadata": to("http://169.254.169.254/latest/meta-data/"),
  "redirects-to-private": to("http://10.0.0.1/"),
  "redirects-to-localhost": onceTo((port) => `http://localhost:${port}/there`),
  "redirects-to-a-number": onceTo((port) => `http://2130706433:${port}/there`),
  "redirects-to-hexadecimal": onceTo((port) => `http://0x7f.1:${port}/there`),
  "redirects-to-ipv6": onceTo((port) => `http://[::ffff:127.0.0.1]:${port}/there`),
  "redirects-to-percent": onceTo((port) => `http://%31%32%37.0.0.1:${port}/there`),
  "redirects-with-credentials": onceTo((port) => `http://user:pass@127.0.0.1:${port}/there`),
  "redirects-to-file": to("file:///etc/passwd"),
  "redirects-to-javascript": to("javascript:alert(1)"),
  "redirects-to-ftp": to("ftp://127.0.0.1/"),
  "redirects-to-data": to("data:text/plain,%7B%22ok%22:true%7D"),
  "redirects-to-nothing": to(""),
  "redirects-to-garbage": to("http://:::/\xff\x01"),
  "redirects-to-two-places": by(["Location: /a", "Location: /b"]),
  "redirects-without-location": by([]),
  "redirects-10000-bytes-far": onceTo(() => `/${"a".repeat(10_000)}`),
  "redirects-1000000-bytes-far": to(`/${"a".repeat(1_000_000)}`),
};
