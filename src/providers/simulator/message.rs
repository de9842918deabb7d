//! `Record`: the caller leaves a message, or does not.

use super::{
    Dialect, Message,
    caller::{Call, Turn},
    company::DATE,
    faults::Delivery,
    story::{Ending, Event, Purpose, Recording, Status},
    twiml::Element,
    webhook::{self, Notice, Params, Request, params},
};
use std::time::Duration;

/// Until a recording can be fetched, in line seconds.
const PROCESSING_SECONDS: f64 = 1.0;

/// What the caller does at the beep.
struct Speech {
    /// Line seconds.
    seconds: f64,
    /// Line seconds after that until the recording ends.
    silence_seconds: f64,
    ends: End,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Key,
    Silence,
    HangsUp,
}

impl Call {
    /// An empty recording has no `action`: the document goes on.
    pub async fn take_message(&mut self, verb: &Element) -> Result<(), Turn> {
        self.answer();
        let speech = self.speech(verb);
        self.company.state().recording_now.push(self.line.sid.clone());
        let (seconds, turn) = self.listen(&speech).await;
        self.company.state().recording_now.retain(|sid| *sid != self.line.sid);
        if let Some(Turn::Over(ending)) = turn {
            self.end(ending);
        }
        let call_sid = self.line.sid.clone();
        let silent_seconds = match self.line.message() {
            Message::Hesitates { silent_seconds, .. } => silent_seconds,
            _ => 0.0,
        };
        let sid = self.company.dialect.recording_id();
        let recording = Recording { sid, call_sid, seconds, silent_seconds, fetches: 0, is_deleted: false };
        if seconds <= 0.0 {
            if !self.company.dialect.asks_after_silence() {
                self.tell_recording(verb, &recording, Status::Absent).await;
                return turn.map_or(Ok(()), Err);
            }
            let action = self.action(Purpose::RecordAction, verb, params([("RecordingDuration", "0")]));
            return self.conclude(turn, action).await;
        }
        self.line.tell(Event::Recorded { sid: recording.sid.clone(), seconds });
        self.company.state().recordings.push(recording.clone());
        self.tell_recording(verb, &recording, Status::Completed).await;
        let digits = match (&turn, speech.ends) {
            (Some(_), _) => "hangup",
            (None, End::Key) => "#",
            (None, _) => "",
        };
        let said = [self.described(&recording), params([("Digits", digits)])].concat();
        let action = self.action(Purpose::RecordAction, verb, said);
        self.conclude(turn, action).await
    }

    /// Records what the caller says; how many line seconds, and what ended the call or redirected it.
    async fn listen(&mut self, speech: &Speech) -> (f64, Option<Turn>) {
        let begun = self.seconds;
        if let Err(turn) = self.lasts(speech.seconds).await {
            let spoken = f64::from(self.seconds - begun);
            return (spoken.min(speech.seconds), Some(turn));
        }
        let turn = match speech.ends {
            End::HangsUp => Some(Turn::Over(Ending::CallerHungUp)),
            _ => self.lasts(speech.silence_seconds).await.err(),
        };
        (speech.seconds, turn)
    }

    fn speech(&self, verb: &Element) -> Speech {
        let seconds_max = verb.number("maxLength", 3600.0);
        let silence = verb.number("timeout", 5.0);
        let key = verb.attribute("finishOnKey").unwrap_or("1234567890*#").contains('#');
        let untrimmed = verb.attribute("trim") == Some("do-not-trim");
        let speech = |seconds, silence_seconds, ends| Speech { seconds, silence_seconds, ends };
        match self.line.message() {
            Message::Seconds(seconds) | Message::HangsUpAfter(seconds) if seconds > seconds_max => {
                speech(seconds_max, 0.0, End::Silence)
            }
            Message::Seconds(seconds) if key => speech(seconds, 0.0, End::Key),
            Message::Seconds(seconds) if untrimmed => speech(seconds + silence, 0.0, End::Silence),
            Message::Seconds(seconds) => speech(seconds, silence, End::Silence),
            Message::Hesitates { silent_seconds, seconds } => {
                speech(seconds + 2.0 * silent_seconds, 0.0, End::Key)
            }
            Message::HangsUpAfter(seconds) => speech(seconds, 0.0, End::HangsUp),
            Message::Silence | Message::HangsUpInGreeting => speech(0.0, silence, End::Silence),
        }
    }

    /// The recording's status callback, if the document wants this one. It knows nothing of the call but its name.
    async fn tell_recording(&self, verb: &Element, recording: &Recording, status: Status) {
        let Some(url) = verb.attribute("recordingStatusCallback") else { return };
        let wanted = verb.attribute("recordingStatusCallbackEvent").unwrap_or("completed");
        if !wanted.split_whitespace().any(|event| event == status.name()) {
            return;
        }
        let mut extra = self.described(recording);
        if status == Status::Absent {
            extra.retain(|(name, _)| name != "RecordingUrl");
        }
        extra.extend(params([
            ("AccountSid", self.company.account.sid.as_str()),
            ("CallSid", &self.line.sid),
            ("RecordingStatus", status.name()),
            ("RecordingChannels", "1"),
            ("RecordingStartTime", DATE),
            ("RecordingSource", "RecordVerb"),
            ("RecordingTrack", "inbound"),
        ]));
        let method = verb.method("recordingStatusCallbackMethod");
        let request =
            Request { purpose: Purpose::RecordingStatus, url: self.resolve(url), method, params: extra };
        let faults = self.company.state().faults.clone();
        if faults.recording_before_action && faults.recording_callbacks != Delivery::Never {
            webhook::notify(&self.company, &self.line, &request).await;
        } else {
            let after = self.company.lasting(PROCESSING_SECONDS).max(Duration::from_millis(1));
            let _ = self.courier.send(Notice { request, status, after });
        }
    }

    fn described(&self, recording: &Recording) -> Params {
        let Recording { sid, seconds, .. } = recording;
        let url = format!("{}{}/Recordings/{sid}", self.company.address, self.company.root());
        let duration = whole_seconds(*seconds).to_string();
        let mut said =
            params([("RecordingSid", sid), ("RecordingUrl", &url), ("RecordingDuration", &duration)]);
        match self.company.dialect {
            Dialect::Twilio => {}
            Dialect::SignalWire | Dialect::Somleng => said.retain(|(name, _)| name != "RecordingSid"),
            Dialect::TeXml => said[1].1 = format!("https://storage.example.net/{sid}.wav?signature=x"),
        }
        said
    }
}

/// What the company says of the length of a recording; no message lasts zero seconds.
pub fn whole_seconds(seconds: f64) -> u32 {
    if seconds > 0.0 { (seconds.round() as u32).max(1) } else { 0 }
}
