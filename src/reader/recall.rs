//! Answers about the past as an isolate remembers them: however many ask at once, one of them asks
//! the Arbiter, and the others wait for it or are given what was known before.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::defaults::reader::recall::{AGAIN, ASK_TIMEOUT, MEANWHILE, MOST, REST};
use crate::units::{Millis, Timestamp};

/// What is remembered.
#[derive(Debug, Default)]
pub struct Recall {
    known: BTreeMap<String, Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The last answer, and when it came.
    text: Option<Rc<str>>,
    fetched: Timestamp,
    /// Since when somebody asks.
    asking: Option<Timestamp>,
    /// When it last was not answered.
    failed: Option<Timestamp>,
}

/// What becomes of whoever looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// This is known; nothing if it could not be learned.
    Have(Option<Rc<str>>),
    /// Somebody asks: it is to look again after this time.
    Wait(Millis),
    /// It is to ask, and to tell what came of it ([`Recall::answered`]).
    Ask,
}

impl Recall {
    /// Nothing is remembered.
    #[must_use]
    pub const fn new() -> Self {
        Self { known: BTreeMap::new() }
    }

    /// Looks for an answer that is at most so old.
    pub fn look(&mut self, key: &str, keep: Millis, now: Timestamp) -> Recalled {
        if !self.known.contains_key(key) {
            self.make_room();
        }
        let known = self.known.entry(key.to_owned()).or_default();
        if known.text.is_some() && now.since(known.fetched) < keep {
            return Recalled::Have(known.text.clone());
        }
        if known.failed.is_some_and(|at| now.since(at) < REST) {
            return Recalled::Have(known.text.clone());
        }
        let recent = now.since(known.fetched) < keep.plus(MEANWHILE);
        match known.asking.filter(|since| now.since(*since) < ASK_TIMEOUT) {
            Some(_) if known.text.is_some() && (recent || known.failed.is_some()) => {
                Recalled::Have(known.text.clone())
            }
            Some(_) => Recalled::Wait(AGAIN),
            None => {
                known.asking = Some(now);
                Recalled::Ask
            }
        }
    }

    /// Takes in what came of asking; what is known now.
    pub fn answered(&mut self, key: &str, text: Option<Rc<str>>, now: Timestamp) -> Option<Rc<str>> {
        let known = self.known.entry(key.to_owned()).or_default();
        known.asking = None;
        match text {
            Some(text) => {
                known.failed = None;
                known.fetched = now;
                known.text = Some(text);
            }
            None => known.failed = Some(now),
        }
        known.text.clone()
    }

    /// Forgets the oldest where there is no room for another.
    fn make_room(&mut self) {
        if self.known.len() < MOST {
            return;
        }
        let oldest =
            self.known.iter().min_by_key(|(_, known)| known.fetched.max(known.asking.unwrap_or_default()));
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.known.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Millis = Millis::from_secs(30);

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_795_426_871_000 + ms)
    }

    fn have(text: Option<&str>) -> Recalled {
        Recalled::Have(text.map(Rc::from))
    }

    #[test]
    fn one_of_many_asks_and_the_others_have_what_it_brings() {
        let mut recall = Recall::new();
        assert_eq!(recall.look("a", KEEP, at(0)), Recalled::Ask);
        assert!((0..1_000).all(|_| recall.look("a", KEEP, at(10)) == Recalled::Wait(AGAIN)));
        recall.answered("a", Some("one".into()), at(20));
        assert!((0..1_000).all(|ms| recall.look("a", KEEP, at(20 + ms)) == have(Some("one"))));
    }

    #[test]
    fn what_is_old_is_given_while_one_asks_anew() {
        let mut recall = Recall::new();
        recall.look("a", KEEP, at(0));
        recall.answered("a", Some("one".into()), at(0));
        assert_eq!(recall.look("a", KEEP, at(30_000)), Recalled::Ask);
        assert_eq!(recall.look("a", KEEP, at(30_001)), have(Some("one")));
    }

    #[test]
    fn what_was_known_long_ago_is_given_only_where_nobody_answers() {
        let mut recall = Recall::new();
        recall.look("a", KEEP, at(0));
        recall.answered("a", Some("one".into()), at(0));
        assert_eq!(recall.look("a", KEEP, at(3_600_000)), Recalled::Ask);
        assert_eq!(recall.look("a", KEEP, at(3_600_001)), Recalled::Wait(AGAIN));
        recall.answered("a", None, at(3_600_002));
        assert_eq!(recall.look("a", KEEP, at(3_605_002)), Recalled::Ask);
        assert_eq!(recall.look("a", KEEP, at(3_605_003)), have(Some("one")), "nobody answered before");
    }

    #[test]
    fn in_an_outage_it_is_asked_again_only_after_a_rest_and_what_was_known_stays() {
        let mut recall = Recall::new();
        recall.look("a", KEEP, at(0));
        recall.answered("a", Some("one".into()), at(0));
        let mut asked = 0;
        for ms in (30_000..90_000).step_by(6) {
            match recall.look("a", KEEP, at(ms)) {
                Recalled::Ask => {
                    asked += 1;
                    assert_eq!(recall.answered("a", None, at(ms)).as_deref(), Some("one"));
                }
                other @ (Recalled::Have(_) | Recalled::Wait(_)) => {
                    assert_eq!(other, have(Some("one")));
                }
            }
        }
        assert_eq!(asked, 12, "ten thousand look in a minute");
    }

    #[test]
    fn whoever_asked_and_is_gone_is_not_waited_for_for_long() {
        let mut recall = Recall::new();
        recall.look("a", KEEP, at(0));
        assert_eq!(recall.look("a", KEEP, at(1_999)), Recalled::Wait(AGAIN));
        assert_eq!(recall.look("a", KEEP, at(2_000)), Recalled::Ask);
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_many() {
        let mut recall = Recall::new();
        for number in 0..500 {
            let key = number.to_string();
            recall.look(&key, KEEP, at(number));
            recall.answered(&key, Some("text".into()), at(number));
            assert!(recall.known.len() <= MOST);
        }
        assert_eq!(recall.look("499", KEEP, at(500)), have(Some("text")));
    }
}
