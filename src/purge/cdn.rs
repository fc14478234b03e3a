//! What Cloudflare is asked, and what its answer means
//! (<https://developers.cloudflare.com/api/resources/cache/methods/purge/>).

use serde::Serialize;
use serde_json::Value;

use super::{AtCdn, Purge};
use crate::config::{Cdn, Method, ProbeValue};
use crate::defaults::purge::TIMEOUT;
use crate::exchange::{End, Reply, Request};
use crate::json;
use crate::secret::{ExposeSecret as _, Secret};

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Body<'a> {
    Files(&'a [String]),
    Tags(&'a [String]),
}

/// The requests that clear the CDN's copies, one after the other: addresses and tags are not taken
/// together.
#[must_use]
pub fn requests(cdn: &Cdn, token: &Secret, purge: &Purge) -> Vec<Request> {
    let text = |text: &str| ProbeValue::Text(text.to_owned());
    let agent = concat!("vedette/", env!("CARGO_PKG_VERSION"));
    let bodies = [Body::Files(&purge.urls), Body::Tags(&purge.tags)];
    let request = |body: &Body<'_>| Request {
        method: Method::Post,
        url: format!("{}/zones/{}/purge_cache", cdn.api, cdn.zone),
        headers: vec![
            ("authorization".to_owned(), text(&format!("Bearer {}", token.expose_secret().trim()))),
            ("content-type".to_owned(), text("application/json")),
            ("user-agent".to_owned(), text(agent)),
        ],
        body: Some(text(&json::write(body))),
        timeout: TIMEOUT,
        redirects: 0,
        followed: 0,
        wanted: vec!["retry-after".to_owned()],
    };
    let asks = |body: &&Body<'_>| match body {
        Body::Files(list) | Body::Tags(list) => !list.is_empty(),
    };
    bodies.iter().filter(asks).map(request).collect()
}

/// What an answer means. Nothing of its words is repeated: they may hold what was sent.
#[must_use]
pub fn read(reply: &Reply) -> AtCdn {
    let Some(head) = &reply.head else {
        return AtCdn::Failed(match &reply.end {
            End::TimedOut => format!("no answer within {TIMEOUT}"),
            End::NotSent(why) => why.clone(),
            End::Complete | End::TooLong | End::Broken(_) | End::Redirected(_) => {
                "the connection failed".to_owned()
            }
        });
    };
    let said: Value =
        std::str::from_utf8(&reply.body).ok().and_then(json::read::<Value>).unwrap_or(Value::Null);
    if (200..300).contains(&head.status) && said.get("success").and_then(Value::as_bool) == Some(true) {
        return AtCdn::Cleared;
    }
    let code = said.get("errors").and_then(|errors| errors.get(0)?.get("code")?.as_u64());
    let code = code.map(|code| format!(" with the code {code}")).unwrap_or_default();
    let advice = match head.status {
        401 | 403 => "; its token needs the permission Cache Purge for this zone".to_owned(),
        429 => {
            let seconds = head.header("retry-after").and_then(|value| value.trim().parse::<u32>().ok());
            seconds.map_or("; try again in a minute".to_owned(), |s| format!("; try again in {s} s"))
        }
        _ => String::new(),
    };
    AtCdn::Failed(format!("status {}{code}{advice}", head.status))
}
