//! Of `src/reader`: how long which layer is waited for, and what is remembered.

use crate::units::Millis;

/// How long a reader that has a copy waits for the Arbiter before it serves the copy.
pub const TIMEOUT: Millis = Millis::new(300);

/// How long a reader that has nothing waits for the Arbiter.
pub const FIRST_TIMEOUT: Millis = Millis::from_secs(3);

/// How long a reader that has nothing waits for an Arbiter that let another one wait in vain: long
/// enough for one that answers again.
pub const SILENT_TIMEOUT: Millis = Millis::new(200);

/// How long a reader waits for the Cache API: it is in the same building.
pub const CACHE_TIMEOUT: Millis = Millis::new(100);

/// How long a reader waits for KV, behind which there is nothing.
pub const KV_TIMEOUT: Millis = Millis::from_secs(2);

/// A copy that is older than this is not in doubt any more, but old.
pub const DOUBT: Millis = Millis::from_secs(2);

/// A reader that has nothing asks the Arbiter again at most this often.
pub const RETRY: Millis = Millis::from_secs(1);

/// How often a request looks whether another one has brought a copy.
pub const GLANCE: Millis = Millis::new(10);

/// Of `recall`: answers about the past.
pub mod recall {
    use crate::units::Millis;

    /// Answers that are remembered at most: the pages that people look at.
    pub const MOST: usize = 48;

    /// So long whoever asks may take, until another one does.
    pub const ASK_TIMEOUT: Millis = Millis::from_secs(2);

    /// Whoever waits looks again after this time.
    pub const AGAIN: Millis = Millis::new(25);

    /// So long nobody asks again what was not answered.
    pub const REST: Millis = Millis::from_secs(5);

    /// So much older than it is kept an answer may be that is given while another asks anew. What
    /// was known hours ago is given only where nobody answers.
    pub const MEANWHILE: Millis = Millis::from_secs(20);
}
