//! What agents say through their softphones.

use super::{Broken, Round};
use crate::{
    calls::{channel::Channel, event::Event, transfer::Target},
    desk::{
        Outcome,
        engine::Engine,
        softphones::{ClientFrame, Frame, Said, SocketId},
    },
    routing::ids::UserId,
};

impl Engine {
    pub(super) fn socket_closed(
        &mut self,
        agent: UserId,
        socket: SocketId,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        // One that came and went within this round never counts as open.
        round.opened.retain(|opened| opened.socket != socket);
        let event = if self.softphones.close(agent, socket) {
            Event::AgentDisconnected { agent }
        } else {
            let (registered, microphone) = self.softphones.media_of(agent);
            Event::MediaChanged { agent, registered, microphone }
        };
        self.happen(event, None, round).map(|_| None)
    }

    pub(super) fn frame(
        &mut self,
        agent: UserId,
        socket: SocketId,
        said: &ClientFrame,
        index: usize,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let event = match &said.said {
            Said::Accept { offer_id } => Event::OfferAccepted { agent, offer: *offer_id },
            Said::Decline { offer_id } => Event::OfferDeclined { agent, offer: *offer_id },
            Said::HangUp { call_id } => Event::AgentHungUp { agent, call: *call_id },
            Said::Availability(by_hand) => Event::AvailabilitySet { agent, by_hand: by_hand.clone() },
            Said::Transfer { call_id, to } => match self.may_be_dialled(to) {
                true => Event::Transferred { agent, call: *call_id, to: to.clone() },
                false => {
                    let frame = Frame::error("unknown_target", "this number may not be dialled");
                    self.softphones.answer(agent, &frame, Some((agent, socket, said.reference.as_ref())));
                    return Ok(None);
                }
            },
            Said::Ready => Event::AgentReady { agent },
            Said::Media { registered, microphone } => {
                let (registered, microphone) = (registered.unwrap_or(true), microphone.unwrap_or(true));
                let (registered, microphone) = self.softphones.media(agent, socket, registered, microphone);
                Event::MediaChanged { agent, registered, microphone }
            }
            Said::Resume { token } => {
                match self.softphones.resume(agent, socket, token, self.around.clock.now()) {
                    Some((registered, microphone)) => Event::MediaChanged { agent, registered, microphone },
                    None => {
                        let frame = Frame::error(
                            "resume_expired",
                            "the token is used up or too old; nothing is lost",
                        );
                        self.softphones.answer(agent, &frame, Some((agent, socket, said.reference.as_ref())));
                        return Ok(None);
                    }
                }
            }
            // Notes are written by the socket itself.
            Said::Pong | Said::Note { .. } => return Ok(None),
        };
        self.happen(event, Some(index), round).map(|_| None)
    }

    /// Callers are handed on outside only to where agents may be, too.
    fn may_be_dialled(&self, to: &Target) -> bool {
        let Target::Number(number) = to else { return true };
        let is_ours = |channel: &Channel| channel.numbers.contains(number);
        self.around.ground.reach.allows(number) && !self.memory.settings.channels.values().any(is_ours)
    }
}
