//! The calls of a ticket: who called, what came of it, whom it rang, and the message that was left.

use super::super::{
    super::{
        Problem, Web,
        access::{Sight, Viewer},
        auth::Id,
        calls, missed,
    },
    layout::{Layout, Signed},
    moment::Moment,
    refusal::Refusal,
};
use crate::{
    audio,
    desk::settings::Settings,
    routing::ids::CallId,
    store::{called_back::CalledBack, calls::CallRow, offers::Offered, voicemails::Voicemail},
    tickets::{
        incoming::Identity,
        ticket::{Status, Ticket},
    },
};
use axum::{
    extract::State as Reach,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};

/// How many bars a waveform has.
const BARS: usize = 120;
/// Half the height of a waveform.
const MIDDLE: u32 = 24;

/// Who called, as they are shown.
pub struct Who {
    /// Of a contact.
    pub name: Option<String>,
    pub number: String,
}

impl Who {
    /// Of a ticket: who called, or who wrote. `number`: of its call.
    pub fn on(ticket: &Ticket, number: Option<&str>, settings: &Settings, layout: &Layout) -> Self {
        if number.is_some() || ticket.call.is_some() {
            return Self::of(number, settings, layout);
        }
        let contact = ticket.contact.and_then(|contact| settings.contacts.get(contact));
        let name = contact.map(|contact| contact.name.clone());
        let number = match &ticket.customer {
            Some(Identity::Number(text) | Identity::Email(text)) => text.clone(),
            _ if name.is_some() => String::new(),
            _ => layout.t("ticket-nobody-known"),
        };
        Self { name, number }
    }

    pub fn of(number: Option<&str>, settings: &Settings, layout: &Layout) -> Self {
        match number {
            None => Self { name: None, number: layout.t("ticket-nobody-called") },
            Some("anonymous") => Self { name: None, number: layout.t("ticket-number-withheld") },
            Some(number) => Self {
                name: settings.contacts.named(number).map(|contact| contact.name),
                number: number.to_owned(),
            },
        }
    }
}

/// A shape and a word.
pub struct State {
    pub class: &'static str,
    pub text: String,
}

pub fn status(status: Status, layout: &Layout) -> State {
    match status {
        Status::New => State { class: "warn", text: layout.t("ticket-status-new") },
        Status::Waiting => State { class: "busy", text: layout.t("ticket-status-waiting") },
        Status::Closed => State { class: "good", text: layout.t("ticket-status-closed") },
    }
}

/// What came of a call, or what it does now.
pub fn came_of(call: &CallRow, layout: &Layout) -> State {
    match call.outcome.as_deref() {
        Some("answered") => State { class: "good", text: layout.t("ticket-call-answered") },
        Some("voicemail") => State { class: "warn", text: layout.t("ticket-call-voicemail") },
        Some("rejected") => State { class: "", text: layout.t("ticket-call-rejected") },
        Some(_) => State { class: "bad", text: layout.t("ticket-call-missed") },
        None => State { class: "busy", text: going_on(&call.state, layout) },
    }
}

fn going_on(state: &str, layout: &Layout) -> String {
    match state {
        "ringing" => layout.t("ticket-call-ringing"),
        "waiting" => layout.t("ticket-call-waiting"),
        "connecting" => layout.t("ticket-call-connecting"),
        "talking" => layout.t("ticket-call-talking"),
        _ => layout.t("ticket-call-leaving-message"),
    }
}

/// One call on the page of its ticket.
pub struct CallPart {
    pub id: CallId,
    pub number: String,
    pub to: String,
    pub channel: Option<String>,
    pub arrived: Moment,
    pub came_of: State,
    pub agent: Option<String>,
    pub steps: Vec<Step>,
    pub message: Option<Message>,
    pub back: Back,
}

/// Something that happened during a call.
pub struct Step {
    pub at: Moment,
    /// Minutes and seconds after the call came.
    pub after: String,
    pub who: Option<String>,
    pub text: String,
}

/// A message that a caller left.
pub struct Message {
    /// Where it is heard.
    pub audio: String,
    pub seconds: usize,
    /// The path of an SVG of `width` by 48; empty if the file can't be read.
    pub wave: String,
    pub width: usize,
}

/// Whether somebody has called back.
pub enum Back {
    NotMissed,
    Due,
    /// By whom, and when.
    Done(Option<String>, Moment),
    GotThrough,
}

impl Back {
    pub fn is_due(&self) -> bool {
        matches!(self, Self::Due)
    }
}

/// The calls of a ticket, the last one first.
pub async fn parts(web: &Web, signed: &Signed, ids: &[CallId]) -> Result<Vec<CallPart>, Problem> {
    let mut rows = web.reader.calls_of(ids).await?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));
    let (offers, voicemails) = (web.reader.offers(ids).await?, web.reader.voicemails(ids).await?);
    let called_back = web.reader.called_back(ids).await?;
    let settings = web.desk.settings();
    let mut parts = Vec::new();
    for row in &rows {
        let through = if missed::is_missed(row) { web.reader.got_through(row).await? } else { None };
        let back = called_back.iter().find(|back| back.call == row.id);
        let message = match voicemails.iter().rfind(|kept| kept.call == row.id) {
            Some(kept) => Some(message(web, kept).await),
            None => None,
        };
        let offers: Vec<&Offered> =
            offers.iter().filter(|(call, _)| *call == row.id).map(|(_, offer)| offer).collect();
        let part = Part { web, signed, settings: &settings, row };
        parts.push(part.made(&offers, message, back, through.is_some()));
    }
    Ok(parts)
}

