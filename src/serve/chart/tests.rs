use serde_json::{Value, json};

use super::draw::{Chart, Line, px};
use super::scale::{HEIGHT, Scale, Unit, times, written};
use super::*;
use crate::history::Window;
use crate::json as text;
use crate::units::{Millis, Timestamp};

const STEP: Millis = Millis::from_secs(300);

fn at(minutes: u64) -> Timestamp {
    // 2026-11-23T00:00:00Z.
    Timestamp::from_millis(1_795_392_000_000).plus(Millis::from_secs(minutes * 60))
}

/// A step of an answer of history: response times of one class, or nothing.
fn step(minutes: u64, p50: Option<u64>) -> Value {
    let quantiles = json!({ "0.5": p50, "0.95": p50.map(|ms| ms * 2), "0.99": p50.map(|ms| ms * 3) });
    let none = json!({ "0.5": null, "0.95": null, "0.99": null });
    let sums = json!({
        "samples": 60, "pass": 57, "warn": 0, "fail": 3, "unproven": 0, "none": 0, "kinds": {},
        "response_ms": { "count": 60, "quantiles": quantiles }, "db_ms": { "count": 0, "quantiles": none },
        "db_calls": 0, "db_stated": 0, "bytes": 1,
    });
    let classes = if p50.is_some() { json!({ "origin-proven": sums }) } else { json!({}) };
    json!({ "at": at(minutes).to_string(), "unknown_s": if p50.is_some() { 0 } else { 300 }, "classes": classes })
}

fn history(values: &[Option<u64>]) -> History {
    let steps: Vec<Value> = (0..).zip(values).map(|(place, value)| step(place * 5, *value)).collect();
    let to = at(values.len() as u64 * 5).to_string();
    let told = json!({ "from": at(0).to_string(), "to": to, "complete_until": to, "steps": steps });
    text::read(&told.to_string()).unwrap()
}

fn drawn(values: &[Option<u64>]) -> String {
    let history = history(values);
    charts(Charted { history: Some(&history), length: STEP, href: "v1/history/a/b" }).into_string()
}

/// The paths of a class of the style in the first chart.
fn path<'a>(page: &'a str, class: &str) -> &'a str {
    let chart = page.split_once("<svg class=\"chart\"").unwrap().1;
    let (_, path) = chart.split_once(&format!("<path class=\"{class}\" d=\"")).unwrap();
    path.split_once('"').unwrap().0
}

#[test]
fn a_chart_of_nothing_says_so() {
    let page = drawn(&[None, None, None]);
    assert!(page.contains("Nothing has been measured in this window yet"), "{page}");
    assert!(!page.contains("<svg"), "{page}");
    let silent = charts(Charted { history: None, length: STEP, href: "" }).into_string();
    assert!(silent.contains("History does not answer"), "{silent}");
}

#[test]
fn one_value_alone_is_a_dot() {
    let page = drawn(&[None, Some(40), None]);
    assert_eq!(path(&page, "p50").matches("h0").count(), 1);
    assert!(!path(&page, "p50").contains('L'), "no line leads from a value to nothing");
    assert!(page.contains("p50 from 40 ms to 40 ms"), "{page}");
}

#[test]
fn no_line_crosses_a_gap_and_the_gap_is_hatched() {
    // A week of five minutes in which nobody looked.
    let mut values = vec![Some(40); 3];
    values.extend(vec![None; 2_016]);
    values.extend(vec![Some(50); 3]);
    let page = drawn(&values);
    assert_eq!(path(&page, "p50").matches('M').count(), 2);
    let chart = page.split_once("<svg class=\"chart\"").unwrap().1.split_once("</figure>").unwrap().0;
    assert_eq!(chart.matches("class=\"gap\"").count(), 1);
    assert!(page.contains("hatched is time in which nobody looked"));
}

#[test]
fn values_from_a_millisecond_to_a_minute_turn_the_scale_logarithmic() {
    let scale = Scale::of(Unit::Millis, [1.0, 60_000.0].into_iter());
    assert!(scale.is_logarithmic());
    assert_eq!(scale.ticks(), [1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0]);
    let places: Vec<f64> = scale.ticks().into_iter().map(|tick| scale.place(tick)).collect();
    assert!(places.windows(2).all(|pair| pair[0] > pair[1]), "{places:?}");
    assert!((0.0..=HEIGHT).contains(&scale.place(60_000.0)));
    assert!(drawn(&[Some(1), Some(20_000)]).contains("the scale is logarithmic"));
}

#[test]
fn a_linear_scale_begins_at_zero_and_has_round_ticks() {
    let table: [(f64, &[f64]); 5] = [
        (37.0, &[0.0, 10.0, 20.0, 30.0, 40.0]),
        (480.0, &[0.0, 200.0, 400.0, 600.0]),
        (1.0, &[0.0, 1.0, 2.0, 3.0, 4.0]),
        (0.0, &[0.0]),
        (99.0, &[0.0, 50.0, 100.0]),
    ];
    for (most, ticks) in table {
        let scale = Scale::of(Unit::Millis, [most].into_iter());
        assert!(!scale.is_logarithmic());
        if most > 1.0 {
            assert_eq!(scale.ticks(), ticks, "{most}");
        }
        assert!(scale.ticks().len() >= 2, "{most}: {:?}", scale.ticks());
        assert!((scale.place(0.0) - HEIGHT).abs() < 0.01 && scale.place(most) >= 0.0);
    }
}

