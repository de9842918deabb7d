//! The agents' sockets, as the engine sees them, and the frames that go over them (subprotocol `strowger.v1`).
//! Several sockets of one agent act as one agent.

use super::{
    outbox::{About, Outbox, TooSlow},
    settings::Settings,
};
use crate::{
    calls::{
        agents::Occupation,
        call::{Call, Cause, Offer, State},
        decision::{Refusal, Say},
        switchboard::Switchboard,
        time::{Now, Steady},
        transfer::Target,
    },
    providers::SoftphoneToken,
    routing::{
        availability::ByHand,
        contacts::Named,
        ids::{CallId, ChannelId, NoteId, NotificationId, OfferId, SessionId, TicketId, TokenId, UserId},
    },
};
use chrono::{DateTime, Utc};
use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};
use tracing::{info, warn};

/// How many sockets an agent may have.
pub const SOCKETS_MAX: usize = 8;
/// How long a resume token is good for.
const RESUME_SECONDS: u32 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketId(pub u64);

/// By what somebody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pass {
    Token(TokenId),
    /// A session of the pages.
    Session(SessionId),
}

/// A socket was opened and its token checked.
#[derive(Debug, Clone)]
pub struct Opened {
    pub agent: UserId,
    pub socket: SocketId,
    pub pass: Pass,
    /// Frames for it. When the engine drops its end, the socket is closed.
    pub outbox: Arc<Outbox>,
}

/// What a softphone says. `ref` comes back with the answer.
#[derive(Debug, Clone, Deserialize)]
pub struct ClientFrame {
    #[serde(flatten)]
    pub said: Said,
    #[serde(default, rename = "ref")]
    pub reference: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Said {
    Resume { token: String },
    Accept { offer_id: OfferId },
    Decline { offer_id: OfferId },
    HangUp { call_id: CallId },
    Note { ticket_id: TicketId, text: String },
    Transfer { call_id: CallId, to: Target },
    Availability(ByHand),
    Ready,
    Media { registered: Option<bool>, microphone: Option<bool> },
    Pong,
}

/// What a softphone is told.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame {
    Welcome {
        /// Of the run that speaks: of several, the one of the highest epoch is believed.
        epoch: i64,
        agent: UserId,
        availability: ByHand,
        /// `free`, `connecting`, `talking` or `wrapping_up`.
        occupation: &'static str,
        /// Until then they wrap up, if they do.
        wraps_up_until: Option<DateTime<Utc>>,
        offers: Vec<OfferFrame>,
        /// With everything that a call has.
        call: Option<CallFrame>,
        resume: String,
    },
    Offer(OfferFrame),
    OfferEnded {
        offer_id: OfferId,
        cause: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    OfferWon {
        offer_id: OfferId,
        call_id: CallId,
    },
    OfferLost {
        offer_id: OfferId,
        cause: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    Call(CallFrame),
    Ticket {
        ticket_id: TicketId,
        call_id: CallId,
    },
    /// A note was written.
    Note {
        ticket_id: TicketId,
        note_id: NoteId,
    },
    Availability(ByHand),
    /// Something happened to a ticket that concerns them.
    Notification {
        notification_id: NotificationId,
        /// `unassigned`, `assigned`, `message` or `owner_absent`.
        about: &'static str,
        ticket_id: TicketId,
    },
    /// With which the agent's browser is reached at this telephone company.
    SoftphoneToken {
        provider: String,
        #[serde(flatten)]
        token: SoftphoneToken,
    },
    Error {
        code: &'static str,
        detail: String,
    },
    Ping,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct OfferFrame {
    /// As in `welcome`.
    pub epoch: i64,
    pub offer_id: OfferId,
    pub call_id: CallId,
    pub channel: ChannelId,
    pub channel_name: String,
    pub from: String,
    /// Whose number it is.
    pub contact: Option<Named>,
    pub expires_at: DateTime<Utc>,
}

/// A call of the agent's. Beside `welcome` it has only its id and its state.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct CallFrame {
    pub call_id: CallId,
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Whose number it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_id: Option<TicketId>,
    /// Since when they are being connected, or talk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

impl CallFrame {
    fn changed(call_id: CallId, state: &'static str) -> Self {
        Self {
            call_id,
            state,
            channel: None,
            channel_name: None,
            from: None,
            contact: None,
            ticket_id: None,
            since: None,
        }
    }

    fn whole(call: &Call, settings: &Settings) -> Self {
        let since = match &call.state {
            State::Connecting(connection) => Some(connection.offer.at),
            State::Talking(talk) => Some(talk.since),
            _ => None,
        };
        Self {
            channel: Some(call.channel),
            channel_name: Some(name_of(call.channel, settings)),
            from: Some(call.from.to_string()),
            contact: call.from.number().and_then(|number| settings.contacts.named(number)),
            ticket_id: Some(call.ticket),
            since,
            ..Self::changed(call.id, call.state_name())
        }
    }
}

impl Frame {
    /// As text, with what the client wrote beside its question.
    pub fn text(&self, reference: Option<&Value>) -> Arc<str> {
        #[derive(Serialize)]
        struct Referring<'a> {
            #[serde(flatten)]
            frame: &'a Frame,
            #[serde(rename = "ref")]
            reference: &'a Value,
        }
        let text = match reference {
            // Most are, and a call that rings a hundred agents makes a hundred of them.
            None => serde_json::to_string(self),
            Some(reference) => serde_json::to_string(&Referring { frame: self, reference }),
        };
        text.expect("a frame is JSON").into()
    }

    fn about(&self) -> About {
        match self {
            Self::Offer(offer) => About::Offer(offer.offer_id),
            Self::OfferEnded { offer_id, .. } => About::OfferEnd(*offer_id),
            _ => About::Other,
        }
    }

    pub fn error(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Error { code, detail: detail.into() }
    }
}

/// The word that a softphone hears for a cause, and who took it.
pub(super) fn told(cause: Cause) -> (&'static str, Option<UserId>) {
    match cause {
        Cause::Taken { by } => ("taken", Some(by)),
        Cause::Missed | Cause::Expired => ("expired", None),
        Cause::CallerHungUp => ("caller_hung_up", None),
        Cause::Declined => ("declined", None),
        Cause::Won | Cause::Withdrawn | Cause::ConnectionFailed => ("withdrawn", None),
    }
}

/// The socket whose frame caused what is said now, and its reference.
pub type Origin<'a> = Option<(UserId, SocketId, Option<&'a Value>)>;

#[derive(Debug)]
struct Socket {
    id: SocketId,
    pass: Pass,
    /// None any more: it was hung up on.
    outbox: Option<Arc<Outbox>>,
    registered: bool,
    microphone: bool,
}

/// The agent has as many sockets as they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySockets;

#[derive(Debug, Default)]
pub struct Softphones {
    epoch: i64,
    sockets: HashMap<UserId, Vec<Socket>>,
    resumes: HashMap<String, Resume>,
}

#[derive(Debug)]
struct Resume {
    agent: UserId,
    /// The one that goes on where this one stopped takes over what it said last.
    socket: SocketId,
    until: Steady,
    registered: bool,
    microphone: bool,
}

impl Softphones {
    /// `epoch`: of this run.
    pub fn new(epoch: i64) -> Self {
        Self { epoch, ..Self::default() }
    }

