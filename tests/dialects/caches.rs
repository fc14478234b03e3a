//! Answers of caches: their classes, and the laws of these.

use proptest::prelude::*;
use vedette::exchange::Head;
use vedette::probe::{CACHE_FIELDS, classify};
use vedette::sample::CacheClass;

use crate::{answers, class, head, texts};

const CACHES: &str = include_str!("caches.json");

#[test]
fn every_answer_of_a_cache_is_read_as_it_is_meant() {
    let answers = answers(CACHES);
    let mut wrong = Vec::new();
    let mut doubtful = 0;
    for answer in &answers {
        let said = answer.get("said").unwrap_or(&answer["class"]).as_str().unwrap();
        doubtful += usize::from(answer.get("said").is_some());
        let found = class(&texts(&answer["fields"])).as_str();
        if found != said {
            wrong.push(format!("{found} for {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((answers.len(), doubtful), (184, 22), "answers, and those whose fields say two things");
}

#[test]
fn where_fields_say_two_things_the_safe_class_counts() {
    for answer in answers(CACHES) {
        let Some(said) = answer.get("said") else { continue };
        let (said, truth) = (said.as_str().unwrap(), answer["class"].as_str().unwrap());
        assert!(answer["why"].as_str().is_some_and(|why| why.len() > 20), "{answer}");
        assert_ne!(said, "counter-proof", "nothing fails because of two meanings: {answer}");
        assert_ne!(said, "origin-proven", "nothing is proven by two meanings: {answer}");
        assert_ne!(said, truth, "{answer}");
        // What is unclassified passes: only where no field says anything, or all but nothing.
        let says_nothing = texts(&answer["fields"])
            .iter()
            .all(|line| line.eq_ignore_ascii_case("age: 0") || line.starts_with("Via: "));
        assert_eq!(said == "unclassified", says_nothing, "{answer}");
    }
}

/// Cases of the kinds that the recorded ones stand for.
#[test]
fn others_of_their_kind_are_read_alike() {
    use CacheClass::{CounterProof, EdgeOnly, OriginProven, Unclassified};
    let table: &[(&[&str], CacheClass)] = &[
        // An outer cache that validated against an inner one, which may have no origin any more.
        (&["X-Cache: MISS, REVALIDATED"], EdgeOnly),
        (&["X-Cache: REVALIDATED, REVALIDATED"], EdgeOnly),
        (&["CF-Cache-Status: REVALIDATED", "X-Cache: MISS"], EdgeOnly),
        (&["X-Cache-Status: REVALIDATED", "X-Cache: MISS"], EdgeOnly),
        (&["Cache-Status: inner; fwd=miss, outer; fwd=stale; fwd-status=304"], EdgeOnly),
        // The inner one validated, and what is further out passed that on.
        (&["X-Cache: REVALIDATED, MISS"], OriginProven),
        (&["CF-Cache-Status: DYNAMIC", "X-Cache-Status: REVALIDATED"], OriginProven),
        (&["Cache-Status: inner; fwd=stale; fwd-status=304, outer; fwd=miss"], OriginProven),
        (&["Cache-Status: C; fwd=stale; fwd-status=200, outer; fwd=stale; fwd-status=200"], OriginProven),
        // Akamai and Netlify write every word anew for each answer.
        (&["X-Cache: Miss from child, Hit from parent"], EdgeOnly),
        (&["X-Cache: Miss from child, HitStale from parent"], CounterProof),
        (&["X-Cache: RefreshHit from child, Miss from parent"], OriginProven),
        (&["X-Cache: RefreshHit from child"], OriginProven),
        (&["X-Cache: NotCacheable from child"], OriginProven),
        (&["X-Cache: Constructed from child"], EdgeOnly),
        (&["X-Cache: TCP_MISS from a1 (AkamaiGHost/11.0) (-)", "X-Cache-Remote: TCP_HIT from a2"], EdgeOnly),
        (&["X-Cache: TCP_REFRESH_FAIL_HIT from a1 (AkamaiGHost/11.0) (-)"], CounterProof),
        (&["X-Cache: TCP_REFRESH_FAIL_OLD from h"], CounterProof),
        (&["X-Cache: TCP_SWAPFAIL_MISS from h"], OriginProven),
        (&["X-Cache: TCP_REFRESH_MODIFIED from h"], OriginProven),
        (&["X-Cache: TCP_MEM_HIT"], EdgeOnly),
        (&["X-Cache: HIT-CLUSTER"], EdgeOnly),
        (&["X-Cache: MISS-CLUSTER, PASS"], OriginProven),
        (&["X-Cache: HIT, MISS", "Age: 0"], EdgeOnly),
        (&["X-Cache: hit for pass"], EdgeOnly),
        (&["X-Cache: hit-for-pass"], OriginProven),
        (&["X-Cache: RefreshHit from cloudfront", "Age: 12"], EdgeOnly),
        (&["X-Cache: RefreshHit from cloudfront", "X-Cache-Status: MISS"], Unclassified),
        (&["CF-Cache-Status: MISS", "Warning: 111 squid/5.7 \"Revalidation failed\""], CounterProof),
        (&["Warning: 199 - \"about 111 things, 111 of them\""], Unclassified),
        (&["Warning: 214 proxy \"Transformation Applied\""], Unclassified),
        (&["Cache-Status: hit"], EdgeOnly),
        (&["Cache-Status: ExampleCache"], Unclassified),
        (
            &["Cache-Status: ReverseProxyCache; hit, ForwardProxyCache; fwd=uri-miss; collapsed; stored"],
            EdgeOnly,
        ),
        (&["Cache-Status: A; fwd=miss; fwd-status=502, B; fwd=miss"], CounterProof),
        (&["Cache-Status: A; hit; key=a b c; fwd-status=500"], CounterProof),
        (&["Cache-Status: \"broken; hit"], Unclassified),
        (&["X-Cache-Hit: hit"], EdgeOnly),
        (&["x-cache-hit: 0"], OriginProven),
        (&["x-hcs-proxy-type: 0"], OriginProven),
        (&["X-Cache-Lookup: HIT from squid.example:3128"], Unclassified),
        (&["X-Cache-Lookup: Cache Miss"], OriginProven),
        (&["X-Varnish: 32770"], OriginProven),
        (&["X-Varnish: 32770, 5 3"], EdgeOnly),
        (&["X-Symfony-Cache: GET /fresh: miss, store"], OriginProven),
        (&["X-Symfony-Cache: GET /a: stale, invalid, store; GET /b: fresh"], EdgeOnly),
        (&["X-LiteSpeed-Cache: hit"], EdgeOnly),
        (&["X-Cache: Error from cloudfront", "X-Cache-Status: MISS"], OriginProven),
        (&["Age: 0, 7"], EdgeOnly),
        (&["Age: 007"], EdgeOnly),
        (&["Age: -5"], Unclassified),
        (&["X-Other: HIT"], Unclassified),
    ];
    for (lines, wanted) in table {
        assert_eq!(class(lines), *wanted, "{lines:?}");
    }
}

#[test]
fn an_error_that_is_passed_on_is_no_copy_in_its_place() {
    let lines = ["Cache-Status: C; fwd=miss; fwd-status=503"];
    assert_eq!(classify(&head(503, &lines)).class, CacheClass::OriginProven);
    assert_eq!(classify(&head(404, &lines)).class, CacheClass::CounterProof);
}

#[test]
fn the_field_that_decides_is_named_and_whose_it_is() {
    let table: &[(&[&str], &str)] = &[
        (&["CF-Cache-Status: DYNAMIC", "X-Cache: HIT", "Age: 120", "Via: 1.1 varnish"], "X-Cache of Varnish"),
        (&["X-Cache: MISS from squid.example", "Age: 7"], "Age"),
        (&["X-Cache: Hit from cloudfront"], "X-Cache of CloudFront"),
        (&["X-Cache: HIT from h", "Via: 1.1 h (squid/5.7)"], "X-Cache of squid"),
        (&["X-Cache-Status: STALE"], "X-Cache-Status of nginx"),
        (&["X-Cache: REVALIDATE from localhost"], "X-Cache of Apache"),
        (&["Cache-Status: \"Netlify Edge\"; hit"], "Cache-Status of Netlify"),
        (&["CF-Cache-Status: STALE", "X-Cache: HIT"], "CF-Cache-Status of Cloudflare"),
        (&["X-Cache: HIT"], "X-Cache"),
    ];
    for (lines, wanted) in table {
        assert_eq!(classify(&head(200, lines)).told.unwrap().to_string(), *wanted, "{lines:?}");
    }
}

/// A line of a field that is read, out of its words, of noise, or of both.
fn line() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "HIT",
        "MISS",
        "STALE",
        "UPDATING",
        "REVALIDATED",
        "EXPIRED",
        "TCP_HIT",
        "TCP_REFRESH_FAIL_HIT",
        "HitStale from child",
        "RefreshHit from cloudfront",
        "Hit from cloudfront",
        "MISS from h",
        "0",
        "7",
        "C; hit",
        "C; fwd=miss",
        "C; fwd=stale; fwd-status=304",
        "C; fwd=miss; fwd-status=503",
        "fresh",
        "stale-if-error",
        "111 - \"x\"",
        "110 - \"x\"",
        "32770 3",
        "32770",
        "DYNAMIC",
        "1",
        "NONE/UNKNOWN",
        "ApacheTrafficServer [cSsEf ]",
        "ApacheTrafficServer [cMsSf ]",
        "stale, valid",
        "\"cache hit: 503 status; stale content returned\"",
    ]);
    let value = prop_oneof![
        4 => proptest::collection::vec(words, 1..4).prop_map(|words| words.join(", ")),
        1 => "[ -~]{0,40}".prop_map(|noise| noise),
    ];
    (proptest::sample::select(CACHE_FIELDS.to_vec()), value)
        .prop_map(|(name, value)| format!("{name}: {value}"))
}

/// How bad a class is.
fn badness(class: CacheClass) -> u8 {
    match class {
        CacheClass::OriginProven => 0,
        CacheClass::Unclassified => 1,
        CacheClass::EdgeOnly => 2,
        CacheClass::CounterProof => 3,
    }
}

fn named(lines: &[String]) -> Head {
    head(200, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Lines of which no two are of one field: the order of those is a meaning.
fn lines() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(line(), 0..6).prop_map(|mut lines| {
        let name = |line: &String| line.split(':').next().unwrap().to_owned();
        lines.sort_by_key(name);
        lines.dedup_by_key(|line| name(line));
        lines
    })
}

proptest! {
    #[test]
    fn the_order_of_fields_does_not_matter(lines in lines(), seed in any::<u64>()) {
        let before = classify(&named(&lines));
        let mut shuffled = lines.clone();
        shuffled.sort_by_key(|line| line.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())));
        prop_assert_eq!(classify(&named(&shuffled)), before, "{:?}", lines);
    }

    #[test]
    fn a_miss_clears_nothing_that_another_field_says(lines in lines(), at in 0..CACHE_FIELDS.len(), word in "(MISS|BYPASS|EXPIRED|DYNAMIC|TCP_MISS|C; fwd=miss|miss|0|32770)") {
        // Two lines of one field are one value: those of a Symfony cache are steps of one request.
        let is_another = |line: &String| !line.starts_with(&format!("{}:", CACHE_FIELDS[at]));
        if !lines.iter().all(is_another) {
            return Ok(());
        }
        let before = classify(&named(&lines)).class;
        let added = format!("{}: {word}", CACHE_FIELDS[at]);
        let mut more = lines.clone();
        more.push(added.clone());
        let after = classify(&named(&more)).class;
        if badness(before) >= 2 {
            prop_assert!(badness(after) >= badness(before), "{:?} {added}", lines);
        }
    }

    #[test]
    fn a_copy_is_never_proven_by_what_stands_beside_it(lines in lines(), worse in "(X-Cache: HIT|Age: 9|Cache-Status: C; hit|X-Cache-Status: STALE|CF-Cache-Status: STALE|Warning: 111 - \"x\")") {
        let mut more = vec![worse.clone()];
        more.extend(lines);
        prop_assert!(badness(classify(&named(&more)).class) >= badness(class(&[&worse])), "{more:?}");
    }

    #[test]
    fn no_value_of_a_field_panics(at in 0..CACHE_FIELDS.len(), value in ".{0,200}", status in 0u16..1000) {
        let head = Head { status, headers: vec![(CACHE_FIELDS[at].to_owned(), value)] };
        let reading = classify(&head);
        prop_assert!(reading.told.is_some() || reading.class == CacheClass::Unclassified);
    }
}
