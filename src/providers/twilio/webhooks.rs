//! What Twilio's webhooks say. Parameters that we don't know are accepted: Twilio adds some without notice.

use super::{Dialect, is_over};
use crate::{
    calls::{
        call::{Caller, Recording},
        event::{Arrival, Event},
    },
    providers::{BadField, Reading, Request, addresses::Hook},
    routing::{
        ids::{CallId, ChannelId},
        reasons::ConnectionFailure,
    },
};
use axum::http::{HeaderMap, header::CONTENT_TYPE};
use std::borrow::Cow;

/// Reads a verified webhook. A caller who is gone by the time a document is asked for has hung up, whatever is asked.
pub fn read(
    dialect: Dialect,
    name: &str,
    channel: ChannelId,
    hook: Hook,
    request: &Request<'_>,
) -> Result<Reading, BadField> {
    let form = Form::of(dialect, request)?;
    match hook {
        Hook::Voice => arrived(&form, name, channel, 0, Reading::Arrived),
        Hook::Held(poll) => arrived(&form, name, channel, poll, Reading::Arrived),
        Hook::Fallback => arrived(&form, name, channel, 0, Reading::Fallback),
        Hook::Status => {
            let over = is_over(form.required("CallStatus")?);
            Ok(Reading::Status { over, arrival: arrival(&form, name, channel, 0)? })
        }
        Hook::Wait(call, poll) => asked(&form, call, Event::Asked { call, poll }),
        Hook::Key(call, poll) if form.get("Digits") == Some("1") => {
            asked(&form, call, Event::CallerWantsMessage { call, poll })
        }
        Hook::Key(call, poll) => asked(&form, call, Event::Asked { call, poll }),
        Hook::Connect(call, attempt) => asked(&form, call, Event::ConnectFetched { call, attempt }),
        Hook::Outside(call, attempt) => asked(&form, call, Event::OutsideFetched { call, attempt }),
        Hook::MessageEmpty(call, times) => asked(&form, call, Event::NothingRecorded { call, times }),
        Hook::Over(call, attempt) => event(form.call()?, connection_over(&form, call, attempt)?),
        Hook::Leg(call, attempt) => leg(&form, call, attempt),
        Hook::PhoneLeg(call, attempt) => phone_leg(&form, call, attempt),
        Hook::Screen(call, attempt) => of_leg(&form, Event::LegPickedUp { call, attempt }),
        Hook::Pressed(call, attempt) => match form.get("Digits") {
            Some("1") => of_leg(&form, Event::KeyPressed { call, attempt }),
            _ => of_leg(&form, Event::LegPickedUp { call, attempt }),
        },
        Hook::MessageDone(call) => {
            event(form.call()?, Event::MessageLeft { call, recording: form.recording()? })
        }
        Hook::MessageOver(call, times) => message_over(&form, call, times),
        Hook::MessageStatus(call) => message_status(&form, call),
        Hook::LooseDone | Hook::LooseStatus => loose(&form, arrival(&form, name, channel, 0)?),
    }
}

/// The number that was called.
pub fn called(request: &Request<'_>) -> Option<String> {
    Form::of(Dialect::Twilio, request).ok()?.get("To").map(str::to_owned)
}

fn event(provider_call_id: String, event: Event) -> Result<Reading, BadField> {
    Ok(Reading::Event { provider_call_id: Some(provider_call_id), event })
}

fn arrived(
    form: &Form<'_>,
    name: &str,
    channel: ChannelId,
    poll: u32,
    reading: impl FnOnce(Arrival) -> Reading,
) -> Result<Reading, BadField> {
    let arrival = arrival(form, name, channel, poll)?;
    if form.caller_is_gone() {
        return Ok(Reading::Status { arrival, over: true });
    }
    form.required("To")?;
    Ok(reading(arrival))
}

/// Who calls whom, as far as the form says.
fn arrival(form: &Form<'_>, name: &str, channel: ChannelId, poll: u32) -> Result<Arrival, BadField> {
    Ok(Arrival {
        channel,
        provider: name.into(),
        provider_call_id: form.call()?,
        from: Caller::from(form.get("From").unwrap_or_default().to_owned()),
        to: form.get("To").unwrap_or_default().to_owned(),
        poll,
    })
}

