// Origins whose fault is in TLS. One authority, which the worker trusts, signs every certificate
// whose point is another fault. What each leads to stands in docs/hostile-origins.md.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer as createSecureServer } from "node:tls";
import { answer, body, head, onRequest, says } from "./double.mjs";

const openssl = (...args) => execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });

/** A certificate authority in a folder of its own. */
class Authority {
  constructor(folder) {
    mkdirSync(folder, { recursive: true });
    this.file = (name) => join(folder, name);
    this.cert = this.file("authority.crt");
    writeFileSync(this.file("index.txt"), "");
    writeFileSync(
      this.file("ca.conf"),
      [
        "[ca]\ndefault_ca = ca_default\n[ca_default]",
        `database = ${this.file("index.txt")}\nnew_certs_dir = ${folder}\nrand_serial = yes\ndefault_md = sha256`,
        "policy = any\ncopy_extensions = copy\nunique_subject = no\n[any]\ncommonName = supplied\n",
      ].join("\n"),
    );
    const names = ["-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign"];
    openssl("req", "-x509", ...this.#newKey("authority"), "-days", "2", "-out", this.cert, ...names);
  }

  #newKey = (name) => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", this.file(`${name}.key`)];

  /**
   * Key and certificate for `names` (subject alternative names), valid between two days counted
   * from today.
   */
  certificate(name, { names = "DNS:localhost", from = -1, to = 1 } = {}) {
    const [request, cert] = [this.file(`${name}.csr`), this.file(`${name}.crt`)];
    const alternative = names ? ["-addext", `subjectAltName=${names}`] : [];
    openssl("req", "-new", ...this.#newKey(name), "-out", request, "-subj", "/CN=localhost", ...alternative);
    const day = (days) => `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
    const dates = ["-startdate", day(from), "-enddate", day(to)];
    const by = ["-config", this.file("ca.conf"), "-cert", this.cert, "-keyfile", this.file("authority.key")];
    openssl("ca", "-batch", "-notext", ...by, ...dates, "-in", request, "-out", cert);
    return { key: readFileSync(this.file(`${name}.key`)), cert: readFileSync(cert) };
  }
}

/**
 * The doubles, with their certificates in `folder`, and the certificate of the authority that they
 * rely on.
 */
export function faults(folder) {
  const trusted = new Authority(join(folder, "trusted"));
  const stranger = new Authority(join(folder, "stranger"));
  const good = trusted.certificate("good");
  const selfSigned = { key: readFileSync(stranger.file("authority.key")), cert: readFileSync(stranger.cert) };

  const secure = (options, act = says(answer("200 OK"))) => ({
    act,
    create: (listener) => createSecureServer(options, listener),
    secure: true,
  });
  const old = (version) => secure({ ...good, minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" });
  const onHello = (act) => ({ act: (socket) => socket.once("data", () => act(socket)) });

  const doubles = {
    "tls-good": secure(good),
    "tls-1-2": secure({ ...good, maxVersion: "TLSv1.2" }),
    "tls-1-1": old("TLSv1.1"),
    "tls-1-0": old("TLSv1"),
    "tls-wrong-name": secure(trusted.certificate("wrong-name", { names: "DNS:elsewhere.example" })),
    "tls-name-in-subject-only": secure(trusted.certificate("subject-only", { names: "" })),
    "tls-expired": secure(trusted.certificate("expired", { from: -9, to: -1 })),
    "tls-not-yet-valid": secure(trusted.certificate("early", { from: 1, to: 9 })),
    "tls-self-signed": secure(selfSigned),
    "tls-authority-unknown": secure(stranger.certificate("good")),
    "tls-wants-a-certificate": secure({ ...good, requestCert: true, rejectUnauthorized: true }),
    // The end of a body without a length is the end of the connection; without TLS's own notice of
    // it anyone may have cut it.
    "tls-cut-without-notice": secure(
      good,
      onRequest((socket, _, double) => socket.write(head() + body, () => double.cut(socket))),
    ),
    "tls-plain-text-there": onHello((socket) => socket.end(answer("400 Bad Request"))),
    "tls-on-a-plain-port": { ...secure(good), scheme: "http" },
    "tls-alert-at-once": onHello((socket) => socket.end(Buffer.from([0x15, 3, 3, 0, 2, 2, 40]))),
    "tls-closes-on-hello": onHello((socket) => socket.end()),
    "tls-resets-on-hello": onHello((socket) => socket.resetAndDestroy()),
    "tls-noise": onHello((socket) => socket.write(Buffer.alloc(4096, 0x5a))),
    "tls-handshake-silent": { act: () => {} },
    // A record of handshake data that is announced at full length and comes a byte at a time.
    "tls-handshake-dripped": onHello((socket) => {
      socket.write(Buffer.from([0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc]));
      const timer = setInterval(() => socket.write(Buffer.of(3)), 50);
      socket.on("close", () => clearInterval(timer));
    }),
  };
  return { doubles, authority: trusted.cert };
}
