//! A message is left, or none.

use super::*;

#[test]
fn a_message_is_fetched_kept_and_only_then_is_the_call_over() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0);
    assert_eq!(scene.arrives(scene.channel), Some(MESSAGE));
    let call = scene.board.calls().next().expect("a call").id;
    let recording = Recording { id: "RE1".into(), seconds: 7 };
    let left = scene.happens(Event::MessageLeft { call, recording: recording.clone() });
    assert_eq!(left, Some(Instruction::ThankAndHangUp));
    scene.hangs_up(call);
    scene.look();
    for _ in 0..2 {
        scene.happens(Event::RecordingReady { call, recording: recording.clone() });
    }
    assert_eq!(scene.look().2.len(), 1, "fetched once");
    assert_eq!(scene.state(call), "voicemail");
    let ticket = scene.call(call).ticket;
    scene.happens(Event::RecordingKept { call, ticket, recording, sha256: "0".repeat(64) });
    let State::Ended { outcome, .. } = scene.rows[&call].state else { panic!("it ended") };
    assert_eq!(outcome, Outcome::Voicemail);
}

/// As when the telephone company could not get the document after the first one, and asked for another.
#[test]
fn a_caller_who_left_two_messages_is_heard_twice() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0);
    scene.arrives(scene.channel);
    let call = scene.board.calls().next().expect("a call").id;
    let [first, second] = ["RE1", "RE2"].map(|id| Recording { id: id.into(), seconds: 7 });
    scene.happens(Event::RecordingReady { call, recording: first.clone() });
    scene.happens(Event::RecordingReady { call, recording: second.clone() });
    scene.happens(Event::RecordingReady { call, recording: second.clone() });
    let fetched = |job: &Job, wanted: &Recording| matches!(job, Job::KeepRecording { recording, .. } if recording == wanted);
    let jobs = scene.look().2;
    for recording in [&first, &second] {
        assert!(jobs.iter().any(|job| fetched(job, recording)), "{recording:?} is not fetched");
    }
    let ticket = scene.call(call).ticket;
    scene.happens(Event::RecordingKept { call, ticket, recording: first, sha256: "0".repeat(64) });
    let State::Ended { outcome, .. } = scene.rows[&call].state else { panic!("it ended") };
    assert_eq!(outcome, Outcome::Voicemail);
}

#[test]
fn a_silent_caller_is_asked_once_more_and_then_sent_home() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0);
    scene.arrives(scene.channel);
    let call = scene.board.calls().next().expect("a call").id;
    let mut answers = (1..=2).map(|times| scene.happens(Event::NothingRecorded { call, times }));
    assert_eq!(answers.next(), Some(Some(Instruction::AskAgain)));
    assert_eq!(answers.next(), Some(Some(Instruction::SayGoodbye)));
    drop(answers);
    scene.hangs_up(call);
    let State::Ended { outcome, .. } = scene.rows[&call].state else { panic!("it ended") };
    assert_eq!(outcome, Outcome::Abandoned);
}

#[test]
fn a_caller_who_leaves_without_a_word_is_waited_for_until_it_is_certain() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0);
    scene.arrives(scene.channel);
    let call = scene.board.calls().next().expect("a call").id;
    scene.hangs_up(call);
    scene.look();
    scene.pass(60_000);
    let asked =
        |scene: &Scene| scene.says.iter().filter(|say| matches!(say, Say::FindRecordings { .. })).count();
    assert_eq!((scene.state(call), asked(&scene)), ("voicemail", 1));
    assert!(!scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. })), "they are known to be gone");
    scene.happens(Event::RecordingsFound { call, found: None });
    assert_eq!(scene.state(call), "voicemail", "nobody could say");
    scene.happens(Event::RecordingsFound { call, found: Some(vec![]) });
    assert_eq!(scene.state(call), "ended");
}
