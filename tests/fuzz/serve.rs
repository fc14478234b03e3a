//! Requests: whatever is sent, the answer is one of ours.

use std::collections::HashSet;
use std::sync::LazyLock;

use vedette::access::Caller;
use vedette::answer::Answer;
use vedette::change;
use vedette::config::{Config, Problems};
use vedette::follow::WAIT;
use vedette::history::{Query, SampleQuery};
use vedette::incident;
use vedette::reader::{Source, Tier};
use vedette::serve::{
    Ask, Basis, Plan, Question, Recorded, View, after_news, answer, kept, plan, remembered, stream,
};
use vedette::snapshot::Snapshot;
use vedette::units::{Millis, Timestamp};
use vedette::verdict::Status;

use crate::campaign::{Outcome, Subject, law};

/// A pool whose addresses may be named, and one whose may not.
pub const SHOP: &str = r#"
[[pool]]
name = "shop"
expose_urls = true
vantages = ["weur", "enam"]
origin = [{ name = "primary", url = "http://192.0.2.1" }, { name = "standby", url = "http://192.0.2.2" }]

[[pool]]
name = "vault"
origin = [{ name = "one", url = "https://hidden.example" }]

[[notify]]
name = "ops"
kind = "webhook"
url = "https://hooks.example"
secret = "KEY"
"#;

/// The configuration of [`SHOP`].
pub fn shop() -> Config {
    Config::parse(SHOP).unwrap()
}

/// What no answer may say: the address of a pool that does not expose it.
const HIDDEN: &str = "hidden.example";

/// What no answer may repeat.
const MARK: &str = "Zq7xMark";

static CONFIG: LazyLock<Config> = LazyLock::new(shop);
static PROBLEMS: LazyLock<Problems> = LazyLock::new(|| Config::parse("plan = \"gratis\"").unwrap_err());
static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(snapshot);

/// Method and target, with one space between them.
pub const REQUEST: Subject = Subject {
    name: "target",
    share: 25,
    seeds: Vec::new,
    words: &[
        "GET ",
        "HEAD ",
        "POST ",
        "/",
        "//",
        "/health",
        "/route",
        "/livez",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/v1/pools",
        "/v1/monitors",
        "/v1/origins",
        "/v1/votes",
        "/v1/events",
        "fields=name,status",
        "limit=1",
        "cursor=",
        "since=2023-11-14T22:13:20Z",
        "kind=pool",
        "pool=shop",
        "%2C",
        "/style.css",
        "/v1/heartbeat/",
        "/page.js",
        "/shop",
        "/vault",
        "/primary",
        "/pool/shop",
        "/monitor/",
        "/incidents",
        "/incident/shop-mkz3k0q8",
        "/v1/changes",
        "/v1/changes/change-7",
        "/v1/purge",
        "format=markdown",
        "/status",
        "/badge/shop.svg",
        "/badge/vault.json",
        "/feed.atom",
        "show=response",
        "show=availability",
        "window=7d",
        "?",
        "&",
        "=",
        "#",
        "format=",
        "format=text",
        "format=redirect",
        "format=json",
        "verbose",
        "/v1/stream",
        "wait=",
        "wait=30s",
        "revision=",
        "revision=7",
        "-lapsed",
        "..",
        "%2e%2e",
        ";",
        "__proto__",
        "toString",
    ],
    check: request,
};

/// `If-None-Match`.
pub const CONDITION: Subject = Subject {
    name: "if-none-match",
    share: 3,
    seeds: || {
        let tags = ["/health", "/route/shop"].map(|target| Ask {
            method: "GET",
            target,
            if_none_match: None,
            accept: None,
            caller: None,
        });
        let tags = tags.iter().filter_map(|ask| header(&whole(ask).ok()?.0, "etag").map(str::to_owned));
        tags.map(String::into_bytes).collect()
    },
    words: &["W/", "\"", "\"\"", "*", ", ", ",", "W/\"shop-7\"", "shop-"],
    check: condition,
};

fn request(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let (method, target) = text.split_once(' ').unwrap_or(("GET", &text));
    let ask = Ask { method, target, if_none_match: None, caller: None, accept: None };
    let (answer, kind) = whole(&ask)?;
    law!(answer.status != 304, "304 without a condition");
    // The mark goes to places that follow from the input, so that a failure can be repeated.
    for (part, text) in [target, method].iter().enumerate() {
        for place in [0, text.len() / 2, text.len()] {
            let place = text.floor_char_boundary(place);
            let marked = format!("{}{MARK}{}", &text[..place], &text[place..]);
            let ask = if part == 0 { Ask { target: &marked, ..ask } } else { Ask { method: &marked, ..ask } };
            silent(&whole(&ask)?.0)?;
        }
    }
    Ok(kind)
}

