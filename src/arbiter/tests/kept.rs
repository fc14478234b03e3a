//! Of what the Arbiter keeps history, and for how long.

use super::*;
use crate::config::Retention;
use crate::history::{Bucket, Fact};
use crate::sample::Evidence;

/// What comes with a report that hands something on, and with one that does not.
fn memories(config: &Config) -> [Option<Memories>; 2] {
    let mut arbiter = Arbiter::new(config.clone(), &[], at(0));
    [true, false].map(|hands_on| {
        let id = config.origins().next().unwrap().id.clone();
        let mut report = report(config, "weur", if hands_on { 1 } else { 2 }, "++");
        let mut bucket = Bucket::new(1, 1, at(0), vec![id]);
        bucket.add(&Fact::of(0, &crate::fixtures::sample(true, at(0)), &Evidence::Pass));
        report.rollups.extend(hands_on.then(|| bucket.rollup(|_| 1)));
        let effects = arbiter.step(Event::Reported(report), at(1_000));
        effects.into_iter().find_map(|effect| {
            let Effect::Remember(memories) = effect else { return None };
            memories.rollups.is_some().then_some(memories)
        })
    })
}

#[test]
fn what_the_file_names_is_kept_for_as_long_as_it_says() {
    let [handed_on, other] = memories(&config(&format!("{SHOP}\n[history]\nhours = \"7d\"\n")));
    assert_eq!(other, None);
    let keeping = handed_on.unwrap().keeping;
    let names = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(names(&keeping.shards), "apac/0of1 enam/0of1 weur/0of1");
    assert_eq!(names(&keeping.origins), "shop/primary shop/standby");
    assert_eq!(names(&keeping.pools), "shop");
    assert_eq!(keeping.retention, Retention { hours: Millis::DAY.times(7), ..Retention::USUAL });
    assert_eq!(keeping.now, at(1_000));
}
