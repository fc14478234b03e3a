//! A past for the pages that show one, as `/v1/history` and `/v1/availability` would tell it.

use serde_json::{Value, json};
use vedette::config::Config;
use vedette::snapshot::Snapshot;
use vedette::units::{Millis, Timestamp};
use vedette::verdict::Status;

const STEP: Millis = Millis::from_secs(300);

/// What is told of every pool by the day.
pub fn of_all(config: &Config, now: Timestamp) -> String {
    Value::from(config.pools.iter().map(|pool| days(config, pool.name.as_str(), now)).collect::<Vec<_>>())
        .to_string()
}

/// What is told of one pool by the day: it failed for some minutes of a few days, and nobody looked
/// in the first week.
pub fn days(config: &Config, pool: &str, now: Timestamp) -> Value {
    let origins = config.pool(pool).into_iter().flat_map(|pool| &pool.origins);
    let names = std::iter::once(pool.to_owned()).chain(origins.map(|origin| origin.id.to_string()));
    let subjects = names.map(|name| {
        let bad = |day: u64| (day * 7 + name.len() as u64) % 31 == 3;
        let of = |day: u64| match day {
            0..=6 => json!([0, 0, 0, 86_400]),
            day if bad(day) => json!([86_400 - day * 60, 0, day * 60, 0]),
            day if day % 23 == 9 => json!([80_000, 6_400, 0, 0]),
            _ => json!([86_400, 0, 0, 0]),
        };
        let shares = |availability: f64| json!({ "availability": availability });
        json!({
            "subject": name, "status": "pass", "days": (0..90).map(of).collect::<Vec<_>>(),
            "windows": { "24h": shares(1.0), "7d": shares(0.999_91), "90d": shares(0.998_7) },
        })
    });
    let first = now.midnight().minus(Millis::DAY.times(89));
    json!({
        "pool": pool, "at": now.to_string(), "days_from": first.to_string(),
        "subjects": subjects.collect::<Vec<_>>(),
    })
}

/// A day of five minutes each: slower by day than by night, with an outage and an hour in which
/// nobody looked.
pub fn history(now: Timestamp) -> String {
    let to = Timestamp::from_millis(now.as_millis().div_ceil(STEP.get()) * STEP.get());
    let from = to.minus(STEP.times(288));
    let steps = (0..288_u64).map(|step| {
        let at = from.plus(STEP.times(step));
        let classes = match step {
            100..=111 | 287 => json!({}),
            _ if step % 9 == 0 => json!({ "origin-proven": sums(step), "edge-only": sums(step / 9) }),
            _ => json!({ "origin-proven": sums(step) }),
        };
        let unknown_s = if (100..=111).contains(&step) || step == 287 { 300 } else { 0 };
        json!({ "at": at.to_string(), "unknown_s": unknown_s, "classes": classes })
    });
    let complete = to.minus(STEP).to_string();
    json!({
        "from": from.to_string(), "to": to.to_string(), "complete_until": complete,
        "steps": steps.collect::<Vec<_>>(),
    })
    .to_string()
}

fn sums(step: u64) -> Value {
    let wave = step.abs_diff(144) / 6;
    let noise = |most: u64| (step * step * 31 + step * 7) % 97 * most / 97;
    let p50 = 90 - wave + noise(4);
    let fail = if (200..206).contains(&step) { 40 } else { u64::from(step % 50 == 7) };
    let quantiles = |ms: u64| json!({ "0.5": ms, "0.95": ms * 2 + noise(12), "0.99": ms * 3 + noise(40) });
    json!({
        "samples": 90, "pass": 90 - fail, "warn": 0, "fail": fail,
        "response_ms": { "quantiles": quantiles(p50) }, "db_ms": { "quantiles": quantiles(p50 / 3) },
        "db_calls": 270 + wave, "db_stated": 90,
    })
}

/// What is told of incidents: of one that is open, or of two that are over.
pub fn incidents(now: Timestamp, open: bool) -> String {
    let ids: &[&str] = if open { &["shop-open"] } else { &["shop-mkz3k0q8", "shop-mkz3k0q1"] };
    json!({ "incidents": ids.iter().map(|id| incident(now, id)).collect::<Vec<_>>() }).to_string()
}

