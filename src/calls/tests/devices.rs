//! Channels that ring devices: nobody needs a softphone, the caller is not answered before somebody takes the call, and
//! what a telephone that comes up may do is decided before it is bridged.

use super::*;
use crate::calls::{
    channel::{Ringing, Telephones},
    decision::{Device, DialDevices},
};
use crate::routing::eligibility::Objection;

/// Everybody is at an address of their own, and nobody has a softphone.
fn office(strategy: Strategy, agents: usize) -> Scene {
    let mut scene = Scene::new(strategy, agents);
    for agent in 0..agents {
        scene.is_at(agent, Reach::Sip(sip(agent)));
        scene.happens(Event::AgentDisconnected { agent: scene.agents[agent] });
    }
    scene.pass(10_000);
    let channel = scene.channels.get_mut(&scene.channel).expect("the channel");
    channel.ringing = Ringing::Devices;
    scene.look();
    scene
}

fn sip(agent: usize) -> String {
    format!("sip:agent{agent}@pbx.example.org")
}

impl Scene {
    fn is_at(&mut self, agent: usize, reach: Reach) {
        self.people.users.get_mut(&self.agents[agent]).expect("an agent").reach = reach;
    }

    /// A call, and whom its caller's side is told to dial.
    fn dials(&mut self) -> (CallId, DialDevices) {
        let answer = self.arrives(self.channel);
        let newest = self.board.calls().map(|call| call.id).max().expect("a call");
        (newest, dial(answer))
    }

    fn picked_up(&mut self, call: CallId, offer: OfferId) -> Option<Instruction> {
        self.happens(Event::DevicePickedUp { call, offer })
    }

    fn dial_ends(&mut self, call: CallId, cause: ConnectionFailure) -> Option<Instruction> {
        let attempt = self.call(call).attempt;
        let (talked, caller_is_there) = (false, true);
        self.happens(Event::ConnectionOver { call, attempt, talked, caller_is_there, cause })
    }

    /// How the offers of a call ended, by agent.
    fn ends(&self) -> Vec<(usize, Cause)> {
        let number = |agent| self.agents.iter().position(|known| *known == agent).expect("an agent");
        let of = |write: &Write| match write {
            Write::Offer(row) => row.ended.map(|(cause, _)| (number(row.offer.agent), cause)),
            _ => None,
        };
        self.writes.iter().filter_map(of).collect()
    }

    fn first_reasons(&self) -> Vec<&Reason> {
        let decided = self.writes.iter().filter_map(|write| match write {
            Write::Decided(decided) => decided.reasons.first(),
            _ => None,
        });
        decided.collect()
    }
}

fn dial(answer: Option<Instruction>) -> DialDevices {
    match answer {
        Some(Instruction::DialDevices(dial)) => dial,
        other => panic!("devices are dialled, and not {other:?}"),
    }
}

fn addresses(dial: &DialDevices) -> Vec<String> {
    let address = |device: &Device| match &device.reach {
        Reach::Client(to) | Reach::Sip(to) | Reach::Number(to) => to.clone(),
    };
    dial.devices.iter().map(address).collect()
}

