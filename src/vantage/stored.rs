//! What survives a vantage object: counters, opinions, and what it spent today.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::allowance::Spent;
use super::busy::Used;
use super::connect::Known;
use crate::json;
use crate::units::{Fingerprint, OriginId, Timestamp};
use crate::vote::Tally;

/// What is stored of a shard. Format version 1: fields are never renamed; new ones are an `Option`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredV1 {
    pub(super) version: u32,
    pub(super) tallies: BTreeMap<OriginId, StoredTally>,
    pub(super) spent: Option<Spent>,
    /// When a reference was last asked.
    pub(super) asked: Option<Timestamp>,
    /// The data centre that it named.
    pub(super) colo: Option<String>,
    /// For how long it was busy today, where that is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) used: Option<Used>,
}

/// What is stored of an origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredTally {
    pub(super) definition: Fingerprint,
    pub(super) tally: Tally,
    /// What is known of the connections that its probes open, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connect: Option<Known>,
}

const VERSION: u32 = 1;

impl StoredV1 {
    /// Reads what was stored. Text that is not understood is left out, for counters are rebuilt
    /// within a few probes.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(json::read::<Self>).filter(|stored| stored.version == VERSION).unwrap_or_default()
    }

    /// The text to store.
    pub(super) fn write(mut self) -> String {
        self.version = VERSION;
        json::write(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_bytes_are_frozen() {
        let frozen = r#"{"version":1,"tallies":{"shop/primary":{"definition":"00000000000000ab","tally":{"opinion":"pass","since":5,"passes":2,"failures":1,"recent":1}}},"spent":{"day":7,"probes":30},"asked":9,"colo":"AMS"}"#;
        assert_eq!(StoredV1::read(Some(frozen)).write(), frozen);
        let known = r#""connect":{"worked":true,"failures":1,"since":4,"off":false,"said":true}"#;
        let connects = frozen.replace("}}},\"spent\"", &format!("}},{known}}}}},\"spent\""));
        assert!(connects.contains("\"connect\""));
        assert_eq!(StoredV1::read(Some(&connects)).write(), connects);
        let used = r#","used":{"day":20685,"ms":4200,"until":1787184000000,"rest":"failing"}}"#;
        let rests = frozen.trim_end_matches('}').to_owned() + used;
        assert!(StoredV1::read(Some(&rests)).used.is_some());
        assert_eq!(StoredV1::read(Some(&rests)).write(), rests);
        // A release without serde wrote these.
        for line in include_str!("../../tests/written/watch.jsonl").lines() {
            assert_eq!(StoredV1::read(Some(line)).write(), line);
        }
    }

    #[test]
    fn another_format_is_left_out() {
        for text in ["", "{", "[]", r#"{"version":2,"tallies":{}}"#, r#"{"version":1,"tallies":{"x":1}}"#] {
            assert_eq!(StoredV1::read(Some(text)), <StoredV1 as Default>::default(), "{text}");
        }
    }
}