fn condition(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let marked = format!("{text}{MARK}");
    let mut kinds = Vec::new();
    for target in ["/health", "/route/shop", "/style.css", "/nope"] {
        let ask = Ask { method: "GET", target, if_none_match: None, caller: None, accept: None };
        let (plain, _) = whole(&ask)?;
        let (answer, kind) = whole(&Ask { if_none_match: Some(&text), ..ask })?;
        law!(
            answer.status == 304 || answer == plain,
            "{target}: neither 304 nor what is answered without a condition"
        );
        if answer.status == 304 {
            let tag = header(&answer, "etag").unwrap_or_default().trim_start_matches("W/");
            law!(text.trim() == "*" || text.contains(tag), "{target}: 304 for another tag");
        }
        silent(&whole(&Ask { if_none_match: Some(&marked), ..ask })?.0)?;
        kinds.push(kind);
    }
    Ok(kinds.join(", "))
}

/// The answer to a request, held to the laws of every answer, and its kind in a few words.
fn whole(ask: &Ask<'_>) -> Result<(Answer, String), String> {
    if let Plan::FromSnapshot(target) = plan(Err(&PROBLEMS), ask) {
        return Err(format!("without a configuration there is no snapshot for {target:?}"));
    }
    let (answer, kind) = match plan(Ok(&CONFIG), ask) {
        Plan::Done(answer) => {
            let kind = format!("{} {}", answer.status, answer.body.chars().take(60).collect::<String>());
            (answer, kind)
        }
        Plan::Recorded(asked) => recorded(&asked, ask)?,
        // Changes are for people of the service, however open the rest is.
        Plan::Who if ask.caller.is_none() && ask.target.contains("/change") => {
            let (answer, kind) = whole(&Ask { caller: Some(&Caller::Nobody), ..*ask })?;
            law!(answer.status == 401, "{} is told to anybody: {kind}", ask.target);
            (answer, kind)
        }
        Plan::SignIn | Plan::Write | Plan::Audit | Plan::Who => {
            return Err("nobody has to know who asks".into());
        }
        Plan::Beat(claim) => return Err(format!("a heartbeat of nobody: {claim:?}")),
        Plan::AfterNews(target, wait) => {
            law!(is_ours(&target), "{target:?} is followed");
            law!((WAIT.0..=WAIT.1).contains(&wait.length), "it waits for {}", wait.length);
            (after_news(&target, ask, &basis()), format!("waits for {target:?}"))
        }
        Plan::Stream(pool) => {
            law!(has(&pool, None), "it is followed");
            (stream(ask), "a stream".to_owned())
        }
        Plan::StreamOfAll { all } => {
            law!(!all, "nobody proved to be a reader");
            (stream(ask), "a stream of all".to_owned())
        }
        Plan::FromSnapshot(target) => {
            law!(is_ours(&target), "{target:?} reaches the Arbiter");
            let answer = answer(&target, ask, &basis());
            again(&target, ask, &answer)?;
            let kind = format!("{} {target:?}", answer.status);
            (answer, kind)
        }
    };
    lawful(&answer)?;
    Ok((answer, kind))
}

/// A question about the past reaches an object only within its bounds.
fn recorded(asked: &Recorded, ask: &Ask<'_>) -> Result<(Answer, String), String> {
    let now = basis().now;
    let said = match asked.question(&CONFIG, now) {
        Ok(Question::History(query)) => {
            let steps = query.window.to.since(query.window.from).get() / query.step.length().get();
            law!((1..=842).contains(&steps), "{steps} steps");
            law!(query.quantiles.len() <= 10, "{query:?}");
            law!(Query::parse(&query.path()) == Some(query.clone()), "{query:?} is not read back");
            Ok(Some(String::new()))
        }
        Ok(Question::Samples(query)) => {
            let length = query.window.to.since(query.window.from);
            law!(length <= Millis::from_secs(6 * 3_600), "{length}");
            law!(SampleQuery::parse(&query.path()) == Some(query.clone()), "{query:?} is not read back");
            Ok(Some(String::new()))
        }
        Ok(Question::Incidents(query)) => {
            law!((1..=500).contains(&query.limit), "{query:?}");
            law!(incident::Query::parse(&query.path()) == Some(query.clone()), "{query:?} is not read back");
            Ok(Some("{\"incidents\":[]}".to_owned()))
        }
        Ok(Question::Changes(query)) => {
            law!((1..=100).contains(&query.limit), "{query:?}");
            law!(change::Query::parse(&query.path()) == Some(query.clone()), "{query:?} is not read back");
            Ok(Some("{\"changes\":[]}".to_owned()))
        }
        Ok(Question::Change(id, _)) => {
            law!(change::number_of(&id).is_some(), "{id:?}");
            Ok(Some(String::new()))
        }
        Ok(Question::Availability(..) | Question::Days(..) | Question::Incident(..) | Question::Lately) => {
            Ok(None)
        }
        Err(refused) => Err(refused),
    };
    let answer = remembered(asked, said, ask);
    Ok((answer.clone(), format!("{} of the past", answer.status)))
}