#[test]
fn who_has_no_softphone_is_rung_and_the_first_to_pick_up_has_the_call() {
    let mut scene = office(Strategy::Simultaneous, 3);
    let (call, dial) = scene.dials();
    assert_eq!(addresses(&dial), [sip(0), sip(1), sip(2)]);
    assert_eq!((dial.attempt, dial.seconds), (1, 25));
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![0, 1, 2]));
    let told = scene.says.iter().any(|say| matches!(say, Say::Offered { .. } | Say::OfferEnded { .. }));
    assert!(!told, "no softphone is offered what rings elsewhere");
    assert_eq!(scene.first_reasons(), [&Reason::RingsDevices { agents: 3, of: 3 }]);
    scene.look();

    let [ann, ben, _] = [0, 1, 2].map(|agent| scene.offer(call, agent));
    assert_eq!(scene.picked_up(call, ben), Some(Instruction::Bridge));
    let taken = Cause::Taken { by: scene.agents[1] };
    assert_eq!(scene.ends(), [(1, Cause::Won), (0, taken), (2, taken)]);
    assert_eq!((scene.state(call), scene.occupation(1)), ("talking", Occupation::Talking(call)));
    assert_eq!(scene.call(call).answered_by, Some(scene.agents[1]));
    assert_eq!(scene.picked_up(call, ann), Some(Instruction::HangUp), "a second one is refused");
    assert_eq!(scene.picked_up(call, ben), Some(Instruction::Bridge), "asked again, told again");
    assert!(scene.jobs.is_empty(), "the telephone company cancels the others by itself");

    let cause = ConnectionFailure::Cancelled;
    scene.happens(Event::ConnectionOver { call, attempt: 1, talked: true, caller_is_there: true, cause });
    assert_eq!(scene.state(call), "ended");
    assert!(matches!(scene.rows[&call].state, State::Ended { outcome: Outcome::Answered, .. }));
    assert_eq!(scene.occupation(1), Occupation::Free);
}

#[test]
fn an_agent_with_a_softphone_hears_of_their_own_talk_and_ends_it_there() {
    let mut scene = office(Strategy::Simultaneous, 1);
    scene.happens(Event::AgentConnected { agent: scene.agents[0] });
    let (call, _) = scene.dials();
    let offer = scene.offer(call, 0);
    assert!(scene.board.offers_to(scene.agents[0]).is_empty(), "there is nothing to accept");
    scene.look();
    scene.happens(Event::OfferAccepted { agent: scene.agents[0], offer });
    let refused = [Say::Refused { agent: scene.agents[0], refusal: Refusal::UnknownOffer }];
    assert_eq!(scene.look().0, refused, "a device is answered at the device");
    scene.picked_up(call, offer);
    let agent = scene.agents[0];
    assert!(scene.says.contains(&Say::Call { agent, call, state: "talking" }), "{:?}", scene.says);
    scene.happens(Event::AgentHungUp { agent, call });
    assert!(scene.says.contains(&Say::Call { agent, call, state: "ended" }));
    assert!(matches!(scene.jobs[..], [Job::HangUp { .. }]));
}

#[test]
fn an_agent_who_took_one_call_is_refused_a_second_that_rings_with_it() {
    let mut scene = office(Strategy::Simultaneous, 2);
    let ((one, _), (two, _)) = (scene.dials(), scene.dials());
    let (first, second) = (scene.offer(one, 0), scene.offer(two, 0));
    assert_eq!(scene.picked_up(one, first), Some(Instruction::Bridge));
    assert_eq!(scene.rung(two), [1], "the other call is no longer theirs to take");
    assert_eq!(scene.picked_up(two, second), Some(Instruction::HangUp));
    assert_eq!((scene.state(two), scene.occupation(0)), ("ringing", Occupation::Talking(one)));
    let ben = scene.offer(two, 1);
    assert_eq!(scene.picked_up(two, ben), Some(Instruction::Bridge));
    let (_, third) = (scene.look(), scene.arrives(scene.channel));
    assert_eq!(third, Some(MESSAGE), "who talks is not dialled, and nobody waits without being answered");
    assert_eq!(scene.why_unanswered(), Some(&Reason::AllBusy));
}

