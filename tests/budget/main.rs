//! What `vedette::budget` calculates, held to what the engines do: simulated days in which every
//! effect is counted.
//!
//! A day at rest must come out as calculated, within 2% in every line that matters. A day in which
//! origins flap must stay within the plan; what counts most on such a day, requests and rows, must
//! be within 2%.
//!
//! `cargo test` looks at some hours at rest, `npm run test:long` at a whole day, optimised;
//! `VEDETTE_DAYS` may be more:
//!
//! ```text
//! VEDETTE_DAYS=1 cargo test --locked --config tests/optimised.toml --test budget
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails is what a panic is for"
)]

mod world;

use std::sync::LazyLock;

use vedette::budget::{self, Changing, Counts, Day, Effect, Resource, Told, USUAL};
use vedette::change;
use vedette::config::{Config, Plan};
use vedette::history::BUCKET;
use vedette::limits;
use vedette::schedule::{self, Slots};
use vedette::units::{Millis, Name, Timestamp};
use vedette::verdict::Status;
use world::{DAY, Nature, World, fine};

const HOUR: u64 = 3_600_000;

/// How many whole days a time at rest is to last; none unless asked for.
fn days() -> u64 {
    std::env::var("VEDETTE_DAYS").map_or(0, |days| days.parse().unwrap())
}

/// Whether whole days are to be lived through.
fn whole_days() -> bool {
    days() > 0
}

/// How long a time at rest is watched.
fn a_while() -> u64 {
    if whole_days() { days() * DAY } else { 2 * HOUR }
}

/// Pools of two origins each, `origins` in all, and what else there is.
fn config_of(head: &str, origins: usize, more: &str) -> Config {
    let mut text = format!("{head}\n");
    for n in 0..origins {
        if n % 2 == 0 {
            text += &format!("[[pool]]\nname = \"p{n}\"\n");
        }
        text += &format!("[[pool.origin]]\nname = \"o{n}\"\nurl = \"https://o{n}.example\"\n");
    }
    Config::parse(&(text + more)).unwrap()
}

fn config(head: &str, origins: usize) -> Config {
    config_of(head, origins, "")
}

/// What the free plan is to carry: 10 origins × 3 vantages × 30 s.
fn free() -> Config {
    config("[defaults]\ninterval = \"30s\"\nvantages = [\"weur\", \"enam\", \"apac\"]", 10)
}

/// What is counted in a time after so much of it.
fn counted(config: &Config, day: Day, nature: Nature, (settle, time): (u64, u64)) -> Counts {
    let refresh = limits::copy_age(config.plan, false);
    let deployment = budget::deployment(config.clone());
    let mut world = World::new(&deployment, nature, day.readers(), refresh);
    world.live(settle, time);
    assert!(world.most_probes <= budget_of_subrequests(config), "{} in one tick", world.most_probes);
    world.counts
}

fn budget_of_subrequests(config: &Config) -> u64 {
    let caps = budget::of(config, config.plan).caps;
    caps.iter().find(|cap| cap.what.starts_with("subrequests")).unwrap().used
}

/// Whether what is calculated for a time is within 2% of what is counted, or within a hundredth of
/// what the plan allows. What little a small configuration uses hangs on which slots happen to lie
/// side by side.
fn agree(resource: Resource, calculated: u64, counted: u64, time: u64) -> bool {
    let apart = calculated.abs_diff(counted);
    let little = 2 + resource.a_day().unwrap_or(0) * time / DAY / 100;
    apart * 50 <= counted || apart <= little
}

fn at_rest(config: &Config, time: u64) {
    let calculated = budget::counts(config, config.plan, Day::Normal);
    let counted = counted(config, Day::Normal, fine, (HOUR, time));
    for resource in Resource::ALL {
        let (calculated, counted) = (calculated.uses(resource) * time / DAY, counted.uses(resource));
        // An object that is made anew reads the events that there are; a day at rest has hardly
        // any.
        let fewer = resource == Resource::RowsRead && counted <= calculated;
        assert!(
            fewer || agree(resource, calculated, counted, time),
            "{resource:?}: calculated {calculated}, counted {counted}"
        );
    }
}

#[test]
fn a_day_at_rest_costs_what_is_calculated() {
    at_rest(&free(), a_while());
}

#[test]
fn so_does_one_in_which_objects_keep_leaving_memory() {
    at_rest(&config("[defaults]\ninterval = \"60s\"\nvantages = [\"weur\"]", 1), a_while());
    at_rest(&config("[defaults]\ninterval = \"5m\"\nvantages = [\"weur\", \"enam\"]", 3), a_while());
}

