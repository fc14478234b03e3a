//! What a vantage hands out of its ring, line by line.

use super::*;
use crate::units::Timestamp;

const BEGIN: u64 = 1_700_000_000_000;

fn row(origins: &str, lines: &str) -> String {
    let head = format!(
        r#"{{"version":1,"life":0,"seq":3,"at":{BEGIN},"thinned":0,"origins":[{origins}],"later":{{"a":[1]}}}}"#
    );
    format!("{head}\n{lines}")
}

fn asked(origin: &str, from: u64, to: u64) -> SampleQuery {
    let [from, to] = [from, to].map(Timestamp::from_millis);
    let window = Window { from, to };
    SampleQuery { id: OriginId::parse(origin).unwrap(), window }
}

/// The same by reading whole rows.
fn read(query: &SampleQuery, rows: &[String]) -> Vec<Fact> {
    let mut found: Vec<Fact> = Vec::new();
    for bucket in rows.iter().filter_map(|text| Bucket::read(text)) {
        let Some(place) = bucket.origins().iter().position(|id| *id == query.id) else { continue };
        let inside =
            |fact: &Fact| fact.origin == place && fact.at >= query.window.from && fact.at < query.window.to;
        found.extend(bucket.facts().filter(inside).map(|fact| Fact { origin: 0, ..fact }));
    }
    found.sort_by_key(|fact| fact.at);
    found
}

#[test]
fn lines_are_handed_out_as_they_are_and_mean_the_same() {
    let names: Vec<String> = (0..12).map(|n| format!("\"p/o{n}\"")).collect();
    let lines = "1 2000 po 40 200 512 3 12\n11 0 po 1\n1 -500 ff !3000 - 0 - - 0\n10 7 po 9\n1 1000 we 7 200 9 render=12 a=3\n";
    let odd = "\n1\n1 \n1 x po 1\n1 99999999999999999999 po 1\n1  2 po 1\n 1 2 po 1\n1 2 po 1\r\n1 3000 zz 1\n1 4000 po 9 200";
    let rows = [
        row(&names.join(","), lines),
        row(&names.join(","), odd),
        row("\"p/o1\"", "0 60000 po 5\n"),
        "nothing".into(),
    ];
    for (origin, from, to, count) in [
        ("p/o1", BEGIN - 60_000, BEGIN + 120_000, 5),
        ("p/o1", BEGIN, BEGIN + 2_000, 2),
        ("p/o11", BEGIN - 60_000, BEGIN + 120_000, 1),
        ("p/o10", BEGIN, BEGIN + 8, 1),
        ("p/o2", BEGIN - 60_000, BEGIN + 120_000, 0),
        ("p/other", BEGIN - 60_000, BEGIN + 120_000, 0),
    ] {
        let query = asked(origin, from, to);
        let handed = kept(&query, rows.iter().cloned());
        let handed: Vec<Fact> = Bucket::read(&handed).unwrap().facts().collect();
        // No two are so close that one stands for both.
        assert_eq!(handed, read(&query, &rows), "{origin}");
        assert_eq!(handed.len(), count, "{origin}");
    }
}
