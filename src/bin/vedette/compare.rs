//! `vedette compare`: the samples of origins before and after a moment, as a running worker has
//! them, and whether the difference is one.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};
use vedette::compare::{
    Expectation, Judged, Judgement, Point, Seen, Stratum, Verdict, Windows, contradictions, judge,
};
use vedette::defaults::command_line::compare::{LONGEST, PAGES, SHORTEST};
use vedette::history::Window;
use vedette::sample::{CacheClass, Timing};
use vedette::units::{Millis, Name, OriginId, Timestamp};

use super::client::{Failure, Query, Worker, seen, table};
use super::host::{self, ExitCode};
use super::{PROBLEMS, say};

/// It cannot be told.
const UNDECIDED: u8 = 3;

/// What is asked for.
pub(super) struct Wanted {
    pub(super) origins: Vec<String>,
    pub(super) applied: String,
    pub(super) window: String,
    pub(super) warm_up: String,
    pub(super) expect: Vec<String>,
    pub(super) cut: Vec<String>,
    pub(super) json: bool,
}

/// Prints the comparison: 0 if nothing regressed, 1 if something did, 3 if it cannot be told.
pub(super) fn run(wanted: &Wanted) -> ExitCode {
    let compared = match plan(wanted).and_then(|plan| compared(&plan)) {
        Ok(compared) => compared,
        Err(failure) => return failure.told(),
    };
    if wanted.json {
        say(&serde_json::to_string(&compared).unwrap_or_default());
    } else {
        tell(&compared);
    }
    ExitCode::from(match compared.judgement.verdict {
        Verdict::Improved | Verdict::Unchanged => 0,
        Verdict::Regressed => PROBLEMS,
        Verdict::Inconclusive => UNDECIDED,
    })
}

/// What is asked for, understood.
struct Plan {
    origins: Vec<OriginId>,
    windows: Windows,
    expectations: Vec<Expectation>,
    cuts: Vec<Window>,
}

fn plan(wanted: &Wanted) -> Result<Plan, Failure> {
    let usage = |text: String| Failure::Usage(text);
    let origins = wanted.origins.iter().map(|text| {
        let way_out = || usage(format!("{text} is no origin; write POOL/ORIGIN, as shop/primary"));
        OriginId::parse(text).ok_or_else(way_out)
    });
    let origins = origins.collect::<Result<Vec<_>, _>>()?;
    let applied = Timestamp::parse(&wanted.applied).ok_or_else(|| {
        usage(format!("--applied {} is no time; write it as 2026-01-31T09:41:00Z", wanted.applied))
    })?;
    let window = length("window", &wanted.window, SHORTEST)?;
    let warm_up = length("warm-up", &wanted.warm_up, Millis::ZERO)?;
    let expectations = wanted.expect.iter().map(|text| Expectation::parse(text));
    let expectations = expectations.collect::<Result<Vec<_>, _>>().map_err(|why| usage(why.to_string()))?;
    let texts = |place: usize| wanted.expect.get(place).cloned().unwrap_or_default();
    if let Some((one, other)) = contradictions(&expectations).first() {
        return Err(usage(format!(
            "{} and {} contradict each other; leave one out",
            texts(*one),
            texts(*other)
        )));
    }
    let from = applied.plus(warm_up);
    let windows = Windows {
        before: Window { from: applied.minus(window), to: applied },
        after: Window { from, to: from.plus(window) },
    };
    if host::now() <= from {
        return Err(usage(format!("nothing is measured yet: the time after begins at {from}")));
    }
    let cuts = wanted.cut.iter().map(|text| cut(text)).collect::<Result<_, _>>()?;
    Ok(Plan { origins, windows, expectations, cuts })
}