/// Whether the configuration has a pool, or an origin of it.
fn has(pool: &str, origin: Option<&str>) -> bool {
    CONFIG.pool(pool).is_some_and(|pool| {
        origin.is_none_or(|origin| pool.origins.iter().any(|known| known.id.origin.as_str() == origin))
    })
}

/// Whether the configuration has what a view names.
fn is_ours(view: &View) -> bool {
    match view {
        View::Health { pool: Some(pool), origin, .. } => has(pool, origin.as_deref()),
        View::Health { pool: None, origin, .. } => origin.is_none(),
        View::Signal { pool, .. } => has(pool, None),
        View::Api(query) => query.pool.as_deref().is_none_or(|pool| has(pool, query.origin.as_deref())),
        View::Dossier(_) | View::Badge(_) => {
            let named = view.names();
            named.0.is_some_and(|pool| has(pool, named.1))
        }
        View::Ready { .. }
        | View::Metrics { .. }
        | View::Chronicle(_)
        | View::Changes(_)
        | View::Announcement
        | View::Page
        | View::Status
        | View::Feed => true,
    }
}

/// What is given again is what would be answered, for a second at most.
fn again(target: &View, ask: &Ask<'_>, answer: &Answer) -> Result<(), String> {
    let basis = basis();
    if let Some((kept, until)) = kept(target, ask, &basis, answer) {
        law!(kept == *answer, "what is given again is something else");
        law!(
            until > basis.now && until <= basis.now.plus(Millis::from_secs(1)),
            "it is given again until {until}"
        );
        law!(ask.method == "GET" && ask.if_none_match.is_none(), "{ask:?} is given again");
        law!(ask.target.len() < 40, "{} would be kept", ask.target);
    }
    Ok(())
}

/// The laws of every answer.
pub fn lawful(answer: &Answer) -> Result<(), String> {
    let status = answer.status;
    law!([200, 204, 304, 307, 400, 401, 403, 404, 405, 414, 503].contains(&status), "status {status}");
    let mut names = HashSet::new();
    for (name, value) in &answer.headers {
        law!(names.insert(name), "{name} comes twice");
        law!(http::HeaderName::from_lowercase(name.as_bytes()).is_ok(), "{name} is not the name of a header");
        law!(http::HeaderValue::from_str(value).is_ok(), "{name} has the value {value:?}");
    }
    for name in ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"] {
        law!(names.contains(&name), "{name} is missing");
    }
    let kind = header(answer, "content-type");
    law!([204, 304].contains(&status) == kind.is_none(), "{status} with the type {kind:?}");
    if kind.is_some_and(|kind| kind.contains("json")) {
        let document: serde_json::Value =
            serde_json::from_str(&answer.body).map_err(|error| format!("not JSON: {error}"))?;
        law!(
            kind != Some("application/problem+json")
                || document["status"] == status && document["detail"].is_string(),
            "the problem says {document}"
        );
    }
    law!(![204, 304].contains(&status) || answer.body.is_empty(), "{status} with a body");
    law!(!format!("{answer:?}").contains(HIDDEN), "an address is told");
    Ok(())
}

fn silent(answer: &Answer) -> Result<(), String> {
    law!(!format!("{answer:?}").contains(MARK), "the request is repeated in {answer:?}");
    Ok(())
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
}

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// What answers from a snapshot rest on.
pub fn basis() -> Basis<'static> {
    let source = Source {
        layer: Tier::Memory,
        age: Millis::new(120),
        limit: Millis::new(500),
        silent: false,
        replaced: false,
    };
    Basis {
        snapshot: &SNAPSHOT,
        config: &CONFIG,
        source,
        now: NOW,
        counts: &[(Tier::Memory, 3)],
        seen: &[],
        past: &[],
        public: None,
    }
}

/// Verdicts of every kind, fresh ones and one that has expired.
fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::blank(&CONFIG, NOW.minus(Millis::from_secs(9)), "not probed yet");
    for (pool, statuses) in
        snapshot.pools.iter_mut().zip([[Status::Fail, Status::Pass], [Status::Warn, Status::Pass]])
    {
        for (origin, status) in pool.origins.iter_mut().zip(statuses) {
            origin.status = status;
            origin.oldest = Some(NOW.minus(Millis::new(2_300)));
            origin.valid_until = NOW.plus(Millis::from_secs(40));
        }
    }
    snapshot
}
