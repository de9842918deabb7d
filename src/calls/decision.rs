//! What is to be done about an event, in three parts that differ in what a crash does to them.

use super::{
    call::{Call, Cause, Offer, Recording},
    channel::Slot,
    time::Steady,
};
use crate::routing::{
    availability::ByHand,
    candidates::Candidates,
    contacts::Named,
    distribution::Cursor,
    hours,
    ids::{CallId, ChannelId, OfferId, TicketId, UserId},
    people::Reach,
    reasons::Reason,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq)]
pub struct Decision {
    /// What the caller's side is told, where it asked.
    pub answer: Option<Answer>,
    /// Worth nothing after a restart: told to softphones, asked of telephone companies.
    pub say: Vec<Say>,
    /// Rows, in one transaction with the event.
    pub write: Vec<Write>,
    /// Must happen even after a crash.
    pub later: Vec<Job>,
}

/// The answer to the caller's side of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `None`: no call that we know of.
    pub call: Option<CallId>,
    pub instruction: Instruction,
}

/// What the caller hears or is connected to next. Each telephone company has its own document for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Instruction {
    /// A ring tone, then ask again.
    Ring {
        poll: u32,
    },
    /// What the channel says before it rings, then a clip, then ask again.
    Announce {
        poll: u32,
        clip: Clip,
    },
    /// Music, after what the channel says to those who wait, then ask again.
    Wait {
        poll: u32,
    },
    /// Sorry, then a ring tone, then ask again.
    Apologise {
        poll: u32,
    },
    Connect(Connect),
    /// Dial a number outside, to which the caller was handed on.
    DialOutside {
        attempt: u32,
        number: String,
        caller_id: String,
    },
    /// Ring devices, all at once, without answering the caller; bridge the first that takes it.
    DialDevices(DialDevices),
    /// To the agent's ordinary telephone: press 1.
    AskToPress {
        attempt: u32,
    },
    /// To one that rings by itself for this offer: press 1.
    AskDeviceToPress {
        offer: OfferId,
    },
    /// To the same: go on, and be bridged.
    Bridge,
    /// A greeting, a beep, a recording.
    TakeMessage {
        slot: Slot,
    },
    /// Nothing was heard: ask once more.
    AskAgain,
    /// Thanks for the message.
    ThankAndHangUp,
    /// No message either: goodbye.
    SayGoodbye,
    HangUp,
    /// The line is busy; the call is never answered.
    Reject,
    /// We take no calls from you: goodbye.
    TurnAway,
}

/// What a caller hears who is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clip {
    RingTone,
    Music,
}

/// Dial one agent, and bridge them with the caller when they answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Connect {
    pub attempt: u32,
    pub agent: UserId,
    pub offer: OfferId,
    pub reach: Reach,
    /// How long their leg may ring.
    pub seconds: u32,
    /// The number that was called: what their telephone shows.
    pub caller_id: String,
}

