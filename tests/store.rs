//! The store on a real folder: who may write, what a commit that fails leaves behind, and that what is written is what
//! is read back.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{collections::BTreeMap, os::unix::fs::PermissionsExt};
use strowger::{
    calls::{
        call::{
            Call, Caller, Cause, Connection as Connecting, Delivery, Dialling, Leg, Message, Offer, Outcome,
            Recording, State, Talk, Voicemail as VoicemailState,
        },
        channel::Slot,
        decision::{AgentRow, Job, OfferRow},
        time::Steady,
    },
    config::Config,
    desk::settings::Settings,
    providers::Reply,
    routing::{
        availability::ByHand,
        distribution::Cursor,
        eligibility::Objection,
        ids::{CallId, ChannelId, Ids, JobId, OfferId, TeamId, TicketId, TokenId, UserId},
        load::TicketType,
        people::Role,
    },
    store::{
        self, Folder, Reader, Writer,
        answers::AnswerRow,
        batch::{Batch, NotCommitted},
        events::EventRow,
        jobs::{JobRow, Tried},
        quarantine::QuarantineRow,
        settings::{Change, Token},
        voicemails::Voicemail,
    },
    tickets::ticket::{Status, Ticket},
};
use tempfile::TempDir;

const NOW: i64 = 1_770_000_000_000;

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(NOW + ms).unwrap()
}

struct Place {
    directory: TempDir,
    ids: Ids,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("strowger-store-").tempdir().unwrap();
        Self { directory, ids: Ids::new(7) }
    }

    fn folder(&self) -> Folder {
        Folder::open(self.directory.path()).unwrap()
    }

    fn id<T>(&mut self, name: impl Fn(uuid::Uuid) -> T) -> T {
        name(self.ids.next(NOW))
    }

    /// The database, past everything that guards it.
    async fn raw(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.directory.path().join("strowger.db"));
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(sql).fetch_one(&mut self.raw().await).await.unwrap()
    }

    fn call(&mut self, state: State) -> Call {
        let (agent, other) = (self.id(UserId), self.id(UserId));
        let offer = self.id(OfferId);
        Call {
            id: self.id(CallId),
            channel: self.id(ChannelId),
            provider: "main".into(),
            provider_call_id: format!("CA{}", offer.0.simple()),
            from: Caller::from("+43660123".to_owned()),
            to: "+43112".into(),
            ticket: self.id(TicketId),
            arrived_at: at(0),
            arrived: Steady(NOW),
            in_front: true,
            shares_ticket: true,
            priority: 4,
            gone_at_once: true,
            state,
            offers: vec![Offer {
                id: offer,
                agent,
                since: Steady(NOW),
                until: Steady(NOW + 25_000),
                at: at(3),
                by_device: true,
            }],
            only: None,
            excluded: BTreeMap::from([
                (other, Objection::Declined),
                (agent, Objection::Away { reason: Some("lunch".into()), until: Some(at(9)) }),
            ]),
            rung: BTreeMap::from([(agent, 2), (other, 1)]),
            attempt: 3,
            answered_by: Some(other),
            ring_left_ms: 1_234,
            wait_left_ms: -5,
            apology_due: true,
            announced: true,
            is_answered: false,
            check_at: Steady(NOW + 21_000),
        }
    }

    /// A call in every state that a live call can be in.
    fn calls(&mut self) -> Vec<Call> {
        let mut states = vec![
            State::Ringing { until: Steady(NOW + 1) },
            State::Waiting { until: Steady(NOW + 2) },
            State::Talking(Talk {
                is_first: true,
                agent: self.id(UserId),
                since: at(5),
                leg_over_until: None,
                until: Steady(NOW + 9),
                device: None,
            }),
            State::Talking(Talk {
                is_first: false,
                agent: self.id(UserId),
                since: at(5),
                leg_over_until: Some(Steady(NOW + 3)),
                device: Some(self.id(OfferId)),
                until: Steady(NOW + 9),
            }),
        ];
        states.push(State::Dialling(Dialling {
            until: Steady(NOW + 1),
            ring_until: Steady(NOW + 2),
            deadline: Steady(NOW + 3),
            alone: true,
            picked_up: Some(self.id(UserId)),
            came_up: Some(self.id(OfferId)),
        }));
        let recording = Recording { id: format!("RE{:032x}", 5), seconds: 12 };
        let messages =
            [Message::NotYet, Message::Left { recording: recording.clone() }, Message::Keeping { recording }];
        for (slot, message) in
            [Slot::Unanswered, Slot::AfterHours, Slot::Unanswered].into_iter().zip(messages)
        {
            let look_at = Some(Steady(NOW + 4));
            let voicemail = VoicemailState {
                slot,
                greeted: true,
                message,
                silences: 1,
                caller_gone: true,
                look_at,
                looks: 2,
            };
            states.push(State::Voicemail(voicemail));
        }
        let deliveries = [
            Delivery::CuttingIn { since: Steady(NOW) },
            Delivery::Unknown { retry_at: Steady(NOW + 5) },
            Delivery::NextPoll,
            Delivery::Given { at: Steady(NOW + 6) },
            Delivery::Seen,
        ];
        let legs = [None, None, Some(Leg::Started), Some(Leg::Ringing), Some(Leg::Started)];
        for (delivery, leg) in deliveries.into_iter().zip(legs) {
            let agent = self.id(UserId);
            let offer = Offer {
                id: self.id(OfferId),
                agent,
                since: Steady(NOW),
                until: Steady(NOW + 7),
                at: at(8),
                by_device: false,
            };
            let deadline = Steady(NOW + 9);
            states.push(State::Connecting(Connecting {
                agent,
                offer,
                deadline,
                delivery,
                leg,
                presses_key: true,
                hung_up: false,
            }));
        }
        states.into_iter().map(|state| self.call(state)).collect()
    }
}

