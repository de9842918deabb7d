use super::*;
use crate::{
    routing::{
        hours::{Hours, Weekly},
        ids::Ids,
        inboxes::Access,
        people::{Seat, Team},
        zone::Zone,
    },
    tickets::{
        channel::{Chat, CustomerAgent, Demand},
        sharing::tests::{Scene, inbox},
    },
};
use serde_json::{Value, json};
use std::collections::HashSet;

fn survey(scene: &Scene) -> Vec<Warning> {
    survey_with(scene, true)
}

fn survey_with(scene: &Scene, is_configured: bool) -> Vec<Warning> {
    let (channel, people, now) = (&scene.channel, &scene.people, DateTime::UNIX_EPOCH);
    Survey { channel, people, is_configured, now }.warnings()
}

#[test]
fn only_who_needs_a_mailbox_or_an_account_misses_it() {
    let mut scene = Scene::new(1);
    assert_eq!(survey_with(&scene, false), [Warning::NoMailbox { name: "main".into() }]);
    scene.channel.way = Way::Api;
    assert_eq!(survey_with(&scene, false), []);
}

fn team(scene: &mut Scene, main: &[usize], extra: &[usize]) -> TeamId {
    let id = TeamId(scene.ids.next(1));
    let members = |scene: &Scene, of: &[usize]| of.iter().map(|index| scene.users[*index]).collect();
    let (main, extra) = (members(scene, main), members(scene, extra));
    scene.people.teams.insert(id, Team { id, name: "Night".into(), main, extra });
    id
}

