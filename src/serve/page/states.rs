//! The designed states of the page, each told as a story to a real Arbiter: for the tests of the
//! page, and for `examples/page_states.rs`, which writes them out to be looked at.

use std::collections::BTreeMap;

use vedette::arbiter::{Arbiter, Event};
use vedette::config::{Config, Origin};
use vedette::sample::{CacheClass, Database};
use vedette::snapshot::{Part, Snapshot};
use vedette::units::{Millis, OriginId, Timestamp};
use vedette::vote::{Opinion, REPORT_VERSION, Report, Seen, Vote};

#[path = "states/monitors.rs"]
mod monitors;

/// A state of the page.
pub struct State {
    /// What it is called.
    pub name: &'static str,
    /// The verdicts.
    pub snapshot: Snapshot,
    /// The configuration that they are of.
    pub config: Config,
    /// Whether the Arbiter does not answer.
    pub arbiter_silent: bool,
    /// Now.
    pub now: Timestamp,
}

/// All of them.
pub fn all() -> Vec<State> {
    let shop = || Story::of(&[("shop", &["primary", "standby"])]);
    let passing = || shop().seen("apac enam weur", "shop/primary + shop/standby +");
    let failing_over = || passing().later(40).seen("apac enam weur", "shop/primary - shop/standby +");
    let falls = |story: Story| story.later(5).seen("apac enam weur", "shop/primary - shop/standby +");
    let recovers = |story: Story| story.later(5).seen("apac enam weur", "shop/primary + shop/standby +");
    let reported = || jobs().beats("hourly nightly");
    let under = |settings| recovers(Story::shop(settings, &["primary", "standby"]));
    vec![
        shop().shown("first-seconds"),
        shop().seen("apac", "shop/primary ? shop/standby ?").later(1).shown("undecided"),
        passing().later(2).shown("passing"),
        failing_over().later(4).shown("failing-over"),
        passing().seen("enam", "shop/primary -").shown("one-vantage-fails"),
        passing().seen("enam weur", "shop/primary ~").shown("warning"),
        passing().seen("apac enam weur", "shop/primary - shop/standby -").shown("nowhere-to-go"),
        recovers(falls(under("hold_down = \"30s\""))).later(4).shown("held"),
        (0..3)
            .fold(under("hold_down = \"2s\""), |story, _| recovers(falls(story)))
            .later(1)
            .shown("flapping"),
        recovers(falls(under("failback_delay = \"60s\""))).later(3).shown("failback"),
        panic().shown("panic"),
        blind(passing()).shown("blind"),
        passing().later(30).seen("apac weur", "shop/primary + shop/standby +").shown("one-vantage-silent"),
        passing().later(30).shown("watch-silent"),
        passing().later(90).shown("watch-silent-for-long"),
        failing_over().served_later("arbiter-silent", 20),
        failing_over().served_later("arbiter-silent-for-long", 600),
        without_copy(&shop()),
        without_votes(failing_over()),
        many(40, 5).shown("many-pools"),
        many(40, 10).shown("more-of-many-fail"),
        many(12, 12).shown("many-fail"),
        hostile().shown("hostile-texts"),
        jobs().shown("heartbeats-awaited"),
        jobs().beats("hourly").later(3).shown("heartbeat-awaited"),
        jobs_alone().beats("hourly").later(3).shown("one-of-two-heartbeats"),
        jobs()
            .beats("hourly")
            .seen("apac enam weur", "shop/primary -")
            .shown("heartbeat-awaited-in-an-outage"),
        reported().waits(600).beats("hourly").later(3).shown("heartbeats-on-time"),
        reported().waits(4_300).later(3).shown("heartbeat-overdue"),
        reported()
            .waits(93_000)
            .later(3)
            .seen("enam weur", "shop/primary ~")
            .shown("heartbeat-overdue-in-an-outage"),
        reported().deaf().later(3).shown("heartbeats-not-heard"),
        monitors::several().shown("monitors"),
        monitors::several()
            .later(4)
            .seen("apac enam weur", "memo/memo - wiki/wiki ~")
            .shown("monitors-amiss"),
        monitors::several()
            .waits_for("memo/memo - wiki/wiki + shop/primary + shop/standby +", 2_500)
            .shown("monitor-down-for-long"),
        monitors::several()
            .waits_for("memo/memo + wiki/wiki + shop/primary + shop/standby +", 4_200)
            .shown("monitor-late"),
        monitors::crowd(500).shown("many-monitors"),
        monitors::forty().shown("forty-monitors"),
        monitors::titled().shown("hostile-titles"),
    ]
}

/// A configuration, its Arbiter, and what it is told.
struct Story {
    config: Config,
    arbiter: Arbiter,
    now: Timestamp,
    seq: u64,
}

impl Story {
    /// Pools and their origins, the first of each preferred.
    fn of(pools: &[(&str, &[&str])]) -> Self {
        Self::with("", pools)
    }

    /// A pool with settings of its own.
    fn shop(settings: &str, origins: &[&str]) -> Self {
        Self::with(settings, &[("shop", origins)])
    }

