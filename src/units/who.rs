//! Who did something, as the audit log remembers it.

use std::fmt;

use super::Name;
use crate::json::as_text;

/// Who did something: the name of a token, an address of e-mail, or another mark of a person or a
/// program. Visible ASCII of 1 to [`Who::MAX_LEN`] bytes, so it has one spelling wherever it is
/// shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who(String);

impl Who {
    /// The longest, in bytes: an address of e-mail (RFC 5321 section 4.5.3.1.3), and what may stand
    /// before it.
    pub const MAX_LEN: usize = 260;

    /// Takes a text; nothing if it is none that may stand here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic());
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Name> for Who {
    fn from(name: Name) -> Self {
        Self(name.as_str().to_owned())
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text! { Who: "who did something", Who::parse }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_one_spelling_is_somebody() {
        for good in ["ada", "ada@example.com", "sub:7335d417-61da-459d-899c-0a01c76a2f94", &"x".repeat(260)] {
            assert_eq!(Who::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "a b", "a\nb", "ä@example.com", "\u{202e}ada", &"x".repeat(261)] {
            assert_eq!(Who::parse(bad), None, "{bad:?}");
        }
        assert_eq!(Who::from(Name::parse("ada").unwrap()).as_str(), "ada");
    }
}