async fn open(place: &Place) -> (Folder, Writer, Reader) {
    let folder = place.folder();
    let (writer, reader) = store::open(&folder).await.unwrap();
    (folder, writer, reader)
}

fn event(document: &str) -> EventRow {
    EventRow { at: at(0), document: document.into() }
}

fn batch_of_one_event() -> Batch {
    Batch { events: vec![event("{}")], ..Batch::default() }
}

fn token(id: TokenId, user: Option<UserId>) -> Change {
    let sha256 = id.to_string();
    Change::Token(Token { id, name: "t".into(), role: Role::Agent, user, sha256, created_at: at(0) })
}

#[tokio::test]
async fn a_second_daemon_on_the_folder_is_refused() {
    let place = Place::new();
    let first = place.folder();
    let refused = Folder::open(place.directory.path()).unwrap_err().to_string();
    let expected =
        format!("another strowger is running on the data folder {}", place.directory.path().display());
    assert_eq!(refused, expected);
    drop(first);
    place.folder();
}

#[tokio::test]
async fn nobody_else_can_read_the_folder_or_the_database() {
    let place = Place::new();
    let (folder, _writer, _) = open(&place).await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&folder.database()), 0o600);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let place = Place::new();
    let (folder, writer, _) = open(&place).await;
    writer.stop(NOW).await.unwrap();
    let mut raw = place.raw().await;
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (999999, 'from the future', 1, x'00', 0)";
    sqlx::query(newer).execute(&mut raw).await.unwrap();
    let refused = store::open(&folder).await.unwrap_err().to_string();
    let expected = "the database has schema 999999, but this strowger knows only up to ";
    assert!(refused.starts_with(expected), "{refused}");
    let (epoch, stopped): (i64, Option<i64>) =
        sqlx::query_as("select epoch, stopped_ms from engine").fetch_one(&mut raw).await.unwrap();
    assert_eq!((epoch, stopped), (1, Some(NOW)));
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_and_a_copy_of_it_is_kept() {
    let place = Place::new();
    let first = tempfile::tempdir().unwrap();
    let name = "0001_start.sql";
    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    std::fs::copy(migrations.join(name), first.path().join(name)).unwrap();
    let options = SqliteConnectOptions::new().filename(place.folder().database()).create_if_missing(true);
    let mut old = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::migrate::Migrator::new(first.path()).await.unwrap().run(&mut old).await.unwrap();
    sqlx::raw_sql(
        "insert into events (batch, place, at_ms, document) values (1, 0, 1, '{}');
        insert into voicemails (call, recording, seconds, sha256, kept_ms) values ('c', 'r', 4, 's', 9);",
    )
    .execute(&mut old)
    .await
    .unwrap();
    old.close().await.unwrap();

    let (folder, _writer, _) = open(&place).await;
    assert_eq!((place.count("events").await, place.count("voicemails").await), (1, 1));
    let copy = folder.path().join("before-migration-1.db");
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let options = SqliteConnectOptions::new().filename(&copy).read_only(true);
    let mut copy = SqliteConnection::connect_with(&options).await.unwrap();
    let events: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&mut copy).await.unwrap();
    assert_eq!(events, 1);
}

