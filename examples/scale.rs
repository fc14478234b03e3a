//! What half a minute of many origins costs the engines, on this machine: `cargo run --release
//! --example scale -- ORIGINS VANTAGES …` prints one line of JSON for each pair. With `days DAYS …`
//! it says what a day of sixty origins costs after so many days of history. Time is simulated, the
//! engines are the real ones; what is measured in real time is what their steps cost.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::ops::Bound;
use std::time::{Duration, Instant};

use vedette::arbiter::{self, Arbiter};
use vedette::budget;
use vedette::config::Config;
use vedette::history::{HistoryRow, Stored};
use vedette::json;
use vedette::sample::{CacheClass, Check, Connected, Database, Finding, Outcome, Sample};
use vedette::schedule;
use vedette::snapshot::Part;
use vedette::units::{Millis, Name, OriginId, Timestamp};
use vedette::vantage::{Duty, Effect, Event, Prober};
use vedette::vote::Report;

const BEGIN: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// What is measured, after as long a time to settle.
const LENGTH: Millis = Millis::from_secs(30);

/// How long an origin takes to answer, and a report to arrive.
const ANSWER: Millis = Millis::new(50);
const TRANSIT: Millis = Millis::new(5);

/// The most origins that a file may have; more are made of copies.
const FILE: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let days = words.first().is_some_and(|word| word == "days");
    let numbers = words.iter().skip(usize::from(days)).map(|text| text.parse());
    let numbers: Vec<usize> = numbers.collect::<Result<_, _>>()?;
    if numbers.is_empty() || !(days || numbers.len().is_multiple_of(2)) {
        return Err("write pairs of numbers, origins and vantages; or `days` and numbers of days".into());
    }
    if days {
        for days in numbers {
            say(&after_days(days as u64)?);
        }
        return Ok(());
    }
    for pair in numbers.chunks(2) {
        if let [origins, vantages] = pair {
            let config = configuration(*origins, *vantages, "10s")?;
            say(&World::new(config, BEGIN, BTreeMap::new()).run(LENGTH, LENGTH).told(LENGTH));
        }
    }
    Ok(())
}

/// What sixty origins cost from three vantages, every 30 s, on the last of so many days. The days
/// before it have a sample an hour: rows of history are as many and as large as with more.
fn after_days(days: u64) -> Result<String, Box<dyn Error>> {
    let before = Millis::DAY.times(days.saturating_sub(1));
    let past = World::new(configuration(60, 3, "1h")?, BEGIN, BTreeMap::new()).run(Millis::new(0), before);
    let begin = BEGIN.plus(before);
    let world = World::new(configuration(60, 3, "30s")?, begin, past.history);
    Ok(world.run(Millis::from_secs(3_600), Millis::DAY).told_of_days(days))
}

#[expect(clippy::print_stdout, reason = "a command line prints")]
fn say(line: &str) {
    println!("{line}");
}

/// Pools of ten origins.
fn configuration(origins: usize, vantages: usize, interval: &str) -> Result<Config, Box<dyn Error>> {
    let places = ["weur", "enam", "apac", "oc"].get(..vantages).ok_or("at most four vantages")?;
    let mut text = format!(
        "plan = \"paid\"\n[defaults]\ninterval = \"{interval}\"\ntimeout = \"3s\"\nvantages = {places:?}\n"
    );
    for origin in 0..origins.min(FILE) {
        if origin % 10 == 0 {
            write!(text, "[[pool]]\nname = \"p{}\"\n", origin / 10)?;
        }
        write!(text, "[[pool.origin]]\nname = \"o{origin}\"\nurl = \"https://o{origin}.example.com\"\n")?;
    }
    let mut config = Config::parse(&text).map_err(|problems| problems.to_string())?;
    let file = config.pools.clone();
    for copy in 1..origins.div_ceil(FILE) {
        for pool in &file {
            let mut pool = pool.clone();
            pool.name = Name::parse(&format!("c{copy}-{}", pool.name))?;
            pool.origins.iter_mut().for_each(|origin| origin.id.pool = pool.name.clone());
            config.pools.push(pool);
        }
    }
    Ok(config)
}

/// Something that is going to happen to a shard.
enum Due {
    Rings,
    Answers(OriginId, u64),
    Delivers(u64),
    HandedOn(u64, u64),
}

#[derive(Default)]
struct Counts {
    probes: u64,
    alarms: u64,
    reports: u64,
    rows: u64,
    row_bytes: u64,
    probing: Duration,
    weighing: Duration,
    longest: Duration,
    /// Of reports that hand rollups on: how many, what they took, and the most rows that one read.
    rollups: u64,
    rolling: Duration,
    most_read: u64,
    /// What the steps of a shard took since its alarm rang, and the longest of these.
    ticks: BTreeMap<usize, Duration>,
    longest_tick: Duration,
}