/// A time that is cut out, as ISO 8601 writes an interval.
fn cut(text: &str) -> Result<Window, Failure> {
    let ends = text.split_once('/').and_then(|(from, to)| {
        let [from, to] = [from, to].map(Timestamp::parse);
        Some(Window { from: from?, to: to? })
    });
    ends.filter(|cut| cut.from < cut.to).ok_or_else(|| {
        Failure::Usage(format!(
            "--cut {text} is no time from one moment to a later one; write it as \
             2026-01-31T09:20:00Z/2026-01-31T09:25:00Z"
        ))
    })
}

/// A length as it is written in a configuration.
fn length(name: &str, written: &str, shortest: Millis) -> Result<Millis, Failure> {
    let found = humantime::parse_duration(written).ok();
    let found = found.and_then(|length| u64::try_from(length.as_millis()).ok()).map(Millis::new);
    let found = found.filter(|length| (shortest..=LONGEST).contains(length));
    found.ok_or_else(|| {
        Failure::Usage(format!(
            "--{name} {written} is no length from {shortest} to {LONGEST}; write it as 30m"
        ))
    })
}

/// What is told of it.
#[derive(Serialize)]
struct Compared {
    #[serde(flatten)]
    judgement: Judgement,
    /// Vantages that did not answer: what they saw is missing.
    silent: BTreeSet<String>,
    /// What was cut out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cuts: Vec<ShownCut>,
}

#[derive(Serialize)]
struct ShownCut {
    from: String,
    to: String,
    /// Samples that it took away.
    samples: usize,
}

fn compared(plan: &Plan) -> Result<Compared, Failure> {
    let worker = Worker::named()?;
    let now = host::now();
    let (mut all, mut silent) = (Vec::new(), BTreeSet::new());
    for origin in &plan.origins {
        let mut before = samples(&worker, origin, plan.windows.before, &mut silent)?;
        let mut after = samples(&worker, origin, plan.windows.after, &mut silent)?;
        let names: Vec<Name> = before.keys().chain(after.keys()).cloned().collect();
        for vantage in names {
            let [before, after] =
                [before.remove(&vantage), after.remove(&vantage)].map(Option::unwrap_or_default);
            if !before.is_empty() || !after.is_empty() {
                all.push(Seen { origin: origin.clone(), vantage, before, after });
            }
        }
    }
    let cuts = plan.cuts.iter().map(|cut| taken_out(&mut all, *cut)).collect();
    let judgement = judge(&plan.expectations, &all, &plan.windows, now);
    Ok(Compared { judgement, silent, cuts })
}

/// Takes the samples of a time away, and says so.
fn taken_out(all: &mut [Seen], cut: Window) -> ShownCut {
    let mut samples: usize = 0;
    for list in all.iter_mut().flat_map(|seen| [&mut seen.before, &mut seen.after]) {
        let before = list.len();
        list.retain(|point| point.at < cut.from || cut.to <= point.at);
        samples = samples.saturating_add(before.saturating_sub(list.len()));
    }
    ShownCut { from: cut.from.to_string(), to: cut.to.to_string(), samples }
}

/// The samples of an origin in a window, by vantage. Those that prove nothing are left out.
fn samples(
    worker: &Worker,
    origin: &OriginId,
    window: Window,
    silent: &mut BTreeSet<String>,
) -> Result<BTreeMap<Name, Vec<Point>>, Failure> {
    let [from, to] = [window.from, window.to].map(|at| Some(at.as_millis().to_string()));
    let mut found: BTreeMap<Name, Vec<Point>> = BTreeMap::new();
    let mut cursor = None;
    for _ in 0..PAGES {
        let query = Query::of(&[("from", &from), ("to", &to), ("cursor", &cursor)]);
        let page = worker.get(&query.after(&format!("/v1/samples/{origin}")))?;
        for sample in page.get("samples").and_then(Value::as_array).into_iter().flatten() {
            if let Some((vantage, point)) = sample.as_object().and_then(point) {
                found.entry(vantage).or_default().push(point);
            }
        }
        let missing = page.get("silent").and_then(Value::as_array).into_iter().flatten();
        silent.extend(missing.filter_map(Value::as_str).map(str::to_owned));
        cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            return Ok(found);
        }
    }
    Err(Failure::Asking(format!("the samples of {origin} have no end; write a shorter --window")))
}