#[tokio::test]
async fn without_a_migration_no_copy_is_made() {
    let place = Place::new();
    let (folder, writer, _) = open(&place).await;
    writer.stop(NOW).await.unwrap();
    let (writer, _) = store::open(&folder).await.unwrap();
    writer.stop(NOW).await.unwrap();
    let mut files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    assert!(files.all(|name| !name.to_string_lossy().starts_with("before-migration")));
}

#[tokio::test]
async fn each_start_raises_the_epoch_and_counts_batches_on() {
    let place = Place::new();
    let (folder, mut writer, _) = open(&place).await;
    assert_eq!((writer.epoch(), writer.last_batch()), (1, 0));
    writer.commit(&batch_of_one_event()).await.unwrap();
    writer.commit(&batch_of_one_event()).await.unwrap();
    drop(writer);
    let (writer, _) = store::open(&folder).await.unwrap();
    assert_eq!((writer.epoch(), writer.last_batch()), (2, 2));
}

#[tokio::test]
async fn a_writer_that_was_overtaken_commits_nothing() {
    let place = Place::new();
    let (folder, mut old, _) = open(&place).await;
    old.commit(&batch_of_one_event()).await.unwrap();
    let (mut new, _) = store::open(&folder).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(old.commit(&batch_of_one_event()).await, Err(NotCommitted::Fenced)));
    }
    assert_eq!(place.count("events").await, 1);
    new.commit(&batch_of_one_event()).await.unwrap();
    assert_eq!((new.last_batch(), place.count("events").await), (2, 2));
    assert!(matches!(old.commit(&batch_of_one_event()).await, Err(NotCommitted::Fenced)));
}

#[tokio::test]
async fn a_writer_that_was_overtaken_does_not_say_that_all_is_well() {
    let place = Place::new();
    let (folder, old, _) = open(&place).await;
    let (_new, _) = store::open(&folder).await.unwrap();
    let _ = old.stop(NOW).await;
    let stopped: Option<i64> =
        sqlx::query_scalar("select stopped_ms from engine").fetch_one(&mut place.raw().await).await.unwrap();
    assert_eq!(stopped, None);
}

#[tokio::test]
async fn a_commit_that_fails_leaves_nothing_and_the_next_one_goes_through() {
    let mut place = Place::new();
    let (_folder, mut writer, _) = open(&place).await;
    let twice = QuarantineRow { id: place.id(|id| id), at: at(0), error: "e".into(), document: "d".into() };
    let call = place.call(State::Ringing { until: Steady(NOW) });
    let bad = Batch {
        settings: vec![token(place.id(TokenId), None)],
        calls: [(call.id, Box::new(call))].into(),
        events: vec![event("{}")],
        quarantine: vec![twice.clone(), twice],
        ..Batch::default()
    };
    let Err(NotCommitted::Failed(error)) = writer.commit(&bad).await else { panic!("it went through") };
    assert!(error.as_database_error().unwrap().is_unique_violation(), "{error}");
    for table in ["tokens", "calls", "events", "quarantine"] {
        assert_eq!(place.count(table).await, 0, "{table}");
    }
    assert_eq!(writer.last_batch(), 0);
    let unknown_user =
        Batch { settings: vec![token(place.id(TokenId), Some(place.id(UserId)))], ..Batch::default() };
    assert!(matches!(writer.commit(&unknown_user).await, Err(NotCommitted::Failed(_))));
    writer.commit(&batch_of_one_event()).await.unwrap();
    assert_eq!((writer.last_batch(), place.count("events").await), (1, 1));
}

