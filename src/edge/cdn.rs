//! Has a CDN clear its copies. Only here is its token known.

use worker::Env;

use super::{bound, send};
use crate::config::Config;
use crate::purge::{self, AtCdn, Purge};

/// What became of the CDN's copies; nothing if it is not asked.
pub(super) async fn clear(config: &Config, purge: &Purge, env: &Env) -> Option<AtCdn> {
    let cdn = config.cdn.as_ref().filter(|_| purge.cdn)?;
    let token = match bound::secret(env, &cdn.token) {
        Ok(token) => token,
        Err(unusable) => return Some(AtCdn::Failed(unusable.to_string())),
    };
    for request in purge::requests(cdn, &token, purge) {
        let at_cdn = purge::read(&send::send(request, env).await);
        if at_cdn != AtCdn::Cleared {
            return Some(at_cdn);
        }
    }
    Some(AtCdn::Cleared)
}
