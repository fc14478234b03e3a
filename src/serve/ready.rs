//! `/livez` and `/readyz`: the worker's own health, in the style of Kubernetes.

use super::Basis;
use crate::answer::Answer;
use crate::config::Config;
use crate::proxy::Seen;
use crate::snapshot::ChannelView;
use crate::traffic::Counts;

fn text(status: u16, body: String) -> Answer {
    Answer { status, headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())], body }
}

/// The worker runs.
pub(super) fn live() -> Answer {
    text(200, "ok\n".to_owned())
}

/// The worker can answer truthfully: the Arbiter answers and some vantage reports, if there is one.
/// With `verbose`, a line for each part.
pub(super) fn ready(basis: &Basis<'_>, verbose: bool) -> Answer {
    let Basis { snapshot, now, .. } = *basis;
    let arbiter = !basis.source.silent;
    // Where there are heartbeats only, nobody probes.
    let watching = snapshot.watch.is_empty() || snapshot.watch.iter().any(|watch| watch.reports_at(now));
    let ready = arbiter && watching;
    let status = if ready { 200 } else { 503 };
    if !verbose {
        return text(status, if ready { "ok\n".into() } else { "not ready; ask /readyz?verbose\n".into() });
    }
    let mark = |good: bool| if good { "[+]" } else { "[-]" };
    let mut lines = vec![
        format!("[+]configuration ok ({})", snapshot.config),
        format!("{}arbiter {}", mark(arbiter), if arbiter { "answers" } else { "does not answer" }),
    ];
    for watch in &snapshot.watch {
        let good = watch.reports_at(now);
        let heard = match watch.heard {
            Some(heard) => format!("reported at {heard}"),
            None => "has not reported yet".to_owned(),
        };
        let state = if good { String::new() } else { ", silent".to_owned() };
        let colo = watch.colo.as_ref().map_or_else(String::new, |colo| format!(" in {colo}"));
        let queued =
            watch.queued.map_or_else(String::new, |queued| format!(", last of a tick after {queued}"));
        lines.push(format!(
            "{}vantage {} {}{colo} {heard}{state}, lag {}, missed slots {}{queued}",
            mark(good),
            watch.vantage,
            watch.shard,
            watch.lag,
            watch.missed
        ));
        if let Some(blind) = &watch.blind {
            lines.push(format!("[-]vantage {} has no evidence of {blind}", watch.vantage));
        }
        if let Some(fast) = watch.fast {
            let left = fast.spent < fast.of;
            let state = if left { "" } else { ": spent, so interval holds until 00:00 UTC" };
            let (mark, spent, of) = (mark(left), fast.spent, fast.of);
            lines.push(format!("{mark}vantage {} fast probes today {spent} of {of}{state}", watch.vantage));
        }
    }
    let mut deaf =
        snapshot.pools.iter().flat_map(|pool| &pool.origins).filter_map(|origin| origin.beat.as_ref());
    if let Some(why) = deaf.find_map(|beat| beat.deaf.as_ref()) {
        lines.push(format!("[-]heartbeats cannot be heard: {why}"));
    }
    lines.extend(snapshot.notify.iter().flatten().map(|view| channel(view, basis.config)));
    for seen in basis.seen {
        passed_on(seen, &mut lines);
    }
    let answers: Vec<String> =
        basis.counts.iter().map(|(layer, count)| format!("{count} {}", layer.as_str())).collect();
    lines.push(format!("[+]answers of this isolate by layer: {}", answers.join(", ")));
    lines.push(format!("readyz check {}", if ready { "passed" } else { "failed" }));
    text(status, format!("{}\n", lines.join("\n")))
}

/// What the requests saw that this isolate passed on to a pool.
fn passed_on(Seen { pool, counts, ejected }: &Seen, lines: &mut Vec<String>) {
    let Counts { requests, retries, held_back, ejections, unanswered, .. } = counts;
    lines.push(format!(
        "[+]requests of this isolate for {pool}: {requests}, sent again {retries}, held back by the budget {held_back}, not answered {unanswered}, ejections {ejections}"
    ));
    for (origin, until) in ejected {
        lines.push(format!("[-]origin {origin} is ejected by live requests until {until}"));
    }
}

/// How a channel does. One that fails makes no worker unready: it answers all the same.
fn channel(view: &ChannelView, config: &Config) -> String {
    let title = config.notify.iter().find(|one| one.name == view.name).and_then(|one| one.title.as_ref());
    let title = title.map_or_else(String::new, |title| format!(" ({title})"));
    let name = format!("{}{title}", view.name);
    let waiting = view.waiting.saturating_add(view.sending.into());
    let waiting = if waiting > 0 { format!(", {waiting} waiting") } else { String::new() };
    match (view.failing, view.delivered) {
        (Some(since), _) => {
            let why = view.why.as_deref().unwrap_or_default();
            format!("[-]notify {name} failing since {since}: {why}{waiting}")
        }
        (None, Some(at)) => format!("[+]notify {name} delivered at {at}{waiting}"),
        (None, None) => format!("[+]notify {name} has told nothing yet{waiting}"),
    }
}
