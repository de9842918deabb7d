//! What webhooks are read as.

use super::*;
use crate::routing::ids::Ids;

const CALLER: &str = "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const LEG: &str = "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const RECORDING: &str = "REcccccccccccccccccccccccccccccccc";

fn call() -> CallId {
    CallId(Ids::new(1).next(1))
}

fn channel() -> ChannelId {
    ChannelId(Ids::new(2).next(1))
}

fn post(hook: Hook, body: &[u8]) -> Result<Reading, BadField> {
    let request = Request { method: "POST", target: "/hooks/main/c", headers: &HeaderMap::new(), body };
    read(Dialect::Twilio, "main", channel(), hook, &request)
}

/// A form of the caller's call with `more` parameters.
fn said(hook: Hook, more: &str) -> Result<Reading, BadField> {
    post(hook, format!("CallSid={CALLER}&AccountSid=AC1&New=1&{more}").as_bytes())
}

fn of_caller(event: Event) -> Result<Reading, BadField> {
    Ok(Reading::Event { provider_call_id: Some(CALLER.into()), event })
}

fn arrival(from: &str, poll: u32) -> Arrival {
    Arrival {
        channel: channel(),
        provider: "main".into(),
        provider_call_id: CALLER.into(),
        from: Caller::from(from.to_owned()),
        to: "+4311".into(),
        poll,
    }
}

#[test]
fn a_call_arrives() {
    let form = "From=%2B4312&To=%2B4311&CallStatus=ringing&FromCity=";
    assert_eq!(said(Hook::Voice, form), Ok(Reading::Arrived(arrival("+4312", 0))));
    assert_eq!(said(Hook::Held(7), form), Ok(Reading::Arrived(arrival("+4312", 7))));
    let fallback = format!("{form}&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fx");
    assert_eq!(said(Hook::Fallback, &fallback), Ok(Reading::Fallback(arrival("+4312", 0))));
}

#[test]
fn everybody_may_call_with_or_without_a_number() {
    for from in ["sip:alice@example.org", "client:alice", "anonymous", "+266696687", "Zoë"] {
        let from_field: String = form_urlencoded::byte_serialize(from.as_bytes()).collect();
        let read = said(Hook::Voice, &format!("From={from_field}&To=%2B4311&CallStatus=ringing"));
        assert_eq!(read, Ok(Reading::Arrived(arrival(from, 0))), "{from}");
    }
    assert_eq!(said(Hook::Voice, "From=&To=%2B4311"), Ok(Reading::Arrived(arrival("", 0))));
    assert_eq!(arrival("+266696687", 0).from, Caller::Withheld);
}

#[test]
fn with_get_the_parameters_stand_in_the_query() {
    let target = format!("/hooks/main/c/voice?CallSid={CALLER}&From=%2B4312&To=%2B4311");
    let request = Request { method: "GET", target: &target, headers: &HeaderMap::new(), body: b"\xff" };
    assert_eq!(
        read(Dialect::Twilio, "main", channel(), Hook::Voice, &request),
        Ok(Reading::Arrived(arrival("+4312", 0)))
    );
}

#[test]
fn the_status_says_whether_the_call_is_over() {
    for (status, over) in [
        ("queued", false),
        ("ringing", false),
        ("in-progress", false),
        ("something-new", false),
        ("completed", true),
        ("busy", true),
        ("failed", true),
        ("no-answer", true),
        ("canceled", true),
    ] {
        let read = said(Hook::Status, &format!("CallStatus={status}"));
        let arrival = Arrival { to: String::new(), ..arrival("", 0) };
        assert_eq!(read, Ok(Reading::Status { arrival, over }), "{status}");
    }
}

#[test]
fn a_caller_asks_how_to_go_on_or_is_gone() {
    let call = call();
    for (hook, event) in [
        (Hook::Wait(call, 3), Event::Asked { call, poll: 3 }),
        (Hook::Connect(call, 2), Event::ConnectFetched { call, attempt: 2 }),
        (Hook::MessageEmpty(call, 1), Event::NothingRecorded { call, times: 1 }),
    ] {
        assert_eq!(said(hook, "CallStatus=in-progress"), of_caller(event));
        assert_eq!(said(hook, "CallStatus=completed"), of_caller(Event::CallerHungUp { call }));
    }
    for (digits, event) in [
        ("1", Event::CallerWantsMessage { call, poll: 4 }),
        ("5", Event::Asked { call, poll: 4 }),
        ("*", Event::Asked { call, poll: 4 }),
        ("", Event::Asked { call, poll: 4 }),
    ] {
        let read = said(Hook::Key(call, 4), &format!("CallStatus=in-progress&Digits={digits}"));
        assert_eq!(read, of_caller(event), "{digits:?}");
    }
    let gone = Ok(Reading::Status { arrival: arrival("", 1), over: true });
    assert_eq!(said(Hook::Held(1), "From=&To=%2B4311&CallStatus=completed"), gone);
}

