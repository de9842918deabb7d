//! An answer that decided something and never got there: nobody must be left in a state that is not so.

use super::*;
use crate::calls::transfer::Target;
use crate::routing::people::Reach;

fn at_a_telephone(scene: &mut Scene, agent: usize) {
    let user = scene.people.users.get_mut(&scene.agents[agent]).expect("an agent");
    user.reach = Reach::Number("+436641234567".into());
}

#[test]
fn a_key_whose_answer_got_lost_brings_the_caller_back_to_the_others() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    at_a_telephone(&mut scene, 0);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::ConnectFetched { call, attempt: 1 });
    assert_eq!(scene.happens(Event::KeyPressed { call, attempt: 1 }), Some(Instruction::Bridge));
    assert_eq!(scene.call(call).state_name(), "talking");
    scene.happens(Event::KeyLost { call, attempt: 2 });
    assert_eq!(scene.call(call).state_name(), "talking", "another attempt's");
    scene.happens(Event::KeyLost { call, attempt: 1 });
    let back = scene.call(call);
    assert_eq!((back.state_name(), back.answered_by, back.agent()), ("ringing", None, None));
    let rung: Vec<UserId> = back.offers.iter().map(|offer| offer.agent).collect();
    assert_eq!(rung, [scene.agents[1]], "without the one whose telephone was hung up on");
}

#[test]
fn a_number_outside_is_dialled_again_where_the_document_got_lost() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.accepts(call, 0);
    scene.happens(Event::LegAnswered { call, attempt: 1 });
    let to = Target::Number("+431234567".into());
    scene.happens(Event::Transferred { agent: scene.agents[0], call, to });
    let dials = |instruction: &Option<Instruction>| {
        matches!(instruction, Some(Instruction::DialOutside { attempt: 2, .. }))
    };
    assert!(dials(&scene.happens(Event::OutsideFetched { call, attempt: 2 })));
    assert!(!scene.board.awaits_outside(call, 2));
    assert!(dials(&scene.happens(Event::Asked { call, poll: 3 })), "who asks is not connected");
    scene.happens(Event::AnswerLost { call });
    assert!(scene.board.awaits_outside(call, 2), "it is sent again");
    scene.happens(Event::CallerHungUp { call });
    assert!(scene.board.call(call).is_none());
}

#[test]
fn a_key_whose_answer_got_lost_leaves_the_ticket_with_whoever_answered_before() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    at_a_telephone(&mut scene, 1);
    let call = scene.call_in();
    scene.talks(call, 0);
    let (first, second) = (scene.agents[0], scene.agents[1]);
    scene.happens(Event::Transferred { agent: first, call, to: Target::Agent(second) });
    scene.accepts(call, 1);
    let attempt = scene.call(call).attempt;
    scene.happens(Event::KeyPressed { call, attempt });
    scene.look();
    scene.happens(Event::KeyLost { call, attempt });
    let ticket = scene.rows[&call].ticket;
    let given: Vec<TicketChange> = scene
        .writes
        .iter()
        .filter_map(|write| match write {
            Write::Ticket(change) => Some(*change),
            _ => None,
        })
        .collect();
    assert_eq!(given, [TicketChange::Assign { ticket, owner: first, at: scene.now.at }]);
    assert_eq!(scene.rows[&call].answered_by, Some(first));
}

#[test]
fn a_lost_key_is_nothing_to_who_talks_in_the_browser() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    scene.talks(call, 0);
    scene.look();
    scene.happens(Event::KeyLost { call, attempt: 1 });
    assert_eq!(scene.state(call), "talking");
    assert!(scene.writes.is_empty());
}