/// What became of a commit that was answered with an error is asked until it is known, and nothing is written before.
#[tokio::test]
async fn a_commit_of_which_nobody_knows_is_looked_for_until_the_store_can_be_read() {
    let mut place = Place::new();
    let (folder, mut writer, _) = open(&place).await;
    let (there, away) = (folder.database(), folder.path().join("away.db"));
    for is_in_after_all in [false, true] {
        let number = writer.last_batch() + 1;
        let twice =
            QuarantineRow { id: place.id(|id| id), at: at(0), error: "e".into(), document: "d".into() };
        let bad = Batch { quarantine: vec![twice.clone(), twice], ..Batch::default() };
        std::fs::rename(&there, &away).unwrap();
        assert!(matches!(writer.commit(&bad).await, Err(NotCommitted::InDoubt(_))));
        assert!(
            matches!(writer.commit(&batch_of_one_event()).await, Err(NotCommitted::Failed(_))),
            "untried"
        );
        assert!(matches!(writer.find_out(number).await, Err(NotCommitted::InDoubt(_))));
        assert!(!there.exists(), "an empty database must not take its place");
        std::fs::rename(&away, &there).unwrap();
        if is_in_after_all {
            let sql = "update engine set last_batch = last_batch + 1";
            sqlx::query(sql).execute(&mut place.raw().await).await.unwrap();
        }
        assert_eq!(writer.find_out(number).await.unwrap(), is_in_after_all);
        writer.commit(&batch_of_one_event()).await.unwrap();
        assert_eq!(writer.last_batch(), number + i64::from(is_in_after_all));
    }
    assert_eq!(place.count("events").await, 2);
}

#[tokio::test]
async fn a_commit_that_finds_the_database_locked_leaves_nothing_and_may_be_tried_again() {
    let place = Place::new();
    let (_folder, mut writer, _) = open(&place).await;
    let mut raw = place.raw().await;
    let lock = raw.begin_with("begin immediate").await.unwrap();
    assert!(matches!(writer.commit(&batch_of_one_event()).await, Err(NotCommitted::Failed(_))));
    drop(lock);
    raw.close().await.unwrap();
    writer.commit(&batch_of_one_event()).await.unwrap();
    assert_eq!((writer.last_batch(), place.count("events").await), (1, 1));
}

#[tokio::test]
async fn a_batch_may_be_large() {
    let mut place = Place::new();
    let (_folder, mut writer, reader) = open(&place).await;
    let mut batch = Batch::default();
    for number in 0..2_500 {
        let call = place.call(State::Ringing { until: Steady(NOW + number) });
        let offer = call.offers[0];
        batch.offers.insert(offer.id, OfferRow { offer, call: call.id, ended: None });
        let ticket = Ticket::open(call.ticket, TicketType::Calling, at(number));
        batch.tickets.insert(ticket.id, ticket);
        batch.calls.insert(call.id, Box::new(call));
    }
    let decided = place.call(State::Ringing { until: Steady(NOW) });
    for number in 0..12_000 {
        let job = Job::HangUp { call: decided.id, provider: "main".into(), provider_call_id: "CA".into() };
        let (id, due_at) = (place.id(JobId), at(number));
        let row = JobRow { id, job, due_at, tries: 0, sent_at: None, failed_at: None, error: None };
        batch.jobs.insert(id, row);
        batch.events.push(event(&format!("{{\"number\":{number}}}")));
        let event_key = format!("{number:064x}");
        let answer = AnswerRow { event_key, at: at(0), content_type: "text/xml".into(), body: "<a/>".into() };
        batch.answers.push(answer);
    }
    writer.commit(&batch).await.unwrap();
    assert_eq!(store::calls::live(writer.connection()).await.unwrap().0.len(), 2_500);
    assert_eq!(store::jobs::open(writer.connection()).await.unwrap().len(), 12_000);
    let ids: Vec<CallId> = batch.calls.keys().copied().collect();
    assert_eq!(reader.offers(&ids).await.unwrap().len(), 2_500);
    for (table, expected) in [("events", 12_000), ("answers", 12_000), ("tickets", 2_500)] {
        assert_eq!(place.count(table).await, expected, "{table}");
    }
    let over = Batch { jobs_over: batch.jobs.keys().copied().collect(), ..Batch::default() };
    writer.commit(&over).await.unwrap();
    assert_eq!(place.count("jobs").await, 0);
}

