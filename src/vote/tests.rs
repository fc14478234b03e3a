use proptest::prelude::*;

use super::*;
use crate::config::Window;

fn thresholds(fall: u32, rise: u32, window: Option<(u32, u32)>) -> Thresholds {
    Thresholds { fall, rise, window: window.map(|(failures, of)| Window { failures, of }) }
}

/// Plays a script of evidence (`+` pass, `!` warn, `-` fail, `.` none), one a second; the opinion
/// after each: `P`, `F` or `?`.
fn play(need: Thresholds, script: &str) -> String {
    let mut tally = Tally::default();
    let opinion = |(second, c): (usize, char)| {
        let evidence = match c {
            '+' => Evidence::Pass,
            '!' => Evidence::Warn("slow".into()),
            '-' => Evidence::Fail("status 500".into()),
            _ => Evidence::None("quota".into()),
        };
        tally.fold(&evidence, need, Timestamp::from_millis(second as u64 * 1_000));
        match tally.opinion {
            Opinion::Undecided => '?',
            Opinion::Pass => 'P',
            Opinion::Fail => 'F',
        }
    };
    script.chars().enumerate().map(opinion).collect()
}

#[test]
fn nothing_is_decided_before_enough_evidence() {
    assert_eq!(play(thresholds(3, 2, None), "+-+-++"), "?????P");
    assert_eq!(play(thresholds(2, 2, None), "--"), "?F");
}

#[test]
fn a_single_failure_is_forgiven() {
    assert_eq!(play(thresholds(2, 2, None), "++-+-+"), "?PPPPP");
}

#[test]
fn falling_and_rising_each_need_a_full_run() {
    assert_eq!(play(thresholds(2, 3, None), "+++--+-+++"), "??PPFFFFFP");
}

#[test]
fn our_own_fault_changes_nothing_and_breaks_no_run() {
    assert_eq!(play(thresholds(2, 2, None), "++-.-"), "?PPPF");
    assert_eq!(play(thresholds(1, 1, None), "+......"), "PPPPPPP");
}

#[test]
fn a_warning_counts_as_a_pass() {
    assert_eq!(play(thresholds(2, 2, None), "!!-!"), "?PPP");
}

#[test]
fn a_window_catches_what_no_run_does() {
    assert_eq!(play(thresholds(3, 2, Some((3, 5))), "++-+-+-"), "?PPPPPF");
    assert_eq!(play(thresholds(3, 2, None), "++-+-+-"), "?PPPPPP");
}

#[test]
fn probes_are_faster_while_in_doubt() {
    let pace = Pace {
        rest_interval: None,
        interval: Millis::from_secs(10),
        fast_interval: Millis::from_secs(2),
        down_interval: Millis::from_secs(30),
        timeout: Millis::from_secs(3),
    };
    let need = thresholds(2, 2, None);
    let mut tally = Tally::default();
    let mut after = |evidence: Evidence| {
        tally.fold(&evidence, need, Timestamp::from_millis(0));
        tally.interval(&pace).as_secs()
    };
    assert_eq!(after(Evidence::Pass), 2, "undecided");
    assert_eq!(after(Evidence::Pass), 10, "settled");
    assert_eq!(after(Evidence::Fail(String::new())), 2, "in doubt");
    assert_eq!(after(Evidence::Fail(String::new())), 30, "down");
    assert_eq!(after(Evidence::Pass), 2, "on its way back");
}

#[test]
fn a_settled_origin_changes_no_counter() {
    let need = thresholds(3, 2, Some((3, 5)));
    let mut tally = Tally::default();
    for second in 0..10 {
        tally.fold(&Evidence::Pass, need, Timestamp::from_millis(second));
    }
    let settled = tally.clone();
    tally.fold(&Evidence::Pass, need, Timestamp::from_millis(99));
    assert_eq!(tally, settled, "what does not change is not written");
}

#[test]
fn report_v1_bytes_are_frozen() {
    let frozen = r#"{"version":1,"vantage":"weur","shard":"0of1","seq":7,"config":"00000000000000ff","lag":3,"missed":0,"colo":null,"votes":[{"origin":"shop/primary","definition":"0000000000000001","opinion":"fail","held":1000,"age":20,"run":3,"seen":{"reason":"status 500 is not expected","warned":false,"failed":true,"unproven":false,"latency":12,"status":500,"cache":"origin-proven","database":{"calls":2,"time":null}}}],"blind":{"shop/standby":"why"},"fast":{"spent":1,"of":2}}"#;
    let report: Report = crate::json::read(frozen).unwrap();
    assert_eq!(crate::json::write(&report), frozen);
    assert_eq!(report.votes[0].opinion, Opinion::Fail);
}

proptest! {
    #[test]
    fn an_opinion_never_changes_without_a_full_run(script in "[+\\-!.]{0,60}", fall in 1u32..5, rise in 1u32..5) {
        let opinions = play(thresholds(fall, rise, None), &script);
        let mut before = '?';
        for (index, now) in opinions.chars().enumerate() {
            if now != before {
                let (run, length) = if now == 'F' { ("-", fall) } else { ("+!", rise) };
                let evidence: Vec<char> = script[..=index].chars().filter(|c| *c != '.').collect();
                let tail = &evidence[evidence.len() - length as usize..];
                prop_assert!(tail.iter().all(|c| run.contains(*c)), "{script} {opinions}");
            }
            before = now;
        }
    }

    #[test]
    fn a_window_fails_exactly_when_it_is_full_of_failures(script in "[+\\-]{0,40}", m in 1u32..5, extra in 0u32..5) {
        let n = m + extra;
        let opinions = play(thresholds(100, 1, Some((m, n))), &script);
        let bytes = script.as_bytes();
        for (index, now) in opinions.chars().enumerate() {
            let from = (index + 1).saturating_sub(n as usize);
            let failures = script[from..=index].matches('-').count();
            if bytes[index] == b'-' && failures >= m as usize {
                prop_assert_eq!(now, 'F');
            }
            if bytes[index] == b'+' {
                prop_assert_eq!(now, 'P', "rise is 1");
            }
        }
    }
}
