//! Who asks, by what a request shows.

use web_sys::Request;
use worker::Env;

use super::{bound, deployed};
use crate::access::{self, Caller};

/// Who sends a request.
pub(super) fn caller(request: &Request, env: &Env) -> Caller {
    let Ok(config) = deployed::config() else { return Caller::Nobody };
    let field = request.headers().get("authorization").ok().flatten();
    access::by_field(field.as_deref(), &config.access, |name| bound::secret(env, name))
}
