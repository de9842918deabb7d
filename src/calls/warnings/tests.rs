//! A sane desk, and everything that can be wrong with it, one at a time.

use super::*;
use crate::{
    calls::channel::{Greeting, Greetings, OwnTimes, Telephones, Withheld},
    routing::{
        assignment::Rule,
        distribution::Strategy,
        hours::{Hours, Weekly},
        ids::{ChannelId, Ids, InboxId},
        inboxes::{Access, Inbox},
        people::{Role, Seat, Team},
        zone::Zone,
    },
};
use serde_json::{Value, json};

/// Three agents who work from eight to six, and a channel that is open from nine to five on weekdays.
struct Desk {
    channel: Channel,
    other: Channel,
    people: People,
    times: Times,
    users: Vec<UserId>,
    team: TeamId,
    full: bool,
}

/// A Wednesday in Vienna, in the afternoon.
fn now() -> DateTime<Utc> {
    "2026-11-18T13:07:00Z".parse().expect("an instant")
}

fn weekdays(spans: Value) -> Value {
    ["mon", "tue", "wed", "thu", "fri"].into_iter().map(|day| (day.to_owned(), spans.clone())).collect()
}

fn schedule(weekly: Value, exceptions: Value) -> Hours {
    let schedule = json!({ "mode": "schedule", "weekly": weekly, "exceptions": exceptions });
    Hours::from_json(&schedule).expect("good hours")
}

fn weekly(value: Value) -> Option<Weekly> {
    Some(Weekly::from_json(&value).expect("good hours"))
}

impl Desk {
    fn sane() -> Self {
        let mut ids = Ids::new(3);
        let users: Vec<UserId> = (0..3).map(|_| UserId(ids.next(1))).collect();
        let zone = Zone::bundled("Europe/Vienna");
        let user = |(index, id): (usize, &UserId)| User {
            id: *id,
            name: ["Ann", "Ben", "Cem"][index].into(),
            email: format!("{index}@example.org"),
            role: Role::Agent,
            seats: vec![Seat::Service],
            ticket_access: true,
            zone: zone.clone(),
            working_hours: weekly(weekdays(json!([["08:00", "18:00"]]))),
            out_of_office: vec![],
            capacity: Some(5),
            skills: vec![],
            reach: Reach::Client(id.to_string()),
        };
        let people = users.iter().enumerate().map(user).map(|user| (user.id, user)).collect();
        let team = Team {
            id: TeamId(ids.next(1)),
            name: "Support".into(),
            main: users[1..].to_vec(),
            extra: vec![users[0]],
        };
        let text = || Some(Greeting::Text { text: "Hello".into(), language: "en-US".into() });
        let channel = Channel {
            id: ChannelId(ids.next(1)),
            name: "Sales".into(),
            telephones: crate::calls::channel::Telephones::ALL,
            provider: "main".into(),
            numbers: vec!["+43112345".into()],
            zone,
            hours: schedule(
                weekdays(json!([["09:00", "17:00"]])),
                json!([{ "date": "2026-12-24", "spans": [] }]),
            ),
            rule: Rule { users: vec![users[0]], teams: vec![team.id], ..Rule::default() },
            own_times: OwnTimes::default(),
            greetings: Greetings { unanswered: text(), after_hours: text(), ..Greetings::default() },
            inbox: None,
            withheld: Withheld::Ring,
            ringing: Ringing::Softphone,
            notify: Default::default(),
        };
        let other = Channel {
            id: ChannelId(ids.next(1)),
            name: "Service".into(),
            numbers: vec!["+43199999".into()],
            ..channel.clone()
        };
        let id = team.id;
        let people = People { users: people, teams: [(id, team)].into(), ..People::default() };
        Self { channel, other, people, times: Times::default(), users, team: id, full: false }
    }

    fn user(&mut self, index: usize) -> &mut User {
        self.people.users.get_mut(&self.users[index]).expect("a user")
    }

    fn team(&mut self) -> &mut Team {
        self.people.teams.get_mut(&self.team).expect("a team")
    }

    fn warnings(&self) -> Vec<Warning> {
        let objection = self.full.then_some(Objection::AtCapacity { open: 5, capacity: 5 });
        let stand = |user: &UserId| Candidate { user: *user, load: 5, objection: objection.clone() };
        let standing: Vec<Candidate> = self.users.iter().map(stand).collect();
        let channels = [&self.channel, &self.other];
        let (channel, people, times) = (&self.channel, &self.people, self.times);
        Survey { channel, channels: &channels, people, times, standing: &standing, now: now() }.warnings()
    }
}

