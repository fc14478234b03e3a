//! Laws of any course of events.

use proptest::prelude::*;

use super::*;

/// What happens to a pool, second by second, and what the receiver is told of it, if it may be away
/// for a while.
fn played(script: &[(char, u64)], away: Option<(u64, u64)>, lines: &str) -> Listener {
    let mut ops = Listener::of(lines);
    ops.channel.give_up = WEEK;
    for (status, seconds) in script {
        ops.sees("shop", *status);
        for _ in 0..*seconds {
            ops.takes = away.is_none_or(|(from, until)| !(from..until).contains(&ops.second));
            ops.passes(1);
        }
    }
    ops.takes = true;
    ops.passes(5_000);
    ops
}

fn script() -> impl Strategy<Value = Vec<(char, u64)>> {
    prop::collection::vec((prop::sample::select(vec!['+', '-', '!', '?']), 1_u64..200), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_failure_that_lasts_is_told_and_none_that_does_not(
        script in script(), away in prop::option::of((0_u64..500, 500_u64..1_500)), after in 0_u64..100
    ) {
        let ops = played(&script, away, &format!("after = \"{after}s\""));
        // What lasts to the end of the story lasts for long.
        let lengths: Vec<u64> = script.iter().enumerate()
            .map(|(place, (_, seconds))| seconds + if place + 1 == script.len() { 5_000 } else { 0 }).collect();
        let runs = script.iter().zip(&lengths).fold(Vec::<(char, u64)>::new(), |mut runs, ((status, _), seconds)| {
            match runs.last_mut().filter(|(last, _)| last == status) {
                Some((_, length)) => *length += seconds,
                None => runs.push((*status, *seconds)),
            }
            runs
        });
        let most = runs.iter().filter(|(status, length)| *status != '+' && *length >= after).count();
        // From one pass to the next it is one incident, whatever it is called meanwhile.
        let incidents = runs.split(|(status, _)| *status == '+');
        let least = incidents.filter(|runs| runs.iter().any(|(status, length)| *status == '-' && *length >= after)).count();
        let words = ops.messages.iter().flat_map(|message| {
            let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
            body["data"]["news"].as_array().unwrap().clone()
        }).collect::<Vec<_>>();
        let of_fail = words.iter().filter(|news| news["topic"] == "fail");
        let told: u64 = of_fail.filter(|news| news["kind"] == "fail" || news["kind"] == "past")
            .map(|news| news["times"].as_u64().unwrap_or(1)).sum();
        prop_assert!((least as u64..=most as u64).contains(&told), "{least} to {most}: {script:?} {away:?}: {words:?}");
    }

    #[test]
    fn a_recovery_is_told_once_of_what_was_told_and_the_last_word_is_true(
        script in script(), away in prop::option::of((0_u64..500, 500_u64..1_500)), after in 0_u64..100
    ) {
        let ops = played(&script, away, &format!("after = \"{after}s\""));
        let mut standing = false;
        for word in ops.words() {
            match word.split(' ').next().unwrap() {
                "fail" | "warn" | "watch" => standing = true,
                "recovered" => {
                    prop_assert!(standing, "{script:?}: {:?}", ops.words());
                    standing = false;
                }
                "past" => {}
                other => prop_assert!(false, "{other}"),
            }
        }
        prop_assert_eq!(standing, script.last().unwrap().0 != '+', "{:?}: {:?}", script, ops.words());
    }

    #[test]
    fn no_more_messages_come_than_the_cap_allows(script in script(), cap in 1_u32..5) {
        let ops = played(&script, None, &format!("cap = \"{cap}/10m\""));
        let mut times: Vec<u64> = ops.told.iter().map(|(second, _)| *second).collect();
        times.dedup();
        for from in &times {
            let within = times.iter().filter(|at| (*from..from + 600).contains(at)).count();
            prop_assert!(within <= cap as usize, "{times:?}");
        }
    }

    #[test]
    fn whoever_is_made_anew_from_the_row_tells_the_same(
        script in script(), away in prop::option::of((0_u64..500, 500_u64..1_500))
    ) {
        let living = played(&script, away, "every = \"10m\"");
        let mut ops = Listener::of("every = \"10m\"");
        ops.channel.give_up = WEEK;
        let mut stored = std::collections::BTreeMap::new();
        for (status, seconds) in &script {
            ops.sees("shop", *status);
            for _ in 0..*seconds {
                ops.takes = away.is_none_or(|(from, until)| !(from..until).contains(&ops.second));
                ops.passes(1);
                for (subject, text) in ops.outbox.rows() {
                    if text.is_empty() { stored.remove(&subject); } else { stored.insert(subject, text); }
                }
                ops.outbox = Outbox::new(ops.channel.name.clone());
                for (subject, text) in &stored {
                    ops.outbox.restore(&ops.channel, subject, text, None);
                }
            }
        }
        ops.takes = true;
        ops.passes(5_000);
        prop_assert_eq!(ops.told, living.told);
    }
}
