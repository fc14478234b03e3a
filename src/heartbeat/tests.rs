use proptest::prelude::*;

use super::*;
use crate::config::Config;
use crate::fixtures::{at, config};
use crate::secret::{ExposeSecret as _, Secret, Why};
use crate::units::OriginId;

const JOBS: &str = r#"
plan = "paid"
heartbeat_secret = "HEARTBEAT_KEY"
[[pool]]
name = "jobs"
origin = [{ name = "nightly", kind = "heartbeat", period = "24h", grace = "1h" }, { name = "queue", kind = "heartbeat", period = "1m", grace = "10s" }]
"#;

const SECOND: Millis = Millis::from_secs(1);

fn jobs() -> Config {
    config(JOBS)
}

fn id(text: &str) -> OriginId {
    OriginId::parse(text).unwrap()
}

/// What is said of the queue worker (a minute, ten seconds) after looks at the clock at these
/// seconds; its only heartbeat came with the first.
fn said(looks: &[u64]) -> (Status, String) {
    let config = jobs();
    let job = config.heartbeat(&id("jobs/queue")).unwrap();
    let mut mark = Mark { awake: Millis::ZERO, at: at(looks[0] * 1_000) };
    let last = Some(mark);
    for look in looks {
        mark = mark.at(at(look * 1_000));
    }
    let judgement = judge(job, &Pulse { last, now: mark, deaf: None });
    (judgement.status, judgement.reason)
}

#[test]
fn silence_is_a_failure_at_the_deadline_and_not_before() {
    let expected = "expected every 1m, 10s grace";
    assert_eq!(said(&[0, 30, 60, 69]), (Status::Pass, format!("heartbeats come in time: {expected}")));
    let since = at(0);
    assert_eq!(said(&[0, 30, 60, 70]), (Status::Fail, format!("no heartbeat since {since}: {expected}")));
}

#[test]
fn our_own_absence_is_not_the_silence_of_the_job() {
    let (status, reason) = said(&[0, 30, 1_000]);
    assert_eq!(status, Status::Pass);
    assert!(reason.ends_with("; 16m 10s of it not counted, in which nobody listened"), "{reason}");
    let (status, reason) = said(&[0, 30, 1_000, 1_039]);
    assert_eq!(status, Status::Pass, "{reason}");
    let (status, reason) = said(&[0, 30, 1_000, 1_040]);
    assert_eq!(status, Status::Fail);
    assert!(reason.contains("not counted"), "{reason}");
}

#[test]
fn a_clock_that_jumps_neither_fails_a_job_nor_keeps_it_green() {
    assert_eq!(said(&[10_000, 0, 69]).0, Status::Pass, "it stepped back");
    assert_eq!(said(&[10_000, 0, 70]).0, Status::Fail, "and the time since then counts");
    assert_eq!(said(&[0, 10_000, 10_069]).0, Status::Pass, "it leapt ahead");
    assert_eq!(said(&[0, 10_000, 10_070]).0, Status::Fail);
}

#[test]
fn before_the_first_heartbeat_and_without_a_secret_nothing_is_known() {
    let config = jobs();
    let job = config.heartbeat(&id("jobs/nightly")).unwrap();
    let now = Mark { awake: Millis::ZERO, at: at(0) };
    let first = judge(job, &Pulse { last: None, now, deaf: None });
    assert_eq!((first.status, first.live, first.oldest), (Status::Unknown, 0, None));
    assert_eq!(first.reason, "no heartbeat yet: expected every 1day, 1h grace");
    let deaf = judge(job, &Pulse { last: Some(now), now, deaf: Some("the secret HEARTBEAT_KEY is not set") });
    assert_eq!((deaf.status, deaf.valid_until), (Status::Unknown, at(0)));
    assert!(deaf.reason.starts_with("the secret HEARTBEAT_KEY is not set: "), "{}", deaf.reason);
}

#[test]
fn a_token_is_read_as_it_is_written_and_in_no_other_way() {
    let config = jobs();
    let mac: [u8; MAC_BYTES] = std::array::from_fn(|n| u8::try_from(n * 8).unwrap());
    let good = token(&id("jobs/nightly"), &mac);
    assert_eq!(good, "jobs.nightly.AAgQGCAoMDhASFBYYGhweICIkJigqLC4wMjQ2ODo8Pg");
    let claimed = claim(&config, &good).unwrap();
    assert_eq!((&claimed.heartbeat.id, claimed.mac), (&id("jobs/nightly"), mac));
    for bad in [
        "",
        "..",
        "jobs.nightly",
        "jobs.nightly.",
        &good.replace("nightly", "weekly"),
        &good.replace("jobs", "JOBS"),
        &format!("{good}A"),
        &format!("{good}."),
        &good[..good.len() - 1],
        &format!("{}h", &good[..good.len() - 1]),
        &good.replace('8', "+"),
        &"x".repeat(100_000),
    ] {
        assert_eq!(claim(&config, bad), None, "{bad}");
    }
}

