//! Of `src/access`: who is let in, and what is read of whoever asks.

/// Of `jwt`.
pub mod jwt {
    use crate::units::Millis;

    /// The longest JWT that is looked at, in bytes; those of Access have about one thousand.
    pub const LONGEST: usize = 8 * 1024;

    /// The longest name of a key, in bytes; those of Access have 64.
    pub const LONGEST_KID: usize = 256;

    /// How far the clocks of who signs and who verifies may be apart.
    pub const LEEWAY: Millis = Millis::from_secs(30);
}

/// Of `keys`: those that verify JWTs.
pub mod keys {
    use crate::units::Millis;

    /// How long the answer with the keys may take: somebody waits to be let in meanwhile.
    pub const TIMEOUT: Millis = Millis::from_secs(5);

    /// When whoever asks is taken for lost: a request may be cancelled while it waits. A second
    /// after [`TIMEOUT`].
    pub const LOST: Millis = Millis::from_secs(6);

    /// How long keys are used before they are asked for again, so that one that was taken back is
    /// believed no longer.
    pub const AGE: Millis = Millis::from_secs(3_600);

    /// Between two questions, so that whoever names keys that there are not causes no more of them.
    pub const PAUSE: Millis = Millis::from_secs(60);

    /// The same as long as no key is known, and so nobody can be let in.
    pub const RETRY: Millis = Millis::from_secs(10);

    /// How often it is looked whether another request has brought them.
    pub const LOOK: Millis = Millis::new(50);

    /// The most keys that are kept; Access has two.
    pub const MOST: usize = 16;
}

/// Of `rate`.
pub mod rate {
    use crate::units::Millis;

    /// So many in a minute. Somebody who mistypes needs a few, and so does whoever writes. A token
    /// of 256 bits is guessed by nobody at any rate, so this only keeps the answers cheap.
    pub const MOST: u32 = 60;

    /// The minute.
    pub const SPAN: Millis = Millis::from_secs(60);
}

/// Of `session`.
pub mod session {
    use crate::units::Millis;

    /// How long a session lasts: half a day, so that a browser that is left somewhere is not signed
    /// in for ever.
    pub const LASTS: Millis = Millis::from_secs(12 * 3_600);

    /// The longest field `Cookie` that is looked at, in bytes: others of the host have their
    /// cookies in it, too.
    pub const LONGEST: usize = 8 * 1024;
}

/// Of `token`.
pub mod token {
    /// The longest token that is looked at, in bytes: each is hashed before it is known.
    pub const LONGEST: usize = 512;

    /// The most tokens that a secret holds: what is shown is held against each.
    pub const MOST: usize = 64;
}
