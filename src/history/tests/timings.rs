//! Times of metrics in the rows of a ring: told by name, read back, and no harm to a release that
//! knows nothing of them.

use proptest::prelude::*;

use super::*;
use crate::sample::Timing;

fn timing(name: &str, micros: u64) -> Timing {
    Timing { name: name.into(), micros }
}

fn timed(ms: u64, timings: Vec<Timing>) -> Fact {
    Fact { timings, ..fact(ms, &Evidence::Pass) }
}

fn query() -> SampleQuery {
    SampleQuery { id: id(), window: Window { from: at(0), to: at(HOUR_MS) } }
}

/// What is told of these rows.
fn told(rows: &[String]) -> serde_json::Value {
    let said = sampled(&query(), &sender().vantage, rows.iter().cloned());
    let told = gathered(&query(), &[said], &[]);
    serde_json::from_str::<serde_json::Value>(&told).unwrap()["samples"].take()
}

#[test]
fn a_line_with_times_is_frozen_and_read_back() {
    let mut bucket = bucket(7, 0);
    let both = timed(2_000, vec![timing("render", 12_345), timing("Queue.a", 0)]);
    let mut bare = timed(3_000, vec![timing("render", 40_000)]);
    (bare.status, bare.calls, bare.database) = (None, None, None);
    bucket.add(&both);
    bucket.add(&bare);
    let frozen = "{\"version\":1,\"life\":9,\"seq\":7,\"at\":1728000000000,\"thinned\":0,\"origins\":[\"shop/a\"]}\n\
                  0 1000 po 45 200 812 3 12\n\
                  0 2000 po 45 200 812 3 12 render=12345 Queue.a=0\n\
                  0 3000 po 45 - 812 render=40000\n";
    assert_eq!(bucket.text(), frozen);
    let read: Vec<Fact> = Bucket::read(frozen).unwrap().facts().collect();
    assert_eq!(read, [fact(1_000, &Evidence::Pass), both, bare]);
}

#[test]
fn another_order_of_names_mistakes_none_for_another() {
    let mut bucket = bucket(7, 0);
    bucket.add(&timed(2_000, vec![timing("render", 1_000), timing("queue", 2_000)]));
    bucket.add(&timed(3_000, vec![timing("queue", 2_000), timing("render", 1_000)]));
    bucket.add(&timed(4_000, vec![timing("queue", 2_000)]));
    let query = SampleQuery { id: id(), window: Window { from: at(0), to: at(HOUR_MS) } };
    for text in [bucket.text(), kept(&query, [bucket.text()].into_iter())] {
        let told = told(&[text]);
        assert_eq!(told[0].get("timings"), None, "nothing is told where there is nothing");
        let both = serde_json::json!({ "queue": 2.0, "render": 1.0 });
        assert_eq!((&told[1]["timings"], &told[2]["timings"]), (&both, &both));
        assert_eq!(told[3]["timings"], serde_json::json!({ "queue": 2.0 }));
    }
}

#[test]
fn what_is_told_is_in_milliseconds_to_three_places() {
    let mut bucket = bucket(7, 0);
    for (n, micros) in [12_345, 1, 0, 86_400_000_000].into_iter().enumerate() {
        bucket.add(&timed(2_000 + n as u64, vec![timing("render", micros)]));
    }
    let told = told(&[bucket.text()]);
    let render: Vec<_> =
        told.as_array().unwrap().iter().skip(1).map(|one| one["timings"]["render"].to_string()).collect();
    assert_eq!(render, ["12.345", "0.001", "0.0", "86400000.0"]);
}

#[test]
fn words_that_are_no_times_are_left_out_and_the_sample_stays() {
    for odd in
        ["render=", "render=-1", "render=x", "=", "=5", "render=1.5", "render=99999999999999999999", "a=1=2"]
    {
        let text = bucket(7, 0).text() + &format!("0 2000 po 45 200 812 {odd} queue=7\n");
        let facts: Vec<Fact> = Bucket::read(&text).unwrap().facts().collect();
        let Some(read) = facts.get(1) else { panic!("{odd}: the sample is lost") };
        let named: Vec<_> = read.timings.iter().filter(|timing| timing.is("queue")).collect();
        assert_eq!((named, read.status, read.bytes), (vec![&timing("queue", 7)], Some(200), 812), "{odd}");
        assert!(!read.timings.iter().any(|timing| timing.is("render")), "{odd}");
    }
}

/// How the release before times were kept reads the numbers of a line: by place, and what is no
/// number is nothing.
fn numbers_as_before(line: &str) -> [Option<u64>; 5] {
    let mut words = line.split(' ').skip(4);
    [(); 5].map(|()| words.next().and_then(|word| word.parse().ok()))
}

proptest! {
    #[test]
    fn any_times_are_read_back_and_the_release_before_finds_the_rest(
        numbers in (any::<Option<u16>>(), any::<u32>(), any::<Option<u32>>(), any::<Option<u64>>()),
        failed in any::<bool>(),
        timings in proptest::collection::vec(("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}", any::<u64>()), 0..4),
    ) {
        let (status, bytes, calls, database) = numbers;
        let evidence = if failed { Evidence::Fail(String::new()) } else { Evidence::Pass };
        let timings: Vec<Timing> = timings.iter().map(|(name, micros)| timing(name, *micros)).collect();
        let with = Fact { status, calls, database, bytes: bytes.into(), timings, ..fact(1_000, &evidence) };
        let without = Fact { timings: Vec::new(), ..with.clone() };
        let row = |fact: &Fact| {
            let mut bucket = Bucket::new(9, 7, at(0), vec![id()]);
            bucket.add(fact);
            bucket
        };
        prop_assert_eq!(row(&with).facts().collect::<Vec<_>>(), std::slice::from_ref(&with));
        let [old, new] = [&without, &with].map(|fact| row(fact).text().lines().nth(1).unwrap().to_owned());
        prop_assert_eq!(numbers_as_before(&new), numbers_as_before(&old));
        prop_assert!(new.starts_with(&old), "{} {}", new, old);
        prop_assert_eq!(row(&with).rollup(|_| 1), row(&without).rollup(|_| 1));
    }

    #[test]
    fn whatever_stands_in_a_line_is_read_as_what_it_is_written_as_again(
        words in proptest::collection::vec(
            prop_oneof!["[a-z!]{0,3}=[0-9x=-]{0,22}", "[0-9]{1,5}", Just("-".to_owned()), "[ =!a-zé]{0,4}"],
            0..9,
        ),
    ) {
        let text = Bucket::new(9, 7, at(0), vec![id()]).text() + &format!("0 5 po 45 {}\n", words.join(" "));
        let facts: Vec<Fact> = Bucket::read(&text).unwrap().facts().collect();
        let mut again = Bucket::new(9, 7, at(0), vec![id()]);
        for fact in &facts {
            again.add(fact);
        }
        prop_assert_eq!(again.facts().collect::<Vec<_>>(), facts);
    }
}