#[tokio::test]
async fn a_live_call_comes_back_as_it_was_in_every_state() {
    let mut place = Place::new();
    let (folder, mut writer, _) = open(&place).await;
    let calls = place.calls();
    let written = calls.iter().map(|call| (call.id, Box::new(call.clone()))).collect();
    writer.commit(&Batch { calls: written, ..Batch::default() }).await.unwrap();
    drop(writer);
    let (mut writer, reader) = store::open(&folder).await.unwrap();
    let (mut read, unreadable) = store::calls::live(writer.connection()).await.unwrap();
    read.sort_by_key(|call| call.id);
    assert_eq!((read, unreadable), (calls.clone(), vec![]));
    for call in &calls {
        let shown = reader.call(call.id).await.unwrap().unwrap();
        assert_eq!((shown.state.as_str(), shown.outcome), (call.state_name(), None));
        assert_eq!(shown.agent, call.agent().or(call.answered_by));
    }
}

#[tokio::test]
async fn an_ended_call_is_no_longer_live_but_its_name_is_remembered() {
    let mut place = Place::new();
    let (_folder, mut writer, reader) = open(&place).await;
    let mut call = place.call(State::Ringing { until: Steady(NOW) });
    for state in [call.state.clone(), State::Ended { outcome: Outcome::Abandoned, at: at(77) }] {
        call.state = state;
        let calls = [(call.id, Box::new(call.clone()))].into();
        writer.commit(&Batch { calls, ..Batch::default() }).await.unwrap();
    }
    assert_eq!(store::calls::live(writer.connection()).await.unwrap(), (vec![], vec![]));
    let names = store::calls::provider_call_ids(writer.connection()).await.unwrap();
    assert_eq!(names, [("main".to_owned(), call.provider_call_id.clone())]);
    let shown = reader.call(call.id).await.unwrap().unwrap();
    assert_eq!((shown.outcome.as_deref(), shown.ended_at), (Some("abandoned"), Some(at(77))));

    let (recording, sha256) = (format!("RE{:032x}", 1), "5".repeat(64));
    let kept = Voicemail { call: call.id, recording, seconds: 4, sha256, kept_at: at(99) };
    for _ in 0..2 {
        let voicemails = vec![kept.clone()];
        writer.commit(&Batch { voicemails, ..Batch::default() }).await.unwrap();
    }
    let shown = reader.call(call.id).await.unwrap().unwrap();
    assert_eq!(shown.outcome.as_deref(), Some("voicemail"));
    let second = Voicemail { recording: format!("RE{:032x}", 2), kept_at: at(100), ..kept.clone() };
    writer.commit(&Batch { voicemails: vec![second], ..Batch::default() }).await.unwrap();
    let read = reader.voicemails(&[call.id]).await.unwrap();
    let [read, _] = read.as_slice() else { panic!("a call keeps each of its messages: {read:?}") };
    assert_eq!(
        (&read.recording, read.seconds, &read.sha256, read.kept_at),
        (&kept.recording, 4, &kept.sha256, at(99))
    );
}

