//! Of `src/config`: what a file may say, and what holds if it says nothing. A module is named for
//! the file that reads the setting.

pub mod route;

use crate::units::Millis;

/// The lengths that a setting may have.
#[derive(Clone, Copy)]
pub struct Span {
    /// The shortest.
    pub floor: Millis,
    /// The longest.
    pub ceiling: Millis,
}

/// The largest configuration that is read, in bytes: all of it is held while it is checked.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The shortest time to live of a vote if none is written.
pub const DEFAULT_TTL: Millis = Millis::from_secs(45);

/// How long a report may be on its way before a vantage counts as silent.
pub const REPORT_LATE: Millis = Millis::from_secs(2);

/// Of `syntax`.
pub mod syntax {
    /// Up to this many bytes every broken line is reported; beyond, only the first. The parser
    /// keeps a record per error, and a megabyte of noise must not take a hundred of memory.
    pub const MAX_RECOVERED: usize = 64 * 1024;
}

/// Of `raw`.
pub mod raw {
    /// The most problems that are kept while reading; a megabyte of wrong keys must not take a
    /// hundred of memory.
    pub const MAX_KEPT: usize = 20 * super::problem::MAX;
}

/// Of `problem`.
pub mod problem {
    /// The most problems that are listed; a file with more is not read by anyone, and the report
    /// has to stay small.
    pub const MAX: usize = 500;

    /// The longest excerpt of the file that a message repeats, in characters: a message stays one
    /// that is read.
    pub const MAX_EXCERPT: usize = 64;

    /// The most names that a message lists, so that it stays one that is read.
    pub const MAX_LISTED: usize = 24;
}

/// Of `settings`.
pub mod settings {
    use super::Span;
    use crate::units::Millis;

    /// Bounds of the intervals. An alarm costs a request; under a second the platform's own noise
    /// exceeds the interval. Over a day a monitor says nothing.
    pub const INTERVAL: Span = Span { floor: Millis::from_secs(1), ceiling: Millis::from_secs(86_400) };

    /// Bounds of the timeout. Under 100 ms a healthy origin on another continent fails; the
    /// platform itself gives up on a fetch after about 19 s, and a deadline that never passes would
    /// hide that.
    pub const TIMEOUT: Span = Span { floor: Millis::new(100), ceiling: Millis::from_secs(19) };

    /// Between two probes, if nothing is written.
    pub const DEFAULT_INTERVAL: Millis = Millis::from_secs(10);

    /// While in doubt, if nothing is written; never over the interval.
    pub const DEFAULT_FAST_INTERVAL: Millis = Millis::from_secs(2);

    /// For a whole probe, if nothing is written; never over the interval.
    pub const DEFAULT_TIMEOUT: Millis = Millis::from_secs(3);

    /// Consecutive failures until a vote says fail, if nothing is written: one or two may be a
    /// packet that was lost.
    pub const DEFAULT_FALL: u32 = 3;

    /// Consecutive passes until a vote says pass, if nothing is written: one may be luck.
    pub const DEFAULT_RISE: u32 = 2;

    /// The longest run that a threshold may ask for: at the shortest interval, more than a minute
    /// and a half.
    pub const MAX_RUN: u32 = 100;

    /// The most samples that a window looks back on: a vote keeps them as the bits of one word.
    pub const MAX_WINDOW: u32 = 64;
}

/// Of `connect`.
pub mod connect {
    use super::Span;
    use crate::units::Millis;

    /// Bounds of the length: as those of the intervals. Under a second it is every probe anyway,
    /// and over a day it finds nothing.
    pub const SPAN: Span = super::settings::INTERVAL;

    /// How often a probe opens a connection of its own, if nothing is written and the plan counts
    /// nothing by the day.
    pub const DEFAULT_CONNECT: Millis = Millis::from_secs(60);
}

/// Of `heartbeat`.
pub mod heartbeat {
    use super::Span;
    use crate::units::Millis;

    /// The longest period and the longest grace of a heartbeat: twice the mean month, what
    /// `"2months"` means, so that a monthly job fits.
    pub const TWO_MONTHS: Millis = Millis::from_secs(2 * 2_630_016);

    /// Bounds of the period. What reports more often is better probed.
    pub const PERIOD: Span = Span { floor: Millis::from_secs(10), ceiling: TWO_MONTHS };

    /// Bounds of the grace. A request that is sent again after a lost connection needs some
    /// seconds.
    pub const GRACE: Span = Span { floor: Millis::from_secs(5), ceiling: TWO_MONTHS };

    /// The shortest grace of a heartbeat if none is written: a job starts late, and its request is
    /// sent again a few times.
    pub const DEFAULT_GRACE: Millis = Millis::from_secs(60);

