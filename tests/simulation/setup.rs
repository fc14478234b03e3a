//! What a world is made of, drawn from its seed: a configuration, the truth about its origins, and
//! what goes wrong.

use std::fmt::Write as _;

use fastrand::Rng;
use vedette::config::Config;

use crate::changes::Intended;
use crate::jobs::{Doings, Job, Jobs};

/// Milliseconds.
pub type Ms = u64;

pub const SECOND: Ms = 1_000;
pub const MINUTE: Ms = 60 * SECOND;
pub const HOUR: Ms = 60 * MINUTE;

/// Where vantages may be.
pub const PLACES: [&str; 4] = ["apac", "enam", "weur", "oc"];

/// A world before it begins.
#[derive(Clone, Debug)]
pub struct Setup {
    pub seed: u64,
    /// What it was drawn for.
    pub whole: Ms,
    /// How long it lasts, until all is mended and it has time to settle.
    pub length: Ms,
    pub terms: Terms,
    /// The configurations that are deployed, one after the other; the first from the beginning.
    pub deployments: Vec<(Ms, Terms)>,
    /// What each origin does, by its name.
    pub episodes: Vec<(String, Episode)>,
    /// When a vantage is cut off from everything, and whether the platform says that the fault is
    /// its own.
    pub cuts: Vec<(usize, Ms, Ms, bool)>,
    pub faults: Faults,
    pub doings: Doings,
    /// The changes of the service that somebody is about to make.
    pub changes: Vec<Intended>,
}

/// A configuration in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub vantages: usize,
    /// Origins of each pool.
    pub pools: Vec<usize>,
    pub interval: Ms,
    pub fast: Ms,
    pub down: Ms,
    pub timeout: Ms,
    pub fall: u32,
    pub rise: u32,
    pub window: Option<(u32, u32)>,
    pub quorum: String,
    pub min_votes: u32,
    pub vote_ttl: Ms,
    pub hold_down: Ms,
    pub failback: Ms,
    pub panic: Option<u32>,
    pub references: bool,
    /// The path that the first origin is probed at: another one is another definition.
    pub path: &'static str,
    /// Whether the first origin has another name.
    pub renamed: bool,
    pub jobs: Jobs,
}

/// Something that an origin does for a while.
#[derive(Clone, Copy, Debug)]
pub struct Episode {
    pub from: Ms,
    pub until: Ms,
    pub conduct: Conduct,
}

/// How an origin answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    Up,
    Broken,
    Refuses,
    Hangs,
    Slow,
    /// Broken every other stretch of this length.
    Flaps(Ms),
    /// Broken as seen from this vantage only.
    BrokenFrom(usize),
    /// A cache answers in its place.
    Cached,
    /// A cache answers because it cannot reach it.
    Stale,
}

/// What goes wrong, each as chances in a thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub report_lost: u32,
    pub report_late: u32,
    pub report_doubled: u32,
    pub answer_lost: u32,
    pub evicted: u32,
    pub write_fails: u32,
    pub alarm_late: u32,
    pub alarm_lost: u32,
    /// Clocks that differ, and jump.
    pub clocks: u32,
    /// A receiver of messages fails, hangs, wants to be left alone, or takes one and does not say
    /// so.
    pub receiver: u32,
}

