//! Families of measurements → text, in the two forms that Prometheus reads. The spelling of both is
//! the crate's (decision 0029).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabel, EncodeLabelSet, LabelSetEncoder, NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::{Registry, Unit};

use super::Exposition;
use crate::history::{BOUNDS, Histogram};
use crate::units::{Millis, Timestamp};

/// Measurements of one name.
#[derive(Debug)]
pub(super) struct Family {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    unit: Option<Unit>,
    lines: Vec<Line>,
}

/// One measurement.
#[derive(Debug)]
pub(super) struct Line {
    labels: Labels,
    value: Value,
}

/// What a measurement is of.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    /// What several measurements share.
    subject: Arc<[(&'static str, String)]>,
    /// Which of several states it is.
    state: Option<(&'static str, &'static str)>,
}

/// A value of a measurement.
#[derive(Clone, Debug)]
enum Value {
    Count(u64),
    /// Milliseconds, shown in seconds.
    Span(u64),
    /// Lengths of time, by bounds in seconds.
    Spans(Histogram),
}

impl Labels {
    /// Labels of a subject, in this order.
    pub(super) fn of<const N: usize>(labels: [(&'static str, &str); N]) -> Self {
        let subject = labels.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        Self { subject, state: None }
    }

    /// The same of one state among several.
    fn with(&self, label: &'static str, state: &'static str) -> Self {
        Self { subject: Arc::clone(&self.subject), state: Some((label, state)) }
    }

    /// A number.
    pub(super) fn count(&self, count: impl Into<u64>) -> Line {
        Line { labels: self.clone(), value: Value::Count(count.into()) }
    }

    /// A length of time.
    pub(super) fn span(&self, span: Millis) -> Line {
        Line { labels: self.clone(), value: Value::Span(span.get()) }
    }

    /// Lengths of time, counted.
    pub(super) fn spans(&self, histogram: &Histogram) -> Line {
        Line { labels: self.clone(), value: Value::Spans(histogram.clone()) }
    }

    /// A point in time, since 1970.
    pub(super) fn time(&self, at: Timestamp) -> Line {
        Line { labels: self.clone(), value: Value::Span(at.as_millis()) }
    }

    /// One line for each of these states: 1 for the one that it is in, 0 for the others.
    pub(super) fn states<const N: usize>(
        &self,
        label: &'static str,
        states: [&'static str; N],
        state: &str,
    ) -> impl Iterator<Item = Line> + use<N> {
        let subject = self.clone();
        let state = state.to_owned();
        states.into_iter().map(move |one| subject.with(label, one).count(one == state))
    }
}

impl Family {
    fn new(
        name: &'static str,
        help: &'static str,
        kind: MetricType,
        lines: impl IntoIterator<Item = Line>,
    ) -> Self {
        Self { name, help, kind, unit: None, lines: lines.into_iter().collect() }
    }

    /// A measurement that rises and falls.
    pub(super) fn gauge(
        name: &'static str,
        help: &'static str,
        lines: impl IntoIterator<Item = Line>,
    ) -> Self {
        Self::new(name, help, MetricType::Gauge, lines)
    }

    /// One that only rises; `_total` is put behind its name.
    pub(super) fn counter(
        name: &'static str,
        help: &'static str,
        lines: impl IntoIterator<Item = Line>,
    ) -> Self {
        Self::new(name, help, MetricType::Counter, lines)
    }

    /// Counts by bounds; `_bucket`, `_sum` and `_count` are put behind its name.
    pub(super) fn histogram(
        name: &'static str,
        help: &'static str,
        lines: impl IntoIterator<Item = Line>,
    ) -> Self {
        Self::new(name, help, MetricType::Histogram, lines)
    }

    /// The same in seconds; `_seconds` is put behind its name.
    pub(super) fn in_seconds(self) -> Self {
        Self { unit: Some(Unit::Seconds), ..self }
    }
}

impl EncodeLabelSet for Labels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        for label in self.subject.iter() {
            label.encode(encoder.encode_label())?;
        }
        self.state.map_or(Ok(()), |state| state.encode(encoder.encode_label()))
    }
}

/// What is written of one answer.
#[derive(Debug)]
struct Families(Vec<Family>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Family { name, help, kind, unit, lines } in &self.0 {
            if lines.is_empty() {
                continue;
            }
            let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), *kind)?;
            for Line { labels, value } in lines {
                let mut line = family.encode_family(labels)?;
                match (kind, value) {
                    (MetricType::Counter, Value::Count(count)) => line.encode_counter(count, NONE)?,
                    (MetricType::Counter, Value::Span(span)) => line.encode_counter(&seconds(*span), NONE)?,
                    (_, Value::Count(count)) => line.encode_gauge(count)?,
                    (_, Value::Span(span)) => line.encode_gauge(&seconds(*span))?,
                    (_, Value::Spans(histogram)) => {
                        let bounds = BOUNDS.into_iter().map(seconds).chain([f64::INFINITY]);
                        let buckets: Vec<(f64, u64)> = bounds.zip(histogram.counts()).collect();
                        let count = buckets.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
                        line.encode_histogram(seconds(histogram.total_ms()), count, &buckets, NONE_OF_MANY)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// No measurement here has an example.
const NONE: Option<&Exemplar<NoLabelSet, f64>> = None;
const NONE_OF_MANY: Option<&HashMap<usize, Exemplar<NoLabelSet, f64>>> = None;

/// Seconds: exact to the millisecond for longer than any point in time that is written.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 milliseconds, some 285,000 years")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}

/// The text of families, in their order.
pub(super) fn write(families: Vec<Family>, exposition: Exposition) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Families(families)));
    let mut body = String::new();
    // Only a writer that fails makes it fail; a text does not.
    let _ = match exposition {
        Exposition::Prometheus => prometheus_text::encode(&mut body, &registry),
        Exposition::OpenMetrics => text::encode(&mut body, &registry),
    };
    body
}
