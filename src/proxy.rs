//! A request on its way through a route: to which origin it goes, how often it is sent, and what is
//! said on the way.
//!
//! A worker that stands on the route itself goes on from the signal. [`Table`] finds the route of a
//! request, [`order()`] the origins it is sent to, and [`Attempt`] goes from one to the next.
//! [`OutlierDetector`] remembers what live requests saw. [`fields`] sets the header fields on the
//! way there, and [`back`] turns those of the answer back. [`refused`] and [`error_answer`] make
//! what is answered in an origin's place. [`open`] says where a request goes when none of this can
//! be asked.

mod asked;
mod attempt;
pub mod back;
pub mod copy;
mod engine;
pub mod fields;
mod in_flight;
mod lease;
pub mod open;
mod order;
mod outcome;
mod outlier;
mod replies;
mod step;
mod table;
mod unreached;

pub use asked::{Asked, Body, HELD, RouteRef, Times};
pub use attempt::{Attempt, Effect, Event, Fault};
pub use engine::{Proxy, Went};
pub use in_flight::{After, Known, Tried};
pub use lease::{Lease, Terms};
pub use order::{Order, RoutePool, holds_until, last_resort, order};
pub use outcome::OUTCOMES;
pub use outlier::{OutlierDetector, Seen};
pub use replies::{Rejection, error_answer, refused};
pub use step::{Inbound, Send, StandIn, Step};
pub use table::{RouteMatch, Table, matched, own_path};
pub use unreached::{Proof, Signs, TABLE, unreached};