impl Setup {
    /// The world of a seed, which lasts so long in all.
    pub fn draw(seed: u64, whole: Ms) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut terms = Terms::draw(&mut rng, whole);
        // The rest is what it needs to come to itself.
        let length = whole.saturating_sub(terms.settling()).max(whole / 2);
        let mut deployments = Vec::new();
        if rng.u32(..4) == 0 {
            let mut at = 0;
            for _ in 0..rng.u32(1..4) {
                at += rng.u64(length / 10..length / 3);
                let next = if rng.bool() { terms.clone() } else { terms.varied(&mut rng) };
                deployments.push((at, next));
            }
            deployments.retain(|(at, _)| *at < length);
        }
        let (mut episodes, mut cuts) = (Vec::new(), Vec::new());
        for origin in terms.origins().chain(["extra/o0".to_owned()]) {
            let mut at = rng.u64(..length / 2);
            while at < length {
                let lasts = (length / 40).max(10 * SECOND);
                let until = at + rng.u64(lasts / 4..lasts * 3);
                episodes.push((
                    origin.clone(),
                    Episode { from: at, until, conduct: Conduct::draw(&mut rng, &terms) },
                ));
                at = until + rng.u64(length / 10..length);
            }
        }
        if rng.u32(..3) == 0 {
            let at = rng.u64(..length);
            cuts.push((rng.usize(..terms.vantages), at, at + rng.u64(MINUTE..10 * MINUTE), rng.bool()));
        }
        if rng.u32(..6) == 0 {
            // All of them at once: nothing is seen any more.
            let (at, own) = (rng.u64(..length), rng.bool());
            let until = at + rng.u64(MINUTE..length / 2);
            cuts.extend((0..terms.vantages).map(|place| (place, at, until, own)));
        }
        let mut faults = Faults::draw(&mut rng);
        // Not of the same chance as the rest: worlds without receivers are as they were.
        let mut receivers = Rng::with_seed(seed ^ 0x07e11);
        faults.receiver = [0, 0, 200, 700][receivers.usize(..4)];
        let mut jobs = Rng::with_seed(seed ^ 0x10b5);
        terms.jobs = Jobs::draw(&mut jobs, whole);
        for (_, later) in &mut deployments {
            later.jobs = if jobs.bool() { terms.jobs.clone() } else { terms.jobs.varied(&mut jobs) };
        }
        let longest = terms.jobs.all.iter().map(Job::limit).max();
        let doings = longest.map_or_else(Doings::default, |limit| Doings::draw(&mut jobs, length, limit));
        let mut changing = Rng::with_seed(seed ^ 0xc4a9e);
        let changes = Intended::draw(&mut changing, &terms, whole, length);
        // Where there is time to give a vantage up, one is silent for as long.
        if let Some(first) = changes.first().filter(|_| (2 * HOUR..24 * HOUR).contains(&whole)) {
            let at = first.at + changing.u64(MINUTE..5 * MINUTE);
            let (place, own) = (changing.usize(..terms.vantages), changing.bool());
            cuts.push((place, at, at + changing.u64(MINUTE..2 * HOUR), own));
        }
        for (_, later) in deployments.iter_mut().filter(|_| !changes.is_empty()) {
            later.renamed = changing.u32(..3) == 0;
        }
        Self { seed, whole, length, terms, deployments, episodes, cuts, faults, doings, changes }
    }
}

impl Terms {
    fn draw(rng: &mut Rng, length: Ms) -> Self {
        // Long worlds are quiet ones, and so are most of the others.
        let paces: &[Ms] = if length > 24 * HOUR {
            &[60, 120, 300]
        } else {
            &[
                2, 5, 5, 10, 10, 10, 10, 20, 20, 20, 20, 20, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
                60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60, 60,
                60, 60, 60,
            ]
        };
        let interval = paces[rng.usize(..paces.len())] * SECOND;
        let timeout = (interval / 2).clamp(SECOND, 5 * SECOND);
        let vantages = rng.usize(1..=4);
        let most = u32::try_from(vantages).unwrap();
        let quorum = match rng.u32(..6) {
            0 => "\"any\"".to_owned(),
            1 => "\"all\"".to_owned(),
            2 => rng.u32(1..=most).to_string(),
            3 => format!("\"{}%\"", rng.u32(1..=100)),
            _ => "\"majority\"".to_owned(),
        };
        let fall = rng.u32(1..=4);
        let window = (rng.u32(..3) == 0).then(|| {
            let of = rng.u32(2..8);
            (rng.u32(1..=of), of)
        });
        let down = [interval, interval * 2, interval / 2][rng.usize(..3)].max(timeout).max(SECOND);
        Self {
            vantages,
            pools: (0..[1, 1, 2][rng.usize(..3)]).map(|_| rng.usize(1..=3)).collect(),
            interval,
            fast: [interval, interval / 2, interval / 4][rng.usize(..3)]
                .max(timeout)
                .max(SECOND)
                .min(interval),
            down,
            timeout,
            fall,
            rise: rng.u32(1..=3),
            window,
            quorum,
            min_votes: rng.u32(1..=most),
            vote_ttl: (interval.max(down) + timeout) * rng.u64(2..5),
            hold_down: [0, 0, 10, 60][rng.usize(..4)] * SECOND,
            failback: [0, 0, 30, 120][rng.usize(..4)] * SECOND,
            panic: (rng.u32(..3) == 0).then(|| rng.u32(10..=100)),
            references: rng.u32(..3) == 0,
            path: "/health",
            renamed: false,
            jobs: Jobs::default(),
        }
    }

    /// The configuration after an edit.
    fn varied(&self, rng: &mut Rng) -> Self {
        let mut terms = self.clone();
        match rng.u32(..5) {
            0 => terms.path = "/ready",
            1 => terms.fall = terms.fall % 4 + 1,
            2 => terms.pools.push(1),
            3 if terms.pools[0] > 1 => terms.pools[0] -= 1,
            4 if terms.vantages > 1 => {
                terms.vantages -= 1;
                terms.min_votes = 1;
                terms.quorum = "\"majority\"".into();
            }
            _ => terms.hold_down = 20 * SECOND,
        }
        terms
    }

    /// How long a mended world needs until every verdict is what is true: thresholds at the slowest
    /// pace, the longest hold, waiting.
    pub fn settling(&self) -> Ms {
        let Self { interval, down, vote_ttl, hold_down, failback, .. } = *self;
        12 * interval.max(down) + 3 * vote_ttl + hold_down.max(300 * SECOND) + failback + 3 * MINUTE
    }

