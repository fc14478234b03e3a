//! Edits by people, and what vantages are asked for them.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use web_sys::Response;
use worker::Result;

use super::{Engine, Event, Inner, cdn, clock, deployed, log, past, respond, rows, vantages};
use crate::change::Errand;
use crate::config::Config;
use crate::json;
use crate::purge::AtCdn;
use crate::writes::{Edit, Outcome, Write};

impl Inner {
    /// Makes an edit if it may be made; what became of it.
    pub(super) async fn write(self: &Rc<Self>, config: &'static Config, text: &str) -> Result<Response> {
        let Some(write) = json::read::<Write>(text) else { return respond::plain(400, "") };
        self.load(config, clock::now())?;
        let who = write.who.to_string();
        let known = self.told(|engine| engine.answered_before(&write, clock::now())).flatten();
        if let (None, Some(refused)) = (&known, past::refused(&self.state.storage(), &write)?) {
            return respond::plain(200, &json::write(&refused));
        }
        let event = match &write.edit {
            Edit::Start(plan) if known.is_none() => {
                if let Some(refused) = self.told(|engine| engine.unwanted(&write, clock::now())).flatten() {
                    return respond::plain(200, &json::write(&refused));
                }
                let beginning =
                    self.told(|engine| engine.beginning(&plan.origins, plan.before, clock::now()));
                let Some(errand) = beginning else { return respond::plain(503, "") };
                let gathered = vantages::gather(&self.env, config, &errand).await;
                Event::Started(write, gathered)
            }
            Edit::Start(_)
            | Edit::Put(_)
            | Edit::Delete
            | Edit::Note { .. }
            | Edit::Apply(_)
            | Edit::Close { .. }
            | Edit::Purge(_) => Event::Written(write),
        };
        log::info("written", &[("who", &who)]);
        let mut outcome = self.step(config, event).await?.wrote;
        if let (None, Some(Outcome::Purged(purged))) = (&known, &outcome)
            && let Some(at_cdn) = cdn::clear(config, &purged.purge, &self.env).await
        {
            if let AtCdn::Failed(why) = &at_cdn {
                log::warn("cdn_not_cleared", &[("who", &who), ("error", why)]);
            }
            outcome = self.step(config, Event::Cleared(purged.version, at_cdn)).await?.wrote;
        }
        if let Some(Outcome::Change { id, told }) = &mut outcome {
            let now = |engine: &Engine| past::change(&self.state.storage(), id, engine);
            *told = self.told(now).transpose()?.flatten().unwrap_or_default();
        }
        respond::plain(200, &json::write(&outcome))
    }

    /// Asks vantages about a change, and folds in what came of it. If that is not stored, they are
    /// asked again.
    pub(super) fn gather(self: &Rc<Self>, errand: Errand) {
        let Ok(config) = deployed::config() else { return };
        let inner = Rc::clone(self);
        spawn_local(async move {
            let gathered = vantages::gather(&inner.env, config, &errand).await;
            let look = |engine: &Engine| {
                rows::of_history(&inner.state.storage(), |stored| {
                    engine.look(&errand, &gathered, stored, clock::now())
                })
            };
            let stepped = match inner.told(look).transpose() {
                Ok(looked) => match looked.flatten() {
                    Some(looked) => inner.step(config, Event::Looked(looked)).await.map(drop),
                    None => Ok(()),
                },
                Err(error) => Err(error),
            };
            if let Err(error) = stepped {
                log::error("arbiter_failed", &[("error", &error.to_string())]);
            }
        });
    }
}
