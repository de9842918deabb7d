//! They talk, one of them is lost or hangs up, and the agent wraps up.

use super::*;

#[test]
fn an_agent_who_is_lost_leaves_an_apology_and_the_front_of_the_line() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2).times(waiting(60));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let earlier = scene.call_in();
    scene.declines(earlier, 1);
    let call = scene.call_in();
    scene.talks(call, 1);
    scene.pass(5_000);
    let answer = scene.loses_the_agent(call);
    assert!(matches!(answer, Some(Instruction::Apologise { .. })), "{answer:?}");
    assert!(matches!(scene.asks(call), Instruction::Wait { .. }), "once");
    assert_eq!((scene.state(earlier), scene.state(call)), ("waiting", "waiting"));
    scene.happens(Event::AgentHungUp { agent: scene.agents[0], call: talk });
    assert_eq!((scene.rung(earlier), scene.rung(call)), (vec![], vec![0]), "before all others");
    assert_eq!(scene.seconds_left(call), 25.0, "ringing begins anew");
}

#[test]
fn who_was_lost_is_not_rung_until_their_telephone_registers_again_and_then_owns_nothing() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.talks(call, 0);
    scene.loses_the_agent(call);
    assert_eq!(scene.state(call), "voicemail");
    let ticket = scene.call(call).ticket;
    assert!(scene.writes.contains(&Write::Ticket(TicketChange::Unassign { ticket })));
    let agent = scene.agents[0];
    scene.happens(Event::MediaChanged { agent, registered: true, microphone: true });
    let next = scene.call_in();
    assert_eq!(scene.rung(next), [0]);
}

#[test]
fn a_leg_that_is_over_is_looked_into_when_the_callers_side_says_nothing() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.talks(call, 0);
    scene.look();
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::Cancelled });
    scene.pass(4_000);
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::Cancelled });
    scene.pass(1_000);
    assert_eq!(scene.state(call), "talking");
    assert!(scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. })));
    scene.happens(Event::CallerFound { call, there: None });
    assert_eq!(scene.state(call), "talking", "a missing report ends no conversation");
    scene.happens(Event::CallerFound { call, there: Some(false) });
    assert_eq!(scene.state(call), "ended");
}

#[test]
fn a_talk_that_nobody_ends_goes_on() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.talks(call, 0);
    scene.happens(Event::AgentDisconnected { agent: scene.agents[0] });
    scene.pass(3 * 3_600_000);
    assert_eq!(scene.state(call), "talking");
    assert_eq!(scene.jobs.len(), 1, "nothing but the cut-in");
}

#[test]
fn wrapping_up_lasts_as_long_as_the_channel_says_or_until_ready() {
    for ready in [true, false] {
        let mut scene = Scene::new(Strategy::Simultaneous, 1).times(OwnTimes {
            wrap_up_seconds: Some(30),
            wait_seconds: Some(60),
            ..OwnTimes::default()
        });
        let call = scene.call_in();
        scene.talks(call, 0);
        scene.happens(Event::AgentHungUp { agent: scene.agents[0], call });
        assert!(scene.jobs.iter().any(|job| matches!(job, Job::HangUp { .. })));
        let next = scene.call_in();
        assert_eq!(scene.state(next), "waiting", "they are wrapping up");
        scene.pass(29_999);
        if ready {
            scene.happens(Event::AgentReady { agent: scene.agents[0] });
        } else {
            assert_eq!(scene.state(next), "waiting");
            scene.pass(1);
        }
        assert_eq!((scene.state(next), scene.rung(next)), ("ringing", vec![0]));
    }
}

#[test]
fn there_is_no_wrapping_up_after_a_connection_that_failed() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1)
        .times(OwnTimes { wrap_up_seconds: Some(30), ..OwnTimes::default() });
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.hangs_up(call);
    assert_eq!(scene.occupation(0), Occupation::Free);
}

#[test]
fn a_finished_call_never_comes_back_to_life() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::LegAnswered { call, attempt: 1 });
    scene.hangs_up(call);
    scene.look();
    let (attempt, cause) = (1, ConnectionFailure::Failed);
    let recording = Recording { id: "RE1".into(), seconds: 3 };
    let late = [
        Event::Asked { call, poll: 9 },
        Event::CallerHungUp { call },
        Event::ConnectFetched { call, attempt },
        Event::LegSeen { call, attempt, ringing: true },
        Event::LegAnswered { call, attempt },
        Event::LegEnded { call, attempt, cause },
        Event::LegHungUp { call, attempt },
        Event::LegFound { call, attempt, up: Some(true) },
        Event::ConnectionOver { call, attempt, talked: true, caller_is_there: true, cause },
        Event::CutInDone { call, attempt, result: CutIn::Refused },
        Event::AnswerLost { call },
        Event::CallerFound { call, there: Some(true) },
        Event::MessageLeft { call, recording: recording.clone() },
        Event::NothingRecorded { call, times: 1 },
        Event::RecordingAbsent { call },
        Event::RecordingLost { call, recording },
    ];
    for event in late {
        let answer = scene.happens(event.clone());
        assert!(answer.is_none_or(|answer| answer == Instruction::HangUp), "{event:?}");
        let (says, writes, jobs) = scene.look();
        assert!(says.is_empty() && writes.is_empty() && jobs.is_empty(), "{event:?}");
    }
    assert!(scene.board.call(call).is_none());
    assert_eq!(scene.board.find("main", &scene.rows[&call].provider_call_id), None);
}
