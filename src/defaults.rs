//! Every length of time and every limit that the code goes by, each with its reason.
//!
//! A module is named for the one whose numbers it has. What a file may say otherwise is under
//! [`config`]; everything else is the same for every deployment. What a format, an algorithm or the
//! platform fixes stands where it is used.

pub mod access;
pub mod arbiter;
pub mod change;
pub mod command_line;
pub mod config;
pub mod edge;
pub mod history;
pub mod notify;
pub mod proxy;
pub mod reader;
pub mod serve;
pub mod vantage;

/// Of `src/path`.
pub mod path {
    /// The longest request target that is read, in bytes (the platform's own bound on URLs).
    pub const MAX_TARGET: usize = 16 * 1024;
}

/// Of `src/limits`.
pub mod limits {
    use crate::units::Millis;

    /// Events in a snapshot, the latest ones: all that the Arbiter needs of what is stored. An
    /// outage has up to eight.
    pub const EVENTS_SHOWN: usize = 60;

    /// How old a copy may be where requests are not counted.
    pub const COPY_AGE: Millis = Millis::new(500);

    /// The same on the free plan, whose daily requests are counted.
    pub const COPY_AGE_COUNTED: Millis = Millis::from_secs(10);

    /// The same as [`COPY_AGE`] while a verdict in it is in doubt, so that its change is seen as
    /// soon as it is made.
    pub const COPY_AGE_IN_DOUBT: Millis = Millis::new(100);
}

/// Of `src/exchange`.
pub mod exchange {
    /// The part of a body that a probe reads, in bytes. A health answer is small; whoever sends
    /// more is let go.
    pub const BODY_CAP: usize = 64 * 1024;

    /// The longest header value that is read, in bytes: common servers refuse as much of all of
    /// them.
    pub const HEADER_CAP: usize = 8 * 1024;
}

/// Of `src/sample`.
pub mod sample {
    /// The longest time of a metric that is believed, in milliseconds: a day.
    pub const MOST_MS: f64 = 86_400_000.0;
}

/// Of `src/schedule`.
pub mod schedule {
    use crate::units::Millis;

    /// A shard is taken to need so many hundredths of what it needs until midnight, so that it
    /// rests before it is too late.
    pub const REST_EARLY: u64 = 105;

    /// When a shard counts as silent whose origins do not say: of the longest usual interval, with
    /// what its report takes.
    pub const SILENT_AFTER: Millis = Millis::from_secs(62);
}

/// Of `src/probe`.
pub mod probe {
    use crate::units::Millis;

    /// An exchange that breaks off this soon met a connection that the origin had just closed:
    /// within the time that word of it takes.
    pub const AT_ONCE: Millis = Millis::new(250);

    /// A deadline that is noticed later than this, or than a tenth of it, says that whoever waited
    /// was busy: what the origin did meanwhile is not known.
    pub const LATENESS: Millis = Millis::new(250);

    /// How long a connection is watched for its being closed again. A server that is out of
    /// descriptors closes at once, and word of it takes as long as a way around the world.
    pub const WATCHED: Millis = Millis::new(200);

    /// How long a reference may take.
    pub const REFERENCE_TIMEOUT: Millis = Millis::from_secs(3);

    /// Metrics read of one field; more is no timing but an attack.
    pub const MAX_METRICS: usize = 64;

    /// Of `cache/words`.
    pub mod words {
        /// The longest word of a cache in bytes; what is longer is none.
        pub const LONGEST: usize = 40;
    }
}

/// Of `src/compare`.
pub mod compare {
    /// Of `expectation`.
    pub mod expectation {
        /// The longest expectation, in characters: a measure, a bound and a class fit.
        pub const LONGEST: usize = 200;
    }
}

/// Of `src/purge`.
pub mod purge {
    use crate::units::Millis;

    /// For how long an answer of a CDN is waited for. Two are asked for at most, by somebody who
    /// waits for the Arbiter meanwhile.
    pub const TIMEOUT: Millis = Millis::from_secs(4);

