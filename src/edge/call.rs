//! An invocation of the platform, as what it calls is handed it.

use worker::Env;

use super::caught::Context;

/// What an invocation binds, and what keeps it going.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) env: &'a Env,
    pub(super) ctx: &'a Context,
}
