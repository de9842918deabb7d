//! Everything that can happen to the switchboard.

use super::{
    call::{Caller, Recording},
    transfer::Target,
};
use crate::routing::{
    availability::ByHand,
    ids::{CallId, ChannelId, OfferId, TicketId, UserId},
    reasons::ConnectionFailure,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    // From the telephone company.
    CallArrived(Arrival),
    /// A call of which we hear for the first time that it is over.
    CallMissed(Arrival),
    /// A message was left on a call of which we never heard: it was taken by a document that needs no store.
    MessageFound {
        arrival: Arrival,
        recording: Recording,
    },
    /// The caller's side ran to the end of what it was told and asks how to go on. `poll` counts these.
    Asked {
        call: CallId,
        poll: u32,
    },
    /// The caller's side says that a key was pressed for leaving a message instead of waiting. `poll` as in `Asked`.
    CallerWantsMessage {
        call: CallId,
        poll: u32,
    },
    /// What was last answered to it could not be delivered.
    AnswerLost {
        call: CallId,
    },
    CallerHungUp {
        call: CallId,
    },
    /// The caller's side fetched the document that connects it: the cut-in took effect.
    ConnectFetched {
        call: CallId,
        attempt: u32,
    },
    /// The caller's side fetched the document that dials the number it was handed on to.
    OutsideFetched {
        call: CallId,
        attempt: u32,
    },
    /// The leg to the agent was started, or rings.
    LegSeen {
        call: CallId,
        attempt: u32,
        ringing: bool,
    },
    LegAnswered {
        call: CallId,
        attempt: u32,
    },
    /// An ordinary telephone was picked up; that it is the agent's hand is shown by a key.
    LegPickedUp {
        call: CallId,
        attempt: u32,
    },
    /// The agent pressed 1 there.
    KeyPressed {
        call: CallId,
        attempt: u32,
    },
    /// What was answered to the key could not be delivered.
    KeyLost {
        call: CallId,
        attempt: u32,
    },
    /// It was never up.
    LegEnded {
        call: CallId,
        attempt: u32,
        cause: ConnectionFailure,
    },
    /// It was up, and is over.
    LegHungUp {
        call: CallId,
        attempt: u32,
    },
    /// The caller's side says that the connection is over, and asks how to go on.
    ConnectionOver {
        call: CallId,
        attempt: u32,
        talked: bool,
        caller_is_there: bool,
        cause: ConnectionFailure,
    },
    /// Recording ended; the recording may not be ready yet.
    MessageLeft {
        call: CallId,
        recording: Recording,
    },
    /// Recording ended without a sound, for the n-th time, and the caller's side asks how to go on.
    NothingRecorded {
        call: CallId,
        times: u32,
    },
    RecordingReady {
        call: CallId,
        recording: Recording,
    },
    RecordingAbsent {
        call: CallId,
    },

    // Of a device that rings by itself, by the offer that it rings for.
    /// It came up: whoever picked it up is not bridged before our answer.
    DevicePickedUp {
        call: CallId,
        offer: OfferId,
    },
    /// The agent pressed 1 there.
    DevicePressed {
        call: CallId,
        offer: OfferId,
    },
    /// It came up, as far as we are told.
    DeviceAnswered {
        call: CallId,
        offer: OfferId,
    },
    /// It was never up.
    DeviceEnded {
        call: CallId,
        offer: OfferId,
        cause: ConnectionFailure,
    },
    /// It was up, and is over.
    DeviceHungUp {
        call: CallId,
        offer: OfferId,
    },

    // From our own jobs and questions.
    CutInDone {
        call: CallId,
        attempt: u32,
        result: CutIn,
    },
    /// Whether the caller is still there; `None`: the telephone company could not be asked.
    CallerFound {
        call: CallId,
        there: Option<bool>,
    },
    /// Whether the leg to the agent is up.
    LegFound {
        call: CallId,
        attempt: u32,
        up: Option<bool>,
    },
    /// Whose devices are up: identities, SIP addresses and numbers; `None`: it could not be asked.
    DevicesFound {
        call: CallId,
        attempt: u32,
        up: Option<Vec<String>>,
    },
    /// What the telephone company holds of this call's recordings; `Err`: it could not be asked.
    RecordingsFound {
        call: CallId,
        found: Option<Vec<Recording>>,
    },
    /// The recording is on our disk, synced, under this name.
    RecordingKept {
        call: CallId,
        ticket: TicketId,
        recording: Recording,
        sha256: String,
    },
    /// It could not be fetched in any of the tries.
    RecordingLost {
        call: CallId,
        recording: Recording,
    },

    // From agents.
    AgentConnected {
        agent: UserId,
    },
    AgentDisconnected {
        agent: UserId,
    },
    MediaChanged {
        agent: UserId,
        registered: bool,
        microphone: bool,
    },
    AvailabilitySet {
        agent: UserId,
        by_hand: ByHand,
    },
    OfferAccepted {
        agent: UserId,
        offer: OfferId,
    },
    OfferDeclined {
        agent: UserId,
        offer: OfferId,
    },
    AgentHungUp {
        agent: UserId,
        call: CallId,
    },
    AgentReady {
        agent: UserId,
    },

    /// The agent who talks hands the caller on.
    Transferred {
        agent: UserId,
        call: CallId,
        to: Target,
    },

    /// Settings or loads are not what they were.
    SettingsChanged,
    /// Nothing but time: a deadline may be due.
    TimePassed,
}