struct Part<'a> {
    web: &'a Web,
    signed: &'a Signed,
    settings: &'a Settings,
    row: &'a CallRow,
}

impl Part<'_> {
    fn made(
        &self,
        offers: &[&Offered],
        message: Option<Message>,
        back: Option<&CalledBack>,
        got_through: bool,
    ) -> CallPart {
        let Self { signed, settings, row, .. } = *self;
        let may_see = Viewer::new(&signed.caller, settings).channel(row.channel) == Sight::All;
        let channel = settings.channels.get(&row.channel).filter(|_| may_see);
        let back = match back {
            _ if !missed::is_missed(row) => Back::NotMissed,
            Some(back) => Back::Done(back.by.map(|by| settings.name_of(by)), self.moment(back.at)),
            None if got_through => Back::GotThrough,
            None => Back::Due,
        };
        CallPart {
            id: row.id,
            number: Who::of(Some(&row.from), settings, &signed.layout).number,
            to: row.to.clone(),
            channel: channel.map(|channel| channel.name.clone()),
            arrived: self.moment(row.arrived_at),
            came_of: came_of(row, &signed.layout),
            agent: row.agent.map(|agent| settings.name_of(agent)),
            steps: self.steps(offers),
            message,
            back,
        }
    }

    /// On the clock of the channel.
    fn moment(&self, at: DateTime<Utc>) -> Moment {
        let channel = self.settings.channels.get(&self.row.channel);
        Moment::new(at, channel.map_or(&self.web.ground.account, |channel| &channel.zone))
    }

    fn steps(&self, offers: &[&Offered]) -> Vec<Step> {
        let layout = &self.signed.layout;
        let mut steps = vec![(self.row.arrived_at, None, layout.t("ticket-step-arrived"))];
        for offer in offers {
            let who = Some(self.settings.name_of(offer.agent));
            steps.push((offer.at, who.clone(), layout.t("ticket-step-rung")));
            if let Some(at) = offer.ended_at {
                steps.push((at, who, cause(offer.cause.as_deref().unwrap_or_default(), layout)));
            }
        }
        if let Some(at) = self.row.ended_at {
            steps.push((at, None, layout.t("ticket-step-ended")));
        }
        // In the order in which they came: what happened in the same millisecond stays as it is here.
        steps.sort_by_key(|(at, ..)| *at);
        let after = |at: DateTime<Utc>| (at - self.row.arrived_at).num_seconds().max(0);
        let after = |at| format!("{}:{:02}", after(at) / 60, after(at) % 60);
        let told = steps.into_iter();
        told.map(|(at, who, text)| Step { at: self.moment(at), after: after(at), who, text }).collect()
    }
}

fn cause(name: &str, layout: &Layout) -> String {
    match name {
        "won" => layout.t("ticket-offer-won"),
        "taken" => layout.t("ticket-offer-taken"),
        "declined" => layout.t("ticket-offer-declined"),
        "missed" => layout.t("ticket-offer-missed"),
        "expired" => layout.t("ticket-offer-expired"),
        "caller_hung_up" => layout.t("ticket-offer-caller-hung-up"),
        "connection_failed" => layout.t("ticket-offer-connection-failed"),
        _ => layout.t("ticket-offer-withdrawn"),
    }
}

async fn message(web: &Web, kept: &Voicemail) -> Message {
    let bytes = calls::recorded(web, &kept.sha256, false).await.unwrap_or_default();
    let peaks = tokio::task::spawn_blocking(move || audio::peaks(&bytes, BARS)).await.unwrap_or_default();
    Message {
        audio: format!("api/v1/calls/{}/voicemail", kept.call),
        seconds: usize::try_from(kept.seconds).unwrap_or(0),
        wave: wave(&peaks),
        width: BARS * 3,
    }
}

/// A bar for each peak.
fn wave(peaks: &[u8]) -> String {
    use std::fmt::Write;
    let bars = peaks.iter().zip(0_u32..);
    bars.fold(String::new(), |mut path, (peak, place)| {
        let half = (u32::from(*peak) * MIDDLE / 255).max(1);
        let _ = write!(path, "M{} {}v{}", place * 3 + 1, MIDDLE - half, 2 * half);
        path
    })
}

/// A call has no page of its own: it is on that of its ticket.
pub async fn to_ticket(
    Reach(web): Reach<Web>,
    signed: Signed,
    Id(id): Id<CallId>,
) -> Result<Response, Refusal> {
    let row = calls::visible(&signed.caller, id, &web).await.map_err(|problem| signed.refuse(problem))?;
    let address = signed.layout.address(&format!("tickets/{}#call-{id}", row.ticket));
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response())
}

#[cfg(test)]
mod tests {
    use super::wave;

    #[test]
    fn a_waveform_has_a_bar_for_each_peak_and_none_is_invisible() {
        assert_eq!(wave(&[0, 255, 128]), "M1 23v2M4 0v48M7 12v24");
    }
}