#[test]
fn so_does_one_whose_history_is_kept_for_less() {
    let head = "history = { minutes = \"1h\", hours = \"1d\", days = \"1d\" }\n[defaults]\ninterval = \"30s\"\nvantages = [\"weur\", \"enam\"]";
    at_rest(&config(head, 10), a_while());
}

#[test]
fn so_does_one_of_several_intervals_with_references() {
    let mut text =
        "references = [\"https://reference.example\"]\n[defaults]\ninterval = \"20s\"\n".to_owned();
    for n in 0..12 {
        let interval = ["20s", "45s", "2m"][n % 3];
        text += &format!(
            "[[pool]]\nname = \"p{n}\"\n[[pool.origin]]\nname = \"o\"\nurl = \"https://o{n}.example\"\ninterval = \"{interval}\"\n"
        );
    }
    at_rest(&Config::parse(&text).unwrap(), a_while());
}

#[test]
fn so_does_one_with_jobs_and_channels() {
    let more = "[[pool]]\nname = \"jobs\"\norigin = [\n\
                { name = \"a\", kind = \"heartbeat\", period = \"10s\", grace = \"5s\" },\n\
                { name = \"b\", kind = \"heartbeat\", period = \"1m\" },\n\
                { name = \"c\", kind = \"heartbeat\", period = \"1h\" },\n]\n\
                [[notify]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"https://ops.example\"\nsecret = \"KEY\"\n";
    let head = "heartbeat_secret = \"KEY\"\n[defaults]\ninterval = \"30s\"\nvantages = [\"weur\", \"enam\", \"apac\"]";
    at_rest(&config_of(head, 10, more), a_while());
    // Nothing is probed: the Arbiter is woken by jobs, by itself and by readers.
    at_rest(&config_of("heartbeat_secret = \"KEY\"", 0, more), a_while());
}

#[test]
fn so_does_a_paid_plan_with_several_shards() {
    let head = "plan = \"paid\"\n[defaults]\nconnect = \"off\"\ninterval = \"10s\"\nvantages = [\"weur\", \"enam\", \"apac\"]";
    // In less than an hour the rows of its end weigh too much, or not at all.
    at_rest(&config(head, 40), (a_while() / 24).max(HOUR));
}

/// How much longer a tick lasts for connections hangs on which of its probes open them: it is
/// estimated.
#[test]
fn what_connections_cost_is_calculated_within_a_tenth() {
    for (connect, origins) in [("1m", 1), ("1m", 16), ("1m", 40), ("always", 10), ("5m", 20)] {
        let head = format!("plan = \"paid\"\n[defaults]\nconnect = \"{connect}\"\nvantages = [\"weur\"]");
        let config = config(&head, origins);
        let time = a_while() / 16;
        let duration = |counts: &Counts| counts.uses(Resource::Duration) * 1_000;
        let calculated = duration(&budget::counts(&config, Plan::Paid, Day::Normal)) * time / DAY;
        let counted = duration(&counted(&config, Day::Normal, fine, (HOUR, time)));
        let apart = calculated.abs_diff(counted);
        assert!(apart * 10 <= counted, "{connect}, {origins}: calculated {calculated}, counted {counted}");
    }
}

/// The last origin never decides: it passes and fails in turn.
fn wavers(origin: usize, (nth, _): (u64, u64), _: Millis) -> (bool, u64) {
    (origin != 9 || nth.is_multiple_of(2), 300)
}

/// When the first vantage has its turn at the last origin of [`free`], in each of its intervals.
fn turn() -> u64 {
    static TURN: LazyLock<u64> = LazyLock::new(|| {
        let (config, vantage) = (free(), Name::parse("weur").unwrap());
        let shard = &schedule::shards(&config, &vantage)[0];
        let (slots, interval) = (Slots::new(&vantage, shard.turn(9)), Millis::from_secs(30));
        // The least jitter of many is next to none.
        let slots =
            (0..1_000).map(|n| slots.next(interval, Timestamp::from_millis(world::BEGIN + n * 30_000)));
        slots.map(|at| (at.as_millis() - world::BEGIN) % 30_000).min().unwrap()
    });
    *TURN
}

/// The last origin turns its votes as often as it can: it fails for the turn of each vantage, which
/// is enough for `fall` 3, and passes for the next, which is enough for `rise` 2.
fn turns(origin: usize, (_, time): (u64, u64), _: Millis) -> (bool, u64) {
    (origin != 9 || ((time + 30_500 - turn()) / 30_000).is_multiple_of(2), 300)
}

