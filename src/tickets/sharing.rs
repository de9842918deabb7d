//! Who gets a ticket. The channel's mode is looked at here; among those whom a rule reaches, the one selection chooses
//! that chooses for calls too (D8).

use super::{
    channel::{Assignment, Channel, Demand, Mode},
    modes,
};
use crate::routing::{
    assignment::{self, Field, Glance, Rule, Selection},
    availability::{self, ByHand},
    candidates::{Candidate, Candidates},
    distribution::{Cursor, Strategy},
    eligibility::{Objection, Standing, Terms},
    ids::{TeamId, UserId},
    load::Load,
    people::{People, User},
    reasons::Reason,
    roster::{Chair, Roster},
    rows::Rows,
    skills::Wanted,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Whom the rules of a channel reach: there may be ten thousand, and they are not looked up for each ticket. It is good
/// until the channel or anything of its people changes.
#[derive(Debug, Clone, Default)]
pub struct Reached {
    rule: Roster,
    fallback: Option<Roster>,
}

impl Reached {
    pub fn of(channel: &Channel, people: &People) -> Self {
        let workspace = people.workspace(channel.inbox);
        let roster = |rule: &Rule| Roster::new(rule, people, workspace, |_| true);
        let Assignment { rule, fallback, .. } = &channel.assignment;
        Self { rule: roster(rule), fallback: fallback.as_ref().map(roster) }
    }

    /// Whether it is what would be made now.
    pub fn is_like(&self, other: &Self) -> bool {
        let fallbacks = match (&self.fallback, &other.fallback) {
            (Some(one), Some(other)) => one.is_like(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        fallbacks && self.rule.is_like(&other.rule)
    }

    /// Notes where everybody's load is, and who works at this minute. It is good for no other.
    pub fn renew(&mut self, people: &People, load: &Load, at: DateTime<Utc>) {
        for roster in [Some(&mut self.rule), self.fallback.as_mut()].into_iter().flatten() {
            roster.find_places(load.rows(), &Rows::<()>::default());
            roster.look_at_clock(people, at);
        }
    }
}

/// What is known when a ticket is to be given to somebody.
pub struct Question<'a, H> {
    pub channel: &'a Channel,
    pub reached: &'a Reached,
    pub people: &'a People,
    pub load: &'a Load,
    /// Who wrote, if they are a contact.
    pub customer: Option<Customer>,
    /// What the ticket says of itself, with what its channel says of all.
    pub properties: &'a BTreeMap<String, String>,
    pub at: DateTime<Utc>,
    /// Since when it has waited to be given to somebody.
    pub since: DateTime<Utc>,
    pub cursor: Option<Cursor>,
    /// The number that decides under the random strategy.
    pub draw: u64,
    /// What users said by hand, or `Available` where schedules alone count.
    pub by_hand: H,
    /// The customer agent has had its turn.
    pub agent_is_over: bool,
}

/// What of a contact matters for who gets its ticket (R22).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Customer {
    pub owner: Option<UserId>,
    pub tracked: bool,
}

/// Who gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    Owner(UserId),
    /// A team's, without an owner.
    Team(TeamId),
    /// The outside service is asked first; then it is shared out again.
    CustomerAgent,
    Nobody,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    pub to: To,
    pub candidates: Candidates,
    /// The first decided.
    pub reasons: Vec<Reason>,
    /// Whose turn it was, to be kept under the channel.
    pub cursor: Option<Cursor>,
    /// The contact's owner, who is absent: what was written is mailed to them.
    pub mail_owner: Option<UserId>,
}

impl Shared {
    fn to(to: To, reason: Reason) -> Self {
        let candidates = Candidates::default();
        Self { to, candidates, reasons: vec![reason], cursor: None, mail_owner: None }
    }
}