    /// Purges that are told of one change, the latest ones.
    pub const MOST_TOLD: usize = 20;

    /// Of `draft`.
    pub mod draft {
        /// Addresses, tags and pools of one purge, at most of each: a CDN takes a hundred at once
        /// (<https://developers.cloudflare.com/cache/how-to/purge-cache/>).
        pub const MOST: usize = 30;

        /// The longest address, in bytes: about as long as one may be in a file.
        pub const LONGEST_URL: usize = 2_000;

        /// The longest tag, in bytes
        /// (<https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/>).
        pub const LONGEST_TAG: usize = 1_024;
    }

    /// Of `cleared`.
    pub mod cleared {
        /// Marks that are kept. Where there are more, the oldest become one that covers every copy:
        /// too much is cleared then, never too little.
        pub const MOST: usize = 32;
    }
}

/// Of `src/verdict`.
pub mod verdict {
    /// So many falls within what is remembered of them are flapping.
    pub const FLAPPING: u32 = 3;

    /// Falls that are remembered: with the shortest hold of a second the last of them holds for an
    /// hour.
    pub const REMEMBERED: usize = 12;
}

/// Of `src/heartbeat`.
pub mod heartbeat {
    use crate::units::Millis;

    /// A longer time between two looks at the clock is time away. The Arbiter looks around each 30
    /// s, and what is stored of when it did is at most a minute old.
    pub const AWAY: Millis = Millis::from_secs(150);

    /// How long the word that a job is silent holds without a further look: three rounds of the
    /// Arbiter.
    pub const SILENCE_HOLDS: Millis = Millis::from_secs(90);

    /// How often the Arbiter looks whether a silent job is still silent.
    pub const ROUND: Millis = Millis::from_secs(30);

    /// A heartbeat that is under way to the Arbiter for longer is lost.
    pub const TIMEOUT: Millis = Millis::from_secs(5);

    /// The shortest secret of tokens in bytes: who has one token of a shorter one could guess it,
    /// and make the others.
    pub const SHORTEST_SECRET: usize = 16;

    /// How often whoever waits for another request's answer to the same heartbeat looks for it.
    pub const LOOK: Millis = Millis::new(50);
}

/// Of `src/writes`.
pub mod writes {
    use crate::units::Millis;

    /// The longest title of an announcement in characters: what the page shows on one line or two.
    pub const MAX_TITLE: usize = 80;

    /// The longest text in characters: some paragraphs.
    pub const MAX_TEXT: usize = 1_000;

    /// The longest note of an incident in characters.
    pub const MAX_NOTE: usize = 2_000;

    /// The most notes of one incident: none is thrown away, so there is no further one.
    pub const MOST_NOTES: u32 = 50;

    /// The longest that an announcement may stand before it ends by itself: a year.
    pub const LONGEST: Millis = Millis::DAY.times(366);

    /// The entries that are kept, and the most changes in 24 hours: so each of a day is among them.
    pub const ENTRIES: usize = 100;
}

/// Of `src/snapshot`.
pub mod snapshot {
    use crate::units::Millis;

    /// What comes again so soon is one outage that flaps.
    pub const CALM: Millis = Millis::from_secs(60);
}

/// Of `src/availability`.
pub mod availability {
    /// Transitions of one subject in a day, at most: later ones take the place of the last. They
    /// bound the row of a subject that flaps all day.
    pub const MOST_TURNS: usize = 500;

    /// Absences that are kept, the latest ones: times in which nobody watched, all in one row.
    pub const MOST_ABSENCES: usize = 200;

    /// Days that are told one by one: a quarter of a year, what a page shows of an origin.
    pub const DAILY: usize = 90;
}

/// Of `src/incident`.
pub mod incident {
    use crate::units::Millis;