/// The same, and it hangs whenever it fails.
fn turns_and_hangs(origin: usize, when: (u64, u64), timeout: Millis) -> (bool, u64) {
    let (passes, latency) = turns(origin, when, timeout);
    (passes, if passes { latency } else { timeout.get() })
}

/// One turns, and another spends what is left of the allowance.
fn both(origin: usize, when: (u64, u64), timeout: Millis) -> (bool, u64) {
    if origin == 0 { turns(9, when, timeout) } else { wavers(origin, when, timeout) }
}

/// Everything turns, each vantage in its own time.
fn all_turn(origin: usize, (nth, _): (u64, u64), _: Millis) -> (bool, u64) {
    ((nth + origin as u64) % 5 >= 3, 300 + 10 * (origin as u64 % 7))
}

/// Everything hangs.
fn all_hang(_: usize, _: (u64, u64), timeout: Millis) -> (bool, u64) {
    (false, timeout.get())
}

fn worst_day(config: &Config, day: Day, nature: Nature) {
    if !whole_days() {
        return;
    }
    let calculated = budget::counts(config, Plan::Free, day);
    // From its first moment on: an origin that was decided once is in doubt less often.
    let counted = counted(config, day, nature, (0, DAY));
    for resource in Resource::ALL {
        let (calculated, counted) = (calculated.uses(resource), counted.uses(resource));
        let limit = resource.a_day().unwrap_or(u64::MAX);
        assert!(counted <= limit, "{resource:?}: {counted} of {limit}");
        match resource {
            // The calculation takes every failure to last until the timeout, and every event to be
            // a step of its own. It takes every object that is made anew to read all there can be.
            Resource::Duration | Resource::KvWrites | Resource::RowsRead => {
                assert!(
                    counted <= calculated + 100,
                    "{resource:?}: calculated {calculated}, counted {counted}"
                );
            }
            // Which rows are due while others are stored for a change is estimated: within 3%.
            Resource::RowsWritten if day == Day::Turning => {
                let apart = calculated.abs_diff(counted);
                assert!(
                    apart * 100 <= counted * 3,
                    "{resource:?}: calculated {calculated}, counted {counted}"
                );
            }
            Resource::Requests
            | Resource::Cpu
            | Resource::ObjectRequests
            | Resource::RowsWritten
            | Resource::KvReads => {
                assert!(
                    agree(resource, calculated, counted, DAY),
                    "{resource:?}: calculated {calculated}, counted {counted}"
                );
            }
        }
    }
}

#[test]
fn an_origin_that_never_decides_costs_what_is_calculated() {
    worst_day(&free(), Day::Wavering, wavers);
}

#[test]
fn an_origin_that_keeps_turning_costs_what_is_calculated() {
    worst_day(&free(), Day::Turning, turns);
}

#[test]
fn an_origin_that_keeps_turning_and_is_all_that_its_pool_has_costs_what_is_calculated() {
    let head = "[defaults]\ninterval = \"30s\"\nvantages = [\"weur\", \"enam\", \"apac\"]\n";
    let monitors: String =
        (0..10).map(|n| format!("[[monitor]]\nname = \"o{n}\"\nurl = \"https://o{n}.example\"\n")).collect();
    worst_day(&Config::parse(&(head.to_owned() + &monitors)).unwrap(), Day::Turning, turns);
}

/// The most that the free plan is to carry: 60 origins × 3 vantages × 30 s.
fn sixty() -> Config {
    config("[defaults]\ninterval = \"30s\"\nvantages = [\"weur\", \"enam\", \"apac\"]", 60)
}

#[test]
fn a_day_at_rest_of_sixty_origins_costs_what_is_calculated() {
    at_rest(&sixty(), a_while());
}

#[test]
fn a_day_on_which_every_origin_hangs_costs_what_is_calculated() {
    worst_day(&free(), Day::Hanging, all_hang);
    worst_day(&sixty(), Day::Hanging, all_hang);
}

/// Every origin takes its time, and passes in the end.
fn all_are_slow(_: usize, _: (u64, u64), timeout: Millis) -> (bool, u64) {
    (true, timeout.get() - 100)
}

#[test]
fn nothing_that_sixty_origins_do_stops_the_watch() {
    let config = sixty();
    let budget = budget::of(&config, Plan::Free);
    assert_eq!(budget.excesses(), []);
    if !whole_days() {
        return;
    }
    let deployment = budget::deployment(config);
    for (nature, status) in [(all_hang as Nature, Status::Fail), (all_are_slow, Status::Pass)] {
        let mut world = World::new(&deployment, nature, 3, limits::copy_age(Plan::Free, false));
        // No moment of the day is without a verdict, once the first probes have decided.
        for hour in 1..24 {
            world.until_hour(hour);
            assert_eq!(world.verdicts(), [status], "in hour {hour}");
        }
        world.until_hour(24);
        for line in &budget.lines {
            let used = world.counts.uses(line.resource);
            assert!(line.limit.is_none_or(|limit| used <= limit), "{used}: {line:?}");
        }
    }
}