/// The caller's side asks how to go on.
fn asked(form: &Form<'_>, call: CallId, asked: Event) -> Result<Reading, BadField> {
    let gone = form.caller_is_gone();
    event(form.call()?, if gone { Event::CallerHungUp { call } } else { asked })
}

/// The action of `<Dial>`. That the dialled leg is `completed` does not say that anybody talked.
fn connection_over(form: &Form<'_>, call: CallId, attempt: u32) -> Result<Event, BadField> {
    let caller_is_there = !form.caller_is_gone();
    let status = match (form.required("DialCallStatus"), form.dialect.unsaid_end()) {
        (Ok(status), _) => status,
        (Err(_), Some(cause)) => {
            return Ok(Event::ConnectionOver { call, attempt, talked: false, caller_is_there, cause });
        }
        (Err(missing), None) => return Err(missing),
    };
    let bridged = form.get("DialBridged").is_some_and(|bridged| bridged.eq_ignore_ascii_case("true"));
    let talked = bridged || (status == "completed" && form.seconds("DialCallDuration") > 0);
    Ok(Event::ConnectionOver { call, attempt, talked, caller_is_there, cause: cause(status) })
}

/// Why there is no connection (any more). A leg that is `completed` was up, so it was its own side that ended it.
fn cause(status: &str) -> ConnectionFailure {
    match status {
        "busy" => ConnectionFailure::Busy,
        "no-answer" => ConnectionFailure::NoAnswer,
        "canceled" | "completed" | "answered" => ConnectionFailure::Cancelled,
        _ => ConnectionFailure::Failed,
    }
}

/// The status of the leg to the agent.
fn leg(form: &Form<'_>, call: CallId, attempt: u32) -> Result<Reading, BadField> {
    let event = match form.required("CallStatus")? {
        "queued" | "initiated" => Event::LegSeen { call, attempt, ringing: false },
        "ringing" => Event::LegSeen { call, attempt, ringing: true },
        "in-progress" | "answered" => Event::LegAnswered { call, attempt },
        "completed" => Event::LegHungUp { call, attempt },
        over if is_over(over) => Event::LegEnded { call, attempt, cause: cause(over) },
        _ => return Err(BadField::new("CallStatus", "is not the status of a leg")),
    };
    of_leg(form, event)
}

/// An ordinary telephone that was picked up still has to press 1: until then it only rings.
fn phone_leg(form: &Form<'_>, call: CallId, attempt: u32) -> Result<Reading, BadField> {
    let event = match form.required("CallStatus")? {
        "in-progress" | "answered" => Event::LegSeen { call, attempt, ringing: true },
        "completed" => Event::LegEnded { call, attempt, cause: ConnectionFailure::NoAnswer },
        _ => return leg(form, call, attempt),
    };
    of_leg(form, event)
}

/// The call that a leg belongs to is its parent.
fn of_leg(form: &Form<'_>, event: Event) -> Result<Reading, BadField> {
    let provider_call_id =
        form.get("ParentCallSid").map(|sid| form.call_id("ParentCallSid", sid)).transpose()?;
    Ok(Reading::Event { provider_call_id, event })
}

/// A message that was taken by a document of ours that knew no call.
fn loose(form: &Form<'_>, arrival: Arrival) -> Result<Reading, BadField> {
    let over = form.get("RecordingStatus") == Some("completed");
    let recording = if over { Some(form.recording()?) } else { None };
    Ok(Reading::Recorded { arrival, recording })
}

/// A recording is over, as it is told where a silent one is told too.
fn message_over(form: &Form<'_>, call: CallId, times: u32) -> Result<Reading, BadField> {
    match form.recording() {
        Ok(recording) if recording.seconds > 0 => event(form.call()?, Event::MessageLeft { call, recording }),
        _ => asked(form, call, Event::NothingRecorded { call, times }),
    }
}

