//! Reads from an answer's header fields whether the origin answered, or a cache in its place.
//!
//! Every field and every member of it is heard, and the worst counts: a cache that could not reach
//! the origin before a copy, a copy before a proof. A miss of one cache clears nothing that another
//! says. What the fields and their words mean is `fields` and `words`; the tables stand in
//! `docs/dialects.md`.

mod fields;
pub(super) mod list;
mod words;

use crate::exchange::Head;
use crate::sample::{CacheClass, Told};
use fields::Field;

/// The header fields that tell of caches, in lower case.
pub const FIELDS: [&str; fields::COUNT] = fields::names();

/// What one cache says of an answer, the better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    /// The whole answer came from further in.
    Forwarded,
    /// Further in the copy was said to hold still. That may have been a cache, out of an old copy.
    Validated,
    /// The word is used for a proof and for an old copy alike.
    Doubtful,
    /// A copy, or an answer that the cache made itself.
    Kept,
    /// A copy, given because nothing further in answered well.
    Stranded,
}

/// What is read of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The class of the answer.
    pub class: CacheClass,
    /// The field that decided; none where no field says anything.
    pub told: Option<Told>,
}

/// One cache's word.
#[derive(Clone, Copy)]
struct Voice<'a> {
    says: Says,
    field: &'static Field,
    /// The entry that says so.
    entry: &'a str,
}

/// What has been heard so far. The order in which fields are heard changes nothing.
#[derive(Default)]
struct Chorus<'a> {
    worst: Option<Voice<'a>>,
    /// A copy that was found to hold, with another cache behind it: that one may have said so.
    shadowed: Option<Voice<'a>>,
    validated: Option<Voice<'a>>,
    /// The fields that said something, as bits.
    fields: u32,
    /// The groups of fields that did.
    groups: u32,
    /// Those of them that speak of a validation.
    validating: u32,
}

impl<'a> Chorus<'a> {
    fn hear(&mut self, voice: Voice<'a>) {
        let group = voice.field.group.bit();
        if voice.says == Says::Validated {
            // In a list the caches stand from the origin outwards: one before this lies further in.
            if self.fields & voice.field.bit() != 0 {
                self.shadowed = Some(worse(self.shadowed, voice));
            }
            self.validated = Some(worse(self.validated, voice));
            self.validating |= group;
        }
        self.groups |= group;
        self.fields |= voice.field.bit();
        self.worst = Some(worse(self.worst, voice));
    }

    /// The voice that decides, and the class.
    fn verdict(self) -> Option<(Voice<'a>, CacheClass)> {
        let worst = self.worst?;
        let class = match worst.says {
            Says::Stranded => CacheClass::CounterProof,
            Says::Kept => CacheClass::EdgeOnly,
            Says::Forwarded | Says::Validated | Says::Doubtful => {
                if let Some(voice) = self.in_doubt() {
                    return Some((voice, CacheClass::EdgeOnly));
                }
                if worst.says == Says::Doubtful { CacheClass::Unclassified } else { CacheClass::OriginProven }
            }
        };
        Some((worst, class))
    }

    /// The validation that another cache may have answered. Cloudflare's own word tells of the
    /// outermost cache; of other fields it is not known which lies further in.
    fn in_doubt(&self) -> Option<Voice<'a>> {
        let cloudflare = fields::Group::Cloudflare.bit();
        let of_cloudflare = self.validating & cloudflare != 0 && self.groups != cloudflare;
        let inner = self.groups & !cloudflare;
        let of_others = self.validating & !cloudflare != 0 && inner.count_ones() > 1;
        if of_cloudflare || of_others { self.validated } else { self.shadowed }
    }
}

/// The worse of two; of equals the one whose field is read first.
fn worse<'a>(one: Option<Voice<'a>>, other: Voice<'a>) -> Voice<'a> {
    let rank = |voice: &Voice<'_>| (voice.says, std::cmp::Reverse(voice.field.rank));
    one.filter(|one| rank(one) >= rank(&other)).unwrap_or(other)
}

/// Reads a head.
#[must_use]
pub fn classify(head: &Head) -> Reading {
    let mut chorus = Chorus::default();
    for (name, value) in &head.headers {
        if let Some(field) = fields::named(name) {
            (field.read)(value, head.status, &mut |says, entry| chorus.hear(Voice { says, field, entry }));
        }
    }
    match chorus.verdict() {
        None => Reading { class: CacheClass::Unclassified, told: None },
        Some((voice, class)) => {
            let producer = fields::producer(voice.field, voice.entry, head);
            Reading { class, told: Some(Told { field: voice.field.title, producer }) }
        }
    }
}
