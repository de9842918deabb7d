use super::*;
use crate::{
    routing::{
        distribution::TieBreak,
        hours::{Hours, Weekly},
        ids::{ChannelId, Ids, InboxId, SkillId, TicketId},
        inboxes::{Access, Inbox},
        load::{COUNTED_FOR, TicketType, Weight},
        people::{OutOfOffice, Reach, Role, Seat, Team},
        skills::{Known, Skill, SkillKind},
        zone::Zone,
    },
    tickets::channel::{Chat, CustomerAgent, Email, Form, Says, Way},
};

const AVAILABLE: ByHand = ByHand::Available;
const LUNCH: ByHand = ByHand::Away { reason: None, until: None };

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_780_000_000_000 + ms).expect("an instant")
}

/// A help desk with one channel, and a ticket that comes to it.
pub struct Scene {
    pub ids: Ids,
    pub people: People,
    load: Load,
    pub channel: Channel,
    pub users: Vec<UserId>,
    away: Vec<UserId>,
    customer: Option<Customer>,
    properties: BTreeMap<String, String>,
    since: DateTime<Utc>,
    at: DateTime<Utc>,
    cursor: Option<Cursor>,
    draw: u64,
    agent_is_over: bool,
}

impl Scene {
    /// A mail channel that gives to so many users, who all could take it.
    pub fn new(count: usize) -> Self {
        let mut ids = Ids::new(5);
        let users: Vec<UserId> = (0..count).map(|_| UserId(ids.next(1))).collect();
        let people = People { users: users.iter().map(|id| (*id, user(*id))).collect(), ..People::default() };
        let rule = Rule { users: users.clone(), strategy: Strategy::LoadBalanced, ..Rule::default() };
        let mode = Mode::Specific;
        let channel = Channel {
            id: ChannelId(ids.next(1)),
            name: "Help".into(),
            inbox: None,
            way: email(),
            enabled: true,
            makes_tickets: true,
            zone: Zone::utc(),
            hours: Hours::always(),
            assignment: Assignment { mode, rule, fallback: None, only_available: true, agent: None },
            demands: vec![],
            relax_after_minutes: None,
            reroutes: false,
            properties: BTreeMap::new(),
        };
        Self {
            ids,
            people,
            load: Load::default(),
            channel,
            users,
            away: vec![],
            customer: None,
            properties: BTreeMap::new(),
            since: at(0),
            at: at(0),
            cursor: None,
            draw: 0,
            agent_is_over: false,
        }
    }

    fn share(&self) -> Shared {
        self.share_among(&Reached::of(&self.channel, &self.people))
    }

    fn share_among(&self, reached: &Reached) -> Shared {
        let by_hand = |user| if self.away.contains(&user) { &LUNCH } else { &AVAILABLE };
        Question {
            channel: &self.channel,
            reached,
            people: &self.people,
            load: &self.load,
            customer: self.customer,
            properties: &self.properties,
            at: self.at,
            since: self.since,
            cursor: self.cursor,
            draw: self.draw,
            by_hand,
            agent_is_over: self.agent_is_over,
        }
        .share()
    }

    pub fn user(&mut self, index: usize) -> &mut User {
        self.people.users.get_mut(&self.users[index]).expect("a user")
    }

    /// Gives so many open tickets of a type to somebody.
    fn give(&mut self, index: usize, kind: TicketType, count: u32) {
        let weight = Weight { user: self.users[index], kind, assigned_at: at(-1_000) };
        (0..count).for_each(|_| self.load.put(weight));
    }

    pub fn fallback(&mut self, indices: &[usize]) {
        let users = indices.iter().map(|index| self.users[*index]).collect();
        self.channel.assignment.fallback = Some(Rule { users, ..self.channel.assignment.rule.clone() });
    }

    pub fn skill(&mut self, name: &str) -> SkillId {
        let id = SkillId(self.ids.next(1));
        self.people.skills.insert(id, Skill { id, name: name.into(), kind: SkillKind::Language });
        id
    }

    /// Who owns it by number, and the code of the reason that decided.
    fn owner(&self) -> (Option<usize>, String) {
        let shared = self.share();
        let index = match shared.to {
            To::Owner(owner) => self.users.iter().position(|user| *user == owner),
            _ => None,
        };
        (index, code(&shared.reasons[0]))
    }
}