#[test]
fn a_secret_that_could_be_guessed_is_no_key() {
    let name = "HEARTBEAT_KEY";
    let held = |length| Ok(Secret::from("x".repeat(length)));
    let short = key(name, held(15)).unwrap_err();
    assert_eq!(short.to_string(), "the secret HEARTBEAT_KEY is shorter than 16 bytes");
    assert_eq!(key(name, held(16)).unwrap().expose_secret(), "x".repeat(16));
    assert_eq!(key(name, Err(Why::NotSet.of(name))).unwrap_err(), Why::NotSet.of(name));
}

#[test]
fn what_a_pool_of_jobs_says_names_those_that_are_late() {
    use Status::{Fail, Pass, Unknown};
    let table: [(&[(&str, Status)], &str); 4] = [
        (&[("a", Pass), ("b", Pass)], "every heartbeat comes in time"),
        (&[("a", Fail), ("b", Pass)], "late: a"),
        (&[("a", Unknown), ("b", Unknown)], "awaited: a, b"),
        (&[("a", Fail), ("b", Unknown), ("c", Fail)], "late: a, c; awaited: b"),
    ];
    for (subjects, wanted) in table {
        assert_eq!(summary(subjects.iter().copied()), wanted);
    }
}

#[test]
fn a_flood_is_passed_on_once_and_what_failed_is_tried_again() {
    let config = jobs();
    let job = config.heartbeat(&id("jobs/queue")).unwrap();
    assert_eq!(job.rest(), Millis::from_secs(3), "a twentieth of its period");
    let mut flight = SingleFlight::new();
    assert_eq!(flight.meet(job, at(0), at(0)), Admission::On);
    assert!(
        matches!(flight.meet(job, at(10), at(10)), Admission::Wait(_)),
        "none is confirmed before one is stored"
    );
    flight.passed(job, false);
    assert_eq!(flight.meet(job, at(20), at(20)), Admission::On, "it was not taken");
    assert_eq!(
        flight.meet(job, at(0), at(5_000)),
        Admission::Lost,
        "who has waited for so long is told that it is not known"
    );
    flight.passed(job, true);
    assert_eq!(flight.meet(job, at(3_019), at(3_019)), Admission::Taken);
    assert_eq!(flight.meet(job, at(3_020), at(3_020)), Admission::On);
    assert_eq!(
        flight.meet(job, at(8_020), at(8_020)),
        Admission::On,
        "one that is lost on its way holds nobody up for long"
    );
    flight.passed(job, true);
    assert_eq!(flight.meet(job, at(0), at(0)), Admission::On, "nor does a clock that stepped back");
}

/// Looks at the clock: how long after the one before, and whether a heartbeat comes with it.
fn looks() -> impl Strategy<Value = Vec<(u64, bool)>> {
    proptest::collection::vec(
        (prop_oneof![0_u64..40, 140_u64..160, 0_u64..10_000], proptest::bool::weighted(0.1)),
        1..80,
    )
}

proptest! {
    #[test]
    fn a_job_fails_exactly_when_it_was_silent_for_longer_while_somebody_listened(looks in looks()) {
        let config = jobs();
        let job = config.heartbeat(&id("jobs/queue")).unwrap();
        let mut mark = Mark { awake: Millis::ZERO, at: at(0) };
        // What is counted, anew and by hand.
        let (mut last, mut silent, mut now) = (None, 0, 0);
        for (step, beats) in looks {
            now += step;
            silent += if step <= 150 { step } else { 0 };
            mark = mark.at(at(now * 1_000));
            if beats {
                (last, silent) = (Some(mark), 0);
            }
            let judgement = judge(job, &Pulse { last, now: mark, deaf: None });
            let wanted = match last {
                None => Status::Unknown,
                Some(_) if silent < 70 => Status::Pass,
                Some(_) => Status::Fail,
            };
            prop_assert_eq!(judgement.status, wanted, "after {} s of silence", silent);
            if wanted == Status::Pass {
                prop_assert_eq!(judgement.valid_until, mark.at.plus(SECOND.times(70 - silent)));
            }
        }
    }

    #[test]
    fn a_claim_has_one_spelling(mac: [u8; MAC_BYTES], flipped in 0_usize..56, c in "[A-Za-z0-9._=+/-]") {
        let config = jobs();
        let good = token(&id("jobs/nightly"), &mac);
        prop_assert_eq!(claim(&config, &good).map(|claim| claim.mac), Some(mac));
        let mut other = good.clone();
        other.replace_range(flipped..=flipped, &c);
        if let Some(claimed) = claim(&config, &other) {
            prop_assert_eq!(token(&claimed.heartbeat.id, &claimed.mac), other);
        }
    }
}
