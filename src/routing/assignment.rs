//! The one selection: who is asked, in which order, and why not the others. Calls, tickets, retries and previews
//! all go through here (D8), so that load, availability and fairness mean the same everywhere.

use super::{
    distribution::{Cursor, Entrant, Order, Strategy, TieBreak},
    eligibility::{self, Objection, Standing},
    ids::{TeamId, UserId},
    load::{Load, TicketType},
    people::People,
    reasons::Reason,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Whom a channel reaches and how it shares out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub users: Vec<UserId>,
    pub teams: Vec<TeamId>,
    pub strategy: Strategy,
    pub tie_break: TieBreak,
}

/// One user that the rule reaches, as they stood when it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub user: UserId,
    pub load: u32,
    pub objection: Option<Objection>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Everybody that the rule reaches, in its order.
    pub candidates: Vec<Candidate>,
    /// Those without an objection, in the order in which they are to be asked.
    pub eligible: Vec<Entrant>,
}

/// What a selection looks at besides the rule.
pub struct Field<'a, S> {
    pub people: &'a People,
    pub load: &'a Load,
    pub kind: TicketType,
    pub at: DateTime<Utc>,
    pub cursor: Option<Cursor>,
    /// The number that decides under the random strategy.
    pub draw: u64,
    /// What each user does at the moment, and since when they are off calls.
    pub standing: S,
}

pub fn select<'a, S>(rule: &Rule, field: &Field<'a, S>) -> Selection
where
    S: Fn(UserId) -> (Standing<'a>, Option<DateTime<Utc>>),
{
    let mut selection = Selection::default();
    for (user, position) in field.people.routed(&rule.users, &rule.teams).into_iter().zip(0..) {
        let load = field.load.of(user, field.kind);
        let (standing, idle_since) = (field.standing)(user);
        let person = field.people.users.get(&user);
        let objection = person.map_or(Some(Objection::NoSeat), |person| {
            eligibility::objection(person, standing, load, field.at)
        });
        if objection.is_none() {
            let last_assigned = field.load.last_assigned(user);
            selection.eligible.push(Entrant { user, position, load, last_assigned, idle_since });
        }
        selection.candidates.push(Candidate { user, load, objection });
    }
    let after = field.cursor.map(|cursor| selection.position_of(cursor.user).unwrap_or(cursor.position));
    let order = Order { strategy: rule.strategy, tie_break: rule.tie_break, after, draw: field.draw };
    order.arrange(&mut selection.eligible);
    selection
}

impl Selection {
    fn position_of(&self, user: UserId) -> Option<u32> {
        let index = self.candidates.iter().position(|candidate| candidate.user == user)?;
        u32::try_from(index).ok()
    }

    pub fn anyone_objects(&self, is: impl Fn(&Objection) -> bool) -> bool {
        self.candidates.iter().any(|candidate| candidate.objection.as_ref().is_some_and(&is))
    }

    /// Why the first of the eligible is the first.
    pub fn reason(&self, strategy: Strategy) -> Option<Reason> {
        let first = self.eligible.first()?;
        let agents = u32::try_from(self.eligible.len()).unwrap_or(u32::MAX);
        let agent = first.user;
        Some(match strategy {
            Strategy::Simultaneous => Reason::RingsAll { agents },
            Strategy::LoadBalanced => {
                let tied = self.eligible.iter().filter(|other| other.load == first.load).count() > 1;
                Reason::FewestOpen { agent, open: first.load, tied }
            }
            Strategy::RoundRobin => Reason::NextInTurn { agent },
            Strategy::Random => Reason::Drawn { agent, among: agents },
            Strategy::LongestIdle => Reason::LongestIdle { agent, since: first.idle_since },
        })
    }

    /// Why nobody is left, when nobody is.
    pub fn nobody(&self) -> Reason {
        if self.candidates.is_empty() {
            Reason::NobodySelected
        } else if self.anyone_objects(|o| *o == Objection::Declined) {
            Reason::AllDeclined
        } else if self.anyone_objects(Objection::is_merely_busy) {
            Reason::AllBusy
        } else {
            Reason::NobodyAvailable
        }
    }
}
