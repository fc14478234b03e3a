use std::rc::Rc;

use super::*;
use crate::fixtures::{SHOP, at, config, shop};
use crate::limits;

mod crowd;

const LIMIT: Millis = Millis::new(500);

/// A copy that the Arbiter made at `taken` and whose evidence expires 45 s later.
fn copy(taken: Timestamp) -> Held {
    let mut snapshot = Snapshot::blank(&shop(), taken, "");
    for origin in snapshot.pools.iter_mut().flat_map(|pool| &mut pool.origins) {
        origin.valid_until = taken.plus(Millis::from_secs(45));
    }
    Held { snapshot: Rc::new(snapshot), fetched: taken }
}

/// What the layers beyond memory hold, by when it was taken; nothing where they are down.
#[derive(Clone, Copy, Debug, Default)]
struct Layers {
    memory: Option<Timestamp>,
    cache: Option<Timestamp>,
    arbiter: bool,
    kv: Option<Timestamp>,
}

/// Answers a request at `now` as the edge does; the steps that were asked on the way.
fn answered(layers: Layers, now: Timestamp) -> (Served, Vec<Step>) {
    let mut known = Known { memory: layers.memory.map(copy), ..Known::default() };
    let found = |taken: Option<Timestamp>| taken.map_or(Asked::InVain, |taken| Asked::Found(copy(taken)));
    let mut steps = Vec::new();
    loop {
        let step = next(&known, LIMIT, now);
        match &step {
            Step::AskCache => known.cache = found(layers.cache),
            Step::AskArbiter(_) => known.arbiter = found(layers.arbiter.then_some(now)),
            Step::AskKv => known.kv = found(layers.kv),
            Step::LookAgain(_) => panic!("nobody else asks"),
            Step::Serve(served) => return (served.clone(), steps),
        }
        steps.push(step);
        assert!(steps.len() <= 3, "each layer is asked once: {steps:?}");
    }
}

#[test]
fn a_fresh_copy_in_memory_asks_nobody() {
    let layers = Layers { memory: Some(at(0)), cache: Some(at(0)), arbiter: true, kv: Some(at(0)) };
    let (served, steps) = answered(layers, at(499));
    assert_eq!((served.source.layer, steps.len()), (Tier::Memory, 0));
}

#[test]
fn a_fresh_copy_of_a_neighbour_spares_the_arbiter() {
    let layers = Layers { memory: Some(at(0)), cache: Some(at(900)), arbiter: true, kv: None };
    let (served, steps) = answered(layers, at(1_000));
    assert_eq!((served.source.layer, steps), (Tier::Cache, vec![Step::AskCache]));
    assert_eq!(served.source.age, Millis::new(100));
}

#[test]
fn an_old_copy_is_replaced_by_the_arbiters() {
    let (served, steps) =
        answered(Layers { memory: Some(at(0)), arbiter: true, ..Layers::default() }, at(1_000));
    assert_eq!((served.source.layer, served.source.silent), (Tier::Arbiter, false));
    assert_eq!(steps, [Step::AskCache, Step::AskArbiter(TIMEOUT)]);
}

#[test]
fn only_a_copy_that_was_at_hand_is_replaced_by_the_arbiters() {
    let arbiter = Layers { arbiter: true, ..Layers::default() };
    for (layers, replaced) in [
        (arbiter, false),
        (Layers { memory: Some(at(0)), ..arbiter }, true),
        (Layers { cache: Some(at(0)), ..arbiter }, true),
    ] {
        let (served, _) = answered(layers, at(1_000));
        assert_eq!((served.source.layer, served.source.replaced), (Tier::Arbiter, replaced), "{layers:?}");
    }
}

#[test]
fn what_the_arbiter_just_said_is_not_what_was_at_hand() {
    let mut memory = Memory::new();
    memory.asking(&Part::Summary, at(0));
    let brought = copy(at(0));
    memory.answered(&Part::Summary, Some(brought.clone()), at(20));
    let mut known = Known { cache: Asked::InVain, arbiter: Asked::Found(brought), ..Known::default() };
    memory.look(&Part::Summary, &mut known);
    assert!(matches!(
        next(&known, LIMIT, at(20)),
        Step::Serve(Served { source: Source { layer: Tier::Arbiter, replaced: false, .. }, .. })
    ));
}

