//! Somebody took the call, and their telephone is brought to the caller.

use super::*;

#[test]
fn a_leg_that_fails_goes_back_to_ringing_the_others_in_the_same_place_for_at_least_ten_seconds() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let (call, later) = (scene.call_in(), scene.call_in());
    scene.pass(20_000);
    scene.accepts(call, 0);
    scene.look();
    scene.happens(Event::LegSeen { call, attempt: 1, ringing: true });
    scene.pass(3_000);
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::NoAnswer });
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
    assert_eq!(scene.seconds_left(call), 10.0, "5 s were left");
    assert_eq!(scene.rung(later), [0, 1], "the agent is free again for others");
    let line: Vec<CallId> = scene.board.offers_to(scene.agents[1]).iter().map(|(call, _)| call.id).collect();
    assert_eq!(line, [call, later], "it kept its place");
    let failed = scene.writes.iter().any(|write| match write {
        Write::Offer(row) => row.ended.is_some_and(|(cause, _)| cause == Cause::ConnectionFailed),
        _ => false,
    });
    assert!(failed, "the offer that was won has failed");
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::NoAnswer });
    scene.happens(Event::LegAnswered { call, attempt: 1 });
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]), "late reports change nothing");
}

#[test]
fn the_clock_of_ringing_stands_still_while_somebody_is_being_connected() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.pass(5_000);
    scene.accepts(call, 0);
    scene.pass(8_000);
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::Busy });
    assert_eq!(scene.seconds_left(call), 20.0);
}

#[test]
fn who_could_not_be_reached_is_not_rung_until_their_telephone_registers_again() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::LegEnded { call, attempt: 1, cause: ConnectionFailure::Failed });
    let next = scene.call_in();
    assert_eq!(scene.rung(next), [1]);
    let agent = scene.agents[0];
    scene.happens(Event::MediaChanged { agent, registered: true, microphone: true });
    assert_eq!((scene.rung(next), scene.rung(call)), (vec![0, 1], vec![1]), "not for the call that failed");
}

#[test]
fn a_missing_report_never_ends_a_connection_before_the_telephone_company_was_asked() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.pass(17_999);
    assert!(!scene.says.iter().any(|say| matches!(say, Say::FindLeg { .. })));
    scene.pass(1);
    assert!(scene.says.iter().any(|say| matches!(say, Say::FindLeg { attempt: 1, .. })));
    scene.happens(Event::LegFound { call, attempt: 1, up: None });
    assert_eq!(scene.state(call), "connecting");
    scene.look();
    scene.pass(5_000);
    assert!(scene.says.iter().any(|say| matches!(say, Say::FindLeg { .. })), "asked again");
    scene.happens(Event::LegFound { call, attempt: 1, up: Some(true) });
    assert_eq!(scene.state(call), "talking");
}

#[test]
fn a_leg_that_is_not_up_in_time_is_given_up_and_the_caller_brought_back() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.pass(18_000);
    scene.happens(Event::LegFound { call, attempt: 1, up: Some(false) });
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
    assert!(scene.jobs.iter().any(|job| matches!(job, Job::BringBack { .. })));
}

#[test]
fn each_time_a_caller_is_brought_back_they_ask_at_another_address() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1)
        .times(OwnTimes { ring_seconds: Some(900), ..OwnTimes::default() });
    let call = scene.call_in();
    for _ in 0..30 {
        scene.pass(21_000);
        scene.happens(Event::CallerFound { call, there: Some(true) });
    }
    let mut polls: Vec<u32> = scene
        .jobs
        .iter()
        .filter_map(|job| match job {
            Job::BringBack { poll, .. } => Some(*poll),
            _ => None,
        })
        .collect();
    assert_eq!(polls.len(), 30);
    polls.dedup_by_key(|poll| *poll / 1_000);
    assert_eq!(polls.len(), 30, "and have a thousand more to themselves");
    assert!(polls.iter().all(|poll| (50_000..100_000).contains(poll)));
}

#[test]
fn the_connect_document_is_delivered_by_the_cut_in_or_by_a_poll_and_once() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.pass(1_000);
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "the cut-in is under way");
    let fetched = scene.happens(Event::ConnectFetched { call, attempt: 1 });
    let Some(Instruction::Connect(connect)) = fetched else { panic!("{fetched:?}") };
    assert_eq!((connect.attempt, connect.agent, connect.seconds), (1, scene.agents[0], 8));
    scene.happens(Event::LegSeen { call, attempt: 1, ringing: false });
    scene.pass(5_000);
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "it was delivered");
}

#[test]
fn a_cut_in_that_was_refused_is_made_up_for_by_the_next_poll_and_only_that() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::CutInDone { call, attempt: 1, result: CutIn::Refused });
    assert!(matches!(scene.asks(call), Instruction::Connect(_)));
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "once");
    scene.happens(Event::AnswerLost { call });
    assert!(matches!(scene.asks(call), Instruction::Connect(_)), "the answer was lost");
    scene.happens(Event::LegSeen { call, attempt: 1, ringing: true });
    scene.happens(Event::AnswerLost { call });
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "the leg rings: it was not lost");
}

#[test]
fn a_cut_in_of_which_nothing_is_known_is_tried_again() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::CutInDone { call, attempt: 1, result: CutIn::Unknown });
    assert!(matches!(scene.asks(call), Instruction::Ring { .. }), "it may have been applied");
    scene.pass(2_000);
    assert_eq!(scene.cut_ins(), 2);
}

#[test]
fn a_caller_who_is_gone_while_being_connected_frees_the_agent() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    let won = scene.accepts(call, 0);
    scene.hangs_up(call);
    assert_eq!((scene.state(call), scene.occupation(0)), ("ended", Occupation::Free));
    let State::Ended { outcome, .. } = scene.rows[&call].state else { panic!("it ended") };
    assert_eq!(outcome, Outcome::Abandoned);
    let causes: Vec<Cause> = scene
        .writes
        .iter()
        .filter_map(|write| match write {
            Write::Offer(row) if row.offer.id == won => row.ended.map(|(cause, _)| cause),
            _ => None,
        })
        .collect();
    assert_eq!(causes, [Cause::Won, Cause::CallerHungUp]);
}

#[test]
fn an_agent_who_hangs_up_before_the_leg_is_up_only_gives_the_call_back() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::AgentHungUp { agent: scene.agents[1], call });
    assert_eq!(scene.state(call), "connecting", "it is not theirs");
    scene.happens(Event::AgentHungUp { agent: scene.agents[0], call });
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
    assert!(!scene.jobs.iter().any(|job| matches!(job, Job::HangUp { .. })));
}