#[test]
fn a_connection_counts_as_a_talk_only_if_somebody_talked() {
    use ConnectionFailure::{Busy, Cancelled, Failed, NoAnswer};
    for (form, talked, cause) in [
        ("DialCallStatus=completed&DialBridged=true&DialCallDuration=9", true, Cancelled),
        ("DialCallStatus=completed&DialCallDuration=9", true, Cancelled),
        ("DialCallStatus=completed&DialCallDuration=0", false, Cancelled),
        ("DialCallStatus=completed", false, Cancelled),
        ("DialCallStatus=completed&DialBridged=false", false, Cancelled),
        ("DialCallStatus=busy&DialCallDuration=9", false, Busy),
        ("DialCallStatus=no-answer&DialBridged=false", false, NoAnswer),
        ("DialCallStatus=canceled", false, Cancelled),
        ("DialCallStatus=failed", false, Failed),
        ("DialCallStatus=something-new", false, Failed),
    ] {
        for (status, caller_is_there) in [("in-progress", true), ("completed", false)] {
            let call = call();
            let over = Event::ConnectionOver { call, attempt: 4, talked, caller_is_there, cause };
            let read = said(Hook::Over(call, 4), &format!("{form}&CallStatus={status}"));
            assert_eq!(read, of_caller(over), "{form} {status}");
        }
    }
}

#[test]
fn the_leg_to_the_agent_belongs_to_the_caller_s_call() {
    let (call, attempt) = (call(), 1);
    let ended = |cause| Event::LegEnded { call, attempt, cause };
    for (status, event) in [
        ("initiated", Event::LegSeen { call, attempt, ringing: false }),
        ("ringing", Event::LegSeen { call, attempt, ringing: true }),
        ("in-progress", Event::LegAnswered { call, attempt }),
        ("completed", Event::LegHungUp { call, attempt }),
        ("busy", ended(ConnectionFailure::Busy)),
        ("no-answer", ended(ConnectionFailure::NoAnswer)),
        ("failed", ended(ConnectionFailure::Failed)),
        ("canceled", ended(ConnectionFailure::Cancelled)),
    ] {
        let form = format!("CallSid={LEG}&ParentCallSid={CALLER}&CallStatus={status}");
        assert_eq!(post(Hook::Leg(call, attempt), form.as_bytes()), of_caller(event), "{status}");
    }
    let orphan = Reading::Event { provider_call_id: None, event: Event::LegAnswered { call, attempt } };
    assert_eq!(post(Hook::Leg(call, attempt), b"CallStatus=in-progress"), Ok(orphan));
}

#[test]
fn a_message_is_known_by_its_id_or_its_address() {
    let call = call();
    let left = |seconds| {
        of_caller(Event::MessageLeft { call, recording: Recording { id: RECORDING.into(), seconds } })
    };
    let url = format!("https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/{RECORDING}");
    for (form, seconds) in [
        (format!("RecordingSid={RECORDING}&RecordingDuration=12&Digits=hangup"), 12),
        (format!("RecordingUrl={url}&RecordingDuration=0"), 0),
        (format!("RecordingSid=&RecordingUrl={url}"), 0),
        (format!("RecordingSid={RECORDING}&RecordingDuration=-1"), 0),
        (format!("RecordingSid={RECORDING}&RecordingDuration=5&CallStatus=completed"), 5),
    ] {
        assert_eq!(said(Hook::MessageDone(call), &form), left(seconds), "{form}");
    }
}

#[test]
fn the_recording_becomes_ready_or_is_absent() {
    let call = call();
    let status = |form: &str| said(Hook::MessageStatus(call), form);
    let ready = Event::RecordingReady { call, recording: Recording { id: RECORDING.into(), seconds: 12 } };
    let completed = format!("RecordingStatus=completed&RecordingSid={RECORDING}&RecordingDuration=12");
    assert_eq!(status(&completed), of_caller(ready));
    assert_eq!(status("RecordingStatus=absent"), of_caller(Event::RecordingAbsent { call }));
    assert_eq!(status("RecordingStatus=failed"), of_caller(Event::RecordingAbsent { call }));
    assert_eq!(status("RecordingStatus=in-progress"), Ok(Reading::Nothing));
}