/// Rule 2: a call that cannot be loaded is parked, the others go on.
#[tokio::test]
async fn a_live_call_that_can_not_be_read_does_not_keep_the_others_from_being_read() {
    let mut place = Place::new();
    let (_folder, mut writer, _) = open(&place).await;
    let calls = place.calls();
    let written = calls.iter().map(|call| (call.id, Box::new(call.clone()))).collect();
    writer.commit(&Batch { calls: written, ..Batch::default() }).await.unwrap();
    let sql = "update calls set live = '{\"damaged\"' where id = $1";
    sqlx::query(sql).bind(calls[0].id.to_string()).execute(&mut place.raw().await).await.unwrap();
    let (mut read, unreadable) = store::calls::live(writer.connection()).await.unwrap();
    read.sort_by_key(|call| call.id);
    assert_eq!((read.as_slice(), unreadable), (&calls[1..], vec![calls[0].id]));
}

#[tokio::test]
async fn agents_cursors_tickets_and_answers_come_back_as_they_were() {
    let mut place = Place::new();
    let (_folder, mut writer, reader) = open(&place).await;
    let by_hand = [
        ByHand::Available,
        ByHand::Away { reason: None, until: None },
        ByHand::Away { reason: Some("a \"b\" ü".into()), until: Some(at(5)) },
    ];
    let agents: Vec<AgentRow> = by_hand
        .into_iter()
        .zip([(0, None, true, Some(Steady(NOW))), (3, Some(at(1)), false, None), (2, None, false, None)])
        .map(|(by_hand, (misses, idle_since, connected, wraps_up_until))| AgentRow {
            agent: place.id(UserId),
            by_hand,
            misses,
            misses_told_at: (misses > 2).then(|| at(4)),
            idle_since,
            connected,
            wraps_up_until,
        })
        .collect();
    let (channel, cursor) = (place.id(ChannelId), Cursor { user: place.id(UserId), position: 4 });
    let mut ticket = Ticket::open(place.id(TicketId), TicketType::Messages, at(0));
    ticket.assign(place.id(UserId), at(1));
    (ticket.call, ticket.channel, ticket.team) =
        (Some(place.id(CallId)), Some(channel), Some(place.id(TeamId)));
    ticket.set_status(Status::Closed, at(2), &strowger::routing::zone::Zone::utc());
    let answers = vec![AnswerRow {
        event_key: "0f".repeat(32),
        at: at(3),
        content_type: "text/xml".into(),
        body: "<Response>ü</Response>".into(),
    }];
    let batch = Batch {
        agents: agents.iter().map(|row| (row.agent, row.clone())).collect(),
        cursors: [(channel, cursor)].into(),
        tickets: [(ticket.id, ticket.clone())].into(),
        answers,
        ..Batch::default()
    };
    writer.commit(&batch).await.unwrap();

    let mut read = store::agents::all(writer.connection()).await.unwrap();
    read.sort_by_key(|row| row.agent);
    assert_eq!(read, agents);
    assert_eq!(store::cursors::all(writer.connection()).await.unwrap(), [(channel, cursor)]);
    assert_eq!(store::tickets::one(writer.connection(), ticket.id).await.unwrap(), Some(ticket));
    let reply = Reply { content_type: "text/xml".into(), body: "<Response>ü</Response>".into() };
    assert_eq!(store::answers::since(writer.connection(), at(3)).await.unwrap(), [([0x0f; 32], reply)]);
    assert_eq!(store::answers::since(writer.connection(), at(4)).await.unwrap(), []);
    let answer = reader.answer(&"0f".repeat(32)).await.unwrap();
    assert_eq!(answer, Some(("text/xml".into(), "<Response>ü</Response>".into())));
}

#[tokio::test]
async fn answers_are_kept_for_seven_days_and_the_first_one_stands() {
    let mut place = Place::new();
    let (_folder, mut writer, reader) = open(&place).await;
    let _ = place.id(CallId);
    for body in ["first", "second"] {
        let content_type = "text/xml".into();
        let answer = AnswerRow { event_key: "aa".repeat(32), at: at(0), content_type, body: body.into() };
        writer.commit(&Batch { answers: vec![answer], ..Batch::default() }).await.unwrap();
    }
    let week = store::answers::KEPT_FOR;
    for (now, left) in [(at(0) + week, true), (at(1) + week, false)] {
        store::answers::prune(writer.connection(), now).await.unwrap();
        let kept = reader.answer(&"aa".repeat(32)).await.unwrap().map(|(_, body)| body);
        assert_eq!(kept, left.then(|| "first".to_owned()));
    }
}

