//! A change → Markdown, for a pull request or a terminal. What people wrote stands in it as text.

use serde_json::Value;

use super::answer::{Grounds, confounding};
use super::{Change, State};
use crate::compare::{Expectation, Scale};
use crate::purge::{AtCdn, Purged};
use crate::units::{Name, Timestamp, listed};

/// One change as Markdown; nothing if there is none of this name.
#[must_use]
pub fn markdown(grounds: &Grounds<'_>, id: &str) -> Option<String> {
    let (change, all) = grounds.find(id)?;
    let judgement = grounds.measured(&change, "judgement");
    let plan = &change.plan;
    let mut text =
        format!("# {}: {}\n\n**{}**\n\n", change.id(), plain(&plan.title), verdict(&change, grounds.now));
    let window = |window: crate::history::Window| format!("{} to {}", window.from, window.to);
    let origins: Vec<String> = plan.origins.iter().map(ToString::to_string).collect();
    let mut line = |name: &str, value: &str| text.push_str(&format!("- {name}: {value}\n"));
    line("owner", &plain(&plan.owner));
    line("origins", &origins.join(", "));
    line("before", &window(change.before()));
    line("after", &change.after().map_or("not applied yet".to_owned(), window));
    if let Some(closing) = &change.closed {
        let note =
            if closing.note.is_empty() { String::new() } else { format!(": {}", plain(&closing.note)) };
        line("closed", &format!("{}, {} by {}{note}", closing.fate.as_str(), closing.at, closing.who));
    }
    for link in &plan.links {
        line("link", &format!("<{link}>"));
    }
    for (head, body) in [("Expected", &plan.expected), ("Way back", &plan.rollback)] {
        if !body.is_empty() {
            text.push_str(&format!("\n## {head}\n\n{}\n", fenced(body)));
        }
    }
    if let Some(judgement) = &judgement {
        text.push_str(&measured(judgement));
    }
    let remarks = remarks(&change, &confounding(&change, &all, grounds.now), judgement.as_ref());
    if !remarks.is_empty() {
        text.push_str("\n## To be known\n\n");
        text.extend(remarks.iter().map(|remark| format!("- {remark}\n")));
    }
    Some(text)
}

/// The verdict in a sentence.
fn verdict(change: &Change, now: Timestamp) -> String {
    let said = change.sentence.as_deref().map(plain);
    match (change.state(now), said) {
        (State::Started, _) => "Not applied yet: what was before is pinned.".to_owned(),
        (State::WarmingUp, _) => "Applied, and warming up.".to_owned(),
        (State::Measuring, None) => "Being measured: nothing is known yet.".to_owned(),
        (State::Measuring, Some(said)) => format!("So far: {said}."),
        (State::Judged, Some(said)) => format!("Verdict: {said}."),
        (State::Judged | State::Closed, None) => "Closed before anything was known.".to_owned(),
        (State::Closed, Some(said)) => format!("Verdict when it was closed: {said}."),
    }
}