    /// The longest that an isolate holds a heartbeat for told already, in a flood of them.
    pub const LONGEST_REST: Millis = Millis::from_secs(60);

    /// The shortest that an isolate holds a heartbeat for told already: below it nothing is saved.
    pub const SHORTEST_REST: Millis = Millis::from_secs(1);
}

/// Of `history`: for how long the rollups of each step are kept, usually and at most. That is what
/// the rows of storage hold: `FINE_HOURS`, `HOURS` and `DAYS` of `src/history`.
pub mod history {
    use crate::units::Millis;

    /// Of five minutes.
    pub const MINUTES: Millis = Millis::from_secs(48 * 3_600);

    /// Of five minutes, at the least: twelve of them.
    pub const LEAST_MINUTES: Millis = Millis::from_secs(3_600);

    /// Of hours.
    pub const HOURS: Millis = Millis::DAY.times(35);

    /// Of days, and transitions of verdicts.
    pub const DAYS: Millis = Millis::DAY.times(400);

    /// Of hours and of days, at the least: one day.
    pub const LEAST_DAYS: Millis = Millis::DAY;
}

/// Of `pool`.
pub mod pool {
    use super::Span;
    use crate::units::Millis;

    /// The most pools of a file: a page of a thousand lines is the most that the snapshot is
    /// measured with.
    pub const MAX_POOLS: usize = 1_000;

    /// Bounds of the time to live of a vote: three of the longest intervals and their timeouts fit.
    pub const TTL: Span = Span { floor: Millis::from_secs(1), ceiling: Millis::from_secs(7 * 86_400) };

    /// Bounds of what delays a recovery: over a day an operator's override says it better.
    pub const DELAY: Span = Span { floor: Millis::ZERO, ceiling: Millis::from_secs(86_400) };

    /// The longest that flapping makes a verdict hold, if nothing is written: Envoy's
    /// `max_ejection_time`.
    pub const DEFAULT_MAX_HOLD: Millis = Millis::from_secs(300);

    /// Bounds of the warning before a certificate ends: certificates live 398 days at most. The
    /// ceiling is what `"1year"` means.
    pub const CERT_WARN: Span =
        Span { floor: Millis::from_secs(3_600), ceiling: Millis::from_secs(31_557_600) };

    /// The most votes of an origin: one of each vantage that a list may name.
    pub const MAX_VOTES: u32 = 64;
}

/// Of `origin`.
pub mod origin {
    /// The most origins of a file; ten times the number that the schedule is measured with.
    pub const MAX_ORIGINS: usize = 10_000;

    /// The greatest `priority`: more levels than a file may have origins.
    pub const MAX_PRIORITY: u32 = 65_535;

    /// The greatest `weight`: shares of a thousandth are finer than a minute of traffic tells
    /// apart.
    pub const MAX_WEIGHT: u32 = 1_000;
}

/// Of `vantage`.
pub mod vantage {
    /// The most vantages that a file declares and that a list names; there are some thirty regions
    /// to place one in.
    pub const MAX_VANTAGES: usize = 64;

    /// The longest name of a service binding in bytes: more than anybody calls one.
    pub const MAX_BINDING: usize = 64;
}

/// Of `reference`.
pub mod reference {
    /// The most references: each that does not answer delays the conclusion by its timeout.
    pub const MOST: usize = 4;
}

/// Of `notify`.
pub mod notify {
    use super::Span;
    use crate::units::Millis;

    /// The most channels of a file: every change of a pool is held against each.
    pub const MAX_CHANNELS: usize = 16;

    /// The most keys that sign one message: the old one and the new one.
    pub const MAX_KEYS: usize = 2;

    /// Bounds of `after`: what has lasted for a week was told otherwise.
    pub const AFTER: Span = Span { floor: Millis::ZERO, ceiling: Millis::from_secs(7 * 86_400) };

    /// Bounds of `every`: more often than each minute is no reminder.
    pub const EVERY: Span = Span { floor: Millis::from_secs(60), ceiling: Millis::from_secs(30 * 86_400) };

    /// Bounds of `give_up`: a receiver that restarts is back within a minute; the most is what
    /// Standard Webhooks' own schedule takes.
    pub const GIVE_UP: Span = Span { floor: Millis::from_secs(60), ceiling: Millis::from_secs(7 * 86_400) };

    /// The time after which a message is given up if none is written.
    pub const DEFAULT_GIVE_UP: Millis = Millis::from_secs(86_400);

    /// Bounds of the time that a cap counts over.
    pub const WITHIN: Span = Span { floor: Millis::from_secs(60), ceiling: Millis::from_secs(86_400) };