    /// What comes again so soon is the same incident: the longest that flapping makes a verdict
    /// hold if nothing is written. It is longer than what is one row on the page.
    pub const CALM: Millis = Millis::from_secs(300);

    /// How long an incident is told of: as long as days of history are.
    pub const KEPT: Millis = Millis::from_secs(400 * 86_400);

    /// Incidents that are kept of all pools together, the latest ones: each is a row.
    pub const MOST: u64 = 1_000;

    /// Origins, vantages and turns of the signal that an incident names, at most: they bound its
    /// row.
    pub const MOST_NAMES: usize = 64;

    /// Incidents in one answer, at most: as many as other lists have members.
    pub const MOST_LISTED: usize = 500;

    /// Of `lately`: what the page for customers is made of.
    pub mod lately {
        /// Incidents that are open, at most: with more of them the list itself is the news.
        pub const OPEN: usize = 100;

        /// The latest that are over: each page carries them.
        pub const OVER: usize = 30;

        /// The latest notes of each.
        pub const NOTES: usize = 5;
    }
}

/// Of `src/follow`.
pub mod follow {
    use crate::units::Millis;

    /// The shortest and the longest time that a request may wait: a shorter one is a question like
    /// any other, and a longer one only holds a request open.
    pub const WAIT: (Millis, Millis) = (Millis::from_secs(1), Millis::from_secs(60));

    /// How long the Arbiter may take to open a line.
    pub const TIMEOUT: Millis = Millis::from_secs(3);

    /// Between two signs of life: to the client of a stream, and along the line.
    pub const KEEP_ALIVE: Millis = Millis::from_secs(15);

    /// Without a line a follower looks at most this often.
    pub const LOOK: Millis = Millis::from_secs(1);

    /// How much longer than until the next refresh whoever comes back waits for a copy that is not
    /// behind what it has.
    pub const CATCH_UP: Millis = Millis::from_secs(3);

    /// Up to this limit of a copy's age a line tells of changes earlier than the next refresh does.
    /// Above it, requests are counted, and a follower looks at the copy that its isolate refreshes
    /// anyway.
    pub const QUICK: Millis = Millis::from_secs(1);

    /// The most lines that the Arbiter holds at once: one message to each is milliseconds of its
    /// time.
    pub const LINES: usize = 1_000;

    /// What is asked of whoever finds no place, in seconds.
    pub const RETRY_AFTER: u64 = 5;

    /// Of `all`.
    pub mod all {
        /// The longest place in the stream of all pools, in bytes: a fingerprint and four numbers
        /// fit.
        pub const LONGEST: usize = 96;
    }

    /// How long a stream lasts before its client is to connect again: so the isolates of an old
    /// deployment empty.
    pub const STREAM: Millis = Millis::from_secs(300);
}

/// Of `src/budget`.
pub mod budget {
    use crate::units::Millis;

    /// The time a probe of a healthy origin is taken to last.
    pub const USUAL: Millis = Millis::new(300);

    /// How long a connection of a probe's own is taken to hold its slot: until it is open, and
    /// while it is watched (`WATCHED` of `src/probe`).
    pub const CONNECTION: Millis = Millis::new(300);

    /// The time from a vantage to the Arbiter and back, as it is taken to be.
    pub const ROUND_TRIP: Millis = Millis::new(100);

    /// Of each daily limit so many hundredths are left alone by fast probes: for deployments, and
    /// readers that nobody counted on.
    pub const RESERVE: u64 = 5;

    /// Of `resting`.
    pub mod resting {
        /// At rest, shards need so many hundredths of their share at most: the rest is for the time
        /// before.
        pub const NEEDED: u64 = 90;

        /// The longest pace that is tried, in seconds: an hour.
        pub const LONGEST_S: u64 = 3_600;
    }

    /// Of `walk`.
    pub mod walk {
        /// Ticks that are walked along at most: they bound the time that a check takes.
        pub const MOST_TICKS: u64 = 6_000;
    }
}