    /// Takes up a new socket, unless the agent has too many.
    pub fn open(&mut self, opened: &Opened) -> Result<(), TooManySockets> {
        let sockets = self.sockets.entry(opened.agent).or_default();
        if sockets.len() >= SOCKETS_MAX {
            return Err(TooManySockets);
        }
        sockets.push(Socket {
            id: opened.socket,
            pass: opened.pass,
            outbox: Some(opened.outbox.clone()),
            registered: true,
            microphone: true,
        });
        Ok(())
    }

    /// The socket goes on where an earlier one stopped: what that one said of its telephone holds. `None`: the token
    /// was used, is too old, or is somebody else's.
    pub fn resume(&mut self, agent: UserId, socket: SocketId, token: &str, now: Now) -> Option<(bool, bool)> {
        self.resumes.retain(|_, resume| resume.until > now.steady);
        let resume = self.resumes.remove(token).filter(|resume| resume.agent == agent)?;
        Some(self.media(agent, socket, resume.registered, resume.microphone))
    }

    /// True: it was the agent's last.
    pub fn close(&mut self, agent: UserId, socket: SocketId) -> bool {
        let Some(sockets) = self.sockets.get_mut(&agent) else { return false };
        let before = sockets.len();
        sockets.retain(|open| open.id != socket);
        let was_last = sockets.is_empty() && before > 0;
        if sockets.is_empty() {
            self.sockets.remove(&agent);
        }
        was_last
    }

    pub fn agents(&self) -> Vec<UserId> {
        self.sockets.keys().copied().collect()
    }

    pub fn count(&self) -> usize {
        self.sockets.values().map(Vec::len).sum()
    }

