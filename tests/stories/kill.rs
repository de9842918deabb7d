//! The daemon is killed in every state of a call and started again on the same folder: the call goes on, once.
//!
//! While it is away, callers' requests wait at a gate, as they would in the kernel behind a service manager's socket.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use crate::desk::{Agent, Channel, Desk, PATIENCE, PUBLIC_URL, Softphone, Wishes, causes};
use serde_json::{Value, json};
use sqlx::Connection;
use std::{collections::BTreeMap, time::Duration};
use strowger::providers::simulator::{
    Behaviour, Caller, Delivery, Event, Message, Phone, Purpose, Rest, Story,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

/// A clip of ring tone lasts more than a second, so that requests are seldom under way when the daemon dies.
const PACE: f64 = 4.0;
const SPEAKS: Behaviour = Behaviour { patience: None, message: Message::Seconds(8.0) };

/// Where callers' requests arrive. They wait here while the daemon is away.
struct Gate {
    address: String,
    daemon: watch::Sender<Option<String>>,
    /// How many requests are on their way through it.
    passing: watch::Sender<usize>,
}

impl Gate {
    async fn build() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let daemon = watch::Sender::new(None);
        let passing = watch::Sender::new(0);
        let (watched, counted) = (daemon.subscribe(), passing.clone());
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(let_through(caller, watched.clone(), counted.clone()));
            }
        });
        Self { address, daemon, passing }
    }

    fn open(&self, address: &str) {
        self.daemon.send_replace(address.strip_prefix("http://").map(str::to_owned));
    }

    fn close(&self) {
        self.daemon.send_replace(None);
    }

    /// Closes it and waits until those that were let in have their answers.
    async fn close_gently(&self) {
        self.close();
        let empty = async { self.passing.subscribe().wait_for(|passing| *passing == 0).await.map(|_| ()) };
        wait(empty, "a request is never answered").await.unwrap();
    }
}

async fn let_through(
    mut caller: TcpStream,
    mut daemon: watch::Receiver<Option<String>>,
    passing: watch::Sender<usize>,
) {
    let Ok(address) = daemon.wait_for(Option::is_some).await.map(|address| address.clone()) else { return };
    let Some(address) = address else { return };
    passing.send_modify(|passing| *passing += 1);
    if let Ok(mut daemon) = TcpStream::connect(address).await {
        let _ = copy_bidirectional(&mut caller, &mut daemon).await;
    }
    passing.send_modify(|passing| *passing -= 1);
}

/// A desk behind a gate.
struct Scene {
    desk: Desk,
    gate: Gate,
}

impl Scene {
    async fn set(calls: &str) -> Self {
        let config = format!("[calls]\n{calls}\n");
        let desk = Desk::open_with(Wishes { pace: PACE, config, ..Wishes::default() }).await;
        let gate = Gate::build().await;
        let scene = Self { desk, gate };
        scene.connect();
        scene
    }

    fn connect(&self) {
        self.gate.open(&self.desk.api.address);
        self.desk.company.forward(PUBLIC_URL, &self.gate.address);
    }

    /// Between two requests: what the telephone company does with one that dies is another story.
    async fn kill(&mut self) {
        self.gate.close_gently().await;
        self.desk.kill();
    }

    async fn start(&mut self) {
        self.desk.start().await;
        self.connect();
    }

    async fn kill_and_start(&mut self) {
        self.kill().await;
        self.start().await;
    }

    /// A softphone that connects, and how it is greeted.
    async fn softphone(&self, agent: &Agent) -> (Softphone, Value) {
        let mut softphone = Softphone::connect(&self.desk.api.address, &agent.token).await;
        let welcome = softphone.next("welcome").await;
        (softphone, welcome)
    }

    /// A number that nobody answers, with a greeting of so many line seconds.
    async fn unattended(&self, greeting_seconds: usize) -> Channel {
        let text = "a".repeat(15 * greeting_seconds.max(1));
        let greetings = json!({ "unanswered": { "text": text, "language": "en-US" } });
        self.desk.channel_with(json!({ "greetings": greetings })).await
    }

    /// The message of `seconds` is kept, once, and nothing is left of it at the telephone company.
    async fn check_message(&self, caller: &Caller, seconds: u32) {
        let kept = |call: &Value| call["voicemail"]["seconds"] == seconds && call["outcome"] == "voicemail";
        let call = self.desk.call_when(caller.sid(), "has its message", kept).await;
        let id = call["id"].as_str().unwrap();
        let api = &self.desk.api;
        let request = api.client.get(format!("{}/api/v1/calls/{id}/voicemail", api.address));
        let answer = request.bearer_auth(&api.token).timeout(PATIENCE).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.bytes().await.unwrap().starts_with(b"RIFF"), "the message is no sound");
        assert_eq!(self.desk.number("select count(*) from voicemails").await, Some(1));
        assert_eq!(std::fs::read_dir(self.desk.data().join("voicemail")).unwrap().count(), 1);
        let deleted = |record: &strowger::providers::simulator::Record| {
            record.recordings.len() == 1 && record.recordings[0].is_deleted
        };
        self.desk.company_when("loses the recording that is kept here", deleted).await;
        let ticket = self.desk.ticket_of(&call).await;
        assert_eq!((&ticket["owner"], &ticket["open"]), (&Value::Null, &json!(true)));
    }

    /// Caller and agent talk, over the only leg that ever came up.
    async fn check_talk(&self, caller: &Caller) {
        assert!(wait(caller.talking(), "they never talk").await, "{:#?}", caller.story());
        let story = caller.story();
        let answered: Vec<_> = story.legs.iter().filter(|leg| leg.was_answered).collect();
        assert_eq!(answered.len(), 1, "more than one leg came up: {story:#?}");
    }
}

