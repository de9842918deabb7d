//! What the world may want to know of a decision: derived here and nowhere else, from what is in memory, and recorded
//! with the decision itself, so that telling it survives a crash.

use super::{
    deciding::{Broken, Round},
    engine::Engine,
    jobs::{self, Report},
    memory::Memory,
};
use crate::{
    calls::{
        call::{Call, Outcome, State},
        decision::{TicketChange, Write},
        event::Event,
        time::Now,
    },
    routing::ids::{CallId, ChannelId, DeliveryId, HappeningId, TicketId, UserId},
    store::{
        self,
        batch::NotCommitted,
        calls::CallRow,
        deliveries::{DeliveryRow, Receiver},
        happenings::HappeningRow,
    },
    tickets::{
        message::{Message, Side},
        ticket::Ticket,
    },
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::HashMap;
use tracing::warn;

/// Every kind of happening, in the order in which those of one decision are told.
pub const KINDS: [&str; 12] = [
    "call.started",
    "ticket.made",
    "ticket.assigned",
    "message.received",
    "message.sent",
    "message.failed",
    "call.taken",
    "call.ended",
    "call.missed",
    "voicemail.kept",
    "agent.misses_calls",
    "user.notified",
];

/// How much of a message is told, in characters.
const TOLD_MAX: usize = 100_000;

/// What was told of a live call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    taken: bool,
    talking: bool,
}

impl Told {
    /// Of a call that is read from the store: all that led to its state was told.
    pub fn of(call: &Call) -> Self {
        Self { taken: call.answered_by.is_some(), talking: matches!(call.state, State::Talking(_)) }
    }
}

/// Of what happenings tell of a call, what does not change with each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    id: CallId,
    ticket: TicketId,
    channel: ChannelId,
    provider_call_id: String,
    from: String,
    to: String,
    agent: Option<UserId>,
    outcome: Option<&'static str>,
    arrived_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<&Call> for Facts {
    fn from(call: &Call) -> Self {
        let (outcome, ended_at) = match call.state {
            State::Ended { outcome, at } => (Some(outcome.name()), Some(at)),
            _ => (None, None),
        };
        Self {
            id: call.id,
            ticket: call.ticket,
            channel: call.channel,
            provider_call_id: call.provider_call_id.clone(),
            from: call.from.to_string(),
            to: call.to.clone(),
            agent: call.agent().or(call.answered_by),
            outcome,
            arrived_at: call.arrived_at,
            ended_at,
        }
    }
}

impl From<&CallRow> for Facts {
    /// A call that is over, and whose message came late.
    fn from(row: &CallRow) -> Self {
        let all = [Outcome::Answered, Outcome::Voicemail, Outcome::Abandoned, Outcome::Rejected];
        let named = |name: &str| all.into_iter().map(Outcome::name).find(|outcome| *outcome == name);
        Self {
            id: row.id,
            ticket: row.ticket,
            channel: row.channel,
            provider_call_id: row.provider_call_id.clone(),
            from: row.from.clone(),
            to: row.to.clone(),
            agent: row.agent,
            outcome: row.outcome.as_deref().and_then(named),
            arrived_at: row.arrived_at,
            ended_at: row.ended_at,
        }
    }
}

