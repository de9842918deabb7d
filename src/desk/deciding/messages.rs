//! What customers write, and what they are answered.

use super::{Broken, Round};
use crate::{
    desk::{
        Outcome,
        engine::Engine,
        messages::{Reply, Reported},
    },
    tickets::{incoming::Incoming, message::Sending},
};

impl Engine {
    pub(super) async fn arrived(
        &mut self,
        _incoming: &Incoming,
        _round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        Ok(Some(Outcome::Unavailable))
    }

    pub(super) async fn reply(
        &mut self,
        _reply: &Reply,
        _round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        Ok(Some(Outcome::Unavailable))
    }

    pub(super) async fn sending_reported(
        &mut self,
        _of: &Reported,
        _state: &Sending,
        _round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        Ok(Some(Outcome::Unavailable))
    }
}