fn email() -> Way {
    Way::Email(Email { mailbox: "main".into(), address: "help@example.org".into(), sender: None })
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

fn code(reason: &Reason) -> String {
    serde_json::to_value(reason).expect("JSON")["code"].as_str().expect("a code").to_owned()
}

fn codes(shared: &Shared) -> Vec<String> {
    shared.reasons.iter().map(code).collect()
}

#[test]
fn nobody_means_nobody_and_a_team_gets_it_without_an_owner() {
    let mut scene = Scene::new(2);
    scene.channel.assignment.mode = Mode::Nobody;
    assert_eq!(scene.owner(), (None, "assigns_nobody".into()));
    let team = TeamId(scene.ids.next(1));
    let main = scene.users.clone();
    scene.people.teams.insert(team, Team { id: team, name: "Night".into(), main, extra: vec![] });
    scene.channel.assignment.mode = Mode::TeamsOnly;
    scene.channel.assignment.rule = Rule { teams: vec![team], ..Rule::default() };
    let shared = scene.share();
    assert_eq!((shared.to, codes(&shared)), (To::Team(team), vec!["team_only".into()]));
    scene.people.teams.clear();
    assert_eq!(scene.owner(), (None, "nobody_selected".into()), "the team is gone");
}

#[test]
fn the_fewest_open_tickets_of_the_same_type_get_the_next_and_calls_do_not_count_for_mail() {
    let mut scene = Scene::new(3);
    scene.give(0, TicketType::EmailOther, 1);
    scene.give(1, TicketType::Calling, 9);
    scene.give(2, TicketType::EmailOther, 2);
    assert_eq!(scene.owner(), (Some(1), "fewest_open".into()));
    scene.channel.way = Way::Chat(Chat::default());
    scene.give(1, TicketType::Messages, 1);
    assert_eq!(scene.owner().0, Some(0), "nobody else holds fewer chats, and they were given nothing since");
}

#[test]
fn a_selected_team_contributes_its_main_members_only() {
    let mut scene = Scene::new(2);
    let team = TeamId(scene.ids.next(1));
    let (main, extra) = (vec![scene.users[1]], vec![scene.users[0]]);
    scene.people.teams.insert(team, Team { id: team, name: "Night".into(), main, extra });
    scene.channel.assignment.rule =
        Rule { teams: vec![team], strategy: Strategy::LoadBalanced, ..Rule::default() };
    let shared = scene.share();
    assert_eq!((shared.to, shared.candidates.len()), (To::Owner(scene.users[1]), 1));
}

/// What is held against the only user of the rule, and whether the switch for absent ones lifts it.
#[test]
fn every_objection_keeps_a_ticket_from_somebody_and_only_absence_can_be_ignored() {
    type Change = fn(&mut Scene);
    let table: [(&str, bool, Change); 9] = [
        ("no_seat", false, |scene| scene.user(0).seats = vec![Seat::Sales]),
        ("no_ticket_access", false, |scene| scene.user(0).ticket_access = false),
        ("out_of_office", true, |scene| {
            scene.user(0).out_of_office = vec![OutOfOffice { from: at(-1), until: at(1) }];
        }),
        ("away", true, |scene| scene.away = scene.users.clone()),
        ("outside_working_hours", true, |scene| scene.user(0).working_hours = Some(Weekly::default())),
        ("at_capacity", false, |scene| {
            scene.user(0).capacity = Some(2);
            scene.give(0, TicketType::EmailOther, 2);
        }),
        ("lacks_skill", false, |scene| {
            let skill = scene.skill("Farsi");
            scene.channel.demands = vec![Demand { skill, level: None, needed: true, when: None }];
        }),
        ("no_sales_or_service_seat", false, |scene| {
            inbox(scene, None);
            scene.user(0).seats = vec![];
        }),
        ("no_inbox_access", false, |scene| inbox(scene, Some(Access::default()))),
    ];
    for (code, can_be_ignored, change) in table {
        let mut scene = Scene::new(1);
        assert_eq!(scene.owner().0, Some(0), "before {code}");
        change(&mut scene);
        let shared = scene.share();
        let objections: Vec<_> = shared.candidates.objections().map(Objection::code).collect();
        assert_eq!((shared.to, objections), (To::Nobody, vec![code]), "{code}");
        scene.channel.assignment.only_available = false;
        let shared = scene.share();
        let expected = if can_be_ignored { To::Owner(scene.users[0]) } else { To::Nobody };
        assert_eq!(shared.to, expected, "{code}, where absence is ignored");
        let says_so = codes(&shared).contains(&"given_though_away".into());
        assert_eq!(says_so, can_be_ignored, "{code}");
    }
}

/// The channel is in an inbox.
pub fn inbox(scene: &mut Scene, only: Option<Access>) {
    let id = InboxId(scene.ids.next(1));
    scene.people.inboxes.insert(id, Inbox { id, name: "Sales".into(), only });
    scene.channel.inbox = Some(id);
}

#[test]
fn an_inbox_needs_a_sales_or_a_service_seat_and_access_by_name_or_by_any_membership() {
    let mut scene = Scene::new(4);
    let team = TeamId(scene.ids.next(1));
    let (main, extra) = (vec![scene.users[0]], vec![scene.users[1]]);
    scene.people.teams.insert(team, Team { id: team, name: "Sales".into(), main, extra });
    let only = Access { users: vec![scene.users[2]], teams: vec![team] };
    inbox(&mut scene, Some(only));
    scene.user(0).seats = vec![Seat::Sales];
    let shared = scene.share();
    let objections: Vec<_> = shared.candidates.iter().map(|(.., objection)| objection.cloned()).collect();
    assert_eq!(objections, [None, None, None, Some(Objection::NoInboxAccess)]);
    scene.people.inboxes.clear();
    let shared = scene.share();
    assert_eq!((shared.to, shared.candidates.objections().count()), (To::Nobody, 4), "the inbox is gone");
}

#[test]
fn a_tie_goes_to_who_was_given_something_longest_ago_or_last_or_comes_first() {
    let table = [
        (TieBreak::LongestSinceAssigned, [2, 0, 1]),
        (TieBreak::LastAssigned, [1, 0, 2]),
        (TieBreak::FixedOrder, [0, 1, 2]),
    ];
    for (tie_break, expected) in table {
        let mut scene = Scene::new(3);
        scene.channel.assignment.rule.tie_break = tie_break;
        scene.load.remember_assignment(scene.users[0], at(-20));
        scene.load.remember_assignment(scene.users[1], at(-10));
        let mut order = Vec::new();
        while let Some(owner) = scene.owner().0 {
            order.push(owner);
            let gone = scene.users[owner];
            scene.away.push(gone);
        }
        assert_eq!(order, expected, "{tie_break:?}");
    }
}

#[test]
fn a_ticket_weighs_on_its_owner_to_the_last_millisecond_of_its_thirtieth_day() {
    let mut scene = Scene::new(2);
    scene.channel.assignment.rule.tie_break = TieBreak::FixedOrder;
    let kind = TicketType::EmailOther;
    scene.load.put(Weight { user: scene.users[0], kind, assigned_at: at(0) });
    for (ms, expected) in
        [(0, 1), (COUNTED_FOR.num_milliseconds(), 1), (COUNTED_FOR.num_milliseconds() + 1, 0)]
    {
        scene.at = at(ms);
        scene.load.expire(scene.at);
        assert_eq!(scene.owner().0, Some(expected), "{ms} ms later");
    }
}

#[test]
fn a_capacity_stops_what_comes_by_itself_and_the_reason_says_so() {
    let mut scene = Scene::new(2);
    for index in 0..2 {
        scene.user(index).capacity = Some(1);
    }
    scene.give(0, TicketType::EmailOther, 1);
    assert_eq!(scene.owner().0, Some(1));
    scene.give(1, TicketType::EmailOther, 1);
    assert_eq!(scene.owner(), (None, "all_at_capacity".into()));
    scene.channel.way = Way::Chat(Chat::default());
    assert!(scene.owner().0.is_some(), "a capacity is of each type");
}

/// Owner mode: who writes, what the switch and the fallback are, and what follows, with all reasons.
#[test]
fn the_contact_s_owner_gets_it_if_there_is_one_who_is_tracked_and_can() {
    type Wrote = fn(&[UserId]) -> Option<Customer>;
    let scene = |customer: Wrote| {
        let mut scene = Scene::new(3);
        scene.channel.assignment.mode = Mode::ContactOwner;
        scene.channel.assignment.rule = Rule { strategy: Strategy::LoadBalanced, ..Rule::default() };
        scene.customer = customer(&scene.users);
        scene
    };
    let owned: Wrote = |users| Some(Customer { owner: Some(users[2]), tracked: true });
    let not_given: [(&str, Wrote); 3] = [
        ("no_contact", |_| None),
        ("contact_has_no_owner", |_| Some(Customer { owner: None, tracked: true })),
        ("contact_not_tracked", |users| Some(Customer { owner: Some(users[2]), tracked: false })),
    ];
    for (code, customer) in not_given {
        let mut scene = scene(customer);
        assert_eq!(scene.owner(), (None, code.into()));
        scene.fallback(&[1]);
        let shared = scene.share();
        assert_eq!(shared.to, To::Owner(scene.users[1]), "{code}: the fallback");
        assert_eq!(codes(&shared), ["fewest_open", "falls_back", code]);
    }
    let mut scene = scene(owned);
    let owner = scene.users[2];
    assert_eq!(scene.owner(), (Some(2), "owns_contact".into()));
    // What the channel asks for binds strangers only.
    let skill = scene.skill("Farsi");
    scene.channel.demands = vec![Demand { skill, level: None, needed: true, when: None }];
    assert_eq!(scene.owner().0, Some(2));
    scene.channel.demands.clear();
    scene.away = vec![owner];
    let shared = scene.share();
    assert_eq!((shared.to, codes(&shared)), (To::Nobody, vec!["owner_cannot_take".into()]));
    assert_eq!(shared.mail_owner, None, "a mail is not mailed again");
    for way in [Way::Form(Form::default()), Way::Api] {
        scene.channel.way = way;
        let shared = scene.share();
        assert_eq!(codes(&shared), ["owner_cannot_take", "owner_mailed"]);
        assert_eq!((shared.to, shared.mail_owner), (To::Nobody, Some(owner)));
    }
    scene.fallback(&[0, 2]);
    let shared = scene.share();
    assert_eq!(codes(&shared), ["fewest_open", "falls_back", "owner_cannot_take", "owner_mailed"]);
    assert_eq!((shared.to, shared.mail_owner), (To::Owner(scene.users[0]), Some(owner)));
    let candidates: Vec<_> = shared.candidates.iter().map(|(user, ..)| user).collect();
    assert_eq!(candidates, [owner, scene.users[0]], "each is looked at once");
    scene.channel.assignment.only_available = false;
    let shared = scene.share();
    assert_eq!(codes(&shared), ["owns_contact", "given_though_away"]);
    assert_eq!((shared.to, shared.mail_owner), (To::Owner(owner), None));
    scene.user(2).seats.clear();
    let shared = scene.share();
    assert_eq!((shared.to, shared.mail_owner), (To::Owner(scene.users[0]), None), "no absence, no mail");
}

#[test]
fn the_customer_agent_is_asked_first_and_then_those_who_are_named_or_nobody() {
    let mut scene = Scene::new(2);
    scene.channel.assignment.mode = Mode::Agent;
    let agent = CustomerAgent { url: "https://agent.example.org".into(), deadline_seconds: 20 };
    scene.channel.assignment.agent = Some(agent);
    scene.fallback(&[1]);
    let shared = scene.share();
    assert_eq!(shared.to, To::CustomerAgent);
    assert_eq!(shared.reasons, [Reason::CustomerAgentAsked { seconds: 20 }]);
    scene.agent_is_over = true;
    let shared = scene.share();
    assert_eq!((shared.to, codes(&shared)[1].as_str()), (To::Owner(scene.users[1]), "falls_back"));
    scene.channel.assignment.fallback = None;
    assert_eq!(scene.owner(), (None, "assigns_nobody".into()));
}

#[test]
fn a_skill_that_is_needed_binds_and_one_that_is_preferred_goes_first() {
    let mut scene = Scene::new(4);
    let farsi = scene.skill("Farsi");
    let level = |level| vec![Known { skill: farsi, level: Some(level) }];
    scene.user(2).skills = level(2);
    scene.user(3).skills = level(4);
    scene.give(2, TicketType::EmailOther, 5);
    scene.give(3, TicketType::EmailOther, 9);
    let mut ask = |level, needed, when: Option<&str>| {
        let when = when.map(|value| Says { property: "language".into(), equals: value.into() });
        scene.channel.demands = vec![Demand { skill: farsi, level, needed, when }];
        let shared = scene.share();
        let owner = match shared.to {
            To::Owner(owner) => scene.users.iter().position(|user| *user == owner),
            _ => None,
        };
        (owner, codes(&shared).join(" "))
    };
    assert_eq!(ask(None, true, None), (Some(2), "fewest_open skill_needed".into()));
    assert_eq!(ask(Some(2), true, None).0, Some(2));
    assert_eq!(ask(Some(3), true, None).0, Some(3));
    assert_eq!(ask(Some(5), true, None), (None, "nobody_knows".into()));
    assert_eq!(ask(Some(3), false, None), (Some(3), "fewest_open skill_preferred".into()));
    assert_eq!(ask(Some(5), false, None), (Some(0), "fewest_open skill_missed".into()));
    assert_eq!(ask(None, true, Some("fa")), (Some(0), "fewest_open".into()), "the ticket does not say so");
    scene.properties = [("language".to_owned(), "fa".to_owned())].into();
    let when = Some(Says { property: "language".into(), equals: "fa".into() });
    scene.channel.demands = vec![Demand { skill: farsi, level: None, needed: true, when }];
    assert_eq!(scene.owner().0, Some(2));
    scene.away = vec![scene.users[2], scene.users[3]];
    assert_eq!(scene.owner(), (None, "nobody_available".into()), "those who know it are away");
}

#[test]
fn more_of_the_skills_that_are_preferred_go_before_fewer() {
    let mut scene = Scene::new(3);
    let (farsi, dutch) = (scene.skill("Farsi"), scene.skill("Dutch"));
    let demand = |skill| Demand { skill, level: None, needed: false, when: None };
    scene.channel.demands = vec![demand(farsi), demand(dutch)];
    let knows = |skill| Known { skill, level: Some(1) };
    scene.user(1).skills = vec![knows(farsi)];
    scene.user(2).skills = vec![knows(dutch), knows(farsi)];
    scene.give(2, TicketType::EmailOther, 3);
    assert_eq!(scene.owner().0, Some(2));
    scene.away = vec![scene.users[2]];
    let shared = scene.share();
    assert_eq!(shared.to, To::Owner(scene.users[1]));
    assert_eq!(codes(&shared), ["fewest_open", "skill_preferred", "skill_missed"]);
}

#[test]
fn a_skill_that_is_needed_is_let_go_to_the_millisecond_when_its_time_is_over() {
    let mut scene = Scene::new(2);
    let farsi = scene.skill("Farsi");
    scene.channel.demands = vec![Demand { skill: farsi, level: None, needed: true, when: None }];
    scene.user(1).skills = vec![Known { skill: farsi, level: Some(1) }];
    scene.away = vec![scene.users[1]];
    let minutes = |minutes: i64| minutes * 60_000;
    scene.at = at(minutes(100_000));
    assert_eq!(scene.owner().0, None, "without a time it is needed for ever");
    scene.channel.relax_after_minutes = Some(30);
    scene.at = at(minutes(30) - 1);
    assert_eq!(scene.owner().0, None);
    scene.at = at(minutes(30));
    let shared = scene.share();
    assert_eq!(shared.to, To::Owner(scene.users[0]));
    assert_eq!(codes(&shared), ["fewest_open", "skill_missed", "skill_let_go"]);
    scene.away.clear();
    assert_eq!(scene.owner().0, Some(1), "who knows it still goes first");
}

#[test]
fn the_turn_goes_round_over_a_restart_and_newcomers_join_the_running_cycle() {
    let mut scene = Scene::new(3);
    scene.channel.assignment.rule.strategy = Strategy::RoundRobin;
    let mut turns = Vec::new();
    for step in 0..9 {
        match step {
            // The cursor is all that a restart brings back.
            4 => scene.load = Load::default(),
            6 => {
                let newcomer = UserId(scene.ids.next(1));
                scene.people.users.insert(newcomer, user(newcomer));
                scene.users.push(newcomer);
                scene.channel.assignment.rule.users.insert(0, newcomer);
            }
            _ => {}
        }
        let shared = scene.share();
        let To::Owner(owner) = shared.to else { panic!("somebody gets it") };
        scene.cursor = shared.cursor;
        assert!(scene.cursor.is_some());
        turns.push(scene.users.iter().position(|user| *user == owner).expect("a user"));
    }
    assert_eq!(turns, [0, 1, 2, 0, 1, 2, 3, 0, 1]);
}

#[test]
fn only_a_turn_is_kept_as_a_turn() {
    let mut scene = Scene::new(3);
    for strategy in [Strategy::LoadBalanced, Strategy::Random] {
        scene.channel.assignment.rule.strategy = strategy;
        assert_eq!(scene.share().cursor, None, "{strategy:?}");
    }
}

#[test]
fn draws_by_the_tickets_own_ids_give_everyone_the_same_chance() {
    let mut scene = Scene::new(10);
    scene.channel.assignment.rule.strategy = Strategy::Random;
    let mut given = [0_u32; 10];
    for n in 0..20_000 {
        scene.draw = TicketId(scene.ids.next(n)).0.as_u64_pair().1;
        let (owner, code) = scene.owner();
        assert_eq!(code, "drawn");
        given[owner.expect("somebody gets it")] += 1;
    }
    let chi_square: f64 = given.iter().map(|&n| (f64::from(n) - 2_000.0).powi(2) / 2_000.0).sum();
    assert!(chi_square < 27.9, "{given:?}: {chi_square}"); // 0.1 % point, nine degrees of freedom
}

#[test]
fn a_hundred_agents_end_within_one_ticket_of_even_after_ten_thousand() {
    let mut scene = Scene::new(100);
    for n in 0..10_000 {
        scene.at = at(n);
        let To::Owner(user) = scene.share().to else { panic!("somebody gets it") };
        scene.load.put(Weight { user, kind: TicketType::EmailOther, assigned_at: scene.at });
    }
    let held: BTreeSet<u32> =
        scene.users.iter().map(|user| scene.load.of(*user, TicketType::EmailOther)).collect();
    assert_eq!(held, BTreeSet::from([100]));
}

/// Ten thousand are reached, and most of them are busy, away or gone.
#[test]
fn of_ten_thousand_the_one_gets_it_who_has_the_fewest_and_everybody_is_told_of() {
    let mut scene = Scene::new(10_000);
    for index in 0..10_000 {
        scene.give(index, TicketType::EmailOther, 1);
        if index % 3 == 0 {
            scene.user(index).capacity = Some(1);
        }
        if index % 5 == 0 {
            scene.user(index).working_hours = Some(Weekly::default());
        }
    }
    let free = scene.users[7_777];
    scene.load.lift(Weight { user: free, kind: TicketType::EmailOther, assigned_at: at(-1_000) });
    let shared = scene.share();
    assert_eq!(shared.to, To::Owner(free));
    let count = |code: &str| shared.candidates.objections().filter(|other| other.code() == code).count();
    assert_eq!((shared.candidates.len(), count("at_capacity")), (10_000, 3_334 - 667));
    assert_eq!(count("outside_working_hours"), 2_000);
    scene.away = vec![free];
    let next = scene.share();
    let To::Owner(other) = next.to else { panic!("somebody gets it") };
    assert_eq!(
        next.reasons[0].clone(),
        Reason::FewestOpen { agent: other, kind: TicketType::EmailOther, open: 1, tied: true }
    );
    assert_eq!(next.candidates.objections().filter(|other| other.code() == "away").count(), 1);
}

#[test]
fn who_is_looked_up_once_for_many_tickets_goes_home_at_their_minute_all_the_same() {
    let mut scene = Scene::new(2);
    let until_half_past_eight = serde_json::json!({ "thu": [["00:00", "20:30"]] });
    scene.user(0).working_hours = Some(serde_json::from_value(until_half_past_eight).expect("hours"));
    scene.give(1, TicketType::EmailOther, 5);
    let mut reached = Reached::of(&scene.channel, &scene.people);
    // It is Thursday, 20:26:40.
    for (ms, expected) in [(0, 0), (199_999, 0), (200_000, 1), (86_400_000, 1)] {
        scene.at = at(ms);
        reached.renew(&scene.people, &scene.load, scene.at);
        let shared = scene.share_among(&reached);
        assert_eq!(shared, scene.share(), "{ms} ms later it is as if they were looked up for it alone");
        assert_eq!(shared.to, To::Owner(scene.users[expected]), "{ms} ms later");
    }
}
