use proptest::prelude::*;

use super::*;
use crate::fixtures::{SHOP, config};

fn routed() -> Config {
    config(&format!("{SHOP}\n[[route]]\nhost = \"*\"\npool = \"shop\"\n"))
}

fn shop() -> Name {
    Name::parse("shop").unwrap()
}

fn requests(requests: u64) -> [(Name, Counts); 1] {
    [(shop(), Counts { requests, ..Counts::default() })]
}

fn known(sums: &Sums, config: &Config) -> u64 {
    sums.of(config, &shop()).unwrap_or_default().requests
}

#[test]
fn a_pool_that_no_route_goes_to_has_no_counts() {
    let plain = config(SHOP);
    let mut sums = Sums::default();
    sums.take(&plain, HandOver::new(1).step(requests(3)).unwrap());
    assert_eq!(sums.of(&plain, &shop()), None);
    assert_eq!(sums.of(&routed(), &shop()), Some(Counts::default()));
}

#[test]
fn nothing_is_said_while_nothing_is_new() {
    let mut hand_over = HandOver::new(1);
    assert_eq!(hand_over.step(requests(0)), None);
    let seq = hand_over.step(requests(3)).unwrap().seq;
    hand_over.taken(seq);
    assert_eq!(hand_over.step(requests(3)), None);
    assert_eq!(hand_over.step(requests(5)).unwrap().pools, requests(2));
}

#[test]
fn a_step_has_a_bound_and_the_rest_follows() {
    let names = |n: usize| Name::parse(&format!("p{n}")).unwrap();
    let all = || (0..=POOLS_IN_A_STEP).map(|n| (names(n), Counts { retries: 1, ..Counts::default() }));
    let mut hand_over = HandOver::new(1);
    let first = hand_over.step(all()).unwrap().clone();
    assert_eq!(first.pools.len(), POOLS_IN_A_STEP);
    hand_over.taken(first.seq);
    assert_eq!(hand_over.step(all()).unwrap().pools.len(), 1);
}

#[test]
fn isolates_beyond_the_bound_are_forgotten_eldest_first() {
    let config = routed();
    let mut sums = Sums::default();
    for isolate in 0..=ISOLATES_KNOWN as u64 {
        sums.take(&config, HandOver::new(isolate).step(requests(1)).unwrap());
    }
    assert_eq!(sums.isolates.len(), ISOLATES_KNOWN);
    assert!(!sums.isolates.contains_key(&0) && sums.isolates.contains_key(&1));
}

/// What happens between two isolates and the Arbiter.
#[derive(Clone, Debug)]
enum Turn {
    /// Requests come to one of them.
    Asked(usize, u64),
    /// It makes a refresh: whether the Arbiter gets it, and whether its answer comes back.
    Refreshed(usize, bool, bool),
    /// An earlier step comes once more.
    Repeated(usize),
    /// The isolate ends, and another takes its place: what it had not handed on is lost.
    Ended(usize),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        (0..2_usize, 0..5_u64).prop_map(|(one, count)| Turn::Asked(one, count)),
        (0..2_usize, any::<bool>(), any::<bool>())
            .prop_map(|(one, came, told)| Turn::Refreshed(one, came, told)),
        (0..2_usize).prop_map(Turn::Repeated),
        (0..2_usize).prop_map(Turn::Ended),
    ]
}

proptest! {
    /// The sum never runs backwards, never says a request twice, and in the end says each that was
    /// not lost with its isolate.
    #[test]
    fn the_sum_never_runs_backwards_and_counts_nothing_twice(turns in prop::collection::vec(turn(), 1..200)) {
        let config = routed();
        let mut sums = Sums::default();
        let mut isolates = [(HandOver::new(0), 0), (HandOver::new(1), 0)];
        let (mut born, mut before, mut asked) = (2, 0, 0);
        let mut steps: Vec<Step> = Vec::new();
        let mut came = BTreeMap::new();
        for turn in turns {
            match turn {
                Turn::Asked(one, count) => {
                    isolates[one].1 += count;
                    asked += count;
                }
                Turn::Refreshed(one, comes, told) => {
                    let (hand_over, counted) = &mut isolates[one];
                    if let (Some(step), true) = (hand_over.step(requests(*counted)).cloned(), comes) {
                        sums.take(&config, &step);
                        if told {
                            hand_over.taken(step.seq);
                        }
                        came.insert((step.isolate, step.seq), step.pools[0].1.requests);
                        steps.push(step);
                    }
                }
                Turn::Repeated(which) => {
                    if let Some(step) = steps.iter().rev().nth(which) {
                        sums.take(&config, step);
                    }
                }
                Turn::Ended(one) => {
                    // A step may have come although its isolate never heard that it did.
                    let isolate = isolates[one].0.isolate;
                    let own = came.iter().filter(|((of, _), _)| *of == isolate);
                    asked -= isolates[one].1 - own.map(|(_, requests)| requests).sum::<u64>();
                    isolates[one] = (HandOver::new(born), 0);
                    born += 1;
                }
            }
            prop_assert!(known(&sums, &config) >= before);
            before = known(&sums, &config);
        }
        for (mut hand_over, counted) in isolates {
            while let Some(step) = hand_over.step(requests(counted)).cloned() {
                sums.take(&config, &step);
                hand_over.taken(step.seq);
            }
        }
        prop_assert_eq!(known(&sums, &config), asked);
    }
}