#[test]
fn the_free_plan_carries_ten_origins_from_three_vantages_whatever_they_do() {
    let config = free();
    let budget = budget::of(&config, Plan::Free);
    assert_eq!(budget.excesses(), []);
    if !whole_days() {
        return;
    }
    for nature in [turns_and_hangs as Nature, both, all_turn, all_hang] {
        let counted = counted(&config, Day::Turning, nature, (0, DAY));
        for line in &budget.lines {
            let used = counted.uses(line.resource);
            assert!(line.limit.is_none_or(|limit| used <= limit), "{used}: {line:?}");
        }
    }
}

/// The first pool is down for a while: in the middle of a whole day, or a quarter of an hour after
/// an hour for 75 minutes.
fn an_outage(origin: usize, (_, time): (u64, u64), _: Millis) -> (bool, u64) {
    let down = if whole_days() { 6 * HOUR..18 * HOUR } else { HOUR * 5 / 4..HOUR * 5 / 2 };
    (origin > 1 || !down.contains(&time), USUAL.get())
}

#[test]
fn telling_of_an_outage_costs_what_is_calculated() {
    let channel = "[[notify]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"https://ops.example\"\nsecret = \"KEY\"\nafter = \"1m\"\n\
                   every = \"1h\"\n";
    let head = "[defaults]\ninterval = \"30s\"\nvantages = [\"weur\", \"enam\", \"apac\"]\n";
    let (quiet, notifications) = (config(head, 10), config_of(head, 10, channel));
    let live = |config: &Config, taken: bool| {
        let deployment = budget::deployment(config.clone());
        let mut world = World::new(&deployment, an_outage, 1, limits::copy_age(config.plan, false));
        world.taken = taken;
        world.live(HOUR, a_while());
        world.counts
    };
    let untold = live(&quiet, true);
    for taken in [true, false] {
        let counted = live(&notifications, taken);
        let reminders = if whole_days() { 11 } else { 1 };
        let told = match counted.of(Effect::Message) {
            // That it fails, that it still does, and that it is over.
            _ if taken => Told { news: 2, reminders, retries: 0 },
            // What is not taken is tried until it is given up, or over; nothing is said in between.
            attempts => Told { news: 1, reminders: 0, retries: attempts - 1 },
        };
        let mut calculated = untold.clone();
        told.count(&mut calculated);
        for effect in [Effect::Message, Effect::OutboxRow, Effect::SetAlarm, Effect::ArbiterAlarm] {
            let more = |counts: &Counts| counts.of(effect) - untold.of(effect).min(counts.of(effect));
            let (calculated, counted) = (more(&calculated), more(&counted));
            let messages = told.news + told.reminders + told.retries;
            // What is due while the Arbiter looks anyway needs no alarm of its own.
            let of_alarms = effect == Effect::SetAlarm || effect == Effect::ArbiterAlarm;
            let apart = if of_alarms && counted < calculated { messages } else { counted / 50 };
            assert!(
                calculated.abs_diff(counted) <= 2 + apart,
                "{effect:?}: calculated {calculated}, counted {counted}, {told:?}"
            );
        }
        for resource in Resource::ALL {
            let (calculated, counted) = (calculated.uses(resource), counted.uses(resource));
            assert!(
                agree(resource, calculated, counted, a_while()),
                "{resource:?}: calculated {calculated}, counted {counted}"
            );
        }
    }
}