/// The channel belongs to an inbox, in which these work.
fn inbox(desk: &mut Desk, who: &[usize]) {
    let id = InboxId(Ids::new(4).next(1));
    let users = who.iter().map(|index| desk.users[*index]).collect();
    let only = Some(Access { users, teams: vec![] });
    desk.people.inboxes.insert(id, Inbox { id, name: "Sales".into(), only });
    desk.channel.inbox = Some(id);
}

#[test]
fn a_sane_desk_warns_of_nothing() {
    assert_eq!(Desk::sane().warnings(), []);
}

#[test]
fn each_thing_that_surprises_is_warned_of_and_nothing_else() {
    type Seed = (&'static str, &'static [&'static str], fn(&mut Desk));
    let seeds: [Seed; 31] = [
        ("nobody is selected", &["nobody_selected"], |desk| desk.channel.rule = Rule::default()),
        ("a selected user is gone", &["selected_gone"], |desk| {
            desk.channel.rule.users.push(UserId(Ids::new(9).next(9)));
        }),
        ("the telephone company rings no browsers", &["not_rung_here"; 3], |desk| {
            desk.channel.telephones.clients = false;
        }),
        ("a team has nobody", &["empty_team", "only_one_agent"], |desk| {
            desk.team().main.clear();
            desk.team().extra.clear();
        }),
        ("a team has extra members only", &["only_extra_members", "only_one_agent"], |desk| {
            desk.team().main.clear();
        }),
        ("there is one agent", &["only_one_agent"], |desk| desk.channel.rule.teams.clear()),
        ("one lost their seat", &["no_seat"], |desk| desk.user(0).seats.clear()),
        ("one has no seat for the inbox", &["no_sales_or_service_seat"], |desk| {
            inbox(desk, &[0, 1, 2]);
            desk.user(0).seats.clear();
            desk.user(1).seats = vec![Seat::Sales];
        }),
        ("one is not let into the inbox", &["no_inbox_access"], |desk| inbox(desk, &[0, 2])),
        ("one lost access", &["no_ticket_access"], |desk| desk.user(1).ticket_access = false),
        ("one never works", &["never_works"], |desk| desk.user(2).working_hours = weekly(json!({}))),
        ("one may hold nothing", &["no_capacity"], |desk| desk.user(2).capacity = Some(0)),
        ("all are full", &["all_at_capacity"], |desk| desk.full = true),
        ("two share a telephone", &["same_telephone"], |desk| {
            desk.user(1).reach = desk.user(0).reach.clone();
        }),
        ("it never opens", &["never_open"], |desk| desk.channel.hours = schedule(json!({}), json!([]))),
        ("it is closed for a month", &["closed_for_long"], |desk| {
            desk.channel.hours.closed_until = Some(now() + TimeDelta::days(30));
        }),
        ("last year's holidays", &["exceptions_are_over"], |desk| {
            let past = json!([{ "date": "2025-12-24", "spans": [] }]);
            desk.channel.hours = schedule(weekdays(json!([["09:00", "17:00"]])), past);
        }),
        ("open on Saturday", &["nobody_works_on"], |desk| {
            let mut days = weekdays(json!([["09:00", "17:00"]]));
            days["sat"] = json!([["09:00", "12:00"]]);
            desk.channel.hours = schedule(days, json!([]));
        }),
        ("open before anybody comes", &["nobody_works"; 5], |desk| {
            desk.channel.hours = schedule(weekdays(json!([["07:00", "17:00"]])), json!([]));
        }),
        ("a company outing", &["nobody_works"], |desk| {
            let (from, until) = (now(), now() + TimeDelta::hours(2));
            for index in 0..3 {
                desk.user(index).out_of_office = vec![crate::routing::people::OutOfOffice { from, until }];
            }
        }),
        ("no unanswered message", &["no_message"], |desk| desk.channel.greetings.unanswered = None),
        ("no after-hours message", &["no_message"], |desk| desk.channel.greetings.after_hours = None),
        ("a short ring", &["short_ring"], |desk| desk.times.ring_seconds = 8),
        ("one agent uses up the time", &["agent_rings_longer"], |desk| {
            desk.channel.rule.strategy = Strategy::RoundRobin;
            desk.channel.own_times.agent_ring_seconds = Some(30);
        }),
        ("the last is never rung", &["not_all_are_rung"], |desk| {
            desk.channel.rule.strategy = Strategy::LoadBalanced;
        }),
        ("a long wait", &["long_wait"], |desk| desk.times.wait_seconds = 3600),
        ("a long wrap-up", &["long_wrap_up"], |desk| desk.times.wrap_up_seconds = 3600),
        ("no number", &["no_number"], |desk| desk.channel.numbers.clear()),
        ("another channel's number", &["number_twice"], |desk| {
            desk.other.numbers = desk.channel.numbers.clone();
        }),
        ("a paid number", &["paid_number"], |desk| desk.channel.numbers = vec!["+491805123".into()]),
        ("more than ring at once", &["too_many_at_once"], |desk| {
            let mut ids = Ids::new(8);
            for _ in 0..100 {
                let id = UserId(ids.next(5));
                let user = User { id, reach: Reach::Client(id.to_string()), ..desk.user(0).clone() };
                desk.people.users.insert(id, user);
                desk.channel.rule.users.push(id);
            }
        }),
    ];
    for (seed, expected, spoil) in seeds {
        let mut desk = Desk::sane();
        spoil(&mut desk);
        let warnings = desk.warnings();
        let codes: Vec<Value> = warnings.iter().map(|warning| json!(warning)["code"].clone()).collect();
        assert_eq!(codes, expected, "{seed}: {warnings:?}");
    }
}

/// A sane desk whose agents have telephones that ring by themselves.
fn with_devices() -> Desk {
    let mut desk = Desk::sane();
    desk.channel.ringing = Ringing::Devices;
    for index in 0..desk.users.len() {
        desk.user(index).reach = Reach::Number(format!("+4366012345{index}"));
    }
    desk
}

#[test]
fn a_channel_that_rings_devices_warns_of_what_is_different_with_them() {
    type Seed = (&'static str, &'static [&'static str], fn(&mut Desk));
    let seeds: [Seed; 7] = [
        ("all have telephones", &[], |_| {}),
        ("a paid number is what it is for", &[], |desk| desk.channel.numbers = vec!["+491805123".into()]),
        ("a paid number with a line", &["paid_number_waits"], |desk| {
            desk.channel.numbers = vec!["+49900123".into()];
            desk.channel.own_times.wait_seconds = Some(60);
        }),
        ("somebody in a browser", &["browser_as_device"], |desk| {
            desk.user(0).reach = Reach::Client("ann".into());
        }),
        ("somebody who can't be rung", &["not_rung_here"], |desk| {
            desk.user(0).reach = Reach::Client("ann".into());
            desk.channel.telephones = Telephones { clients: false, numbers: true };
        }),
        ("an announcement", &["announcement_unheard"], |desk| {
            desk.channel.greetings.before_ringing = desk.channel.greetings.unanswered.clone();
        }),
        ("eleven telephones", &["too_many_devices"], |desk| {
            let mut ids = Ids::new(8);
            for n in desk.users.len()..11 {
                let id = UserId(ids.next(5));
                let user = User { id, reach: Reach::Number(format!("+43660{n}")), ..desk.user(0).clone() };
                desk.people.users.insert(id, user);
                desk.channel.rule.users.push(id);
            }
        }),
    ];
    for (seed, expected, spoil) in seeds {
        let mut desk = with_devices();
        spoil(&mut desk);
        let warnings = desk.warnings();
        let codes: Vec<Value> = warnings.iter().map(|warning| json!(warning)["code"].clone()).collect();
        assert_eq!(codes, expected, "{seed}: {warnings:?}");
        for warning in warnings {
            let name = |user: UserId| desk.people.users[&user].name.clone();
            let told = |language| {
                let teller = Teller { language, zone: &desk.channel.zone, name: &name };
                warning.sentence(&teller)
            };
            let all: HashSet<String> = Language::ALL.into_iter().map(told).collect();
            assert_eq!(all.len(), 4, "{all:?}");
        }
    }
}

#[test]
fn each_warning_is_told_in_four_languages_and_names_what_it_is_about() {
    let mut desk = Desk::sane();
    desk.user(0).seats.clear();
    desk.channel.hours.closed_until = Some("2027-01-07T08:00:00Z".parse().expect("an instant"));
    desk.channel.numbers = vec!["+49900123".into()];
    let name = |user: UserId| desk.people.users[&user].name.clone();
    let told = |language| {
        let teller = Teller { language, zone: &desk.channel.zone, name: &name };
        desk.warnings().iter().map(|warning| warning.sentence(&teller)).collect::<Vec<_>>()
    };
    assert_eq!(
        told(Language::En),
        [
            "Ann has no service seat and is never rung.",
            "The channel is closed until 2027-01-07 09:00.",
            "Calls to +49900123 cost extra and are answered while they ring, which is unlawful in Germany on \
             most such numbers: let the agents' telephones ring instead."
        ]
    );
    let all: HashSet<String> = Language::ALL.into_iter().flat_map(told).collect();
    assert_eq!(all.len(), 12, "{all:?}");
}
