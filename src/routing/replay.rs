//! What happened, under another rule: the tickets of a stretch of time once more, in their order, and beside who got each
//! the one who would have. Loads follow what would have been; everything else, such as who was there and when a ticket was
//! closed, stays as it was.

use super::{
    distribution::Cursor,
    ids::{TeamId, TicketId, UserId},
    load::{Load, TicketType, Weight},
    reasons::Reason,
};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};

/// A ticket as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub ticket: TicketId,
    pub kind: TicketType,
    pub opened_at: DateTime<Utc>,
    /// Who has it, or had it last, and since when.
    pub owner: Option<(UserId, DateTime<Utc>)>,
    pub team: Option<TeamId>,
    pub closed_at: Option<DateTime<Utc>>,
    /// It is one that the other rule would have shared out. The others only weigh.
    pub is_asked: bool,
}

/// Who would have got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    One(UserId),
    /// They would have been rung together; who takes it is not for a rule to say.
    AnyOf(Vec<UserId>),
    Team(TeamId),
    /// An outside service is asked first.
    CustomerAgent,
    Nobody,
}

/// One choice of the other rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub instead: Instead,
    pub reasons: Vec<Reason>,
    /// Whose turn it was.
    pub cursor: Option<Cursor>,
}

/// One ticket, as it was and as it would have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    pub past: Past,
    pub instead: Instead,
    pub reasons: Vec<Reason>,
}

impl Replayed {
    /// Whether it would have come to the same.
    pub fn is_same(&self) -> bool {
        let owner = self.past.owner.map(|(owner, _)| owner);
        match &self.instead {
            Instead::One(user) => owner == Some(*user),
            Instead::AnyOf(users) => owner.is_some_and(|owner| users.contains(&owner)),
            Instead::Team(team) => self.past.team == Some(*team),
            Instead::CustomerAgent | Instead::Nobody => owner.is_none() && self.past.team.is_none(),
        }
    }
}

/// What a choice is made from.
pub struct Then<'a> {
    pub past: &'a Past,
    /// As it would have been at that moment.
    pub load: &'a Load,
    pub cursor: Option<Cursor>,
}

