//! What is not taken comes again, and what is given up.

use super::*;

#[test]
fn a_message_that_is_not_taken_comes_again_later_and_later_with_the_same_id() {
    let mut ops = Listener::of("give_up = \"6h\"");
    ops.takes = false;
    ops.sees("shop", '-');
    let (mut sent, mut ids) = (Vec::new(), Vec::new());
    for second in 0..4 * 3_600 {
        let now = at(second * 1_000);
        ops.outbox.make(&ops.channel, &|_: &str| Detail::default(), None, now);
        if let Some(delivery) = ops.outbox.send(now) {
            sent.push(second);
            ids.push(delivery.id.clone());
            let failed = Outcome::Failed { why: "status 500".into(), retry_after: None };
            ops.outbox.answered(&delivery.id, failed, now);
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let pauses: Vec<u64> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses[0] <= 7 && pauses[1] <= 13, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 751), "ten minutes and a quarter: {pauses:?}");
    assert!(pauses.len() > 20, "{pauses:?}");
}

#[test]
fn a_receiver_is_left_alone_for_as_long_as_it_asks_but_an_hour_at_most() {
    for (asks, waits) in [(120, 120), (1, 3), (1_000_000, 3_600)] {
        let mut outbox = Outbox::new(Name::parse("ops").unwrap());
        let channel = channel("");
        let found = of_pool(&channel, pool(Status::Fail, at(0)));
        outbox.see(&channel, "pool/shop", found, at(0));
        outbox.make(&channel, &|_: &str| Detail::default(), None, at(3_000));
        let id = outbox.send(at(3_000)).unwrap().id;
        let retry_after = Some(Millis::from_secs(asks));
        outbox.answered(&id, Outcome::Failed { why: "status 429".into(), retry_after }, at(3_000));
        let next = outbox.next(&channel, at(3_000)).unwrap().since(at(3_000));
        assert!(next >= Millis::from_secs(waits) && next <= Millis::from_secs(waits + 5), "{asks}: {next}");
    }
}

#[test]
fn what_is_given_up_is_told_anew_as_far_as_it_lasts() {
    let mut ops = Listener::of("give_up = \"1h\"");
    ops.takes = false;
    ops.sees("a", '-');
    ops.sees("b", '-');
    ops.passes(3_500);
    ops.sees("b", '+');
    ops.passes(400);
    assert_eq!((ops.given_up, ops.words().len()), (1, 0));
    ops.takes = true;
    ops.passes(700);
    assert_eq!(ops.words(), ["still pool/a", "recovered pool/b"]);
}

#[test]
fn what_a_message_that_is_given_up_said_to_be_over_is_said_with_the_next_and_nothing_else_is_repeated() {
    let mut ops = Listener::of("give_up = \"1h\"");
    ops.sees("lasting", '-');
    ops.sees("short", '-');
    ops.passes(100);
    ops.takes = false;
    ops.sees("short", '+');
    ops.passes(3_700);
    assert_eq!(ops.given_up, 1);
    ops.takes = true;
    ops.passes(700);
    assert_eq!(ops.words(), ["fail pool/lasting", "fail pool/short", "recovered pool/short"]);
}

#[test]
fn what_came_and_went_in_a_message_that_is_given_up_is_past_in_the_next() {
    let mut ops = Listener::of("give_up = \"1h\"");
    ops.takes = false;
    // The first message waits, and the second speaks of what came and went meanwhile.
    ops.sees("first", '-');
    ops.passes(60);
    ops.sees("brief", '-');
    ops.passes(60);
    ops.sees("brief", '+');
    ops.passes(2 * 3_600 + 200);
    assert_eq!(ops.given_up, 2);
    ops.takes = true;
    ops.passes(700);
    assert_eq!(ops.words(), ["past pool/brief", "still pool/first"]);
}
