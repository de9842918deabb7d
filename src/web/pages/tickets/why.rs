//! Why: each decision as a sentence, and everybody who was looked at for it.

use super::super::{super::Web, layout::Layout, moment::Moment};
use crate::{
    calls::decision::Action,
    routing::{candidates::Candidate, ids::ChannelId, sentences::Teller},
    store::decisions::{self, Why},
    tickets::arrival,
};

/// More than these are not listed one by one.
const CANDIDATES_MAX: usize = 100;
const DECISIONS_MAX: usize = 50;

pub struct Decision {
    pub at: Moment,
    pub action: String,
    /// The reason that decided.
    pub sentence: String,
    pub others: Vec<String>,
    pub candidates: Vec<Looked>,
    /// How many more there were.
    pub more: usize,
}

/// Somebody who was looked at.
pub struct Looked {
    pub name: String,
    pub load: u32,
    /// Why they were passed over.
    pub objection: Option<String>,
}

impl Decision {
    pub fn looked_at(&self) -> usize {
        self.candidates.len() + self.more
    }
}

/// The last decisions, in their order. The names of people stand by themselves in sentences of any direction.
pub fn decisions(rows: &[Why], channel: Option<ChannelId>, web: &Web, layout: &Layout) -> Vec<Decision> {
    let settings = web.desk.settings();
    let zone = channel.and_then(|id| settings.zone_of(id)).unwrap_or(&web.ground.account);
    let name = |user| format!("\u{2068}{}\u{2069}", settings.name_of(user));
    let teller = Teller { language: layout.language, zone, name: &name };
    let looked = |candidate: &Candidate| Looked {
        name: settings.name_of(candidate.user),
        load: candidate.load,
        objection: candidate.objection.as_ref().map(|objection| teller.objection(candidate.user, objection)),
    };
    let last = &rows[rows.len().saturating_sub(DECISIONS_MAX)..];
    let told = last.iter().map(|why| {
        let mut sentences = why.reasons.iter().map(|reason| teller.reason(reason));
        // Whoever was passed over first: that is what is asked.
        let (passed, free): (Vec<_>, Vec<_>) =
            why.candidates.to_vec().into_iter().partition(|candidate| candidate.objection.is_some());
        let all = passed.iter().chain(&free);
        Decision {
            at: Moment::new(why.at, zone),
            action: action(why.action, layout),
            sentence: sentences.next().unwrap_or_default(),
            others: sentences.collect(),
            candidates: all.take(CANDIDATES_MAX).map(looked).collect(),
            more: why.candidates.len().saturating_sub(CANDIDATES_MAX),
        }
    });
    told.collect()
}

fn action(action: decisions::Action, layout: &Layout) -> String {
    let action = match action {
        decisions::Action::Call(action) => action,
        decisions::Action::Ticket(action) => return ticket_action(action, layout),
    };
    match action {
        Action::Ring => layout.t("ticket-action-ring"),
        Action::Wait => layout.t("ticket-action-wait"),
        Action::Unanswered => layout.t("ticket-action-unanswered"),
        Action::AfterHours => layout.t("ticket-action-after-hours"),
        Action::Connect => layout.t("ticket-action-connect"),
        Action::Talk => layout.t("ticket-action-talk"),
        Action::RingAgain => layout.t("ticket-action-ring-again"),
        Action::End => layout.t("ticket-action-end"),
        Action::KeepMessage => layout.t("ticket-action-keep-message"),
        Action::Reject => layout.t("ticket-action-reject"),
        Action::Message => layout.t("ticket-action-message"),
    }
}

fn ticket_action(action: arrival::Action, layout: &Layout) -> String {
    match action {
        arrival::Action::Join => layout.t("ticket-action-join"),
        arrival::Action::Reopen => layout.t("ticket-action-reopen"),
        arrival::Action::Assign => layout.t("ticket-action-assign"),
        arrival::Action::LeaveUnassigned => layout.t("ticket-action-leave-unassigned"),
    }
}