    /// The most messages of a cap: the times of so many are stored with each.
    pub const MAX_CAP: u32 = 120;

    /// The messages of a cap if none is written, within [`DEFAULT_CAP_WITHIN`]: what flaps must not
    /// bury whoever is told.
    pub const DEFAULT_CAP_MESSAGES: u32 = 20;

    /// The time that this cap counts over.
    pub const DEFAULT_CAP_WITHIN: Millis = Millis::from_secs(3_600);
}

/// Of `access`, `access/jwt`.
pub mod access {
    /// The most applications of Access that one deployment stands behind: an assertion is held
    /// against each.
    pub const MOST_AUDIENCES: usize = 16;

    /// The longest name of an application in bytes; those of Access have 64.
    pub const LONGEST_AUDIENCE: usize = 128;

    /// The most who may write: an address is held against each.
    pub const MOST_ADMINS: usize = 64;

    /// The longest of who may write, in bytes: an address of e-mail (RFC 5321 section 4.5.3.1.3).
    pub const LONGEST_ADMIN: usize = 254;
}

/// Of `request`.
pub mod request {
    /// The most redirects that are followed; browsers stop at 20, and each costs a subrequest of
    /// 50.
    pub const MAX_REDIRECTS: u32 = 10;

    /// The most header fields, expectations or accepted ranges of one table; more is no health
    /// check.
    pub const MAX_ENTRIES: usize = 64;

    /// The longest value of a header field in bytes; common servers refuse 8 KiB for all of them.
    pub const MAX_HEADER: usize = 4_096;

    /// The longest name of a secret in bytes: more than anybody calls one.
    pub const MAX_SECRET: usize = 64;

    /// The longest body in bytes; a check asks a question, it does not upload.
    pub const MAX_BODY: usize = 16_384;
}

/// Of `url`.
pub mod url {
    /// The longest address and the longest path in bytes: what common servers still take in a
    /// request line, four times over.
    pub const MAX_URL: usize = 2_048;
}

/// Of `expect`.
pub mod expect {
    use super::Span;
    use crate::units::Millis;

    /// The longest text that a body is searched for, in bytes: a word or a sentence, in a body of
    /// at most 64 KiB.
    pub const MAX_TEXT: usize = 4_096;

    /// Bounds of `max_latency`; over the timeout it never acts, which is checked where both are
    /// known.
    pub const LATENCY: Span = Span { floor: Millis::new(1), ceiling: Millis::from_secs(19) };

    /// Bounds of `max_db_time`, which is a sum and may exceed the time of the answer.
    pub const DB_TIME: Span = Span { floor: Millis::new(1), ceiling: Millis::from_secs(3_600) };

    /// The most database calls that an expectation may allow: more is no bound.
    pub const MAX_DB_CALLS: u32 = 1_000_000;
}

/// Of `rule`.
pub mod rule {
    /// How deep the expected value of a JSON pointer may nest; a deeper one is better told apart by
    /// several pointers.
    pub const MAX_DEPTH: u32 = 16;
}

/// Of `pattern`.
pub mod pattern {
    /// The longest pattern, in bytes.
    pub const MAX_PATTERN: usize = 512;

    /// The most memory that a compiled pattern may take, in bytes. It bounds the steps for each
    /// byte of a body, too: without it `(a{99}){99}` would cost a thousand steps for each.
    pub const MAX_COMPILED: usize = 32 * 1024;
}

/// Of `probing`.
pub mod probing {
    /// The most metrics whose time is kept: each makes every sample longer.
    pub const MAX_TIMINGS: usize = 4;

    /// The longest name of a metric whose time is kept, in bytes: it stands in each sample.
    pub const MAX_TIMING: usize = 64;
}

/// Of `page`, `page/logo`.
pub mod page {
    /// The most links: what a header holds on one or two lines.
    pub const MAX_LINKS: usize = 8;

    /// The longest logo in the file itself, in bytes: the page is fetched again every few seconds,
    /// and carries it each time.
    pub const MAX_LOGO: usize = 32 * 1024;

    /// The longest path of a logo in bytes: as that of an address.
    pub const MAX_PATH: usize = 2_048;
}

/// Of `presentation`.
pub mod presentation {
    /// The longest title, heading or text of a link, in characters: what a card of the page and the
    /// subject of a message show on one line or two.
    pub const MAX_TITLE: usize = 80;

    /// The longest description in characters: two or three sentences.
    pub const MAX_DESCRIPTION: usize = 500;

    /// The most tags: what a card shows on a line or two.
    pub const MAX_TAGS: usize = 16;

    /// The longest tag in characters: a word or two.
    pub const MAX_TAG: usize = 32;
}