#[tokio::test]
async fn a_job_comes_back_until_it_is_done_or_given_up() {
    let mut place = Place::new();
    let (_folder, mut writer, _) = open(&place).await;
    let (call, channel, ticket) = (place.id(CallId), place.id(ChannelId), place.id(TicketId));
    let (provider, provider_call_id) = (String::from("main"), String::from("CA1"));
    let recording = Recording { id: "RE1".into(), seconds: 3 };
    let jobs = [
        Job::CutIn {
            call,
            channel,
            provider: provider.clone(),
            provider_call_id: provider_call_id.clone(),
            attempt: 2,
        },
        Job::HangUp { call, provider: provider.clone(), provider_call_id: provider_call_id.clone() },
        Job::KeepRecording {
            call,
            ticket,
            provider: provider.clone(),
            provider_call_id,
            recording: recording.clone(),
        },
        Job::DeleteRecording { provider, recording },
    ];
    let rows: Vec<JobRow> = jobs
        .into_iter()
        .map(|job| JobRow {
            id: place.id(JobId),
            job,
            due_at: at(1),
            tries: 0,
            sent_at: Some(at(2)),
            failed_at: None,
            error: None,
        })
        .collect();
    let [cut_in, hang_up, keep, delete] = [rows[0].id, rows[1].id, rows[2].id, rows[3].id];
    let written = rows.iter().map(|row| (row.id, row.clone())).collect();
    writer.commit(&Batch { jobs: written, ..Batch::default() }).await.unwrap();
    let tried = |id, tries, failed_at| Tried { id, due_at: at(50), tries, failed_at, error: "404".into() };
    let batch = Batch {
        jobs_tried: vec![tried(keep, 4, None), tried(delete, 9, Some(at(60)))],
        jobs_over: vec![cut_in],
        ..Batch::default()
    };
    writer.commit(&batch).await.unwrap();
    let mut read = store::jobs::open(writer.connection()).await.unwrap();
    read.sort_by_key(|row| row.id);
    let seen: Vec<_> =
        read.iter().map(|row| (row.id, row.job.clone(), row.due_at, row.tries, row.sent_at)).collect();
    let expected = [
        (hang_up, rows[1].job.clone(), at(1), 0, Some(at(2))),
        (keep, rows[2].job.clone(), at(50), 4, Some(at(2))),
    ];
    assert_eq!(seen, expected);
    assert_eq!(place.count("jobs").await, 3, "what was given up stays to be looked at");
}

#[tokio::test]
async fn an_offer_keeps_the_moment_it_was_made_at() {
    let mut place = Place::new();
    let (_folder, mut writer, reader) = open(&place).await;
    let call = place.call(State::Ringing { until: Steady(NOW) });
    let offer = call.offers[0];
    for ended in [None, Some((Cause::Won, at(10))), Some((Cause::ConnectionFailed, at(20)))] {
        let offers = [(offer.id, OfferRow { offer, call: call.id, ended })].into();
        writer.commit(&Batch { offers, ..Batch::default() }).await.unwrap();
        let read = reader.offers(&[call.id]).await.unwrap();
        let [(of, shown)] = read.as_slice() else { panic!("{read:?}") };
        assert_eq!((*of, shown.offer_id, shown.agent, shown.at), (call.id, offer.id, offer.agent, at(3)));
        assert_eq!(shown.ended_at, ended.map(|(_, at)| at));
        let expected = match ended {
            None => ("open", None),
            Some((Cause::Won, _)) => ("won", Some("won")),
            Some((cause, _)) => ("ended", Some(cause.name())),
        };
        assert_eq!((shown.state, shown.cause.as_deref()), expected);
    }
}