#[test]
fn who_has_nothing_waits_longer() {
    let (_, steps) = answered(Layers { arbiter: true, ..Layers::default() }, at(0));
    assert_eq!(steps, [Step::AskCache, Step::AskArbiter(FIRST_TIMEOUT)]);
}

#[test]
fn without_the_arbiter_the_newest_copy_answers_and_says_so() {
    let layers = Layers { memory: Some(at(0)), cache: Some(at(2_000)), arbiter: false, kv: Some(at(500)) };
    let (served, steps) = answered(layers, at(10_000));
    assert_eq!((served.source.layer, served.source.silent), (Tier::Cache, true));
    assert_eq!(served.source.age, Millis::from_secs(8));
    assert!(!steps.contains(&Step::AskKv), "a copy that still holds something is enough");
}

#[test]
fn kv_is_asked_when_nothing_held_is_good_any_more() {
    let layers = Layers { memory: Some(at(0)), cache: None, arbiter: false, kv: Some(at(30_000)) };
    let (served, _) = answered(layers, at(60_000));
    assert_eq!((served.source.layer, served.source.silent), (Tier::Kv, true));
    let older = Layers { kv: None, ..layers };
    assert_eq!(
        answered(older, at(60_000)).0.source.layer,
        Tier::Memory,
        "an expired copy still names the last origin"
    );
}

#[test]
fn one_request_refreshes_and_none_waits_for_it() {
    let waiting =
        Known { memory: Some(copy(at(0))), asked: Some(at(1_000)), pending: true, ..Known::default() };
    let layer = |known: &Known, now: u64| match next(known, LIMIT, at(now)) {
        Step::Serve(served) => Some((served.source.layer, served.source.silent)),
        Step::AskCache | Step::AskArbiter(_) | Step::AskKv | Step::LookAgain(_) => None,
    };
    assert_eq!(layer(&waiting, 1_299), Some((Tier::Memory, false)));
    assert_eq!(layer(&waiting, 1_300), Some((Tier::Memory, true)), "its timeout is over");
    assert_eq!(layer(&waiting, 1_500), None, "someone asks again");
    let failed = Known { pending: false, ..waiting };
    assert_eq!(layer(&failed, 1_010), Some((Tier::Memory, true)), "it was told that there is no answer");
}

#[test]
fn who_has_nothing_looks_whether_another_one_brings_it() {
    let mut known =
        Known { since: at(50), asked: Some(at(0)), pending: true, cache: Asked::InVain, ..Known::default() };
    assert_eq!(next(&known, LIMIT, at(100)), Step::LookAgain(GLANCE));
    assert_eq!(next(&known, LIMIT, at(3_000)), Step::AskArbiter(FIRST_TIMEOUT), "that one never came back");
    known.pending = false;
    assert_eq!(next(&known, LIMIT, at(100)), Step::AskKv, "that one came back with nothing");
    assert_eq!(
        next(&known, LIMIT, at(1_000)),
        Step::AskArbiter(FIRST_TIMEOUT),
        "a second later it is tried again"
    );
}

#[test]
fn a_copy_from_the_future_is_not_fresh() {
    let layers = Layers { memory: Some(at(60_000)), arbiter: true, ..Layers::default() };
    assert_eq!(answered(layers, at(0)).0.source.layer, Tier::Arbiter);
}

#[test]
fn the_arbiters_word_takes_the_place_of_a_copy_that_claims_to_be_newer() {
    let mut memory = Memory::new();
    memory.found(&Part::Summary, &copy(at(60_000)));
    memory.found(&Part::Summary, &copy(at(10_000)));
    let mut known = Known::default();
    memory.look(&Part::Summary, &mut known);
    assert_eq!(known.memory, Some(copy(at(60_000))), "the newer of two copies");
    let mut known = Known::default();
    memory.asking(&Part::Summary, at(1_000));
    memory.answered(&Part::Summary, Some(copy(at(1_000))), at(1_000));
    memory.look(&Part::Summary, &mut known);
    assert_eq!(known.memory, Some(copy(at(1_000))));
    assert!(!known.pending);
}

