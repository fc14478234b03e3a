use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::fixtures::{SHOP, at, config, shop};

const LIMIT: Millis = Millis::new(500);

/// A copy that the Arbiter made at `taken` and whose evidence expires 45 s later.
fn copy(taken: Timestamp) -> Copy {
    let mut snapshot = Snapshot::blank(&shop(), taken, "");
    for origin in snapshot.pools.iter_mut().flat_map(|pool| &mut pool.origins) {
        origin.valid_until = taken.plus(Millis::from_secs(45));
    }
    Copy { snapshot: Rc::new(snapshot), fetched: taken }
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
    assert_eq!((served.source.layer, steps.len()), (Layer::Memory, 0));
}

#[test]
fn a_fresh_copy_of_a_neighbour_spares_the_arbiter() {
    let layers = Layers { memory: Some(at(0)), cache: Some(at(900)), arbiter: true, kv: None };
    let (served, steps) = answered(layers, at(1_000));
    assert_eq!((served.source.layer, steps), (Layer::Cache, vec![Step::AskCache]));
    assert_eq!(served.source.age, Millis::new(100));
}

#[test]
fn an_old_copy_is_replaced_by_the_arbiters() {
    let (served, steps) =
        answered(Layers { memory: Some(at(0)), arbiter: true, ..Layers::default() }, at(1_000));
    assert_eq!((served.source.layer, served.source.silent), (Layer::Arbiter, false));
    assert_eq!(steps, [Step::AskCache, Step::AskArbiter(PATIENCE)]);
}

#[test]
fn who_has_nothing_waits_longer() {
    let (_, steps) = answered(Layers { arbiter: true, ..Layers::default() }, at(0));
    assert_eq!(steps, [Step::AskCache, Step::AskArbiter(FIRST_PATIENCE)]);
}

#[test]
fn without_the_arbiter_the_newest_copy_answers_and_says_so() {
    let layers = Layers { memory: Some(at(0)), cache: Some(at(2_000)), arbiter: false, kv: Some(at(500)) };
    let (served, steps) = answered(layers, at(10_000));
    assert_eq!((served.source.layer, served.source.silent), (Layer::Cache, true));
    assert_eq!(served.source.age, Millis::from_secs(8));
    assert!(!steps.contains(&Step::AskKv), "a copy that still holds something is enough");
}

