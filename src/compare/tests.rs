use super::*;
use crate::units::Millis;

const START: u64 = 1_000_000;

fn point(at: u64, ms: u64) -> Point {
    Point {
        at: Timestamp::from_millis(at),
        class: CacheClass::OriginProven,
        failed: false,
        complete: true,
        response_ms: ms,
        calls: Some(3),
        database_ms: Some(20),
        bytes: 1_000,
        timings: Vec::new(),
    }
}

fn windows() -> Windows {
    let change = Timestamp::from_millis(START + 1_000_000);
    Windows {
        before: Window { from: Timestamp::from_millis(START), to: change },
        after: Window { from: change, to: change.plus(Millis::from_secs(1_000)) },
    }
}

/// 100 samples in each window; their times differ as those of a server do.
fn seen(scale: u64) -> Seen {
    let list = |from: u64, scale: u64| {
        (0..100).map(|i| point(from + i * 10_000, (100 + i * 37 % 61) * scale)).collect()
    };
    Seen {
        origin: OriginId::parse("shop/primary").unwrap(),
        vantage: Name::parse("weur").unwrap(),
        before: list(START, 1),
        after: list(START + 1_000_000, scale),
    }
}

fn verdict(expectation: &str, seen: &Seen) -> Verdict {
    let given = Expectation::parse(expectation).unwrap();
    judge(&[given], std::slice::from_ref(seen), &windows(), windows().after.to).verdict
}

#[test]
fn twice_as_slow_is_a_regression_and_the_reverse_an_improvement() {
    let slow = seen(2);
    let fast =
        Seen { before: shifted(&slow.after, false), after: shifted(&slow.before, true), ..slow.clone() };
    for measure in ["response time", "p50", "p90"] {
        assert_eq!(verdict(&format!("{measure} any"), &slow), Verdict::Regressed);
        assert_eq!(verdict(&format!("{measure} any"), &fast), Verdict::Improved);
    }
    assert_eq!(verdict("response time down by 30%", &fast), Verdict::Improved);
    assert_eq!(verdict("response time down by 70%", &fast), Verdict::Inconclusive);
}

#[test]
fn a_bound_that_was_missed_before_is_no_regression_and_one_that_held_is() {
    assert_eq!(verdict("p50 at most 50ms", &seen(1)), Verdict::Inconclusive);
    assert_eq!(verdict("p50 at most 200ms", &seen(2)), Verdict::Regressed);
    assert_eq!(verdict("p50 at least 500ms", &seen(1)), Verdict::Inconclusive);
}

fn shifted(points: &[Point], later: bool) -> Vec<Point> {
    let by = Millis::from_secs(1_000);
    points
        .iter()
        .map(|p| Point { at: if later { p.at.plus(by) } else { p.at.minus(by) }, ..p.clone() })
        .collect()
}