#[test]
fn each_thing_that_surprises_is_warned_of_and_nothing_else() {
    type Seed = (&'static str, &'static [&'static str], fn(&mut Scene));
    let seeds: [Seed; 21] = [
        ("all is well", &[], |_| {}),
        ("nobody is meant to get them", &[], |scene| {
            (scene.channel.assignment.mode, scene.channel.assignment.rule) = (Mode::Nobody, Rule::default());
        }),
        ("it is off", &["disabled"], |scene| scene.channel.enabled = false),
        ("nobody is selected", &["nobody_selected"], |scene| scene.channel.assignment.rule = Rule::default()),
        ("a user is gone", &["selected_gone"], |scene| {
            let gone = scene.users[1];
            scene.people.users.remove(&gone);
        }),
        ("a team has nobody", &["empty_team"], |scene| {
            let team = team(scene, &[], &[]);
            scene.channel.assignment.rule.teams.push(team);
        }),
        ("a team has extra members only", &["only_extra_members"], |scene| {
            let team = team(scene, &[], &[0]);
            scene.channel.assignment.rule.teams.push(team);
        }),
        ("one lost their seat", &["no_seat"], |scene| scene.user(0).seats.clear()),
        ("a sales seat is none of the help desk", &["no_seat"], |scene| {
            scene.user(0).seats = vec![Seat::Sales];
        }),
        ("one lost access", &["no_ticket_access"], |scene| scene.user(0).ticket_access = false),
        (
            "nobody is let into the inbox",
            &["nobody_can_be_given", "no_inbox_access", "no_inbox_access"],
            |s| {
                inbox(s, Some(Access::default()));
            },
        ),
        ("one never works", &["never_works"], |scene| {
            scene.user(0).working_hours = Some(Weekly::default());
        }),
        ("one never works, and absence is ignored", &[], |scene| {
            scene.user(0).working_hours = Some(Weekly::default());
            scene.channel.assignment.only_available = false;
        }),
        ("one may hold nothing", &["no_capacity"], |scene| scene.user(0).capacity = Some(0)),
        ("nobody knows it", &["nobody_knows"], |scene| {
            let skill = scene.skill("Farsi");
            let demand = |needed| Demand { skill, level: None, needed, when: None };
            scene.channel.demands = vec![demand(true), demand(false)];
        }),
        ("no team", &["nobody_selected"], |scene| {
            (scene.channel.assignment.mode, scene.channel.assignment.rule) =
                (Mode::TeamsOnly, Rule::default());
        }),
        ("a team that lost its seats", &["team_without_seat"], |scene| {
            let team = team(scene, &[0], &[]);
            scene.user(0).seats.clear();
            scene.channel.assignment.mode = Mode::TeamsOnly;
            scene.channel.assignment.rule = Rule { teams: vec![team], ..Rule::default() };
        }),
        ("owners alone", &["owner_without_fallback"], |scene| {
            scene.channel.assignment.mode = Mode::ContactOwner;
        }),
        ("a customer agent alone, then nobody", &["nobody_in_fallback"], |scene| {
            scene.channel.assignment.mode = Mode::Agent;
            let url = "https://agent.example.org".into();
            scene.channel.assignment.agent = Some(CustomerAgent { url, deadline_seconds: 5 });
            assert_eq!(survey(scene), [Warning::AgentWithoutFallback]);
            scene.fallback(&[]);
        }),
        ("tickets wait for ever", &["never_open"], |scene| {
            scene.channel.hours =
                Hours::from_json(&json!({ "mode": "schedule", "weekly": {} })).expect("hours");
            assert_eq!(survey(scene), [], "tickets that come are given at any time");
            scene.channel.reroutes = true;
        }),
        ("a chat on no page", &["no_origins"], |scene| {
            scene.channel.way = Way::Chat(Chat::default());
        }),
    ];
    for (seed, expected, spoil) in seeds {
        let mut scene = Scene::new(2);
        spoil(&mut scene);
        let warnings = survey(&scene);
        let codes: Vec<Value> = warnings.iter().map(|warning| json!(warning)["code"].clone()).collect();
        assert_eq!(codes, expected, "{seed}: {warnings:?}");
        assert!(warnings.iter().all(|warning| warning.pointer().starts_with('/')), "{seed}");
    }
}

#[test]
fn no_language_is_told_in_the_words_of_another() {
    let mut ids = Ids::new(1);
    let (agent, team, skill) = (UserId(ids.next(1)), TeamId(ids.next(1)), SkillId(ids.next(1)));
    let name = || "Farsi".to_owned();
    let warnings = [
        Warning::Disabled,
        Warning::NobodySelected,
        Warning::NobodyInFallback,
        Warning::NobodyCanBeGiven,
        Warning::SelectedGone { users: 1, teams: 2 },
        Warning::EmptyTeam { team, name: name() },
        Warning::OnlyExtraMembers { team, name: name() },
        Warning::TeamWithoutSeat { team, name: name() },
        Warning::NoSeat { agent },
        Warning::NoTicketAccess { agent },
        Warning::NoInboxAccess { agent },
        Warning::NeverWorks { agent },
        Warning::NoCapacity { agent },
        Warning::NobodyKnows { skill, name: name(), level: Some(3) },
        Warning::OwnerWithoutFallback,
        Warning::AgentWithoutFallback,
        Warning::NeverOpen,
        Warning::NoOrigins,
        Warning::NoMailbox { name: name() },
        Warning::NoAccount { name: name() },
    ];
    let zone = Zone::utc();
    for warning in warnings {
        let told = |language| warning.sentence(&Teller { language, zone: &zone, name: &|_| "Ann".into() });
        let sentences: HashSet<String> = Language::ALL.into_iter().map(told).collect();
        assert_eq!(sentences.len(), 4, "{sentences:?}");
        let data = json!(warning)["arguments"].clone();
        for sentence in sentences {
            assert!(sentence.ends_with('.'), "{sentence}");
            assert_eq!(sentence.contains("Ann"), data["agent"].is_string(), "{sentence}");
            assert_eq!(sentence.contains("Farsi"), data["name"].is_string(), "{sentence}");
            assert_eq!(sentence.contains('3'), data["level"].is_number(), "{sentence}");
        }
    }
}
