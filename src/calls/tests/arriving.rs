//! A call comes in: who is there for it, and whether it is open.

use super::*;

#[test]
fn with_nobody_available_no_one_is_rung_and_the_message_comes_at_once() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    scene.goes_away(0);
    assert_eq!(scene.arrives(scene.channel), Some(MESSAGE));
    assert_eq!(scene.why_unanswered(), Some(&Reason::NobodyAvailable));
}

#[test]
fn after_hours_nobody_is_rung_and_the_caller_hears_the_other_message() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let hours = &mut scene.channels.get_mut(&scene.channel).expect("the channel").hours;
    hours.closed_until = Some(scene.now.at + TimeDelta::hours(1));
    let answer = scene.arrives(scene.channel);
    assert_eq!(answer, Some(Instruction::TakeMessage { slot: Slot::ClosedToday }));
    assert!(!scene.says.iter().any(|say| matches!(say, Say::Offered { .. })));
}

#[test]
fn hours_are_judged_once_and_a_caller_in_line_at_closing_time_stays() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    let hours = &mut scene.channels.get_mut(&scene.channel).expect("the channel").hours;
    hours.closed_until = Some(scene.now.at + TimeDelta::hours(1));
    scene.happens(Event::SettingsChanged);
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![0]));
}

#[test]
fn the_first_webhook_twice_makes_one_call_and_one_ticket() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.arrivals -= 1;
    assert!(matches!(scene.arrives(scene.channel), Some(Instruction::Ring { .. })));
    assert_eq!(scene.board.calls().count(), 1);
    let opened =
        scene.writes.iter().filter(|w| matches!(w, Write::Ticket(TicketChange::Open { .. }))).count();
    assert_eq!((opened, scene.rung(call)), (1, vec![0]));
}
