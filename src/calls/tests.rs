use proptest::prelude::*;

use super::*;

fn name() -> impl Strategy<Value = Name> {
    "[a-z][a-z0-9-]{0,20}[a-z0-9]".prop_filter_map("a name", |text| Name::parse(&text).ok())
}

fn id() -> impl Strategy<Value = OriginId> {
    (name(), name()).prop_filter_map("an id", |(pool, origin)| OriginId::parse(&format!("{pool}/{origin}")))
}

fn call() -> impl Strategy<Value = ArbiterCall> {
    prop_oneof![
        Just(ArbiterCall::Report),
        Just(ArbiterCall::Wake),
        Just(ArbiterCall::Write),
        Just(ArbiterCall::Audit),
        Just(ArbiterCall::Lately),
        id().prop_map(ArbiterCall::Beat),
        id().prop_map(ArbiterCall::Suspect),
        name().prop_map(|pool| ArbiterCall::Follow(Followed::One(pool))),
        Just(ArbiterCall::Follow(Followed::All)),
        Just(ArbiterCall::Snapshot(Part::Whole)),
        Just(ArbiterCall::Snapshot(Part::Summary)),
        name().prop_map(|pool| ArbiterCall::Snapshot(Part::Pool(pool))),
        name().prop_map(|pool| ArbiterCall::Availability(pool, None)),
        id().prop_map(|OriginId { pool, origin }| ArbiterCall::Availability(pool, Some(origin))),
        Just(ArbiterCall::Days(None, None)),
        (any::<Option<bool>>(), any::<Option<u64>>(), 0..=100_usize)
            .prop_map(|(open, before, limit)| ArbiterCall::Changes(change::Query { open, before, limit })),
        (1..=u64::MAX, any::<bool>())
            .prop_map(|(number, markdown)| ArbiterCall::Change(change::id(number), markdown)),
        name().prop_map(|pool| ArbiterCall::Days(Some(pool), None)),
        id().prop_map(|OriginId { pool, origin }| ArbiterCall::Days(Some(pool), Some(origin))),
    ]
}

proptest! {
    #[test]
    fn what_is_called_is_what_is_heard(call in call()) {
        prop_assert_eq!(ArbiterCall::parse(&call.path()), Some(call));
    }

    #[test]
    fn no_path_is_two_calls(path in "[a-z/]{0,30}") {
        if let Some(call) = ArbiterCall::parse(&path) {
            prop_assert_eq!(call.path(), path);
        }
    }
}

#[test]
fn objects_of_two_releases_understand_each_other() {
    let id = OriginId::parse("shop/primary").unwrap();
    let pool = Name::parse("shop").unwrap();
    for (call, path) in [
        (ArbiterCall::Report, "report"),
        (ArbiterCall::Beat(id.clone()), "beat/shop/primary"),
        (ArbiterCall::Suspect(id), "doubt/shop/primary"),
        (ArbiterCall::Follow(Followed::One(pool)), "follow/shop"),
        (ArbiterCall::Follow(Followed::All), "follow"),
        (ArbiterCall::Wake, "wake"),
        (ArbiterCall::Write, "write"),
        (ArbiterCall::Audit, "audit"),
        (ArbiterCall::Snapshot(Part::Whole), "snapshot/whole"),
    ] {
        assert_eq!(call.path(), path);
    }
    assert_eq!([VantageCall::Arm, VantageCall::ProbeNow].map(|call| call.path()), ["arm", "hurry"]);
    assert_eq!(VantageCall::parse("hurry"), Some(VantageCall::ProbeNow));
    assert_eq!(VantageCall::parse(""), None);
    assert_eq!(handed_on(1_700_000_000_000, 4_032), "1700000000000/4032");
    assert_eq!(parse_handed_on("1700000000000/4032"), Some((1_700_000_000_000, 4_032)));
    for odd in ["", "1", "1/", "/1", "1/x", "-1/2", "1/2/3"] {
        assert_eq!(parse_handed_on(odd), None, "{odd}");
    }
}
