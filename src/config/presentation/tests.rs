use super::super::{Config, Pool, Subject};

/// What is said of a monitor with these lines, or the monitor.
fn monitor(lines: &str) -> Result<super::Presentation, String> {
    let file = format!("[[monitor]]\nname = \"a\"\nurl = \"https://a.example\"\n{lines}\n");
    let read = Config::parse(&file).map_err(|problems| problems.to_string());
    read.map(|config| config.pools.into_iter().next().expect("one monitor").about)
}

#[test]
fn titles_of_any_script_are_taken_as_they_are() {
    let titles = [
        "Memo (EU)",
        "文档",
        "مذكرة ٥",
        "می\u{200c}خواهم",
        "क्\u{200d}ष",
        "👨\u{200d}👩\u{200d}👧 Family",
        "日本\u{3000}語",
        "<script>alert(1)</script>",
        "\"quoted\" & 'so'",
    ];
    for title in titles {
        let lines = format!("title = '''{title}'''");
        assert_eq!(monitor(&lines).unwrap().title.as_deref(), Some(title));
    }
    let longest = "ж".repeat(80);
    assert_eq!(monitor(&format!("title = \"{longest}\"")).unwrap().title, Some(longest));
}

#[test]
fn every_character_that_misleads_is_refused_by_its_number() {
    let bad = (0..=0x1f)
        .chain(0x7f..=0x9f)
        .chain([0xad, 0x61c, 0x180e, 0x200b, 0x200e, 0x200f])
        .chain(0x2028..=0x202e)
        .chain(0x2060..=0x206f)
        .chain([0x3164, 0xfeff, 0xffa0, 0xfff9, 0xe0001, 0xe007f]);
    for code in bad {
        for key in ["title", "group", "description"] {
            let said = monitor(&format!("{key} = \"a\\U{code:08X}b\"")).unwrap_err();
            assert!(said.contains(&format!("U+{code:04X} at place 2")), "{said}");
            assert!(said.chars().all(|c| c == '\n' || super::misleading(c).is_none()), "{said}");
        }
    }
}

#[test]
fn addresses_that_people_follow_are_of_three_kinds() {
    for good in [
        "https://a.example",
        "HTTP://A.example:8080/b?c=d&e=f#g",
        "https://[2001:db8::1]/",
        "mailto:a.b+c@example.com?subject=x",
    ] {
        assert_eq!(monitor(&format!("link = \"{good}\"")).unwrap().link.as_deref(), Some(good));
    }
    for bad in [
        "",
        "a.example",
        "/docs",
        "//a.example",
        "javascript:alert(1)",
        " https://a.example",
        "JAVASCRIPT://a.example/%0Aalert(1)",
        "java\\tscript:alert(1)",
        "data:text/html,a",
        "vbscript:a",
        "file:///etc/passwd",
        "https:a.example",
        "https://",
        "https://a.example/\\\"onmouseover=\\\"",
        "https://a.example/\\u202e",
        "https://a:b@a.example",
        "mailto:",
        "mailto:a",
        "mailto:a@b.example,c@d.example",
    ] {
        let said = monitor(&format!("link = \"{bad}\"")).unwrap_err();
        assert!(said.starts_with("line 4: monitor.a.link: "), "{bad}: {said}");
    }
}

#[test]
fn a_monitor_is_a_pool_of_one_of_its_own_name() {
    let file = "heartbeat_secret = \"KEY\"\n\
                [[monitor]]\nname = \"memo\"\ntitle = \"Memo\"\nurl = \"https://a.example\"\n\
                [[monitor]]\nname = \"job\"\nkind = \"heartbeat\"\nperiod = \"1h\"\n\
                [[pool]]\nname = \"shop\"\n[[pool.origin]]\nname = \"main\"\nurl = \"https://a.example\"\n";
    let config = Config::parse(file).unwrap();
    let ids: Vec<String> =
        config.pools.iter().flat_map(Pool::subjects).map(|one| one.id().to_string()).collect();
    assert_eq!(ids, ["memo/memo", "job/job", "shop/main"]);
    assert_eq!(config.pools.iter().map(Pool::takes_traffic).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(config.pools[0].title(), "Memo");
    assert_eq!(config.pools[2].subjects().map(Subject::title).collect::<Vec<_>>(), ["main"]);
    for (text, id) in [("memo", Some("memo/memo")), ("shop", None), ("shop/main", Some("shop/main"))] {
        assert_eq!(config.id(text).map(|id| id.to_string()).as_deref(), id, "{text}");
    }
    assert_eq!(config.id("memo").map(|id| config.written(&id)).as_deref(), Some("memo"));
    assert_eq!(config.id("shop/main").map(|id| config.written(&id)).as_deref(), Some("shop/main"));
}
