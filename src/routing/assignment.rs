//! The one selection: who is asked, in which order, and why not the others. Calls, tickets, retries and previews
//! all go through here (D8), so that load, availability and fairness mean the same everywhere.

use super::{
    candidates::Candidates,
    distribution::{Behind, Cursor, Entrant, Leaders, Look, Order, Strategy, TieBreak},
    eligibility::{self, Objection, Standing, Terms},
    ids::{TeamId, UserId},
    load::{Load, TicketType},
    people::{People, User},
    reasons::Reason,
    roster::{Chair, Roster},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whom a channel reaches and how it shares out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub users: Vec<UserId>,
    pub teams: Vec<TeamId>,
    pub strategy: Strategy,
    pub tie_break: TieBreak,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// Everybody that the rule reaches, in its order.
    pub candidates: Candidates,
    /// The first of those without an objection, in the order in which they are to be asked.
    pub eligible: Vec<Entrant>,
    /// The others without an objection.
    pub behind: Behind,
    /// Of what each holds so many.
    pub kind: TicketType,
}

/// What a selection looks at besides the rule.
pub struct Field<'a, S, G> {
    pub people: &'a People,
    pub load: &'a Load,
    pub kind: TicketType,
    pub terms: Terms<'a>,
    pub at: DateTime<Utc>,
    pub cursor: Option<Cursor>,
    /// The number that decides under the random strategy.
    pub draw: u64,
    /// How many of the eligible are wanted, the first ones.
    pub at_most: usize,
    /// Who was asked how often before: nobody is asked twice before everybody was asked once. Or who lacks how many of the
    /// skills that they had better have.
    pub asked: Option<&'a BTreeMap<UserId, u32>>,
    /// What a user does at the moment, and since when they are off calls.
    pub standing: S,
    /// The same at a glance, where there is nothing to look at closer: they are there by hand.
    pub glance: G,
}

/// What keeps somebody from it whose settings are plain, and since when they are off calls.
#[derive(Debug, Clone, Copy)]
pub struct Glance {
    pub objection: Option<&'static Objection>,
    pub idle_since: Option<DateTime<Utc>>,
}

/// For those who look at everybody closely.
pub fn no_glance(_: &Chair, _: UserId) -> Option<Glance> {
    None
}

pub fn select<'a, S, G>(rule: &Rule, roster: &Roster, field: &Field<'a, S, G>) -> Selection
where
    S: Fn(&'a User) -> (Standing<'a>, Option<DateTime<Utc>>),
    G: Fn(&Chair, UserId) -> Option<Glance>,
{
    let after = field.cursor.and_then(|cursor| last_turn(&roster.users, cursor));
    let order = Order { strategy: rule.strategy, tie_break: rule.tie_break, after, draw: field.draw };
    let mut leaders = Leaders::new(order, field.at_most);
    let mut candidates = Candidates::of(roster.users.clone());
    let asked = field.asked.filter(|asked| !asked.is_empty());
    let mut least_asked = u32::MAX;
    for ((&user, chair), position) in roster.users.iter().zip(&roster.chairs).zip(0..) {
        let held = field.load.rows().at(chair.held, user);
        let load = held.map_or(0, |held| held.open(field.kind));
        let (objection, idle_since) = look_at(user, chair, load, field);
        if let Some(objection) = objection {
            candidates.object(load, objection);
            continue;
        }
        candidates.add(load);
        let asked = asked.map_or(0, |asked| asked.get(&user).copied().unwrap_or(0));
        if asked > least_asked {
            continue;
        }
        if asked < least_asked {
            leaders.begin_again();
            least_asked = asked;
        }
        let last_assigned_ms = held.and_then(|held| held.last_assigned_ms);
        leaders.add(&Look { user, position, load, last_assigned_ms, idle_since });
    }
    let (first, behind) = leaders.finish();
    let entrant = |position: u32| {
        let (user, chair) = (roster.users[position as usize], &roster.chairs[position as usize]);
        let held = field.load.rows().at(chair.held, user);
        let (_, idle_since) = look_at(user, chair, 0, field);
        let (load, last_assigned) =
            held.map_or((0, None), |held| (held.open(field.kind), held.last_assigned()));
        Entrant { user, position, load, last_assigned, idle_since }
    };
    let eligible = first.into_iter().map(entrant).collect();
    Selection { candidates, eligible, behind, kind: field.kind }
}

