//! What the engine knows of the store without reading it: projections, all rebuilt from it at a start and after a
//! failure. The hot path reads nothing from the database.

use super::{
    engine::Surroundings,
    happenings::{Facts as Late, Told},
    settings::Settings,
};
use crate::{
    calls::{
        call::Caller,
        decision::Job,
        switchboard::{Facts, Switchboard},
        time::Now,
    },
    providers::Reply,
    routing::{
        ids::{CallId, ChannelId, Ids, TicketId},
        joinable::Joinable,
        load::Load,
    },
    store::{self, Writer, known_calls::fingerprint},
    tickets::{sharing::Reached, ticket::Ticket, waiting::Waiting},
};
use anyhow::Context;
use chrono::TimeDelta;
use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
};

/// Answers stay in memory this long after they were given; later doubles find them in the store.
const ANSWERS_KEPT_MS: i64 = 15 * 60 * 1000;

/// What is known of the store without reading it: projections, all rebuilt from it at a start and after a failure.
pub(super) struct Memory {
    pub settings: Arc<Settings>,
    pub board: Switchboard,
    pub load: Load,
    /// The tickets of live calls, and those that callers may join.
    pub tickets: HashMap<TicketId, Ticket>,
    pub joinable: Joinable,
    /// Every call that ever came, by a hash of what its telephone company calls it.
    pub known_calls: HashSet<u128>,
    /// Live calls that can't be read, or break the switchboard: left as they are until the next start.
    pub parked: HashSet<CallId>,
    pub answers: Answers,
    /// The recordings that are being kept, by provider and id: each is fetched once, however often we hear of it.
    pub keeping: HashSet<(String, String)>,
    /// What the world was told of live calls.
    pub told: HashMap<CallId, Told>,
    /// A call that is over and whose message is being kept now.
    pub late: Option<Late>,
    /// Whom channels reach that make tickets, as far as it was asked since people and channels last changed.
    pub reached: HashMap<ChannelId, Reached>,
    /// Tickets that are routed again until somebody has them.
    pub waiting: Waiting,
    /// The channels whose tickets wait in line.
    pub rerouting: BTreeSet<ChannelId>,
    pub ids: Ids,
}

/// Answers to webhooks of the last minutes, by event key.
#[derive(Default)]
pub(super) struct Answers {
    by_key: HashMap<[u8; 32], Arc<Reply>>,
    by_age: VecDeque<(i64, [u8; 32])>,
}

impl Answers {
    pub fn get(&self, key: &[u8; 32]) -> Option<Arc<Reply>> {
        self.by_key.get(key).cloned()
    }

    pub fn keep(&mut self, key: [u8; 32], reply: Arc<Reply>, now: Now) {
        self.by_key.insert(key, reply);
        self.by_age.push_back((now.steady.0, key));
        while let Some(&(at, key)) = self.by_age.front()
            && at < now.steady.0 - ANSWERS_KEPT_MS
        {
            self.by_age.pop_front();
            self.by_key.remove(&key);
        }
    }
}

impl Memory {
    /// The caller of this call may join its ticket, while it is open.
    pub fn may_be_joined(&mut self, ticket: TicketId, channel: ChannelId, caller: &Caller) {
        let Some(known) = self.tickets.get(&ticket) else { return };
        let (Some(number), true) = (caller.number(), known.status.is_open()) else {
            return self.joinable.forget(ticket);
        };
        for dropped in self.joinable.open(ticket, channel, number, known.touched_at) {
            self.let_go(dropped);
        }
    }

    /// Forgets a ticket that no live call has and that nobody can join.
    pub fn let_go(&mut self, ticket: TicketId) {
        if !self.joinable.has(ticket) && !self.board.calls().any(|call| call.ticket == ticket) {
            self.tickets.remove(&ticket);
        }
    }
}