    /// The name of an origin in its pool.
    fn name(&self, pool: usize, origin: usize) -> String {
        let renamed = self.renamed && (pool, origin) == (0, 0);
        format!("{}{origin}", if renamed { "r" } else { "o" })
    }

    /// The full names of the origins.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        self.pools.iter().enumerate().flat_map(move |(pool, count)| {
            (0..*count).map(move |origin| format!("p{pool}/{}", self.name(pool, origin)))
        })
    }

    /// The configuration as a file.
    pub fn text(&self) -> String {
        let mut text = String::from("plan = \"paid\"\n");
        if !self.jobs.all.is_empty() {
            text += "heartbeat_secret = \"KEY\"\n";
        }
        if self.references {
            text += "references = [\"https://reference.example\"]\n";
        }
        let ms = |ms: Ms| format!("\"{ms}ms\"");
        let vantages = format!("{:?}", &PLACES[..self.vantages]);
        let window = self.window.map_or_else(String::new, |(m, n)| format!("window = \"{m}/{n}\"\n"));
        let _ = write!(
            text,
            "[defaults]\ninterval = {}\nfast_interval = {}\ndown_interval = {}\ntimeout = {}\nfall = {}\nrise = {}\n{window}vantages = {vantages}\n",
            ms(self.interval),
            ms(self.fast),
            ms(self.down),
            ms(self.timeout),
            self.fall,
            self.rise,
        );
        for (pool, count) in self.pools.iter().enumerate() {
            let panic = self.panic.map_or_else(String::new, |panic| format!("panic = \"{panic}%\"\n"));
            let _ = write!(
                text,
                "[[pool]]\nname = \"p{pool}\"\nquorum = {}\nmin_votes = {}\nvote_ttl = {}\nhold_down = {}\nfailback_delay = {}\n{panic}",
                self.quorum,
                self.min_votes,
                ms(self.vote_ttl),
                ms(self.hold_down),
                ms(self.failback),
            );
            for origin in 0..*count {
                let path = if origin == 0 { self.path } else { "/health" };
                let _ = write!(
                    text,
                    "[[pool.origin]]\nname = \"{}\"\nurl = \"https://p{pool}-o{origin}.example\"\npriority = {origin}\nprobe = {{ path = \"{path}\" }}\n",
                    self.name(pool, origin)
                );
            }
        }
        self.jobs.write(&mut text);
        // One channel is told of everything at once, one of what lasts, and one of what is told by
        // default.
        let everything = "on = [\"fail\", \"warn\", \"recovered\", \"watch\"]\n";
        for (name, on, after) in [("all", everything, 0), ("lasting", everything, 60), ("usual", "", 0)] {
            let _ = write!(
                text,
                "[[notify]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"https://{name}.example\"\nsecret = \"KEY\"\n{on}after = \"{after}s\"\nevery = \"1h\"\ncap = \"120/1h\"\n"
            );
        }
        text
    }

    /// The configuration, parsed.
    pub fn config(&self) -> Config {
        let text = self.text();
        Config::parse(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
    }
}

impl Conduct {
    fn draw(rng: &mut Rng, terms: &Terms) -> Self {
        match rng.u32(..10) {
            0 | 1 => Self::Broken,
            2 => Self::Refuses,
            3 => Self::Hangs,
            4 => Self::Slow,
            // In step with the interval, or with nothing.
            5 => Self::Flaps([terms.interval, terms.interval * 3, rng.u64(SECOND..MINUTE)][rng.usize(..3)]),
            6 | 7 => Self::BrokenFrom(rng.usize(..terms.vantages)),
            8 => Self::Cached,
            _ => Self::Stale,
        }
    }
}

impl Faults {
    /// Most worlds are calm in most ways.
    fn draw(rng: &mut Rng) -> Self {
        let mut chance = |often: u32| if rng.u32(..4) == 0 { rng.u32(1..=often) } else { 0 };
        Self {
            report_lost: chance(300),
            report_late: chance(100),
            report_doubled: chance(200),
            answer_lost: chance(300),
            evicted: chance(100),
            write_fails: chance(50),
            alarm_late: chance(50),
            alarm_lost: chance(40),
            clocks: chance(1_000),
            receiver: 0,
        }
    }

    /// The kinds, each with its name: to be switched off one by one.
    pub fn kinds(&mut self) -> [(&'static str, &mut u32); 10] {
        [
            ("report_lost", &mut self.report_lost),
            ("report_late", &mut self.report_late),
            ("report_doubled", &mut self.report_doubled),
            ("answer_lost", &mut self.answer_lost),
            ("evicted", &mut self.evicted),
            ("write_fails", &mut self.write_fails),
            ("alarm_late", &mut self.alarm_late),
            ("alarm_lost", &mut self.alarm_lost),
            ("clocks", &mut self.clocks),
            ("receiver", &mut self.receiver),
        ]
    }
}