    fn with(settings: &str, pools: &[(&str, &[&str])]) -> Self {
        let mut text =
            String::from("[defaults]\ninterval = \"5s\"\nvantages = [\"apac\", \"enam\", \"weur\"]\n");
        for (pool, origins) in pools {
            text += &format!("[[pool]]\nname = \"{pool}\"\n{settings}\n");
            for (priority, origin) in origins.iter().enumerate() {
                text += &format!(
                    "[[pool.origin]]\nname = \"{origin}\"\nurl = \"https://10.0.0.{priority}\"\npriority = {priority}\n"
                );
            }
        }
        Self::under(&text)
    }

    fn under(text: &str) -> Self {
        let config = Config::parse(text).unwrap_or_else(|problems| panic!("{problems}"));
        let now = Timestamp::from_millis(1_795_426_871_007);
        Self { arbiter: Arbiter::new(config.clone(), &[], now), config, now, seq: 0 }
    }

    fn later(mut self, seconds: u64) -> Self {
        self.now = self.now.plus(Millis::from_secs(seconds));
        self.arbiter.step(Event::Woken, self.now);
        self
    }

    /// The shop passes for so long.
    fn waits(self, seconds: u64) -> Self {
        (0..seconds / 30).fold(self, |story, _| story.later(30).shop_passes())
    }

    /// These votes come for so long.
    fn waits_for(self, votes: &str, seconds: u64) -> Self {
        (0..seconds / 30).fold(self, |story, _| story.later(30).seen("apac enam weur", votes))
    }

    /// The shop passes.
    fn shop_passes(self) -> Self {
        self.seen("apac enam weur", "shop/primary +")
    }

    /// Some jobs report.
    fn beats(mut self, jobs: &str) -> Self {
        for job in jobs.split(' ') {
            let id = if job.contains('/') { job.to_owned() } else { format!("jobs/{job}") };
            let id = OriginId::parse(&id).expect("a job of the story");
            self.arbiter.step(Event::Beat(id), self.now);
        }
        self
    }

    /// Nobody can be heard any more.
    fn deaf(mut self) -> Self {
        self.arbiter.deafen(Some("the secret HEARTBEAT_KEY is not set".into()));
        self.later(1)
    }

    /// What some vantages report, origin by origin: `+` pass, `~` pass with a warning, `-` fail,
    /// `?` undecided.
    fn seen(self, vantages: &str, votes: &str) -> Self {
        self.seen_so(vantages, votes, "status 503 is not expected")
    }

    fn seen_so(self, vantages: &str, votes: &str, failure: &str) -> Self {
        self.reported(vantages, |story, place| {
            let (mut words, mut cast) = (votes.split(' '), Vec::new());
            while let (Some(id), Some(sign)) = (words.next(), words.next()) {
                cast.push(vote(story.origin(id), sign, 211 >> (2 * place), failure));
            }
            (cast, BTreeMap::new())
        })
    }

    /// A vantage that has no evidence of any origin.
    fn blind(self, vantage: &str, why: &str) -> Self {
        self.reported(vantage, |story, _| {
            let origins = story.config.pools.iter().flat_map(|pool| &pool.origins);
            (Vec::new(), origins.map(|origin| (origin.id.clone(), why.to_owned())).collect())
        })
    }

    /// Some vantages report what `of` gives for the place that each has among them.
    fn reported(
        mut self,
        vantages: &str,
        of: impl Fn(&Self, usize) -> (Vec<Vote>, BTreeMap<OriginId, String>),
    ) -> Self {
        for watch in self.arbiter.snapshot(&Part::Summary, self.now).watch {
            let Some(place) = vantages.split(' ').position(|name| name == watch.vantage.as_str()) else {
                continue;
            };
            self.seq += 1;
            let (votes, blind) = of(&self, place);
            let report = Report {
                version: REPORT_VERSION,
                colo: (watch.vantage.as_str() == "weur").then(|| "AMS".into()),
                vantage: watch.vantage,
                shard: watch.shard,
                seq: self.seq,
                config: self.config.hash,
                lag: Millis::new(3),
                queued: None,
                missed: 0,
                votes,
                blind,
                fast: None,
                rollups: Vec::new(),
            };
            self.arbiter.step(Event::Reported(report), self.now);
        }
        self
    }

    fn origin(&self, id: &str) -> &Origin {
        let mut origins = self.config.pools.iter().flat_map(|pool| &pool.origins);
        origins.find(|origin| origin.id.to_string() == id).expect("an origin of the story")
    }

    fn shown(self, name: &'static str) -> State {
        let snapshot = self.arbiter.snapshot(&Part::Whole, self.now);
        State {
            name,
            snapshot,
            arbiter_silent: false,
            now: self.now.plus(Millis::new(400)),
            config: self.config,
        }
    }

    /// The Arbiter falls silent, and this long afterwards its last word is shown.
    fn served_later(self, name: &'static str, seconds: u64) -> State {
        let now = self.now.plus(Millis::from_secs(seconds));
        State { arbiter_silent: true, now, ..self.shown(name) }
    }
}

