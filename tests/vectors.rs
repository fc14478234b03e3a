//! What stands in Rust and in the JavaScript of the worker is one rule: this writes down what the
//! core says of many examples, and `tests/vectors/replay.test.mjs` holds the JavaScript to it.
//!
//! `UPDATE_EXPECT=1 cargo test --test vectors` writes `tests/vectors/*.json` anew, to be read
//! before they are committed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails is what a panic is for"
)]
#![expect(clippy::wildcard_enum_match_arm, reason = "the kinds of JSON are no more than these")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use serde::Serialize;
use serde_json::{Value, json};
use vedette::config::Config;
use vedette::path::{host_of, is_ambiguous, is_authority, is_this_machine, plain};
use vedette::proxy::open::Open;
use vedette::proxy::{
    Asked, Attempt, Body, Effect, Event, Inbound, Known, OUTCOMES, OutlierDetector, Proxy, RouteRef, Signs,
    Step, Times, fields, matched, unreached,
};
use vedette::snapshot::Snapshot;
use vedette::units::{Millis, Timestamp};
use vedette::verdict::Status;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// Routes of every kind: below each other, with a prefix left out, of a host without any other
/// path, of every other host.
const ROUTED: &str = r#"
[[pool]]
name = "shop"
min_votes = 1
[[pool.origin]]
name = "later"
url = "http://later.example.com:8080"
priority = 1
[[pool.origin]]
name = "first"
url = "https://first.example.com/base"
priority = 0
[[pool]]
name = "api"
min_votes = 1
[[pool.origin]]
name = "only"
url = "http://api.example.com"
[[route]]
host = "shop.example.org"
pool = "shop"
stale_if_error = "1h"
[[route]]
host = "shop.example.org"
path = "/api/"
pool = "api"
strip_prefix = true
[[route]]
host = "shop.example.org"
path = "/api/v2"
pool = "shop"
[[route]]
host = "narrow.localhost"
path = "/only/here"
pool = "api"
strip_prefix = true
[[route]]
host = "constructor"
pool = "api"
[[route]]
host = "*"
path = "/any"
pool = "api"
"#;

/// Holds a file of vectors to what the core says, or writes it anew.
fn holds<T: Serialize>(name: &str, vectors: &T) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let text = lines(&serde_json::to_value(vectors).unwrap());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    assert!(known == text, "{} is not what the core says; see UPDATE_EXPECT above", file.display());
}

/// JSON with a line for each row, so that a difference shows which one it is.
fn lines(vectors: &Value) -> String {
    let rows = |rows: &[Value]| {
        let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
        format!("[\n{}\n]", rows.join(",\n"))
    };
    let member = |(name, value): (&String, &Value)| match value {
        Value::Array(found) if found.iter().all(Value::is_object) => format!("\"{name}\": {}", rows(found)),
        other => format!("\"{name}\": {other}"),
    };
    match vectors {
        Value::Array(found) => format!("{}\n", rows(found)),
        Value::Object(found) => {
            format!("{{\n{}\n}}\n", found.iter().map(member).collect::<Vec<_>>().join(",\n"))
        }
        other => format!("{other}\n"),
    }
}

