use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{LONGEST, Misfit, read};
use crate::access::{Assertion, Caller, Fields, Identity, Proof, proof};
use crate::config::{Access, Config, Door, Jwt, Tier};
use crate::secret::Why;
use crate::units::{Timestamp, Who};

const NOW: u64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_millis(NOW * 1_000)
}

fn access() -> Access {
    let text = r#"
        [[monitor]]
        name = "a"
        url = "https://a.example"
        [access]
        read_tokens = "READ"
        jwt_issuer = "https://team.cloudflareaccess.com/"
        jwt_audience = ["first", "second"]
        jwt_admins = ["Ada@example.com", "robot.access", "7335"]
    "#;
    Config::parse(text).unwrap().access
}

fn jwt() -> Jwt {
    access().jwt.unwrap()
}

fn header() -> Value {
    json!({ "alg": "RS256", "kid": "k1", "typ": "JWT" })
}

fn body() -> Value {
    json!({
        "iss": "https://team.cloudflareaccess.com", "aud": ["second"], "sub": "1", "type": "app",
        "email": "bob@example.com", "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 60,
    })
}

fn written(header: &str, body: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(header), part(body), part("signature"))
}

fn token(header: &Value, body: &Value) -> String {
    written(&header.to_string(), &body.to_string())
}

/// The usual body with one member of another value; `null` takes it away.
fn with(member: &str, value: Value) -> Value {
    let mut body = body();
    body[member] = value;
    body
}

fn said(token: &str) -> Option<Misfit> {
    read(token, &jwt(), now()).err()
}

fn who(body: &Value) -> Caller {
    let token = token(&header(), body);
    read(&token, &jwt(), now()).map_or_else(Caller::Misfit, |claim| claim.proved(true))
}

fn known(name: &str, tier: Tier) -> Caller {
    Caller::Known(Identity { name: Who::parse(name).unwrap(), tier })
}

#[test]
fn what_is_signed_and_by_which_key_is_told_and_nobody_is_known_before() {
    let token = token(&header(), &body());
    let claim = read(&token, &jwt(), now()).unwrap();
    assert_eq!((claim.kid.as_str(), &claim.signature[..]), ("k1", &b"signature"[..]));
    assert_eq!(format!("{}.{}", claim.signed, URL_SAFE_NO_PAD.encode("signature")), token);
    assert_eq!(claim.clone().proved(false), Caller::Misfit(Misfit::Signature));
    assert_eq!(claim.proved(true), known("bob@example.com", Tier::Read));
}

#[test]
fn no_other_algorithm_is_ever_taken() {
    for alg in ["none", "None", "HS256", "RS384", "RS512", "PS256", "ES256", "rs256", "RS256 ", ""] {
        let token = token(&json!({ "alg": alg, "kid": "k1" }), &body());
        assert_eq!(said(&token), Some(Misfit::Algorithm), "{alg}");
    }
    let critical = json!({ "alg": "RS256", "kid": "k1", "crit": ["exp"] });
    assert_eq!(said(&token(&critical, &body())), Some(Misfit::Algorithm));
    for header in [json!({ "kid": "k1" }), json!({ "alg": null, "kid": "k1" }), json!(["RS256"])] {
        assert_eq!(said(&token(&header, &body())), Some(Misfit::Malformed), "{header}");
    }
    for kid in [json!(null), json!(""), json!("k".repeat(257))] {
        let header = json!({ "alg": "RS256", "kid": kid });
        assert_eq!(said(&token(&header, &body())), Some(Misfit::Key), "{header}");
    }
    for typ in [json!(null), json!("JWT"), json!("at+jwt"), json!(7)] {
        let header = json!({ "alg": "RS256", "kid": "k1", "typ": typ });
        assert_eq!(said(&token(&header, &body())), None, "{header}");
    }
}

#[test]
fn only_our_issuer_and_our_applications_count() {
    for issuer in [
        "https://team.cloudflareaccess.com/",
        "http://team.cloudflareaccess.com",
        "https://TEAM.cloudflareaccess.com",
        "https://team.cloudflareaccess.com.evil.example",
        "",
    ] {
        assert_eq!(said(&token(&header(), &with("iss", json!(issuer)))), Some(Misfit::Issuer), "{issuer}");
    }
    for good in [json!("first"), json!(["first"]), json!(["other", "second"])] {
        assert_eq!(said(&token(&header(), &with("aud", good.clone()))), None, "{good}");
    }
    for bad in [json!(""), json!("firs"), json!("FIRST"), json!("first second"), json!([]), json!(["other"])]
    {
        assert_eq!(said(&token(&header(), &with("aud", bad.clone()))), Some(Misfit::Audience), "{bad}");
    }
    for none in [json!(null), json!({ "first": 1 }), json!([["first"]]), json!(1)] {
        assert_eq!(said(&token(&header(), &with("aud", none.clone()))), Some(Misfit::Malformed), "{none}");
    }
}

#[test]
fn it_holds_for_its_time_with_half_a_minute_for_clocks() {
    for (member, value, misfit) in [
        ("exp", NOW - 29, None),
        ("exp", NOW - 30, Some(Misfit::Expired)),
        ("exp", 0, Some(Misfit::Expired)),
        ("exp", u64::MAX, None),
        ("nbf", NOW + 30, None),
        ("nbf", NOW + 31, Some(Misfit::Early)),
        ("iat", NOW + 30, None),
        ("iat", NOW + 31, Some(Misfit::Early)),
        ("iat", u64::MAX, Some(Misfit::Early)),
    ] {
        assert_eq!(said(&token(&header(), &with(member, json!(value)))), misfit, "{member} {value}");
    }
    for (member, value, misfit) in [
        ("nbf", json!(null), None),
        ("iat", json!(null), None),
        ("exp", json!(null), Some(Misfit::Malformed)),
        ("exp", json!("1900000000"), Some(Misfit::Malformed)),
        ("exp", json!(-1), Some(Misfit::Malformed)),
        ("exp", json!(1e300), Some(Misfit::Malformed)),
    ] {
        assert_eq!(said(&token(&header(), &with(member, value.clone()))), misfit, "{member} {value}");
    }
}

