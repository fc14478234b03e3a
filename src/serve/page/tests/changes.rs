//! The pages of changes, made of what the API answers.

use super::*;
use crate::access::{Caller, Identity};
use crate::config::Tier;
use crate::fixtures::answer_to;
use crate::serve::{self, Ask, Plan};
use crate::units::Who;

/// A change that is started, the same when it is judged, and a list.
const ANSWERS: &str = include_str!("../../../change/frozen/answers.txt");

fn answer(line: usize) -> &'static str {
    ANSWERS.lines().nth(line).unwrap()
}

fn told_to(caller: &Caller, target: &str, past: Option<&str>) -> Answer {
    let state = state("failing-over");
    let ask = Ask { method: "GET", target, if_none_match: None, caller: Some(caller), accept: None };
    let past = [past];
    let basis = basis(state, &state.config, &past);
    answer_to(serve::plan(Ok(&state.config), &ask), |view| {
        assert_eq!(serve::asks(view, &state.config, state.now).len(), 1, "{target}");
        serve::answer(view, &ask, &basis)
    })
}

fn told(target: &str, past: Option<&str>) -> Answer {
    let somebody = Caller::Known(Identity { name: Who::parse("ada").unwrap(), tier: Tier::Read });
    told_to(&somebody, target, past)
}

#[test]
fn a_page_says_whether_to_keep_it_and_why() {
    let page = told("/change/change-1", Some(answer(1)));
    assert_eq!(page.status, 200);
    let read = text(&page.body);
    for part in ["Improved: keep it", "index on orders", "DROP INDEX", "Ada", "look 4 of 4", "origin-proven"]
    {
        assert!(read.contains(part), "{part}: {read}");
    }
    assert!(page.body.contains("before half of the answers took at most 1"), "the drawing in words");
    for href in ["../v1/changes/change-1", "../changes", "../v1/changes/change-1?format=markdown"] {
        assert!(page.body.contains(&format!("href=\"{href}\"")), "{href}");
    }
    let started = text(&told("/change/change-1", Some(answer(0))).body);
    assert!(started.contains("Not applied yet") && !started.contains("What was measured"), "{started}");
    let worse = answer(1).replace("\"verdict\":\"improved\"", "\"verdict\":\"regressed\"");
    let worse = text(&told("/change/change-1", Some(&worse)).body);
    assert!(worse.contains("Regressed: take it back") && worse.contains("DROP INDEX"), "{worse}");
}

#[test]
fn a_table_leads_to_each_and_silence_is_said() {
    let page = told("/changes", Some(answer(2)));
    assert!(page.body.contains("href=\"change/change-1\"") && text(&page.body).contains("1 change is open"));
    assert!(text(&told("/changes", Some("{\"changes\":[]}")).body).contains("Nobody has started one"));
    for (target, past, status) in [
        ("/changes", None, 503),
        ("/change/change-1", None, 503),
        ("/change/change-1", Some(""), 404),
        ("/change/shop", Some(""), 404),
        ("/change/change-1?show=x", None, 400),
    ] {
        assert_eq!(told(target, past).status, status, "{target} {past:?}");
    }
}

#[test]
fn nobody_is_told_who_proves_to_be_nobody() {
    let state = state("failing-over");
    for target in ["/changes", "/change/change-1", "/v1/changes", "/v1/changes/change-1"] {
        let ask = Ask { method: "GET", target, if_none_match: None, caller: None, accept: None };
        assert_eq!(serve::plan(Ok(&state.config), &ask), Plan::Who, "{target}");
        assert_eq!(told_to(&Caller::Nobody, target, None).status, 401, "{target}");
    }
    let front = told_to(&Caller::Nobody, "/pool/shop", None);
    assert_ne!(front.status, 401, "the rest is as open as it was");
}

#[test]
fn what_people_wrote_is_text() {
    let evil = "</p><script>alert(1)</script>\\u202edesrever<img src=x>";
    let change = answer(1)
        .replace("index on orders", evil)
        .replace("DROP INDEX", evil)
        .replace("\"Ada\"", &format!("\"{evil}\""));
    let list = answer(2).replace("index on orders", evil);
    for page in [told("/change/change-1", Some(&change)), told("/changes", Some(&list))] {
        assert!(!page.body.contains("<script>") && !page.body.contains("<img src=x"), "{}", page.body);
        assert!(page.body.contains("&lt;script&gt;"), "{}", page.body);
        assert!(!page.body.contains('\u{202e}'));
    }
}
