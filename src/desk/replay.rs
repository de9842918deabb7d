//! A month under a proposed rule: who would have got what, beside what happened. Calls and tickets are chosen for by what
//! chooses for them every day; what is looked up here is what they looked at then.
//!
//! People, skills and contacts are those of today. Who was there, who was on a call, when a ticket was closed: as it was.

use super::settings::Settings;
use crate::{
    calls::{self, event::Event},
    routing::{
        assignment::{self, Field, no_glance},
        availability::{ByHand, Phone},
        distribution::{Cursor, Strategy},
        eligibility::{Objection, Standing, Terms},
        ids::UserId,
        load::TicketType,
        people::User,
        reasons::Reason,
        replay::{Choice, Instead, Replayed, Then, replay},
        roster::Roster,
        zone::Zone,
    },
    store::past::{About, Month},
    tickets::{
        self,
        sharing::{Customer, Question, Reached, To},
    },
};
use chrono::{DateTime, Utc};
use std::collections::HashMap;

/// The channel as it is proposed.
pub enum Proposed {
    Calling(Box<calls::channel::Channel>),
    Tickets(Box<tickets::channel::Channel>),
}

impl Proposed {
    pub fn zone(&self) -> &Zone {
        match self {
            Self::Calling(channel) => &channel.zone,
            Self::Tickets(channel) => &channel.zone,
        }
    }

    /// Plays what came to the channel since `from`.
    pub fn replay(&self, month: &Month, settings: &Settings, from: DateTime<Utc>) -> Vec<Replayed> {
        let presence = Presence::of(month);
        match self {
            Self::Calling(channel) => {
                let workspace = settings.people.workspace(channel.inbox);
                let roster = Roster::new(&channel.rule, &settings.people, workspace, |_| true);
                replay(&month.tickets, from, |then| ring(channel, &roster, then, settings, &presence))
            }
            Self::Tickets(channel) => {
                let reached = Reached::of(channel, &settings.people);
                replay(&month.tickets, from, |then| {
                    let about = month.about.get(&then.past.ticket);
                    share(channel, &reached, then, about, settings, &presence)
                })
            }
        }
    }
}

/// Whom a call would have rung first.
fn ring(
    channel: &calls::channel::Channel,
    roster: &Roster,
    then: &Then<'_>,
    settings: &Settings,
    presence: &Presence,
) -> Choice {
    let at = then.past.opened_at;
    let hours = channel.hours.verdict(&channel.zone, at);
    if !hours.open {
        let opens = channel.hours.next_change(&channel.zone, at);
        return nobody(Reason::HoursClosed { rule: hours.rule, opens });
    }
    let workspace = settings.people.workspace(channel.inbox);
    let standing = |person: &User| {
        let phone = if presence.is_connected(person.id, at) { Phone::WORKING } else { Phone::GONE };
        let talking = presence.is_talking(person.id, at).then_some(&Objection::OnCall);
        let hindrance = channel.cannot_ring(Some(person)).or(talking);
        (
            Standing { by_hand: presence.by_hand(person.id, at), phone, hindrance },
            presence.talked(person.id, at),
        )
    };
    let field = Field {
        people: &settings.people,
        load: then.load,
        kind: TicketType::Calling,
        terms: Terms::call(workspace),
        at,
        cursor: then.cursor,
        draw: draw(then),
        at_most: usize::MAX,
        asked: None,
        standing,
        glance: no_glance,
    };
    let selection = assignment::select(&channel.rule, roster, &field);
    let Some(first) = selection.eligible.first() else { return nobody(selection.nobody()) };
    let strategy = channel.rule.strategy;
    let reasons = selection.reason(strategy).into_iter().collect();
    if !strategy.rings_one_at_a_time() {
        let users = selection.eligible.iter().map(|entrant| entrant.user).collect();
        return Choice { instead: Instead::AnyOf(users), reasons, cursor: None };
    }
    let turn = Cursor { user: first.user, position: first.position };
    let cursor = Some(turn).filter(|_| strategy == Strategy::RoundRobin);
    Choice { instead: Instead::One(first.user), reasons, cursor }
}

/// Who would have been given a ticket.
fn share(
    channel: &tickets::channel::Channel,
    reached: &Reached,
    then: &Then<'_>,
    about: Option<&About>,
    settings: &Settings,
    presence: &Presence,
) -> Choice {
    let nothing = About::default();
    let about = about.unwrap_or(&nothing);
    let contact = about.contact.and_then(|id| settings.contacts.get(id));
    let at = then.past.opened_at;
    let question = Question {
        channel,
        reached,
        people: &settings.people,
        load: then.load,
        customer: contact.map(|contact| Customer { owner: contact.owner, tracked: contact.tracked }),
        properties: &about.properties,
        at,
        since: at,
        cursor: then.cursor,
        draw: draw(then),
        by_hand: |user| presence.by_hand(user, at),
        agent_is_over: false,
    };
    let shared = question.share();
    let instead = match shared.to {
        To::Owner(owner) => Instead::One(owner),
        To::Team(team) => Instead::Team(team),
        To::CustomerAgent => Instead::CustomerAgent,
        To::Nobody => Instead::Nobody,
    };
    Choice { instead, reasons: shared.reasons, cursor: shared.cursor }
}