/// What was measured, by expectation.
fn measured(judgement: &Value) -> String {
    let mut text = String::from("\n## Measured\n");
    for judged in list(judgement, "expectations") {
        let written = judged.get("expectation").and_then(Value::as_str).unwrap_or_default();
        let Ok(expectation) = Expectation::parse(written) else { continue };
        text.push_str(&format!("\n{}\n\n", word(judged, "sentence")));
        text.push_str("| origin | vantage | class | before | after | change | verdict |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
        text.extend(list(judged, "strata").map(|stratum| row(&expectation, stratum)));
    }
    text
}

/// One line of it.
fn row(expectation: &Expectation, stratum: &Value) -> String {
    let number = |of: Option<&Value>, key: &str| of.and_then(|of| of.get(key)).and_then(Value::as_f64);
    let side = |key: &str| {
        let value = number(stratum.get(key), "value").map(|value| expectation.shown(value));
        let samples = number(stratum.get(key), "samples").unwrap_or(0.0);
        format!("{} ({samples:.0})", value.unwrap_or("-".to_owned()))
    };
    let change = stratum.get("change").filter(|change| !change.is_null());
    let ratio = change.and_then(|change| change.get("scale")).and_then(Value::as_str) == Some("ratio");
    let scale = if ratio { Scale::Ratio } else { Scale::Difference };
    let moved =
        |key: &str| number(change, key).map_or("-".to_owned(), |value| expectation.moved(scale, value));
    let change = match change {
        Some(_) => format!("{} ({} to {})", moved("estimate"), moved("low"), moved("high")),
        None => "-".to_owned(),
    };
    let why = stratum.get("why").and_then(Value::as_str).map(|why| format!(": {}", plain(why)));
    let aside = stratum.get("deciding").and_then(Value::as_bool) == Some(false);
    format!(
        "| {} | {} | {} | {} | {} | {change} | {}{}{} |\n",
        word(stratum, "origin"),
        word(stratum, "vantage"),
        word(stratum, "class"),
        side("before"),
        side("after"),
        word(stratum, "verdict"),
        if aside { ", not deciding" } else { "" },
        why.unwrap_or_default()
    )
}

fn list<'a>(of: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    of.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn word(of: &Value, key: &str) -> String {
    plain(of.get(key).and_then(Value::as_str).unwrap_or("-"))
}

/// What else is to be known of it.
fn remarks(change: &Change, confounded: &[String], judgement: Option<&Value>) -> Vec<String> {
    let mut remarks = Vec::new();
    let names = |names: &[Name]| listed(&names.iter().map(Name::as_str).collect::<Vec<_>>());
    if !confounded.is_empty() {
        let others = listed(confounded);
        remarks.push(format!(
            "under way at the same time, with an origin of this one: {others}; either may be the reason"
        ));
    }
    if !change.missing.is_empty() {
        remarks.push(format!("no samples of before from {}", names(&change.missing)));
    }
    if !change.silent.is_empty() {
        remarks.push(format!("no answer at the last look from {}", names(&change.silent)));
    }
    for origin in &change.gone {
        remarks.push(format!("{origin} is not watched any more"));
    }
    remarks.extend(change.purges.iter().map(purged));
    for cut in change.all_cuts() {
        remarks.push(format!("{} failed from {} to {}: cut out", cut.origin, cut.span.from, cut.span.to));
    }
    let mixes = judgement.and_then(|judgement| judgement.get("mix")).and_then(Value::as_array);
    for mix in mixes.into_iter().flatten() {
        let word = |key: &str| mix.get(key).and_then(Value::as_str);
        if let (Some(origin), Some(vantage), Some(said)) = (word("origin"), word("vantage"), word("sentence"))
        {
            remarks.push(format!("{} from {}: {}", plain(origin), plain(vantage), plain(said)));
        }
    }
    remarks
}

/// A purge that was made for it.
fn purged(purged: &Purged) -> String {
    let at_cdn = match &purged.cdn {
        None => String::new(),
        Some(AtCdn::Cleared) => ", at the CDN too".to_owned(),
        Some(AtCdn::Asked) => "; what the CDN answered is not known".to_owned(),
        Some(AtCdn::Failed(why)) => format!("; the CDN did not clear all of it: {}", plain(why)),
    };
    format!("{} at {}, by {}{at_cdn}", purged.purge.what(), purged.at, purged.who)
}

/// A text in a line, with nothing in it that Markdown or HTML would read.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '\n' => plain.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '@' => {
                plain.push('\\');
                plain.push(c);
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// A text of several lines as it was written. The fence is longer than any in it.
fn fenced(text: &str) -> String {
    let (mut longest, mut run) = (2_usize, 0_usize);
    for c in text.chars() {
        run = if c == '`' { run.saturating_add(1) } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.saturating_add(1));
    format!("{fence}text\n{text}\n{fence}")
}
