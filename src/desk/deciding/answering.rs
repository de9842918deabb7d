//! Writes what the telephone company is answered.

use crate::{
    calls::decision::{Decision, Write},
    desk::{documents, engine::Engine},
    providers::{Document, Reply, addresses::Addresses},
    routing::ids::ChannelId,
};
use tracing::warn;

impl Engine {
    pub(super) fn encode(&self, decision: &Decision) -> Option<Reply> {
        let answer = decision.answer.as_ref()?;
        let ended = decision.write.iter().find_map(|write| match write {
            Write::Call(call) => Some(call.as_ref()),
            _ => None,
        });
        let call = answer.call.and_then(|id| self.memory.board.call(id)).or(ended)?;
        let settings = &self.memory.settings;
        let channel = settings.channels.get(&call.channel);
        let sounds = &self.around.sounds;
        let document =
            documents::document(answer.instruction.clone(), call.id, &call.to, channel, settings, sounds);
        Some(self.write(&call.provider, call.channel, &document))
    }

    pub(super) fn write(&self, provider: &str, channel: ChannelId, document: &Document) -> Reply {
        let addresses = self.addresses(provider, channel);
        match self.around.providers.get(provider) {
            Some(company) => {
                if let Document::Connect(connect, _) = document
                    && !company.reaches(&connect.reach)
                {
                    warn!(provider, agent.id = %connect.agent, "the agent can't be rung by this telephone company");
                }
                company.write(&addresses, document)
            }
            None => Reply { content_type: "text/plain".into(), body: String::new() },
        }
    }

    fn addresses(&self, provider: &str, channel: ChannelId) -> Addresses {
        let (public_url, epoch) = (self.around.public_url.clone(), Some(self.writer.epoch()));
        Addresses { public_url, provider: provider.to_owned(), channel, epoch }
    }
}
