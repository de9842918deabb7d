//! Agents are rung together, for a while, until one takes the call or all have declined.

use super::*;

#[test]
fn a_call_rings_everybody_who_is_free_and_the_first_to_accept_has_it() {
    let mut scene = Scene::new(Strategy::Simultaneous, 3);
    let call = scene.call_in();
    assert_eq!(scene.rung(call), [0, 1, 2]);
    scene.look();
    scene.accepts(call, 1);
    assert_eq!((scene.state(call), scene.rung(call)), ("connecting", vec![]));
    let taken = Cause::Taken { by: scene.agents[1] };
    assert_eq!((scene.ended(0), scene.ended(1), scene.ended(2)), (vec![taken], vec![], vec![taken]));
    assert_eq!((scene.occupation(0), scene.occupation(1)), (Occupation::Free, Occupation::Connecting(call)));
    assert_eq!(scene.cut_ins(), 1);
    scene.happens(Event::LegAnswered { call, attempt: 1 });
    assert_eq!((scene.state(call), scene.occupation(1)), ("talking", Occupation::Talking(call)));
}

#[test]
fn of_two_who_accept_at_once_one_wins_and_the_other_is_told_who() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    let late = scene.offer(call, 1);
    let won = scene.accepts(call, 0);
    scene.look();
    let (winner, loser) = (scene.agents[0], scene.agents[1]);
    scene.happens(Event::OfferAccepted { agent: loser, offer: late });
    let lost = Say::OfferLost { agent: loser, offer: late, cause: Cause::Taken { by: winner } };
    assert_eq!(scene.look().0, [lost]);
    scene.happens(Event::OfferAccepted { agent: winner, offer: won });
    assert_eq!(scene.look().0, [Say::OfferWon { agent: winner, offer: won, call }], "a double click");
    scene.happens(Event::OfferAccepted { agent: loser, offer: won });
    let refused = Say::Refused { agent: loser, refusal: Refusal::UnknownOffer };
    assert_eq!(scene.look().0, [refused], "somebody else's offer");
    assert_eq!(scene.call(call).agent(), Some(winner));
}

#[test]
fn taking_one_call_withdraws_that_agents_other_offers_and_nobody_elses() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let (first, second) = (scene.call_in(), scene.call_in());
    scene.look();
    scene.accepts(first, 0);
    assert_eq!((scene.ended(0), scene.rung(second)), (vec![Cause::Withdrawn], vec![1]));
}

#[test]
fn all_declined_means_the_message_at_once() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.declines(call, 0);
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
    scene.declines(call, 1);
    assert_eq!((scene.state(call), scene.why_unanswered()), ("voicemail", Some(&Reason::AllDeclined)));
    assert_eq!(scene.asks(call), MESSAGE);
}

#[test]
fn whoever_declined_is_not_rung_again_for_that_call_but_for_the_next() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2);
    let call = scene.call_in();
    scene.declines(call, 0);
    scene.pass(15_000);
    assert_eq!(scene.rung(call), [1], "the second one again, as the first declined");
    scene.hangs_up(call);
    let next = scene.call_in();
    assert_eq!(scene.rung(next), [0]);
}

#[test]
fn a_call_that_nobody_takes_rings_for_its_time_and_then_takes_a_message() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    for _ in 0..5 {
        assert_eq!(scene.asks(call), Instruction::Ring { poll: 2 });
        scene.pass(4_999);
    }
    scene.pass(4);
    assert_eq!(scene.state(call), "ringing");
    scene.pass(1);
    assert_eq!(scene.why_unanswered(), Some(&Reason::RingTimeOver { seconds: 25 }));
    assert_eq!((scene.ended(0), scene.misses(0)), (vec![Cause::Expired], 0), "rung together is no miss");
    assert_eq!(scene.asks(call), MESSAGE);
    let looked_for = scene.says.iter().any(|say| matches!(say, Say::FindCaller { .. }));
    assert!(!looked_for, "they asked all the time");
}

#[test]
fn somebody_who_becomes_free_joins_a_simultaneous_ring_for_its_remaining_time() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    scene.goes_away(1);
    let call = scene.call_in();
    scene.pass(10_000);
    scene.happens(Event::AvailabilitySet { agent: scene.agents[1], by_hand: ByHand::Available });
    assert_eq!((scene.rung(call), scene.seconds_left(call)), (vec![0, 1], 15.0));
    let ends: Vec<Steady> = scene.call(call).offers.iter().map(|offer| offer.until).collect();
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn an_agent_whose_shift_begins_is_rung_for_who_is_already_there() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1).times(waiting(300));
    let begins = scene.now.at + TimeDelta::seconds(60 - scene.now.at.timestamp() % 60);
    let late = UserId(Ids::new(50).next(2));
    let out = crate::routing::people::OutOfOffice { from: scene.now.at - TimeDelta::days(1), until: begins };
    scene.people.users.insert(late, User { out_of_office: vec![out], ..user(late) });
    scene.channels.get_mut(&scene.channel).expect("the channel").rule.users.push(late);
    scene.agents.push(late);
    scene.happens(Event::AgentConnected { agent: late });
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let call = scene.call_in();
    assert_eq!(scene.state(call), "waiting");
    let ms = (begins - scene.now.at).num_milliseconds();
    scene.pass(ms - 1);
    scene.happens(Event::TimePassed);
    assert_eq!(scene.state(call), "waiting");
    scene.pass(1);
    scene.happens(Event::TimePassed);
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![1]));
}

#[test]
fn no_more_than_a_hundred_are_rung_at_once_and_who_declines_makes_room() {
    let mut scene = Scene::new(Strategy::Simultaneous, 102);
    let call = scene.call_in();
    assert_eq!(scene.rung(call), Vec::from_iter(0..100));
    scene.declines(call, 7);
    assert_eq!(scene.rung(call).len(), 100);
    assert!(scene.rung(call).contains(&100) && !scene.rung(call).contains(&7));
}

#[test]
fn a_channel_that_is_gone_sends_its_callers_to_the_message_and_frees_its_agents_for_others() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2).times(waiting(60));
    let (here, gone) = (scene.channel, ChannelId(Ids::new(61).next(2)));
    let rule = Rule { users: vec![scene.agents[1]], strategy: Strategy::RoundRobin, ..Rule::default() };
    scene.channels.insert(gone, open_channel(gone, rule));
    scene.channels.get_mut(&here).expect("a channel").rule.users.truncate(1);
    let talk = scene.call_in();
    scene.talks(talk, 0);
    let older = scene.call_in();
    scene.channel = gone;
    let younger = scene.call_in();
    assert_eq!((scene.state(older), scene.rung(younger)), ("waiting", vec![1]));
    scene.channels.get_mut(&here).expect("a channel").rule.users = scene.agents.clone();
    scene.happens(Event::SettingsChanged);
    assert_eq!(
        (scene.state(older), scene.rung(older)),
        ("ringing", vec![]),
        "the second is being offered another"
    );
    scene.channels.remove(&gone);
    scene.happens(Event::SettingsChanged);
    assert_eq!((scene.state(younger), scene.rung(older)), ("voicemail", vec![1]));
}
