//! Monitors, headings, and what people wrote to be read.

use super::*;

#[test]
fn a_monitor_has_a_title_and_words_of_its_own() {
    let table = [
        ("monitors", "3 monitors and 2 origins in 1 pool."),
        ("monitors", "passMemo (EU)Notes and lists"),
        ("monitors", "memo.example.com"),
        ("monitors", "team-aeu"),
        ("monitors", "The signal names Z\u{fc}rich \u{1f468}\u{200d}\u{1f4bb}: primary is passing"),
        ("monitors", "passes: Z\u{fc}rich \u{1f468}\u{200d}\u{1f4bb} serves"),
        ("monitors", "Sells fruit"),
        ("monitors-amiss", "Products 2 of 2"),
        (
            "monitors-amiss",
            "failMemo (EU)is down: 3 of 3 vantages: apac, enam, weur: status 503 is not expected",
        ),
        ("monitors-amiss", "Memo (EU)fail for 0 s so far"),
        (
            "monitor-late",
            "failNightly backuphas not reported in time: no heartbeat since 2026-11-23T09:41:11.007Z",
        ),
        ("many-monitors", "500 monitors."),
        ("many-monitors", "All 1 of 500"),
    ];
    for (name, shown) in table {
        let text = text(&page(state(name)));
        assert!(text.contains(shown), "{name}: {shown} is not in {text}");
    }
    for name in ["many-monitors", "hostile-titles"] {
        let page = page(state(name));
        let (monitors, _) = page.split_once("Recent events").unwrap();
        let monitors = monitors.split("id=\"pool-shop\"").next().unwrap();
        for word in ["signal", "raffic", "serves", "route/", "ailover"] {
            assert!(!monitors.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn headings_stand_in_their_order_and_what_does_not_pass_leads_its_own() {
    let order = |name: &str| {
        let page = page(state(name));
        let of = |rest: &str| rest.split('"').next().unwrap().to_owned();
        let headings = page.split("<h2 id=\"group-").skip(1).map(|rest| {
            let (_, rest) = rest.split_once("<bdi>").unwrap();
            rest.split_once("</bdi>").unwrap().0.to_owned()
        });
        let items = page.split("<details id=\"pool-").skip(1).map(of);
        (headings.collect::<Vec<_>>(), items.collect::<Vec<_>>())
    };
    let (headings, items) = order("monitors");
    assert_eq!(headings, ["Jobs", "Products"]);
    assert_eq!(items, ["backup", "wiki", "memo", "shop"]);
    let (headings, items) = order("forty-monitors");
    assert_eq!(headings, ["Products", "Regions", "Websites", "APIs", "Jobs", "Partners"]);
    assert_eq!((items.len(), &items[..3]), (40, &["chat", "login", "memo"].map(str::to_owned)[..]));
    assert_eq!(order("monitors-amiss").1, ["backup", "memo", "wiki", "shop"]);
    let (_, items) = order("many-monitors");
    assert_eq!((items.len(), items[0].as_str(), items[1].as_str()), (500, "site-500", "site-1"));
}

#[test]
fn what_people_wrote_is_shown_as_text_whatever_it_is() {
    let page = page(state("hostile-titles"));
    for tag in ["<img src=x", "<u>", "onerror=alert(1)>", "\"q\""] {
        assert!(!page.contains(tag), "{tag}");
    }
    let shown = "&lt;img src=x onerror=alert(1)&gt; &amp; &quot;q&quot; '";
    // The page itself twice, its link, and title, heading, description, pool and origin.
    assert!(page.matches(shown).count() >= 8, "{}", page.matches(shown).count());
    assert!(page.contains("href=\"https://a.example/?a='&amp;b=1\" rel=\"noopener noreferrer\""));
    assert!(page.contains("<li><bdi>&lt;u&gt;</bdi></li><li><bdi>&amp;amp;</bdi></li>"));
    assert!(page.contains(&"\u{6771}".repeat(80)));
}

#[test]
fn the_policy_allows_a_logo_and_nothing_else_from_where_it_is() {
    let policy = |logo: &str| {
        let file = format!("[[monitor]]\nname = \"a\"\nurl = \"https://a.example\"\n[page]\n{logo}\n");
        let config = Config::parse(&file).unwrap();
        let snapshot = Snapshot::blank(&config, state("passing").now, "nothing is known");
        let headers = answer(&snapshot, &config, false, state("passing").now).headers;
        headers.into_iter().find(|(name, _)| *name == "content-security-policy").unwrap().1
    };
    for logo in ["", "logo = \"data:image/svg+xml,<svg/>\""] {
        assert_eq!(policy(logo), POLICY, "{logo}");
    }
    assert_eq!(policy("logo = \"/logo.svg\""), POLICY.replace("img-src data:;", "img-src data: 'self';"));
    assert_eq!(
        policy("logo = \"https://cdn.example:8443/a;script-src/logo.png\""),
        POLICY.replace("img-src data:;", "img-src data: https://cdn.example:8443;")
    );
}