/// Reads everything that the engine keeps in memory.
pub(super) async fn recall(
    around: &Surroundings,
    writer: &mut Writer,
    mut parked: HashSet<CallId>,
) -> anyhow::Result<Memory> {
    let now = around.clock.now();
    let stored = store::settings::all(writer.connection()).await.context("cannot read the settings")?;
    let settings = Settings::load(stored, &around.ground)
        .map_err(|wrong| anyhow::anyhow!("a stored setting is not valid: {:?}: {:?}", wrong.0, wrong.1))?;
    let connection = writer.connection();
    let load = store::tickets::load(connection, now.at).await.context("cannot count the tickets")?;
    let tickets = store::tickets::of_live_calls(connection).await.context("cannot read the tickets")?;
    let open =
        store::tickets::latest_open(connection, Joinable::KEPT).await.context("cannot read the tickets")?;
    let known = store::calls::provider_call_ids(connection).await.context("cannot read the calls")?;
    known.chunk_by(|(one, _), (next, _)| one == next).for_each(|calls| around.health.heard(&calls[0].0));
    let removed = store::known_calls::all(connection).await.context("cannot read the calls of old")?;
    let (mut calls, unreadable) =
        store::calls::live(connection).await.context("cannot read the live calls")?;
    parked.extend(unreadable);
    calls.retain(|call| !parked.contains(&call.id));
    let jobs = store::jobs::open(connection).await.context("cannot read the jobs")?;
    let keeping = jobs.iter().filter_map(|row| match &row.job {
        Job::KeepRecording { provider, recording, .. } => Some((provider.clone(), recording.id.clone())),
        _ => None,
    });
    let keeping = keeping.collect();
    let agents = store::agents::all(connection).await.context("cannot read the agents")?;
    let cursors = store::cursors::all(connection).await.context("cannot read the cursors")?;
    let mut waiting = Waiting::default();
    let line = store::waiting::all(connection).await.context("cannot read the tickets that wait")?;
    line.into_iter().for_each(|waits| waiting.begin(waits));
    let since = now.at - TimeDelta::milliseconds(ANSWERS_KEPT_MS);
    let recent = store::answers::since(connection, since).await.context("cannot read the answers")?;

    let mut joinable = Joinable::default();
    for (ticket, caller) in &open {
        if let (Some(channel), Some(number)) = (ticket.channel, caller.number()) {
            joinable.open(ticket.id, channel, number, ticket.touched_at);
        }
    }
    let open = open.into_iter().map(|(ticket, _)| ticket).filter(|ticket| joinable.has(ticket.id));
    let tickets = tickets.into_iter().chain(open).map(|ticket| (ticket.id, ticket)).collect();
    let last = store::happenings::last(connection).await.context("cannot read what happened")?;
    let mut ids = Ids::new(rand::random());
    // Readers of what happened go on after the last one that they saw.
    last.iter().for_each(|last| ids.stay_above(last.0));

    let mut board = Switchboard::new(Ids::new(rand::random()));
    agents.into_iter().for_each(|row| board.restore_agent(row, now));
    cursors.into_iter().for_each(|(channel, cursor)| board.restore_cursor(channel, cursor));
    let facts = Facts {
        people: &settings.people,
        contacts: &settings.contacts,
        channels: &settings.channels,
        times: around.ground.times,
        load: &load,
        joinable: &joinable,
        now,
    };
    let told = calls.iter().map(|call| (call.id, Told::of(call))).collect();
    calls.into_iter().for_each(|call| board.restore_call(call, facts));
    let mut answers = Answers::default();
    recent.into_iter().for_each(|(key, reply)| answers.keep(key, Arc::new(reply), now));
    Ok(Memory {
        settings: Arc::new(settings),
        board,
        load,
        tickets,
        joinable,
        known_calls: known.iter().map(|(provider, id)| fingerprint(provider, id)).chain(removed).collect(),
        parked,
        answers,
        keeping,
        told,
        late: None,
        reached: HashMap::new(),
        waiting,
        rerouting: BTreeSet::new(),
        ids,
    })
}