async fn wait<T>(what: impl Future<Output = T>, otherwise: &str) -> T {
    timeout(PATIENCE, what).await.unwrap_or_else(|_| panic!("{otherwise}"))
}

/// Waits until the telephone company's view of the call is as wished.
async fn until(caller: &Caller, what: &str, wished: impl FnMut(&Story) -> bool) -> Story {
    wait(caller.until(wished), &format!("the call never {what}")).await
}

async fn greeted(caller: &Caller) {
    until(caller, "is greeted", |story| story.events.iter().any(|e| matches!(e, Event::Said { .. }))).await;
}

fn fetched_connection(story: &Story) -> bool {
    story.webhooks_for(Purpose::CutIn).count() > 0
}

fn offers(welcome: &Value) -> Vec<&str> {
    welcome["offers"].as_array().unwrap().iter().map(|offer| offer["offer_id"].as_str().unwrap()).collect()
}

/// The id and the state of the agent's own call.
fn call_in(welcome: &Value) -> (&Value, &Value) {
    (&welcome["call"]["call_id"], &welcome["call"]["state"])
}

fn id_of(frame: &Value) -> &str {
    frame["offer_id"].as_str().unwrap()
}

// Ringing and waiting

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rings_goes_on_with_the_same_offers() {
    let mut scene = Scene::set("ring_seconds = 60").await;
    let [ann, ben] = scene.desk.agents(["Ann", "Ben"]).await;
    let channel = scene.desk.channel(&[&ann, &ben]).await;
    let (mut phone_a, _) = scene.softphone(&ann).await;
    let (mut phone_b, _) = scene.softphone(&ben).await;
    let caller = scene.desk.call(&channel);
    let (to_ann, to_ben) = (phone_a.next("offer").await, phone_b.next("offer").await);
    let before = scene.desk.call_of(caller.sid()).await.unwrap();

    scene.kill_and_start().await;
    let (mut phone_a, welcome_a) = scene.softphone(&ann).await;
    let (mut phone_b, welcome_b) = scene.softphone(&ben).await;
    assert_eq!(offers(&welcome_a), [id_of(&to_ann)]);
    assert_eq!(offers(&welcome_b), [id_of(&to_ben)]);
    assert_eq!(welcome_a["offers"][0]["call_id"], to_ann["call_id"]);
    let after = scene.desk.call_of(caller.sid()).await.unwrap();
    assert_eq!(after, before, "the call is not what it was");

    phone_b.accept(&to_ben);
    phone_b.next("offer_won").await;
    let ended = phone_a.next("offer_ended").await;
    assert_eq!((&ended["offer_id"], &ended["cause"]), (&to_ann["offer_id"], &json!("taken")));
    scene.check_talk(&caller).await;
    phone_b.call_is("talking").await;
    phone_b.hang_up(&to_ben);
    let (call, _) = scene.desk.over(&caller).await;
    assert_eq!((&call["outcome"], &call["agent"]), (&json!("answered"), &json!(ben.id)));
    let expected = BTreeMap::from([(ann.id, vec!["taken".into()]), (ben.id, vec!["won".into()])]);
    assert_eq!(causes(&call), expected);
    scene.desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_who_is_not_back_in_five_seconds_loses_the_offer() {
    let mut scene = Scene::set("ring_seconds = 60").await;
    let [ann, ben] = scene.desk.agents(["Ann", "Ben"]).await;
    let channel = scene.desk.channel(&[&ann, &ben]).await;
    let (mut phone_a, _) = scene.softphone(&ann).await;
    let (mut phone_b, _) = scene.softphone(&ben).await;
    let caller = scene.desk.call(&channel);
    let to_ben = phone_b.next("offer").await;
    phone_a.next("offer").await;
    scene.kill_and_start().await;
    sleep(Duration::from_millis(2_500)).await;
    let (phone_b, welcome) = scene.softphone(&ben).await;
    assert_eq!(offers(&welcome), [id_of(&to_ben)]);
    let lost = |call: &Value| causes(call).get(&ann.id).is_some_and(|causes| causes == &["withdrawn"]);
    let call = scene.desk.call_when(caller.sid(), "is withdrawn from Ann", lost).await;
    assert_eq!(causes(&call)[&ben.id], ["open"]);
    phone_b.accept(&to_ben);
    scene.check_talk(&caller).await;
    caller.hang_up();
    scene.desk.over(&caller).await;
    scene.desk.check_books_but(&["11200", "11205", "cannot be played"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_in_line_keeps_its_place() {
    let mut scene = Scene::set("ring_seconds = 60\nwait_seconds = 60").await;
    let ann = scene.desk.agent("Ann").await;
    let channel = scene.desk.channel(&[&ann]).await;
    let (mut phone, _) = scene.softphone(&ann).await;
    let talker = scene.desk.call(&channel);
    let won = phone.take().await;
    phone.call_is("talking").await;
    let first = scene.desk.call(&channel);
    scene.desk.call_when(first.sid(), "waits", |call| call["state"] == "waiting").await;
    let second = scene.desk.call(&channel);
    scene.desk.call_when(second.sid(), "waits", |call| call["state"] == "waiting").await;

    scene.kill_and_start().await;
    let (mut phone, welcome) = scene.softphone(&ann).await;
    assert_eq!(call_in(&welcome), (&won["call_id"], &json!("talking")));
    assert_eq!(offers(&welcome), Vec::<&str>::new());
    for waiting in [&first, &second] {
        assert_eq!(scene.desk.call_of(waiting.sid()).await.unwrap()["state"], "waiting");
    }
    phone.hang_up(&won);
    scene.desk.over(&talker).await;
    let offer = phone.next("offer").await;
    let oldest = scene.desk.call_of(first.sid()).await.unwrap();
    assert_eq!(offer["call_id"], oldest["id"]);
    phone.accept(&offer);
    scene.check_talk(&first).await;
    first.hang_up();
    second.hang_up();
    for caller in [&first, &second] {
        scene.desk.over(caller).await;
    }
    scene.desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_away_counts_as_time_to_ring() {
    tokio::join!(is_unanswered_in_time(0.5, 3.0), is_unanswered_in_time(0.5, 4.5));
}

/// A call that may ring for 4 s rings for some, then the daemon is away. Were that not counted, it would ring on for 3.5 s.
async fn is_unanswered_in_time(rings_seconds: f64, away_seconds: f64) {
    let mut scene = Scene::set("ring_seconds = 4").await;
    let ann = scene.desk.agent("Ann").await;
    let channel = scene.desk.channel(&[&ann]).await;
    let (mut phone, _) = scene.softphone(&ann).await;
    let caller = scene.desk.call_with(&channel, SPEAKS);
    phone.next("offer").await;
    sleep(Duration::from_secs_f64(rings_seconds)).await;
    scene.kill().await;
    sleep(Duration::from_secs_f64(away_seconds)).await;
    scene.start().await;
    let (_phone, _) = scene.softphone(&ann).await;
    let call = scene.desk.call_when(caller.sid(), "is unanswered", |call| call["state"] == "voicemail").await;
    let why = scene.desk.api.get(&format!("calls/{}/why", call["id"].as_str().unwrap())).await;
    let made = why["decisions"].as_array().unwrap().iter().find(|made| made["action"] == "unanswered");
    let made = made.unwrap();
    assert_eq!(made["reasons"][0]["code"], "ring_time_over");
    let at = |value: &Value| value.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let rang_ms = (at(&made["at"]) - at(&call["arrived_at"])).num_milliseconds();
    let earliest_ms = (1000.0 * f64::max(4.0, rings_seconds + away_seconds)) as i64;
    assert!((earliest_ms..earliest_ms + 3_000).contains(&rang_ms), "it rang for {rang_ms} ms");
    scene.desk.over(&caller).await;
    scene.check_message(&caller, 8).await;
    scene.desk.check_books().await;
}

// Connecting

/// A desk where Ann has accepted a call. Her telephone rings for so many real seconds.
async fn accepted(
    rings_seconds: f64,
    before: impl FnOnce(&Scene),
) -> (Scene, Agent, Softphone, Caller, Value) {
    let scene = Scene::set("ring_seconds = 60\nconnect_seconds = 30").await;
    let ann = scene.desk.agent("Ann").await;
    scene.desk.company.phone(&ann.phone, Phone::Answers { after_seconds: rings_seconds * PACE });
    let channel = scene.desk.channel(&[&ann]).await;
    let (mut phone, _) = scene.softphone(&ann).await;
    let caller = scene.desk.call(&channel);
    let offer = phone.next("offer").await;
    until(&caller, "is answered", |story| story.events.iter().any(|e| matches!(e, Event::Answered))).await;
    before(&scene);
    phone.accept(&offer);
    let won = phone.next("offer_won").await;
    (scene, ann, phone, caller, won)
}

/// Whatever happened before, the call now connects, once, and ends well.
async fn connects_once(scene: &Scene, ann: &Agent, caller: &Caller, won: &Value) {
    let (phone, welcome) = scene.softphone(ann).await;
    assert_eq!(welcome["call"]["call_id"], won["call_id"]);
    scene.check_talk(caller).await;
    scene.desk.call_when(caller.sid(), "is talking", |call| call["state"] == "talking").await;
    // They still talk after anything that might disturb them had its time.
    sleep(Duration::from_secs(3)).await;
    scene.check_talk(caller).await;
    phone.hang_up(won);
    let (call, _) = scene.desk.over(caller).await;
    assert_eq!((&call["outcome"], &call["agent"]), (&json!("answered"), &json!(ann.id)));
    assert_eq!(causes(&call), BTreeMap::from([(ann.id.clone(), vec!["won".into()])]));
    let ticket = scene.desk.ticket_of(&call).await;
    assert_eq!(ticket["owner"], json!(ann.id));
    scene.desk.check_books_but(&["11200"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_in_that_was_not_made_yet_is_made_after_the_restart() {
    let (mut scene, ann, _phone, caller, won) =
        accepted(0.5, |scene| scene.desk.company.faults(|faults| faults.rest = Rest::Down)).await;
    scene.desk.company_when("is asked to cut in", |record| !record.requests.is_empty()).await;
    scene.kill().await;
    assert!(!fetched_connection(&caller.story()));
    scene.desk.company.faults(|faults| faults.rest = Rest::Works);
    scene.start().await;
    connects_once(&scene, &ann, &caller, &won).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leg_that_rings_is_left_alone() {
    let (mut scene, ann, _phone, caller, won) = accepted(3.0, |_| ()).await;
    until(&caller, "dials", |story| !story.legs.is_empty()).await;
    scene.kill_and_start().await;
    connects_once(&scene, &ann, &caller, &won).await;
    assert_eq!(caller.story().legs.len(), 1);
}

/// The redirect was carried out, but neither its answer nor the request that it led to reached the daemon.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_in_of_which_nothing_was_heard_connects_once() {
    let (mut scene, ann, _phone, caller, won) = accepted(3.0, |scene| {
        scene.gate.close();
        scene.desk.company.faults(|faults| faults.next_rest = Some(Rest::Slow(PATIENCE)));
    })
    .await;
    until(&caller, "is cut in", |story| story.events.iter().any(|e| matches!(e, Event::CutIn))).await;
    scene.kill_and_start().await;
    connects_once(&scene, &ann, &caller, &won).await;
    assert_eq!(caller.story().legs.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leg_that_came_up_while_the_daemon_was_away_is_a_talk() {
    let (mut scene, ann, _phone, caller, won) = accepted(1.0, |_| ()).await;
    until(&caller, "dials", |story| !story.legs.is_empty()).await;
    scene.kill().await;
    assert!(wait(caller.talking(), "they never talk").await);
    scene.start().await;
    connects_once(&scene, &ann, &caller, &won).await;
}

// Talking

#[tokio::test(flavor = "multi_thread")]
async fn a_talk_goes_on_and_ends_whoever_hangs_up() {
    for agent_hangs_up in [true, false] {
        let (mut scene, ann, mut phone, caller, won) = accepted(0.5, |_| ()).await;
        phone.call_is("talking").await;
        scene.kill_and_start().await;
        let (phone, welcome) = scene.softphone(&ann).await;
        assert_eq!(call_in(&welcome), (&won["call_id"], &json!("talking")));
        assert!(caller.story().is_talking());
        if agent_hangs_up {
            phone.hang_up(&won)
        } else {
            caller.hang_up()
        }
        let (call, story) = scene.desk.over(&caller).await;
        assert_eq!((&call["outcome"], &call["agent"]), (&json!("answered"), &json!(ann.id)));
        assert_eq!(story.legs.len(), 1);
        scene.desk.check_books().await;
    }
}

/// The agent hung up, and the daemon died before the telephone company could be told.
#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_that_was_not_made_yet_is_made_after_the_restart() {
    let (mut scene, _ann, mut phone, caller, won) = accepted(0.5, |_| ()).await;
    phone.call_is("talking").await;
    scene.desk.company.faults(|faults| faults.rest = Rest::Down);
    phone.hang_up(&won);
    scene.desk.call_when(caller.sid(), "ends", |call| call["state"] == "ended").await;
    scene.kill().await;
    assert!(caller.story().is_talking());
    scene.desk.company.faults(|faults| faults.rest = Rest::Works);
    scene.start().await;
    let (_, story) = scene.desk.over(&caller).await;
    assert_eq!(story.ending, Some(strowger::providers::simulator::Ending::EndedByRest));
    scene.desk.check_books().await;
    let left = "select count(*) from jobs";
    wait(
        async {
            while scene.desk.number(left).await != Some(0) {
                sleep(Duration::from_millis(50)).await
            }
        },
        "a job is left",
    )
    .await;
}

// Voicemail

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_is_being_greeted_leaves_a_message() {
    let mut scene = Scene::set("ring_seconds = 4").await;
    let channel = scene.unattended(12).await;
    let caller = scene.desk.call_with(&channel, SPEAKS);
    greeted(&caller).await;
    scene.kill_and_start().await;
    assert!(!caller.story().events.iter().any(|event| matches!(event, Event::Recorded { .. })));
    scene.desk.over(&caller).await;
    scene.check_message(&caller, 8).await;
    scene.desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_being_spoken_is_kept_whole() {
    let mut scene = Scene::set("ring_seconds = 4").await;
    let channel = scene.unattended(0).await;
    let message = Message::Seconds(20.0);
    let caller = scene.desk.call_with(&channel, Behaviour { message, ..SPEAKS });
    greeted(&caller).await;
    sleep(Duration::from_millis(500)).await;
    scene.kill_and_start().await;
    assert!(!caller.story().events.iter().any(|event| matches!(event, Event::Recorded { .. })));
    scene.desk.over(&caller).await;
    scene.check_message(&caller, 20).await;
    scene.desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_left_but_not_announced_is_kept() {
    let mut scene = Scene::set("ring_seconds = 4").await;
    scene.desk.company.faults(|faults| faults.recording_callbacks = Delivery::Late(Duration::from_secs(3)));
    let channel = scene.unattended(0).await;
    let caller = scene.desk.call_with(&channel, SPEAKS);
    until(&caller, "has a message", |story| story.webhooks_for(Purpose::RecordAction).count() == 1).await;
    scene.kill_and_start().await;
    assert_eq!(scene.desk.call_of(caller.sid()).await.unwrap()["voicemail"], Value::Null);
    scene.desk.over(&caller).await;
    scene.check_message(&caller, 8).await;
    scene.desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_being_fetched_is_kept() {
    let mut scene = Scene::set("ring_seconds = 4").await;
    scene.desk.company.faults(|faults| faults.recordings_missing = 1);
    let channel = scene.unattended(0).await;
    let caller = scene.desk.call_with(&channel, SPEAKS);
    let asked = |record: &strowger::providers::simulator::Record| {
        record.requests.iter().any(|request| request.target.ends_with(".wav") && request.answer == Some(404))
    };
    scene.desk.company_when("is asked for the sound", asked).await;
    scene.kill_and_start().await;
    scene.desk.over(&caller).await;
    scene.check_message(&caller, 8).await;
    scene.desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_announced_after_the_call_ended_is_still_kept() {
    let mut scene = Scene::set("ring_seconds = 4").await;
    scene.desk.company.faults(|faults| faults.recording_callbacks = Delivery::Never);
    let channel = scene.unattended(0).await;
    let caller = scene.desk.call_with(&channel, Behaviour { message: Message::HangsUpAfter(8.0), ..SPEAKS });
    let story = wait(caller.ended(), "the caller never hangs up").await;
    let recording = scene.desk.company.record().recordings[0].sid.clone();
    let id = scene.desk.call_of(caller.sid()).await.unwrap()["id"].as_str().unwrap().to_owned();
    let hook = channel.hook(&format!("c/{id}/message-status"));
    let common = [("CallSid", story.sid.as_str()), ("RecordingSid", recording.as_str())];
    let absent = [&common[..], &[("RecordingStatus", "absent")]].concat();
    assert_eq!(scene.desk.post_hook(&hook, &absent).await.0, 200);
    let (call, _) = scene.desk.over(&caller).await;
    assert_eq!((&call["outcome"], &call["voicemail"]), (&json!("abandoned"), &Value::Null));

    scene.desk.company.faults(|faults| faults.recordings_missing = 1);
    let there = [&common[..], &[("RecordingStatus", "completed"), ("RecordingDuration", "8")]].concat();
    let answer = scene.desk.post_hook(&hook, &there).await;
    assert_eq!(answer.0, 200);
    scene.kill_and_start().await;
    assert_eq!(scene.desk.post_hook(&hook, &there).await, answer);
    scene.check_message(&caller, 8).await;
    scene.desk.check_books().await;
    assert_eq!(scene.desk.number("select count(*) from jobs").await, Some(0), "it is fetched once");
}

/// The sound is fetched, and then it can't be recorded that it is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_deleted_there_only_once_it_is_recorded_here() {
    let mut scene = Scene::set("ring_seconds = 4").await;
    let poison = "create trigger poison before insert on voicemails begin select raise(abort, 'poison'); end";
    sqlx::query(poison).execute(&mut scene.desk.store().await).await.unwrap();
    let channel = scene.unattended(0).await;
    let caller = scene.desk.call_with(&channel, SPEAKS);
    let refused = async {
        while scene.desk.number("select count(*) from quarantine").await == Some(0) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    wait(refused, "keeping the message never fails").await;
    let there = |record: &strowger::providers::simulator::Record| {
        assert!(!record.recordings[0].is_deleted, "nothing else holds the message");
        record.recordings[0].fetches == 1
    };
    scene.desk.company_when("is asked for the sound", there).await;
    scene.kill().await;
    assert!(!scene.desk.company.record().recordings[0].is_deleted);
    sqlx::query("drop trigger poison").execute(&mut scene.desk.store().await).await.unwrap();
    scene.start().await;
    scene.desk.over(&caller).await;
    scene.check_message(&caller, 8).await;
    assert_eq!(scene.desk.company.record().recordings[0].fetches, 2, "the sound was fetched again");
    scene.desk.check_books().await;
}

// What was missed

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_ended_while_the_daemon_was_away_are_found_out() {
    let (mut scene, ann, mut phone_a, talker, _) = accepted(0.5, |_| ()).await;
    phone_a.call_is("talking").await;
    let ben = scene.desk.agent("Ben").await;
    let channel = scene.desk.channel(&[&ben]).await;
    let (mut phone_b, _) = scene.softphone(&ben).await;
    let ringer = scene.desk.call(&channel);
    phone_b.next("offer").await;
    until(&ringer, "is answered", |story| story.events.iter().any(|e| matches!(e, Event::Answered))).await;

    scene.kill().await;
    scene.desk.company.forward(PUBLIC_URL, "http://127.0.0.1:1");
    talker.hang_up();
    ringer.hang_up();
    for caller in [&talker, &ringer] {
        wait(caller.ended(), "the caller does not hang up").await;
    }
    scene.start().await;
    let (_phone_a, _) = scene.softphone(&ann).await;
    let (mut phone_b, welcome) = scene.softphone(&ben).await;
    let offer = welcome["offers"][0].clone();
    let ended = timeout(Duration::from_secs(30), phone_b.next("offer_ended"));
    let first = ended.await;
    let ended = match first {
        Ok(ended) => ended,
        Err(_) => panic!("nobody finds out that the caller is gone"),
    };
    assert_eq!((&ended["offer_id"], &ended["cause"]), (&offer["offer_id"], &json!("caller_hung_up")));
    let (call, _) = scene.desk.over(&ringer).await;
    assert_eq!(call["outcome"], "abandoned");
    let (call, _) = scene.desk.over(&talker).await;
    assert_eq!(call["outcome"], "answered");
    scene.desk.check_books_but(&["11205", "11200"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_comes_again_after_a_restart_is_answered_with_the_same_bytes() {
    let (mut scene, ann, mut phone, caller, won) = accepted(0.5, |_| ()).await;
    phone.call_is("talking").await;
    for hangs_up in [true, false] {
        if !hangs_up {
            let (phone, _) = scene.softphone(&ann).await;
            phone.hang_up(&won);
            scene.desk.over(&caller).await;
        }
        let before = scene.desk.call_of(caller.sid()).await;
        scene.kill_and_start().await;
        let story = caller.story();
        let mut seen = 0;
        for webhook in story.webhooks() {
            let Ok(answer) = &webhook.answer else { continue };
            // A first webhook of a call that is over gets a hang-up: its answer would hold a caller who is gone.
            if !hangs_up && webhook.url.ends_with("/voice") {
                continue;
            }
            let params: Vec<_> =
                webhook.params.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let again = scene.desk.post_hook(&webhook.url, &params).await;
            assert_eq!(again, (answer.status, answer.body.clone()), "{}", webhook.url);
            seen += 1;
        }
        assert!(seen >= 5, "only {seen} webhooks");
        assert_eq!(scene.desk.call_of(caller.sid()).await, before);
    }
    assert_eq!(caller.story().legs.len(), 1);
    scene.desk.check_books().await;
}

// Stopping

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_told_to_stop_leaves_its_calls_as_they_are() {
    let (mut scene, ann, mut phone_a, talker, won) = accepted(0.5, |_| ()).await;
    phone_a.call_is("talking").await;
    let ben = scene.desk.agent("Ben").await;
    let channel = scene.desk.channel(&[&ben]).await;
    let (mut phone_b, _) = scene.softphone(&ben).await;
    let ringer = scene.desk.call(&channel);
    let offer = phone_b.next("offer").await;
    let unattended = scene.unattended(12).await;
    let speaker = scene.desk.call_with(&unattended, SPEAKS);
    greeted(&speaker).await;

    scene.gate.close_gently().await;
    scene.desk.stop().await;
    phone_a.closed().await;
    assert!(scene.desk.number("select stopped_ms from engine").await.is_some(), "it was no clean stop");
    scene.start().await;
    assert_eq!(scene.desk.number("select stopped_ms from engine").await, None);
    let (phone_a, welcome) = scene.softphone(&ann).await;
    assert_eq!(call_in(&welcome), (&won["call_id"], &json!("talking")));
    let (mut phone_b, welcome) = scene.softphone(&ben).await;
    assert_eq!(offers(&welcome), [id_of(&offer)]);
    phone_b.accept(&offer);
    phone_b.next("offer_won").await;
    scene.check_talk(&ringer).await;
    phone_a.hang_up(&won);
    ringer.hang_up();
    for caller in [&talker, &ringer, &speaker] {
        scene.desk.over(caller).await;
    }
    scene.check_message(&speaker, 8).await;
    scene.desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_was_overtaken_says_nothing_more_and_ends() {
    let scene = Scene::set("ring_seconds = 4").await;
    let channel = scene.unattended(0).await;
    let raise = "update engine set epoch = epoch + 1";
    sqlx::query(raise).execute(&mut scene.desk.store().await).await.unwrap();
    let params = arrival("CA00000000000000000000000000000001", "+4366", &channel);
    let (status, body) = scene.desk.post_hook(&channel.hook("voice"), &pairs(&params)).await;
    assert_eq!(status, 200);
    assert!(body.contains("/held/1"), "the caller is not held: {body}");
    let ended = async {
        while !scene.desk.log().contains("another strowger has taken over") {
            sleep(Duration::from_millis(20)).await;
        }
        while TcpStream::connect(scene.desk.api.address.trim_start_matches("http://")).await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    wait(ended, "the daemon does not end").await;
    assert_eq!(scene.desk.number("select count(*) from calls").await, Some(0));
}

async fn ready(desk: &Desk) -> String {
    let request = desk.api.client.get(format!("{}/readyz", desk.api.address)).timeout(PATIENCE);
    request.bearer_auth(&desk.api.token).send().await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_run_dialled_is_ours_and_what_a_newer_one_dialled_is_not() {
    let (mut scene, ann, mut phone, caller, _) = accepted(0.5, |_| ()).await;
    phone.call_is("talking").await;
    let dialled_in = scene.desk.number("select epoch from engine").await.unwrap();
    scene.kill_and_start().await;
    let epoch = scene.desk.number("select epoch from engine").await.unwrap();
    assert!(epoch > dialled_in);
    let (_phone, welcome) = scene.softphone(&ann).await;
    assert_eq!(welcome["epoch"], epoch);

    let call = scene.desk.call_of(caller.sid()).await.unwrap();
    let hooks = format!("{PUBLIC_URL}/hooks/main/{}", call["channel"].as_str().unwrap());
    let hook =
        |epoch: i64, rest: &str| format!("{hooks}/e/{epoch}/c/{}/{rest}/1", call["id"].as_str().unwrap());
    let over = [("CallSid", caller.sid()), ("CallStatus", "in-progress"), ("DialCallStatus", "failed")];
    let leg = [("CallSid", caller.sid()), ("ParentCallSid", caller.sid()), ("CallStatus", "completed")];
    let (status, body) = scene.desk.post_hook(&hook(epoch + 90, "over"), &over).await;
    assert!(status == 200 && body.contains("<Record ") && body.contains("/message-done"), "{body}");
    let (status, body) = scene.desk.post_hook(&hook(epoch + 90, "leg"), &leg).await;
    assert!(status == 200 && body.ends_with("<Response></Response>"), "{body}");
    let (status, _) = scene.desk.post_hook_signed(&hook(epoch + 900, "over"), &over, Some("forged")).await;
    assert_eq!(status, 403);
    let ready = ready(&scene.desk).await;
    assert!(ready.contains(&format!("a newer run ({}, and this is {epoch})", epoch + 90)), "{ready}");
    assert_eq!(scene.desk.call_of(caller.sid()).await.unwrap()["state"], "talking", "nothing was decided");

    scene.desk.company.hang_up_phone(&ann.phone);
    scene.desk.call_when(caller.sid(), "goes on without Ann", |call| call["state"] != "talking").await;
    let told = until(&caller, "says that the dial is over", |story| {
        story.webhooks_for(Purpose::DialAction).count() == 1
    })
    .await;
    let told: Vec<&str> =
        told.webhooks_for(Purpose::DialAction).map(|webhook| webhook.url.as_str()).collect();
    assert_eq!(told, [hook(dialled_in, "over")]);
    // Nobody else is there, and the caller says nothing when asked for a message.
    scene.desk.over(&caller).await;
    scene.desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_a_newer_run_has_an_overtaken_daemon_end() {
    let (scene, _ann, mut phone, caller, won) = accepted(0.5, |_| ()).await;
    phone.call_is("talking").await;
    let newer = "update engine set epoch = epoch + 1 returning epoch";
    let newer = scene.desk.number(newer).await.unwrap();
    let channel = scene.desk.call_of(caller.sid()).await.unwrap()["channel"].as_str().unwrap().to_owned();
    let leg =
        format!("{PUBLIC_URL}/hooks/main/{channel}/e/{newer}/c/{}/leg/1", won["call_id"].as_str().unwrap());
    let params = [("CallSid", caller.sid()), ("ParentCallSid", caller.sid()), ("CallStatus", "completed")];
    assert_eq!(scene.desk.post_hook(&leg, &params).await.0, 200);
    let ended = async {
        while !scene.desk.log().contains("another strowger has taken over") {
            sleep(Duration::from_millis(20)).await;
        }
    };
    wait(ended, "the daemon does not end").await;
    caller.hang_up();
}

// What is counted

/// Somebody writes tickets behind the daemon's back.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_counted_wrong_is_found_told_and_repaired() {
    let mut scene = Scene::set("ring_seconds = 4\n[data]\nrecount_seconds = 1").await;
    let ann = scene.desk.agent("Ann").await;
    let channel = scene.desk.channel(&[&ann]).await;
    let caller = scene.desk.call(&channel);
    let (call, _) = scene.desk.over(&caller).await;
    let ticket = call["ticket"].as_str().unwrap();
    scene.desk.api.patch(&format!("tickets/{ticket}"), json!({ "owner": ann.id })).await;
    assert_eq!(load(&scene.desk, &channel).await, 1);
    let double = "insert into tickets (id, type, status, owner, created_ms, assigned_ms, touched_ms)
        select $1, type, status, owner, created_ms, assigned_ms, touched_ms from tickets where owner is not null limit 1";
    let double = sqlx::query(double).bind("0".repeat(31) + "1");
    double.execute(&mut scene.desk.store().await).await.unwrap();
    found(&scene.desk, &channel, 2, 1).await;
    sqlx::query("update tickets set owner = null").execute(&mut scene.desk.store().await).await.unwrap();
    found(&scene.desk, &channel, 0, 2).await;

    scene.kill().await;
    sqlx::query("update tickets set owner = $1")
        .bind(&ann.id)
        .execute(&mut scene.desk.store().await)
        .await
        .unwrap();
    scene.start().await;
    assert_eq!(load(&scene.desk, &channel).await, 2, "a start counts anew");
    assert_eq!(differences(&scene.desk).await, 0, "which is no difference");
}

/// What counts as Ann's, who is alone on the channel.
async fn load(desk: &Desk, channel: &Channel) -> u64 {
    let preview = desk.api.post("preview", json!({ "channel": channel.id })).await;
    preview["candidates"][0]["load"].as_u64().unwrap()
}

async fn differences(desk: &Desk) -> u64 {
    let request = desk.api.client.get(format!("{}/metrics", desk.api.address)).bearer_auth(&desk.api.token);
    let metrics = request.timeout(PATIENCE).send().await.unwrap().text().await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("strowger_load_differences_total "));
    line.expect("a metric").parse().unwrap()
}

async fn found(desk: &Desk, channel: &Channel, count: u64, differences_until_now: u64) {
    let repaired = async {
        while load(desk, channel).await != count {
            sleep(Duration::from_millis(50)).await;
        }
    };
    wait(repaired, "the count stays wrong").await;
    assert_eq!(differences(desk).await, differences_until_now);
    assert!(desk.log().contains("the load in memory was wrong and is repaired"));
}

// What is bad

fn arrival(sid: &str, from: &str, channel: &Channel) -> Vec<(&'static str, String)> {
    let pairs = [("CallSid", sid), ("From", from), ("To", &channel.number), ("CallStatus", "ringing")];
    pairs.map(|(key, value)| (key, value.to_owned())).to_vec()
}

fn pairs<'a>(params: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    params.iter().map(|(key, value)| (*key, value.as_str())).collect()
}

/// Rule 2. The poison is a rule in the database that only one caller breaks.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_can_not_be_recorded_is_put_aside_and_the_others_of_its_batch_go_on() {
    let once = "create unique index poison on calls (caller) where caller = '+4399'";
    let never = "create trigger poison before insert on calls when new.caller = '+4399'
        begin select raise(abort, 'poison'); end";
    for (poison, goes_in) in [(once, 1), (never, 0)] {
        let mut scene = Scene::set("ring_seconds = 60").await;
        let ann = scene.desk.agent("Ann").await;
        let channel = scene.desk.channel(&[&ann]).await;
        let (mut phone, _) = scene.softphone(&ann).await;
        sqlx::query(poison).execute(&mut scene.desk.store().await).await.unwrap();
        let calls: Vec<_> = ["+4301", "+4399", "+4399", "+4302", "+4303"]
            .into_iter()
            .enumerate()
            .map(|(number, from)| arrival(&format!("CA{number:032x}"), from, &channel))
            .collect();

        // While the database is locked, the first one waits for it and the others wait for that one.
        let mut raw = scene.desk.store().await;
        let lock = raw.begin_with("begin immediate").await.unwrap();
        let hook = channel.hook("voice");
        let pairs: Vec<_> = calls.iter().map(|params| pairs(params)).collect();
        let posts = async {
            let posts = pairs.iter().map(|params| scene.desk.post_hook(&hook, params));
            futures_util::future::join_all(posts).await
        };
        let unlock = async {
            sleep(Duration::from_millis(400)).await;
            lock.rollback().await.unwrap();
        };
        let (answers, ()) = tokio::join!(posts, unlock);
        let held = answers.iter().filter(|(_, body)| body.contains("/held/1")).count();
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        assert_eq!(held, 2 - goes_in, "{answers:?}");
        for good in [0, 3, 4] {
            assert!(answers[good].1.contains("/wait/1"), "{:?}", answers[good]);
        }
        assert_eq!(scene.desk.number("select count(*) from calls").await, Some(3 + goes_in as i64));
        let quarantined: Vec<(String, String)> = sqlx::query_as("select error, document from quarantine")
            .fetch_all(&mut scene.desk.store().await)
            .await
            .unwrap();
        assert_eq!(quarantined.len(), 2 - goes_in);
        assert!(quarantined.iter().all(|(_, document)| document.contains("+4399")), "{quarantined:?}");

        // The engine lives, and remembers what it committed only.
        for _ in 0..3 + goes_in {
            phone.next("offer").await;
        }
        scene.kill_and_start().await;
        let (_phone, welcome) = scene.softphone(&ann).await;
        assert_eq!(offers(&welcome).len(), 3 + goes_in);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_can_not_be_read_is_left_out_and_the_others_go_on() {
    let mut scene = Scene::set("ring_seconds = 60").await;
    let ann = scene.desk.agent("Ann").await;
    let channel = scene.desk.channel(&[&ann]).await;
    let (mut phone, _) = scene.softphone(&ann).await;
    let damaged = scene.desk.call(&channel);
    phone.next("offer").await;
    let sound = scene.desk.call(&channel);
    let offer = phone.next("offer").await;
    scene.kill().await;
    let sql = "update calls set live = '{}' where provider_call_id = $1";
    sqlx::query(sql).bind(damaged.sid()).execute(&mut scene.desk.store().await).await.unwrap();
    scene.start().await;
    let (mut phone, welcome) = scene.softphone(&ann).await;
    assert_eq!(offers(&welcome), [id_of(&offer)]);
    phone.accept(&offer);
    phone.next("offer_won").await;
    scene.check_talk(&sound).await;
    sound.hang_up();
    scene.desk.over(&sound).await;
}

/// In a build that checks arithmetic, one look more than fits breaks the switchboard, at each event anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_breaks_the_switchboard_is_put_aside_and_the_others_go_on() {
    let mut scene = Scene::set("ring_seconds = 1").await;
    let ann = scene.desk.agent("Ann").await;
    let channel = scene.unattended(20).await;
    let broken = scene.desk.call(&channel);
    scene.desk.call_when(broken.sid(), "takes a message", |call| call["state"] == "voicemail").await;
    scene.kill().await;
    let sql = "update calls set live = json_set(live, '$.state.looks', 4294967295, '$.state.look_at', 1)";
    sqlx::query(sql).execute(&mut scene.desk.store().await).await.unwrap();
    scene.start().await;
    let channel = scene.desk.channel(&[&ann]).await;
    let (mut phone, _) = scene.softphone(&ann).await;
    let sound = scene.desk.call(&channel);
    let offer = phone.next("offer").await;
    phone.accept(&offer);
    phone.next("offer_won").await;
    scene.check_talk(&sound).await;
    sound.hang_up();
    scene.desk.over(&sound).await;
    let left: String = sqlx::query_scalar("select state from calls where live is not null")
        .fetch_one(&mut scene.desk.store().await)
        .await
        .unwrap();
    assert_eq!(left, "voicemail", "it is still there for somebody to look at");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_were_accepted_do_not_keep_the_daemon_from_starting() {
    let mut scene = Scene::set("ring_seconds = 60").await;
    let [ann, ben] = scene.desk.agents(["Ann", "Ben"]).await;
    let team = scene.desk.team("Support", &[&ben], &[]).await;
    let routing = json!({ "users": [ann.id, ben.id], "teams": [team] });
    let channel = scene.desk.channel_with(json!({ "routing": routing })).await;
    scene.desk.api.patch(&format!("users/{}", ben.id), json!({ "seats": [] })).await;
    // To refuse it is fine too.
    scene.desk.api.ask(reqwest::Method::DELETE, &format!("teams/{team}"), None).await;
    scene.kill_and_start().await;
    let (mut phone, _) = scene.softphone(&ann).await;
    let caller = scene.desk.call(&channel);
    phone.next("offer").await;
    caller.hang_up();
    scene.desk.over(&caller).await;
}

/// A socket that came and went while the engine was busy is not there.
#[tokio::test(flavor = "multi_thread")]
async fn a_softphone_that_came_and_went_in_one_breath_is_not_rung() {
    let scene = Scene::set("ring_seconds = 60").await;
    let ann = scene.desk.agent("Ann").await;
    let channel = scene.desk.channel(&[&ann]).await;
    let mut raw = scene.desk.store().await;
    let lock = raw.begin_with("begin immediate").await.unwrap();
    let busy = arrival("CA00000000000000000000000000000001", "+4366", &channel);
    let (hook, busy) = (channel.hook("voice"), pairs(&busy));
    let post = scene.desk.post_hook(&hook, &busy);
    let flicker = async {
        sleep(Duration::from_millis(150)).await;
        drop(Softphone::connect(&scene.desk.api.address, &ann.token).await);
        sleep(Duration::from_millis(300)).await;
        lock.rollback().await.unwrap();
    };
    tokio::join!(post, flicker);
    sleep(Duration::from_millis(5_500)).await;
    let caller = scene.desk.call(&channel);
    let call =
        scene.desk.call_when(caller.sid(), "gets a voicemail", |call| call["state"] == "voicemail").await;
    assert_eq!(call["offers"], json!([]));
    caller.hang_up();
}
