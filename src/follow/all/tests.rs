use proptest::prelude::*;

use super::*;
use crate::config::Config;
use crate::fixtures::{SHOP, at, config};

const LIMIT: Millis = Millis::new(500);

/// The shop, and a store that is like it.
fn two() -> Config {
    let pools = SHOP.split_once("[[pool]]").map(|(_, pool)| pool.replace("\"shop\"", "\"store\"")).unwrap();
    config(&format!("{SHOP}\n[[pool]]{pools}"))
}

/// A world in which verdicts change: what the Arbiter would hand out.
struct World {
    snapshot: Snapshot,
}

impl World {
    fn new() -> Self {
        let mut snapshot = Snapshot::blank(&two(), at(0), "nothing yet");
        for pool in &mut snapshot.pools {
            pool.revision = 1;
            for origin in &mut pool.origins {
                (origin.status, origin.valid_until) = (Status::Pass, at(1_000_000));
            }
        }
        Self { snapshot }
    }

    /// The primary of a pool turns, which is an event and a revision.
    fn turn(&mut self, pool: usize, ms: u64) {
        let view = &mut self.snapshot.pools[pool];
        view.revision += 1;
        let subject = format!("{}/primary", view.name);
        let origin = &mut view.origins[0];
        let from = origin.status;
        let to = if from == Status::Pass { Status::Fail } else { Status::Pass };
        origin.status = to;
        self.note(Transition { at: at(ms), subject, from, to, reason: "why".into() });
    }

    fn note(&mut self, transition: Transition) {
        self.snapshot.events.insert(0, transition);
        self.snapshot.events.truncate(EVENTS_SHOWN);
    }

    fn sight(&self, ms: u64) -> Sight<'_> {
        Sight { whole: &self.snapshot, seen: &self.snapshot, fetched: at(ms) }
    }
}

/// What a listener is told, in words, with the places.
fn told(listener: &mut Listener, sight: &Sight<'_>, ms: u64) -> Vec<(String, Place)> {
    let News::Events(events) = listener.tell(sight, at(ms)) else {
        return vec![("behind".into(), nowhere())];
    };
    let words = |event: &Event<'_>| match event.what {
        What::Transition(Transition { subject, to, .. }) => format!("{subject} {}", to.as_str()),
        What::Verdict(pool) => format!("{} at {}", pool.name, pool.revision),
        What::Reset(why) => format!("reset: {why:?}"),
    };
    events.iter().map(|event| (words(event), event.place)).collect()
}

fn nowhere() -> Place {
    Place { config: Fingerprint::of(""), mark: NOTHING, at: at(0), nth: 0 }
}

fn words(told: &[(String, Place)]) -> Vec<&str> {
    told.iter().map(|(words, _)| words.as_str()).collect()
}

/// A client that comes back with what it has.
fn back(place: Place, ms: u64) -> Listener {
    Listener::new(Some(place), LIMIT, at(ms))
}

#[test]
fn a_new_client_has_every_verdict_and_then_each_change_with_what_it_makes_of_its_pool() {
    let mut world = World::new();
    let mut client = Listener::new(None, LIMIT, at(0));
    assert_eq!(words(&told(&mut client, &world.sight(0), 0)), ["shop at 1", "store at 1"]);
    assert!(told(&mut client, &world.sight(1), 1).is_empty(), "nothing is told twice");
    world.turn(0, 10);
    world.turn(0, 20);
    world.turn(1, 20);
    assert_eq!(
        words(&told(&mut client, &world.sight(30), 30)),
        ["shop/primary fail", "shop/primary pass", "store/primary fail", "shop at 3", "store at 2"],
        "two changes between two looks are two transitions, and one verdict"
    );
}

#[test]
fn what_was_given_up_is_no_transition() {
    let mut world = World::new();
    let mut client = Listener::new(None, LIMIT, at(0));
    told(&mut client, &world.sight(0), 0);
    let (from, to) = (Status::Fail, Status::Fail);
    world.note(Transition { at: at(5), subject: "notify/ops".into(), from, to, reason: "why".into() });
    assert!(told(&mut client, &world.sight(6), 6).is_empty());
    world.turn(0, 7);
    assert_eq!(words(&told(&mut client, &world.sight(8), 8)), ["shop/primary fail", "shop at 2"]);
}

#[test]
fn who_comes_back_hears_what_it_missed_and_nothing_else() {
    let mut world = World::new();
    let mut first = Listener::new(None, LIMIT, at(0));
    world.turn(0, 1);
    let (_, has) = told(&mut first, &world.sight(1), 1).pop().unwrap();
    assert!(told(&mut back(has, 2), &world.sight(2), 2).is_empty(), "it has everything");
    world.turn(1, 3);
    assert_eq!(
        words(&told(&mut back(has, 4), &world.sight(4), 4)),
        ["store/primary fail", "shop at 2", "store at 2"],
        "a verdict says how a pool stands: it may be told again"
    );
}

#[test]
fn more_than_is_remembered_is_said_and_not_passed_over() {
    let mut world = World::new();
    world.turn(0, 1);
    let mut client = Listener::new(None, LIMIT, at(1));
    let (_, has) = told(&mut client, &world.sight(1), 1).pop().unwrap();
    for ms in 0..EVENTS_SHOWN as u64 {
        world.turn(0, 10 + ms);
    }
    let mut returned = back(has, 99);
    for listener in [&mut client, &mut returned] {
        let told = told(listener, &world.sight(100), 100);
        assert_eq!(words(&told), ["reset: Gap"]);
        assert_eq!(words(&self::told(&mut back(told[0].1, 101), &world.sight(101), 101)), Vec::<&str>::new());
    }
}