/// The daemon reads its settings at every start, and whenever a commit failed. What was once accepted must load.
#[test]
fn settings_that_were_accepted_one_after_the_other_can_be_loaded_again() {
    let mut ids = Ids::new(3);
    let config =
        "[providers.main]\nkind = \"twilio\"\naccount_sid = \"AC00000000000000000000000000000000\"\n";
    let config = Config::read(Some(config), std::iter::empty()).unwrap();
    let ground = strowger::ground(&config, at(0)).unwrap();
    let (user, team, channel) = (UserId(ids.next(NOW)), TeamId(ids.next(NOW)), ChannelId(ids.next(NOW)));
    let ann = |seats: &[&str]| {
        Change::User(
            user,
            json!({ "name": "Ann", "email": "ann@example.org", "role": "agent", "seats": seats }),
        )
    };
    let changes = [
        ann(&["service"]),
        Change::Team(team, json!({ "name": "Support", "main": [user] })),
        Change::Channel(
            channel,
            json!({
                "kind": "calling", "name": "Support", "provider": "main", "number": "+431",
                "routing": { "users": [user], "teams": [team] },
            }),
        ),
        ann(&[]),
        Change::DeleteTeam(team),
    ];
    let mut settings = Settings::default();
    let mut stored: Vec<Change> = Vec::new();
    for change in changes {
        let (next, change) = match settings.with(change.clone(), &ground) {
            Ok(accepted) => accepted,
            // To refuse it is fine too.
            Err(_) => continue,
        };
        settings = next;
        match &change {
            Change::DeleteTeam(_) => stored.retain(|stored| !matches!(stored, Change::Team(..))),
            Change::User(..) => {
                stored.retain(|stored| !matches!(stored, Change::User(..)));
                stored.insert(0, change);
            }
            _ => stored.push(change),
        }
        if let Err(wrong) = Settings::load(stored.clone(), &ground) {
            let (bad, refused) = *wrong;
            panic!("the daemon would not start any more: {bad:?}: {refused:?}");
        }
    }
}

/// As much as makes the write-ahead log longer than a megabyte.
fn much() -> Batch {
    let events = (0..3_000).map(|_| event(&format!("\"{}\"", "x".repeat(500)))).collect();
    Batch { events, ..Batch::default() }
}

#[tokio::test]
async fn after_an_unclean_stop_a_damaged_database_is_refused() {
    let place = Place::new();
    let (folder, mut writer, reader) = open(&place).await;
    writer.commit(&much()).await.unwrap();
    writer.checkpoint().await.unwrap();
    let sql = "select rootpage, (select * from pragma_page_size) from sqlite_master where name = 'events'";
    let (page, size): (u64, u64) = {
        let (page, size): (i64, i64) = sqlx::query_as(sql).fetch_one(&mut place.raw().await).await.unwrap();
        (page.try_into().unwrap(), size.try_into().unwrap())
    };
    // Nobody stops it; its connections end, as in a crash.
    drop((writer, reader));
    let file = std::fs::File::options().write(true).open(folder.database()).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 64], (page - 1) * size).unwrap();
    let refused = format!("{:#}", store::open(&folder).await.unwrap_err());
    assert!(refused.contains("the database is damaged"), "{refused}");
}

#[tokio::test]
async fn a_long_write_ahead_log_is_cut_as_soon_as_nobody_reads_from_it() {
    let place = Place::new();
    let (folder, mut writer, _) = open(&place).await;
    let log = folder.path().join("strowger.db-wal");
    let length = || std::fs::metadata(&log).unwrap().len();
    let mut reading = place.raw().await;
    sqlx::raw_sql("begin; select count(*) from events").execute(&mut reading).await.unwrap();
    writer.commit(&much()).await.unwrap();
    assert_eq!(writer.log_bytes(), length());
    let long = length();
    assert!(long > 1 << 20, "{long} bytes");
    writer.cut_log(long).await.unwrap();
    assert_eq!(length(), long, "it is not too long");
    writer.cut_log(long - 1).await.unwrap();
    assert_eq!(length(), long, "somebody reads from it");
    reading.close().await.unwrap();
    writer.cut_log(long - 1).await.unwrap();
    assert_eq!(length(), 0);
    assert_eq!(place.count("events").await, 3_000);
}