#[test]
fn an_ordinary_telephone_is_bridged_by_a_key_and_a_machine_never() {
    let mut scene = office(Strategy::Simultaneous, 2);
    scene.is_at(0, Reach::Number("+436641234567".into()));
    let (call, _) = scene.dials();
    let [ann, ben] = [0, 1].map(|agent| scene.offer(call, agent));
    assert_eq!(scene.picked_up(call, ann), Some(Instruction::AskDeviceToPress { offer: ann }));
    assert_eq!(scene.state(call), "ringing");
    // The machine was hung up on. It had cancelled the other telephone, which rings again.
    scene.happens(Event::DeviceEnded { call, offer: ben, cause: ConnectionFailure::Cancelled });
    scene.happens(Event::DeviceHungUp { call, offer: ann });
    scene.pass(9_000);
    scene.look();
    let again = dial(scene.dial_ends(call, ConnectionFailure::Cancelled));
    assert_eq!(scene.ends(), [(1, Cause::Withdrawn)]);
    assert_eq!((addresses(&again), again.attempt, again.seconds), (vec![sip(1)], 2, 16));

    let offer = scene.offer(call, 1);
    scene.is_at(1, Reach::Number("+436647654321".into()));
    assert_eq!(scene.picked_up(call, offer), Some(Instruction::AskDeviceToPress { offer }));
    let pressed = Event::DevicePressed { call, offer };
    assert_eq!(scene.happens(pressed.clone()), Some(Instruction::Bridge));
    assert_eq!(scene.happens(pressed), Some(Instruction::Bridge), "a doubled one is answered the same");
    assert_eq!((scene.state(call), scene.call(call).agent()), ("talking", Some(scene.agents[1])));
}

#[test]
fn after_a_machine_at_the_last_moment_the_others_ring_for_ten_seconds_more() {
    let mut scene = office(Strategy::Simultaneous, 2);
    scene.is_at(0, Reach::Number("+436641234567".into()));
    let (call, _) = scene.dials();
    scene.pass(20_000);
    let ann = scene.offer(call, 0);
    scene.picked_up(call, ann);
    scene.pass(2_500);
    assert_eq!(dial(scene.dial_ends(call, ConnectionFailure::Cancelled)).seconds, 10);
}

#[test]
fn where_the_others_ring_on_somebody_else_may_take_it_while_a_key_is_waited_for() {
    let mut scene = office(Strategy::Simultaneous, 2);
    scene.is_at(0, Reach::Number("+436641234567".into()));
    let (call, _) = scene.dials();
    let [ann, ben] = [0, 1].map(|agent| scene.offer(call, agent));
    scene.picked_up(call, ann);
    assert_eq!(scene.picked_up(call, ben), Some(Instruction::Bridge));
    assert_eq!(scene.happens(Event::DevicePressed { call, offer: ann }), Some(Instruction::HangUp));
    assert_eq!((scene.state(call), scene.occupation(0)), ("talking", Occupation::Free));
}

#[test]
fn when_no_telephone_is_taken_there_is_the_message() {
    let mut scene = office(Strategy::Simultaneous, 2);
    let (call, _) = scene.dials();
    let offer = scene.offer(call, 0);
    scene.happens(Event::DeviceEnded { call, offer, cause: ConnectionFailure::Busy });
    scene.pass(25_000);
    assert_eq!(scene.dial_ends(call, ConnectionFailure::NoAnswer), Some(MESSAGE));
    assert_eq!(scene.ends(), [(0, Cause::ConnectionFailed), (1, Cause::Expired)]);
    assert_eq!(scene.why_unanswered(), Some(&Reason::RingTimeOver { seconds: 25 }));
    assert_eq!(scene.misses(1), 0, "rung together is no miss");

    let (call, _) = scene.dials();
    scene.look();
    assert_eq!(scene.dial_ends(call, ConnectionFailure::Busy), Some(MESSAGE), "all failed at once");
    assert_eq!(scene.why_unanswered(), Some(&Reason::DevicesNotTaken { agents: 2 }));
}

#[test]
fn one_at_a_time_the_next_is_dialled_when_a_dial_is_over() {
    let mut scene = office(Strategy::RoundRobin, 3);
    let (call, first) = scene.dials();
    assert_eq!((addresses(&first), first.seconds), (vec![sip(0)], 15));
    let agent = scene.agents[0];
    assert_eq!(scene.first_reasons(), [&Reason::NextInTurn { agent }]);
    scene.pass(1_000);
    let second = dial(scene.dial_ends(call, ConnectionFailure::Busy));
    assert_eq!((addresses(&second), second.attempt), (vec![sip(1)], 2));
    scene.pass(15_000);
    let third = dial(scene.dial_ends(call, ConnectionFailure::NoAnswer));
    assert_eq!((addresses(&third), third.seconds), (vec![sip(2)], 9), "what is left of 25 s");
    assert_eq!(scene.misses(1), 1, "rung alone to the end");
    scene.pass(9_000);
    assert_eq!(scene.dial_ends(call, ConnectionFailure::NoAnswer), Some(MESSAGE));
    assert_eq!(scene.ends(), [(0, Cause::ConnectionFailed), (1, Cause::Missed), (2, Cause::Expired)]);
}