/// A caller is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    pub channel: ChannelId,
    pub provider: String,
    pub provider_call_id: String,
    pub from: Caller,
    pub to: String,
    /// As in [`Event::Asked`]: a caller who was held by a document that needs no store comes with a count.
    pub poll: u32,
}

/// What became of the request to redirect the caller's live call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutIn {
    Applied,
    /// Not applied, for certain: the next poll must deliver it.
    Refused,
    /// No answer: it may have been applied.
    Unknown,
    CallerGone,
}

impl Event {
    /// Its kind, as it is written where events are kept.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CallArrived(_) => "call_arrived",
            Self::CallMissed(_) => "call_missed",
            Self::MessageFound { .. } => "message_found",
            Self::Asked { .. } => "asked",
            Self::CallerWantsMessage { .. } => "caller_wants_message",
            Self::AnswerLost { .. } => "answer_lost",
            Self::CallerHungUp { .. } => "caller_hung_up",
            Self::ConnectFetched { .. } => "connect_fetched",
            Self::OutsideFetched { .. } => "outside_fetched",
            Self::LegSeen { .. } => "leg_seen",
            Self::LegAnswered { .. } => "leg_answered",
            Self::LegPickedUp { .. } => "leg_picked_up",
            Self::KeyPressed { .. } => "key_pressed",
            Self::KeyLost { .. } => "key_lost",
            Self::LegEnded { .. } => "leg_ended",
            Self::LegHungUp { .. } => "leg_hung_up",
            Self::ConnectionOver { .. } => "connection_over",
            Self::MessageLeft { .. } => "message_left",
            Self::NothingRecorded { .. } => "nothing_recorded",
            Self::RecordingReady { .. } => "recording_ready",
            Self::RecordingAbsent { .. } => "recording_absent",
            Self::CutInDone { .. } => "cut_in_done",
            Self::CallerFound { .. } => "caller_found",
            Self::LegFound { .. } => "leg_found",
            Self::DevicePickedUp { .. } => "device_picked_up",
            Self::DevicePressed { .. } => "device_pressed",
            Self::DeviceAnswered { .. } => "device_answered",
            Self::DeviceEnded { .. } => "device_ended",
            Self::DeviceHungUp { .. } => "device_hung_up",
            Self::DevicesFound { .. } => "devices_found",
            Self::RecordingsFound { .. } => "recordings_found",
            Self::RecordingKept { .. } => "recording_kept",
            Self::RecordingLost { .. } => "recording_lost",
            Self::AgentConnected { .. } => "agent_connected",
            Self::AgentDisconnected { .. } => "agent_disconnected",
            Self::MediaChanged { .. } => "media_changed",
            Self::AvailabilitySet { .. } => "availability_set",
            Self::OfferAccepted { .. } => "offer_accepted",
            Self::OfferDeclined { .. } => "offer_declined",
            Self::AgentHungUp { .. } => "agent_hung_up",
            Self::AgentReady { .. } => "agent_ready",
            Self::Transferred { .. } => "transferred",
            Self::SettingsChanged => "settings_changed",
            Self::TimePassed => "time_passed",
        }
    }

    /// The call that it is about.
    pub fn call(&self) -> Option<CallId> {
        match self {
            Self::Asked { call, .. }
            | Self::CallerWantsMessage { call, .. }
            | Self::AnswerLost { call }
            | Self::CallerHungUp { call }
            | Self::ConnectFetched { call, .. }
            | Self::OutsideFetched { call, .. }
            | Self::Transferred { call, .. }
            | Self::LegSeen { call, .. }
            | Self::LegAnswered { call, .. }
            | Self::LegPickedUp { call, .. }
            | Self::KeyPressed { call, .. }
            | Self::KeyLost { call, .. }
            | Self::LegEnded { call, .. }
            | Self::LegHungUp { call, .. }
            | Self::ConnectionOver { call, .. }
            | Self::MessageLeft { call, .. }
            | Self::NothingRecorded { call, .. }
            | Self::RecordingReady { call, .. }
            | Self::RecordingAbsent { call }
            | Self::CutInDone { call, .. }
            | Self::CallerFound { call, .. }
            | Self::LegFound { call, .. }
            | Self::DevicePickedUp { call, .. }
            | Self::DevicePressed { call, .. }
            | Self::DeviceAnswered { call, .. }
            | Self::DeviceEnded { call, .. }
            | Self::DeviceHungUp { call, .. }
            | Self::DevicesFound { call, .. }
            | Self::RecordingsFound { call, .. }
            | Self::RecordingKept { call, .. }
            | Self::RecordingLost { call, .. }
            | Self::AgentHungUp { call, .. } => Some(*call),
            _ => None,
        }
    }
}