#[test]
fn the_whole_answers_for_every_part() {
    let mut memory = Memory::new();
    memory.answered(&Part::Whole, Some(copy(at(5))), at(5));
    let mut known = Known::default();
    memory.look(&Part::Pool(shop().pools[0].name.clone()), &mut known);
    assert_eq!(known.memory, Some(copy(at(5))));
}

#[test]
fn what_is_given_again_counts_as_answered_from_memory() {
    let mut memory = Memory::new();
    for layer in [Tier::Arbiter, Tier::Memory, Tier::Arbiter] {
        memory.count(layer);
    }
    let counts: Vec<_> = memory.counts(40).filter(|(_, count)| *count > 0).collect();
    assert_eq!(counts, [(Tier::Memory, 41), (Tier::Arbiter, 2)]);
}

#[test]
fn what_is_rendered_rests_until_the_next_refresh() {
    let mut memory = Memory::new();
    assert_eq!(memory.rests_until(&Part::Whole, LIMIT, at(0)), Timestamp::default());
    memory.answered(&Part::Whole, Some(copy(at(0))), at(0));
    assert_eq!(memory.rests_until(&Part::Whole, LIMIT, at(0)), at(500));
    memory.asking(&Part::Whole, at(600));
    assert_eq!(
        memory.rests_until(&Part::Whole, LIMIT, at(0)),
        at(1_100),
        "while one asks, the others are served"
    );
}

#[test]
fn a_reader_of_one_pool_asks_for_one_pool() {
    let paid = config(&format!("plan = \"paid\"\n{SHOP}"));
    let shop_part = Part::Pool(paid.pools[0].name.clone());
    for wanted in [shop_part.clone(), Part::Summary, Part::Whole] {
        assert_eq!(part(wanted.clone(), &paid, false), wanted);
        assert_eq!(part(wanted.clone(), &shop(), true), wanted);
        assert_eq!(part(wanted, &shop(), false), Part::Whole, "one counted request serves every pool");
    }
    assert_eq!(part_of_pool(&paid.pools[0].name, &paid, false), shop_part);
}

