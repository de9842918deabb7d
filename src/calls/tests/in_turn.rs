//! Agents are rung one at a time, in turn, and callers are served in the order of their arrival.

use super::*;
use crate::calls::transfer::Target;

#[test]
fn one_at_a_time_everybody_is_rung_once_before_anybody_is_rung_twice() {
    let mut scene =
        Scene::new(Strategy::RoundRobin, 2).times(OwnTimes { ring_seconds: Some(70), ..OwnTimes::default() });
    let call = scene.call_in();
    let mut order = scene.rung(call);
    for _ in 0..3 {
        scene.pass(15_000);
        order.extend(scene.rung(call));
    }
    assert_eq!(order, [0, 1, 0, 1]);
    assert_eq!(scene.call(call).offers[0].until, scene.now.steady.plus_seconds(15));
    scene.pass(15_000);
    assert_eq!(
        scene.call(call).offers[0].until,
        scene.now.steady.plus_seconds(10),
        "the caller's time is up first"
    );
    scene.pass(10_000);
    assert_eq!(scene.state(call), "voicemail");
}

#[test]
fn the_reason_for_a_second_round_names_who_is_rung_in_it() {
    let mut scene = Scene::new(Strategy::LoadBalanced, 2);
    let second = scene.agents[1];
    scene.load.put(Weight { user: second, kind: TicketType::Calling, assigned_at: scene.now.at });
    let call = scene.call_in();
    assert_eq!(scene.rung(call), [0]);
    scene.look();
    scene.pass(15_000);
    assert_eq!(scene.rung(call), [1]);
    let (_, writes, _) = scene.look();
    let reason = writes.iter().find_map(|write| match write {
        Write::Decided(decided) => decided.reasons.first(),
        _ => None,
    });
    assert_eq!(
        reason,
        Some(&Reason::FewestOpen { agent: second, kind: TicketType::Calling, open: 1, tied: false })
    );
}

#[test]
fn callers_are_served_in_order_of_arrival() {
    let mut scene = Scene::new(Strategy::RoundRobin, 1);
    let calls = [scene.call_in(), scene.call_in(), scene.call_in()];
    let rung = |scene: &Scene| calls.map(|call| scene.board.call(call).map(|call| call.offers.len()));
    assert_eq!(rung(&scene), [Some(1), Some(0), Some(0)]);
    scene.hangs_up(calls[0]);
    assert_eq!(rung(&scene), [None, Some(1), Some(0)]);
    scene.declines(calls[1], 0);
    assert_eq!(rung(&scene), [None, Some(0), Some(1)]);
    assert_eq!(scene.state(calls[1]), "voicemail", "the only agent declined");
}

#[test]
fn being_offered_another_call_never_means_that_nobody_is_available() {
    let mut scene = Scene::new(Strategy::LongestIdle, 1);
    let first = scene.call_in();
    let second = scene.call_in();
    assert_eq!((scene.state(second), scene.rung(second)), ("ringing", vec![]));
    scene.hangs_up(first);
    assert_eq!(scene.rung(second), [0]);
}

#[test]
fn the_turn_is_kept_in_the_store_and_taken_up_again() {
    let mut scene = Scene::new(Strategy::RoundRobin, 3);
    let call = scene.call_in();
    let cursor = scene.writes.iter().find_map(|write| match write {
        Write::Cursor { channel, cursor } if *channel == scene.channel => Some(*cursor),
        _ => None,
    });
    let cursor = cursor.expect("the turn is written");
    assert_eq!((cursor.user, cursor.position), (scene.agents[0], 0));
    scene.hangs_up(call);
    scene.restarts();
    scene.board.restore_cursor(scene.channel, cursor);
    let next = scene.call_in();
    assert_eq!(scene.rung(next), [1]);
}

#[test]
fn to_hand_a_caller_on_takes_nobody_s_turn() {
    let mut scene = Scene::new(Strategy::RoundRobin, 3);
    let call = scene.call_in();
    scene.talks(call, 0);
    let to = Target::Agent(scene.agents[1]);
    scene.happens(Event::Transferred { agent: scene.agents[0], call, to });
    assert_eq!(scene.rung(call), [1]);
    scene.declines(call, 1);
    let next = scene.call_in();
    assert_eq!(scene.rung(next), [1], "whose turn it was");
}