fn routed() -> Config {
    Config::parse(ROUTED).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Every origin passes, and will for a while.
fn known(config: &Config) -> Known {
    let mut snapshot = Snapshot::blank(config, NOW, "nothing yet");
    for origin in snapshot.pools.iter_mut().flat_map(|pool| &mut pool.origins) {
        origin.status = Status::Pass;
        origin.valid_until = NOW.plus(Millis::from_secs(45));
        origin.since = NOW.minus(Millis::from_secs(600));
    }
    for pool in &mut snapshot.pools {
        pool.chosen = None;
    }
    Known { snapshot: Rc::new(snapshot), rests_until: NOW.plus(Millis::from_secs(30)) }
}

/// What the core says first of a request, as `proxy.mjs` is told it.
fn first(config: &Config, inbound: &Inbound<'_>) -> Option<Step> {
    Proxy::new(config, 1).on_request(config, inbound, |_| Some(known(config)), NOW)
}

fn written(step: &Step) -> Value {
    serde_json::from_str(&step.write()).unwrap()
}

/// Addresses, and whether requests for them may go under a lease.
const ADDRESSES: &[(&str, bool)] = &[
    ("https://shop.example.org/", true),
    ("https://shop.example.org", false),
    ("https://shop.example.org/?a=/b/c", true),
    ("https://shop.example.org?a", false),
    ("https://shop.example.org/x", true),
    ("https://shop.example.org/x/y?z", true),
    ("https://shop.example.org/x#y", false),
    ("https://shop.example.org/api", true),
    ("https://shop.example.org/api/", true),
    ("https://shop.example.org/api?x", true),
    ("https://shop.example.org/api/x/y?z", true),
    ("https://shop.example.org/api//x", true),
    ("https://shop.example.org//api/x", true),
    ("https://shop.example.org/apix", true),
    ("https://shop.example.org/api/v2", true),
    ("https://shop.example.org/api/v2/x", true),
    ("https://shop.example.org/api/v2?x", true),
    ("https://shop.example.org/api/v22", true),
    ("https://shop.example.org/API/v2", true),
    ("https://shop.example.org/%61pi/x", true),
    ("https://shop.example.org/api/%762/x", true),
    ("https://shop.example.org/a%20b", true),
    ("https://shop.example.org/a%2Fb", false),
    ("https://shop.example.org/a%2f..%2fb", false),
    ("https://shop.example.org/a%5c..", false),
    ("https://shop.example.org/a%252f..", false),
    ("https://shop.example.org/a/../b", false),
    ("https://shop.example.org/a/..;x/b", false),
    ("https://shop.example.org/a/%2e%2E/b", false),
    ("https://shop.example.org/a\\b", false),
    ("https://shop.example.org/.well-known/x", false),
    ("https://shop.example.org/.vedette", false),
    ("https://shop.example.org/.vedette/health", false),
    ("https://shop.example.org/%2evedette/health", false),
    ("https://shop.example.org/.vedettex", false),
    ("https://shop.example.org/%zz%4", true),
    ("https://shop.example.org/?next=%2Fx", false),
    ("https://SHOP.example.org/x", true),
    ("https://shop.example.org./x", true),
    ("https://shop.example.org:8443/api/x", true),
    ("https://shop.example.org:/x", true),
    ("http://shop.example.org:80/x", true),
    ("http://user@shop.example.org/x", true),
    ("http://narrow.localhost/only/here", true),
    ("http://narrow.localhost/only/here/", true),
    ("http://narrow.localhost/only/here/x", true),
    ("http://narrow.localhost/only/hereafter", true),
    ("http://narrow.localhost/only", true),
    ("http://narrow.localhost/", true),
    ("http://other.localhost/any", true),
    ("http://elsewhere.example.net/any/x", true),
    ("http://elsewhere.example.net/x", true),
    ("http://user@elsewhere.example.net/any", true),
    ("http://elsewhere.example.net:99999/any", true),
    ("http://constructor/x", true),
    ("http://toString/any", true),
    ("http://localhost/any", true),
    ("http://localhost:8787/any", true),
    ("http://127.0.0.1:8787/any", true),
    ("http://[::1]:8787/any", true),
    ("http://[2001:db8::1]:8787/any", true),
    ("http://192.0.2.1/any", true),
    ("ftp://shop.example.org/x", true),
    ("shop.example.org/x", true),
];

/// What is said of an address whichever way it goes.
#[derive(Serialize)]
struct Address {
    url: String,
    /// How long the address is made by letters at its end; as long as it is if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    /// Whether requests for it may go under a lease.
    usual: bool,
    /// Where the core sends such a request; nothing if it answers by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<String>,
    /// What it learns for the next ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<Value>,
}

impl Address {
    fn of(config: &Config, url: &str, usual: bool) -> Self {
        let step = first(config, &Inbound { method: "GET", url, ..Inbound::default() });
        let told = step.as_ref().map(|step| written(step)["send"].take()).filter(Value::is_object);
        let sent = told.as_ref().and_then(|send| send["url"].as_str()).map(str::to_owned);
        // The rest of it is in `fields.json`.
        let short = |lease: &Value| json!({ "depth": lease["depth"], "base": lease["base"], "strip": lease["strip"] });
        let lease = told.map(|told| short(&told["lease"]));
        Self { url: url.to_owned(), length: None, usual, sent, lease }
    }

    fn long(config: &Config, length: usize, usual: bool) -> Self {
        let url = "https://shop.example.org/";
        let whole = Self::of(config, &format!("{url:x<length$}"), usual);
        let sent = whole.sent.map(|sent| sent.trim_end_matches('x').to_owned());
        Self { url: url.to_owned(), length: Some(length), sent, ..whole }
    }
}

#[test]
fn addresses() {
    let config = routed();
    let mut rows: Vec<Address> =
        ADDRESSES.iter().map(|(url, usual)| Address::of(&config, url, *usual)).collect();
    rows.extend(
        [(8_192, true), (8_193, false), (16_408, false), (16_409, false)]
            .map(|(length, usual)| Address::long(&config, length, usual)),
    );
    // What none of them sends anywhere would hold nothing.
    assert!(rows.iter().filter(|row| row.sent.is_some() && row.lease.is_some()).count() > 20);
    assert!(rows.iter().filter(|row| row.sent.is_none()).count() > 15);
    holds("addresses.json", &json!({ "open": Open::of(&config), "rows": rows }));
}

#[test]
fn authorities() {
    let authorities = [
        "shop.example.org",
        "SHOP.Example.ORG",
        "shop.example.org.",
        "shop.example.org:8080",
        "shop.example.org.:8080",
        "shop.example.org:",
        "shop.example.org:65535",
        "shop.example.org:65536",
        "shop.example.org:x",
        "shop:80:80",
        "a_b~c-d",
        "a..b",
        ".a",
        "a,b",
        "user@a",
        "a b",
        "a/b",
        "*",
        "",
        ":80",
        "%61",
        "[::1]",
        "[::1]:80",
        "[::1",
        "::1",
        "[0:0:0:0:0:0:0:1]",
        "[::]",
        "[::2]",
        "[::ffff:127.0.0.1]",
        "[::ffff:127.9.8.7]:1",
        "[::ffff:7f00:1]",
        "[::ffff:0:0]",
        "[::ffff:128.0.0.1]",
        "[fe80::1]",
        "[x]",
        "[]",
        "127.0.0.1",
        "127.255.255.254:8787",
        "127.1",
        "127.",
        "127.0.0.1.example.com",
        "128.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "localhost",
        "LOCALHOST:8787",
        "localhost.",
        "localhost.example.org",
        "shop.localhost",
        "notlocalhost",
    ];
    let long = ["a.".repeat(127), "a.".repeat(128), format!("{}:80", "a.".repeat(127))];
    let row = |authority: &str| {
        let host = host_of(authority).to_ascii_lowercase();
        json!({
            "authority": authority,
            "good": is_authority(authority),
            "host": host,
            "matched": matched(authority),
            "this_machine": is_this_machine(&host),
        })
    };
    let rows: Vec<Value> = authorities.into_iter().chain(long.iter().map(String::as_str)).map(row).collect();
    holds("authorities.json", &rows);
}

/// Every path of so many of these pieces after a slash, in their order.
const PIECES: [&str; 11] = ["/", ".", "..", "%2e", "%2F", "%5c", "%25", "%3B", "a", ";", "\\"];
const LENGTH: u32 = 3;

#[test]
fn paths() {
    let paths = (0..PIECES.len().pow(LENGTH)).map(|number| {
        let digits = (0..LENGTH).map(|place| number / PIECES.len().pow(place) % PIECES.len());
        digits.filter_map(|digit| PIECES.get(digit)).fold("/".to_owned(), |path, piece| path + piece)
    });
    let paths: Vec<String> = paths.collect();
    let ambiguous: String = paths.iter().map(|path| if is_ambiguous(path) { '1' } else { '0' }).collect();
    assert!(ambiguous.matches('1').count() > 100 && ambiguous.matches('0').count() > 100);
    let further = ["/..%25252fx", "/a%2525%2f..", "/..%2525x", "/%252e%252e%252f", "/%25", "/..%25%2f"];
    let further: BTreeMap<&str, bool> = further.into_iter().map(|path| (path, is_ambiguous(path))).collect();
    let read =
        ["/%61%5A%7e%5F%2D%2E/%30", "/%2f%25%20%C3%A4", "/%%41", "/%4", "/%", "/%2541", "/%4g%G4", "/a"];
    let read: BTreeMap<&str, String> =
        read.into_iter().map(|path| (path, plain(path).into_owned())).collect();
    holds(
        "paths.json",
        &json!({ "pieces": PIECES, "length": LENGTH, "ambiguous": ambiguous, "further": further, "plain": read }),
    );
}

/// Header fields by their names.
type Headers = BTreeMap<String, String>;

/// A request, and whether it may go under a lease.
struct Sent {
    url: &'static str,
    method: &'static str,
    body: bool,
    usual: bool,
    headers: &'static [(&'static str, &'static str)],
}

const USUAL: Sent =
    Sent { url: "https://shop.example.org/x", method: "GET", body: false, usual: true, headers: &[] };
const UNUSUAL: Sent = Sent { usual: false, ..USUAL };

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const REQUESTS: &[Sent] = &[
    USUAL,
    Sent { headers: &[("cf-connecting-ip", "192.0.2.7"), ("accept", "*/*"), ("cookie", "a=b")], ..USUAL },
    Sent { headers: &[("cf-connecting-ip", "2001:db8::7")], ..USUAL },
    Sent { headers: &[("cf-connecting-ip", "6.6.6.6, 7.7.7.7")], ..UNUSUAL },
    Sent { headers: &[("cf-connecting-ip", "\"x\"")], ..UNUSUAL },
    Sent { url: "https://shop.example.org:8443/x", headers: &[("cf-connecting-ip", "192.0.2.7")], ..USUAL },
    Sent { url: "https://SHOP.example.org./x", ..USUAL },
    Sent { url: "https://shop.example.org/api/x", ..USUAL },
    Sent { url: "http://[2001:db8::1]:8787/any", headers: &[("cf-connecting-ip", "2001:db8::7")], ..USUAL },
    Sent { method: "POST", body: true, headers: &[("content-length", "4")], ..USUAL },
    Sent { method: "POST", headers: &[("content-length", "0")], ..USUAL },
    Sent { body: true, headers: &[("content-length", "4")], ..UNUSUAL },
    Sent {
        headers: &[
            ("forwarded", "for=6.6.6.6"),
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-port", "6"),
            ("x-forwarded-prefix", "/evil"),
            ("x-forwarded-proto", "gopher"),
            ("x-forwarded-server", "evil"),
            ("x-real-ip", "6.6.6.6"),
            ("proxy-connection", "x"),
            ("x-forwarded-else", "stays"),
        ],
        ..USUAL
    },
    Sent { headers: &[("x_own", "stays")], ..UNUSUAL },
    Sent {
        headers: &[("x_forwarded_for", "6.6.6.6"), ("x_forwarded_else", "6"), ("cf_ipcountry", "XX")],
        ..UNUSUAL
    },
    Sent {
        headers: &[
            ("x-forwarded_host", "evil"),
            ("true_client_ip", "6.6.6.6"),
            ("x_real_ip", "6.6.6.6"),
            ("content_length", "6"),
        ],
        ..UNUSUAL
    },
    Sent { headers: &[("via", "1.1 elsewhere"), ("cdn-loop", "elsewhere")], ..USUAL },
    Sent { headers: &[("via", "1.1 vedette-0000000000000000")], ..UNUSUAL },
    Sent { headers: &[("cdn-loop", "vedette-0000000000000000")], ..UNUSUAL },
    Sent { headers: &[("connection", "keep-alive")], ..USUAL },
    Sent { headers: &[("connection", "Close")], ..USUAL },
    Sent { headers: &[("connection", "close, x-own"), ("x-own", "1")], ..UNUSUAL },
    Sent { headers: &[("upgrade", "websocket"), ("connection", "Upgrade")], ..UNUSUAL },
    Sent { headers: &[("upgrade", "websocket")], ..UNUSUAL },
    Sent { headers: &[("traceparent", TRACE), ("tracestate", "a=b")], ..USUAL },
    Sent { headers: &[("tracestate", "a=b")], ..UNUSUAL },
    Sent { headers: &[("traceparent", "00-junk"), ("tracestate", "a=b")], ..UNUSUAL },
];

impl Sent {
    fn received(&self) -> Headers {
        self.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// What the core says of it.
    fn step(&self, config: &Config) -> Option<Step> {
        let field =
            |wanted: &str| self.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let names: Vec<&str> =
            self.headers.iter().map(|(name, _)| *name).filter(|name| name.contains('_')).collect();
        let underscored = names.join(" ");
        let inbound = Inbound {
            method: self.method,
            url: self.url,
            body: Body::of(self.body, field("content-length")),
            underscored: (!names.is_empty()).then_some(underscored.as_str()),
            connection: field("connection"),
            via: field("via"),
            cdn_loop: field("cdn-loop"),
            traceparent: field("traceparent"),
            client: field("cf-connecting-ip"),
            ..Inbound::default()
        };
        first(config, &inbound)
    }

    /// The fields that an origin gets where the core is not asked: what says who asks, as the core
    /// says it.
    fn let_through(&self, open: &Open, set: &[(&str, String)]) -> Headers {
        let mut headers = self.received();
        headers.retain(|name, _| !fields::REMOVED.contains(&name.as_str()) && !fields::is_impostor(name));
        let facts = fields::Facts {
            via: self.field("via"),
            cdn_loop: self.field("cdn-loop"),
            ..fields::Facts::default()
        };
        let mark = fields::request(&facts, open.mark);
        let marked = mark.into_iter().filter(|(name, _)| matches!(*name, "via" | "cdn-loop"));
        let said = set.iter().filter(|(name, _)| name.starts_with("x-forwarded-")).cloned();
        headers.extend(said.chain(marked).map(|(name, value)| (name.to_owned(), value)));
        headers
    }

    fn field(&self, wanted: &str) -> Option<&'static str> {
        self.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value)
    }
}

