//! How far an answer that sends elsewhere is followed.

use super::*;

#[test]
fn redirects_are_followed_as_far_as_allowed() {
    let config = shop();
    let mut first = request(&config.pools[0].origins[0], &Name::parse("weur").unwrap());
    first.headers.push(("authorization".into(), ProbeValue::Secret("TOKEN".into())));
    let leads = |request: &Request, location: &str| {
        redirected(request, &Head { status: 302, headers: vec![("location".into(), location.into())] })
    };
    assert_eq!(leads(&first, "/x"), None, "a probe that follows none judges the redirect itself");
    first.redirects = 2;
    assert_eq!(redirected(&first, &Head { status: 200, headers: vec![] }), None);
    let follow = |location: &str| match leads(&first, location) {
        Some(Hop::Follow(next)) => next,
        other @ (Some(Hop::Stop(_)) | None) => panic!("{location}: {other:?}"),
    };
    let mut last = follow("/x");
    last.redirects = 0;
    assert_eq!(leads(&last, "/y"), Some(Hop::Stop("more redirects than the probe follows".into())));
    for (location, url) in [
        ("/x?y#z", "http://127.0.0.1:9101/x?y"),
        ("x", "http://127.0.0.1:9101/x"),
        ("//127.0.0.1:9101/x", "http://127.0.0.1:9101/x"),
        ("https://example.com/", "https://example.com/"),
        ("HTTPS://Example.COM/Path", "https://example.com/Path"),
        ("HtTp://127.0.0.1:9101/x", "http://127.0.0.1:9101/x"),
        ("/a b?c=\"d\"<e>", "http://127.0.0.1:9101/a%20b?c=%22d%22%3Ce%3E"),
        ("/caf\u{e9}/%20", "http://127.0.0.1:9101/caf%C3%A9/%20"),
    ] {
        assert_eq!(follow(location).url, url);
        assert_eq!(follow(location).redirects, 1);
    }
    let secrets = |request: &Request| {
        request.headers.iter().filter(|(_, v)| matches!(v, ProbeValue::Secret(_))).count()
    };
    assert_eq!(secrets(&follow("/x")), 1);
    assert_eq!(secrets(&follow("https://example.com/")), 0, "a secret stays with its host");
    assert_eq!(secrets(&follow("https://127.0.0.1:9101/")), 0, "and with its scheme");
    let mut literal = first.clone();
    for name in ["Authorization", "cookie", "Proxy-Authorization", "X-API-Key", "x-own"] {
        literal.headers.push((name.into(), ProbeValue::Text("plain".into())));
    }
    let texts = |location: &str| match redirected(
        &literal,
        &Head { status: 302, headers: vec![("location".into(), location.into())] },
    ) {
        Some(Hop::Follow(next)) => {
            let texts =
                next.headers.into_iter().filter(|(_, value)| *value == ProbeValue::Text("plain".into()));
            texts.map(|(name, _)| name).collect::<Vec<_>>()
        }
        other @ (Some(Hop::Stop(_)) | None) => panic!("{location}: {other:?}"),
    };
    assert_eq!(texts("/x"), ["Authorization", "cookie", "Proxy-Authorization", "X-API-Key", "x-own"]);
    assert_eq!(texts("https://example.com/"), ["x-own"], "a credential that is written out stays, too");
    assert_eq!(texts("//127.0.0.1:9102/"), ["x-own"], "another port is another server");
    for bare in [
        "http://169.254.169.254/latest/",
        "http://10.0.0.1:80/",
        "//127.0.0.2/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.0x1./",
        "http://[::1]:9101/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost:9101/",
        "http://a.LocalHost./",
    ] {
        assert_eq!(
            leads(&first, bare),
            Some(Hop::Stop("a redirect to a bare address or to localhost, which is not followed".into())),
            "{bare:?}"
        );
    }
    let mut named = first.clone();
    named.url = "http://[2001:db8::1]:9101/health".into();
    assert!(
        matches!(leads(&named, "http://[2001:db8::1]/"), Some(Hop::Follow(_))),
        "its own host, at another port"
    );
    let long = format!("/{}", "a".repeat(HEADER_CAP - 1));
    for bad in [
        "",
        &long,
        "ftp://a/",
        "http://%31%32%37.0.0.1/",
        "http:///10.0.0.1/",
        "http:\\\\10.0.0.1/",
        "javascript:alert(1)",
        "http://user:pass@a/",
        "http://a b/",
        "/\u{0}",
    ] {
        assert_eq!(
            leads(&first, bad),
            Some(Hop::Stop("a redirect without a usable Location".into())),
            "{bad:?}"
        );
    }
}