/// What objects to giving `user` one more than their `load`, and since when they are off calls.
#[inline]
fn look_at<'a, S, G>(
    user: UserId,
    chair: &Chair,
    load: u32,
    field: &Field<'a, S, G>,
) -> (Option<Objection>, Option<DateTime<Utc>>)
where
    S: Fn(&'a User) -> (Standing<'a>, Option<DateTime<Utc>>),
    G: Fn(&Chair, UserId) -> Option<Glance>,
{
    if chair.plain
        && let Some(Glance { objection, idle_since }) = (field.glance)(chair, user)
    {
        let full = eligibility::at_capacity(chair.capacity, load);
        let seen = (full.or_else(|| objection.cloned()), idle_since);
        debug_assert_eq!(
            seen,
            look_closely(user, chair, load, field),
            "at a glance {user} is not who they are"
        );
        return seen;
    }
    look_closely(user, chair, load, field)
}

fn look_closely<'a, S, G>(
    user: UserId,
    chair: &Chair,
    load: u32,
    field: &Field<'a, S, G>,
) -> (Option<Objection>, Option<DateTime<Utc>>)
where
    S: Fn(&'a User) -> (Standing<'a>, Option<DateTime<Utc>>),
{
    let Some(person) = field.people.users.get(&user) else { return (Some(Objection::NoSeat), None) };
    let (standing, idle_since) = (field.standing)(person);
    (eligibility::objection(person, chair.admitted, field.terms, standing, load, field.at), idle_since)
}

/// The position after which the next turn begins. Whoever moved up into the place of a user who left is next.
fn last_turn(users: &[UserId], cursor: Cursor) -> Option<u32> {
    let index = users.iter().position(|user| *user == cursor.user);
    index.map_or(cursor.position.checked_sub(1), |index| u32::try_from(index).ok())
}

impl Selection {
    pub fn anyone_objects(&self, is: impl Fn(&Objection) -> bool) -> bool {
        self.candidates.objections().any(is)
    }

    /// How many there are without an objection.
    pub fn eligible_count(&self) -> u32 {
        u32::try_from(self.eligible.len()).unwrap_or(u32::MAX).saturating_add(self.behind.count)
    }

