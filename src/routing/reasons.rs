//! Why it was decided so: codes with arguments. They are kept as data, and put into words by
//! [`super::sentences`] when read.

use super::{
    contacts::Blocked,
    hours::Rule,
    ids::{ContactId, SkillId, TeamId, UserId},
    load::TicketType,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One reason. The first of a decision's reasons is the deciding one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "arguments", rename_all = "snake_case")]
pub enum Reason {
    HoursOpen {
        rule: Rule,
    },
    HoursClosed {
        rule: Rule,
        opens: Option<DateTime<Utc>>,
    },
    RingsAll {
        agents: u32,
    },
    /// The telephones of so many agents, of all that are available.
    RingsDevices {
        agents: u32,
        of: u32,
    },
    FewestOpen {
        agent: UserId,
        /// Of calls, if it is not said.
        #[serde(default)]
        kind: TicketType,
        open: u32,
        tied: bool,
    },
    NextInTurn {
        agent: UserId,
    },
    Drawn {
        agent: UserId,
        among: u32,
    },
    LongestIdle {
        agent: UserId,
        since: Option<DateTime<Utc>>,
    },
    NobodySelected,
    NobodyAvailable,
    AllBusy,
    AllDeclined,
    /// Everybody who is free is being offered another call, which keeps this one ringing.
    AgentsBeingOffered,
    /// So many telephones were rung, and none was taken.
    DevicesNotTaken {
        agents: u32,
    },
    RingTimeOver {
        seconds: u32,
    },
    WaitTimeOver {
        seconds: u32,
    },
    /// The caller pressed 1 after so many seconds.
    CallerWantsMessage {
        seconds: u32,
    },
    TakenBy {
        agent: UserId,
        seconds: u32,
    },
    Connected {
        agent: UserId,
    },
    ConnectionFailed {
        agent: UserId,
        cause: ConnectionFailure,
    },
    TransferredToAgent {
        agent: UserId,
        to: UserId,
    },
    TransferredToTeam {
        agent: UserId,
        team: TeamId,
        name: String,
    },
    /// To a telephone number outside.
    TransferredOutside {
        agent: UserId,
    },
    /// The connection with that telephone is over.
    OutsideOver,
    OutsideNotReached,
    /// It had lasted as long as any connection may.
    TimeLimit {
        seconds: u32,
    },
    AgentLost {
        agent: UserId,
    },
    AgentHungUp {
        agent: UserId,
    },
    AgentDeclined {
        agent: UserId,
    },
    AgentMissed {
        agent: UserId,
        seconds: u32,
    },
    CallerHungUp {
        seconds: u32,
    },
    MessageKept {
        seconds: u32,
    },
    NothingRecorded,
    RecordingLost,
    StoreWasDown,
    /// The caller is a contact whose calls ring nobody.
    CallerBlocked {
        contact: ContactId,
        how: Blocked,
    },
    /// The channel rings nobody for callers who withhold their number.
    NumberWithheld {
        how: Blocked,
    },
    /// The caller is a contact who goes before others in line.
    CallerFirst {
        contact: ContactId,
        priority: u8,
    },
    /// The message goes on with a conversation that is open.
    JoinsConversation,
    /// The customer answered on a ticket that was closed.
    CustomerAnsweredClosed,
    /// It answers by itself, or says that a mail did not arrive: it changes nothing.
    WrittenByMachine,
    /// They answered on a ticket that was nobody's.
    AnsweredFirst {
        agent: UserId,
    },
    /// Gone within this time: nobody need call back.
    GoneAtOnce {
        seconds: u32,
    },
    /// The caller has an open ticket at this channel, which was touched within this time.
    JoinsTicket {
        minutes: u32,
    },
    /// The channel's tickets are given to nobody by themselves (R24).
    AssignsNobody,
    /// The ticket is a team's, without an owner (R21).
    TeamOnly {
        team: TeamId,
        name: String,
    },
    /// They own the contact (R22).
    OwnsContact {
        agent: UserId,
    },
    /// Who wrote is no contact.
    NoContact,
    ContactHasNoOwner,
    ContactNotTracked,
    /// What keeps them from it is said of them among the candidates.
    OwnerCannotTake {
        agent: UserId,
    },
    /// The message is mailed to the owner, who is absent (R23).
    OwnerMailed {
        agent: UserId,
    },
    /// Those decide who are asked where the owner or the customer agent does not take it.
    FallsBack,
    /// They are away, and the channel gives tickets to those who are away too (R16).
    GivenThoughAway {
        agent: UserId,
    },
    /// Everybody who is there holds as many tickets as they may.
    AllAtCapacity,
    /// Only who knows this was looked at (R28).
    SkillNeeded {
        skill: SkillId,
        name: String,
        level: Option<u8>,
    },
    /// Whoever knows this goes first, and they do.
    SkillPreferred {
        skill: SkillId,
        name: String,
        level: Option<u8>,
    },
    /// Whoever knows this would have gone first; nobody of those who could take it does.
    SkillMissed {
        skill: SkillId,
        name: String,
        level: Option<u8>,
    },
    /// Nobody whom the rule reaches knows this.
    NobodyKnows {
        skill: SkillId,
        name: String,
        level: Option<u8>,
    },
    /// Nobody who knows this could take it for so long that it is not needed any more.
    SkillLetGo {
        skill: SkillId,
        name: String,
        minutes: u32,
    },
    /// The outside service has so long to answer (R25).
    CustomerAgentAsked {
        seconds: u32,
    },
    CustomerAgentAnswered,
    CustomerAgentHandedOver {
        /// In its own words.
        because: Option<String>,
    },
    CustomerAgentFailed {
        error: String,
    },
}

/// How the leg to an agent came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionFailure {
    Busy,
    NoAnswer,
    Failed,
    /// The agent called it off.
    Cancelled,
    /// Nothing was heard of it in time, and the telephone company knows of no leg that is up.
    TimedOut,
}
