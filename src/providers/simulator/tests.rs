use super::*;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use std::{collections::HashMap, collections::VecDeque, time::Duration};
use tokio::{net::TcpListener, time::timeout};

const TOKEN: &str = "12345";
const PACE: f64 = 100.0;

/// What the application was asked: the path and the form.
#[derive(Debug, Clone)]
struct Asked {
    path: String,
    form: HashMap<String, String>,
    token: String,
}

/// A tiny application: answers each path with its documents in turn, the last one for ever.
#[derive(Debug, Default)]
struct Pages {
    documents: HashMap<String, VecDeque<String>>,
    asked: Vec<Asked>,
    refused: u32,
}

struct World {
    simulator: Simulator,
    base: String,
    pages: Arc<Mutex<Pages>>,
}

async fn serve_page(
    State((pages, base)): State<(Arc<Mutex<Pages>>, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    if uri.path() == "/clip.wav" {
        return ([("content-type", "audio/wav")], sound::tone(5.0, 0.0).unwrap()).into_response();
    }
    if uri.path().ends_with(".wav") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let form: HashMap<_, _> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut pages = pages.lock().unwrap();
    let pairs = form.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    if headers["x-twilio-signature"] != webhook::sign(TOKEN, &format!("{base}{uri}"), pairs).as_str() {
        pages.refused += 1;
        return StatusCode::FORBIDDEN.into_response();
    }
    let path = uri.path().to_owned();
    let token = headers["i-twilio-idempotency-token"].to_str().unwrap().to_owned();
    pages.asked.push(Asked { path: path.clone(), form, token });
    let Some(documents) = pages.documents.get_mut(&path) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let document = if documents.len() > 1 { documents.pop_front().unwrap() } else { documents[0].clone() };
    match document.parse::<u16>() {
        Ok(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Err(_) => ([("content-type", "text/xml; charset=utf-8")], document).into_response(),
    }
}

impl World {
    /// `documents` are pairs of a path and what is in the `Response`.
    async fn with(documents: &[(&str, &str)]) -> Self {
        let account = Account { sid: format!("AC{:032x}", 1), auth_token: TOKEN.to_owned() };
        let simulator = Simulator::start(account, PACE).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let pages = Arc::new(Mutex::new(Pages::default()));
        let app = Router::new().fallback(serve_page).with_state((pages.clone(), base.clone()));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let world = Self { simulator, base, pages };
        documents.iter().for_each(|(path, document)| world.page(path, document));
        world
    }

    fn page(&self, path: &str, document: &str) {
        let page = match document.parse::<u16>() {
            Ok(_) => document.to_owned(),
            Err(_) => format!("<?xml version=\"1.0\"?><Response>{document}</Response>"),
        };
        self.pages.lock().unwrap().documents.entry(path.to_owned()).or_default().push_back(page);
    }

    fn call(&self, behaviour: Behaviour) -> Caller {
        self.simulator.place(Incoming {
            from: "+4312345".to_owned(),
            to: "+431999".to_owned(),
            voice_url: format!("{}/voice", self.base),
            status_url: Some(format!("{}/status", self.base)),
            fallback_url: Some(format!("{}/fallback", self.base)),
            behaviour,
        })
    }

    async fn story(&self, behaviour: Behaviour) -> Story {
        ended(&self.call(behaviour)).await
    }

    fn asked(&self, path: &str) -> Vec<Asked> {
        let pages = self.pages.lock().unwrap();
        assert_eq!(pages.refused, 0, "a signature did not match");
        pages.asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }

    fn form(&self, path: &str) -> HashMap<String, String> {
        let asked = self.asked(path);
        assert_eq!(asked.len(), 1, "{path} was asked {} times", asked.len());
        asked[0].form.clone()
    }

    async fn rest(&self, method: &str, path: &str, form: &[(&str, &str)]) -> (u16, serde_json::Value) {
        let answer = self.try_rest(method, path, form).await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn try_rest(
        &self,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> reqwest::Result<reqwest::Response> {
        let account = &self.simulator.company.account;
        let url = format!("{}/2010-04-01/Accounts/{}/{path}", self.simulator.address(), account.sid);
        let request = self.simulator.company.http.request(method.parse().unwrap(), url);
        request.basic_auth(&account.sid, Some(TOKEN)).form(form).send().await
    }

    async fn redirect(&self, caller: &Caller, path: &str) -> u16 {
        let url = format!("{}{path}", self.base);
        self.rest("POST", &format!("Calls/{}.json", caller.sid()), &[("Url", &url), ("Method", "POST")])
            .await
            .0
    }
}

async fn ended(caller: &Caller) -> Story {
    timeout(Duration::from_secs(10), caller.ended()).await.expect("the call does not end")
}

async fn playing(caller: &Caller) {
    let plays = |story: &Story| story.events.iter().any(|event| matches!(event, Event::Played { .. }));
    caller.until(plays).await;
}

fn stays() -> Behaviour {
    Behaviour::default()
}

fn says(message: Message) -> Behaviour {
    Behaviour { message, ..stays() }
}

fn statuses(asked: &[Asked]) -> Vec<&str> {
    asked.iter().map(|asked| asked.form["CallStatus"].as_str()).collect()
}

const HOLD: &str = r#"<Play>/clip.wav</Play><Redirect method="POST">/wait</Redirect>"#;
const DIAL: &str = r#"<Dial action="/over" timeout="15" answerOnBridge="true" callerId="+431999"><Client
    statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed"><Identity>alice</Identity>
    <Parameter name="offer" value="a&amp;b"/></Client></Dial>"#;
const RECORD: &str = r##"<Say>Please speak.</Say><Record action="/done" maxLength="180" timeout="10" finishOnKey="#"
    recordingStatusCallback="/recording" recordingStatusCallbackEvent="completed absent"/><Redirect>/empty</Redirect>"##;
const ALL: [&str; 4] = ["initiated", "ringing", "in-progress", "completed"];

#[test]
fn signs_as_twilio_does() {
    let sign = |params: &[(&'static str, &'static str)]| {
        webhook::sign(TOKEN, "https://mycompany.com/myapp.php?foo=1&bar=2", params.iter().copied())
    };
    let known = [
        ("To", "+18005551212"),
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("Caller", "+14158675309"),
        ("From", "+14158675309"),
    ];
    assert_eq!(sign(&known), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    let doubled = [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
        ("Digits", "1234"),
    ];
    assert_eq!(sign(&doubled), "IK+Dwps556ElfBT0I3Rgjkr1wJU=");
}

#[tokio::test]
async fn a_held_caller_asks_again_and_the_clip_is_fetched_once() {
    let world = World::with(&[("/voice", HOLD), ("/wait", HOLD), ("/wait", "<Hangup/>")]).await;
    let story = world.story(stays()).await;
    assert_eq!(story.ending, Some(Ending::HungUp));
    assert_eq!(story.problems().collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(world.asked("/wait").len(), 2);
    assert_eq!(statuses(&world.asked("/voice")), ["ringing"]);
    assert_eq!(statuses(&world.asked("/wait")), ["in-progress"; 2]);
    assert_eq!(
        world.simulator.record().media,
        [Media { url: format!("{}/clip.wav", world.base), seconds: Some(5.0) }]
    );
    let status = world.form("/status");
    assert_eq!(status["CallStatus"], "completed");
    assert!((9..=20).contains(&status["CallDuration"].parse::<u32>().unwrap()));
}

#[tokio::test]
async fn a_clip_that_cannot_be_had_is_noticed() {
    let world = World::with(&[("/voice", "<Play>/nothing.wav</Play>")]).await;
    let story = world.story(stays()).await;
    assert_eq!(story.ending, Some(Ending::DocumentOver));
    assert_eq!(story.problems().count(), 1);
}

#[tokio::test]
async fn a_refused_call_is_not_answered() {
    let world = World::with(&[("/voice", r#"<Reject reason="busy"/>"#)]).await;
    let story = world.story(stays()).await;
    assert_eq!((story.ending, story.status), (Some(Ending::Rejected), Status::Busy));
    assert!(!story.events.iter().any(|event| matches!(event, Event::Answered)));
    assert_eq!(world.form("/status")["CallStatus"], "busy");
}

#[tokio::test]
async fn an_agent_answers_talks_and_hangs_up() {
    let world = World::with(&[("/voice", DIAL), ("/over", "<Hangup/>")]).await;
    world.simulator.phone("alice", Phone::HangsUpAfter { answer_after_seconds: 1.0, talk_seconds: 20.0 });
    let story = world.story(stays()).await;
    let over = world.form("/over");
    assert_eq!((&*over["DialCallStatus"], &*over["DialBridged"]), ("completed", "true"));
    assert_eq!(over["DialCallSid"], story.legs[0].sid);
    assert!((15..=30).contains(&over["DialCallDuration"].parse::<u32>().unwrap()));
    assert_eq!(over["CallStatus"], "in-progress");
    let legs = world.asked("/leg");
    assert_eq!(statuses(&legs), ALL);
    for (number, leg) in legs.iter().enumerate() {
        assert_eq!(leg.form["SequenceNumber"], number.to_string());
        assert_eq!(leg.form["ParentCallSid"], story.sid);
        assert_eq!(leg.form["CallSid"], story.legs[0].sid);
        assert_eq!((&*leg.form["From"], &*leg.form["To"]), ("+431999", "client:alice"));
    }
    assert_eq!(story.legs[0].parameters, [("offer".to_owned(), "a&b".to_owned())]);
    assert!(story.legs[0].was_answered);
    assert_eq!(world.simulator.record().live_legs().count(), 0);
}

#[tokio::test]
async fn legs_that_do_not_answer_say_why() {
    for (phone, status, told) in [
        (Phone::Busy { after_seconds: 1.0 }, "busy", 3),
        (Phone::NoAnswer, "no-answer", 3),
        (Phone::Unregistered, "failed", 2),
    ] {
        let world = World::with(&[("/voice", DIAL), ("/over", "<Hangup/>")]).await;
        world.simulator.phone("alice", phone);
        let story = world.story(stays()).await;
        let over = world.form("/over");
        assert_eq!((&*over["DialCallStatus"], &*over["DialBridged"]), (status, "false"));
        assert!(!over.contains_key("DialCallDuration"));
        assert_eq!(over["CallStatus"], "ringing", "answerOnBridge does not answer");
        let legs = world.asked("/leg");
        assert_eq!((legs.len(), statuses(&legs)[told - 1]), (told, status));
        assert!(!story.legs[0].was_answered);
    }
}

#[tokio::test]
async fn the_first_of_several_to_answer_wins() {
    let targets = "<Dial action=\"/over\"><Client>alice</Client><Sip>sip:bob@example.org?X-Offer=7</Sip>\
                   <Number>+436641</Number></Dial>";
    let world = World::with(&[("/voice", targets), ("/over", "<Hangup/>")]).await;
    world.simulator.phone("alice", Phone::NoAnswer);
    world
        .simulator
        .phone("sip:bob@example.org", Phone::HangsUpAfter { answer_after_seconds: 3.0, talk_seconds: 5.0 });
    world.simulator.phone("+436641", Phone::Busy { after_seconds: 1.0 });
    let story = world.story(stays()).await;
    let statuses: Vec<_> = story.legs.iter().map(|leg| leg.status).collect();
    assert_eq!(statuses, [Status::Canceled, Status::Completed, Status::Busy]);
    assert_eq!(story.legs[1].parameters, [("X-Offer".to_owned(), "7".to_owned())]);
    assert_eq!(world.form("/over")["DialCallSid"], story.legs[1].sid);
}

#[tokio::test]
async fn a_redirect_cuts_into_a_clip() {
    let world = World::with(&[("/voice", HOLD), ("/connect", "<Hangup/>")]).await;
    let caller = world.call(stays());
    playing(&caller).await;
    assert_eq!(world.redirect(&caller, "/connect").await, 200);
    let story = ended(&caller).await;
    assert_eq!(world.asked("/connect").len(), 1);
    assert_eq!(world.asked("/wait").len(), 0);
    assert!(story.seconds < 10);
    assert_eq!(story.webhooks_for(Purpose::CutIn).count(), 1);
}

#[tokio::test]
async fn a_redirect_cuts_into_ringing_and_talking_without_an_action() {
    for (phone, status) in
        [(Phone::NoAnswer, "canceled"), (Phone::Answers { after_seconds: 0.1 }, "completed")]
    {
        let dial = DIAL.replace("answerOnBridge=\"true\"", "");
        let world = World::with(&[("/voice", &dial), ("/connect", "<Hangup/>")]).await;
        world.simulator.phone("alice", phone);
        let caller = world.call(stays());
        let wished = if status == "completed" { Status::InProgress } else { Status::Ringing };
        caller.until(|story| story.legs.iter().any(|leg| leg.status == wished)).await;
        assert_eq!(world.redirect(&caller, "/connect").await, 200);
        ended(&caller).await;
        assert_eq!(statuses(&world.asked("/leg")).last(), Some(&status));
        assert_eq!(world.asked("/over").len(), 0);
        assert_eq!(world.asked("/connect").len(), 1);
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_the_leg_and_the_action_is_told() {
    let world = World::with(&[("/voice", DIAL), ("/over", HOLD)]).await;
    let caller = world.call(stays());
    assert!(caller.talking().await);
    caller.hang_up();
    let story = ended(&caller).await;
    assert_eq!(story.ending, Some(Ending::CallerHungUp));
    let over = world.form("/over");
    assert_eq!((&*over["CallStatus"], &*over["DialCallStatus"]), ("completed", "completed"));
    assert_eq!(statuses(&world.asked("/leg")), ALL);
    assert_eq!(world.asked("/wait").len(), 0);
}

#[tokio::test]
async fn the_agents_side_breaks() {
    let world = World::with(&[("/voice", DIAL), ("/over", "<Hangup/>")]).await;
    let caller = world.call(stays());
    assert!(caller.talking().await);
    assert!(world.simulator.hang_up_phone("alice"));
    ended(&caller).await;
    assert_eq!(world.form("/over")["DialCallStatus"], "completed");
    assert!(!world.simulator.hang_up_phone("alice"));
}

#[tokio::test]
async fn a_message_is_left_fetched_and_deleted() {
    let world = World::with(&[("/voice", RECORD), ("/done", "<Hangup/>")]).await;
    let story = world.story(says(Message::Seconds(7.0))).await;
    let done = world.form("/done");
    assert_eq!((&*done["RecordingDuration"], &*done["Digits"]), ("7", "#"));
    let told = world.form("/recording");
    assert_eq!((&*told["RecordingStatus"], &told["RecordingSid"]), ("completed", &done["RecordingSid"]));
    assert!(!told.contains_key("From") && !told.contains_key("CallStatus"));
    let sid = &done["RecordingSid"];
    let url = format!("{}/2010-04-01/Accounts/AC{:032x}/Recordings/{sid}", world.simulator.address(), 1);
    assert_eq!(done["RecordingUrl"], url);
    let sound =
        world.try_rest("GET", &format!("Recordings/{sid}.wav"), &[]).await.unwrap().bytes().await.unwrap();
    assert_eq!(sound::seconds(&sound), Some(7.0));
    let (_, list) = world.rest("GET", &format!("Calls/{}/Recordings.json", story.sid), &[]).await;
    assert_eq!(list["recordings"][0]["sid"], **sid);
    assert_eq!(world.rest("DELETE", &format!("Recordings/{sid}.json"), &[]).await.0, 204);
    assert_eq!(world.rest("GET", &format!("Recordings/{sid}.json"), &[]).await.0, 404);
}

#[tokio::test]
async fn an_empty_recording_has_no_action() {
    let world = World::with(&[("/voice", RECORD), ("/done", "<Hangup/>"), ("/empty", "<Hangup/>")]).await;
    world.story(stays()).await;
    assert_eq!(world.asked("/done").len(), 0);
    assert_eq!(world.asked("/empty").len(), 1);
    let told = world.form("/recording");
    assert_eq!((&*told["RecordingStatus"], told.get("RecordingUrl")), ("absent", None));
}

#[tokio::test]
async fn callers_hang_up_around_the_beep() {
    for (message, done) in [
        (Message::HangsUpAfter(3.0), Some("hangup")),
        (Message::HangsUpAfter(0.0), None),
        (Message::HangsUpInGreeting, None),
    ] {
        let world = World::with(&[("/voice", RECORD)]).await;
        let story = world.story(says(message)).await;
        assert_eq!(story.ending, Some(Ending::CallerHungUp));
        let asked = world.asked("/done");
        assert_eq!(asked.first().map(|asked| asked.form["Digits"].as_str()), done);
        assert_eq!(world.asked("/empty").len(), 0);
        assert_eq!(world.asked("/recording").len(), usize::from(message != Message::HangsUpInGreeting));
    }
}

#[tokio::test]
async fn impatience_is_in_real_time() {
    let world = World::with(&[("/voice", HOLD), ("/wait", HOLD)]).await;
    let story = world.story(Behaviour { patience: Some(Duration::from_millis(200)), ..stays() }).await;
    assert_eq!(story.ending, Some(Ending::CallerHungUp));
    assert!((10..=40).contains(&story.seconds));
}

#[tokio::test]
async fn a_call_that_is_over_or_not_answered_cannot_be_redirected() {
    let world = World::with(&[("/voice", r#"<Pause length="1000"/>"#), ("/connect", "<Hangup/>")]).await;
    let caller = world.call(stays());
    caller.until(|story| !story.events.is_empty()).await;
    let path = format!("Calls/{}.json", caller.sid());
    let refused = |answer: &(u16, serde_json::Value)| (answer.0, answer.1["code"].clone());
    let not_answered = world.rest("POST", &path, &[("Url", &world.base)]).await;
    assert_eq!(refused(&not_answered), (400, 21220.into()));
    assert_eq!(world.rest("GET", &path, &[]).await.1["status"], "ringing");
    assert_eq!(world.rest("POST", &path, &[("Status", "completed")]).await.0, 200);
    assert_eq!(ended(&caller).await.ending, Some(Ending::EndedByRest));
    let over = world.rest("POST", &path, &[("Url", &world.base)]).await;
    assert_eq!(refused(&over), (400, 21220.into()));
    assert_eq!(world.rest("GET", &path, &[]).await.1["status"], "completed");
    let unknown = world.rest("POST", "Calls/CA0.json", &[("Url", &world.base)]).await;
    assert_eq!(refused(&unknown), (404, 20404.into()));
}

#[tokio::test]
async fn wrong_credentials_are_refused() {
    let world = World::with(&[]).await;
    let url = format!("{}/2010-04-01/Accounts/AC{:032x}/Calls.json", world.simulator.address(), 1);
    let answer = reqwest::Client::new().get(url).basic_auth("AC", Some("x")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.text().await.unwrap().contains("20003"));
}

#[tokio::test]
async fn legs_are_listed_by_their_parent_and_can_be_ended() {
    let world = World::with(&[("/voice", DIAL), ("/over", "<Hangup/>")]).await;
    let caller = world.call(stays());
    assert!(caller.talking().await);
    let (_, list) = world.rest("GET", &format!("Calls.json?ParentCallSid={}", caller.sid()), &[]).await;
    let legs = list["calls"].as_array().unwrap();
    assert_eq!((legs.len(), legs[0]["status"].as_str()), (1, Some("in-progress")));
    let leg = legs[0]["sid"].as_str().unwrap();
    assert_eq!(world.rest("POST", &format!("Calls/{leg}.json"), &[("Status", "completed")]).await.0, 200);
    ended(&caller).await;
    assert_eq!(world.rest("GET", &format!("Calls/{leg}.json"), &[]).await.1["status"], "completed");
    assert_eq!(world.form("/over")["DialCallStatus"], "completed");
}

#[tokio::test]
async fn without_a_document_the_fallback_is_asked_once() {
    let world = World::with(&[("/voice", "500"), ("/fallback", "<Hangup/>")]).await;
    let story = world.story(stays()).await;
    assert_eq!(story.ending, Some(Ending::HungUp));
    let fallback = world.form("/fallback");
    assert_eq!((&*fallback["ErrorCode"], &fallback["ErrorUrl"]), ("11200", &format!("{}/voice", world.base)));
    assert_eq!(world.asked("/voice").len(), 1, "only what could not connect is retried");

    let world = World::with(&[("/voice", "<Broken>"), ("/fallback", "404")]).await;
    let story = world.story(stays()).await;
    assert_eq!(story.ending, Some(Ending::ApplicationError));
    assert_eq!(world.form("/fallback")["ErrorCode"], "12100");
}

#[tokio::test]
async fn what_cannot_connect_is_retried_with_the_same_token() {
    let world = World::with(&[]).await;
    world.simulator.forward(&world.base, "http://127.0.0.1:1");
    let story = world.story(stays()).await;
    assert_eq!(story.ending, Some(Ending::ApplicationError));
    let tokens: Vec<_> =
        story.webhooks_for(Purpose::Voice).map(|webhook| &webhook.idempotency_token).collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0], tokens[1]);
    assert_eq!(world.pages.lock().unwrap().asked.len(), 0);
}

#[tokio::test]
async fn unknown_verbs_are_noted_and_skipped() {
    let world = World::with(&[("/voice", r#"<Leave/><Say shout="yes">Hello</Say>"#)]).await;
    let story = world.story(stays()).await;
    assert_eq!(story.problems().count(), 2);
    assert!(story.events.iter().any(|event| matches!(event, Event::Said { text, .. } if text == "Hello")));
}

#[tokio::test]
async fn a_document_can_be_had_by_get_and_its_address_says_how_often_to_try() {
    let redirect = r#"<Redirect method="GET">/wait?x=1#rc=3&amp;rp=5xx</Redirect>"#;
    let world = World::with(&[("/voice", redirect), ("/wait", "503"), ("/fallback", "<Hangup/>")]).await;
    let story = world.story(stays()).await;
    assert_eq!(world.asked("/wait").len(), 4);
    assert_eq!(story.webhooks_for(Purpose::Redirect).count(), 4);
    assert_eq!(world.form("/fallback")["ErrorCode"], "11200");
}

#[tokio::test]
async fn silence_that_is_not_trimmed_is_recorded() {
    let record = r#"<Record action="/done" trim="do-not-trim" timeout="10" finishOnKey=""/>"#;
    let world = World::with(&[("/voice", record), ("/done", "<Hangup/>")]).await;
    world.story(says(Message::Seconds(5.0))).await;
    let done = world.form("/done");
    assert_eq!((&*done["RecordingDuration"], &*done["Digits"]), ("15", ""));
}

#[tokio::test]
async fn a_message_can_be_as_long_as_the_document_allows() {
    let world = World::with(&[("/voice", RECORD), ("/done", "<Hangup/>")]).await;
    world.story(says(Message::HangsUpAfter(200.0))).await;
    assert_eq!(world.form("/done")["RecordingDuration"], "180");
}

#[tokio::test]
async fn nothing_is_left_when_the_company_closes() {
    let World { simulator, base, pages } = World::with(&[("/voice", HOLD), ("/wait", HOLD)]).await;
    let voice_url = format!("{base}/voice");
    let caller = simulator.place(Incoming { voice_url, ..Incoming::default() });
    playing(&caller).await;
    let address = simulator.address();
    drop(simulator);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let asked = pages.lock().unwrap().asked.len();
    assert!(reqwest::get(address).await.is_err());
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(pages.lock().unwrap().asked.len(), asked);
}

#[tokio::test]
async fn a_document_without_end_ends() {
    let world = World::with(&[("/voice", r#"<Play loop="0">/clip.wav</Play>"#)]).await;
    let caller = world.call(stays());
    caller.until(|story| !story.events.is_empty()).await;
    caller.hang_up();
    assert_eq!(ended(&caller).await.ending, Some(Ending::CallerHungUp));
    let world = World::with(&[("/voice", "<Redirect/>")]).await;
    let caller = world.call(stays());
    let story = timeout(Duration::from_secs(60), caller.ended()).await.unwrap();
    assert_eq!(story.ending, Some(Ending::TooLong));
}

#[tokio::test]
async fn webhooks_can_come_twice() {
    for twice in [Twice::AtOnce, Twice::After(Duration::from_millis(20))] {
        let world = World::with(&[("/voice", DIAL), ("/over", "<Hangup/>")]).await;
        world.simulator.phone("alice", Phone::Unregistered);
        world.simulator.faults(|faults| faults.webhooks = Some(twice));
        let story = world.story(stays()).await;
        for (path, times) in [("/voice", 2), ("/leg", 4), ("/over", 2), ("/status", 2)] {
            let asked = world.asked(path);
            assert_eq!(asked.len(), times, "{path}");
            assert_eq!(asked[0].token, asked[1].token);
        }
        assert_eq!(story.problems().count(), 0);
    }
}

#[tokio::test]
async fn different_answers_to_a_repeated_request_are_a_problem() {
    let world = World::with(&[("/voice", "<Pause/>"), ("/voice", "<Hangup/>")]).await;
    world.simulator.faults(|faults| faults.webhooks = Some(Twice::After(Duration::ZERO)));
    assert_eq!(world.story(stays()).await.problems().count(), 1);
}

#[tokio::test]
async fn a_call_that_is_over_may_be_answered_otherwise() {
    let world = World::with(&[("/voice", "<Pause/>"), ("/voice", "<Hangup/>")]).await;
    world.simulator.faults(|faults| faults.webhooks = Some(Twice::After(Duration::from_millis(300))));
    let gives_up = Behaviour { patience: Some(Duration::ZERO), ..stays() };
    assert_eq!(world.story(gives_up).await.problems().count(), 0);
    assert_eq!(world.asked("/voice").len(), 2);
}

#[tokio::test]
async fn leg_callbacks_get_lost_late_doubled_and_swapped() {
    for (delivery, expected) in [
        (Delivery::Never, vec![]),
        (Delivery::Without(Status::InProgress), vec!["initiated", "ringing", "completed"]),
        (Delivery::Late(Duration::from_millis(100)), ALL.to_vec()),
        (Delivery::Swapped, vec!["ringing", "initiated", "completed", "in-progress"]),
        (Delivery::Twice, ALL.iter().flat_map(|status| [*status; 2]).collect()),
    ] {
        let world = World::with(&[("/voice", DIAL), ("/over", "<Hangup/>")]).await;
        world.simulator.phone("alice", Phone::HangsUpAfter { answer_after_seconds: 2.0, talk_seconds: 5.0 });
        world.simulator.faults(|faults| faults.leg_callbacks = delivery);
        world.story(stays()).await;
        assert_eq!(statuses(&world.asked("/leg")), expected, "{delivery:?}");
    }
}

#[tokio::test]
async fn a_lost_status_callback_is_noted() {
    let world = World::with(&[("/voice", "<Hangup/>")]).await;
    world.simulator.faults(|faults| faults.status_callbacks = Delivery::Never);
    let story = world.story(stays()).await;
    assert_eq!(world.asked("/status").len(), 0);
    assert!(matches!(story.events.last(), Some(Event::CallbackLost(Purpose::Status, Status::Completed))));
}

#[tokio::test]
async fn the_recording_can_be_told_before_the_action() {
    let world = World::with(&[("/voice", RECORD), ("/done", "<Hangup/>")]).await;
    world.simulator.faults(|faults| {
        faults.recording_before_action = true;
        faults.recording_callbacks = Delivery::Twice;
    });
    world.story(says(Message::Seconds(3.0))).await;
    let pages = world.pages.lock().unwrap();
    let paths: Vec<_> = pages.asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths, ["/voice", "/recording", "/recording", "/done", "/status"]);
}

#[tokio::test]
async fn recordings_can_be_missing_refused_and_cut_short() {
    let world = World::with(&[("/voice", RECORD), ("/done", "<Hangup/>")]).await;
    world.story(says(Message::Seconds(4.0))).await;
    let path = format!("Recordings/{}.wav", world.form("/done")["RecordingSid"]);
    world.simulator.faults(|faults| faults.recordings_missing = 1);
    assert_eq!(world.rest("GET", &path, &[]).await.0, 404);
    world.simulator.faults(|faults| faults.recordings_refused = true);
    assert_eq!(world.rest("GET", &path, &[]).await.0, 401);
    world.simulator.faults(|faults| *faults = Faults { recordings_truncated: true, ..Faults::default() });
    let sound = world.try_rest("GET", &path, &[]).await.unwrap().bytes().await.unwrap();
    assert_eq!((sound.len(), sound::seconds(&sound)), ((44 + 4 * 16_000) / 2, Some(4.0)));
    assert_eq!(world.simulator.record().recordings[0].fetches, 1);
}

#[tokio::test]
async fn the_api_can_fail_in_every_way() {
    let world = World::with(&[("/voice", HOLD), ("/wait", HOLD)]).await;
    let caller = world.call(stays());
    playing(&caller).await;
    let path = format!("Calls/{}.json", caller.sid());
    world.simulator.faults(|faults| faults.rest = Rest::Down);
    assert!(world.try_rest("GET", &path, &[]).await.is_err());
    world.simulator.faults(|faults| *faults = Faults { next_rest: Some(Rest::Fails), ..Faults::default() });
    assert_eq!(world.rest("GET", &path, &[]).await.0, 500);
    world.simulator.faults(|faults| faults.rest = Rest::Slow(Duration::from_millis(50)));
    assert_eq!(world.rest("GET", &path, &[]).await.0, 200);
    world.simulator.faults(|faults| faults.rest = Rest::AnswerLost);
    assert!(world.try_rest("POST", &path, &[("Status", "completed")]).await.is_err());
    assert_eq!(ended(&caller).await.ending, Some(Ending::EndedByRest));
    let answers: Vec<_> = world.simulator.record().requests.iter().map(|request| request.answer).collect();
    assert_eq!(answers, [None, Some(500), Some(200), None]);
}

#[tokio::test]
async fn a_lost_request_leads_to_the_fallback() {
    for (mishap, times) in [(Mishap::Lost, 0), (Mishap::AnswerLost, 1)] {
        let world =
            World::with(&[("/voice", HOLD), ("/wait", "<Hangup/>"), ("/fallback", "<Hangup/>")]).await;
        let caller = world.call(stays());
        playing(&caller).await;
        world.simulator.faults(|faults| faults.next_request = Some(mishap));
        ended(&caller).await;
        assert_eq!(world.asked("/wait").len(), times);
        assert_eq!(world.asked("/fallback").len(), 1);
    }
}

#[tokio::test]
async fn a_key_counts_while_keys_are_gathered_and_no_longer() {
    let gather = r#"<Gather action="/key" method="POST" input="dtmf" numDigits="1" timeout="1">
        <Play>/clip.wav</Play></Gather><Play>/clip.wav</Play><Redirect method="POST">/voice</Redirect>"#;
    let world = World::with(&[("/voice", gather), ("/voice", "<Hangup/>"), ("/key", "<Hangup/>")]).await;
    let story = world.story(stays()).await;
    assert_eq!((story.ending, world.asked("/key").len()), (Some(Ending::HungUp), 0), "nothing was pressed");
    assert_eq!(story.problems().count(), 0);

    let world = World::with(&[("/voice", gather), ("/key", "<Play>/clip.wav</Play><Hangup/>")]).await;
    let caller = world.call(stays());
    caller.until(|story| story.events.iter().any(|event| matches!(event, Event::Played { .. }))).await;
    caller.press('1');
    caller.until(|story| story.webhooks_for(Purpose::GatherAction).count() > 0).await;
    caller.press('2');
    let story = timeout(Duration::from_secs(10), caller.ended()).await.unwrap();
    assert_eq!(story.webhooks_for(Purpose::GatherAction).count(), 1);
    assert_eq!(world.form("/key")["Digits"], "1");
}