#[test]
fn a_message_taken_without_a_store_belongs_to_the_telephone_company_s_call() {
    let arrival = Arrival { to: String::new(), ..arrival("", 0) };
    let recorded = |recording| Ok(Reading::Recorded { arrival: arrival.clone(), recording });
    let form = format!("RecordingSid={RECORDING}&RecordingDuration=12");
    assert_eq!(said(Hook::LooseDone, &form), recorded(None));
    let ready = Recording { id: RECORDING.into(), seconds: 12 };
    assert_eq!(said(Hook::LooseStatus, &format!("{form}&RecordingStatus=completed")), recorded(Some(ready)));
    assert_eq!(said(Hook::LooseStatus, &format!("{form}&RecordingStatus=absent")), recorded(None));
    assert_eq!(said(Hook::LooseStatus, "RecordingStatus=completed").unwrap_err().field, "RecordingSid");
}

#[test]
fn a_field_that_is_missing_or_wrong_is_named() {
    let call = call();
    let sid = format!("CallSid={CALLER}");
    for (hook, form, field) in [
        (Hook::Voice, "From=1&To=2", "CallSid"),
        (Hook::Voice, "CallSid=CA123&From=1&To=2", "CallSid"),
        (Hook::Voice, "CallSid=CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/..&To=2", "CallSid"),
        (Hook::Voice, &format!("{sid}&From=1"), "To"),
        (Hook::Status, &sid, "CallStatus"),
        (Hook::Wait(call, 1), "", "CallSid"),
        (Hook::Over(call, 1), &sid, "DialCallStatus"),
        (Hook::Leg(call, 1), &sid, "CallStatus"),
        (Hook::Leg(call, 1), "CallStatus=odd", "CallStatus"),
        (Hook::Leg(call, 1), "CallStatus=ringing&ParentCallSid=x", "ParentCallSid"),
        (Hook::MessageDone(call), &sid, "RecordingSid"),
        (Hook::MessageDone(call), &format!("{sid}&RecordingSid=RE1"), "RecordingSid"),
        (Hook::MessageDone(call), &format!("{sid}&RecordingUrl=https://x/RE1"), "RecordingUrl"),
        (Hook::MessageStatus(call), &sid, "RecordingStatus"),
        (Hook::MessageStatus(call), &format!("{sid}&RecordingStatus=odd"), "RecordingStatus"),
        (Hook::MessageStatus(call), &format!("{sid}&RecordingStatus=completed"), "RecordingSid"),
    ] {
        let bad = post(hook, form.as_bytes()).unwrap_err();
        assert_eq!((bad.field, bad.malformed), (field, false), "{hook} {form}");
    }
}

#[test]
fn what_is_no_form_is_malformed() {
    assert!(post(Hook::Voice, b"CallSid=\xff").unwrap_err().malformed);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, "application/json".parse().unwrap());
    let request = Request { method: "POST", target: "/", headers: &headers, body: b"{}" };
    assert!(read(Dialect::Twilio, "main", channel(), Hook::Voice, &request).unwrap_err().malformed);
}

const UUID: &str = "f5586561-8ff0-4291-a51b-c7dfe4139ff9";
const OPAQUE: &str = "v3:9X2vxPDFY2RHSJ1EdMS0RHRksMTg7ldNxdjWbVr9zBjbGjGsSe-aiQ";

fn said_by(dialect: Dialect, hook: Hook, call: &str, more: &str) -> Result<Reading, BadField> {
    let id: String = form_urlencoded::byte_serialize(call.as_bytes()).collect();
    let body = format!("CallSid={id}&{more}");
    let request = Request { method: "POST", target: "/", headers: &HeaderMap::new(), body: body.as_bytes() };
    read(dialect, "main", channel(), hook, &request)
}

#[test]
fn every_company_has_ids_of_its_own_form() {
    let uuid_in_capitals = UUID.to_uppercase();
    for (dialect, call, known) in [
        (Dialect::SignalWire, UUID, true),
        (Dialect::SignalWire, &uuid_in_capitals, true),
        (Dialect::SignalWire, CALLER, false),
        (Dialect::SignalWire, &UUID[1..], false),
        (Dialect::Somleng, UUID, true),
        (Dialect::Somleng, "f5586561-8ff0-4291-a51b-c7dfe4139f/9", false),
        (Dialect::Somleng, "f5586561_8ff0_4291_a51b_c7dfe4139ff9", false),
        (Dialect::TeXml, OPAQUE, true),
        (Dialect::TeXml, &"x".repeat(255), true),
        (Dialect::TeXml, &"x".repeat(256), false),
        (Dialect::TeXml, "..", false),
        (Dialect::TeXml, "a b", false),
        (Dialect::TeXml, "a\n", false),
        (Dialect::TeXml, "ä", false),
        (Dialect::Twilio, UUID, false),
    ] {
        let read = said_by(dialect, Hook::Voice, call, "From=%2B4312&To=%2B4311&CallStatus=ringing");
        match read {
            Ok(Reading::Arrived(arrival)) => assert!(known && arrival.provider_call_id == call, "{call}"),
            Err(bad) => assert!(!known && bad.field == "CallSid", "{dialect:?} {call}"),
            other => panic!("{dialect:?} {call}: {other:?}"),
        }
    }
}

