//! Everybody is busy: what callers hear meanwhile, the press of 1, and who falls silent.

use super::*;

#[test]
fn with_everybody_busy_a_caller_waits_for_as_long_as_is_allowed() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(60));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let call = scene.call_in();
    assert_eq!((scene.state(call), scene.seconds_left(call)), ("waiting", 60.0));
    assert!(matches!(scene.asks(call), Instruction::Wait { .. }));
    scene.pass(59_999);
    assert_eq!(scene.state(call), "waiting");
    scene.pass(1);
    assert_eq!(scene.why_unanswered(), Some(&Reason::WaitTimeOver { seconds: 60 }));
}

#[test]
fn waiting_and_ringing_are_counted_apart() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(60));
    let call = scene.call_in();
    scene.pass(5_000);
    let other = scene.call_in();
    scene.talks(other, 0);
    assert_eq!((scene.state(call), scene.seconds_left(call)), ("waiting", 60.0));
    scene.pass(20_000);
    scene.happens(Event::AgentHungUp { agent: scene.agents[0], call: other });
    assert_eq!((scene.state(call), scene.seconds_left(call)), ("ringing", 20.0));
    let other = scene.call_in();
    scene.talks(other, 0);
    assert_eq!((scene.state(call), scene.seconds_left(call)), ("waiting", 40.0));
}

#[test]
fn without_waiting_a_busy_office_takes_a_message_at_once() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let talk = scene.call_in();
    scene.talks(talk, 0);
    assert_eq!(scene.arrives(scene.channel), Some(MESSAGE));
    assert_eq!(scene.why_unanswered(), Some(&Reason::AllBusy));
}

#[test]
fn nobody_waits_for_somebody_who_went_home() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(60));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let call = scene.call_in();
    scene.goes_away(0);
    assert_eq!((scene.state(call), scene.state(talk)), ("voicemail", "talking"));
}

#[test]
fn a_waiting_caller_hears_half_a_minute_of_music_in_peace() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(300));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    scene.look();
    let call = scene.call_in();
    for _ in 0..8 {
        assert!(matches!(scene.asks(call), Instruction::Wait { .. }));
        scene.pass(31_000);
    }
    let asked =
        scene.says.iter().any(|say| matches!(say, Say::FindCaller { call: about, .. } if *about == call));
    assert!(!asked, "nobody doubts that they are there");
}

/// The channel says something in this place.
fn says(scene: &mut Scene, slot: Slot) {
    let words = Some(Greeting::Text { text: "Hello".into(), language: "en-US".into() });
    let greetings = &mut scene.channels.get_mut(&scene.channel).expect("the channel").greetings;
    match slot {
        Slot::BeforeRinging => greetings.before_ringing = words,
        Slot::WhileWaiting => greetings.while_waiting = words,
        _ => panic!("these are always there"),
    }
}

#[test]
fn a_caller_who_presses_1_leaves_a_message_whether_they_wait_or_are_rung_for_by_now() {
    for is_rung_for in [false, true] {
        let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(300));
        says(&mut scene, Slot::WhileWaiting);
        let talk = scene.call_in();
        scene.talks(talk, 0);
        let call = scene.call_in();
        assert!(matches!(scene.asks(call), Instruction::Wait { .. }));
        scene.pass(12_000);
        if is_rung_for {
            scene.happens(Event::AgentHungUp { agent: scene.agents[0], call: talk });
            assert_eq!(scene.rung(call), [0]);
        }
        scene.look();
        let answer = scene.happens(Event::CallerWantsMessage { call, poll: 3 });
        assert_eq!((answer, scene.state(call)), (Some(MESSAGE), "voicemail"));
        assert_eq!(scene.why_unanswered(), Some(&Reason::CallerWantsMessage { seconds: 12 }));
        let withdrawn = if is_rung_for { vec![Cause::Withdrawn] } else { vec![] };
        assert_eq!((scene.ended(0), scene.misses(0)), (withdrawn, 0));
        assert_eq!(
            scene.happens(Event::CallerWantsMessage { call, poll: 3 }),
            Some(MESSAGE),
            "pressed twice"
        );
        assert_eq!(scene.why_unanswered(), Some(&Reason::CallerWantsMessage { seconds: 12 }));
    }
}

#[test]
fn a_key_that_comes_too_late_tears_nobody_apart() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    let answer = scene.happens(Event::CallerWantsMessage { call, poll: 3 });
    assert!(matches!(answer, Some(Instruction::Ring { .. })), "the cut-in is under way: {answer:?}");
    scene.happens(Event::LegAnswered { call, attempt: 1 });
    scene.happens(Event::CallerWantsMessage { call, poll: 3 });
    assert_eq!(scene.state(call), "talking");
    scene.hangs_up(call);
    let answer = scene.happens(Event::CallerWantsMessage { call, poll: 3 });
    assert_eq!(answer, Some(Instruction::HangUp));
}

#[test]
fn an_announcement_is_heard_once_while_agents_are_rung_already_and_nobody_doubts_the_caller() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    says(&mut scene, Slot::BeforeRinging);
    let answer = scene.arrives(scene.channel);
    assert_eq!(answer, Some(Instruction::Announce { poll: 1, clip: Clip::RingTone }));
    let call = scene.board.calls().next().expect("a call").id;
    assert_eq!(scene.rung(call), [0]);
    scene.look();
    scene.pass(24_000);
    assert!(
        !scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. })),
        "an announcement takes time"
    );
    assert_eq!(scene.asks(call), Instruction::Ring { poll: 2 });
    scene.restarts();
    assert_eq!(scene.asks(call), Instruction::Ring { poll: 2 }, "not again after a restart");
    scene.accepts(call, 0);
    assert_eq!(scene.cut_ins(), 1, "whatever is being played, an accept cuts in");
}

#[test]
fn who_has_to_wait_hears_the_announcement_before_the_music() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(300));
    let talk = scene.call_in();
    scene.talks(talk, 0);
    says(&mut scene, Slot::BeforeRinging);
    assert_eq!(scene.arrives(scene.channel), Some(Instruction::Announce { poll: 1, clip: Clip::Music }));
}

#[test]
fn a_silent_caller_is_looked_for_and_brought_back_or_let_go() {
    for there in [true, false] {
        let mut scene = Scene::new(Strategy::Simultaneous, 1);
        let call = scene.call_in();
        scene.look();
        scene.pass(21_000);
        assert!(scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. })));
        scene.happens(Event::CallerFound { call, there: Some(there) });
        assert_eq!(scene.state(call), if there { "ringing" } else { "ended" });
        assert_eq!(scene.jobs.len(), usize::from(there));
    }
}