#[test]
fn kv_is_asked_when_nothing_held_is_good_any_more() {
    let layers = Layers { memory: Some(at(0)), cache: None, arbiter: false, kv: Some(at(30_000)) };
    let (served, _) = answered(layers, at(60_000));
    assert_eq!((served.source.layer, served.source.silent), (Layer::Kv, true));
    let older = Layers { kv: None, ..layers };
    assert_eq!(
        answered(older, at(60_000)).0.source.layer,
        Layer::Memory,
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
    assert_eq!(layer(&waiting, 1_299), Some((Layer::Memory, false)));
    assert_eq!(layer(&waiting, 1_300), Some((Layer::Memory, true)), "its patience is over");
    assert_eq!(layer(&waiting, 1_500), None, "someone asks again");
    let failed = Known { pending: false, ..waiting };
    assert_eq!(layer(&failed, 1_010), Some((Layer::Memory, true)), "it was told that there is no answer");
}

#[test]
fn who_has_nothing_looks_whether_another_one_brings_it() {
    let mut known = Known { asked: Some(at(0)), pending: true, cache: Asked::InVain, ..Known::default() };
    assert_eq!(next(&known, LIMIT, at(100)), Step::LookAgain(GLANCE));
    assert_eq!(next(&known, LIMIT, at(3_000)), Step::AskArbiter(FIRST_PATIENCE), "that one never came back");
    known.pending = false;
    assert_eq!(next(&known, LIMIT, at(100)), Step::AskKv, "that one came back with nothing");
    assert_eq!(
        next(&known, LIMIT, at(1_000)),
        Step::AskArbiter(FIRST_PATIENCE),
        "a second later it is tried again"
    );
}

#[test]
fn a_copy_from_the_future_is_not_fresh() {
    let layers = Layers { memory: Some(at(60_000)), arbiter: true, ..Layers::default() };
    assert_eq!(answered(layers, at(0)).0.source.layer, Layer::Arbiter);
}

#[test]
fn the_arbiters_word_takes_the_place_of_a_copy_that_claims_to_be_newer() {
    let mut memory = Memory::new();
    memory.found(&Part::Summary, &copy(at(60_000)));
    memory.found(&Part::Summary, &copy(at(10_000)));
    let mut known = Known::default();
    memory.look(&Part::Summary, &mut known);
    assert_eq!(known.memory, Some(copy(at(60_000))), "the newer of two copies");
    memory.asking(&Part::Summary, at(1_000));
    memory.answered(&Part::Summary, Some(copy(at(1_000))));
    memory.look(&Part::Summary, &mut known);
    assert_eq!(known.memory, Some(copy(at(1_000))));
    assert!(!known.pending);
}

#[test]
fn the_whole_answers_for_every_part() {
    let mut memory = Memory::new();
    memory.answered(&Part::Whole, Some(copy(at(5))));
    let mut known = Known::default();
    memory.look(&Part::Pool(shop().pools[0].name.clone()), &mut known);
    assert_eq!(known.memory, Some(copy(at(5))));
}

#[test]
fn what_is_rendered_rests_until_the_next_refresh() {
    let mut memory = Memory::new();
    assert_eq!(memory.rests_until(&Part::Whole, LIMIT), Timestamp::default());
    memory.answered(&Part::Whole, Some(copy(at(0))));
    assert_eq!(memory.rests_until(&Part::Whole, LIMIT), at(500));
    memory.asking(&Part::Whole, at(600));
    assert_eq!(memory.rests_until(&Part::Whole, LIMIT), at(1_100), "while one asks, the others are served");
}

#[test]
fn a_reader_of_one_pool_asks_for_one_pool() {
    let paid = config(&format!("plan = \"paid\"\n{SHOP}"));
    let of_shop = Target::Signal { pool: "shop".into(), format: crate::serve::Format::Json };
    let shop_part = Part::Pool(paid.pools[0].name.clone());
    assert_eq!(part(&of_shop, &paid, false), shop_part);
    assert_eq!(part(&of_shop, &shop(), true), shop_part);
    assert_eq!(part(&of_shop, &shop(), false), Part::Whole, "one counted request serves every pool");
    assert_eq!(part(&Target::Ready { verbose: false }, &paid, false), Part::Summary);
    assert_eq!(part(&Target::Page, &paid, false), Part::Whole);
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

proptest! {
    /// Whatever is up or down and however old its copies: each layer is asked at most once, an answer that is not silent is no
    /// older than the limit, and what is served is the newest that could be had.
    #[test]
    fn an_old_copy_is_never_passed_off_as_fresh(
        memory in proptest::option::of(0_u64..100_000),
        cache in proptest::option::of(0_u64..100_000),
        kv in proptest::option::of(0_u64..100_000),
        arbiter: bool,
        now in 100_000_u64..200_000,
    ) {
        let layers = Layers { memory: memory.map(at), cache: cache.map(at), arbiter, kv: kv.map(at) };
        let (served, steps) = answered(layers, at(now));
        if !served.source.silent {
            prop_assert!(served.source.age < LIMIT);
        }
        prop_assert_eq!(served.copy.is_none(), memory.is_none() && cache.is_none() && kv.is_none() && !arbiter);
        let expired = |taken: u64| now >= taken + 45_000;
        if served.source.silent {
            let best = memory.max(cache);
            let best = if best.is_none_or(expired) { best.max(kv) } else { best };
            prop_assert_eq!(served.copy.map(|copy| copy.fetched), best.map(at));
        }
        prop_assert!(steps.len() <= 3);
    }
}