#[test]
fn a_telephone_that_rings_rings_for_a_second_caller_only_if_no_other_is_left() {
    let mut scene = office(Strategy::RoundRobin, 2);
    let (_, first) = scene.dials();
    let (_, second) = scene.dials();
    let (_, third) = scene.dials();
    assert_eq!([first, second].map(|dial| addresses(&dial)), [[sip(0)], [sip(1)]]);
    assert_eq!(third.devices.len(), 1, "nobody can be held without being answered");
}

#[test]
fn at_most_ten_are_rung_at_once_and_the_next_when_those_were_rung_in_vain() {
    let mut scene = office(Strategy::Simultaneous, 12);
    let (call, first) = scene.dials();
    assert_eq!(first.devices.len(), 10);
    assert_eq!(scene.first_reasons(), [&Reason::RingsDevices { agents: 10, of: 12 }]);
    scene.pass(3_000);
    let second = dial(scene.dial_ends(call, ConnectionFailure::Busy));
    assert_eq!((addresses(&second), second.seconds), (vec![sip(10), sip(11)], 22));
}

#[test]
fn who_has_no_telephone_that_can_be_rung_is_passed_over_with_that_reason() {
    let mut scene = office(Strategy::Simultaneous, 2);
    scene.is_at(0, Reach::Client("ann".into()));
    let channel = scene.channels.get_mut(&scene.channel).expect("the channel");
    channel.telephones = Telephones { clients: false, numbers: true };
    let (_, dial) = scene.dials();
    assert_eq!(addresses(&dial), [sip(1)]);
    let candidates = scene.writes.iter().find_map(|write| match write {
        Write::Decided(decided) => Some(&decided.candidates),
        _ => None,
    });
    let objections =
        candidates.map(|all| all.iter().map(|(.., objection)| objection.cloned()).collect::<Vec<_>>());
    assert_eq!(objections, Some(vec![Some(Objection::NotRungHere), None]));
}

#[test]
fn what_a_softphone_says_or_does_not_say_stops_no_device() {
    let mut scene = office(Strategy::Simultaneous, 2);
    let agent = scene.agents[0];
    scene.happens(Event::AgentConnected { agent });
    let (call, _) = scene.dials();
    scene.happens(Event::MediaChanged { agent, registered: false, microphone: false });
    scene.happens(Event::AgentDisconnected { agent });
    scene.pass(6_000);
    scene.goes_away(0);
    assert_eq!(scene.rung(call), [0, 1], "their telephone rings on");
    let offer = scene.offer(call, 0);
    assert_eq!(scene.picked_up(call, offer), Some(Instruction::Bridge), "who picks up is there");
    let (_, dial) = scene.dials();
    assert_eq!(addresses(&dial), [sip(1)]);
}

#[test]
fn a_caller_who_hangs_up_is_gone_and_who_picks_up_then_is_refused() {
    let mut scene = office(Strategy::Simultaneous, 1);
    let (call, _) = scene.dials();
    let offer = scene.offer(call, 0);
    scene.pass(8_000);
    let cause = ConnectionFailure::Cancelled;
    let over = Event::ConnectionOver { call, attempt: 1, talked: false, caller_is_there: false, cause };
    scene.happens(over);
    assert!(matches!(scene.rows[&call].state, State::Ended { outcome: Outcome::Abandoned, .. }));
    assert_eq!(scene.ends(), [(0, Cause::CallerHungUp)]);
    assert_eq!(scene.picked_up(call, offer), Some(Instruction::HangUp));
}