/// Plays the tickets again, in the order in which they were opened. Before `from` all is as it was. `choose` is the other
/// rule.
pub fn replay(
    past: &[Past],
    from: DateTime<Utc>,
    mut choose: impl FnMut(&Then<'_>) -> Choice,
) -> Vec<Replayed> {
    let mut world = World::default();
    let (mut replayed, mut cursor) = (Vec::new(), None);
    for step in steps(past, from) {
        let past = &past[step.index];
        match step.what {
            What::Closed => world.lift(past.ticket),
            What::Assigned => {
                if let Some((owner, at)) = past.owner {
                    world.give(past, owner, at);
                }
            }
            What::Opened => {
                world.load.expire(past.opened_at);
                let choice = choose(&Then { past, load: &world.load, cursor });
                cursor = choice.cursor.or(cursor);
                let taker = match &choice.instead {
                    Instead::One(user) => Some(*user),
                    Instead::AnyOf(users) => past.owner.map(|(owner, _)| owner).filter(|o| users.contains(o)),
                    _ => None,
                };
                if let Some(user) = taker {
                    world.give(past, user, past.opened_at);
                }
                let Choice { instead, reasons, .. } = choice;
                replayed.push(Replayed { past: past.clone(), instead, reasons });
            }
        }
    }
    replayed
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    // At the same instant what is closed weighs no more.
    Closed,
    Assigned,
    Opened,
}

struct Step {
    at: DateTime<Utc>,
    what: What,
    index: usize,
}

/// Everything that changes a load, in order of time.
fn steps(past: &[Past], from: DateTime<Utc>) -> Vec<Step> {
    let mut steps = Vec::with_capacity(past.len() * 2);
    for (index, past) in past.iter().enumerate() {
        let is_played = past.is_asked && past.opened_at >= from;
        if is_played {
            steps.push(Step { at: past.opened_at, what: What::Opened, index });
        } else if let Some((_, at)) = past.owner {
            steps.push(Step { at, what: What::Assigned, index });
        }
        if let Some(at) = past.closed_at {
            steps.push(Step { at, what: What::Closed, index });
        }
    }
    steps.sort_by_key(|step| (step.at, step.what, past[step.index].ticket));
    steps
}

#[derive(Default)]
struct World {
    load: Load,
    weights: HashMap<TicketId, Weight>,
}

impl World {
    fn give(&mut self, past: &Past, user: UserId, assigned_at: DateTime<Utc>) {
        // What was assigned after it was closed weighs nothing.
        let after = past.closed_at.is_none_or(|closed_at| assigned_at < closed_at);
        let weight = Weight { user, kind: past.kind, assigned_at };
        let before = self.weights.remove(&past.ticket);
        if after {
            self.weights.insert(past.ticket, weight);
            self.load.change(before, Some(weight));
        } else {
            self.load.change(before, None);
            self.load.remember_assignment(user, assigned_at);
        }
    }

    fn lift(&mut self, ticket: TicketId) {
        let before = self.weights.remove(&ticket);
        self.load.change(before, None);
    }
}

/// How many tickets each user had, and how many they would have had.
pub fn shares(replayed: &[Replayed]) -> BTreeMap<UserId, (u32, u32)> {
    let mut shares: BTreeMap<UserId, (u32, u32)> = BTreeMap::new();
    for one in replayed {
        if let Some((owner, _)) = one.past.owner {
            shares.entry(owner).or_default().0 += 1;
        }
        if let Instead::One(user) = one.instead {
            shares.entry(user).or_default().1 += 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    struct Month {
        ids: Ids,
        past: Vec<Past>,
    }

    impl Month {
        fn new() -> Self {
            Self { ids: Ids::new(3), past: Vec::new() }
        }

        fn user(&mut self) -> UserId {
            UserId(self.ids.next(1))
        }

        fn ticket(&mut self, opened: i64, owner: Option<UserId>, closed: Option<i64>, is_asked: bool) {
            self.past.push(Past {
                ticket: TicketId(self.ids.next(opened * 1000)),
                kind: TicketType::EmailOther,
                opened_at: at(opened),
                owner: owner.map(|owner| (owner, at(opened))),
                team: None,
                closed_at: closed.map(at),
                is_asked,
            });
        }
    }

    /// Whoever of these has fewest.
    fn fewest(users: [UserId; 2]) -> impl FnMut(&Then<'_>) -> Choice {
        move |then| {
            let least = users.into_iter().min_by_key(|user| then.load.of(*user, TicketType::EmailOther));
            let instead = least.map_or(Instead::Nobody, Instead::One);
            Choice { instead, reasons: vec![], cursor: None }
        }
    }

    #[test]
    fn loads_follow_what_would_have_been() {
        let mut month = Month::new();
        let (ann, ben) = (month.user(), month.user());
        for opened in [10, 20, 30, 40] {
            month.ticket(opened, Some(ann), None, true);
        }
        let replayed = replay(&month.past, at(0), fewest([ann, ben]));
        let instead: Vec<_> = replayed.iter().map(|one| one.instead.clone()).collect();
        assert_eq!(instead, [ann, ben, ann, ben].map(Instead::One));
        assert_eq!(shares(&replayed), BTreeMap::from([(ann, (4, 2)), (ben, (0, 2))]));
        assert_eq!(Vec::from_iter(replayed.iter().map(Replayed::is_same)), [true, false, true, false]);
    }

    #[test]
    fn what_was_before_and_what_came_by_other_channels_weighs_as_it_was() {
        let mut month = Month::new();
        let (ann, ben) = (month.user(), month.user());
        month.ticket(1, Some(ann), None, true);
        month.ticket(2, Some(ann), Some(15), true);
        month.ticket(12, Some(ben), None, false);
        month.ticket(13, Some(ann), None, true);
        month.ticket(16, Some(ann), None, true);
        let replayed = replay(&month.past, at(10), fewest([ann, ben]));
        let instead: Vec<_> = replayed.iter().map(|one| one.instead.clone()).collect();
        // At 13 Ann has two and Ben one; at 16 Ann has one left, and Ben two.
        assert_eq!(instead, [ben, ann].map(Instead::One));
    }

    #[test]
    fn where_many_would_have_been_rung_it_is_the_same_if_the_taker_was_among_them() {
        let mut month = Month::new();
        let (ann, ben, cem) = (month.user(), month.user(), month.user());
        month.ticket(1, Some(ann), None, true);
        month.ticket(2, Some(cem), None, true);
        month.ticket(3, None, None, true);
        let mut loads = Vec::new();
        let replayed = replay(&month.past, at(0), |then| {
            loads.push(then.load.of(ann, TicketType::EmailOther) + then.load.of(cem, TicketType::EmailOther));
            Choice { instead: Instead::AnyOf(vec![ann, ben]), reasons: vec![], cursor: None }
        });
        assert_eq!(Vec::from_iter(replayed.iter().map(Replayed::is_same)), [true, false, false]);
        assert_eq!(loads, [0, 1, 1], "what nobody is known to have taken weighs on nobody");
    }

    #[test]
    fn the_turn_goes_on_from_choice_to_choice() {
        let mut month = Month::new();
        let ann = month.user();
        for opened in [1, 2, 3] {
            month.ticket(opened, None, None, true);
        }
        let mut turns = Vec::new();
        replay(&month.past, at(0), |then| {
            turns.push(then.cursor.map(|cursor| cursor.position));
            let next = turns.len() as u32;
            // The second could be given to nobody: the turn stays.
            let cursor = (next != 2).then_some(Cursor { user: ann, position: next });
            Choice { instead: Instead::Nobody, reasons: vec![], cursor }
        });
        assert_eq!(turns, [None, Some(1), Some(1)]);
    }
}
