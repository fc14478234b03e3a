//! Of `src/serve`: what is read of a request, and how much an answer has.

/// The oldest snapshot, in seconds, whose answer a cache may keep: some caches keep it for all of
/// `max-age`, whatever its `Age` is. It is a little more than the oldest that a reader is content
/// with while the Arbiter answers.
pub const OLDEST_KEPT: u64 = 15;

/// The most that is read of what is posted to sign in, in bytes: a token and its field.
pub const MOST_POSTED: usize = 2 * 1024;

/// The most tags of `If-None-Match` that are looked at; a client has one.
pub const MOST_TAGS: usize = 64;

/// The longest `If-None-Match` that is looked at, in bytes.
pub const LONGEST_TAGS: usize = 4_096;

/// Of `accept`.
pub mod accept {
    /// The longest field `Accept`, in bytes. Prometheus sends some 300.
    pub const LONGEST: usize = 2_048;

    /// The most ranges in it that are read. Prometheus sends five.
    pub const MOST: usize = 64;
}

/// Of `api/query`.
pub mod query {
    /// The longest cursor in bytes: a fingerprint and two numbers fit.
    pub const LONGEST: usize = 48;

    /// The most members of an answer, and how many there are if nobody says: what a program reads
    /// at once, and a person.
    pub const LIMIT: (usize, usize) = (500, 100);

    /// The longest list of fields in bytes: every field of a list fits.
    pub const FIELDS: usize = 512;
}

/// Of `write`.
pub mod write {
    /// The most that is read of a body that starts a change or says what to clear, in bytes: either
    /// with all that it may have.
    pub const MOST_STARTED: usize = 32 * 1024;

    /// The same of any other body, which has a few short members.
    pub const MOST_WRITTEN: usize = 8 * 1024;

    /// The longest `Idempotency-Key` and `If-Match`, in bytes: the first is stored with what was
    /// done.
    pub const LONGEST_FIELD: usize = 255;
}

/// Of `signal`.
pub mod signal {
    /// For how long a cache may keep a signal, in seconds: `max-age` is one more than `Age`.
    pub const CACHED: u64 = 1;

    /// When a client that is redirected nowhere asks again, in seconds: verdicts come back within
    /// seconds, or not soon.
    pub const RETRY_AFTER: u64 = 1;
}

/// Of `badge`.
pub mod badge {
    /// Letters of a label at most: the rest is cut, so that the picture stays one line.
    pub const LONGEST: usize = 60;
}

/// Of `incidents`.
pub mod incidents {
    /// Incidents in an answer if nobody says.
    pub const USUAL: usize = 100;

    /// The longest list of fields in bytes: every field of an incident fits.
    pub const LONGEST_FIELDS: usize = 512;
}

/// Of `changes`.
pub mod changes {
    /// Changes in an answer if nobody says: each has what was measured of it.
    pub const USUAL: usize = 20;
}

/// Of `chronicle`: what the pages and feeds of incidents are made of.
pub mod chronicle {
    /// Incidents that are open, at most: with more of them the list itself is the news.
    pub const OPEN: usize = 100;

    /// The latest that are over: what a page or a feed shows.
    pub const OVER: usize = 50;
}

/// Of `recorded`: questions about the past.
pub mod recorded {
    use crate::units::Millis;

    /// Quantiles in one question, at most: each is a walk along the sketch of each step.
    pub const MOST_QUANTILES: usize = 10;

    /// The longest time of raw samples in one question: it bounds the rows of its ring that a
    /// vantage reads at once.
    pub const LONGEST_SAMPLES: Millis = Millis::from_secs(6 * 3_600);

    /// How long raw samples are kept: as long as the ring of a vantage is.
    pub const SAMPLES_KEPT: Millis = Millis::DAY;

    /// How long an answer may be kept, in seconds: rollups come every five minutes.
    pub const KEEP_ANSWER: u32 = 30;

    /// The same of incidents, which somebody waits for.
    pub const KEEP_INCIDENTS: u32 = 5;

    /// The same of changes: whoever just did something reads what it came to.
    pub const KEEP_CHANGES: u32 = 0;

    /// The same of the days of every pool, which are many rows.
    pub const KEEP_DAYS: u32 = 300;

    /// Samples of so long are told where no window is asked for.
    pub const USUAL_SAMPLES: Millis = Millis::from_secs(900);
}

/// Of `page`.
pub mod page {
    use crate::units::Millis;

    /// Milliseconds between two looks of the script on the pages of incidents, of changes and of
    /// one pool or origin. A person waits for the first two; charts change every five minutes.
    pub const EVERY: u32 = 10_000;

    /// The longest text; a longer one is cut: a reason is a sentence, not a document.
    pub const LONGEST: usize = 400;

    /// An answer that is faster, in milliseconds, is not told to be slow because of its database.
    pub const SLOW_MS: u64 = 100;

    /// Rows of events at most: the latest are what a reader looks for.
    pub const ROWS: usize = 20;

    /// Turns of the signal that a row of an incident tells one by one.
    pub const TURNS: usize = 3;

    /// Days in which customers are told of what is over: two weeks.
    pub const DAYS: u64 = 14;

    /// What is over is told to customers for so many incidents.
    pub const PAST: usize = 10;

    /// A page that is made of what is older says so: by then several questions went without an
    /// answer.
    pub const OLD: Millis = Millis::from_secs(30);

    /// So many are unfolded from the start although nothing is amiss with them.
    pub const UNFOLDED: usize = 3;

    /// So many that do not pass are unfolded from the start: with more of them the list itself is
    /// the news.
    pub const UNFOLDED_TROUBLED: usize = 8;

    /// Up to this many pools are told of in full: more make no sentence.
    pub const IN_FULL: usize = 2;
}