fn point(sample: &Map<String, Value>) -> Option<(Name, Point)> {
    let word = |key: &str| sample.get(key).and_then(Value::as_str);
    let number = |key: &str| sample.get(key).and_then(Value::as_u64);
    let evidence = word("evidence").filter(|evidence| *evidence != "none")?;
    let point = Point {
        at: Timestamp::parse(word("at")?)?,
        class: CacheClass::parse(word("cache")?)?,
        failed: evidence == "fail",
        complete: sample.get("complete").and_then(Value::as_bool)?,
        response_ms: number("response_ms")?,
        calls: number("db_calls").and_then(|calls| u32::try_from(calls).ok()),
        database_ms: number("db_ms"),
        bytes: number("bytes")?,
        timings: timings(sample),
    };
    Some((Name::parse(word("vantage")?).ok()?, point))
}

/// The times of a sample by metric, as the worker tells them in milliseconds.
fn timings(sample: &Map<String, Value>) -> Vec<Timing> {
    let told = sample.get("timings").and_then(Value::as_object).into_iter().flatten();
    told.filter_map(|(name, ms)| Timing::of_ms(name, ms.as_f64()?)).collect()
}

fn tell(compared: &Compared) {
    let judgement = &compared.judgement;
    say(&judgement.sentence);
    let looks = &judgement.looks;
    say(&format!("looks at the time after: {} of {}", looks.taken, looks.planned));
    if !compared.silent.is_empty() {
        let names: Vec<&str> = compared.silent.iter().map(String::as_str).collect();
        say(&seen(&format!("no answer from {}: what was seen from there is missing", names.join(", "))));
    }
    for ShownCut { from, to, samples } in &compared.cuts {
        say(&format!("cut out: {samples} samples from {from} to {to}"));
    }
    for judged in &judgement.expectations {
        say("");
        say(&judged.sentence);
        table(&rows(judged));
    }
    let shifts = judgement.mix.iter().filter_map(|mix| Some((mix, mix.sentence.as_ref()?)));
    for (mix, sentence) in shifts {
        say("");
        say(&format!("{} from {}: {sentence}", mix.origin, mix.vantage));
    }
}

fn rows(judged: &Judged) -> Vec<[String; 8]> {
    let head = ["origin", "vantage", "class", "before", "after", "change", "p", "verdict"].map(str::to_owned);
    std::iter::once(head).chain(judged.strata.iter().map(row)).collect()
}

fn row(stratum: &Stratum) -> [String; 8] {
    let value = |value: Option<f64>, samples: usize| match value {
        Some(value) if value >= 1.0 => format!("{value:.1} ({samples})"),
        Some(value) => format!("{value:.4} ({samples})"),
        None => format!("- ({samples})"),
    };
    let change = stratum.change.map_or_else(
        || "-".to_owned(),
        |change| format!("{:.3} [{:.3}, {:.3}]", change.estimate, change.low, change.high),
    );
    let mark = if stratum.deciding { "" } else { ", not deciding" };
    let why = stratum.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    [
        stratum.origin.to_string(),
        stratum.vantage.to_string(),
        stratum.class.as_str().to_owned(),
        value(stratum.before.value, stratum.before.samples),
        value(stratum.after.value, stratum.after.samples),
        change,
        stratum.p.map_or_else(
            || "-".to_owned(),
            |p| if p < 0.001 { format!("{p:.1e}") } else { format!("{p:.3}") },
        ),
        format!("{}{mark}{why}", word(stratum.verdict)),
    ]
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Improved => "improved",
        Verdict::Unchanged => "unchanged",
        Verdict::Regressed => "regressed",
        Verdict::Inconclusive => "inconclusive",
    }
}