struct World {
    history: BTreeMap<String, String>,
    config: Config,
    probers: Vec<Prober>,
    arbiter: Arbiter,
    queue: BTreeMap<(Timestamp, u64), (usize, Due)>,
    sequence: u64,
    counts: Counts,
    memory: u64,
    ended: Timestamp,
}

impl World {
    fn new(config: Config, begin: Timestamp, history: BTreeMap<String, String>) -> Self {
        let before = resident();
        let daily = budget::deployment(config.clone()).daily;
        let mut probers = Vec::new();
        for vantage in &config.vantages {
            for shard in schedule::shards(&config, &vantage.name) {
                let duty = Duty { config: &config, vantage: &vantage.name, shard: &shard, daily };
                probers.push(Prober::new(&duty, None, begin));
            }
        }
        let arbiter = Arbiter::new(config.clone(), &[], begin);
        let mut world = Self {
            history,
            config,
            probers,
            arbiter,
            queue: BTreeMap::new(),
            sequence: 0,
            counts: Counts::default(),
            memory: before,
            ended: begin,
        };
        for shard in 0..world.probers.len() {
            world.at(begin, shard, Due::Rings);
        }
        world
    }

    fn at(&mut self, at: Timestamp, shard: usize, due: Due) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), (shard, due));
    }

    /// Lets time pass, and counts after as long as it takes to settle.
    fn run(mut self, settling: Millis, length: Millis) -> Self {
        let begin = self.queue.keys().next().map_or(BEGIN, |(at, _)| *at);
        let from = begin.plus(settling);
        let end = from.plus(length);
        let mut measuring = false;
        while let Some(((now, _), (shard, due))) = self.queue.pop_first() {
            if now > end {
                break;
            }
            if now >= from && !measuring {
                measuring = true;
                self.counts = Counts::default();
            }
            self.happens(due, shard, now);
        }
        self.ended = end;
        self
    }

    fn happens(&mut self, due: Due, shard: usize, now: Timestamp) {
        let event = match due {
            Due::Rings => Event::Alarm,
            Due::Answers(id, ticket) => Event::Sampled(id, ticket, sample(now)),
            Due::Delivers(seq) => Event::Delivered(seq),
            Due::HandedOn(life, seq) => Event::HandedOn(life, seq),
        };
        if matches!(event, Event::Alarm) {
            self.counts.ticks.remove(&shard);
        }
        let Some(prober) = self.probers.get_mut(shard) else { return };
        let (effects, took) = timed(|| prober.step(event, now));
        self.counts.probing += took;
        let tick = self.counts.ticks.entry(shard).or_default();
        *tick += took;
        self.counts.longest_tick = self.counts.longest_tick.max(*tick);
        for effect in effects {
            match effect {
                Effect::WakeAt(at) => {
                    self.counts.alarms += 1;
                    self.at(at, shard, Due::Rings);
                }
                Effect::Probe(id, ticket, _) => {
                    self.counts.probes += 1;
                    self.at(now.plus(ANSWER), shard, Due::Answers(id, ticket));
                }
                Effect::Persist(text) => self.row(text.len()),
                Effect::Keep(row) => self.row(row.text.len()),
                Effect::Report(report) => self.reported(report, shard, now),
                Effect::CheckReference(..)
                | Effect::Observed(..)
                | Effect::Connections(..)
                | Effect::Slipped(..) => {}
            }
        }
    }

    /// What the Arbiter does with a report, history included, but for the database.
    fn reported(&mut self, report: Report, shard: usize, now: Timestamp) {
        let (seq, read) = (report.seq, Cell::new(0));
        let (history, arbiter) = (&self.history, &mut self.arbiter);
        let count = |found: bool| read.set(read.get() + u64::from(found));
        let at = |key: &str| history.get(key).cloned().inspect(|_| count(true));
        let after = |key: &str| {
            let row = history.range::<str, _>((Bound::Excluded(key), Bound::Unbounded)).next();
            count(row.is_some());
            row.map(|(key, text)| (key.clone(), text.clone()))
        };
        let ((effects, rows, handed_on), took) = timed(|| {
            let effects = arbiter.step(arbiter::Event::Reported(report), now.plus(TRANSIT));
            let (mut rows, mut handed_on): (Vec<HistoryRow>, _) = (Vec::new(), None);
            for effect in &effects {
                if let arbiter::Effect::Remember(memories) = effect {
                    rows.extend(memories.rows(&Stored { at: &at, after: &after }));
                    handed_on = memories.handed_on();
                }
            }
            (effects, rows, handed_on)
        });
        self.counts.reports += 1;
        self.counts.weighing += took;
        self.counts.longest = self.counts.longest.max(took);
        self.counts.most_read = self.counts.most_read.max(read.get());
        for effect in effects {
            if let arbiter::Effect::Persist(rows) = effect {
                for row in rows {
                    self.row(row.text.len());
                }
            }
        }
        for row in rows {
            self.row(row.text.len());
            if row.text.is_empty() {
                self.history.remove(&row.key);
            } else {
                self.history.insert(row.key, row.text);
            }
        }
        self.at(now.plus(TRANSIT), shard, Due::Delivers(seq));
        if let Some((life, number)) = handed_on {
            self.counts.rollups += 1;
            self.counts.rolling += took;
            self.at(now.plus(TRANSIT), shard, Due::HandedOn(life, number));
        }
    }

    fn row(&mut self, bytes: usize) {
        self.counts.rows += 1;
        self.counts.row_bytes += bytes as u64;
    }

    fn told_of_days(&self, days: u64) -> String {
        let Counts { reports, weighing, longest, rollups, rolling, most_read, longest_tick, .. } =
            &self.counts;
        let mean = |spent: &Duration, count: &u64| spent.as_nanos() / u128::from((*count).max(1)) / 1_000;
        let bytes: usize = self.history.values().map(String::len).sum();
        format!(
            "{{\"days\":{days},\"rows\":{},\"bytes\":{bytes},\"us_per_report\":{},\"us_per_rollup\":{},\
             \"longest_report_us\":{},\"most_rows_read\":{most_read},\"longest_tick_us\":{}}}",
            self.history.len(),
            mean(weighing, reports),
            mean(rolling, rollups),
            longest.as_micros(),
            longest_tick.as_micros(),
        )
    }

    fn told(&self, length: Millis) -> String {
        let now = self.ended;
        let Counts { probes, alarms, reports, rows, row_bytes, probing, weighing, longest, .. } =
            &self.counts;
        let size = |part: &Part| {
            let (text, took) = timed(|| json::write(&self.arbiter.snapshot(part, now)));
            (text.len(), took.as_micros())
        };
        let (summary, summary_us) = size(&Part::Summary);
        let (whole, _) = size(&Part::Whole);
        let fragment = self.config.pools.first().map_or((0, 0), |pool| size(&Part::Pool(pool.name.clone())));
        let tenths = |tenths: u128| format!("{}.{}", tenths / 10, tenths % 10);
        let rate = |count: u64| tenths(u128::from(count * 10 / length.as_secs()));
        let origins = self.config.origins().count();
        let memory = resident().saturating_sub(self.memory) / origins.max(1) as u64;
        let each = |spent: &Duration, count: &u64| spent.as_nanos() / u128::from((*count).max(1)) / 100;
        format!(
            "{{\"origins\":{origins},\"vantages\":{},\"shards\":{},\"probes_per_s\":{},\"alarms_per_s\":{},\"reports_per_s\":{},\
             \"rows_per_s\":{},\"row_bytes_per_s\":{},\"us_per_probe\":{},\"us_per_report\":{},\"longest_report_us\":{},\
             \"bytes_per_origin\":{memory},\"summary_bytes\":{summary},\"summary_us\":{summary_us},\"whole_bytes\":{whole},\
             \"fragment_bytes\":{},\"fragment_us\":{}}}",
            self.config.vantages.len(),
            self.probers.len(),
            rate(*probes),
            rate(*alarms),
            rate(*reports),
            rate(*rows),
            rate(*row_bytes),
            tenths(each(probing, probes)),
            tenths(each(weighing, reports)),
            longest.as_micros(),
            fragment.0,
            fragment.1,
        )
    }
}

/// What a healthy origin answers.
fn sample(at: Timestamp) -> Sample {
    Sample {
        at,
        outcome: Outcome::Answered,
        latency: ANSWER,
        status: Some(200),
        cache: CacheClass::OriginProven,
        told: None,
        database: Database::default(),
        checks: vec![Check { expectation: "status".into(), finding: Finding::Met }],
        bytes: 0,
        timings: Vec::new(),
        connected: Connected::NotTried,
    }
}

#[expect(clippy::disallowed_methods, reason = "what a step costs is what is asked for")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let made = work();
    (made, begun.elapsed())
}

/// Bytes of memory that this process holds; nothing where the system does not say.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}