#[test]
fn what_is_no_jwt_is_refused_whatever_it_is() {
    let good = token(&header(), &body());
    let [head, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let twice = body().to_string().replacen('{', r#"{"aud":["second"],"#, 1);
    let two_algs = r#"{"alg":"none","alg":"RS256","kid":"k1"}"#;
    for bad in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{head}.{claims}"),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!("{good}, {good}"),
        format!(" {good}"),
        format!("{head}=.{claims}.{signature}"),
        format!("{head}.{claims}.{signature}="),
        format!("{head}.{claims}.{signature}*"),
        format!("{}.{claims}.{signature}", URL_SAFE.encode(r#"{"alg":"RS256","kid":"k"} "#)),
        format!("{}.{claims}.{signature}", STANDARD.encode("{\"alg\":\"RS256\",\"kid\":\"\u{fffd}>\"}")),
        format!("{}.{claims}.{signature}", URL_SAFE_NO_PAD.encode([0xff, 0xfe])),
        written(two_algs, &body().to_string()),
        written(&header().to_string(), &twice),
        written(&header().to_string(), &"[".repeat(4_000)),
        written("", ""),
        written("{}", "{}"),
        written("null", "null"),
    ] {
        assert_eq!(said(&bad), Some(Misfit::Malformed), "{bad}");
    }
    assert_eq!(said(&format!("{head}.{claims}.")), Some(Misfit::Signature));
    assert_eq!(said(&"a".repeat(LONGEST + 1)), Some(Misfit::TooLong));
    assert_eq!(said(&"a".repeat(LONGEST)), Some(Misfit::Malformed));
}

#[test]
fn whom_it_names_is_known_by_mail_or_mark_and_only_who_is_listed_writes() {
    let service = |name: &str, sub: &str| {
        let mut body = with("email", json!(null));
        (body["common_name"], body["sub"]) = (json!(name), json!(sub));
        body
    };
    for (body, caller) in [
        (body(), known("bob@example.com", Tier::Read)),
        (with("email", json!("ADA@example.com")), known("ADA@example.com", Tier::Admin)),
        (with("email", json!("ada@example.com.evil")), known("ada@example.com.evil", Tier::Read)),
        (service("robot.access", ""), known("service:robot.access", Tier::Admin)),
        (service("Robot.access", ""), known("service:Robot.access", Tier::Read)),
        (service("", "7335"), known("sub:7335", Tier::Admin)),
        (service("", "ada@example.com"), known("sub:ada@example.com", Tier::Read)),
        (with("email", json!("ada")), known("sub:1", Tier::Read)),
        (with("email", json!("a@b\nc")), known("sub:1", Tier::Read)),
        (service("", ""), Caller::Misfit(Misfit::Nobody)),
        (service("", &"x".repeat(300)), Caller::Misfit(Misfit::Nobody)),
    ] {
        assert_eq!(who(&body), caller, "{body}");
    }
}

#[test]
fn a_token_comes_before_a_jwt_and_a_field_before_a_cookie() {
    let access = access();
    let shown = |authorization: Option<&str>, assertion: Option<&str>, cookie: Option<&str>| {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let fields =
            Fields { authorization: own(authorization), assertion: own(assertion), cookie: own(cookie) };
        match proof(&fields, &access, now(), |name| Err(Why::NotSet.of(name))) {
            Proof::Settled(caller) => format!("{caller:?}").split('(').next().unwrap().to_owned(),
            Proof::Jwt(shown) => format!("{} {}", shown.token, shown.is_cookie),
        }
    };
    let cookie = Some("a=b; CF_Authorization=c.d.e; CF_Authorization=f");
    assert_eq!(shown(Some("Bearer x"), Some("j"), cookie), "Unverifiable", "the token alone counts");
    assert_eq!(shown(Some("Basic x"), Some("j"), cookie), "j false");
    assert_eq!(shown(None, Some(""), cookie), " false");
    assert_eq!(shown(None, None, cookie), "c.d.e true");
    assert_eq!(shown(None, None, Some("cf_authorization=c")), "Nobody");
    let lone = Access { jwt: None, ..access.clone() };
    let fields =
        Fields { assertion: Some("j".into()), cookie: cookie.map(str::to_owned), ..Fields::default() };
    let unasked = proof(&fields, &lone, now(), |name| Err(Why::NotSet.of(name)));
    assert_eq!(unasked, Proof::Settled(Caller::Nobody), "it means nothing where none are taken");
}

#[test]
fn a_cookie_reads_and_one_that_is_over_locks_nobody_out() {
    let jwt = jwt();
    let of = |is_cookie| Assertion { token: "", jwt: &jwt, is_cookie };
    let admin = known("ada@example.com", Tier::Admin);
    assert_eq!(of(false).caller(admin.clone()), admin);
    assert_eq!(of(true).caller(admin), known("ada@example.com", Tier::Read));
    for failed in [Caller::Misfit(Misfit::Expired), Caller::Unverifiable("why".into())] {
        assert_eq!(of(true).caller(failed.clone()), Caller::Nobody);
        assert_eq!(of(false).caller(failed.clone()), failed);
        assert!(failed.passes(Door::Page, &access()).is_err(), "a field that proves nothing is told so");
    }
}
