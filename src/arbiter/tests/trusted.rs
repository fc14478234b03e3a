//! Which vantages are believed, and for how long.

use super::*;

/// The shop on two hosts.
fn two_hosts() -> Config {
    config(&SHOP.replace("127.0.0.1:9101", "127.0.0.2"))
}

#[test]
fn a_vantage_to_which_nothing_answers_is_named_and_makes_nothing_fail_or_warn() {
    let mut arbiter = Arbiter::new(two_hosts(), &[], at(0));
    feed(&mut arbiter, 1_000, &[("weur", "++"), ("enam", "++"), ("apac", "++")]);
    feed(&mut arbiter, 2_000, &[("weur", "x+")]);
    assert_eq!(
        arbiter.snapshot(&Part::Whole, at(2_000)).pools[0].origins[0].status,
        Status::Warn,
        "one of two"
    );
    feed(&mut arbiter, 3_000, &[("weur", "xx")]);
    let snapshot = arbiter.snapshot(&Part::Whole, at(3_000));
    let primary = &snapshot.pools[0].origins[0];
    assert_eq!(primary.status, Status::Pass);
    assert_eq!(
        primary.reason,
        "2 of 2 vantages pass; weur has no evidence: nothing answers weur, while enam and 1 more get good answers"
    );
    assert_eq!(primary.votes.len(), 3, "its vote is shown all the same");
    let weur = snapshot.watch.iter().find(|watch| watch.vantage.as_str() == "weur").unwrap();
    assert!(weur.blind.as_ref().unwrap().starts_with("any origin: nothing answers weur"), "{weur:?}");
    // The others lose the origins as well: it was not weur.
    feed(&mut arbiter, 4_000, &[("enam", "xx")]);
    let snapshot = arbiter.snapshot(&Part::Whole, at(4_000));
    assert_eq!(
        snapshot.pools[0].origins[0].status,
        Status::Fail,
        "{:?}",
        snapshot.pools[0].origins[0].reason
    );
}

#[test]
fn a_vantage_that_is_not_believed_keeps_what_it_saw_before_until_it_gives_it_up() {
    let text = SHOP
        .replace("127.0.0.1:9101", "127.0.0.2")
        .replace("name = \"shop\"", "name = \"shop\"\nmin_votes = 3");
    let mut arbiter = Arbiter::new(config(&text), &[], at(0));
    feed(&mut arbiter, 1_000, &[("weur", "++"), ("enam", "++"), ("apac", "++")]);
    let config = arbiter.config.clone();
    let mut doubtful = report(&config, "weur", at(2_000).as_millis(), "xx");
    for vote in &mut doubtful.votes {
        vote.opinion = Opinion::Pass;
    }
    arbiter.step(Event::Reported(doubtful), at(2_000));
    let status = |arbiter: &Arbiter, ms| arbiter.snapshot(&Part::Whole, at(ms)).pools[0].origins[0].status;
    assert_eq!(
        status(&arbiter, 2_000),
        Status::Pass,
        "one failure that decides nothing yet takes no vote away"
    );
    feed(&mut arbiter, 3_000, &[("weur", "xx")]);
    assert_eq!(status(&arbiter, 3_000), Status::Unknown, "two of three votes are left, and three are needed");
}

#[test]
fn an_origin_is_in_doubt_while_the_last_evidence_speaks_against_a_vote() {
    let mut arbiter = arbiter();
    let config = arbiter.config.clone();
    let (mut ms, shop) = (1_000, Part::Pool(Name::parse("shop").unwrap()));
    let mut told = |opinion, script: &str| {
        ms += 1_000;
        let mut report = report(&config, "weur", at(ms).as_millis(), script);
        report.votes.iter_mut().for_each(|vote| vote.opinion = opinion);
        arbiter.step(Event::Reported(report), at(ms));
        assert!(!arbiter.snapshot(&Part::Summary, at(ms)).in_doubt(), "only a copy of one pool says so");
        arbiter.snapshot(&shop, at(ms)).in_doubt()
    };
    assert!(!told(Opinion::Undecided, "-+"), "what is not known is not in doubt");
    assert!(!told(Opinion::Pass, "++"));
    assert!(told(Opinion::Pass, "-+"), "one more failure may decide");
    assert!(!told(Opinion::Fail, "--"));
    assert!(told(Opinion::Fail, "-+"), "one more pass may");
    assert!(!told(Opinion::Pass, "++"));
    let lapsed = arbiter.snapshot(&shop, at(600_000));
    assert!(!lapsed.in_doubt());
}

#[test]
fn a_vote_that_is_rarely_renewed_outlives_an_arbiter_that_is_made_anew_between_reports() {
    // Every 20 s one of the other, whose row is stored ever so often.
    let text = SHOP
        .replace("vantages = [\"weur\", \"enam\", \"apac\"]", "vantages = [\"weur\"]")
        .replace("name = \"primary\"", "name = \"primary\"\ninterval = \"2m\"")
        .replace("name = \"standby\"", "name = \"standby\"\ninterval = \"20s\"");
    let config = config(&text);
    let mut table: Vec<Row> = Vec::new();
    let mut store = |effects: &[Effect]| {
        for row in rows(effects) {
            table.retain(|old| row.table == Table::Events || old.table != row.table || old.key != row.key);
            table.push(row);
        }
        table.clone()
    };
    let mut stored = Vec::new();
    for second in (0..3_600).step_by(20) {
        let now = at(second * 1_000);
        let mut arbiter = Arbiter::new(config.clone(), &stored, now);
        // It is made anew before every report, and knows what is stored.
        let (own, seq) = if second % 120 == 0 { ("primary", 0) } else { ("standby", 1) };
        let mut told = report(&config, "weur", now.as_millis() + seq, "++");
        told.votes.retain(|vote| vote.origin.origin.as_str() == own);
        let effects = arbiter.step(Event::Reported(told), now);
        stored = store(&effects);
        if second >= 20 {
            let primary = &arbiter.snapshot(&Part::Whole, now).pools[0].origins[0];
            assert_eq!(primary.status, Status::Pass, "after {second} s: {}", primary.reason);
        }
    }
}

#[test]
fn a_vantage_that_comes_back_is_believed_what_it_sees_from_then_on() {
    let text = SHOP
        .replace("127.0.0.1:9101", "127.0.0.2")
        .replace("name = \"shop\"", "name = \"shop\"\nquorum = \"any\"");
    let mut arbiter = Arbiter::new(config(&text), &[], at(0));
    feed(&mut arbiter, 1_000, &[("weur", "++"), ("enam", "++"), ("apac", "++")]);
    feed(&mut arbiter, 2_000, &[("weur", "xx")]);
    let config = arbiter.config.clone();
    let statuses = |arbiter: &Arbiter, ms| {
        let pool = arbiter.snapshot(&Part::Whole, at(ms)).pools[0].clone();
        pool.origins.iter().map(|origin| origin.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&arbiter, 2_000), [Status::Pass, Status::Pass]);
    // The first answer: it still says fail of both, of the one because it passed once only, of the
    // other because it has not looked.
    let mut first = report(&config, "weur", at(3_000).as_millis(), "+");
    first.votes[0].opinion = Opinion::Fail;
    arbiter.step(Event::Reported(first), at(3_000));
    assert_eq!(
        statuses(&arbiter, 3_000),
        [Status::Pass, Status::Pass],
        "its cable is back, and nothing failed"
    );
    // What it sees now counts, and one is a quorum.
    feed(&mut arbiter, 4_000, &[("weur", "+-")]);
    assert_eq!(statuses(&arbiter, 4_000), [Status::Pass, Status::Fail]);
}
