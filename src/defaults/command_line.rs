//! Of `src/bin/vedette`: what the command line asks of a running worker.

/// Of `client`.
pub mod client {
    use crate::units::Millis;

    /// How long one request may take: the worker gives up on the Arbiter and on its vantages long
    /// before.
    pub const TIMEOUT: Millis = Millis::from_secs(30);

    /// How large an answer may be, in bytes.
    pub const LARGEST: usize = 16 * 1024 * 1024;

    /// How many parts a list has at most, of 500 members each: a list that never ends is not read
    /// for ever.
    pub const PARTS: usize = 200;
}

/// Of `compare`.
pub mod compare {
    use crate::units::Millis;

    /// The shortest window: a shorter one has few samples to compare.
    pub const SHORTEST: Millis = Millis::from_secs(60);

    /// The longest window: a question for samples is about six hours at most.
    pub const LONGEST: Millis = crate::defaults::serve::recorded::LONGEST_SAMPLES;

    /// A window has at most so many pages of samples, of 1,000 each.
    pub const PAGES: usize = 100;
}

/// Of `change`.
pub mod change {
    use crate::units::Millis;

    /// How often a change is looked at while it is waited for: what becomes of it takes minutes.
    pub const EVERY: Millis = Millis::from_secs(5);
}