#[test]
fn another_configuration_is_a_reset() {
    let world = World::new();
    let (_, has) = told(&mut Listener::new(None, LIMIT, at(0)), &world.sight(0), 0).pop().unwrap();
    let other = Place { config: Fingerprint::of("another"), ..has };
    assert_eq!(words(&told(&mut back(other, 1), &world.sight(1), 1)), ["reset: OtherConfig"]);
}

#[test]
fn a_copy_from_before_the_client_came_back_is_waited_out_and_not_taken_for_a_gap() {
    let mut world = World::new();
    let old = World::new();
    world.turn(0, 1_000);
    let (_, has) =
        told(&mut Listener::new(None, LIMIT, at(1_000)), &world.sight(1_000), 1_000).pop().unwrap();
    let mut client = back(has, 2_000);
    assert_eq!(words(&told(&mut client, &old.sight(900), 2_000)), ["behind"]);
    assert!(told(&mut client, &world.sight(2_010), 2_010).is_empty(), "nothing was missed");
    let mut patient = back(has, 2_000);
    assert_eq!(words(&told(&mut patient, &old.sight(900), 5_499)), ["behind"]);
    assert_eq!(words(&told(&mut patient, &old.sight(900), 5_500)), ["reset: Older"], "there is no newer one");
    let mut lost = back(has, 2_000);
    assert_eq!(
        words(&told(&mut lost, &old.sight(2_001), 2_001)),
        ["reset: Older"],
        "the Arbiter says so itself"
    );
}

#[test]
fn a_verdict_that_expires_is_told_although_no_revision_says_so() {
    let mut world = World::new();
    for origin in world.snapshot.pools.iter_mut().flat_map(|pool| &mut pool.origins) {
        origin.valid_until = at(100);
    }
    let mut client = Listener::new(None, LIMIT, at(0));
    let (_, has) = told(&mut client, &world.sight(0), 0).pop().unwrap();
    assert_eq!(lapses(&world.snapshot, at(0)), Some(at(100)));
    assert!(told(&mut client, &world.sight(0), 99).is_empty());
    assert_eq!(words(&told(&mut client, &world.sight(0), 100)), ["shop at 1", "store at 1"]);
    assert!(told(&mut client, &world.sight(0), 101).is_empty(), "once");
    assert_eq!(words(&told(&mut back(has, 101), &world.sight(101), 101)), ["shop at 1", "store at 1"]);
}

#[test]
fn places_are_read_as_they_are_written() {
    let config = two().hash;
    for mark in [Mark { revision: 0, lapsed: true }, Mark { revision: u64::MAX, lapsed: false }] {
        let place = Place { config, mark, at: at(7), nth: 60 };
        assert_eq!(Place::parse(&place.to_string()), Some(place));
    }
    let good = format!("{config}.1.2.3");
    assert!(Place::parse(&good).is_some());
    for bad in ["", "3", &good[1..], &format!("{good}."), &format!("{good}.4"), &good.replace(".2.", ".+2.")]
    {
        assert_eq!(Place::parse(bad), None, "{bad}");
    }
    assert_eq!(Place::parse(&format!("{config}.1.2.{}", "0".repeat(100))), None);
}

/// What may happen between two looks.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// A pool turns, so many milliseconds later.
    Turns(usize, u64),
    /// The client looks.
    Looks,
    /// Its stream breaks after this many events of the next piece, and it comes back.
    Breaks(usize),
}

proptest! {
    /// However a stream is cut to pieces: a client hears every transition once, in their order,
    /// and knows how each pool stands in the end.
    #[test]
    fn nobody_misses_a_transition_or_hears_it_twice(
        turns in proptest::collection::vec(
            prop_oneof![
                3 => (0..2_usize, 0..3_u64).prop_map(|(pool, later)| Turn::Turns(pool, later)),
                1 => Just(Turn::Looks),
                2 => (0..6_usize).prop_map(Turn::Breaks),
            ],
            1..EVENTS_SHOWN - 1,
        ),
    ) {
        let (mut world, mut ms, mut happened) = (World::new(), 10, Vec::new());
        let mut client = Listener::new(None, LIMIT, at(ms));
        let (mut has, mut heard, mut known) = (None, 0, [0; 2]);
        for turn in turns.into_iter().chain([Turn::Looks]) {
            let most = match turn {
                Turn::Turns(pool, later) => {
                    ms += later;
                    world.turn(pool, ms);
                    happened.push(world.snapshot.events[0].clone());
                    continue;
                }
                Turn::Looks => usize::MAX,
                Turn::Breaks(most) => most,
            };
            // Whoever has nothing begins with how all stands.
            heard = if has.is_none() { happened.len() } else { heard };
            let News::Events(events) = client.tell(&world.sight(ms), at(ms)) else { panic!("behind") };
            for Event { place, what } in events.into_iter().take(most) {
                has = Some(place);
                match what {
                    What::Transition(transition) => {
                        prop_assert_eq!(happened.get(heard), Some(transition));
                        heard += 1;
                    }
                    What::Verdict(pool) => {
                        known[usize::from(pool.name.as_str() == "store")] = pool.revision;
                    }
                    What::Reset(why) => prop_assert!(false, "{:?}", why),
                }
            }
            if most < usize::MAX {
                client = Listener::new(has, LIMIT, at(ms));
            }
        }
        prop_assert_eq!(heard, happened.len());
        prop_assert_eq!(known, [0, 1].map(|pool| world.snapshot.pools[pool].revision));
    }
}