impl<'a, H: Fn(UserId) -> &'a ByHand> Question<'a, H> {
    pub fn share(&self) -> Shared {
        let Assignment { mode, rule, agent, .. } = &self.channel.assignment;
        match (mode, agent) {
            (Mode::Nobody, _) => Shared::to(To::Nobody, Reason::AssignsNobody),
            (Mode::TeamsOnly, _) => self.to_team(rule),
            (Mode::Specific, _) => self.by_rule(rule, &self.reached.rule),
            (Mode::ContactOwner, _) => self.to_contact_owner(),
            (Mode::Agent, Some(agent)) if !self.agent_is_over => {
                let seconds = agent.deadline_seconds;
                Shared::to(To::CustomerAgent, Reason::CustomerAgentAsked { seconds })
            }
            (Mode::Agent, _) => self.fall_back(vec![], vec![], None),
        }
    }

    fn to_team(&self, rule: &Rule) -> Shared {
        match rule.teams.iter().find_map(|id| self.people.teams.get(id)) {
            Some(team) => {
                let name = team.name.clone();
                Shared::to(To::Team(team.id), Reason::TeamOnly { team: team.id, name })
            }
            None => Shared::to(To::Nobody, Reason::NobodySelected),
        }
    }

    /// The skills that are asked for do not bind whoever knows the customer.
    fn to_contact_owner(&self) -> Shared {
        let owner = match self.customer {
            None => Err(Reason::NoContact),
            Some(Customer { owner: None, .. }) => Err(Reason::ContactHasNoOwner),
            Some(Customer { tracked: false, .. }) => Err(Reason::ContactNotTracked),
            Some(Customer { owner: Some(owner), .. }) => Ok(owner),
        };
        let owner = match owner {
            Ok(owner) => owner,
            Err(reason) => return self.fall_back(vec![], vec![reason], None),
        };
        let rule = Rule { users: vec![owner], strategy: Strategy::LoadBalanced, ..Rule::default() };
        let workspace = self.people.workspace(self.channel.inbox);
        let alone = Roster::new(&rule, self.people, workspace, |_| true);
        let selection = self.select(&rule, &alone, &[], &[]);
        if !selection.eligible.is_empty() {
            let mut reasons = vec![Reason::OwnsContact { agent: owner }];
            reasons.extend(self.though_away(owner));
            let (to, candidates) = (To::Owner(owner), selection.candidates);
            return Shared { to, candidates, reasons, cursor: None, mail_owner: None };
        }
        let is_absent = selection.anyone_objects(is_absence);
        let mail_owner = Some(owner).filter(|_| is_absent && self.mails_owner());
        let cannot = Reason::OwnerCannotTake { agent: owner };
        let mails = mail_owner.map(|agent| Reason::OwnerMailed { agent });
        let reasons = [cannot].into_iter().chain(mails).collect();
        self.fall_back(selection.candidates.to_vec(), reasons, mail_owner)
    }

    fn mails_owner(&self) -> bool {
        let row = modes::row(self.channel.inbox.is_some(), &self.channel.way);
        row.is_some_and(|row| row.mails_owner)
    }

    /// The first choice, of whom `looked_at` were candidates, did not take it for these reasons.
    fn fall_back(
        &self,
        looked_at: Vec<Candidate>,
        because: Vec<Reason>,
        mail_owner: Option<UserId>,
    ) -> Shared {
        let Some((rule, roster)) =
            self.channel.assignment.fallback.as_ref().zip(self.reached.fallback.as_ref())
        else {
            let reasons = if because.is_empty() { vec![Reason::AssignsNobody] } else { because };
            let candidates = looked_at.into_iter().collect();
            return Shared { to: To::Nobody, candidates, reasons, cursor: None, mail_owner };
        };
        let mut shared = self.by_rule(rule, roster);
        if !looked_at.is_empty() {
            let before: BTreeSet<UserId> = looked_at.iter().map(|candidate| candidate.user).collect();
            let others = shared.candidates.to_vec().into_iter().filter(|other| !before.contains(&other.user));
            shared.candidates = looked_at.into_iter().chain(others).collect();
        }
        shared.reasons.push(Reason::FallsBack);
        shared.reasons.extend(because);
        Shared { mail_owner, ..shared }
    }

    fn by_rule(&self, rule: &Rule, roster: &Roster) -> Shared {
        let Skills { needed, preferred, let_go } = self.skills();
        let selection = self.select(rule, roster, &needed, &preferred);
        let mut reasons = Vec::new();
        let Some(first) = selection.eligible.first() else {
            reasons.push(self.nobody(&selection, &needed));
            reasons.extend(let_go);
            let candidates = selection.candidates;
            return Shared { to: To::Nobody, candidates, reasons, cursor: None, mail_owner: None };
        };
        let owner = first.user;
        reasons.extend(selection.reason(rule.strategy));
        reasons.extend(self.though_away(owner));
        reasons.extend(needed.iter().cloned().map(|Wanted { skill, name, level }| Reason::SkillNeeded {
            skill,
            name,
            level,
        }));
        reasons.extend(preferred.iter().cloned().map(|wanted| self.preferred(owner, wanted)));
        reasons.extend(let_go);
        let turn = Cursor { user: owner, position: first.position };
        let cursor = Some(turn).filter(|_| rule.strategy == Strategy::RoundRobin);
        Shared { to: To::Owner(owner), candidates: selection.candidates, reasons, cursor, mail_owner: None }
    }

    fn select(&self, rule: &Rule, roster: &Roster, needed: &[Wanted], preferred: &[Wanted]) -> Selection {
        let workspace = self.people.workspace(self.channel.inbox);
        let lacking: BTreeMap<UserId, u32> = match preferred {
            [] => BTreeMap::new(),
            _ => roster.users().iter().map(|user| (*user, self.lacks(*user, preferred))).collect(),
        };
        // What they know is not seen at a glance.
        let glance = |_: &Chair, user: UserId| {
            let is_there = needed.is_empty() && *(self.by_hand)(user) == ByHand::Available;
            is_there.then_some(Glance { objection: None, idle_since: None })
        };
        let standing = |person: &User| {
            let standing = Standing { by_hand: (self.by_hand)(person.id), ..Standing::BY_SCHEDULE };
            (standing, None)
        };
        let only_available = self.channel.assignment.only_available;
        let field = Field {
            people: self.people,
            load: self.load,
            kind: self.channel.way.ticket_type(),
            terms: Terms { workspace, only_available, skills: needed },
            at: self.at,
            cursor: self.cursor,
            draw: self.draw,
            at_most: 1,
            asked: Some(&lacking),
            standing,
            glance,
        };
        assignment::select(rule, roster, &field)
    }

    fn lacks(&self, user: UserId, wanted: &[Wanted]) -> u32 {
        let knows = |wanted: &&Wanted| self.knows(user, wanted);
        let known = wanted.iter().filter(knows).count();
        u32::try_from(wanted.len() - known).unwrap_or(u32::MAX)
    }

    fn knows(&self, user: UserId, wanted: &Wanted) -> bool {
        self.people.users.get(&user).is_some_and(|user| user.knows(wanted.skill, wanted.level))
    }

    /// The skills that this very ticket asks for.
    fn skills(&self) -> Skills {
        let mut skills = Skills::default();
        let relaxed = self.channel.relax_after_minutes.filter(|minutes| {
            let waits = self.at.signed_duration_since(self.since);
            waits >= TimeDelta::minutes(i64::from(*minutes))
        });
        for demand in self.channel.demands.iter().filter(|demand| self.is_meant(demand)) {
            let (skill, name) = (demand.skill, self.people.skill_name(demand.skill));
            match relaxed {
                Some(minutes) if demand.needed => {
                    skills.let_go.push(Reason::SkillLetGo { skill, name: name.clone(), minutes });
                }
                _ => {}
            }
            let wanted = Wanted { skill, name, level: demand.level };
            match demand.needed && relaxed.is_none() {
                true => skills.needed.push(wanted),
                false => skills.preferred.push(wanted),
            }
        }
        skills
    }

    fn is_meant(&self, demand: &Demand) -> bool {
        let says = |says: &super::channel::Says| {
            self.properties.get(&says.property).is_some_and(|value| *value == says.equals)
        };
        demand.when.as_ref().is_none_or(says)
    }

    fn preferred(&self, owner: UserId, wanted: Wanted) -> Reason {
        let knows = self.knows(owner, &wanted);
        let Wanted { skill, name, level } = wanted;
        match knows {
            true => Reason::SkillPreferred { skill, name, level },
            false => Reason::SkillMissed { skill, name, level },
        }
    }

    fn nobody(&self, selection: &Selection, needed: &[Wanted]) -> Reason {
        let known = |wanted: &&Wanted| selection.candidates.iter().any(|(user, ..)| self.knows(user, wanted));
        if !selection.candidates.is_empty()
            && let Some(Wanted { skill, name, level }) = needed.iter().find(|wanted| !known(wanted)).cloned()
        {
            return Reason::NobodyKnows { skill, name, level };
        }
        let is_full = |objection: &Objection| matches!(objection, Objection::AtCapacity { .. });
        match selection.anyone_objects(is_full) {
            true => Reason::AllAtCapacity,
            false => selection.nobody(),
        }
    }

    fn though_away(&self, owner: UserId) -> Option<Reason> {
        let person = self.people.users.get(&owner)?;
        let away = availability::away(person, (self.by_hand)(owner), self.at);
        away.map(|_| Reason::GivenThoughAway { agent: owner })
    }
}

#[derive(Default)]
struct Skills {
    needed: Vec<Wanted>,
    preferred: Vec<Wanted>,
    let_go: Vec<Reason>,
}

fn is_absence(objection: &Objection) -> bool {
    matches!(
        objection,
        Objection::OutOfOffice { .. } | Objection::Away { .. } | Objection::OutsideWorkingHours
    )
}

#[cfg(test)]
pub(super) mod tests;