/// What is told of one of them, with a note that is hostile.
pub fn incident(now: Timestamp, id: &str) -> Value {
    let (hostile, over) = (id == "shop-mkz3k0q8", id != "shop-open");
    let ago = if over { Millis::DAY.times(if hostile { 1 } else { 4 }) } else { Millis::from_secs(40) };
    let opened = now.minus(ago);
    let at = |seconds| opened.plus(Millis::from_secs(seconds)).to_string();
    let long = format!("The disk of shop-a was full.\n<b>Emptied</b> it: {}", "/var/log".repeat(40));
    let lasted = if hostile { 754 } else { 2_471 };
    let (closed, length) = (over.then(|| at(lasted)), over.then_some(lasted));
    let (fail, warn) = (over.then_some(lasted - 54), over.then_some(0));
    let notes = if hostile {
        json!([{ "at": at(30), "who": "ada", "text": long }])
    } else {
        json!([
            { "at": at(400), "who": "ada", "text": "The disk of its database is full: last night's export was never taken away." },
            { "at": at(2_300), "who": "grace", "text": "Export taken away, and an alarm set at 80%.\nThe copy takes the traffic until it has caught up." },
        ])
    };
    let (cause, reason) = if hostile {
        ("answer", "3 of 3 vantages: status 500 is not expected (apac, enam, weur)")
    } else {
        ("no-answer", "2 of 3 vantages: no answer within 3s (apac, weur)")
    };
    let vantages: &[&str] = if hostile { &["apac", "enam", "weur"] } else { &["apac", "weur"] };
    let mut told = json!({
        "id": id, "pool": "shop", "status": if over { "closed" } else { "open" },
        "opened": opened.to_string(), "closed": closed, "length_s": length, "fail_s": fail, "warn_s": warn,
        "times": 2, "worst": "fail",
        "cause": { "kind": cause, "origin": "primary", "reason": reason },
        "origins": ["primary"], "vantages": vantages,
        "served": [{ "origin": "standby", "from": at(2) }, { "origin": null, "from": at(20) }],
        "note_count": notes.as_array().map(Vec::len), "notes": notes,
    });
    if let Some(members) = told.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    told
}

/// What customers are told: the incident of a pool that is down is open, with notes. Two of the
/// last pool are over, one with a note that is hostile.
pub fn lately(snapshot: &Snapshot, now: Timestamp) -> String {
    let ago = |seconds| now.minus(Millis::from_secs(seconds)).as_millis();
    let open = snapshot.pools.iter().filter(|pool| pool.status == Status::Fail).map(|pool| {
        let since = pool.since.as_millis();
        let notes = [
            (300, "The copy is in place, and answers again for most of you. We watch it for the next hour."),
            (1_500, "We found it: a disk is full.\nNothing is lost. We make room, and start a second copy."),
        ];
        let notes = notes.map(|(at, text)| json!({ "at": ago(at), "text": text }));
        json!({
            "id": format!("{}-open", pool.name), "pool": pool.name.as_str(), "opened": since,
            "updated": ago(300), "worst": "fail", "note_count": 4, "notes": notes,
        })
    });
    let last = snapshot.pools.last().map(|pool| pool.name.as_str()).unwrap_or_default();
    let long = format!("<b>Emptied</b> it: {}", "/var/log".repeat(40));
    let over = [
        json!({
            "id": format!("{last}-two"), "pool": last, "opened": ago(175_000), "closed": ago(174_246),
            "updated": ago(172_000), "worst": "fail", "note_count": 1,
            "notes": [{ "at": ago(172_000), "text": long }],
        }),
        json!({
            "id": format!("{last}-one"), "pool": last, "opened": ago(700_000), "closed": ago(690_000),
            "updated": ago(690_000), "worst": "warn", "note_count": 0, "notes": [],
        }),
    ];
    let count = open.clone().count();
    let incidents: Vec<Value> = open.chain(over).collect();
    json!({ "version": 1, "at": now.as_millis(), "open": count, "incidents": incidents }).to_string()
}
