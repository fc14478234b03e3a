//! What matters, in one sentence: of a pool, and of the whole.

use super::item::Item;
use crate::defaults::serve::page::IN_FULL;
use crate::snapshot::OriginView;
use crate::units::{Timestamp, listed};
use crate::verdict::Status;
use crate::vote::Opinion;

/// What is said of a pool: `is failing over`, and what that rests on.
pub(super) struct Saying {
    /// The short form.
    pub head: &'static str,
    /// What it rests on; empty if there is no more to say.
    pub detail: String,
}

impl Saying {
    /// Both together, to follow the pool's name.
    pub(super) fn in_full(&self) -> String {
        let colon = if self.detail.is_empty() { "" } else { ": " };
        [self.head, colon, &self.detail].concat()
    }
}

/// The state of the whole. What serves comes before jobs that report by themselves, and a job that
/// never did is named only if nothing else is amiss.
///
/// `items` are everything that is watched, the worst first.
pub(super) fn whole(items: &[Item<'_>], arbiter_silent: bool, now: Timestamp) -> String {
    let troubled = items.iter().take_while(|item| item.status != Status::Pass);
    let (awaited, mut troubled): (Vec<&Item<'_>>, Vec<&Item<'_>>) =
        troubled.partition(|item| is_awaited(item, now));
    troubled.sort_by_key(|item| item.is_of_heartbeats());
    let everywhere =
        |is: &dyn Fn(&OriginView) -> bool| items.iter().flat_map(|item| &item.view.origins).all(is);
    let because = |why| if arbiter_silent { "the Arbiter does not answer" } else { why };
    if items.is_empty() {
        "Nothing is watched".to_owned()
    } else if troubled.is_empty() && awaited.is_empty() {
        "Everything passes".to_owned()
    } else if everywhere(&is_new) {
        let first = if everywhere(&|origin| origin.beat.is_some()) {
            "the first heartbeats are awaited"
        } else {
            "the first probes are on their way"
        };
        ["No verdict yet: ", because(first)].concat()
    } else if everywhere(&|origin| origin.status_at(now) == Status::Unknown) {
        ["Nothing fresh is known: ", because("no evidence comes in")].concat()
    } else if troubled.is_empty() {
        let of = |item: &&'_ Item<'_>| -> Vec<String> {
            let jobs = item.view.origins.iter().filter(|job| is_new(job));
            jobs.map(|job| isolated(item.origin_title(job))).collect()
        };
        let names: Vec<String> = awaited.iter().flat_map(of).collect();
        let have = if names.len() == 1 { "has" } else { "have" };
        format!("Everything passes; {} {have} not reported yet", listed(&names))
    } else if troubled.len() <= IN_FULL {
        let sayings: Vec<String> = troubled
            .iter()
            .map(|item| {
                let saying = of(item, now);
                // Why a monitor is so is no word for a headline: it stands beneath.
                let said = if item.is_monitor() { saying.head.to_owned() } else { saying.in_full() };
                [&isolated(item.title()), " ", &said].concat()
            })
            .collect();
        sayings.join("; ")
    } else {
        in_short(&troubled, now)
    }
}

/// A title as it stands within a sentence: one that is written from the right does not turn what
/// stands beside it (Unicode's first strong isolate).
fn isolated(title: &str) -> String {
    let from_right = |c: char| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}');
    if title.contains(from_right) { format!("\u{2068}{title}\u{2069}") } else { title.to_owned() }
}