fn vote(origin: &Origin, sign: &str, ms: u64, failure: &str) -> Vote {
    let (opinion, reason) = match sign {
        "+" => (Opinion::Pass, "ok"),
        "~" => (Opinion::Pass, "response time 912ms is over 800ms"),
        "-" => (Opinion::Fail, failure),
        _ => (Opinion::Undecided, "ok"),
    };
    let failed = opinion == Opinion::Fail;
    let run = match opinion {
        Opinion::Undecided => 1,
        Opinion::Pass => 2,
        Opinion::Fail => 3,
    };
    let seen = Seen {
        reason: reason.into(),
        warned: sign == "~",
        failed,
        unproven: false,
        latency: Millis::new(if sign == "~" { 912 } else { ms }),
        status: Some(if failed { 503 } else { 200 }),
        cache: CacheClass::OriginProven,
        database: Database { calls: (!failed).then_some(1), time: (!failed).then_some(Millis::new(2)) },
    };
    let (id, definition) = (origin.id.clone(), origin.definition);
    Vote { origin: id, definition, opinion, held: Millis::from_secs(9), age: Millis::new(600), run, seen }
}

fn without_copy(story: &Story) -> State {
    let snapshot = Snapshot::blank(&story.config, story.now, "the Arbiter does not answer");
    let (config, now) = (story.config.clone(), story.now);
    State { name: "arbiter-silent-without-a-copy", snapshot, config, arbiter_silent: true, now }
}

/// A copy from KV: it has the verdicts and not the votes.
fn without_votes(story: Story) -> State {
    let snapshot = story.arbiter.snapshot(&Part::Summary, story.now);
    State { snapshot, ..story.served_later("copy-without-votes", 9) }
}

/// Jobs that report by themselves, beside a pool that is probed.
fn jobs() -> Story {
    let shop = "[defaults]\ninterval = \"5s\"\nvantages = [\"apac\", \"enam\", \"weur\"]\n\
                [[pool]]\nname = \"shop\"\n[[pool.origin]]\nname = \"primary\"\nurl = \"https://10.0.0.1\"\n";
    jobs_beside(shop).shop_passes()
}

/// Jobs that report by themselves, and nothing else.
fn jobs_alone() -> Story {
    jobs_beside("")
}

fn jobs_beside(other: &str) -> Story {
    let jobs = "[[pool]]\nname = \"jobs\"\norigin = [\n\
                { name = \"hourly\", kind = \"heartbeat\", period = \"1h\", grace = \"5m\" },\n\
                { name = \"nightly\", kind = \"heartbeat\", period = \"24h\", grace = \"1h\" },\n]\n";
    Story::under(&format!("heartbeat_secret = \"HEARTBEAT_KEY\"\n{other}{jobs}"))
}

/// Two origins of three fail.
fn panic() -> Story {
    let votes = "shop/first - shop/second - shop/third +";
    Story::shop("panic = \"50%\"", &["first", "second", "third"]).seen("apac enam weur", votes)
}

/// A vantage that is cut off for longer than its votes live.
fn blind(story: Story) -> Story {
    let why = "weur reaches none of its origins and no reference either";
    (0..2).fold(story, |story, _| {
        story.later(25).seen("apac enam", "shop/primary + shop/standby +").blind("weur", why)
    })
}

/// Many pools of two origins, of which the first fails in every `nth`, and both in the last of
/// those.
fn many(count: usize, troubled: usize) -> Story {
    let names: Vec<String> = (1..=count).map(|number| format!("service-{number:03}")).collect();
    let pools: Vec<(&str, &[&str])> =
        names.iter().map(|name| (name.as_str(), &["primary", "standby"][..])).collect();
    let mut votes = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let bad = index % (count / troubled) == 1 % (count / troubled);
        let (first, second) = (if bad { "-" } else { "+" }, if bad && index > count / 2 { "-" } else { "+" });
        votes.push(format!("{name}/primary {first} {name}/standby {second}"));
    }
    Story::of(&pools).seen("apac enam weur", &votes.join(" "))
}

/// Names as long as they may be, and reasons that are not what an origin may send but should it
/// ever come to that.
fn hostile() -> Story {
    let (pool, origin) = ("p".repeat(63), "o".repeat(63));
    let id = format!("{pool}/{origin}");
    let text = format!(
        "[defaults]\nvantages = [\"apac\", \"enam\", \"weur\"]\n[[pool]]\nname = \"{pool}\"\nexpose_urls = true\n\
         [[pool.origin]]\nname = \"{origin}\"\nurl = \"https://{}.example/{}\"\n",
        "h".repeat(60),
        "x".repeat(500)
    );
    let evil = [
        "<script>alert(1)</script><img src=x onerror=alert(2)> & \"quoted\" ' \u{202e}desrever\u{2066} \u{0}\u{7}\u{1b}[31m",
        "</main></body>",
    ];
    Story::under(&text)
        .seen_so("apac", &format!("{id} -"), evil[0])
        .seen_so("enam", &format!("{id} -"), &"long".repeat(1_000))
        .seen_so("weur", &format!("{id} -"), evil[1])
}
