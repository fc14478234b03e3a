//! Of `src/change`: what a change may say, when it is looked at, and how many are kept.

use crate::units::Millis;

/// A look waits so long for probes that were sent before its time ended.
pub const GRACE: Millis = Millis::from_secs(10);

/// Vantages that did not answer are asked again after this.
pub const RETRY: Millis = Millis::from_secs(60);

/// The next step of a look follows after this: soon, and in an invocation of its own.
pub const STEP: Millis = Millis::new(250);

/// Vantages that did not answer for so long are not waited for any more.
pub const GIVE_UP: Millis = Millis::from_secs(3_600);

/// Changes that are kept once they are closed, the latest ones.
pub const KEPT: u64 = 100;

/// Changes that are not closed, at most: each is looked at.
pub const MOST_OPEN: usize = 10;

/// Places for the samples of changes: those of the latest ones, and of every one that is open.
pub const PLACES: u64 = 20;

/// Changes in one answer, at most: as many as are kept once they are closed.
pub const MOST_LISTED: usize = 100;

/// What the members of a draft may be.
pub struct Bounds;

impl Bounds {
    /// Characters of the title: a line of a list.
    pub const TITLE: usize = 120;
    /// Characters of the owner: a person, or a team.
    pub const OWNER: usize = 80;
    /// Characters of what is expected, in words: some sentences.
    pub const EXPECTED: usize = 1_000;
    /// Characters of the way back, and of the note at the end: the steps of a person, not a script.
    pub const ROLLBACK: usize = 4_000;
    /// Expectations: each is held against every pair that is measured.
    pub const EXPECTATIONS: usize = 8;
    /// Links: what a page shows on a line or two.
    pub const LINKS: usize = 5;
    /// Characters of a link, and of an expectation as it is written.
    pub const LINK: usize = 300;
    /// Origins: the vantages of each are asked for all the samples of both windows.
    pub const ORIGINS: usize = 10;
    /// The shortest window: a shorter one has few samples to compare.
    pub const SHORTEST: Millis = Millis::from_secs(30);
    /// The longest: rings of samples have a day, and a vantage that is silent is asked again for an
    /// hour ([`GIVE_UP`]).
    pub const LONGEST: Millis = Millis::from_secs(22 * 3_600);
    /// The longest warm-up: with the longest window and [`GIVE_UP`] it makes up the day of a ring.
    pub const WARM_UP: Millis = Millis::from_secs(3_600);
    /// The windows if nothing is said: sixty samples of an origin that is probed every 30 s.
    pub const USUAL: Millis = Millis::from_secs(1_800);
    /// The warm-up if nothing is said: what starts again is slow at first.
    pub const USUAL_WARM_UP: Millis = Millis::from_secs(60);
}