/// `a, b, c and 2 more are down; 4 others do not pass`: the worst by name, the rest counted.
fn in_short(troubled: &[&Item<'_>], now: Timestamp) -> String {
    let head = troubled.first().map_or("", |item| of(item, now).head);
    let alike: Vec<String> = troubled
        .iter()
        .filter(|item| of(item, now).head == head)
        .map(|item| isolated(item.title()))
        .collect();
    let head =
        if alike.len() > 1 { head.replace("is ", "are ").replace("has ", "have ") } else { head.to_owned() };
    let mut text = [&listed(&alike), " ", &head].concat();
    match troubled.len().saturating_sub(alike.len()) {
        0 => {}
        1 => text.push_str("; 1 other does not pass"),
        others => text.push_str(&format!("; {others} others do not pass")),
    }
    text
}

/// What is to be said of a pool or a monitor at `now`.
pub(super) fn of(item: &Item<'_>, now: Timestamp) -> Saying {
    match item.view.origins.first() {
        Some(origin) if item.is_monitor() => of_monitor(item, origin, now),
        Some(_) | None => of_pool(item, now),
    }
}

/// What is to be said of a monitor: how it is, and why. Nothing stands in for it.
fn of_monitor(item: &Item<'_>, origin: &OriginView, now: Timestamp) -> Saying {
    let is_job = origin.beat.is_some();
    let detail = origin.reason_at(now);
    let head = match item.status {
        Status::Pass => return Saying { head: "passes", detail: String::new() },
        Status::Warn => "is degraded",
        Status::Fail if is_job => "has not reported in time",
        Status::Fail => "is down",
        Status::Unknown if is_unheard(origin) => "cannot be heard",
        Status::Unknown if is_new(origin) && is_job => "has not reported yet",
        Status::Unknown if is_new(origin) => "has no verdict yet",
        Status::Unknown => "is unknown",
    };
    Saying { head, detail }
}

fn of_pool(item: &Item<'_>, now: Timestamp) -> Saying {
    let pool = item.view;
    let named = |wanted: &dyn Fn(&OriginView) -> bool| -> Vec<&str> {
        let wanted = pool.origins.iter().filter(|origin| wanted(origin));
        wanted.map(|origin| item.origin_title(origin)).collect()
    };
    let is = |origin: &OriginView, status| origin.status_at(now) == status;
    let is_chosen = |origin: &OriginView| pool.chosen.as_ref() == Some(&origin.name);
    let failing = named(&|origin| is(origin, Status::Fail));
    let new = named(&is_new);
    let status = item.status;
    if status == Status::Fail {
        let noun = if pool.is_of_heartbeats() { "heartbeat" } else { "origin" };
        let detail = match failing.len() {
            1 => format!("its only {noun} fails"),
            2 => format!("both {noun}s fail"),
            count => format!("all {count} {noun}s fail"),
        };
        return Saying { head: "is down", detail };
    }
    if is_awaited(item, now) && new.len() < pool.origins.len() {
        let have = if new.len() == 1 { "has" } else { "have" };
        let detail = format!("{} {have} not reported yet", listed(&new));
        return Saying { head: "waits", detail };
    }
    if new.len() == pool.origins.len() {
        return Saying { head: "has no verdict yet", detail: String::new() };
    }
    let mut clauses = Vec::new();
    let mut clause = |names: &[&str], before: &str, one: &str, many: &str| {
        if !names.is_empty() {
            clauses.push([before, &listed(names), if names.len() == 1 { one } else { many }].concat());
        }
    };
    clause(&failing, "", " fails", " fail");
    clause(&named(&is_unheard), "", " cannot be heard", " cannot be heard");
    clause(
        &named(&|origin| is(origin, Status::Unknown) && !is_new(origin) && !is_unheard(origin)),
        "nothing fresh is known of ",
        "",
        "",
    );
    clause(&new, "no verdict yet on ", "", "");
    clause(&named(&|origin| is(origin, Status::Warn) && !is_chosen(origin)), "", " warns", " warn");
    clause(&named(&|origin| is(origin, Status::Pass) && is_chosen(origin)), "", " serves", "");
    clause(&named(&|origin| is(origin, Status::Warn) && is_chosen(origin)), "", " serves with a warning", "");
    let first = pool.origins.iter().map(|origin| origin.priority).min();
    let moved = pool.origins.iter().any(|origin| is_chosen(origin) && Some(origin.priority) != first);
    let head = match status {
        Status::Pass => "passes",
        Status::Unknown => "is unknown",
        Status::Warn | Status::Fail if moved && !failing.is_empty() => "is failing over",
        Status::Warn | Status::Fail => "is degraded",
    };
    Saying { head, detail: clauses.join(", ") }
}

/// What is said of one origin, to follow its name.
pub(super) fn word(origin: &OriginView, now: Timestamp) -> &'static str {
    match origin.status_at(now) {
        Status::Pass => "passes",
        Status::Warn => "warns",
        Status::Fail => "fails",
        Status::Unknown if is_new(origin) => "has no verdict yet",
        Status::Unknown => "is unknown",
    }
}

/// Whether nothing has ever been known of an origin or a job.
pub(super) fn is_new(origin: &OriginView) -> bool {
    let evidence = match &origin.beat {
        Some(beat) => beat.last.is_some() || beat.deaf.is_some(),
        None => origin.votes.iter().any(|vote| vote.opinion != Opinion::Undecided),
    };
    origin.status == Status::Unknown && !evidence
}

/// Whether all that is amiss with a pool are jobs that never reported.
pub(super) fn is_awaited(item: &Item<'_>, now: Timestamp) -> bool {
    let pool = item.view;
    pool.origins.iter().any(is_new)
        && pool
            .origins
            .iter()
            .all(|origin| origin.status_at(now) == Status::Pass || origin.beat.is_some() && is_new(origin))
}

/// Whether a job cannot be heard, whatever it does.
fn is_unheard(origin: &OriginView) -> bool {
    origin.beat.as_ref().is_some_and(|beat| beat.deaf.is_some())
}
