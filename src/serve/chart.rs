//! What was measured → charts as inline SVG, with axes, units and a text for whoever does not see
//! them. Time in which nobody looked is hatched: a line never crosses it.
//!
//! A drawing is as wide as its place and does not stretch its text: places along are per cent,
//! lines are drawn in a box of 1,000 by 1,000 that is stretched with strokes of a constant width.

mod curves;
mod draw;
mod measured;
mod scale;
mod strip;
mod told;

pub(super) use curves::Curves;
pub(super) use measured::{Charted, charts};
pub(super) use strip::{percent, strip};
pub(super) use told::{Availability, History};

#[cfg(test)]
mod tests;