#[test]
fn a_caller_waits_in_line_if_waiting_is_allowed_and_is_fetched_for_who_becomes_free() {
    let mut scene = office(Strategy::Simultaneous, 1).times(waiting(60));
    let (talk, _) = scene.dials();
    let offer = scene.offer(talk, 0);
    scene.picked_up(talk, offer);
    let answer = scene.arrives(scene.channel);
    assert!(matches!(answer, Some(Instruction::Wait { .. })), "{answer:?}");
    let waits = scene.board.calls().map(|call| call.id).max().expect("a call");
    assert_eq!(scene.state(waits), "waiting");
    scene.look();
    scene.hangs_up(talk);
    assert!(matches!(scene.jobs[..], [Job::BringBack { .. }]), "{:?}", scene.jobs);
    assert_eq!((scene.state(waits), scene.rung(waits)), ("ringing", vec![]), "only an answer can dial");
    let dialled = dial(Some(scene.asks(waits)));
    assert_eq!((addresses(&dialled), dialled.seconds), (vec![sip(0)], 25));
}

#[test]
fn a_lost_report_ends_nothing_and_the_telephone_company_is_asked() {
    let mut scene = office(Strategy::Simultaneous, 2);
    scene.is_at(0, Reach::Number("+436641234567".into()));
    let (call, _) = scene.dials();
    scene.pass(34_999);
    assert!(!scene.says.iter().any(|say| matches!(say, Say::FindDevices { .. })), "10 s beyond its own time");
    scene.pass(1);
    assert!(matches!(scene.says[..], [Say::FindDevices { attempt: 1, .. }]), "{:?}", scene.says);
    let found = |up: Option<&[&str]>| {
        let up = up.map(|up| up.iter().map(ToString::to_string).collect());
        Event::DevicesFound { call, attempt: 1, up }
    };
    for nothing in [found(None), found(Some(&["+436641234567"]))] {
        scene.happens(nothing);
        assert_eq!(scene.state(call), "ringing", "unknown, or being asked for the key");
    }
    scene.happens(found(Some(&["sip:Agent1@pbx.example.org;transport=tls"])));
    assert_eq!((scene.state(call), scene.call(call).agent()), ("talking", Some(scene.agents[1])));

    let (call, _) = scene.dials();
    scene.pass(35_000);
    scene.look();
    scene.happens(Event::DevicesFound { call, attempt: 1, up: Some(vec![]) });
    assert_eq!((scene.state(call), scene.rung(call)), ("voicemail", vec![]), "the dial is over for certain");
    scene.happens(Event::CallerFound { call, there: Some(true) });
    assert!(scene.jobs.is_empty(), "who was not answered can't be brought back");
    assert_eq!(scene.asks(call), MESSAGE);
}

#[test]
fn a_device_that_came_up_and_does_not_ask_was_bridged_without_us() {
    let mut scene = office(Strategy::Simultaneous, 2);
    let (call, _) = scene.dials();
    let ben = scene.offer(call, 1);
    scene.happens(Event::DeviceAnswered { call, offer: ben });
    assert_eq!(scene.state(call), "ringing");
    scene.pass(3_000);
    assert_eq!((scene.state(call), scene.call(call).agent()), ("talking", Some(scene.agents[1])));
    scene.happens(Event::DeviceHungUp { call, offer: ben });
    let cause = ConnectionFailure::Cancelled;
    scene.happens(Event::ConnectionOver { call, attempt: 1, talked: true, caller_is_there: true, cause });
    assert!(matches!(scene.rows[&call].state, State::Ended { outcome: Outcome::Answered, .. }));
}

