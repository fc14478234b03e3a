//! How old an answer is, and for how long a cache may keep it.

use super::*;

#[test]
fn every_answer_carries_its_age_and_may_be_kept_for_a_second() {
    for target in ["/health", "/health/shop", "/health/shop/primary", "/route/shop", "/"] {
        let answer = get(target, &snapshot(Status::Pass, Status::Pass));
        assert_eq!(header(&answer, "age"), Some("3"), "{target}");
        assert_eq!(header(&answer, "cache-control"), Some("max-age=4"), "{target}");
        assert_eq!(header(&answer, "vedette-evidence-age"), Some("3"), "{target}");
    }
    let blank = Snapshot::blank(&shop(), at(0), "nothing is known");
    assert_eq!(header(&get("/health", &blank), "age"), None);
    assert_eq!(header(&get("/health", &blank), "cache-control"), Some("no-store"));
}

/// `Age`, the evidence's age and `Cache-Control` of what is answered at `now` (milliseconds). The
/// snapshot was made at `made`; its oldest evidence, that of the standby, is of second 0.
fn fresh(target: &str, made: u64, now: u64) -> [String; 3] {
    let mut snapshot = snapshot(Status::Pass, Status::Pass);
    snapshot.taken_at = at(made);
    snapshot.pools[0].origins[0].oldest = Some(at(made));
    snapshot.pools[0].origins[1].valid_until = at(100_000_000);
    snapshot.pools[0].origins[0].valid_until = at(100_000_000);
    let answer = answered(&ask(target), &snapshot, at(now));
    ["age", "vedette-evidence-age", "cache-control"].map(|name| header(&answer, name).unwrap().to_owned())
}

#[test]
fn evidence_that_is_old_by_its_nature_makes_no_answer_old() {
    for target in ["/health", "/health/shop", "/health/shop/standby", "/route/shop", "/"] {
        let day = fresh(target, 86_400_000, 86_400_300);
        assert_eq!(day, ["0", "86400", "max-age=1"], "{target}");
        assert_eq!(fresh(target, 86_400_000, 86_409_999), ["9", "86409", "max-age=10"], "{target}");
    }
}

#[test]
fn no_cache_keeps_an_answer_beyond_the_moment_at_which_it_changes_by_itself() {
    let mut snapshot = snapshot(Status::Pass, Status::Pass);
    let kept = |snapshot: &Snapshot, target: &str, now| {
        header(&answered(&ask(target), snapshot, at(now)), "cache-control").unwrap().to_owned()
    };
    snapshot.taken_at = at(40_000);
    for target in ["/health", "/health/shop", "/health/shop/primary", "/route/shop", "/"] {
        assert_eq!(kept(&snapshot, target, 40_500), "max-age=1", "{target}");
        assert_eq!(kept(&snapshot, target, 43_500), "max-age=1", "{target}: it ends at second 45");
        assert_eq!(kept(&snapshot, target, 44_000), "max-age=0", "{target}");
        // What has expired changes no more.
        assert_eq!(kept(&snapshot, target, 45_000), "max-age=6", "{target}");
    }
    // Only what the answer is about counts.
    snapshot.pools[0].origins[1].valid_until = at(90_000);
    assert_eq!(kept(&snapshot, "/health/shop/standby", 44_000), "max-age=5");
}

#[test]
fn no_cache_keeps_an_answer_from_a_copy_that_nobody_renews() {
    assert_eq!(fresh("/health", 0, 15_999)[2], "max-age=16");
    assert_eq!(fresh("/health", 0, 16_000), ["16", "16", "no-store"].map(str::to_owned));
}