/// A change of these origins with the usual windows.
fn change_of(config: &Config, origins: &[&str]) -> change::Plan {
    let text =
        format!(r#"{{"title": "an index", "owner": "Ada", "rollback": "drop it", "origins": {origins:?}}}"#);
    serde_json::from_str::<change::Draft>(&text).unwrap().plan(config).unwrap()
}

/// What is counted in a world in which a change starts after an hour and a second, and in the same
/// world without one; both from the same moment on, for as long.
fn with_and_without(config: &Config, plan: &change::Plan, (settle, time): (u64, u64)) -> [Counts; 2] {
    let deployment = budget::deployment(config.clone());
    [true, false].map(|changes| {
        let mut world = World::new(&deployment, fine, 0, limits::copy_age(config.plan, false));
        if changes {
            world.changes(plan.clone(), HOUR + 1_000);
        }
        world.live(settle, time);
        if changes {
            let told = world.told(1);
            assert!(told["verdict"].is_string() && told["judgement"]["final"] == true, "{told}");
        }
        world.counts
    })
}

/// How much more there is of something.
fn more(of: impl Fn(&Counts) -> u64, [with, without]: &[Counts; 2]) -> u64 {
    of(with).saturating_sub(of(without))
}

#[test]
fn a_change_costs_what_is_calculated() {
    for (config, origins) in [
        (free(), &["p0/o0"][..]),
        (free(), &["p0/o0", "p0/o1", "p2/o2"]),
        (config("[defaults]\ninterval = \"60s\"\nvantages = [\"weur\"]", 1), &["p0/o0"]),
        // With so many samples each origin and vantage is a step of each look.
        (
            config(
                "plan = \"paid\"\n[defaults]\ninterval = \"1s\"\nvantages = [\"weur\", \"enam\", \"apac\"]",
                2,
            ),
            &["p0/o0", "p0/o1"],
        ),
    ] {
        let plan = change_of(&config, origins);
        let changing = Changing::of(&config, &plan);
        assert!([1, changing.pairs].contains(&changing.steps), "{changing:?}");
        let mut calculated = Counts::default();
        changing.count(&mut calculated);
        let counted = with_and_without(&config, &plan, (HOUR, HOUR));
        for effect in [Effect::Edit, Effect::Ask, Effect::MetaRow, Effect::HistoryRow] {
            let (calculated, counted) = (calculated.of(effect), more(|counts| counts.of(effect), &counted));
            assert_eq!(calculated, counted, "{effect:?} of {origins:?}");
        }
        // What is due while the Arbiter looks anyway needs no alarm of its own.
        for resource in [Resource::RowsWritten, Resource::ObjectRequests] {
            let (calculated, counted) =
                (calculated.uses(resource), more(|counts| counts.uses(resource), &counted));
            assert!(
                counted <= calculated && calculated <= counted + 8,
                "{resource:?} of {origins:?}: calculated {calculated}, counted {counted}"
            );
        }
    }
}

/// While it is measured. The samples of both windows come to that: a row for each origin and
/// vantage at either end.
#[test]
fn a_running_change_adds_at_most_a_row_written_for_each_rollup_and_shard() {
    let config = free();
    let plan = change_of(&config, &["p0/o0"]);
    let changing = Changing::of(&config, &plan);
    let mut calculated = Counts::default();
    changing.measured(&mut calculated);
    let rollups = plan.after.get() / BUCKET.get() * shards_of(&config);
    assert!(calculated.uses(Resource::RowsWritten) <= rollups, "{calculated:?}, {rollups} rollups");
    // From just after it was applied until just before it is closed.
    let applied = HOUR + 61_000;
    let measured = plan.warm_up.get() + plan.after.get() + 100_000;
    let counted = with_and_without(&config, &plan, (applied + 1, measured));
    let rows = more(|counts| counts.uses(Resource::RowsWritten), &counted);
    assert!(rows <= rollups, "{rows} rows in the time of {rollups} rollups");
    let open = more(|counts| counts.of(Effect::MetaRow) + counts.of(Effect::HistoryRow), &counted);
    assert_eq!(open, calculated.of(Effect::MetaRow) + calculated.of(Effect::HistoryRow));
}

#[test]
fn extra_probes_are_few_requests_and_stay_within_the_allowance_of_the_day() {
    let config = free();
    let plan = change::Plan { extra_probes: true, ..change_of(&config, &["p0/o0"]) };
    let allowed = u64::from(budget::deployment(config.clone()).daily.unwrap().fast_probes);
    let counted = with_and_without(&config, &plan, (HOUR, HOUR));
    let asked = more(|counts| counts.of(Effect::Arm), &counted);
    let (vantages, interval) = (config.vantages.len() as u64, 30_000);
    let most = vantages * plan.after.get() / interval;
    assert!(asked > most / 2 && asked <= most, "{asked} of {most}");
    let probes = more(|counts| counts.of(Effect::Probe), &counted);
    // What docs/limits.md says of it.
    for (resource, most) in [(Resource::RowsWritten, 1_400), (Resource::ObjectRequests, 1_100)] {
        let used = more(|counts| counts.uses(resource), &counted);
        assert!(used <= most && used > most - 100, "{resource:?}: {used}");
    }
    assert!(probes > asked && probes <= allowed * shards_of(&config), "{probes} probes, {allowed} allowed");
}

/// Shards of all vantages.
fn shards_of(config: &Config) -> u64 {
    config.vantages.iter().map(|vantage| schedule::shards(config, &vantage.name).len() as u64).sum()
}
