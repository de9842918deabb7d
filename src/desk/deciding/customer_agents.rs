//! The customer agent's turns: when it is asked, and what comes of what it says.

use super::{Broken, Round};
use crate::{
    calls::time::Now,
    desk::{Outcome, customer_agents::Took, engine::Engine, messages::Reply},
    routing::{ids::TicketId, reasons::Reason},
    store::{
        batch::NotCommitted,
        turns::{self, Turn},
    },
    tickets::{
        arrival::Action,
        channel::{Channel, Mode},
        message::Author,
        ticket::Ticket,
    },
};
use chrono::{DateTime, TimeDelta, Utc};

use super::sharing::Wanting;

impl Engine {
    /// It is asked, if the channel has one. `before`: its last turn on this ticket.
    pub(super) fn begin_turn(
        &mut self,
        ticket: TicketId,
        channel: &Channel,
        before: Option<Turn>,
        now: Now,
        round: &mut Round,
    ) {
        let Some(agent) = &channel.assignment.agent else { return };
        // Each turn has an instant of its own.
        let earliest = before.map(|turn| turn.asked_at + TimeDelta::milliseconds(1));
        let asked_at = earliest.map_or(now.at, |earliest| earliest.max(now.at));
        let until = Some(now.at + TimeDelta::seconds(i64::from(agent.deadline_seconds)));
        round.batch.turns.insert(ticket, Turn { ticket, asked_at, until, over_at: None });
        round.news = true;
    }

    /// The customer goes on: the agent, where it has not handed over, is asked again.
    pub(super) async fn go_on_with_agent(
        &mut self,
        ticket: &Ticket,
        channel: &Channel,
        now: Now,
        round: &mut Round,
    ) -> Result<(), Broken> {
        let is_agents = channel.assignment.mode == Mode::Agent && ticket.channel == Some(channel.id);
        if !is_agents || !is_nobodys(ticket) {
            return Ok(());
        }
        let before = self.turn_now(ticket.id, round).await?;
        // The clock may have been set back since: what this round has begun is told by the round.
        let is_begun = round.batch.turns.get(&ticket.id).is_some_and(|turn| turn.until.is_some());
        if !is_begun && before.is_some_and(|turn| turn.over_at.is_none()) {
            self.begin_turn(ticket.id, channel, before, now, round);
        }
        Ok(())
    }

    pub(super) async fn turn_now(&mut self, ticket: TicketId, round: &Round) -> Result<Option<Turn>, Broken> {
        if let Some(turn) = round.batch.turns.get(&ticket) {
            return Ok(Some(*turn));
        }
        let found = turns::of(self.writer.connection(), ticket).await;
        found.map_err(|error| Broken::Store(NotCommitted::Failed(error)))
    }

    pub(in crate::desk) async fn agent_took(
        &mut self,
        ticket: TicketId,
        asked_at: DateTime<Utc>,
        took: &Took,
        round: &mut Round,
    ) -> Result<Option<Outcome>, Broken> {
        let turn = self.turn_now(ticket, round).await?;
        let turn =
            turn.filter(|turn| turn.asked_at == asked_at && turn.until.is_some() && turn.over_at.is_none());
        let (Some(turn), Some(now_is)) = (turn, self.ticket_now(ticket, round).await?) else {
            // It was asked anew, or its turn is over.
            return Ok(Some(Outcome::Done));
        };
        let now = self.around.clock.now();
        if !now_is.status.is_open() || !is_nobodys(&now_is) {
            // Somebody was faster.
            round.batch.turns.insert(ticket, Turn { until: None, over_at: Some(now.at), ..turn });
            return Ok(Some(Outcome::Done));
        }
        let because = match took {
            Took::Answers { text, status } => {
                let reply = Reply {
                    ticket,
                    by: Author::CustomerAgent,
                    answers: None,
                    channel: None,
                    subject: None,
                    text: text.clone(),
                    html: None,
                    attachments: Vec::new(),
                    status: *status,
                    key: Some(format!("customer_agent:{}", asked_at.timestamp_millis())),
                };
                match self.reply(&reply, round).await? {
                    Some(Outcome::Replied(replied)) => {
                        round.batch.turns.insert(ticket, Turn { until: None, ..turn });
                        let reasons = vec![Reason::CustomerAgentAnswered];
                        let event = "customer_agent_answered";
                        self.write_why(&replied.ticket, event, Action::Join, reasons, now, round);
                        return Ok(Some(Outcome::Done));
                    }
                    Some(Outcome::Refused(refused)) => Reason::CustomerAgentFailed {
                        error: format!("its answer can't be sent: {refused:?}"),
                    },
                    other => return Ok(other),
                }
            }
            Took::HandsOver { because } => Reason::CustomerAgentHandedOver { because: because.clone() },
            Took::Fails { error } => Reason::CustomerAgentFailed { error: error.clone() },
        };
        round.batch.turns.insert(ticket, Turn { until: None, over_at: Some(now.at), ..turn });
        self.hand_over(now_is, because, now, round);
        Ok(Some(Outcome::Done))
    }

    /// People do it from now on.
    fn hand_over(&mut self, mut ticket: Ticket, because: Reason, now: Now, round: &mut Round) {
        let settings = self.memory.settings.clone();
        let before = ticket.weight();
        let event = "customer_agent_handed_over";
        match ticket.channel.and_then(|channel| settings.ticket_channels.get(&channel)) {
            Some(channel) => {
                let wanting = Wanting {
                    ticket: ticket.id,
                    contact: ticket.contact,
                    properties: &ticket.properties,
                    since: now.at,
                    agent_is_over: true,
                };
                let mut shared = self.share(channel, &wanting);
                shared.reasons.push(because);
                self.give(&mut ticket, shared, event, now, round);
            }
            None => {
                let reasons = vec![Reason::NobodySelected, because];
                self.write_why(&ticket, event, Action::LeaveUnassigned, reasons, now, round);
            }
        }
        ticket.touch(now.at);
        if is_nobodys(&ticket) {
            round.left_to_people.push(ticket.clone());
        }
        self.put_ticket(ticket, before, round);
        round.news = true;
    }
}

fn is_nobodys(ticket: &Ticket) -> bool {
    ticket.owner.is_none() && ticket.team.is_none()
}