#[test]
fn header_fields() {
    let config = routed();
    let open = Open::of(&config).unwrap();
    let row = |sent: &Sent| {
        let Some(Step::Send(send)) = sent.step(&config) else { panic!("{} is sent", sent.url) };
        let mut headers = sent.received();
        headers.retain(|name, _| !fields::REMOVED.contains(&name.as_str()) && !send.remove.contains(name));
        headers.extend(send.set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let let_through = sent.let_through(&open, &send.set);
        json!({
            "url": sent.url, "method": sent.method, "body": sent.body, "usual": sent.usual, "received": sent.received(),
            "send": written(&Step::Send(send))["send"], "sent": headers, "open": let_through,
        })
    };
    let rows: Vec<Value> = REQUESTS.iter().map(row).collect();
    holds("fields.json", &json!({ "removed": fields::REMOVED, "open": open, "rows": rows }));
}

#[test]
fn grammars() {
    let zero = "0".repeat(32);
    let traces = [
        TRACE.to_owned(),
        TRACE.to_uppercase(),
        TRACE.replace("00-", "01-"),
        TRACE.replace("00-", "ff-"),
        format!("{TRACE}-x"),
        format!("{}-x", TRACE.replace("00-", "01-")),
        format!("{TRACE} "),
        format!("00-{zero}-b7ad6b7169203331-01"),
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01".to_owned(),
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01".to_owned(),
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1".to_owned(),
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01".to_owned(),
        String::new(),
    ];
    let trace = |text: &String| {
        let good = fields::broken_trace(Some(text)).is_empty();
        // Of another version nobody knows what else it may have: those go by the core.
        json!({ "text": text, "good": good, "usual": good && text.starts_with("00-") })
    };
    let addresses = [
        "192.0.2.1",
        "2001:db8::1",
        "2001:DB8::1",
        "::1",
        "",
        "a",
        "g",
        "6.6.6.6, 7.7.7.7",
        "\"x\"",
        "1.2.3.4:80",
        "[::1]",
        " ::1",
    ];
    let address = |text: &str| json!({ "text": text, "good": fields::is_address(text) });
    holds(
        "grammars.json",
        &json!({ "traceparent": traces.iter().map(trace).collect::<Vec<_>>(), "address": addresses.map(address) }),
    );
}

/// What the core does with an outcome at the first of two origins, if the platform answered by
/// itself or did not.
fn is_handed_on(config: &Config, outcome: u16) -> bool {
    let is_good = |signs: Signs<'_>| {
        let mut traffic = OutlierDetector::new(config, 1);
        let known = known(config);
        let (asked, times) = (Asked { method: "GET", body: Body::None }, Times { came: NOW, now: NOW });
        let at = RouteRef { config, route: 0 };
        let view = known.snapshot.pool("shop");
        let mut attempt = Attempt::resume(at, asked, view, &mut traffic, times).unwrap();
        let effect =
            attempt.step(Event::of(outcome, |status| unreached(status, &signs)), config, &mut traffic, NOW);
        effect == Effect::Pass && attempt.is_good()
    };
    let platform =
        Signs { server: Some("cloudflare"), ray: Some("8f2c0a1b2c3d4e5f-AMS"), cache_status: None };
    is_good(Signs::default()) && is_good(platform)
}

