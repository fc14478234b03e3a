use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::fixtures::{SHOP, config, shop};

const FIRST: Turn = Turn { place: 0, of: 1, seed: 7 };

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn a_small_pool_is_one_shard_with_one_alarm() {
    let config = shop();
    let shards = shards(&config, &name("weur"));
    assert_eq!(shards.len(), 1);
    assert_eq!(shards[0].label(), "0of1");
    let slots = |index| {
        Slots::new(&name("weur"), shards[0].turn(index))
            .next(Millis::from_secs(1), Timestamp::from_millis(12_345_678))
    };
    assert_eq!(slots(0), slots(1), "neighbours share a slot and so an alarm");
}

#[test]
fn a_shard_holds_no_more_than_its_slots_can_bear_when_all_hang() {
    let origins: String =
        (0..20).map(|n| format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://10.0.0.{n}\"\n")).collect();
    let config = config(&format!(
        "[defaults]\ninterval = \"10s\"\ntimeout = \"3s\"\n[[pool]]\nname = \"p\"\n{origins}"
    ));
    let shards = shards(&config, &name("weur"));
    let sizes: Vec<usize> = shards.iter().map(|shard| shard.origins.len()).collect();
    assert_eq!(sizes, [16, 4], "floor(5 × 10 s / 3 s) = 16");
    assert_eq!(shards[1].label(), "1of2");
}

/// So many origins every 30 s, on the free plan, with so many redirects.
fn many(origins: usize, redirects: u32) -> crate::config::Config {
    let origins: String = (0..origins)
        .map(|n| format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://o{n}.example\"\n"))
        .collect();
    config(&format!(
        "[defaults]\ninterval = \"30s\"\nprobe = {{ redirects = {redirects} }}\n[[pool]]\nname = \"p\"\n{origins}"
    ))
}

#[test]
fn a_tick_is_split_where_it_would_exceed_the_plan_and_a_shard_has_whole_ticks_only() {
    for (redirects, wanted) in [(0, [42, 18]), (4, [50, 10])] {
        let config = many(60, redirects);
        let shards = shards(&config, &name("weur"));
        assert_eq!(shards.iter().map(|shard| shard.origins.len()).collect::<Vec<_>>(), wanted);
        let mut turns = BTreeMap::<u64, usize>::new();
        for shard in &shards {
            for index in 0..shard.origins.len() {
                *turns.entry(shard.turn(index).place).or_default() += 1;
            }
        }
        let most = if redirects == 0 { 21 } else { 10 };
        assert!(turns.values().all(|together| *together <= most), "{turns:?}");
        assert_eq!(turns.len(), 60_usize.div_ceil(most), "no more of them than it takes");
    }
}

#[test]
fn an_object_name_says_vantage_place_and_shard() {
    let config = shop();
    let vantage = config.vantage("weur").unwrap();
    let object = object_name(vantage, "weur", "0of1");
    assert_eq!(object, "v1/weur/weur/0of1");
    assert_eq!(parse_object_name(&object), Some((name("weur"), "weur", "0of1")));
    for bad in ["", "v1/weur/weur", "v2/weur/weur/0of1", "v1/weur/weur/0of1/x", "v1/W/weur/0of1"] {
        assert_eq!(parse_object_name(bad), None, "{bad}");
    }
}

#[test]
fn the_vantages_of_an_origin_take_turns_at_every_pace() {
    let config = shop();
    for interval in [1_000_u64, 1_700, 2_000, 10_000, 60_000] {
        let first = |vantage: &Vantage| {
            let shard = &shards(&config, &vantage.name)[0];
            let slots = Slots::new(&vantage.name, shard.turn(0));
            slots.next(Millis::new(interval), Timestamp::from_millis(1_000_000_000)).as_millis()
        };
        let mut starts: Vec<u64> = config.vantages.iter().map(first).collect();
        starts.sort_unstable();
        // Each is off its place by its jitter, and the last is followed by the first.
        let even = interval / starts.len() as u64;
        let tenth = interval / 10;
        for (one, next) in starts.iter().zip(&starts[1..]) {
            assert!(next - one + tenth >= even && next - one <= even + tenth, "{interval}: {starts:?}");
        }
    }
}

#[test]
fn shards_of_one_vantage_do_not_strike_together() {
    let origins: String = (0..160)
        .map(|n| format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"http://10.0.0.{n}\"\n"))
        .collect();
    let config = config(&format!(
        "[defaults]\ninterval = \"10s\"\ntimeout = \"3s\"\n[[pool]]\nname = \"p\"\n{origins}"
    ));
    let (vantage, interval) = (name("weur"), Millis::from_secs(10));
    let mut starts: BTreeMap<Timestamp, BTreeSet<String>> = BTreeMap::new();
    for shard in shards(&config, &vantage) {
        for index in 0..shard.origins.len() {
            let slot =
                Slots::new(&vantage, shard.turn(index)).next(interval, Timestamp::from_millis(1_000_000));
            starts.entry(slot).or_default().insert(shard.label());
        }
    }
    // Ten shards of one tick each, as evenly as the jitter leaves them.
    assert!(starts.values().all(|together| together.len() == 1), "{starts:?}");
    let seconds: BTreeSet<u64> = starts.keys().map(|at| at.as_millis() / 1_000).collect();
    assert!(starts.len() == 10 && seconds.len() >= 8, "{seconds:?}");
}

#[test]
fn every_origin_has_exactly_one_shard_per_vantage() {
    let text = SHOP.replace("timeout = \"500ms\"", "timeout = \"1s\"");
    let config = config(&text);
    for vantage in &config.vantages {
        let shards = shards(&config, &vantage.name);
        let seen: Vec<_> =
            shards.iter().flat_map(|shard| &shard.origins).map(|origin| origin.id.to_string()).collect();
        assert_eq!(seen, ["shop/primary", "shop/standby"]);
    }
}

proptest! {
    #[test]
    fn slots_follow_each_other_by_an_interval_within_a_tenth(
        interval in 1_000u64..100_000, start in 0u64..2_000_000_000_000, place in 0u64..40
    ) {
        let every = Millis::new(interval);
        let slots = Slots::new(&name("weur"), Turn { place, of: 40, seed: 7 });
        let mut last = slots.next(every, Timestamp::from_millis(start));
        prop_assert!(last > Timestamp::from_millis(start));
        prop_assert!(last.since(Timestamp::from_millis(start)).get() <= interval + interval / 10);
        for _ in 0..5 {
            let next = slots.next(every, last);
            let gap = next.since(last).get();
            prop_assert!(gap >= interval - interval / 10 && gap <= interval + interval / 10, "{gap}");
            last = next;
        }
    }

    #[test]
    fn the_next_slot_is_the_same_whenever_it_is_asked_for(interval in 1_000u64..100_000, start in 0u64..2_000_000_000) {
        let every = Millis::new(interval);
        let slots = Slots::new(&name("enam"), FIRST);
        let from = Timestamp::from_millis(start);
        let next = slots.next(every, from);
        let just_before = next.minus(Millis::new(1));
        prop_assert_eq!(slots.next(every, just_before.max(from)), next);
    }
}
