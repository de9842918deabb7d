//! What Twilio's webhooks say. Parameters that we don't know are accepted: Twilio adds some without notice.

use super::{Dialect, is_over};
use crate::{
    calls::{
        call::{Caller, Recording},
        event::{Arrival, Event},
    },
    providers::{BadField, Reading, Request, addresses::Hook},
    routing::{
        ids::{CallId, ChannelId, OfferId},
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
        Hook::Device(call, offer) => device(&form, call, offer),
        Hook::PickUp(call, offer) => of_leg(&form, Event::DevicePickedUp { call, offer }),
        Hook::DevicePressed(call, offer) => match form.get("Digits") {
            Some("1") => of_leg(&form, Event::DevicePressed { call, offer }),
            _ => of_leg(&form, Event::DevicePickedUp { call, offer }),
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

/// The status of a device that rings by itself. That it rings says nothing.
fn device(form: &Form<'_>, call: CallId, offer: OfferId) -> Result<Reading, BadField> {
    let event = match form.required("CallStatus")? {
        "queued" | "initiated" | "ringing" => return Ok(Reading::Nothing),
        "in-progress" | "answered" => Event::DeviceAnswered { call, offer },
        "completed" => Event::DeviceHungUp { call, offer },
        over if is_over(over) => Event::DeviceEnded { call, offer, cause: cause(over) },
        _ => return Err(BadField::new("CallStatus", "is not the status of a leg")),
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
mod tests;
