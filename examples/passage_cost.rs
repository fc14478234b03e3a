//! Cost.
#![allow(missing_docs)]
use std::rc::Rc;
use std::time::Instant;
use vedette::config::Config;
use vedette::route::{Event, Inbound, Passage};
use vedette::snapshot::Snapshot;
use vedette::units::Timestamp;
fn main() {
    let text = r#"
[defaults]
interval = "1s"
fast_interval = "1s"
timeout = "1s"
vantages = ["weur", "enam", "apac"]
[[pool]]
name = "shop"
[[pool.origin]]
name = "primary"
url = "http://127.0.0.1:9101"
[[pool.origin]]
name = "standby"
url = "http://127.0.0.1:9102"
priority = 1
[[route]]
host = "shop.localhost"
pool = "shop"
"#;
    let config = Config::parse(text).unwrap();
    let now = Timestamp::from_millis(1_795_426_871_007);
    let snapshot = Rc::new(Snapshot::blank(&config, now, "x"));
    let mut passage = Passage::new(&config, 1);
    let inbound = Inbound { method: "GET", url: "http://shop.localhost/orders/17?page=2", client: Some("1.2.3.4"), chance: (1, 2), ..Inbound::default() };
    let n = 200_000;
    let begun = Instant::now();
    let mut len = 0;
    for _ in 0..n {
        let step = passage.depart(&config, &inbound, |_| Some(Rc::clone(&snapshot)), now).unwrap();
        let vedette::route::Step::Send(send) = &step else { panic!() };
        let id = send.id;
        len += step.write().len();
        let (step, _) = passage.returned(&config, id, Event::Answered(200), now).unwrap();
        len += step.write().len();
    }
    println!("{} ns each, {len}", begun.elapsed().as_nanos() / n);
}
