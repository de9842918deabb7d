//! What agents miss, and whether their telephones are there.

use super::*;

#[test]
fn three_misses_alone_set_an_agent_away_who_starts_anew_when_back() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2);
    for missed in 1..=3 {
        let call = scene.call_in();
        assert_eq!(scene.rung(call), [0]);
        scene.pass(15_000);
        assert_eq!(scene.is_away(0), missed == 3, "after {missed}");
        scene.talks(call, 1);
        scene.happens(Event::AgentHungUp { agent: scene.agents[1], call });
    }
    let told = Say::Availability {
        agent: scene.agents[0],
        by_hand: ByHand::Away { reason: Some("missed calls".into()), until: None },
    };
    assert!(scene.says.contains(&told));
    assert_eq!(scene.misses(0), 0);
}

#[test]
fn whoever_comes_back_with_their_next_shift_has_three_misses_again() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2);
    let shift = serde_json::json!({"mon": [["00:00", "24:00"]], "tue": [["00:00", "24:00"]], "wed": [["00:00", "24:00"]],
        "thu": [["00:00", "24:00"]], "fri": [["00:00", "24:00"]], "sat": [["00:00", "12:00"], ["13:00", "24:00"]],
        "sun": [["00:00", "24:00"]]});
    let hours = crate::routing::hours::Weekly::from_json(&shift).expect("weekly hours");
    let agent = scene.agents[0];
    scene.people.users.get_mut(&agent).expect("a user").working_hours = Some(hours);
    let miss = |scene: &mut Scene| {
        let call = scene.call_in();
        while scene.rung(call) != [0] {
            scene.declines(call, 1);
        }
        scene.pass(15_000);
        scene.hangs_up(call);
    };
    (0..3).for_each(|_| miss(&mut scene));
    assert!(scene.is_away(0));
    scene.pass(8 * 24 * 3_600_000);
    scene.happens(Event::TimePassed);
    miss(&mut scene);
    let known = scene.board.known_agent(agent).expect("a known agent");
    assert!(known.by_hand.is_available(scene.now.at), "one miss is not three");
}

#[test]
fn the_last_agent_of_any_of_their_channels_stays_and_the_admin_is_told() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2);
    let alone = ChannelId(Ids::new(60).next(2));
    let rule = Rule { users: vec![scene.agents[0]], ..Rule::default() };
    scene.channels.insert(alone, open_channel(alone, rule));
    for _ in 0..3 {
        miss(&mut scene);
    }
    assert!(!scene.is_away(0));
    assert_eq!(told_of_misses(&scene), [(scene.agents[0], alone, 3)]);
}

/// The first agent is rung alone and does not answer.
fn miss(scene: &mut Scene) {
    let call = scene.call_in();
    while scene.rung(call) != [0] {
        scene.declines(call, 1);
    }
    scene.pass(15_000);
    scene.hangs_up(call);
}

fn told_of_misses(scene: &Scene) -> Vec<(UserId, ChannelId, u32)> {
    let told = scene.writes.iter().filter_map(|write| match write {
        Write::LastAgentMisses { agent, channel, misses } => Some((*agent, *channel, *misses)),
        _ => None,
    });
    told.collect()
}

#[test]
fn the_admin_is_told_of_the_last_agent_s_misses_once_an_hour_and_a_restart_does_not_tell_again() {
    let mut scene = Scene::new(Strategy::RoundRobin, 1);
    let told = |scene: &mut Scene, misses: u32| {
        let mut told = Vec::new();
        for _ in 0..misses {
            miss(scene);
            told.extend(told_of_misses(scene).into_iter().map(|(.., misses)| misses));
            scene.look();
        }
        told
    };
    assert_eq!(told(&mut scene, 5), [3], "not for each");
    scene.restarts();
    scene.happens(Event::AgentConnected { agent: scene.agents[0] });
    scene.look();
    assert!(told(&mut scene, 5).is_empty());
    scene.pass(3_600_000);
    assert_eq!(told(&mut scene, 2), [11], "an hour later");
}

#[test]
fn where_misses_are_not_counted_against_anybody_nobody_is_set_away_or_told_of() {
    for agents in [1, 2] {
        let mut scene = Scene::new(Strategy::RoundRobin, agents);
        scene.defaults.misses_until_away = 0;
        (0..10).for_each(|_| miss(&mut scene));
        assert!(!scene.is_away(0));
        assert!(told_of_misses(&scene).is_empty());
    }
}

#[test]
fn who_was_set_away_for_misses_is_back_with_one_click() {
    let mut scene = Scene::new(Strategy::RoundRobin, 2);
    (0..3).for_each(|_| miss(&mut scene));
    assert!(scene.is_away(0));
    scene.look();
    scene.happens(Event::AvailabilitySet { agent: scene.agents[0], by_hand: ByHand::Available });
    assert!(!scene.is_away(0) && scene.misses(0) == 0);
    let told = Say::Availability { agent: scene.agents[0], by_hand: ByHand::Available };
    assert!(scene.says.contains(&told));
    (0..2).for_each(|_| miss(&mut scene));
    assert!(!scene.is_away(0), "they begin anew");
}

#[test]
fn a_lost_race_a_caller_who_hangs_up_and_a_withdrawn_offer_are_no_misses() {
    let mut scene = Scene::new(Strategy::RoundRobin, 1);
    let call = scene.call_in();
    scene.hangs_up(call);
    let call = scene.call_in();
    scene.goes_away(0);
    scene.happens(Event::AvailabilitySet { agent: scene.agents[0], by_hand: ByHand::Available });
    assert_eq!((scene.state(call), scene.misses(0)), ("voicemail", 0));
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    scene.accepts(call, 1);
    assert_eq!(scene.misses(0), 0);
}

#[test]
fn an_answer_or_a_decline_ends_a_row_of_misses() {
    for takes in [true, false] {
        let mut scene = Scene::new(Strategy::RoundRobin, 1);
        let call = scene.call_in();
        scene.pass(15_000);
        assert_eq!(scene.misses(0), 1);
        if takes {
            scene.accepts(call, 0);
        } else {
            scene.declines(call, 0)
        }
        assert_eq!(scene.misses(0), 0);
    }
}

#[test]
fn a_lost_socket_may_come_back_within_five_seconds() {
    let mut scene = Scene::new(Strategy::Simultaneous, 1);
    let call = scene.call_in();
    let agent = scene.agents[0];
    scene.happens(Event::AgentDisconnected { agent });
    scene.pass(4_999);
    assert_eq!(scene.rung(call), [0]);
    scene.happens(Event::AgentConnected { agent });
    scene.pass(5_000);
    assert_eq!(scene.rung(call), [0], "they came back");
    scene.happens(Event::AgentDisconnected { agent });
    scene.pass(5_000);
    assert_eq!((scene.state(call), scene.ended(0)), ("voicemail", vec![Cause::Withdrawn]));
}

#[test]
fn a_telephone_that_is_not_registered_or_has_no_microphone_is_not_rung() {
    for (registered, microphone) in [(false, true), (true, false)] {
        let mut scene = Scene::new(Strategy::Simultaneous, 2);
        let call = scene.call_in();
        let agent = scene.agents[0];
        scene.happens(Event::MediaChanged { agent, registered, microphone });
        assert_eq!((scene.rung(call), scene.ended(0)), (vec![1], vec![Cause::Withdrawn]));
        scene.happens(Event::MediaChanged { agent, registered: true, microphone: true });
        assert_eq!(scene.rung(call), [0, 1]);
    }
}