impl Facts {
    fn document(&self) -> Value {
        json!({
            "call": self.id,
            "ticket": self.ticket,
            "channel": self.channel,
            "provider_call_id": self.provider_call_id,
            "from": self.from,
            "to": self.to,
            "agent": self.agent,
            "outcome": self.outcome,
            "arrived_at": self.arrived_at,
            "ended_at": self.ended_at,
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Happening {
    kind: &'static str,
    call: Option<CallId>,
    ticket: Option<TicketId>,
    channel: Option<ChannelId>,
    data: Value,
}

impl Happening {
    fn of_call(kind: &'static str, facts: &Facts) -> Self {
        let (call, ticket, channel) = (Some(facts.id), Some(facts.ticket), Some(facts.channel));
        Self { kind, call, ticket, channel, data: facts.document() }
    }
}

/// What these rows tell that was not told before. `known` answers what is known of a call that is not among them.
pub(super) fn of(
    writes: &[Write],
    told: &mut HashMap<CallId, Told>,
    known: impl Fn(CallId) -> Option<Facts>,
) -> Vec<Happening> {
    let written = |id: CallId| {
        writes.iter().find_map(|write| match write {
            Write::Call(call) if call.id == id => Some(Facts::from(call.as_ref())),
            _ => None,
        })
    };
    let mut happenings = Vec::new();
    for write in writes {
        match write {
            Write::Call(call) => of_call(call, told, &mut happenings),
            Write::Ticket(TicketChange::Open { ticket, call, channel, .. }) => {
                let facts = written(*call).or_else(|| known(*call));
                let from = facts.as_ref().map(|facts| facts.from.clone());
                let data = json!({
                    "ticket": ticket, "type": "calling", "status": "new", "channel": channel, "call": call,
                    "from": from, "to": facts.map(|facts| facts.to), "owner": null,
                });
                let (call, ticket, channel) = (Some(*call), Some(*ticket), Some(*channel));
                happenings.push(Happening { kind: "ticket.made", call, ticket, channel, data });
            }
            Write::LastAgentMisses { agent, channel, misses } => {
                let data = json!({ "agent": agent, "channel": channel, "misses": misses });
                let (kind, channel) = ("agent.misses_calls", Some(*channel));
                happenings.push(Happening { kind, call: None, ticket: None, channel, data });
            }
            Write::Voicemail { call, recording, .. } => {
                let Some(facts) = written(*call).or_else(|| known(*call)) else { continue };
                let mut happening = Happening::of_call("voicemail.kept", &facts);
                happening.data["voicemail"] = json!({
                    "seconds": recording.seconds, "audio": format!("/api/v1/calls/{call}/voicemail"),
                });
                happenings.push(happening);
            }
            _ => {}
        }
    }
    happenings.sort_by_key(|happening| KINDS.iter().position(|kind| *kind == happening.kind));
    happenings
}

fn of_call(call: &Call, told: &mut HashMap<CallId, Told>, happenings: &mut Vec<Happening>) {
    let facts = Facts::from(call);
    if !told.contains_key(&call.id) {
        happenings.push(Happening::of_call("call.started", &facts));
    }
    let before = told.entry(call.id).or_default();
    let talking = matches!(call.state, State::Talking(_));
    // A talk may begin and end within one decision, where only its end was seen.
    let unseen = call.is_over() && call.answered_by.is_some() && !before.taken;
    if (talking && !before.talking) || unseen {
        happenings.push(Happening::of_call("call.taken", &facts));
        before.taken = true;
    }
    before.talking = talking;
    if let State::Ended { outcome, .. } = call.state {
        told.remove(&call.id);
        happenings.push(Happening::of_call("call.ended", &facts));
        if outcome == Outcome::Abandoned && !call.gone_at_once {
            happenings.push(Happening::of_call("call.missed", &facts));
        }
    }
}

impl Engine {
    pub(super) fn tell_of(&mut self, writes: &[Write], now: Now, round: &mut Round) {
        let Memory { told, board, late, .. } = &mut self.memory;
        let known = |call: CallId| {
            let late = late.as_ref().filter(|late| late.id == call);
            board.call(call).map(Facts::from).or_else(|| late.cloned())
        };
        for happening in of(writes, told, known) {
            self.tell(happening, now, round);
            round.news = true;
        }
    }

    /// What happened to a ticket. It is told with what the ticket is now.
    pub(super) fn tell_of_ticket(
        &mut self,
        kind: &'static str,
        ticket: &Ticket,
        now: Now,
        round: &mut Round,
    ) {
        let data = json!({
            "ticket": ticket.id, "type": ticket.kind, "status": ticket.status, "channel": ticket.channel,
            "call": ticket.call, "inbox": ticket.inbox, "subject": ticket.subject, "contact": ticket.contact,
            "customer": ticket.customer, "owner": ticket.owner, "team": ticket.team,
        });
        let (call, channel) = (ticket.call, ticket.channel);
        self.tell(Happening { kind, call, ticket: Some(ticket.id), channel, data }, now, round);
        round.news = true;
    }

    /// What happened with a message, and what it says.
    pub(super) fn tell_of_message(
        &mut self,
        kind: &'static str,
        message: &Message,
        now: Now,
        round: &mut Round,
    ) {
        let text: String = message.text.chars().take(TOLD_MAX).collect();
        let mut data = json!({
            "message": message.id, "ticket": message.ticket, "channel": message.channel,
            "subject": message.subject, "text": text,
        });
        let told = match &message.side {
            Side::In { from, name, automatic } => {
                json!({ "from": from, "name": name, "automatic": automatic })
            }
            Side::Out { by, to, state } => {
                json!({ "by": by, "to": to, "state": state.name(), "error": state.error() })
            }
        };
        let files = message.attachments.iter().map(|file| {
            let at =
                message.ticket.map(|ticket| format!("/api/v1/tickets/{ticket}/attachments/{}", file.sha256));
            json!({ "name": file.name, "content_type": file.content_type, "bytes": file.bytes, "url": at })
        });
        data["attachments"] = files.collect();
        if let (Some(data), Value::Object(told)) = (data.as_object_mut(), told) {
            data.extend(told);
        }
        let (ticket, channel) = (message.ticket, Some(message.channel));
        self.tell(Happening { kind, call: None, ticket, channel, data }, now, round);
        round.news = true;
    }

    /// A recording that is kept of a call that is over: what the call was is read, as nobody waits for it.
    pub(super) async fn remember_late(&mut self, report: &Report) -> Result<(), Broken> {
        let jobs::Result::Done { event: Some(Event::RecordingKept { call, .. }), .. } = &report.result else {
            return Ok(());
        };
        if self.memory.board.call(*call).is_none() {
            let row = store::calls::one(self.writer.connection(), *call).await;
            let row = row.map_err(|error| Broken::Store(NotCommitted::Failed(error)))?;
            self.memory.late = row.as_ref().map(Facts::from);
        }
        Ok(())
    }

    /// Records what happened, and that it is on its way to everybody who wants to know it.
    fn tell(&mut self, happening: Happening, now: Now, round: &mut Round) {
        let Happening { kind, call, ticket, channel, data } = happening;
        if kind == "agent.misses_calls" {
            warn!(%data, "the last agent of a channel keeps missing calls");
            self.around.health.metrics.last_agent_misses.add(1);
        }
        let id = self.happened(kind, call, ticket, &data, now, round);
        let settings = self.memory.settings.clone();
        let webhooks = settings.webhooks.values().filter(|webhook| webhook.wants(kind));
        let webhooks = webhooks.map(|webhook| (Receiver::Webhook(webhook.id), None));
        let notify =
            channel.and_then(|channel| settings.channels.get(&channel)).map(|channel| &channel.notify);
        let mails = match (kind, notify) {
            _ if !self.around.mails => &[][..],
            ("voicemail.kept", Some(notify)) => &notify.voicemail,
            ("call.missed", Some(notify)) => &notify.missed,
            ("agent.misses_calls", Some(notify)) => &notify.last_agent,
            _ => &[],
        };
        let mails = mails.iter().map(|address| (Receiver::Mail, Some(address.clone())));
        self.deliver(id, webhooks.chain(mails), now, round);
    }

    /// Tells a user of a ticket, by their mail and by webhooks, as they wish it.
    pub(super) fn tell_user(
        &mut self,
        ticket: &Ticket,
        data: Value,
        by_webhook: bool,
        mail: Option<String>,
        now: Now,
        round: &mut Round,
    ) {
        let kind = "user.notified";
        let id = self.happened(kind, None, Some(ticket.id), &data, now, round);
        let settings = self.memory.settings.clone();
        let webhooks = settings.webhooks.values().filter(|webhook| by_webhook && webhook.wants(kind));
        let webhooks = webhooks.map(|webhook| (Receiver::Webhook(webhook.id), None));
        let mail = mail.map(|address| (Receiver::Mail, Some(address)));
        self.deliver(id, webhooks.chain(mail), now, round);
        round.news = true;
    }

    fn happened(
        &mut self,
        kind: &'static str,
        call: Option<CallId>,
        ticket: Option<TicketId>,
        data: &Value,
        now: Now,
        round: &mut Round,
    ) -> HappeningId {
        let id = HappeningId(self.memory.ids.next(now.at.timestamp_millis()));
        let document = json!({ "id": id, "type": kind, "timestamp": now.at, "data": data }).to_string();
        let row = HappeningRow { id, at: now.at, kind: kind.into(), call, ticket, document };
        round.batch.happenings.push(row);
        id
    }

    fn deliver(
        &mut self,
        id: HappeningId,
        receivers: impl Iterator<Item = (Receiver, Option<String>)>,
        now: Now,
        round: &mut Round,
    ) {
        for (receiver, recipient) in receivers {
            round.batch.deliveries.push(DeliveryRow {
                id: DeliveryId(self.memory.ids.next(now.at.timestamp_millis())),
                happening: id,
                receiver,
                recipient,
                due_at: now.at,
                tries: 0,
                status: None,
                error: None,
                done_at: None,
                failed_at: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        calls::{
            call::{Caller, Recording, Talk},
            time::Steady,
        },
        routing::ids::Ids,
    };
    use std::collections::BTreeMap;

    fn instant(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000 + seconds, 0).unwrap()
    }

    fn call(state: State, answered_by: Option<UserId>) -> Call {
        let mut ids = Ids::new(1);
        let mut id = || ids.next(1_000);
        Call {
            id: CallId(id()),
            channel: ChannelId(id()),
            provider: "main".into(),
            provider_call_id: "CA1".into(),
            from: Caller::Known("+43660".into()),
            to: "+431".into(),
            ticket: TicketId(id()),
            arrived_at: instant(0),
            arrived: Steady(0),
            in_front: false,
            state,
            offers: Vec::new(),
            only: None,
            excluded: BTreeMap::new(),
            rung: BTreeMap::new(),
            attempt: 0,
            answered_by,
            ring_left_ms: 0,
            wait_left_ms: 0,
            apology_due: false,
            announced: false,
            is_answered: true,
            priority: 0,
            gone_at_once: false,
            shares_ticket: false,
            check_at: Steady(0),
        }
    }

    fn ringing() -> Call {
        call(State::Ringing { until: Steady(1) }, None)
    }

    fn talking(agent: UserId) -> Call {
        call(
            State::Talking(Talk {
                agent,
                since: instant(5),
                leg_over_until: None,
                is_first: true,
                device: None,
                until: Steady(9),
            }),
            Some(agent),
        )
    }

    fn ended(outcome: Outcome, answered_by: Option<UserId>) -> Call {
        call(State::Ended { outcome, at: instant(9) }, answered_by)
    }

    fn opened(call: &Call) -> Write {
        let Call { id, ticket, channel, .. } = *call;
        Write::Ticket(TicketChange::Open { ticket, call: id, channel, at: instant(0) })
    }

    fn kept(call: &Call) -> Write {
        let recording = Recording { id: "RE1".into(), seconds: 7 };
        Write::Voicemail { call: call.id, recording, sha256: "aa".into(), at: instant(9) }
    }

    /// The kinds that each of these decisions tells, one after the other.
    fn story(decisions: &[Vec<Write>]) -> Vec<Vec<&'static str>> {
        let mut told = HashMap::new();
        let kinds = |writes: &Vec<Write>| {
            of(writes, &mut told, |_| None).iter().map(|happening| happening.kind).collect()
        };
        decisions.iter().map(kinds).collect()
    }

    #[test]
    fn each_story_is_told_once_and_in_order() {
        let ann = UserId(Ids::new(2).next(1));
        let write = |call: Call| Write::Call(Box::new(call));
        let (answered, abandoned) = (ended(Outcome::Answered, Some(ann)), ended(Outcome::Abandoned, None));
        let (message, rejected) = (ended(Outcome::Voicemail, None), ended(Outcome::Rejected, None));
        let began = vec!["call.started", "ticket.made"];
        let start = || vec![opened(&ringing()), write(ringing())];
        let table = [
            (
                vec![
                    start(),
                    vec![write(ringing())],
                    vec![write(talking(ann))],
                    vec![write(talking(ann))],
                    vec![write(answered.clone())],
                ],
                vec![began.clone(), vec![], vec!["call.taken"], vec![], vec!["call.ended"]],
            ),
            // The talk began and ended within one decision.
            (
                vec![start(), vec![write(answered.clone())]],
                vec![began.clone(), vec!["call.taken", "call.ended"]],
            ),
            // The agent was lost, and another talk followed.
            (
                vec![
                    start(),
                    vec![write(talking(ann))],
                    vec![write(call(State::Ringing { until: Steady(1) }, Some(ann)))],
                    vec![write(talking(ann))],
                ],
                vec![began.clone(), vec!["call.taken"], vec![], vec!["call.taken"]],
            ),
            (
                vec![start(), vec![write(abandoned.clone())]],
                vec![began.clone(), vec!["call.ended", "call.missed"]],
            ),
            (
                vec![start(), vec![kept(&message), write(message.clone())]],
                vec![began.clone(), vec!["call.ended", "voicemail.kept"]],
            ),
            (vec![start(), vec![write(rejected)]], vec![began, vec!["call.ended"]]),
            // We heard of it only when it was over.
            (
                vec![vec![write(abandoned.clone()), opened(&abandoned)]],
                vec![vec!["call.started", "ticket.made", "call.ended", "call.missed"]],
            ),
        ];
        for (decisions, expected) in table {
            assert_eq!(story(&decisions), expected, "{decisions:?}");
        }
    }

    #[test]
    fn after_a_restart_nothing_is_told_again() {
        let ann = UserId(Ids::new(2).next(1));
        let call = talking(ann);
        let mut told = HashMap::from([(call.id, Told::of(&call))]);
        let kinds = |write: Call, told: &mut HashMap<CallId, Told>| -> Vec<&str> {
            let happenings = of(&[Write::Call(Box::new(write))], told, |_| None);
            happenings.iter().map(|happening| happening.kind).collect()
        };
        assert_eq!(kinds(call, &mut told), Vec::<&str>::new());
        assert_eq!(kinds(ended(Outcome::Answered, Some(ann)), &mut told), ["call.ended"]);
        assert_eq!(told, HashMap::new());
    }

    #[test]
    fn what_is_told_of_a_call() {
        let call = ended(Outcome::Voicemail, None);
        let writes = [kept(&call), Write::Call(Box::new(call.clone())), opened(&call)];
        let happenings = of(&writes, &mut HashMap::new(), |_| None);
        let whole = json!({
            "call": call.id, "ticket": call.ticket, "channel": call.channel, "provider_call_id": "CA1",
            "from": "+43660", "to": "+431", "agent": null, "outcome": "voicemail",
            "arrived_at": "2026-02-02T02:40:00Z", "ended_at": "2026-02-02T02:40:09Z",
        });
        let mut message = whole.clone();
        message["voicemail"] =
            json!({ "seconds": 7, "audio": format!("/api/v1/calls/{}/voicemail", call.id) });
        let ticket = json!({
            "ticket": call.ticket, "type": "calling", "status": "new", "channel": call.channel, "call": call.id,
            "from": "+43660", "to": "+431", "owner": null,
        });
        let expected = [
            ("call.started", &whole),
            ("ticket.made", &ticket),
            ("call.ended", &whole),
            ("voicemail.kept", &message),
        ];
        let told: Vec<_> = happenings.iter().map(|happening| (happening.kind, &happening.data)).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_message_of_a_call_that_is_over_tells_what_the_store_knows_of_it() {
        let call = ended(Outcome::Voicemail, None);
        let late = Facts { outcome: Some("abandoned"), ..Facts::from(&call) };
        let happenings = of(&[kept(&call)], &mut HashMap::new(), |id| (id == late.id).then(|| late.clone()));
        assert_eq!(happenings.len(), 1);
        assert_eq!((happenings[0].kind, &happenings[0].data["from"]), ("voicemail.kept", &json!("+43660")));
        assert_eq!(of(&[kept(&call)], &mut HashMap::new(), |_| None), []);
    }
}
