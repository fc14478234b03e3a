//! `/metrics`: what is known, as Prometheus reads it.
//!
//! Names are the blackbox exporter's where they mean the same, `vedette_*` otherwise. What is said
//! is what health says, by the same allow-list: no address, and no text that an origin sent. A vote
//! that has expired has no measurements: a copy that nobody renews cannot stay green here either.

mod family;
mod parts;
mod subjects;

use super::accept::quality;
use super::{Basis, freshness};
use crate::answer::Answer;

/// The form of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// Prometheus' text format, version 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Exposition {
    /// The form that a client would rather have by its `Accept`; Prometheus' own if it does not
    /// say, or what it says cannot be read.
    pub(super) fn wanted(accept: Option<&str>) -> Self {
        let Some(accept) = accept else { return Self::Prometheus };
        let plain = quality(accept, "text/plain", &["0.0.4"]);
        let open = quality(accept, "application/openmetrics-text", &["0.0.1", "1.0.0"]);
        // Whoever takes anything is given what is read by more programs.
        if open > plain { Self::OpenMetrics } else { Self::Prometheus }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// All measurements.
pub(super) fn answer(basis: &Basis<'_>, exposition: Exposition) -> Answer {
    let mut families = parts::worker(basis);
    families.extend(subjects::pools(basis));
    families.extend(subjects::traffic(basis));
    families.push(subjects::durations(basis));
    families.extend(subjects::origins(basis));
    families.extend(subjects::votes(basis));
    families.extend(parts::vantages(basis));
    families.extend(parts::channels(basis));
    let origins = basis.snapshot.pools.iter().flat_map(|pool| &pool.origins);
    let mut headers = freshness(basis.snapshot.taken_at, origins, basis.now);
    headers.push(("content-type", exposition.content_type().to_owned()));
    headers.push(("vary", "accept".to_owned()));
    Answer { status: 200, headers, body: family::write(families, exposition) }
}
