//! Everything is on the disk: now it is said and done.

use super::{Engine, unasked};
use crate::{
    calls::{call::State, decision::Say, event::Event},
    desk::{
        Envelope, Input, Outcome,
        deciding::Round,
        memory::Memory,
        outbox::About,
        softphones::{Frame, Opened, Origin, SOCKETS_MAX, TooManySockets, told},
    },
    routing::ids::UserId,
};
use std::time::Duration;
use tokio::sync::oneshot;

impl Engine {
    /// Everything is on the disk: now it may be said and done.
    pub(super) async fn act(&mut self, round: Round, envelopes: Vec<Envelope>) -> anyhow::Result<()> {
        if round.settings_changed {
            self.publish.send_replace(self.memory.settings.clone());
        }
        self.count(&round);
        for (say, index) in &round.says {
            match say {
                Say::FindCaller { .. }
                | Say::FindLeg { .. }
                | Say::FindDevices { .. }
                | Say::FindRecordings { .. } => {
                    self.around.runner.ask(say.clone(), &self.desk);
                }
                _ => {
                    let origin = index.and_then(|index| origin(&envelopes[index].input));
                    self.softphones.tell(say, origin, &self.memory.settings);
                }
            }
        }
        for (user, notice) in &round.notices {
            self.softphones.send(*user, notice);
        }
        if round.news {
            self.news.send_replace(());
        }
        for job in round.jobs {
            self.around.runner.start(job, &self.desk, Duration::ZERO);
        }
        for (outcome, envelope) in round.outcomes.into_iter().zip(envelopes) {
            if let (Some(outcome), Some(reply)) = (outcome, envelope.reply) {
                answer(reply, outcome);
            }
        }
        for pass in round.revoked {
            self.softphones.drop_pass(pass);
        }
        self.welcome(round.opened).await
    }

    fn count(&self, round: &Round) {
        let metrics = &self.around.health.metrics;
        for (say, _) in &round.says {
            match say {
                Say::Offered { .. } => metrics.offers.add(1),
                Say::OfferWon { .. } => metrics.offers_ended.count("won"),
                Say::OfferEnded { cause, .. } => metrics.offers_ended.count(told(*cause).0),
                _ => {}
            }
        }
        for call in round.batch.calls.values() {
            if let State::Ended { outcome, .. } = &call.state {
                metrics.calls_ended.count(outcome.name());
            }
        }
    }

    /// New sockets get a picture of what is on the disk, and everything that comes after it.
    async fn welcome(&mut self, opened: Vec<Opened>) -> anyhow::Result<()> {
        let mut connected = Vec::new();
        for opened in opened {
            if !self.memory.settings.is_good(opened.pass, self.around.clock.now().at) {
                // Revoked since it was looked at. Without its outbox the socket is closed.
                continue;
            }
            let now = self.around.clock.now();
            match self.softphones.open(&opened) {
                Err(TooManySockets) => {
                    let detail = format!("an agent has at most {SOCKETS_MAX} sockets");
                    let error = Frame::error("too_many_sockets", detail).text(None);
                    let _ = opened.outbox.put(About::Other, error);
                }
                Ok(()) => {
                    let Memory { board, settings, .. } = &self.memory;
                    self.softphones.welcome(opened.agent, opened.socket, board, settings, now);
                    connected.extend(self.presence(opened.agent));
                }
            }
        }
        if connected.is_empty() {
            return Ok(());
        }
        Box::pin(self.take(connected.into_iter().map(unasked).collect())).await
    }

    pub(super) fn presence(&self, agent: UserId) -> [Event; 2] {
        let (registered, microphone) = self.softphones.media_of(agent);
        [Event::AgentConnected { agent }, Event::MediaChanged { agent, registered, microphone }]
    }
}

pub(super) fn answer(reply: oneshot::Sender<Outcome>, outcome: Outcome) {
    // Whoever asked may be gone by now; then the answer is kept for when they ask again.
    let _ = reply.send(outcome);
}

fn origin(input: &Input) -> Origin<'_> {
    match input {
        Input::Frame { agent, socket, frame } => Some((*agent, *socket, frame.reference.as_ref())),
        _ => None,
    }
}