/// Dial the devices of several agents.
#[derive(Debug, Clone, PartialEq)]
pub struct DialDevices {
    pub attempt: u32,
    pub devices: Vec<Device>,
    /// How long they may ring.
    pub seconds: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    pub offer: OfferId,
    pub reach: Reach,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Say {
    Offered {
        call: CallId,
        channel: ChannelId,
        from: String,
        contact: Option<Named>,
        offer: Offer,
        expires_at: DateTime<Utc>,
    },
    OfferEnded {
        agent: UserId,
        offer: OfferId,
        cause: Cause,
    },
    OfferWon {
        agent: UserId,
        offer: OfferId,
        call: CallId,
    },
    OfferLost {
        agent: UserId,
        offer: OfferId,
        cause: Cause,
    },
    Call {
        agent: UserId,
        call: CallId,
        state: &'static str,
    },
    Ticket {
        agent: UserId,
        ticket: TicketId,
        call: CallId,
    },
    Availability {
        agent: UserId,
        by_hand: ByHand,
    },
    /// To the softphone that asked: this can't be.
    Refused {
        agent: UserId,
        refusal: Refusal,
    },
    /// Ask the telephone company whether the caller is still there.
    FindCaller {
        call: CallId,
        provider: String,
        provider_call_id: String,
    },
    /// Ask it whether the leg to the agent is up.
    FindLeg {
        call: CallId,
        attempt: u32,
        provider: String,
        provider_call_id: String,
        /// That the caller is there is not taken for a leg that is up, where no more can be told.
        surely: bool,
    },
    /// Ask it whose devices are up, of those that this call rings.
    FindDevices {
        call: CallId,
        attempt: u32,
        provider: String,
        provider_call_id: String,
    },
    /// Ask it for recordings of this call.
    FindRecordings {
        call: CallId,
        provider: String,
        provider_call_id: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    UnknownOffer,
    UnknownCall,
    /// Nobody there to hand a caller on to.
    UnknownTarget,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// The call as it is now. An ended one is no longer live.
    Call(Box<Call>),
    Offer(OfferRow),
    Decided(Decided),
    Ticket(TicketChange),
    Agent(AgentRow),
    Cursor {
        channel: ChannelId,
        cursor: Cursor,
    },
    /// For the admin: an agent who misses calls stays available, being the last one of the channel.
    LastAgentMisses {
        agent: UserId,
        channel: ChannelId,
        misses: u32,
    },
    /// A message is kept, and its call ended with it.
    Voicemail {
        call: CallId,
        recording: Recording,
        sha256: String,
        at: DateTime<Utc>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct OfferRow {
    pub offer: Offer,
    pub call: CallId,
    /// How and when it ended; `None`: the agent is being rung.
    pub ended: Option<(Cause, DateTime<Utc>)>,
}

/// One decision on a call, for whoever asks why.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub call: CallId,
    pub ticket: TicketId,
    pub at: DateTime<Utc>,
    pub action: Action,
    /// What the hours said, where they were asked.
    pub hours: Option<hours::Verdict>,
    pub candidates: Candidates,
    /// The first one decided.
    pub reasons: Vec<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Ring,
    Wait,
    Unanswered,
    AfterHours,
    Connect,
    Talk,
    RingAgain,
    End,
    KeepMessage,
    Reject,
    Message,
}

/// What becomes of the call's ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketChange {
    Open {
        ticket: TicketId,
        call: CallId,
        channel: ChannelId,
        at: DateTime<Utc>,
    },
    Assign {
        ticket: TicketId,
        owner: UserId,
        at: DateTime<Utc>,
    },
    /// One more call of the same caller belongs to it.
    Join {
        ticket: TicketId,
        call: CallId,
        at: DateTime<Utc>,
    },
    /// There is nothing to do about it.
    Close {
        ticket: TicketId,
        at: DateTime<Utc>,
    },
    /// A message was kept after the call was over: somebody has to listen to it, though the ticket may be closed.
    Reopen {
        ticket: TicketId,
        at: DateTime<Utc>,
    },
    /// Nobody owns it: it waits to be looked at.
    Unassign {
        ticket: TicketId,
    },
}

/// What outlives a restart of what we know of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentRow {
    pub agent: UserId,
    pub by_hand: ByHand,
    pub misses: u32,
    /// When the admin was last told of them.
    pub misses_told_at: Option<DateTime<Utc>>,
    pub idle_since: Option<DateTime<Utc>>,
    /// A softphone was connected.
    pub connected: bool,
    pub wraps_up_until: Option<Steady>,
}

/// Work for the telephone company, kept until it is done. Each can be done twice without harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Redirect the caller's live call to its connect document.
    CutIn {
        call: CallId,
        channel: ChannelId,
        provider: String,
        provider_call_id: String,
        attempt: u32,
    },
    /// Redirect the caller's live call back to where it asks how to go on.
    BringBack {
        call: CallId,
        channel: ChannelId,
        provider: String,
        provider_call_id: String,
        poll: u32,
    },
    /// Redirect the caller's live call to the document that dials a number outside.
    SendOutside {
        call: CallId,
        channel: ChannelId,
        provider: String,
        provider_call_id: String,
        attempt: u32,
    },
    HangUp {
        call: CallId,
        provider: String,
        provider_call_id: String,
    },
    /// Fetch, check and keep a recording, then delete it there.
    KeepRecording {
        call: CallId,
        ticket: TicketId,
        provider: String,
        provider_call_id: String,
        recording: Recording,
    },
    /// Delete what the telephone company remembers of a call.
    ForgetCall {
        provider: String,
        provider_call_id: String,
    },
    /// It is kept here.
    DeleteRecording {
        provider: String,
        recording: Recording,
    },
}

impl Job {
    /// Not a command to a call that goes on, but about what is left of one.
    pub fn is_about_recordings(&self) -> bool {
        matches!(self, Self::KeepRecording { .. } | Self::DeleteRecording { .. } | Self::ForgetCall { .. })
    }
}