    /// Why the first of the eligible is the first.
    pub fn reason(&self, strategy: Strategy) -> Option<Reason> {
        let first = self.eligible.first()?;
        let agents = self.eligible_count();
        let agent = first.user;
        Some(match strategy {
            Strategy::Simultaneous => Reason::RingsAll { agents },
            Strategy::LoadBalanced => {
                let among_first = self.eligible.iter().filter(|other| other.load == first.load).count() > 1;
                let tied = among_first || self.behind.least_load == Some(first.load);
                Reason::FewestOpen { agent, kind: self.kind, open: first.load, tied }
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

#[cfg(test)]
mod tests {
    use super::super::{
        availability::{ByHand, Phone},
        ids::Ids,
        inboxes::Workspace,
        load::Weight,
        people::{Reach, Role, Seat},
        zone::Zone,
    };
    use super::*;
    use std::collections::HashMap;

    /// Four users, by number.
    struct Office {
        people: People,
        load: Load,
        users: Vec<UserId>,
        idle_since: [Option<i64>; 4],
        cursor: Option<Cursor>,
        busy: Vec<UserId>,
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    impl Office {
        /// Loads 2, 1, 0, 0; last assigned at 10 s, 30 s, 20 s, never; off calls since 50 s, 40 s, 60 s, 60 s.
        fn new() -> Self {
            let mut ids = Ids::new(5);
            let users: Vec<UserId> = (0..4).map(|_| UserId(ids.next(1))).collect();
            let mut load = Load::default();
            let mut give = |user: usize, kind, seconds| {
                load.put(Weight { user: users[user], kind, assigned_at: at(seconds) });
            };
            for (user, seconds) in [(0, 5), (0, 10), (1, 30)] {
                give(user, TicketType::Calling, seconds);
            }
            give(2, TicketType::Messages, 20);
            Self {
                people: People {
                    users: users.iter().map(|id| (*id, user(*id))).collect(),
                    ..People::default()
                },
                load,
                users,
                idle_since: [Some(50), Some(40), Some(60), Some(60)],
                cursor: None,
                busy: vec![],
            }
        }

        fn select(&self, rule: &Rule) -> Selection {
            self.select_after(rule, None)
        }

        fn select_after(&self, rule: &Rule, asked: Option<&BTreeMap<UserId, u32>>) -> Selection {
            let standing = |person: &User| {
                let id = person.id;
                let hindrance = self.busy.contains(&id).then_some(&Objection::OnCall);
                let index = self.users.iter().position(|user| *user == id);
                let idle_since = index.and_then(|index| self.idle_since[index]).map(at);
                (Standing { by_hand: &ByHand::Available, phone: Phone::WORKING, hindrance }, idle_since)
            };
            let (people, load, cursor) = (&self.people, &self.load, self.cursor);
            let kind = TicketType::Calling;
            let roster = Roster::new(rule, people, Workspace::HelpDesk, |_| true);
            let terms = Terms::call(Workspace::HelpDesk);
            let (at_most, glance) = (4, no_glance);
            let at = at(100);
            let field =
                Field { people, load, kind, terms, at, cursor, draw: 7, at_most, asked, standing, glance };
            select(rule, &roster, &field)
        }

        /// Who is asked, in which order, as numbers.
        fn order(&self, strategy: Strategy, tie_break: TieBreak, rule: &[usize]) -> Vec<usize> {
            let users = rule.iter().map(|index| self.users[*index]).collect();
            let selection = self.select(&Rule { users, teams: vec![], strategy, tie_break });
            let number = |entrant: &Entrant| self.users.iter().position(|user| *user == entrant.user);
            selection.eligible.iter().filter_map(number).collect()
        }

        fn cursor(&mut self, user: usize, position: u32) {
            self.cursor = Some(Cursor { user: self.users[user], position });
        }
    }

    fn user(id: UserId) -> User {
        User {
            id,
            name: "User".into(),
            email: "user@example.org".into(),
            role: Role::Agent,
            seats: vec![Seat::Service],
            ticket_access: true,
            zone: Zone::utc(),
            working_hours: None,
            out_of_office: vec![],
            capacity: None,
            skills: vec![],
            reach: Reach::Client("user".into()),
        }
    }

    #[test]
    fn each_strategy_asks_in_its_order_and_each_tie_is_broken_as_chosen() {
        use {Strategy::*, TieBreak::*};
        let office = Office::new();
        let table = [
            (LoadBalanced, LongestSinceAssigned, [3, 2, 1, 0]),
            (LoadBalanced, LastAssigned, [2, 3, 1, 0]),
            (LoadBalanced, FixedOrder, [2, 3, 1, 0]),
            (Simultaneous, FixedOrder, [2, 3, 1, 0]),
            (LongestIdle, LongestSinceAssigned, [1, 0, 3, 2]),
            (LongestIdle, LastAssigned, [1, 0, 2, 3]),
            (LongestIdle, FixedOrder, [1, 0, 2, 3]),
            (RoundRobin, FixedOrder, [0, 1, 2, 3]),
        ];
        for (strategy, tie_break, expected) in table {
            assert_eq!(
                office.order(strategy, tie_break, &[0, 1, 2, 3]),
                expected,
                "{strategy:?} {tie_break:?}"
            );
        }
        let mut drawn = office.order(Random, FixedOrder, &[0, 1, 2, 3]);
        assert_eq!(drawn, office.order(Random, FixedOrder, &[0, 1, 2, 3]), "a draw stands");
        drawn.sort_unstable();
        assert_eq!(drawn, [0, 1, 2, 3]);
    }

    #[test]
    fn who_was_never_on_a_call_has_been_off_calls_for_longest() {
        let mut office = Office::new();
        office.idle_since[2] = None;
        assert_eq!(office.order(Strategy::LongestIdle, TieBreak::FixedOrder, &[0, 1, 2, 3]), [2, 1, 0, 3]);
    }

    #[test]
    fn the_turn_goes_on_after_the_cursor_whatever_becomes_of_the_rule() {
        let mut office = Office::new();
        let order =
            |office: &Office, rule: &[usize]| office.order(Strategy::RoundRobin, TieBreak::FixedOrder, rule);
        office.cursor(1, 1);
        assert_eq!(order(&office, &[0, 1, 2, 3]), [2, 3, 0, 1], "it goes on after user 1");
        assert_eq!(
            order(&office, &[3, 0, 1, 2]),
            [2, 3, 0, 1],
            "a newcomer in front joins the running cycle"
        );
        assert_eq!(order(&office, &[0, 1, 3, 2]), [3, 2, 0, 1], "a newcomer who is next is next");
        assert_eq!(order(&office, &[0, 2, 3]), [2, 3, 0], "user 1 left: nobody is skipped");
        office.cursor(0, 0);
        assert_eq!(order(&office, &[1, 2, 3]), [1, 2, 3], "the first one left");
        office.cursor(3, 3);
        assert_eq!(order(&office, &[0, 1, 2]), [0, 1, 2], "the last one left");
        office.busy = vec![office.users[1]];
        office.cursor(0, 0);
        assert_eq!(order(&office, &[0, 1, 2, 3]), [2, 3, 0], "who is busy misses their turn");
    }

    #[test]
    fn round_robin_shares_evenly_and_load_balanced_evens_out() {
        for strategy in [Strategy::RoundRobin, Strategy::LoadBalanced] {
            let mut office = Office::new();
            office.load = Load::default();
            let rule = Rule { users: office.users.clone(), strategy, ..Rule::default() };
            let mut given: HashMap<UserId, u32> = HashMap::new();
            for n in 0..400 {
                let first = office.select(&rule).eligible.swap_remove(0);
                office.cursor = Some(Cursor { user: first.user, position: first.position });
                office.load.put(Weight { user: first.user, kind: TicketType::Calling, assigned_at: at(n) });
                *given.entry(first.user).or_default() += 1;
            }
            assert_eq!(Vec::from_iter(given.into_values()), [100; 4], "{strategy:?}");
        }
    }

    #[test]
    fn everybody_whom_the_rule_reaches_is_accounted_for() {
        let mut office = Office::new();
        office.busy = vec![office.users[0]];
        let stranger = UserId(Ids::new(77).next(2));
        let rule = Rule { users: vec![office.users[0], stranger, office.users[1]], ..Rule::default() };
        let selection = office.select(&rule);
        let objections: Vec<_> =
            selection.candidates.iter().map(|(.., objection)| objection.cloned()).collect();
        assert_eq!(objections, [Some(Objection::OnCall), Some(Objection::NoSeat), None]);
        assert_eq!(selection.eligible.len(), 1);
        assert_eq!(selection.eligible[0].position, 2, "the place in the rule, not among the eligible");
    }

    #[test]
    fn why_nobody_is_left_is_told_by_what_could_still_change_it() {
        let reason = |objections: &[Objection]| {
            let users = objections.iter().map(|_| UserId(Ids::new(1).next(1))).collect();
            let mut candidates = Candidates::of(users);
            objections.iter().for_each(|objection| candidates.object(0, objection.clone()));
            Selection { candidates, ..Selection::default() }.nobody()
        };
        assert_eq!(reason(&[]), Reason::NobodySelected);
        assert_eq!(reason(&[Objection::NotConnected]), Reason::NobodyAvailable);
        assert_eq!(reason(&[Objection::NotConnected, Objection::WrappingUp]), Reason::AllBusy);
        assert_eq!(reason(&[Objection::OnCall, Objection::Declined]), Reason::AllDeclined);
    }

    #[test]
    fn whoever_was_asked_least_goes_before_all_others() {
        let office = Office::new();
        let asked = BTreeMap::from([(office.users[0], 1), (office.users[2], 2), (office.users[3], 1)]);
        let rule = Rule { users: office.users.clone(), ..Rule::default() };
        let order = |asked: &BTreeMap<UserId, u32>| {
            let selection = office.select_after(&rule, Some(asked));
            Vec::from_iter(selection.eligible.iter().map(|entrant| entrant.position))
        };
        assert_eq!(order(&asked), [1]);
        let again = BTreeMap::from_iter(
            office.users.iter().map(|user| (*user, asked.get(user).copied().unwrap_or(1))),
        );
        assert_eq!(order(&again), [3, 1, 0], "user 2 was asked more often");
    }

    #[test]
    fn the_reason_names_who_is_asked_first() {
        let office = Office::new();
        let reason = |strategy| {
            let rule = Rule { users: office.users.clone(), strategy, ..Rule::default() };
            office.select(&rule).reason(strategy)
        };
        let [zero, one, _, three] = office.users[..] else { panic!("four users") };
        let fewest = Reason::FewestOpen { agent: three, kind: TicketType::Calling, open: 0, tied: true };
        assert_eq!(reason(Strategy::LoadBalanced), Some(fewest));
        assert_eq!(reason(Strategy::RoundRobin), Some(Reason::NextInTurn { agent: zero }));
        let idle = Reason::LongestIdle { agent: one, since: Some(at(40)) };
        assert_eq!(reason(Strategy::LongestIdle), Some(idle));
        assert_eq!(reason(Strategy::Simultaneous), Some(Reason::RingsAll { agents: 4 }));
        assert_eq!(Selection::default().reason(Strategy::RoundRobin), None);
    }
}
