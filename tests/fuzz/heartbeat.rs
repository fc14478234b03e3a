//! Tokens of heartbeats: one that is read has one spelling and is of a job that is configured, and
//! nothing of it is repeated.

use std::sync::LazyLock;

use vedette::config::Config;
use vedette::heartbeat::{LONGEST_TOKEN, MAC_BYTES, claim, token};
use vedette::serve::{Ask, Plan, plan};

use crate::campaign::{Outcome, Subject, law};
use crate::serve::lawful;

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let text = r#"
heartbeat_secret = "HEARTBEAT_KEY"
[[pool]]
name = "jobs"
origin = [{ name = "nightly", kind = "heartbeat", period = "24h" }, { name = "a", kind = "heartbeat", period = "1m" }]
[[pool]]
name = "shop"
origin = [{ name = "primary", url = "http://192.0.2.1" }]
"#;
    Config::parse(text).unwrap()
});

/// What a client writes behind `/v1/heartbeat/`.
pub const TOKEN: Subject = Subject {
    name: "token",
    share: 5,
    seeds: || {
        let jobs = CONFIG.heartbeats().map(|job| token(&job.id, &[0x5a; MAC_BYTES]));
        jobs.map(String::into_bytes).collect()
    },
    words: &[".", "jobs", "nightly", "a", "shop", "primary", "A", "_", "-", "=", "+", "/", "?", "#"],
    check: tokens,
};

fn tokens(input: &[u8]) -> Outcome {
    let text = &*String::from_utf8_lossy(input);
    let Some(claimed) = claim(&CONFIG, text) else {
        let target = format!("/v1/heartbeat/{text}");
        let ask = Ask { method: "POST", target: &target, if_none_match: None, caller: None, accept: None };
        // What stands behind `?` is not of the token.
        let planned = plan(Ok(&CONFIG), &ask);
        if matches!(planned, Plan::Beat(_)) && text.contains('?') {
            return Ok("with a query".into());
        }
        let Plan::Done(answer) = planned else { return Err(format!("{planned:?}")) };
        lawful(&answer)?;
        let more = text.contains(['/', '?']);
        let lawful = [404, 414].contains(&answer.status) || (more && answer.status == 400);
        law!(lawful, "status {}", answer.status);
        law!(text.len() < 8 || !answer.body.contains(text), "it is repeated: {}", answer.body);
        return Ok("refused".into());
    };
    law!(text.len() <= LONGEST_TOKEN, "{} bytes", text.len());
    let spelling = token(&claimed.heartbeat.id, &claimed.mac);
    law!(spelling == text, "{text:?} is written {spelling:?}");
    law!(CONFIG.heartbeat(&claimed.heartbeat.id).is_some(), "{} is not configured", claimed.heartbeat.id);
    Ok(format!("claims {}", claimed.heartbeat.id))
}
