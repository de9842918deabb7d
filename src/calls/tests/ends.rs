//! Connections that end by the clock, by an agent who is quicker than the reports, or by a transfer to nobody.

use super::*;
use crate::calls::transfer::Target;

const FOUR_HOURS_AND_A_MINUTE_MS: i64 = 14_460_000;

fn hang_ups(scene: &Scene) -> usize {
    scene.jobs.iter().filter(|job| matches!(job, Job::HangUp { .. })).count()
}

fn brought_back(scene: &Scene) -> usize {
    scene.jobs.iter().filter(|job| matches!(job, Job::BringBack { .. })).count()
}

fn outcome(scene: &Scene, id: CallId) -> Option<Outcome> {
    match scene.rows[&id].state {
        State::Ended { outcome, .. } => Some(outcome),
        _ => None,
    }
}

fn ended_by_the_clock(scene: &Scene) -> bool {
    scene.writes.iter().any(|write| match write {
        Write::Decided(decided) => decided.reasons[0] == Reason::TimeLimit { seconds: 14_460 },
        _ => false,
    })
}

#[test]
fn a_connection_that_the_telephone_company_does_not_end_is_ended_after_four_hours() {
    for outside in [false, true] {
        for restarts in [false, true] {
            let mut scene = Scene::new(Strategy::Simultaneous, 1);
            let call = scene.call_in();
            scene.talks(call, 0);
            if outside {
                let (agent, to) = (scene.agents[0], Target::Number("+431234567".into()));
                scene.happens(Event::Transferred { agent, call, to });
                scene.happens(Event::OutsideFetched { call, attempt: 2 });
            }
            scene.look();
            scene.pass(FOUR_HOURS_AND_A_MINUTE_MS - 10_000);
            if restarts {
                scene.restarts();
            }
            scene.pass(9_999);
            assert_eq!((scene.state(call), hang_ups(&scene)), ("talking", 0));
            scene.pass(1);
            assert_eq!((outcome(&scene, call), hang_ups(&scene)), (Some(Outcome::Answered), 1));
            assert!(ended_by_the_clock(&scene));
            assert_eq!(scene.occupation(0), Occupation::Free);
        }
    }
}

/// The agent's side has its document; nothing was heard of their leg.
fn connecting(scene: &mut Scene) -> CallId {
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::ConnectFetched { call, attempt: 1 });
    scene.look();
    call
}

#[test]
fn who_hangs_up_before_their_leg_is_reported_ends_the_call_if_it_was_up() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = connecting(&mut scene);
    let agent = scene.agents[0];
    scene.happens(Event::AgentHungUp { agent, call });
    let asked = |scene: &Scene| {
        scene.says.iter().filter(|say| matches!(say, Say::FindLeg { surely: true, .. })).count()
    };
    assert_eq!((scene.state(call), asked(&scene)), ("connecting", 1), "the telephone company is asked");
    scene.happens(Event::AgentHungUp { agent, call });
    assert_eq!(asked(&scene), 1, "once");
    scene.happens(Event::LegFound { call, attempt: 1, up: Some(true) });
    assert_eq!((outcome(&scene, call), hang_ups(&scene)), (Some(Outcome::Answered), 1));
    assert_eq!((scene.occupation(0), brought_back(&scene)), (Occupation::Free, 0));
}

#[test]
fn a_report_that_comes_after_the_agent_hung_up_ends_the_call_too() {
    let reports: [fn(CallId) -> Event; 3] = [
        |call| Event::LegAnswered { call, attempt: 1 },
        |call| Event::LegHungUp { call, attempt: 1 },
        |call| Event::ConnectionOver {
            call,
            attempt: 1,
            talked: true,
            caller_is_there: true,
            cause: ConnectionFailure::Cancelled,
        },
    ];
    for report in reports {
        let mut scene = Scene::new(Strategy::Simultaneous, 2);
        let call = connecting(&mut scene);
        scene.happens(Event::AgentHungUp { agent: scene.agents[0], call });
        scene.happens(report(call));
        assert_eq!((outcome(&scene, call), hang_ups(&scene)), (Some(Outcome::Answered), 1));
    }
}

#[test]
fn who_hangs_up_on_a_leg_that_is_not_up_or_of_which_nobody_knows_gives_the_call_back() {
    for up in [Some(false), None] {
        let mut scene = Scene::new(Strategy::Simultaneous, 2);
        let call = connecting(&mut scene);
        scene.happens(Event::LegSeen { call, attempt: 1, ringing: true });
        scene.happens(Event::AgentHungUp { agent: scene.agents[0], call });
        scene.happens(Event::LegFound { call, attempt: 1, up });
        assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]), "{up:?}");
        assert_eq!((hang_ups(&scene), brought_back(&scene)), (0, 1), "{up:?}");
        scene.happens(Event::LegFound { call, attempt: 1, up: Some(true) });
        assert_eq!(scene.state(call), "ringing", "a late answer changes nothing");
    }
}

#[test]
fn the_question_after_a_hang_up_is_asked_again_when_it_is_not_answered() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = connecting(&mut scene);
    scene.happens(Event::AgentHungUp { agent: scene.agents[0], call });
    scene.look();
    scene.pass(5_000);
    let again = scene.says.iter().any(|say| matches!(say, Say::FindLeg { surely: true, .. }));
    assert!(again && scene.state(call) == "connecting");
}

#[test]
fn a_caller_handed_on_to_nobody_is_brought_to_the_greeting_however_often_that_fails() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.talks(call, 0);
    scene.goes_away(1);
    scene.look();
    let to = Target::Agent(scene.agents[1]);
    scene.happens(Event::Transferred { agent: scene.agents[0], call, to });
    assert_eq!((scene.state(call), brought_back(&scene)), ("voicemail", 1));
    for tries in 2..5 {
        scene.pass(21_000);
        assert!(scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. })), "nobody asked for 21 s");
        scene.happens(Event::CallerFound { call, there: Some(true) });
        assert_eq!(brought_back(&scene), tries);
    }
    assert!(matches!(scene.asks(call), Instruction::TakeMessage { slot: Slot::Unanswered }));
    scene.look();
    scene.pass(299_000);
    scene.happens(Event::CallerFound { call, there: Some(true) });
    assert_eq!(brought_back(&scene), 0, "who is being recorded is left alone");
}

#[test]
fn a_caller_who_goes_while_nobody_brings_them_to_the_greeting_leaves_a_missed_call() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.talks(call, 0);
    let other = UserId(Ids::new(70).next(1));
    scene.people.users.insert(other, user(other));
    scene.happens(Event::Transferred { agent: scene.agents[0], call, to: Target::Agent(other) });
    scene.pass(21_000);
    scene.happens(Event::CallerFound { call, there: Some(false) });
    scene.happens(Event::RecordingsFound { call, found: Some(vec![]) });
    assert_eq!(outcome(&scene, call), Some(Outcome::Answered), "an agent had talked to them");
    assert_eq!(scene.occupation(0), Occupation::Free);
}