#[test]
fn outcomes() {
    let numbers: BTreeMap<&str, usize> =
        OUTCOMES.iter().enumerate().map(|(number, (name, _))| (*name, number)).collect();
    let leases = ["", "retry = { status = [\"429\", \"500-599\"] }", "retry = { status = [\"404\"] }"].map(|retry| {
        let text = format!("{}\n{retry}\n", ROUTED.split("[[route]]\nhost = \"shop.example.org\"\npath").next().unwrap());
        let config = Config::parse(&text).unwrap_or_else(|problems| panic!("{problems}"));
        let send = first(&config, &Inbound { method: "GET", url: USUAL.url, ..Inbound::default() });
        let good: Vec<u16> = (0..6).chain(100..700).filter(|outcome| is_handed_on(&config, *outcome)).collect();
        let ranges = good.chunk_by(|one, next| one + 1 == *next).map(|run| [run[0], run[run.len() - 1]]);
        json!({ "again": written(&send.unwrap())["send"]["lease"]["again"], "good": ranges.collect::<Vec<_>>() })
    });
    holds("outcomes.json", &json!({ "numbers": numbers, "leases": leases }));
}

/// One step of each kind.
#[test]
fn steps() {
    let config = routed();
    let mut proxy = Proxy::new(&config, 1);
    let inbound = Inbound { method: "GET", url: "https://shop.example.org/x", ..Inbound::default() };
    let learn = proxy.on_request(&config, &inbound, |_| None, NOW).unwrap();
    let known = known(&config);
    let send = proxy.on_snapshot(&config, 1, Some(&known), NOW).unwrap();
    let again = proxy.on_response(&config, 2, Event::Broken, NOW).unwrap().step;
    let copy = proxy.on_response(&config, 3, Event::Broken, NOW).unwrap().step;
    let elsewhere = Inbound { url: "http://narrow.localhost/x", ..inbound };
    let answer = proxy.on_request(&config, &elsewhere, |_| None, NOW).unwrap();
    proxy.on_request(&config, &inbound, |_| Some(known), NOW).unwrap();
    let pass = proxy.on_response(&config, 4, Event::Answered(200), NOW).unwrap().step;
    let steps = [learn, send, again, copy, answer, pass].map(|step| written(&step));
    for kind in ["learn", "send", "copy", "answer", "pass"] {
        assert!(steps.iter().any(|step| !step[kind].is_null()), "{kind}");
    }
    holds("steps.json", &steps);
}

/// Every row of the route table: the walk of `tests/runtime/doors.test.mjs` asks each.
#[test]
fn rows() {
    let rows: Vec<Value> = vedette::serve::PATHS.iter().map(|path| json!({ "path": path })).collect();
    holds("rows.json", &rows);
}