fn message_status(form: &Form<'_>, call: CallId) -> Result<Reading, BadField> {
    match form.required("RecordingStatus")? {
        "completed" => event(form.call()?, Event::RecordingReady { call, recording: form.recording()? }),
        "absent" | "failed" => event(form.call()?, Event::RecordingAbsent { call }),
        "in-progress" | "paused" | "stopped" | "processing" => Ok(Reading::Nothing),
        _ => Err(BadField::new("RecordingStatus", "is not the status of a recording")),
    }
}

/// The parameters of one webhook. Of a name that comes twice the first counts.
struct Form<'a> {
    dialect: Dialect,
    fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Form<'a> {
    /// With GET they stand in the query.
    fn of(dialect: Dialect, request: &Request<'a>) -> Result<Self, BadField> {
        let text = if request.method == "GET" {
            request.target.split_once('?').map_or("", |(_, query)| query)
        } else if is_form(request.headers) {
            std::str::from_utf8(request.body).map_err(|_| BadField::malformed("is not UTF-8"))?
        } else {
            return Err(BadField::malformed("is not a form"));
        };
        Ok(Self { dialect, fields: form_urlencoded::parse(text.as_bytes()).collect() })
    }

    /// An empty value is the same as none: Twilio sends many.
    fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(key, _)| key == name)?;
        (!value.is_empty()).then_some(value)
    }

    fn required(&self, name: &'static str) -> Result<&str, BadField> {
        self.get(name).ok_or(BadField::new(name, "is missing"))
    }

    /// The caller's call.
    fn call(&self) -> Result<String, BadField> {
        self.call_id("CallSid", self.required("CallSid")?)
    }

    fn call_id(&self, name: &'static str, id: &str) -> Result<String, BadField> {
        let known = self.dialect.is_call(id);
        known.then(|| id.to_owned()).ok_or(BadField::new(name, "is not an id of Twilio's form"))
    }

    fn recording_id(&self, name: &'static str, id: &str) -> Result<String, BadField> {
        let known = self.dialect.is_recording(id);
        known.then(|| id.to_owned()).ok_or(BadField::new(name, "is not an id of Twilio's form"))
    }

    fn caller_is_gone(&self) -> bool {
        self.get("CallStatus").is_some_and(is_over)
    }

    /// The address of a recording is only looked at for its id, never fetched.
    fn recording(&self) -> Result<Recording, BadField> {
        let id = match self.get("RecordingSid") {
            Some(sid) => self.recording_id("RecordingSid", sid)?,
            None => {
                let url = self.get("RecordingUrl").ok_or(BadField::new("RecordingSid", "is missing"))?;
                let file = url.rsplit('/').next().unwrap_or(url);
                let id = match self.dialect {
                    Dialect::Twilio => file,
                    Dialect::SignalWire | Dialect::Somleng | Dialect::TeXml => {
                        file.split(['.', '?']).next().unwrap_or(file)
                    }
                };
                self.recording_id("RecordingUrl", id)?
            }
        };
        Ok(Recording { id, seconds: self.seconds("RecordingDuration") })
    }

    /// A length that is missing, or that can't be one (Twilio writes -1), is none.
    fn seconds(&self, name: &str) -> u32 {
        self.get(name).and_then(|seconds| seconds.parse().ok()).unwrap_or(0)
    }
}

/// Without a content type we take it for what Twilio sends.
fn is_form(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

impl BadField {
    fn new(field: &'static str, problem: &'static str) -> Self {
        Self { field, problem, malformed: false }
    }

    fn malformed(problem: &'static str) -> Self {
        Self { field: "body", problem, malformed: true }
    }
}

#[cfg(test)]
mod tests {
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
        let ready =
            Event::RecordingReady { call, recording: Recording { id: RECORDING.into(), seconds: 12 } };
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
        assert_eq!(
            said(Hook::LooseStatus, &format!("{form}&RecordingStatus=completed")),
            recorded(Some(ready))
        );
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
        let request =
            Request { method: "POST", target: "/", headers: &HeaderMap::new(), body: body.as_bytes() };
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
}