    /// Notes what one socket says of its telephone. Answers what that makes of the agent: it is enough that one works.
    pub fn media(
        &mut self,
        agent: UserId,
        socket: SocketId,
        registered: bool,
        microphone: bool,
    ) -> (bool, bool) {
        let sockets = self.sockets.entry(agent).or_default();
        if let Some(open) = sockets.iter_mut().find(|open| open.id == socket) {
            (open.registered, open.microphone) = (registered, microphone);
        }
        for resume in self.resumes.values_mut().filter(|resume| resume.socket == socket) {
            (resume.registered, resume.microphone) = (registered, microphone);
        }
        self.media_of(agent)
    }

    pub fn media_of(&self, agent: UserId) -> (bool, bool) {
        let sockets = self.sockets.get(&agent).map_or(&[][..], Vec::as_slice);
        let works = sockets.iter().any(|open| open.registered && open.microphone);
        (works || sockets.iter().any(|open| open.registered), works)
    }

    /// Sends a whole picture of the agent to one socket.
    pub fn welcome(
        &mut self,
        agent: UserId,
        socket: SocketId,
        board: &Switchboard,
        settings: &Settings,
        now: Now,
    ) {
        let resume = self.resume_token(agent, socket, now);
        let known = board.known_agent(agent);
        let occupation = known.map_or(Occupation::Free, |known| known.occupation);
        let wraps_up_until = match occupation {
            Occupation::WrappingUp { until } => Some(now.wall(until)),
            _ => None,
        };
        let offers = board.offers_to(agent);
        let call = board.calls().find(|call| call.agent() == Some(agent));
        let epoch = self.epoch;
        let offers = offers.into_iter().map(|(call, offer)| offer_frame(epoch, call, offer, settings, now));
        let frame = Frame::Welcome {
            epoch,
            agent,
            availability: known.map(|known| known.by_hand.clone()).unwrap_or_default(),
            occupation: occupation.name(),
            wraps_up_until,
            offers: offers.collect(),
            call: call.map(|call| CallFrame::whole(call, settings)),
            resume,
        };
        self.send_to(agent, socket, About::Other, frame.text(None));
    }

    /// Single-use, for a minute, for this agent only.
    fn resume_token(&mut self, agent: UserId, socket: SocketId, now: Now) -> String {
        let token = format!("{:032x}", rand::rng().random::<u128>());
        let sockets = self.sockets.get(&agent).map_or(&[][..], Vec::as_slice);
        let open = sockets.iter().find(|open| open.id == socket);
        let (registered, microphone) = open.map_or((true, true), |open| (open.registered, open.microphone));
        let until = now.steady.plus_seconds(RESUME_SECONDS);
        self.resumes.retain(|_, resume| resume.until > now.steady);
        self.resumes.insert(token.clone(), Resume { agent, socket, until, registered, microphone });
        token
    }

    /// Tells the agents what was decided.
    pub fn tell(&mut self, say: &Say, origin: Origin<'_>, settings: &Settings) {
        match say {
            Say::Offered { call, channel, from, contact, offer, expires_at } => {
                let frame = OfferFrame {
                    epoch: self.epoch,
                    offer_id: offer.id,
                    call_id: *call,
                    channel: *channel,
                    channel_name: name_of(*channel, settings),
                    from: from.clone(),
                    contact: contact.clone(),
                    expires_at: *expires_at,
                };
                self.send(offer.agent, &Frame::Offer(frame));
            }
            Say::OfferEnded { agent, offer, cause } => {
                let (cause, by) = told(*cause);
                self.send_answer(*agent, &Frame::OfferEnded { offer_id: *offer, cause, by }, origin);
            }
            Say::OfferWon { agent, offer, call } => self.won(*agent, *offer, *call, origin),
            Say::OfferLost { agent, offer, cause } => {
                let (cause, by) = told(*cause);
                self.answer(*agent, &Frame::OfferLost { offer_id: *offer, cause, by }, origin);
            }
            Say::Call { agent, call, state } => {
                self.send_answer(*agent, &Frame::Call(CallFrame::changed(*call, state)), origin);
            }
            Say::Ticket { agent, ticket, call } => {
                self.send(*agent, &Frame::Ticket { ticket_id: *ticket, call_id: *call });
            }
            Say::Availability { agent, by_hand } => {
                self.send_answer(*agent, &Frame::Availability(by_hand.clone()), origin);
            }
            Say::Refused { agent, refusal } => self.answer(*agent, &refused(*refusal), origin),
            Say::FindCaller { .. }
            | Say::FindLeg { .. }
            | Say::FindDevices { .. }
            | Say::FindRecordings { .. } => {}
        }
    }

