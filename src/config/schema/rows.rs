//! What each setting is written as, and what it means, in a line that an editor shows.

use crate::config::{Dialect, Hint, Topic, origin, page, request, route, settings};

/// What a setting is written as.
pub(super) enum Kind {
    /// A length of time: `"1m 30s"`.
    Duration,
    /// A text of at most so many characters.
    Text(usize),
    /// `true` or `false`.
    Flag,
    /// A whole number from the first to the second.
    Whole(u32, u32),
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// Some of these words.
    Chosen(fn() -> Vec<&'static str>),
    /// A name: `a-z`, `0-9` and `-`.
    Name,
    /// Names, at least one.
    Names,
    /// Location hints and names of `[[vantage]]`.
    Vantages,
    /// An address of http or https.
    Address,
    /// At most so many of them.
    Addresses(u32),
    /// What follows the host in an address.
    Path,
    /// A share in percent.
    Share,
    /// The name of a secret.
    Secret,
    /// One such name, or two while keys are changed.
    Secrets,
    /// A text of at most so many characters, or a secret.
    Value(usize),
    /// Such values by the names of header fields.
    Headers,
    /// At most so many texts.
    Texts(usize),
    /// A text, or at most so many.
    OneOrMore(usize),
    /// Texts by the names of header fields.
    Fields,
    /// Status codes and ranges of them.
    Statuses,
    /// What JSON pointers must find.
    Json,
    /// A length of time, or one to warn and one to fail.
    Latency,
    /// A length of time, `"always"` or `"off"`.
    Connect,
    /// A word, a share or a count.
    Quorum,
    /// A text of this form.
    Pattern(&'static str),
    /// A table of this kind.
    Table(&'static str),
    /// At most so many of them.
    Tables(&'static str, usize),
}

/// One setting.
pub(super) struct Row {
    /// The kind of table that it is meant in; empty where it is the same in all that have it.
    pub table: &'static str,
    /// Its key.
    pub key: &'static str,
    /// What it is written as.
    pub kind: Kind,
    /// What it means.
    pub says: &'static str,
}

const fn all(key: &'static str, kind: Kind, says: &'static str) -> Row {
    Row { table: "", key, kind, says }
}

const fn only(table: &'static str, key: &'static str, kind: Kind, says: &'static str) -> Row {
    Row { table, key, kind, says }
}

use Kind::{
    Address, Addresses, Chosen, Connect, Duration, Fields, Flag, Headers, Json, Latency, Name, Names,
    OneOrMore, Path, Pattern, Quorum, Secret, Secrets, Share, Statuses, Table, Tables, Text, Texts, Value,
    Vantages, Whole, Words,
};

/// Every setting that is not only one table's, and those that are.
pub(super) const ROWS: &[Row] = &[
    // The file.
    all("plan", Words(|| vec!["free", "paid"]), "The limits that a deployment is held to"),
    all("arbiter_location", Words(|| Hint::KNOWN.to_vec()), "Where the object that decides lives"),
    all("public_url", Address, "Where people find the page; messages lead there"),
    all("references", Addresses(4), "What a vantage asks before it believes that everything fails"),
    all("heartbeat_secret", Secret, "The name of the secret that tokens of heartbeats are made with"),
    all("defaults", Table("defaults"), "Inherited by every monitor, pool and origin"),
    all("vantage", Tables("vantage", 64), "A place that probes, where it is more than a location hint"),
    all("monitor", Tables("monitor", 1_000), "One thing, watched and told by itself"),
    only("file", "pool", Tables("pool", 1_000), "Origins that can stand in for one another"),
    all("route", Tables("route", 1_000), "Requests that go to a pool, and around an origin that fails"),
    all("notify", Tables("notify", 16), "Where messages go"),
    all("page", Table("page"), "The page that people see"),
    all("access", Table("access"), "Who may see what"),
    all("incidents", Table("incidents"), "What opens an incident"),
    all("purge", Table("purge"), "The CDN whose copies can be cleared"),
    all("zone", Text(32), "The zone's id: 32 of 0-9 and a-f"),
    all("token", Secret, "The name of the secret that holds an API token which may purge the cache"),
    only("purge", "api", Address, "Where the CDN is asked, if not at Cloudflare"),
    all("open_on", Words(|| vec!["fail", "warn"]), "Which verdict of a pool opens an incident"),
    all("history", Table("history"), "For how long rollups are kept"),
    all("minutes", Duration, "For how long rollups of five minutes are kept, at most 48h"),
    all("hours", Duration, "For how long rollups of an hour are kept, at most 35d"),
    all("days", Duration, "For how long rollups of a day and transitions are kept, at most 400d"),
    all("read_tokens", Secret, "The name of the secret that holds the tokens of readers"),
    all("admin_tokens", Secret, "The name of the secret that holds the tokens of writers"),
    all("jwt_issuer", Address, "Cloudflare Access: the team's address, which signs JWTs"),
    all("jwt_audience", OneOrMore(16), "Cloudflare Access: the AUD tag of the application, or several"),
    all("jwt_admins", OneOrMore(64), "Who of those that Access lets in may write: e-mails or subjects"),
    only("access", "page", Words(tiers), "Who sees the page"),
    only("access", "status", Words(tiers), "Who sees the page for customers, badges and the feed"),
    all("health", Words(tiers), "Who is told of health"),
    all("signal", Words(tiers), "Who is told the failover signal"),
    all("readiness", Words(tiers), "Who is told of the worker's own parts"),
    all("api", Words(tiers), "Who reads below /v1/"),
    all("metrics", Words(tiers), "Who reads metrics"),
    // What is inherited.
    all("interval", Duration, "Between two probes of one origin from one vantage: 1s to 1day"),
    all("fast_interval", Duration, "The same while a vote is in doubt"),
    all("down_interval", Duration, "The same once the vote says fail"),
    all("timeout", Duration, "For headers and body together: 100ms to 19s, at most the interval"),
    only("route", "timeout", Duration, "For one origin, to its response headers"),
    all("connect", Connect, "How often a probe opens a connection of its own"),
    all("fall", Whole(1, settings::MAX_RUN), "Failures in a row until a vantage votes fail"),
    all("rise", Whole(1, settings::MAX_RUN), "Passes in a row until it votes pass"),
    all(
        "window",
        Pattern("^[0-9]+/[0-9]+$"),
        "Fails also at so many failures in so many samples, as \"3/5\"",
    ),
    all("vantages", Vantages, "The places that probe: location hints as \"weur\", and names of [[vantage]]"),
    all("probe", Table("probe"), "The request that is sent"),
    all("expect", Table("expect"), "What its answer must be"),
    // Monitors, pools and origins.
    all("name", Name, "Its name in addresses and messages: 1 to 63 of a-z, 0-9 and \"-\""),
    all("kind", Words(|| origin::KINDS.to_vec()), "Whether it is probed, or reports by itself"),
    only("notify", "kind", Words(|| vec!["webhook", "slack"]), "How messages are sent"),
    all("url", Address, "Where it answers; a path here stands before that of the probe"),
    only("link", "url", Text(2_048), "Where it leads"),
    all("priority", Whole(0, origin::MAX_PRIORITY), "Lower serves first"),
    all("weight", Whole(0, origin::MAX_WEIGHT), "The share of traffic under weighted steering"),
    all("origin", Tables("origin", 10_000), "One address that can serve the pool's traffic"),
    all("quorum", Quorum, "How many live votes must say fail"),
    all("min_votes", Whole(1, 64), "Fewer live votes than this: unknown"),
    all("vote_ttl", Duration, "How long a vote counts after its last evidence"),
    all("hold_down", Duration, "Delays a change towards pass"),
    all("max_hold", Duration, "The longest that flapping delays it"),
    all("failback_delay", Duration, "How long a recovered origin waits before it takes traffic again"),
    all("panic", Share, "With fewer usable origins than this share, all count as usable"),
    all("expose_urls", Flag, "Whether answers may name the addresses of origins"),
    all("cert_warn", Duration, "Warns this long before a certificate ends; not active yet"),
    all("public", Flag, "Whether it is shown without a token"),
    all("period", Duration, "The longest time between two reports of a job"),
    all("grace", Duration, "How much later than that it may be"),
    all("get", Flag, "Whether a job may report by GET"),
    // What people read.
    all("title", Text(80), "What people read, in any script"),
    all("group", Text(80), "Its heading on the page"),
    all("description", Text(500), "What is said of it"),
    all("link", Text(2_048), "Where it leads"),
    all("tags", Texts(16), "Words to find it by"),
    // Probes.
    all("method", Words(|| request::METHODS.map(|(word, _)| word).to_vec()), "The method of the request"),
    only("probe", "path", Path, "The path that is asked for, with its query"),
    all("redirects", Whole(0, request::MAX_REDIRECTS), "How many redirects are followed"),
    only("probe", "headers", Headers, "Header fields that are sent: text, or { secret = \"NAME\" }"),
    only("probe", "body", Value(16_384), "What is sent with POST, PUT and PATCH"),
    // Expectations.
    all("status", Statuses, "The status codes that are good, as [\"200-299\", 304]"),
    only("answer", "status", Whole(200, 599), "Its status code"),
    all("body_is", Text(4_096), "What the body must be"),
    all("body_contains", Text(4_096), "What must be in the body"),
    all("body_not_contains", Text(4_096), "What must not be in it"),
    all("body_matches", Text(4_096), "A regular expression that must match in it"),
    all("json", Json, "What JSON pointers into the body must find, as { \"/ok\" = true }"),
    only("expect", "headers", Fields, "What header fields of the answer must contain"),
    all("document", Words(documents), "How a body that speaks of health is read"),
    all("max_latency", Latency, "Slower than this warns; or { warn = \"800ms\", fail = \"2s\" }"),
    all("max_db_calls", Whole(0, 1_000_000), "More database calls than this warn"),
    all("max_db_time", Duration, "More time in the database than this warns"),
    all("db_metric", Text(256), "The metric of Server-Timing that counts database time"),
    all("db_calls_header", Text(256), "The header field that counts database calls"),
    all("timings", Texts(4), "Other metrics of Server-Timing of which the time is kept, as \"render\""),
    // Vantages.
    all("service", Pattern("^[A-Za-z_][A-Za-z0-9_]{0,63}$"), "The service binding of a placed Worker"),
    all("hint", Words(|| Hint::KNOWN.to_vec()), "The location hint"),
    // Routes.
    all("host", Text(253), "The host whose requests are passed on; \"*\" is any"),
    only("route", "path", Path, "The path that they begin with"),
    only("route", "pool", Name, "The pool that they go to"),
    all("steering", Words(|| route::STEERINGS.map(|(word, _)| word).to_vec()), "How an origin is chosen"),
    all("strip_prefix", Flag, "Whether the path of the route is left out on the way"),
    all("deadline", Duration, "For all attempts together"),
    all("attempts", Whole(1, route::MAX_ATTEMPTS), "How many origins are asked at most"),
    all("retry", Table("retry"), "When another origin is asked"),
    all("slow_start", Duration, "How long a recovered origin takes to get its whole share"),
    all("stale_if_error", Duration, "How old a copy may be that is given if no origin answers"),
    all("answer", Table("answer"), "What is answered if no origin does"),
    all("try_failing", Flag, "Whether failing origins are asked when none passes"),
    all("methods", Chosen(|| route::METHODS.to_vec()), "The methods that may be sent again"),
    all("budget", Share, "The greatest share of requests that is sent again"),
    all("content_type", Text(200), "Its Content-Type"),
    only("answer", "body", Kind::Value(16_384), "Its body"),
    // Channels.
    only("notify", "url", Value(2_048), "Where messages are sent: an address, or { secret = \"NAME\" }"),
    all("secret", Secrets, "The name of the secret that signs messages"),
    all("on", Chosen(|| Topic::ALL.map(Topic::as_str).to_vec()), "What is told"),
    all("pools", Names, "The pools that are told of; all if left out"),
    all("monitors", Names, "The monitors that are told of; all if left out"),
    all("after", Duration, "Tells only of what lasts this long"),
    all("every", Duration, "Tells again while it lasts"),
    all("cap", Pattern("^[0-9]+/.+$"), "The most messages in a time, as \"20/1h\""),
    all("give_up", Duration, "How long a message is tried"),
    // The page.
    all("logo", Text(65_536), "A picture: a path, an address, or a data: URL"),
    all("links", Tables("link", page::MAX_LINKS), "Where the page leads"),
    all("text", Text(80), "What is read"),
    all("language", Text(35), "The language of dates, as \"de-CH\""),
    all("time_zone", Text(64), "The time zone of dates, as \"Europe/Zurich\""),
    all("groups", Texts(1_000), "Headings in their order"),
    all("order", Texts(1_000), "Monitors and pools in their order"),
];

fn tiers() -> Vec<&'static str> {
    vec!["public", "read"]
}

fn documents() -> Vec<&'static str> {
    ["auto", "off"].into_iter().chain(Dialect::ALL.map(Dialect::as_str)).collect()
}