#[test]
fn who_was_let_through_and_never_bridged_has_no_call_and_the_others_ring() {
    let mut scene = office(Strategy::Simultaneous, 2);
    let (call, _) = scene.dials();
    let ann = scene.offer(call, 0);
    scene.picked_up(call, ann);
    let again = dial(scene.dial_ends(call, ConnectionFailure::Cancelled));
    assert_eq!((addresses(&again), scene.call(call).answered_by), (vec![sip(1)], None));
    assert_eq!(scene.occupation(0), Occupation::Free);
}

#[test]
fn who_asks_instead_of_dialling_is_told_again() {
    let mut scene = office(Strategy::Simultaneous, 2);
    let (call, first) = scene.dials();
    scene.pass(4_000);
    let again = dial(Some(scene.asks(call)));
    assert_eq!(again, DialDevices { seconds: 21, ..first });
    let late = Event::ConnectionOver {
        call,
        attempt: 0,
        talked: false,
        caller_is_there: true,
        cause: ConnectionFailure::NoAnswer,
    };
    assert_eq!(dial(scene.happens(late)), again, "what is said of another dial changes nothing");
}

#[test]
fn a_restart_in_the_midst_loses_nothing() {
    let mut scene = office(Strategy::Simultaneous, 2);
    let (call, _) = scene.dials();
    let (ann, ben) = (scene.offer(call, 0), scene.offer(call, 1));
    scene.pass(5_000);
    scene.stops_and_starts();
    assert_eq!(scene.rung(call), [0, 1]);
    let checked = scene.board.next_deadline().is_some_and(|due| due <= scene.now.steady.plus_seconds(7));
    assert!(checked, "whether the caller is still there is asked soon");
    assert_eq!(scene.picked_up(call, ann), Some(Instruction::Bridge));
    scene.stops_and_starts();
    assert_eq!(scene.occupation(0), Occupation::Talking(call));
    assert_eq!(scene.picked_up(call, ben), Some(Instruction::HangUp));
    assert_eq!(scene.picked_up(call, ann), Some(Instruction::Bridge));
}

#[test]
fn a_channel_that_rings_devices_from_now_on_takes_back_what_softphones_were_offered() {
    let mut scene = Scene::new(Strategy::Simultaneous, 2);
    let call = scene.call_in();
    let offer = scene.offer(call, 0);
    scene.channels.get_mut(&scene.channel).expect("the channel").ringing = Ringing::Devices;
    scene.happens(Event::SettingsChanged);
    assert_eq!((scene.ended(0), scene.ended(1)), (vec![Cause::Withdrawn], vec![Cause::Withdrawn]));
    assert_eq!(dial(Some(scene.asks(call))).devices.len(), 2);
    scene.happens(Event::OfferAccepted { agent: scene.agents[0], offer });
    assert_eq!((scene.state(call), scene.occupation(0)), ("ringing", Occupation::Free), "a moment late");
    scene.hangs_up(call);
    assert_eq!([0, 1].map(|agent| scene.occupation(agent)), [Occupation::Free; 2]);
}

#[test]
fn who_comes_out_of_a_dial_that_was_given_up_is_told_to_dial_and_not_answered() {
    let mut scene = office(Strategy::RoundRobin, 2);
    scene.defaults.agent_ring_seconds = 5;
    scene.defaults.ring_seconds = 60;
    let (call, _) = scene.dials();
    scene.pass(16_000);
    scene.happens(Event::DevicesFound { call, attempt: 1, up: Some(vec![]) });
    assert_eq!((scene.state(call), scene.rung(call)), ("ringing", vec![]));
    let again = dial(scene.dial_ends(call, ConnectionFailure::NoAnswer));
    assert_eq!((addresses(&again), scene.call(call).is_answered), (vec![sip(1)], false));
}

#[test]
fn nothing_is_announced_before_devices_ring() {
    let mut scene = office(Strategy::Simultaneous, 1);
    let text = Greeting::Text { text: "Welcome".into(), language: "en-US".into() };
    scene.channels.get_mut(&scene.channel).expect("the channel").greetings.before_ringing = Some(text);
    let (_, dial) = scene.dials();
    assert_eq!(dial.devices.len(), 1, "to play it the caller would have to be answered");
}
