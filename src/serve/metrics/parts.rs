//! Measurements of Vedette's own parts: the worker that answers, the objects that probe, the
//! channels.

use super::family::{Family, Labels};
use crate::reader::Tier;
use crate::serve::Basis;
use crate::snapshot::{ChannelView, WatchView};

/// Every layer that an answer may come from.
const LAYERS: [&str; 5] = {
    let [memory, cache, arbiter, kv, nothing] = Tier::ALL;
    [memory.as_str(), cache.as_str(), arbiter.as_str(), kv.as_str(), nothing.as_str()]
};

/// Measurements of the worker that answers.
pub(super) fn worker(basis: &Basis<'_>) -> Vec<Family> {
    let all = Labels::default();
    let config = basis.config.hash.to_string();
    let build = Labels::of([("version", env!("CARGO_PKG_VERSION")), ("config", &config)]);
    let layer = basis.source.layer;
    let taken = (layer != Tier::Nothing).then(|| all.time(basis.snapshot.taken_at));
    vec![
        Family::gauge(
            "vedette_build_info",
            "The release and the fingerprint of its configuration; always 1.",
            [build.count(1_u64)],
        ),
        Family::gauge(
            "vedette_arbiter_up",
            "Whether the Arbiter answers, as far as the worker that answers knows.",
            [all.count(!basis.source.silent)],
        ),
        Family::gauge(
            "vedette_snapshot_timestamp",
            "When the verdicts were written down that all of this is made from.",
            taken,
        )
        .in_seconds(),
        Family::gauge(
            "vedette_snapshot_layer",
            "Where they were found: 1 for the layer, 0 for the others.",
            all.states("layer", LAYERS, layer.as_str()),
        ),
    ]
}

/// Measurements of the objects that probe.
pub(super) fn vantages(basis: &Basis<'_>) -> Vec<Family> {
    let watch: Vec<(Labels, &WatchView)> = basis
        .snapshot
        .watch
        .iter()
        .map(|watch| (Labels::of([("vantage", watch.vantage.as_str()), ("shard", &watch.shard)]), watch))
        .collect();
    let each = || watch.iter().map(|(labels, watch)| (labels, *watch));
    let fast = || each().filter_map(|(labels, watch)| Some((labels, watch.fast?)));
    vec![
        Family::gauge(
            "vedette_vantage_up",
            "Whether the object that probes reports.",
            each().map(|(labels, watch)| labels.count(watch.reports_at(basis.now))),
        ),
        Family::gauge(
            "vedette_vantage_report_timestamp",
            "When it reported last.",
            each().filter_map(|(labels, watch)| Some(labels.time(watch.heard?))),
        )
        .in_seconds(),
        Family::gauge(
            "vedette_vantage_lag",
            "How late its latest tick began.",
            each().map(|(labels, watch)| labels.span(watch.lag)),
        )
        .in_seconds(),
        Family::gauge(
            "vedette_vantage_queued",
            "How long the last probe of that tick waited for others to end, where it did.",
            each().filter_map(|(labels, watch)| Some(labels.span(watch.queued?))),
        )
        .in_seconds(),
        Family::counter(
            "vedette_vantage_missed_slots",
            "Slots that passed without a probe since the object began.",
            each().map(|(labels, watch)| labels.count(watch.missed)),
        ),
        Family::gauge(
            "vedette_vantage_blind",
            "Whether there is an origin that it has no evidence of.",
            each().map(|(labels, watch)| labels.count(watch.blind.is_some())),
        ),
        Family::gauge(
            "vedette_vantage_fast_probes_allowed",
            "Its fast probes of a day, where they are counted.",
            fast().map(|(labels, fast)| labels.count(fast.of)),
        ),
        Family::gauge(
            "vedette_vantage_fast_probes_left",
            "How many of them are left of this day (UTC).",
            fast().map(|(labels, fast)| labels.count(fast.of.saturating_sub(fast.spent))),
        ),
    ]
}

/// Measurements of the channels.
pub(super) fn channels(basis: &Basis<'_>) -> Vec<Family> {
    let channels: Vec<(Labels, &ChannelView)> = basis
        .snapshot
        .notify
        .iter()
        .flatten()
        .map(|channel| (Labels::of([("channel", channel.name.as_str())]), channel))
        .collect();
    let each = || channels.iter().map(|(labels, channel)| (labels, *channel));
    vec![
        Family::gauge(
            "vedette_notify_waiting",
            "Pools and vantages that the channel is still to be told of, the message on its way counted as one.",
            each().map(|(labels, one)| labels.count(one.waiting.saturating_add(one.sending.into()))),
        ),
        Family::gauge(
            "vedette_notify_failing",
            "Whether the channel takes no message.",
            each().map(|(labels, channel)| labels.count(channel.failing.is_some())),
        ),
        Family::gauge(
            "vedette_notify_delivered_timestamp",
            "When the channel took a message last.",
            each().filter_map(|(labels, channel)| Some(labels.time(channel.delivered?))),
        )
        .in_seconds(),
    ]
}