#[test]
fn the_same_is_unchanged_at_the_end_and_not_before() {
    let same = seen(1);
    assert_eq!(verdict("response time any", &same), Verdict::Unchanged);
    let early = windows().after.from.plus(Millis::from_secs(800));
    let judged = judge(&[], &[same], &windows(), early);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert!(!judged.r#final);
}

#[test]
fn too_few_samples_are_inconclusive() {
    let mut few = seen(50);
    few.after.truncate(LEAST - 1);
    assert_eq!(verdict("response time any", &few), Verdict::Inconclusive);
}

#[test]
fn a_hundred_more_calls_in_every_sample_are_a_regression() {
    let mut more = seen(1);
    for p in &mut more.after {
        p.calls = Some(103);
    }
    assert_eq!(verdict("database calls not up", &more), Verdict::Regressed);
    assert_eq!(verdict("database calls at most 3", &more), Verdict::Regressed);
    assert_eq!(verdict("database calls at most 3", &seen(1)), Verdict::Unchanged);
}

#[test]
fn hits_of_a_cache_never_change_the_word_about_the_origin() {
    for scale in [1, 2] {
        let plain = seen(scale);
        let mut cached = plain.clone();
        for i in 0..300 {
            let hit = Point { class: CacheClass::EdgeOnly, ..point(START + 1_000_000 + i * 3_000, 1) };
            cached.after.push(hit);
        }
        let (a, b) = (
            judge(&[], &[plain], &windows(), windows().after.to),
            judge(&[], &[cached], &windows(), windows().after.to),
        );
        assert_eq!(a.verdict, b.verdict);
        assert!(b.mix[0].sentence.is_some());
    }
}

#[test]
fn nothing_and_too_much_are_inconclusive() {
    assert_eq!(judge(&[], &[], &windows(), windows().after.to).verdict, Verdict::Inconclusive);
    let mut huge = seen(1);
    for p in &mut huge.after {
        p.response_ms = u64::MAX;
    }
    assert_eq!(verdict("response time any", &huge), Verdict::Regressed);
}

#[test]
fn words_are_read_printed_and_refused_with_a_way_out() {
    for text in [
        "p95 of shop/primary down by 30%",
        "database calls at most 3",
        "error rate not up",
        "p99 of response time at most 300ms",
    ] {
        assert_eq!(Expectation::parse(text).unwrap().to_string(), text);
    }
    for text in ["", "speed up", "p95 sideways", "error rate at most 3", "p95 of shop down", "p95 down by 0%"]
    {
        let error = Expectation::parse(text).unwrap_err().to_string();
        assert!(error.contains("write"), "{error}");
    }
    let both = ["p95 down", "p95 of shop/primary up"].map(|text| Expectation::parse(text).unwrap());
    assert_eq!(contradictions(&both), [(0, 1)]);
}

#[test]
fn twenty_samples_that_follow_each_other_are_too_few() {
    let rising =
        |from: u64, scale: u64| (0..20).map(|i| point(from + i * 10_000, (100 + i) * scale)).collect();
    let few = Seen { before: rising(START, 1), after: rising(START + 1_000_000, 9), ..seen(1) };
    let judged = judge(&[], std::slice::from_ref(&few), &windows(), windows().after.to);
    let times = &judged.expectations[0].strata[0];
    assert_eq!((times.before.samples, times.after.samples), (20, 20));
    assert!(times.before.effective < LEAST_EFFECTIVE, "{times:?}");
    assert_eq!((times.verdict, times.p), (Verdict::Inconclusive, None));
    assert!(times.why.as_ref().is_some_and(|why| why.contains("follow each other")), "{times:?}");
    // The same samples in another order are independent, and enough.
    let mixed = |from: u64, scale: u64| {
        (0..20).map(|i| point(from + i * 10_000, (100 + i * 7 % 20) * scale)).collect()
    };
    let enough = Seen { before: mixed(START, 1), after: mixed(START + 1_000_000, 9), ..seen(1) };
    assert_eq!(verdict("response time any", &enough), Verdict::Regressed);
}

#[test]
fn a_metric_of_its_own_is_judged_where_nothing_else_moves() {
    let with = |seen: &Seen, before: u64, after: u64| {
        let named = |points: &[Point], micros: u64| -> Vec<Point> {
            let timing =
                |i: u64| Timing { name: "Render".into(), micros: micros + i * 37 % 61 * micros / 200 };
            points.iter().zip(0..).map(|(p, i)| Point { timings: vec![timing(i)], ..p.clone() }).collect()
        };
        Seen { before: named(&seen.before, before), after: named(&seen.after, after), ..seen.clone() }
    };
    let same = seen(1);
    for (before, after) in [(40_000, 20_000), (400, 200)] {
        let faster = with(&same, before, after);
        assert_eq!(verdict("timing render down by 30%", &faster), Verdict::Improved, "{before}");
        assert_eq!(verdict("timing render of shop/primary not up", &faster), Verdict::Improved);
        assert_eq!(verdict("timing RENDER down by 70%", &faster), Verdict::Inconclusive);
        assert_eq!(verdict("timing render not up", &with(&same, after, before)), Verdict::Regressed);
        assert_eq!(verdict("response time any", &faster), Verdict::Unchanged);
    }
    assert_eq!(verdict("timing render at most 30ms", &with(&same, 20_000, 40_000)), Verdict::Regressed);
}

#[test]
fn a_metric_of_which_nothing_is_kept_is_inconclusive_and_says_what_keeps_it() {
    let given = Expectation::parse("timing render down").unwrap();
    let judged = judge(&[given], &[seen(1)], &windows(), windows().after.to);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    let why = judged.expectations[0].strata[0].why.clone().unwrap();
    assert!(why.contains("too few samples tell render") && why.contains("timings"), "{why}");
}

#[test]
fn the_name_of_a_metric_is_read_in_any_case_and_has_an_aim() {
    let parse = |text: &str| Expectation::parse(text).map_err(|why| why.to_string());
    let read = parse("timing  Render.html of shop/primary down by 30%").unwrap();
    assert_eq!(
        (read.to_string().as_str(), read.timing()),
        ("timing Render.html of shop/primary down by 30%", Some("render.html"))
    );
    assert_eq!((read.shown(12.345), read.shown(0.25)), ("12.3 ms".to_owned(), "0.25 ms".to_owned()));
    // A metric may have the name of a word that means something here.
    assert_eq!(parse("timing of of shop/primary at most 3ms").unwrap().timing(), Some("of"));
    assert_eq!(parse("database time not up").unwrap().timing(), None);
    for (text, words) in [
        ("timing", "timing NAME"),
        ("timing render", "timing NAME"),
        ("timing render sideways", "no aim"),
        ("timing render at most 3%", "no aim"),
        ("timing render of shop down", "names no origin"),
        ("timing ren\u{202e}der down", "timing NAME"),
        ("timing ren,der down", "timing NAME"),
    ] {
        let why = parse(text).unwrap_err();
        assert!(why.contains(words), "{text}: {why}");
    }
    assert!(parse(&format!("timing {} down", "x".repeat(65))).is_err());
    let both = ["timing render down", "timing RENDER up"].map(|text| parse(text).unwrap());
    assert_eq!(contradictions(&both), [(0, 1)]);
    let apart = ["timing render down", "timing queue up"].map(|text| parse(text).unwrap());
    assert_eq!(contradictions(&apart), []);
}
