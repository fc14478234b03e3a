use super::*;
use crate::config::Config;
use crate::exchange::{End, Head, Reply};
use crate::fixtures::{at, config};
use crate::secret::Secret;
use crate::units::Millis;

const FILE: &str = r#"
[[pool]]
name = "shop"
  [[pool.origin]]
  name = "primary"
  url = "https://primary.example.com"

[[pool]]
name = "plain"
  [[pool.origin]]
  name = "only"
  url = "https://plain.example.com"

[[route]]
host = "shop.example.com"
pool = "shop"
stale_if_error = "1h"
"#;

const CDN: &str = "\n[purge]\nzone = \"023e105f4ecef8ad9ca31a8372d0c353\"\ntoken = \"PURGE\"\n";

fn draft(text: &str) -> Draft {
    crate::json::read(text).unwrap_or_else(|| panic!("{text}"))
}

fn purge(urls: &[&str], pools: &[&str]) -> Purge {
    Purge {
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        pools: pools.iter().map(|pool| Name::parse(pool).unwrap()).collect(),
        ..Purge::default()
    }
}

#[test]
fn an_address_counts_no_longer_however_it_is_spelled_and_every_other_one_does() {
    let mut cleared = Cleared::default();
    assert_eq!(cleared.latest_of("shop", "https://shop.example.com/a"), None);
    cleared.clear(&purge(&["https://Shop.example.com:443/a?b=1#c"], &[]), at(5));
    for same in ["https://shop.example.com/a?b=1", "https://SHOP.example.com.:443/a?b=1"] {
        assert_eq!(cleared.latest_of("shop", same), Some(at(5)), "{same}");
    }
    for other in [
        "http://shop.example.com/a?b=1",
        "https://shop.example.com/a?b=2",
        "https://shop.example.com/a",
        "https://shop.example.com/A?b=1",
        "https://shop.example.com:8443/a?b=1",
        "https://example.com/a?b=1",
    ] {
        assert_eq!(cleared.latest_of("shop", other), None, "{other}");
    }
}

#[test]
fn a_pool_counts_no_longer_whatever_was_asked_of_it() {
    let mut cleared = Cleared::default();
    cleared.clear(&purge(&[], &["shop"]), at(5));
    assert_eq!(cleared.latest_of("shop", "https://a.example/x"), Some(at(5)));
    assert_eq!(cleared.latest_of("plain", "https://a.example/x"), None);
    // A clock that was set back.
    cleared.clear(&purge(&["https://a.example/x"], &[]), at(1));
    assert_eq!(cleared.latest_of("plain", "https://a.example/x"), Some(at(6)));
    assert_eq!(cleared.latest(), Some(at(6)));
}

#[test]
fn of_many_purges_none_is_forgotten_while_a_copy_may_lie_somewhere() {
    let mut cleared = Cleared::default();
    let url = |n: u64| format!("https://a.example/{n}");
    for n in 0..1_000 {
        cleared.clear(&purge(&[&url(n)], &[]), at(n));
        let text = crate::json::write(&cleared);
        assert!(text.len() < 2_048, "{} bytes go out with every verdict", text.len());
        assert_eq!(crate::json::read::<Cleared>(&text), Some(cleared.clone()));
    }
    for n in 0..1_000 {
        let until = cleared.latest_of("shop", &url(n));
        assert!(until >= Some(at(n)), "{n} counts again: {until:?}");
    }
    assert_eq!(cleared.latest_of("shop", &url(999)), Some(at(999)), "the latest is held to the moment");
    let late = at(1_000).plus(Millis::DAY.times(31));
    cleared.clear(&purge(&["https://b.example/"], &[]), late);
    assert_eq!(cleared.latest_of("shop", &url(5)), None, "no copy is as old as that");
}

