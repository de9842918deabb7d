//! The switchboard is made anew from what was written.

use super::*;

#[test]
fn after_a_restart_no_deadline_lies_further_ahead_than_it_could_have_been_set() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2).times(waiting(60));
    let (ringing, talk) = (scene.call_in(), scene.call_in());
    scene.talks(talk, 1);
    scene.now.at -= TimeDelta::hours(2);
    scene.now.steady = Steady(scene.now.at.timestamp_millis());
    scene.restarts();
    assert_eq!(scene.seconds_left(ringing), 25.0);
    assert_eq!((scene.rung(ringing), scene.state(talk)), (vec![0], "talking"));
    assert!(scene.board.next_deadline().is_some_and(|due| due <= scene.now.steady.plus_seconds(25)));
    let next = scene.call_in();
    assert!(next > ringing, "later callers come after those who were there, though the clock was set back");
}

#[test]
fn after_a_restart_a_call_goes_on_where_it_was() {
    let mut scene = Scene::new(Strategy::RoundRobin, 3).times(waiting(60));
    let (ringing, connecting, talk) = (scene.call_in(), scene.call_in(), scene.call_in());
    scene.talks(talk, 2);
    scene.accepts(connecting, 1);
    scene.pass(5_000);
    scene.restarts();
    assert_eq!((scene.rung(ringing), scene.seconds_left(ringing)), (vec![0], 20.0));
    assert!(scene.board.awaits_cut_in(connecting, 1));
    assert_eq!(scene.occupation(1), Occupation::Connecting(connecting));
    assert_eq!(scene.occupation(2), Occupation::Talking(talk));
    scene.accepts(ringing, 0);
    scene.happens(Event::LegAnswered { call: connecting, attempt: 1 });
    assert_eq!((scene.state(ringing), scene.state(connecting)), ("connecting", "talking"));
    let found = scene.board.find("main", &scene.call(talk).provider_call_id.clone());
    assert_eq!(found, Some(talk));
}

#[test]
fn a_message_that_was_being_left_when_an_older_run_stopped_is_not_broken_into() {
    let mut scene = Scene::new(Strategy::Simultaneous, 0);
    assert_eq!(scene.arrives(scene.channel), Some(MESSAGE));
    let call = scene.board.calls().next().expect("a call").id;
    let mut stored = serde_json::to_value(scene.call(call)).expect("a document");
    let state = stored["state"].as_object_mut().expect("a state");
    assert_eq!(state.remove("greeted"), Some(true.into()), "older runs did not write it");
    scene.rows.insert(call, serde_json::from_value(stored).expect("an older run's call can be read"));
    scene.stops_and_starts();
    scene.look();
    scene.happens(Event::CallerFound { call, there: Some(true) });
    assert_eq!(scene.jobs, [], "they are recording, and stay where they are");
}

#[test]
fn an_agent_who_had_a_softphone_gets_five_seconds_to_come_back_after_a_restart() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.stops_and_starts();
    scene.pass(4_999);
    assert_eq!(scene.rung(call), [0]);
    scene.pass(1);
    assert_eq!(scene.state(call), "voicemail");
}