#[test]
fn parts_are_named_and_read_back() {
    for part in [Part::Whole, Part::Summary, Part::Pool(shop().pools[0].name.clone())] {
        assert_eq!(Part::parse(&part.path()), Some(part));
    }
    for bad in ["", "pool/", "pool/A", "pool/a/b", "wholes"] {
        assert_eq!(Part::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_late_answer_of_the_arbiter_does_not_replace_a_newer_one() {
    let mut memory = Memory::new();
    assert!(memory.answered(&Part::Summary, Some(copy(at(500))), at(600)), "the first says something new");
    assert!(!memory.answered(&Part::Summary, Some(copy(at(100))), at(900)));
    assert!(memory.holds(&Part::Summary, memory.held(&Part::Summary).unwrap()));
    assert_eq!(memory.held(&Part::Summary).unwrap().fetched, at(500));
}

#[test]
fn a_neighbours_copy_makes_no_silent_arbiter() {
    let mut memory = Memory::new();
    memory.looking(&Part::Whole, at(10_000));
    memory.found(&Part::Whole, &copy(at(1_000)));
    let mut known = Known::default();
    memory.look(&Part::Whole, &mut known);
    let limit = Millis::from_secs(10);
    assert!(matches!(
        next(&known, limit, at(10_500)),
        Step::Serve(Served { source: Source { silent: false, .. }, .. })
    ));
    assert_eq!(next(&known, limit, at(11_500)), Step::AskCache, "nobody has asked the Arbiter yet");
}

/// A copy in which a verdict is in doubt.
fn doubtful(taken: Timestamp) -> Held {
    let mut snapshot = Snapshot::clone(&copy(taken).snapshot);
    snapshot.pools[0].origins[1].in_doubt = Some(true);
    Held { snapshot: Rc::new(snapshot), fetched: taken }
}

#[test]
fn what_is_in_doubt_is_looked_at_ten_times_a_second_unless_requests_are_counted() {
    let asks = |held: Held, limit, after| {
        let known = Known { memory: Some(held), ..Known::default() };
        next(&known, limit, at(after)) == Step::AskCache
    };
    let free = limits::copy_age(Plan::Free, false);
    for (held, limit, after, expected) in [
        (copy(at(0)), LIMIT, 499, false),
        (copy(at(0)), LIMIT, 500, true),
        (doubtful(at(0)), LIMIT, 99, false),
        (doubtful(at(0)), LIMIT, 100, true),
        (doubtful(at(0)), free, 9_999, false),
        (doubtful(at(0)), Millis::from_secs(10), 9_999, false),
        (doubtful(at(0)), free, 10_000, true),
    ] {
        assert_eq!(asks(held, limit, after), expected, "after {after} ms of {limit}");
    }
}

#[test]
fn an_answer_that_is_in_doubt_is_given_again_for_a_tenth_of_a_second() {
    for (held, rests) in [(copy(at(0)), 500), (doubtful(at(0)), 100)] {
        let mut memory = Memory::new();
        memory.answered(&Part::Summary, Some(held), at(0));
        assert_eq!(memory.rests_until(&Part::Summary, LIMIT, at(0)), at(rests));
    }
}

/// What a follower knows that was told of revision 4 of the shop at `since`.
fn told(memory: Timestamp, since: Timestamp) -> Known {
    let least =
        Some((Followed::One(shop().pools[0].name.clone()), Least { revision: 4, since, claimed: false }));
    Known { memory: Some(copy(memory)), since, least, ..Known::default() }
}

#[test]
fn who_was_told_of_something_newer_asks_for_it_however_fresh_the_copy() {
    let mut known = told(at(1_000), at(1_010));
    assert_eq!(next(&known, LIMIT, at(1_010)), Step::AskArbiter(TIMEOUT));
    known.arbiter = Asked::Found(copy(at(1_010)));
    let served = |known: &Known, limit| match next(known, limit, at(1_020)) {
        Step::Serve(served) => Some(served.source.layer),
        Step::AskCache | Step::AskArbiter(_) | Step::AskKv | Step::LookAgain(_) => None,
    };
    assert_eq!(served(&known, LIMIT), Some(Tier::Arbiter));
    let counted = limits::copy_age(Plan::Free, false);
    assert_eq!(served(&told(at(1_000), at(1_010)), counted), Some(Tier::Memory), "as often as any reader");
    assert_eq!(served(&told(at(1_010), at(1_010)), LIMIT), Some(Tier::Memory), "that one was fetched since");
}

#[test]
fn what_clients_claim_is_looked_into_once_in_the_time_of_a_reader() {
    let mut memory = Memory::new();
    let part = Part::Pool(shop().pools[0].name.clone());
    memory.answered(&part, Some(copy(at(0))), at(0));
    let mut asked = 0;
    for ms in 1..=5_000 {
        let now = at(ms);
        let least = Least { revision: 99_999_999, since: now, claimed: true };
        let mut known = Known {
            since: now,
            least: Some((Followed::One(shop().pools[0].name.clone()), least)),
            ..Known::default()
        };
        memory.look(&part, &mut known);
        if let Step::AskArbiter(_) = next(&known, LIMIT, now) {
            asked += 1;
            memory.asking(&part, now);
            memory.answered(&part, Some(copy(now)), now);
        }
    }
    assert!((8..=10).contains(&asked), "{asked} questions in 5 s");
}

#[test]
fn of_many_who_were_told_at_once_one_asks() {
    let mut known = told(at(1_000), at(1_010));
    (known.asked, known.pending) = (Some(at(1_010)), true);
    assert_eq!(next(&known, LIMIT, at(1_011)), Step::LookAgain(GLANCE));
    assert!(matches!(next(&known, LIMIT, at(1_310)), Step::Serve(_)), "that one never came back");
    known.asked = Some(at(1_009));
    assert_eq!(next(&known, LIMIT, at(1_011)), Step::AskArbiter(TIMEOUT), "that was before the change");
    known.arbiter = Asked::InVain;
    assert!(matches!(next(&known, LIMIT, at(1_311)), Step::Serve(_)), "nobody asks twice");
}