    /// The socket that accepted has won; to the agent's other sockets the offer is taken, by themselves.
    fn won(&mut self, agent: UserId, offer_id: OfferId, call_id: CallId, origin: Origin<'_>) {
        let won = Frame::OfferWon { offer_id, call_id };
        let taken = Frame::OfferEnded { offer_id, cause: "taken", by: Some(agent) }.text(None);
        let by = origin.map(|(_, socket, reference)| (socket, reference));
        let sockets: Vec<SocketId> =
            self.sockets.get(&agent).into_iter().flatten().map(|open| open.id).collect();
        for socket in sockets {
            match by {
                Some((winner, reference)) if winner == socket => {
                    self.send_to(agent, socket, About::Other, won.text(reference))
                }
                Some(_) => self.send_to(agent, socket, About::OfferEnd(offer_id), taken.clone()),
                None => self.send_to(agent, socket, About::Other, won.text(None)),
            }
        }
    }

    /// To the socket that asked only.
    pub fn answer(&mut self, agent: UserId, frame: &Frame, origin: Origin<'_>) {
        match origin {
            Some((from, socket, reference)) if from == agent => {
                self.send_to(agent, socket, About::Other, frame.text(reference))
            }
            _ => self.send(agent, frame),
        }
    }

    /// To every socket of the agent; the one that asked finds its reference in it.
    fn send_answer(&mut self, agent: UserId, frame: &Frame, origin: Origin<'_>) {
        let asked = origin.filter(|(from, ..)| *from == agent);
        let plain = frame.text(None);
        let sockets: Vec<SocketId> =
            self.sockets.get(&agent).into_iter().flatten().map(|open| open.id).collect();
        for socket in sockets {
            match asked {
                Some((_, asking, reference)) if asking == socket => {
                    self.send_to(agent, socket, About::Other, frame.text(reference));
                }
                _ => self.send_to(agent, socket, frame.about(), plain.clone()),
            }
        }
    }

    pub fn send(&mut self, agent: UserId, frame: &Frame) {
        let Some(sockets) = self.sockets.get_mut(&agent) else { return };
        let text = frame.text(None);
        // A reader who can't keep up loses its socket; its task then reports that it closed.
        sockets.iter_mut().for_each(|open| push(open, frame.about(), text.clone()));
    }

    fn send_to(&mut self, agent: UserId, socket: SocketId, about: About, text: Arc<str>) {
        let sockets = self.sockets.get_mut(&agent).into_iter().flatten();
        sockets.filter(|open| open.id == socket).for_each(|open| push(open, about, text.clone()));
    }

    /// Closes the sockets that were opened with a token or in a session that is no longer good.
    pub fn drop_pass(&mut self, pass: Pass) {
        for open in self.sockets.values_mut().flatten().filter(|open| open.pass == pass) {
            info!("a softphone's token was revoked, or its session ended");
            hang_up(open);
        }
    }

    /// Ends every socket: the daemon stops.
    pub fn close_all(&mut self) {
        self.sockets.clear();
    }
}

fn push(open: &mut Socket, about: About, text: Arc<str>) {
    let put = open.outbox.as_ref().map(|outbox| outbox.put(about, text));
    if put == Some(Err(TooSlow)) {
        warn!("a softphone reads too slowly and is dropped");
        hang_up(open);
    }
}

/// Without our end of its outbox the socket's task closes it, and reports so.
fn hang_up(open: &mut Socket) {
    open.outbox = None;
}

fn refused(refusal: Refusal) -> Frame {
    match refusal {
        Refusal::UnknownOffer => Frame::error("unknown_offer", "there is no such offer to you"),
        Refusal::UnknownCall => Frame::error("unknown_call", "you have no such call"),
        Refusal::UnknownTarget => Frame::error("unknown_target", "there is nobody to hand the caller on to"),
    }
}

/// Agents to whom a caller is handed on may not see the channel itself.
fn name_of(channel: ChannelId, settings: &Settings) -> String {
    settings.channels.get(&channel).map(|channel| channel.name.clone()).unwrap_or_default()
}

fn offer_frame(epoch: i64, call: &Call, offer: Offer, settings: &Settings, now: Now) -> OfferFrame {
    OfferFrame {
        epoch,
        offer_id: offer.id,
        call_id: call.id,
        channel: call.channel,
        channel_name: name_of(call.channel, settings),
        from: call.from.to_string(),
        contact: call.from.number().and_then(|number| settings.contacts.named(number)),
        expires_at: now.wall(offer.until),
    }
}
