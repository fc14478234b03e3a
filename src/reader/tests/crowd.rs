//! Many readers at once, in a simulation, while the Arbiter answers, errs or hangs.

use proptest::prelude::*;

use super::*;

/// What the Arbiter does in the simulation.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Answers,
    Errs,
    Hangs,
}

/// A request in the middle of being answered.
struct Asking {
    known: Known,
    /// When the step under way ends, and what it brings.
    until: Timestamp,
    step: Option<Step>,
    /// Whether the Arbiter does not answer before it ends.
    in_vain: bool,
}

/// Runs requests that come at these moments through one isolate's memory, millisecond by
/// millisecond, as the edge does. Nothing but the Arbiter has a copy. Returns for each how long it
/// took and from which layer it was answered.
fn simulated(arrivals: &[u64], mood: impl Fn(u64) -> Mood, end: u64) -> Vec<(u64, Tier)> {
    const TRIP: Millis = Millis::new(20);
    const DEADLINE: Millis = Millis::from_secs(10);
    let part = Part::Summary;
    let mut memory = Memory::new();
    let mut requests: Vec<Asking> = Vec::new();
    // Answers of the Arbiter on their way: when they arrive, and what they bring.
    let mut on_the_way: Vec<(Timestamp, Option<Held>)> = Vec::new();
    let mut answered = Vec::new();
    for ms in 0..end {
        let now = at(ms);
        on_the_way.retain(|(arrives, copy)| {
            if *arrives <= now {
                memory.answered(&part, copy.clone(), now);
            }
            *arrives > now
        });
        let come = arrivals.iter().filter(|arrival| **arrival == ms);
        requests.extend(come.map(|_| Asking {
            known: Known { since: now, ..Known::default() },
            until: now,
            step: None,
            in_vain: false,
        }));
        requests.retain_mut(|request| {
            while request.until <= now {
                match request.step.take() {
                    Some(Step::AskCache) => request.known.cache = Asked::InVain,
                    Some(Step::AskKv) => request.known.kv = Asked::InVain,
                    Some(Step::AskArbiter(timeout)) => {
                        let asked = request.known.arbiter.clone();
                        request.known.arbiter = if asked == Asked::NotYet { Asked::InVain } else { asked };
                        if request.in_vain {
                            memory.waited(timeout);
                        }
                    }
                    Some(Step::LookAgain(_) | Step::Serve(_)) | None => {}
                }
                memory.look(&part, &mut request.known);
                let step = next(&request.known, LIMIT, now);
                request.until = match &step {
                    Step::Serve(served) => {
                        answered.push((now.since(request.known.since).get(), served.source.layer));
                        return false;
                    }
                    Step::AskCache => {
                        memory.looking(&part, now);
                        now.plus(Millis::new(2))
                    }
                    Step::AskKv => now.plus(Millis::new(5)),
                    Step::LookAgain(after) => now.plus(*after),
                    Step::AskArbiter(timeout) => {
                        memory.asking(&part, now);
                        let (arrives, answer) = match mood(ms) {
                            Mood::Answers => (now.plus(TRIP), Some(copy(now))),
                            Mood::Errs => (now.plus(TRIP), None),
                            Mood::Hangs => (now.plus(DEADLINE), None),
                        };
                        on_the_way.push((arrives, answer.clone()));
                        request.known.arbiter = match answer {
                            Some(copy) if arrives <= now.plus(*timeout) => Asked::Found(copy),
                            Some(_) | None => Asked::InVain,
                        };
                        request.in_vain = arrives > now.plus(*timeout);
                        arrives.min(now.plus(*timeout))
                    }
                };
                request.step = Some(step);
            }
            true
        });
    }
    answered
}

#[test]
fn readers_without_a_copy_are_all_answered_and_find_the_arbiter_when_it_is_back() {
    for (down, name) in [(Mood::Errs, "errs"), (Mood::Hangs, "hangs")] {
        for apart in [30, 400, 900] {
            let arrivals: Vec<u64> = (0..30_000).step_by(apart).collect();
            let mood = |ms| if ms < 8_000 { down } else { Mood::Answers };
            let answered = simulated(&arrivals, mood, 45_000);
            assert_eq!(
                answered.len(),
                arrivals.len(),
                "{name}, one in {apart} ms: every request is answered"
            );
            let longest = answered.iter().map(|(took, _)| *took).max().unwrap();
            assert!(longest <= 3_250, "{name}, one in {apart} ms: the longest took {longest} ms");
            let late = answered.get(answered.len() / 2..).unwrap();
            let lost = late.iter().filter(|(_, layer)| *layer == Tier::Nothing).count();
            assert_eq!(lost, 0, "{name}, one in {apart} ms: it is back for all of them");
        }
    }
}

#[test]
fn a_crowd_asks_once_whether_it_has_an_old_copy_or_none() {
    let crowd = |from: u64| (0..500).map(move |index| from + index / 50);
    let answered = simulated(&crowd(0).chain(crowd(1_000)).collect::<Vec<_>>(), |_| Mood::Answers, 5_000);
    assert_eq!(answered.len(), 1_000);
    let (first, second) = answered.split_at(500);
    for (crowd, name) in [(first, "without a copy"), (second, "with an old one")] {
        let from = |layer: Tier| crowd.iter().filter(|(_, from)| *from == layer).count();
        assert_eq!((from(Tier::Arbiter), from(Tier::Memory)), (1, 499), "{name}");
    }
    // One looks at the cache and asks the Arbiter. Who has nothing looks into memory until that one
    // is back; who has an old copy waits for nobody.
    let longest = |crowd: &[(u64, Tier)], who: Tier| {
        crowd.iter().filter(|(_, from)| *from == who).map(|(took, _)| *took).max()
    };
    assert_eq!(longest(second, Tier::Memory), Some(0));
    assert!(longest(first, Tier::Memory) <= Some(32), "{:?}", longest(first, Tier::Memory));
}

#[test]
fn that_the_arbiter_is_silent_is_remembered() {
    for apart in [30, 400, 900, 4_000] {
        let arrivals: Vec<u64> = (0..60_000).step_by(apart).collect();
        let answered =
            simulated(&arrivals, |ms| if ms < 40_000 { Mood::Hangs } else { Mood::Answers }, 65_000);
        assert_eq!(answered.len(), arrivals.len(), "one in {apart} ms");
        let longest = answered.iter().map(|(took, _)| *took).max();
        assert!(longest <= Some(3_250), "one in {apart} ms: {longest:?}");
        // Only who came before the first had waited in vain waits as long as that one. Of the
        // others one at a time asks, and none waits for another.
        let early = arrivals.iter().filter(|arrival| **arrival <= 3_010).count();
        let slow = answered.iter().filter(|(took, _)| *took > 300).count();
        assert!(slow <= early, "one in {apart} ms: {slow} of {early}");
        let waited = answered.iter().filter(|(took, _)| (11..=300).contains(took)).count();
        assert!(waited <= early + 60, "one in {apart} ms: {waited} waited");
        let back = answered.last().map(|(_, layer)| *layer);
        assert_ne!(back, Some(Tier::Nothing), "one in {apart} ms: it is back");
    }
}

proptest! {
    /// Whatever is up or down and however old its copies: each layer is asked at most once. An
    /// answer that is not silent is no older than the limit. What is served is the newest that
    /// could be had.
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