#[test]
fn what_is_to_be_cleared_is_held_to_what_keeps_copies() {
    let (own, with_cdn) = (config(FILE), config(&format!("{FILE}{CDN}")));
    let wrong = |text: &str, config: &Config| draft(text).check(config).unwrap_err().join("; ");
    let good = draft(r#"{"urls":["https://shop.example.com/a"],"pools":["shop"]}"#);
    assert_eq!(good.clone().check(&own).map(|purge| purge.cdn), Ok(false));
    assert_eq!(good.check(&with_cdn).map(|purge| purge.cdn), Ok(true));
    assert!(!draft(r#"{"pools":["shop"]}"#).check(&with_cdn).unwrap().cdn, "pools are none of the CDN's");
    for (text, said) in [
        ("{}", "Send {"),
        (r#"{"tags":["a"]}"#, "[purge] names none"),
        (r#"{"pools":["plain"]}"#, "no [[route]] of plain has stale_if_error"),
        (r#"{"pools":["absent"]}"#, "pools[0] is no pool"),
        (r#"{"pools":["../x"]}"#, "pools[0] is no pool"),
        (r#"{"urls":["/a"]}"#, "urls[0] is no address"),
        (r#"{"urls":["https://u:p@a.example/"]}"#, "urls[0] is no address"),
        (r#"{"urls":["https://a.example/\u00fc"]}"#, "urls[0] is no address"),
        (r#"{"urls":["https://a.example/ b"]}"#, "urls[0] is no address"),
    ] {
        let told = wrong(text, &own);
        assert!(told.contains(said), "{text}: {told}");
        assert!(!told.contains("u:p"), "{told}");
    }
    let many = format!("{{\"urls\":[{}]}}", vec!["\"https://a.example/\""; 31].join(","));
    assert!(wrong(&many, &own).contains("at most 30"), "{}", wrong(&many, &own));
    let long = format!("{{\"urls\":[\"https://a.example/{}\"]}}", "x".repeat(2_000));
    assert!(wrong(&long, &own).contains("at most 2000"));
    for tag in ["", "a b", "a,b", "\u{fc}"] {
        assert!(wrong(&format!("{{\"tags\":[\"{tag}\"]}}"), &with_cdn).contains("tags[0]"), "{tag}");
    }
    let nothing = FILE.replace("stale_if_error = \"1h\"", "");
    let told = wrong(r#"{"urls":["https://a.example/"]}"#, &config(&nothing));
    assert!(told.contains("nothing keeps copies"), "{told}");
}

#[test]
fn a_cdn_is_asked_for_addresses_and_for_tags_apart_with_the_token_as_a_bearer() {
    let config = config(&format!("{FILE}{CDN}"));
    let cdn = config.cdn.as_ref().unwrap();
    let asked = draft(r#"{"urls":["https://a.example/"],"tags":["t"]}"#).check(&config).unwrap();
    let requests = requests(cdn, &Secret::from(" s3cret\n"), &asked);
    let bodies: Vec<_> = requests.iter().map(|request| format!("{:?}", request.body)).collect();
    assert!(bodies[0].contains(r#"{\"files\":[\"https://a.example/\"]}"#), "{bodies:?}");
    assert!(bodies[1].contains(r#"{\"tags\":[\"t\"]}"#), "{bodies:?}");
    for request in &requests {
        assert_eq!(
            request.url,
            "https://api.cloudflare.com/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache"
        );
        assert!(format!("{:?}", request.headers).contains("\"Bearer s3cret\""));
    }
}

fn reply(status: u16, body: &str, fields: &[(&str, &str)]) -> Reply {
    let headers = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply {
        end: End::Complete,
        elapsed: Millis::ZERO,
        head: Some(Head { status, headers }),
        body: body.as_bytes().to_vec(),
    }
}

#[test]
fn only_a_cdn_that_says_so_has_cleared_and_nothing_of_its_words_is_repeated() {
    assert_eq!(read(&reply(200, r#"{"success":true,"errors":[]}"#, &[])), AtCdn::Cleared);
    let failed = |reply: &Reply| match read(reply) {
        AtCdn::Failed(why) => why,
        other @ (AtCdn::Asked | AtCdn::Cleared) => panic!("{other:?}"),
    };
    for (status, body) in [
        (200, r#"{"success":false,"errors":[{"code":1234,"message":"echo s3cret"}]}"#),
        (200, ""),
        (200, "<html>s3cret"),
        (200, r#"{"success":"true"}"#),
        (204, ""),
        (301, r#"{"success":true}"#),
        (403, r#"{"success":false,"errors":[{"code":10000,"message":"s3cret"}]}"#),
        (500, "s3cret"),
    ] {
        let why = failed(&reply(status, body, &[]));
        assert!(why.starts_with(&format!("status {status}")) && !why.contains("s3cret"), "{why}");
    }
    assert!(
        failed(&reply(403, r#"{"errors":[{"code":10000}]}"#, &[])).contains("code 10000; its token needs")
    );
    assert!(failed(&reply(429, "", &[("retry-after", "7")])).ends_with("try again in 7 s"));
    assert!(failed(&reply(429, "", &[("retry-after", "s3cret")])).ends_with("try again in a minute"));
    let silent =
        Reply { end: End::TimedOut, elapsed: crate::defaults::purge::TIMEOUT, head: None, body: Vec::new() };
    assert_eq!(failed(&silent), "no answer within 4s");
}