fn nobody(reason: Reason) -> Choice {
    Choice { instead: Instead::Nobody, reasons: vec![reason], cursor: None }
}

/// The same ticket draws the same, however often it is played.
fn draw(then: &Then<'_>) -> u64 {
    then.past.ticket.0.as_u64_pair().1
}

/// From when until when somebody was on a call.
type Talk = (DateTime<Utc>, DateTime<Utc>);

/// Who was there, as far as it is written down.
#[derive(Default)]
struct Presence {
    by_hand: HashMap<UserId, Vec<(DateTime<Utc>, ByHand)>>,
    connected: HashMap<UserId, Vec<(DateTime<Utc>, bool)>>,
    talks: HashMap<UserId, Vec<Talk>>,
}

impl Presence {
    fn of(month: &Month) -> Self {
        let mut presence = Self::default();
        for (at, event) in &month.presence {
            match event {
                Event::AvailabilitySet { agent, by_hand } => {
                    presence.by_hand.entry(*agent).or_default().push((*at, by_hand.clone()));
                }
                Event::AgentConnected { agent } => presence.connected(*agent, *at, true),
                Event::AgentDisconnected { agent } => presence.connected(*agent, *at, false),
                _ => {}
            }
        }
        for (agent, from, until) in &month.talks {
            presence.talks.entry(*agent).or_default().push((*from, *until));
        }
        presence
    }

    fn connected(&mut self, agent: UserId, at: DateTime<Utc>, is: bool) {
        self.connected.entry(agent).or_default().push((at, is));
    }

    /// What they had last said of themselves.
    fn by_hand(&self, user: UserId, at: DateTime<Utc>) -> &ByHand {
        static UNTIL_THEY_SAY_OTHERWISE: ByHand = ByHand::Available;
        let said = self.by_hand.get(&user);
        let last = said.and_then(|said| last_before(said, at));
        last.map_or(&UNTIL_THEY_SAY_OTHERWISE, |(_, by_hand)| by_hand)
    }

    /// Whoever is first heard of when they go was there before.
    fn is_connected(&self, user: UserId, at: DateTime<Utc>) -> bool {
        let Some(changes) = self.connected.get(&user) else { return false };
        match last_before(changes, at) {
            Some((_, is)) => *is,
            None => changes.first().is_some_and(|(_, is)| !is),
        }
    }

    fn is_talking(&self, user: UserId, at: DateTime<Utc>) -> bool {
        let talks = self.talks.get(&user).map_or(&[][..], Vec::as_slice);
        talks.iter().any(|(from, until)| *from <= at && at < *until)
    }

    /// When their last call before this ended.
    fn talked(&self, user: UserId, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let talks = self.talks.get(&user)?;
        talks.iter().map(|(_, until)| *until).filter(|until| *until <= at).max()
    }
}

/// The latest of what is sorted by time that is not after `at`.
fn last_before<T>(sorted: &[(DateTime<Utc>, T)], at: DateTime<Utc>) -> Option<&(DateTime<Utc>, T)> {
    sorted[..sorted.partition_point(|(then, _)| *then <= at)].last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ids::Ids;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    #[test]
    fn who_was_there_is_read_out_of_comings_and_goings() {
        let mut ids = Ids::new(1);
        let (ann, ben, cem) = (UserId(ids.next(1)), UserId(ids.next(1)), UserId(ids.next(1)));
        let away = ByHand::Away { reason: None, until: None };
        let month = Month {
            presence: vec![
                (at(10), Event::AgentConnected { agent: ann }),
                (at(20), Event::AgentDisconnected { agent: ben }),
                (at(30), Event::AvailabilitySet { agent: ann, by_hand: away.clone() }),
                (at(40), Event::AgentDisconnected { agent: ann }),
            ],
            talks: vec![(ann, at(12), at(15))],
            ..Month::default()
        };
        let presence = Presence::of(&month);
        let connected = [5, 10, 39, 40].map(|second| presence.is_connected(ann, at(second)));
        assert_eq!(connected, [false, true, true, false]);
        let connected = [5, 20].map(|second| presence.is_connected(ben, at(second)));
        assert_eq!(connected, [true, false], "who goes was there");
        assert!(!presence.is_connected(cem, at(5)), "nobody ever heard of them");
        assert_eq!([29, 30].map(|second| presence.by_hand(ann, at(second))), [&ByHand::Available, &away]);
        assert_eq!([11, 12, 15].map(|second| presence.is_talking(ann, at(second))), [false, true, false]);
        assert_eq!([14, 15].map(|second| presence.talked(ann, at(second))), [None, Some(at(15))]);
    }
}
