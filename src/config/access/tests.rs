use super::{Access, Config, Door, Tier};

const ONE: &str = "[[monitor]]\nname = \"a\"\nurl = \"https://a.example\"\n";
const HIDDEN: &str = "[[monitor]]\nname = \"b\"\nurl = \"https://b.example\"\npublic = false\n";

fn access(lines: &str) -> Result<Access, String> {
    let read = Config::parse(&format!("{ONE}[access]\n{lines}\n"));
    read.map(|config| config.access).map_err(|problems| problems.to_string())
}

#[test]
fn without_a_token_every_door_is_as_it_was_but_writes_are_closed() {
    let access = Config::parse(ONE).unwrap().access;
    assert!(access.is_usual());
    for door in super::DOORS {
        assert_eq!(access.tier(door), Tier::Public, "{door:?}");
    }
    assert_eq!((access.tier(Door::Hall), access.tier(Door::Writes)), (Tier::Public, Tier::Admin));
}

#[test]
fn with_a_token_what_tells_more_is_closed_unless_it_is_opened() {
    for lines in ["read_tokens = \"READ\"", "admin_tokens = \"ADMIN\""] {
        let access = access(lines).unwrap();
        for (door, tier) in super::DOORS.iter().zip([
            Tier::Public,
            Tier::Public,
            Tier::Public,
            Tier::Public,
            Tier::Read,
            Tier::Read,
            Tier::Read,
        ]) {
            assert_eq!(access.tier(*door), tier, "{door:?}");
        }
    }
    let access = access("read_tokens = \"READ\"\nmetrics = \"public\"\npage = \"read\"").unwrap();
    assert_eq!((access.tier(Door::Metrics), access.tier(Door::Page)), (Tier::Public, Tier::Read));
    assert_eq!((access.tier(Door::Api), access.tier(Door::Health)), (Tier::Read, Tier::Public));
}

#[test]
fn the_page_for_customers_is_as_open_as_the_page_unless_it_says_otherwise() {
    let closed = access("read_tokens = \"READ\"\npage = \"read\"").unwrap();
    assert_eq!(closed.tier(Door::Status), Tier::Read);
    let opened = access("read_tokens = \"READ\"\npage = \"read\"\nstatus = \"public\"").unwrap();
    assert_eq!((opened.tier(Door::Page), opened.tier(Door::Status)), (Tier::Read, Tier::Public));
}

#[test]
fn what_nobody_could_pass_or_anybody_could_write_is_refused_with_the_way_out() {
    for (lines, at, way_out) in [
        ("page = \"read\"", "access.page", "READ_TOKENS"),
        ("read_tokens = \"A\"\nadmin_tokens = \"A\"", "access.admin_tokens", "name another"),
        ("page = \"admin\"\nread_tokens = \"A\"", "access.page", "known are public"),
        ("writes = \"public\"", "access.writes", "not a setting"),
        ("read_tokens = \"vdt_abc\"", "access.read_tokens", "not repeated here"),
        ("jwt_issuer = \"https://t.example\"", "access.jwt_audience", "the AUD tag"),
        ("jwt_audience = \"a\"", "access.jwt_issuer", "TEAM.cloudflareaccess.com"),
        ("jwt_admins = [\"a\"]", "access.jwt_issuer", "jwt_admins needs it"),
        ("jwt_issuer = \"http://t.example\"\njwt_audience = \"a\"", "access.jwt_issuer", "not https"),
        ("jwt_issuer = \"https://t.example/cdn-cgi\"\njwt_audience = \"a\"", "access.jwt_issuer", "a path"),
        ("jwt_issuer = \"https://t.example\"\njwt_audience = []", "access.jwt_audience", "is empty"),
        (
            "jwt_issuer = \"https://t.example\"\njwt_audience = [\"a\", \"a\"]",
            "access.jwt_audience[1]",
            "once",
        ),
        ("jwt_issuer = \"https://t.example\"\njwt_audience = \"a b\"", "access.jwt_audience", "visible"),
    ] {
        let said = access(lines).unwrap_err();
        assert!(said.contains(&format!("{at}: ")) && said.contains(way_out), "{lines}: {said}");
        assert!(!said.contains("vdt_abc"), "{said}");
    }
    let said = Config::parse(HIDDEN).unwrap_err().to_string();
    assert!(said.contains("access: ") && said.contains("monitor.b.public"), "{said}");
}

#[test]
fn what_is_hidden_is_known_by_name() {
    let config = Config::parse(&format!("{ONE}{HIDDEN}[access]\nread_tokens = \"READ\"\n")).unwrap();
    assert!(config.hides());
    assert_eq!(["a", "b", "c"].map(|name| config.is_hidden(name)), [false, true, false]);
    assert!(!Config::parse(ONE).unwrap().hides());
}

#[test]
fn a_jwt_is_enough_to_close_and_hide_and_its_settings_are_in_the_fingerprint() {
    let of = |more: &str| {
        let lines = format!("jwt_issuer = \"https://T.example/\"\njwt_audience = \"a\"\n{more}");
        Config::parse(&format!("{ONE}{HIDDEN}[access]\n{lines}\n")).unwrap()
    };
    let (reads, writes) = (of("page = \"read\""), of("jwt_admins = \"ada@example.com\"\npage = \"read\""));
    assert!(reads.hides() && !reads.access.knows_tokens());
    assert_eq!([&reads, &writes].map(|config| config.access.knows_writers()), [false, true]);
    assert_eq!(reads.access.jwt.as_ref().unwrap().issuer.to_string(), "https://t.example");
    assert_ne!(reads.hash, writes.hash);
    for local in ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9"] {
        assert!(access(&format!("jwt_issuer = \"{local}\"\njwt_audience = [\"a\"]")).is_ok(), "{local}");
    }
}