#[test]
fn elsewhere_a_recording_that_is_over_may_have_no_sound() {
    let call = call();
    let url = |rest: &str| format!("RecordingUrl=https%3A%2F%2Felsewhere.example.org%2Fa%2F{UUID}{rest}");
    let empty = || Event::NothingRecorded { call, times: 2 };
    let left = |seconds| Event::MessageLeft { call, recording: Recording { id: UUID.into(), seconds } };
    for dialect in [Dialect::SignalWire, Dialect::Somleng, Dialect::TeXml] {
        for (form, event) in [
            (String::new(), empty()),
            ("RecordingDuration=0".into(), empty()),
            (format!("{}&RecordingDuration=0", url("")), empty()),
            (format!("{}&RecordingDuration=7", url("")), left(7)),
            (format!("{}&RecordingDuration=7&CallStatus=completed", url(".wav")), left(7)),
            (format!("{}&RecordingDuration=7", url(".wav%3Fsignature%3Dx")), left(7)),
            (format!("RecordingSid={UUID}&RecordingDuration=7"), left(7)),
            ("CallStatus=completed".into(), Event::CallerHungUp { call }),
        ] {
            let read = said_by(dialect, Hook::MessageOver(call, 2), UUID, &form);
            let expected = Reading::Event { provider_call_id: Some(UUID.into()), event };
            assert_eq!(read, Ok(expected), "{dialect:?} {form}");
        }
    }
}

#[test]
fn a_connection_that_is_over_without_a_word_has_failed() {
    use ConnectionFailure::{Failed, NoAnswer};
    let call = call();
    let hook = Hook::Over(call, 1);
    for (dialect, id, cause) in [
        (Dialect::SignalWire, UUID, Failed),
        (Dialect::Somleng, UUID, Failed),
        (Dialect::TeXml, OPAQUE, NoAnswer),
    ] {
        for (status, caller_is_there) in [("in-progress", true), ("completed", false)] {
            let read = said_by(dialect, hook, id, &format!("CallStatus={status}"));
            let event = Event::ConnectionOver { call, attempt: 1, talked: false, caller_is_there, cause };
            assert_eq!(read, Ok(Reading::Event { provider_call_id: Some(id.into()), event }));
        }
        let read = said_by(dialect, hook, id, "DialCallStatus=completed&DialCallDuration=9");
        let talked = |event: &Event| matches!(event, Event::ConnectionOver { talked: true, .. });
        assert!(matches!(read, Ok(Reading::Event { event, .. }) if talked(&event)), "{dialect:?}");
    }
}

#[test]
fn a_device_that_rings_by_itself_says_when_it_came_up_and_when_it_is_over() {
    let (call, offer) = (call(), OfferId(Ids::new(3).next(1)));
    let told = |hook: Hook, more: &str| {
        let form = format!("CallSid={LEG}&ParentCallSid={CALLER}&{more}");
        post(hook, form.as_bytes())
    };
    let ended = |cause| of_caller(Event::DeviceEnded { call, offer, cause });
    for (status, expected) in [
        ("initiated", Ok(Reading::Nothing)),
        ("ringing", Ok(Reading::Nothing)),
        ("in-progress", of_caller(Event::DeviceAnswered { call, offer })),
        ("completed", of_caller(Event::DeviceHungUp { call, offer })),
        ("busy", ended(ConnectionFailure::Busy)),
        ("no-answer", ended(ConnectionFailure::NoAnswer)),
        ("canceled", ended(ConnectionFailure::Cancelled)),
        ("failed", ended(ConnectionFailure::Failed)),
        ("asleep", Err(BadField::new("CallStatus", "is not the status of a leg"))),
    ] {
        let read = told(Hook::Device(call, offer), &format!("CallStatus={status}"));
        assert_eq!(read, expected, "{status}");
    }
    let picked_up = of_caller(Event::DevicePickedUp { call, offer });
    let pressed = of_caller(Event::DevicePressed { call, offer });
    let up = "CallStatus=in-progress";
    assert_eq!(told(Hook::PickUp(call, offer), up), picked_up);
    for (digits, expected) in [("1", pressed), ("2", picked_up.clone()), ("", picked_up)] {
        let read = told(Hook::DevicePressed(call, offer), &format!("{up}&Digits={digits}"));
        assert_eq!(read, expected, "{digits:?}");
    }
}
