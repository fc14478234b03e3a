use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::super::Config;
use super::Logo;

/// What is said of a logo, or the logo.
fn logo(text: &str) -> Result<Logo, String> {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let file =
        format!("[[monitor]]\nname = \"a\"\nurl = \"https://a.example\"\n[page]\nlogo = \"{quoted}\"\n");
    let read = Config::parse(&file).map_err(|problems| problems.to_string());
    read.map(|config| config.page.logo.expect("a logo was written"))
}

fn encoded(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", BASE64_STANDARD.encode(bytes))
}

const PLAIN: &str = "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0h8'/></svg>";

#[test]
fn pictures_paths_and_addresses_are_logos() {
    for (kind, bytes) in [
        ("image/png", &b"\x89PNG\r\n\x1a\n..."[..]),
        ("image/jpeg", b"\xff\xd8\xff\xe0"),
        ("image/gif", b"GIF89a"),
        ("image/webp", b"RIFF....WEBP"),
        ("image/svg+xml", PLAIN.as_bytes()),
        ("IMAGE/SVG+XML;charset=utf-8", PLAIN.as_bytes()),
    ] {
        let text = encoded(kind, bytes);
        assert_eq!(logo(&text), Ok(Logo::Data(text.clone())), "{kind}");
        assert_eq!(logo(text.trim_end_matches('=')).map(|_| ()), Ok(()), "{kind} without padding");
    }
    let plain = format!("data:image/svg+xml,{PLAIN}");
    assert_eq!(logo(&plain), Ok(Logo::Data(plain.clone())));
    assert_eq!(logo("/static/logo.svg"), Ok(Logo::Path("/static/logo.svg".to_owned())));
    let url = "https://cdn.example.com:8443/a/logo.png?v=2";
    let from = "https://cdn.example.com:8443".to_owned();
    assert_eq!(logo(url), Ok(Logo::Away { url: url.to_owned(), from }));
}

#[test]
fn what_runs_is_no_logo() {
    let svgs = [
        "<svg><script>alert(1)</script></svg>",
        "<svg><ScRiPt href='x'/></svg>",
        "<svg\nOnLoad = 'alert(1)'/>",
        "<svg/onload='alert(1)'/>",
        "<svg a=''onclick='alert(1)'/>",
        "<svg><a href='JavaScript:alert(1)'/></svg>",
        "<svg><foreignObject/></svg>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><svg/>",
    ];
    for svg in svgs {
        let escaped: String = svg.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for text in [encoded("image/svg+xml", svg.as_bytes()), format!("data:image/svg+xml,{escaped}")] {
            let said = logo(&text).expect_err(svg);
            assert!(said.contains("in its SVG; a logo holds nothing that runs"), "{svg}: {said}");
            assert!(!said.contains("alert"), "{said}");
        }
    }
    // Words that only look like handlers.
    let harmless = "<svg><text font-size='2'>on = off</text><path pylon='1' cannon='2'/></svg>";
    assert_eq!(logo(&encoded("image/svg+xml", harmless.as_bytes())).map(|_| ()), Ok(()));
}

#[test]
fn what_is_no_small_picture_is_refused_with_the_way_out() {
    let table = [
        (encoded("image/png", b"GIF89a"), "is not image/png, whatever it says"),
        (
            encoded("text/html", b"<b>"),
            "write one of image/svg+xml, image/png, image/jpeg, image/gif, image/webp",
        ),
        (encoded("image/svg+xml", b"<html></html>"), "it has no <svg"),
        (encoded("image/svg+xml", b"\xff\xfe<svg"), "is not an SVG of UTF-8"),
        ("data:image/png;base64,???".to_owned(), "is not base64 behind its comma"),
        ("data:image/png,abc".to_owned(), "write \"data:image/png;base64,…\""),
        ("data:image/png".to_owned(), "has no comma before its data"),
        ("data:image/svg+xml,<svg fill='#fff'/>".to_owned(), "write it as %23"),
        ("data:image/svg+xml,<svg>é</svg>".to_owned(), "has the character U+00E9"),
        ("data:image/svg+xml,<svg>\n</svg>".to_owned(), "has the character U+000A"),
        ("//evil.example/logo.png".to_owned(), "which is another host"),
        ("/logo.png#a b".to_owned(), "is not a path of at most 2048 bytes"),
        ("http://a.example/logo.png".to_owned(), "is not https"),
        ("https://a.example; script-src *".to_owned(), "has a host that is not a DNS name"),
        ("https://a.example/a b".to_owned(), "percent-encode it"),
        ("https://me:secret@a.example/logo".to_owned(), "carries a user name or password"),
        ("javascript:alert(1)".to_owned(), "is no picture"),
        (format!("data:image/png;base64,{}", "A".repeat(900_000)), "bytes, over the bound of 32768"),
        (format!("data:image/png;base64,{}", "A".repeat(1 << 20)), "write a logo by its path"),
    ];
    for (text, expected) in table {
        let said = logo(&text).expect_err(expected);
        assert!(said.contains(expected), "{expected} is not in {said}");
        assert!(said.len() < 400 && !said.contains("secret"), "{said}");
    }
}

#[test]
fn every_time_zone_and_language_of_the_lists_is_taken() {
    let (zones, languages) = (super::ZONES.lines().count(), super::LANGUAGES.split_whitespace().count());
    assert!(zones > 400 && languages > 50, "{zones} zones, {languages} languages");
    let read = |lines: &str| {
        let file = format!("[[monitor]]\nname = \"a\"\nurl = \"https://a.example\"\n[page]\n{lines}\n");
        Config::parse(&file).map(|config| config.page)
    };
    for zone in ["UTC", "Europe/Zurich", "America/Argentina/Buenos_Aires", "Asia/Calcutta", "Asia/Kolkata"] {
        let page = read(&format!("time_zone = \"{zone}\"")).unwrap();
        assert_eq!(page.time_zone.as_deref(), Some(zone));
    }
    for language in ["en", "de-CH", "zh-Hant", "zh-Hant-TW", "es-419", "sr-Latn"] {
        let page = read(&format!("language = \"{language}\"")).unwrap();
        assert_eq!(page.language.as_deref(), Some(language));
    }
    for language in ["", "EN", "de_CH", "de-", "de-CH-1996", "de-x-private", "en-US\\\" onload=\\\"", "zz"] {
        let said = read(&format!("language = \"{language}\"")).unwrap_err().to_string();
        assert!(said.contains("is not a language"), "{language}: {said}");
    }
    for zone in ["", "utc", "Europe/zurich", "Mars/Olympus", "+01:00", "../../etc/passwd"] {
        let said = read(&format!("time_zone = \"{zone}\"")).unwrap_err().to_string();
        assert!(said.contains("is not the name of a time zone"), "{zone}: {said}");
    }
}

#[test]
fn headings_stand_in_the_order_of_the_page_then_of_the_file() {
    let monitor = |name: &str, group: &str| {
        format!("[[monitor]]\nname = \"{name}\"\ngroup = \"{group}\"\nurl = \"https://a.example\"\n")
    };
    let file =
        [monitor("a", "One"), monitor("b", "Two"), monitor("c", "One"), monitor("d", "Three")].concat();
    let groups = |page: &str| {
        let config = Config::parse(&format!("{file}{page}")).unwrap();
        config.groups().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(groups(""), ["One", "Two", "Three"]);
    assert_eq!(groups("[page]\ngroups = [\"Three\"]\n"), ["Three", "One", "Two"]);
}
