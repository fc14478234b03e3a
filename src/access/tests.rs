use super::token::{self, LONGEST, MOST};
use super::{Caller, Fields, Identity, Proof, Refusal, proof};
use crate::config::{Access, Door, Tier};
use crate::secret::{Secret, Unusable, Why};
use crate::units::{Name, Timestamp, Who};

fn access() -> Access {
    Access { read_tokens: Some("READ".into()), admin_tokens: Some("ADMIN".into()), ..Access::default() }
}

fn token(seed: u8) -> String {
    token::written(&[seed; token::BYTES])
}

fn entry(name: &str, seed: u8) -> String {
    token::entry(&Name::parse(name).unwrap(), &token::hash(&token(seed)))
}

/// A deployment whose readers are 1 and 2, and whose writer is 3.
fn secret(name: &str) -> Result<Secret, Unusable> {
    match name {
        "READ" => Ok(Secret::from(format!("{},\n {}\r\n", entry("old", 1), entry("new", 2)))),
        "ADMIN" => Ok(Secret::from(entry("ada", 3).to_uppercase().replace("ADA", "ada"))),
        _ => Err(Why::NotSet.of(name)),
    }
}

fn by_field(field: Option<&str>, secret: impl Fn(&str) -> Result<Secret, Unusable>) -> Caller {
    let fields = Fields { authorization: field.map(str::to_owned), ..Fields::default() };
    match proof(&fields, &access(), Timestamp::default(), secret) {
        Proof::Settled(caller) => caller,
        Proof::Jwt(_) => panic!("none is taken here"),
    }
}

fn shown(field: &str) -> Caller {
    by_field(Some(field), secret)
}

fn known(name: &str, tier: Tier) -> Caller {
    Caller::Known(Identity { name: Who::parse(name).unwrap(), tier })
}

#[test]
fn every_token_says_who_it_is_and_the_old_one_lives_beside_the_new() {
    for (seed, caller) in
        [(1, known("old", Tier::Read)), (2, known("new", Tier::Read)), (3, known("ada", Tier::Admin))]
    {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(shown(&format!("{scheme} {}", token(seed))), caller);
        }
    }
    assert_eq!(by_field(None, secret), Caller::Nobody);
    assert_eq!(shown("Basic YTpi"), Caller::Nobody, "that is meant for somebody else");
}

#[test]
fn what_is_nearly_a_token_is_nobodys() {
    let good = token(1);
    let long = format!("{good}{}", "A".repeat(LONGEST));
    for wrong in [
        "",
        &token(4),
        &good[1..],
        &good[..good.len() - 1],
        &format!("{good}="),
        &good.to_uppercase(),
        &format!("{good}, Bearer {good}"),
        &format!("{good} {good}"),
        &long,
        &entry("old", 1),
        &entry("old", 1)[4..],
    ] {
        assert_eq!(shown(&format!("Bearer {wrong}")), Caller::Stranger, "{wrong}");
    }
}

#[test]
fn a_secret_that_holds_no_tokens_lets_nobody_in_and_is_not_repeated() {
    let held = |text: &str| token::Hashes::read("READ", &Secret::from(text));
    assert!(held(&entry("a", 1)).is_ok());
    let most: Vec<String> = (0..=MOST).map(|_| entry("a", 1)).collect();
    assert!(held(&most[..MOST].join(" ")).is_ok());
    for bad in [
        "",
        " ",
        "canary",
        "canary:zz",
        &token(1),
        &format!("{}canary", entry("a", 1)),
        &format!("A b:{}", &entry("a", 1)[2..]),
        &format!("{} canary", entry("a", 1)),
        &most.join(" "),
    ] {
        let said = held(bad).err().map(|why| why.to_string()).unwrap();
        assert!(said.starts_with("the secret READ ") && !said.contains("canary"), "{said}");
    }
    let caller = by_field(Some("Bearer x"), |name| Err(Why::NotSet.of(name)));
    assert_eq!(
        caller,
        Caller::Unverifiable("the secret READ is not set. Set it with wrangler secret put".into())
    );
    let only_admin = |name: &str| if name == "READ" { Err(Why::NotSet.of(name)) } else { secret(name) };
    let caller = by_field(Some(&format!("Bearer {}", token(3))), only_admin);
    assert_eq!(caller, known("ada", Tier::Admin), "one list that is lost locks out no one of the other");
}

/// Who passes: rows are callers, columns are what a door asks for.
#[test]
fn a_tier_opens_its_own_doors_and_those_below() {
    let closed = access();
    let lone = Access { admin_tokens: None, ..access() };
    let (read, admin) = (known("r", Tier::Read), known("a", Tier::Admin));
    let unsure = Caller::Unverifiable("why".into());
    let table = [
        (&Caller::Nobody, [Ok(()), Err(Refusal::Unproved), Err(Refusal::Unproved)]),
        (&Caller::Stranger, [Err(Refusal::Unknown); 3]),
        (&unsure, [Err(Refusal::Unverifiable("why")); 3]),
        (&read, [Ok(()), Ok(()), Err(Refusal::TooLittle)]),
        (&admin, [Ok(()), Ok(()), Ok(())]),
    ];
    for (caller, row) in table {
        let doors = [Door::Page, Door::Api, Door::Writes];
        assert_eq!(doors.map(|door| caller.passes(door, &closed)), row, "{caller:?}");
        if caller.tier() < Tier::Admin {
            assert_eq!(caller.passes(Door::Writes, &lone), Err(Refusal::Nobody), "{caller:?}");
        }
    }
    assert_eq!(Caller::Nobody.passes(Door::Api, &Access::default()), Ok(()));
}
