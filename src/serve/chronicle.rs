//! The pages of incidents as they are asked for, and what of the past they are made of.
//!
//! What a page asks is written as a program would ask it of `/v1/incidents`, whose bytes it shows.

use super::recorded::{Kind, Recorded};
use super::{Target, View, incidents, parameters, problem};
use crate::answer::Answer;
use crate::config::Config;
use crate::defaults::serve::chronicle::{OPEN, OVER};

/// A page about incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chronicle {
    /// The incident that it is about; all of them if none.
    pub(super) id: Option<String>,
    /// Of this pool alone.
    pub(super) pool: Option<String>,
    /// Whether the asker may see what is hidden, and who wrote a note.
    pub(super) all: bool,
}

/// The target of such a page.
///
/// # Errors
/// 400 for a parameter that is not known.
pub(super) fn chronicle(id: Option<&str>, query: &str) -> Result<Target, Answer> {
    let known: &[&str] = if id.is_some() { &["now"] } else { &["pool", "now"] };
    parameters::only(query, known)?;
    let pool = parameters::parameter(query, "pool").map(str::to_owned);
    Ok(Target::View(View::Chronicle(Chronicle { id: id.map(str::to_owned), pool, all: false })))
}

impl Chronicle {
    /// 404 for what is not there, or hidden: `/v1/incidents` answers the same.
    pub(super) fn refused(&self, config: &Config, all: bool) -> Option<Answer> {
        match (&self.id, &self.pool) {
            (Some(id), _) => incidents::one(&asked(Kind::Incident, id, String::new(), all), config).err(),
            (None, Some(pool)) => problem::unknown(config, pool, None, all),
            (None, None) => None,
        }
    }

    /// What it is made of: one incident, or those that are open and those that are over.
    pub(super) fn asks(&self) -> Vec<Recorded> {
        if let Some(id) = &self.id {
            return vec![asked(Kind::Incident, id, String::new(), self.all)];
        }
        let pool = self.pool.iter().map(|pool| format!("&pool={pool}")).collect::<String>();
        let list = |open: bool, limit: usize| {
            asked(Kind::Incidents, "", format!("open={open}&limit={limit}{pool}"), self.all)
        };
        vec![list(true, OPEN), list(false, OVER)]
    }
}

fn asked(kind: Kind, id: &str, query: String, all: bool) -> Recorded {
    Recorded { kind, pool: id.to_owned(), origin: None, query, all }
}
