//! Where something lives: the location hints of the platform, and service bindings.

/// A Durable Object location hint, for example `weur`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hint(&'static str);

impl Hint {
    /// Every hint that the platform documents
    /// (<https://developers.cloudflare.com/durable-objects/reference/data-location/>). Objects
    /// hinted to `sam`, `afr` and `me` are accepted and run nearby instead.
    pub const KNOWN: [&'static str; 11] =
        ["wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"];

    /// Reads a hint; nothing if the platform has no such place.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::KNOWN.iter().find(|known| **known == text).map(|known| Self(known))
    }

    /// The hint as the platform writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// How a vantage comes to its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A Durable Object created near a location hint.
    Hint(Hint),
    /// A placed Worker behind the service binding of this name. It does not act yet.
    Service(String),
}