#[test]
fn shares_never_rise_over_all_of_it() {
    let scale = Scale::of(Unit::Share, [1.0, 0.2].into_iter());
    assert!(scale.place(1.0).abs() < 0.01, "{scale:?}");
    assert_eq!(scale.written(1.0), "100%");
    assert_eq!(written(Unit::Share, 0.000_5), "0.05%");
}

#[test]
fn values_are_written_with_their_unit() {
    let table = [
        (Unit::Millis, 48.0, "48 ms"),
        (Unit::Millis, 1_250.0, "1.25 s"),
        (Unit::Millis, 60_000.0, "60 s"),
        (Unit::Share, 0.05, "5%"),
        (Unit::Count, 3.25, "3.2"),
        (Unit::Count, 3.0, "3"),
    ];
    for (unit, value, expected) in table {
        assert_eq!(written(unit, value), expected);
    }
}

#[test]
fn every_window_has_some_ticks_of_time_within_it() {
    let to = at(720);
    let table = [
        (6 * 60, "07:00"),
        (24 * 60, "16:00"),
        (7 * 1_440, "17 Nov"),
        (30 * 1_440, "29 Oct"),
        (90 * 1_440, "27 Aug"),
        (1, ""),
        (400 * 1_440, ""),
    ];
    for (minutes, shown) in table {
        let window = Window { from: to.minus(Millis::from_secs(minutes * 60)), to };
        let ticks = times(window);
        assert!((1..=14).contains(&ticks.len()), "{minutes}: {ticks:?}");
        assert!(ticks.iter().all(|(place, _)| (0.0..1_000.0).contains(place)));
        let _ = shown;
    }
}

#[test]
fn a_failure_of_seconds_is_seen_in_the_strip_and_no_day_is_lost() {
    let mut days = vec![[86_400, 0, 0, 0]; 90];
    days[3] = [86_390, 0, 10, 0];
    days[4] = [0, 0, 0, 86_400];
    let told = json!({ "days_from": at(0).to_string(), "subjects": [{ "subject": "shop", "windows": {}, "days": days }] });
    let told: Availability = text::read(&told.to_string()).unwrap();
    let strip = strip("s", "Shop <b>", told.of("shop").unwrap(), told.days_from).into_string();
    assert!(strip.contains("Shop &lt;b&gt;: down on 26 Nov (10 s)"), "{strip}");
    let paths: Vec<&str> = strip.split("<path ").skip(1).collect();
    let bars = |class: &str| {
        paths.iter().find(|path| path.contains(&format!("\"{class}\""))).unwrap().matches('z').count()
    };
    assert_eq!((bars("up"), bars("down"), bars("unseen-time"), bars("slow")), (89, 1, 1, 0));
}

#[test]
fn an_availability_is_never_rounded_up_to_all_of_it() {
    let table = [(1.0, "100%"), (0.999_999, "99.99%"), (0.995, "99.50%"), (0.0, "0%")];
    for (share, expected) in table {
        assert_eq!(percent(share), expected);
    }
}

#[test]
fn bars_are_seen_however_little_they_are() {
    let line =
        Line { name: "failing", class: "errors", values: vec![Some(0.000_1), Some(0.0), Some(1.0), None] };
    let steps: Vec<Timestamp> = (0..4).map(|place| at(place * 5)).collect();
    let chart = Chart {
        id: "e",
        title: "Error rate",
        unit: Unit::Share,
        lines: vec![line],
        bars: true,
        window: Window { from: at(0), to: at(20) },
        steps: &steps,
        length: STEP,
        gaps: &[],
        empty: "",
    };
    let drawn = chart.drawn().into_string();
    assert_eq!(path(&drawn, "errors").matches('Z').count(), 2, "{drawn}");
    assert!(path(&drawn, "errors").starts_with("M25 1000V986H225V1000Z"), "{drawn}");
}

#[test]
fn ids_are_of_their_class_and_the_table_has_the_figures() {
    let page = drawn(&[Some(40), Some(50)]);
    assert!(
        page.contains("id=\"origin-proven-response-t\"")
            && page.contains("aria-labelledby=\"origin-proven-response-t")
    );
    assert!(page.contains("<td>60</td><td>50</td><td>100</td><td>150</td><td>5%</td>"), "{page}");
    let links = page.matches("href=\"v1/history/a/b\"").count();
    assert!(links >= 5, "every number leads to what it is made of");
}

#[test]
fn coordinates_are_written_as_a_float_with_one_place_would_be() {
    for tenths in 0..20_000_u32 {
        let value = f64::from(tenths) / 10.0;
        let float = format!("{value:.1}");
        assert_eq!(px(value + 0.04), float.strip_suffix(".0").unwrap_or(&float));
        assert_eq!(px(value), px(value + 0.04));
    }
    assert_eq!([px(-0.3), px(0.96), px(999.97)], ["0", "1", "1000"]);
}
