//! Writes the page in each of its designed states into a folder, to be looked at, and of some the
//! pages that show a past: `cargo run --example page_states -- FOLDER`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use vedette::access::{Caller, Identity};
use vedette::config;
use vedette::reader::{Source, Tier};
use vedette::serve::{self, Ask, Basis, Plan, View};
use vedette::units::{Millis, Who};

#[path = "page_states/past.rs"]
mod past;
#[expect(clippy::panic, clippy::expect_used, reason = "its stories are fixed, and the tests tell them too")]
#[path = "../src/serve/page/states.rs"]
mod states;

use states::State;

/// Pages with a past: the state that they are of, their address, and what they are called.
const PAGES: [(&str, &str, &str); 14] = [
    ("failing-over", "/pool/shop", "pool"),
    ("failing-over", "/pool/shop/primary", "origin"),
    ("failing-over", "/status", "status-failing-over"),
    ("monitors", "/status", "status"),
    ("monitor-down-for-long", "/status", "status-down"),
    ("monitors", "/monitor/memo", "monitor"),
    ("passing", "/pool/shop/standby?window=6h", "origin-without-a-past"),
    ("failing-over", "/incidents", "incidents"),
    ("failing-over", "/incident/shop-mkz3k0q8", "incident"),
    ("failing-over", "/changes", "changes"),
    ("failing-over", "/change/change-1", "change"),
    ("failing-over", "/incident/shop-mkz3k0q1", "incident-told"),
    ("hostile-titles", "/status", "status-hostile"),
    ("hostile-titles", "/monitor/memo", "monitor-hostile"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("the folder is missing")?);
    fs::create_dir_all(&folder)?;
    let states = states::all();
    for state in &states {
        fs::write(folder.join(state.name).with_extension("html"), told(state, &View::Page, "/", &[]))?;
    }
    for (name, target, called) in PAGES {
        let state = states.iter().find(|state| state.name == name).ok_or(name)?;
        let somebody = somebody().ok_or("ada is somebody")?;
        // Changes are for people of the service.
        let caller = target.starts_with("/change").then_some(&somebody);
        let ask = Ask { method: "GET", target, if_none_match: None, accept: None, caller };
        let Plan::FromSnapshot(view) = serve::plan(Ok(&state.config), &ask) else {
            return Err(target.into());
        };
        let pool = target.split('/').nth(2).unwrap_or_default();
        let days = if view == View::Status {
            past::of_all(&state.config, state.now)
        } else {
            past::days(&state.config, pool, state.now).to_string()
        };
        let history = past::history(state.now);
        let known = [Some(days.as_str()), Some(history.as_str())];
        let (open, over) = (past::incidents(state.now, true), past::incidents(state.now, false));
        let one = past::incident(state.now, pool).to_string();
        let (listed, noted) = ([Some(open.as_str()), Some(over.as_str())], [Some(one.as_str()), None]);
        let nothing = [Some(days.as_str()), None];
        let lately = past::lately(&state.snapshot, state.now);
        let customers = [Some(days.as_str()), Some(lately.as_str())];
        let past = match called {
            "origin-without-a-past" => &nothing,
            "incidents" => &listed,
            "incident" | "incident-told" => &noted,
            "change" => &[Some(CHANGES.lines().nth(1).unwrap_or_default()), None],
            "changes" => &[CHANGES.lines().nth(2), None],
            _ if view == View::Status => &customers,
            _ => &known,
        };
        fs::write(folder.join(called).with_extension("html"), told(state, &view, target, past))?;
    }
    Ok(())
}

/// What is told of changes: one that is started, the same when it is judged, and a list.
const CHANGES: &str = include_str!("../src/change/frozen/answers.txt");

fn somebody() -> Option<Caller> {
    Some(Caller::Known(Identity { name: Who::parse("ada")?, tier: config::Tier::Read }))
}

fn told(state: &State, view: &View, target: &str, past: &[Option<&str>]) -> String {
    let source = Source {
        layer: Tier::Memory,
        age: Millis::ZERO,
        limit: Millis::ZERO,
        silent: state.arbiter_silent,
        replaced: false,
    };
    let basis = Basis {
        snapshot: &state.snapshot,
        config: &state.config,
        source,
        now: state.now,
        counts: &[],
        seen: &[],
        past,
        public: None,
    };
    let ask = Ask { method: "GET", target, if_none_match: None, accept: None, caller: None };
    serve::answer(view, &ask, &basis).body
}
