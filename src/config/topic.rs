//! What channels are told of.

use serde::{Deserialize, Serialize};

/// What a channel is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Topic {
    /// A pool fails.
    #[serde(rename = "fail")]
    Fail,
    /// A pool serves, with a blemish or with a part of its origins.
    #[serde(rename = "warn")]
    Warn,
    /// An origin fails while its pool serves. Only a configuration has this word: messages call it
    /// a warning of the pool.
    #[serde(rename = "origin")]
    Origin,
    /// What was told is over.
    #[serde(rename = "recovered")]
    Recovered,
    /// An origin of a pool keeps falling.
    #[serde(rename = "flapping")]
    Flapping,
    /// The monitor itself is in trouble: a vantage is silent, or a pool is unknown.
    #[serde(rename = "watch")]
    Watch,
    /// A change of the service made it worse.
    #[serde(rename = "regressed")]
    Regressed,
}

impl Topic {
    /// Every topic.
    pub(super) const ALL: [Self; 7] =
        [Self::Fail, Self::Origin, Self::Warn, Self::Recovered, Self::Flapping, Self::Watch, Self::Regressed];

    /// The topic as the file and messages write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Origin => "origin",
            Self::Recovered => "recovered",
            Self::Flapping => "flapping",
            Self::Watch => "watch",
            Self::Regressed => "regressed",
        }
    }
}
