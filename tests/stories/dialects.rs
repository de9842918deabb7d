//! Whole stories with companies that speak Twilio's language in their own way: SignalWire, Somleng, Telnyx.

use crate::desk::{Agent, Desk, Wishes};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use strowger::providers::simulator::{Behaviour, Dialect, Message, Phone, Purpose};

const OTHERS: [Dialect; 3] = [Dialect::SignalWire, Dialect::Somleng, Dialect::TeXml];

async fn open(dialect: Dialect) -> Desk {
    let config = "[calls]\nring_seconds = 2\nreach_prefixes = [\"+43\"]\nsip_hosts = [\"pbx.example.org\"]";
    Desk::open_with(Wishes { config: config.into(), dialect, ..Wishes::default() }).await
}

async fn agent_at(desk: &Desk, name: &str, reach: Value) -> Agent {
    let email = format!("{}@example.org", name.to_lowercase());
    desk.agent_with(name, json!({ "name": name, "email": email, "seats": ["service"], "reach": reach })).await
}

async fn anna(desk: &Desk) -> Agent {
    agent_at(desk, "Anna", json!({ "sip": "sip:anna@pbx.example.org" })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_answers_whoever_the_company_is() {
    for dialect in OTHERS {
        let desk = open(dialect).await;
        let anna = anna(&desk).await;
        let channel = desk.channel(&[&anna]).await;
        desk.company
            .phone(&anna.phone, Phone::HangsUpAfter { answer_after_seconds: 2.0, talk_seconds: 20.0 });
        let mut phone = desk.softphone(&anna).await;
        let caller = desk.call(&channel);
        phone.take().await;
        phone.call_is("talking").await;
        phone.call_is("ended").await;
        let (call, story) = desk.over(&caller).await;
        let said = (call["outcome"].as_str(), call["agent"].as_str());
        assert_eq!(said, (Some("answered"), Some(anna.id.as_str())), "{dialect:?}");
        assert_eq!(call["provider_call_id"], story.sid, "{dialect:?}");
        assert_eq!(story.legs.len(), 1, "{dialect:?}");
        desk.check_books().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_nobody_takes_becomes_a_message_whoever_the_company_is() {
    for dialect in OTHERS {
        let desk = open(dialect).await;
        let anna = anna(&desk).await;
        let channel = desk.channel(&[&anna]).await;
        let _phone = desk.softphone(&anna).await;
        let caller = desk.call_with(&channel, Behaviour { patience: None, message: Message::Seconds(8.0) });
        let (call, story) = desk.over(&caller).await;
        assert_eq!(call["outcome"], "voicemail", "{dialect:?}");
        assert_eq!(call["voicemail"]["seconds"], 8, "{dialect:?}");
        assert_eq!(story.webhooks_for(Purpose::RecordAction).count(), 1, "{dialect:?}");
        let record =
            desk.company_when("the message is fetched", |record| record.recordings[0].fetches > 0).await;
        assert_eq!(record.recordings.len(), 1, "{dialect:?}");
        if dialect != Dialect::Somleng {
            desk.company_when("the message is deleted there", |record| record.recordings[0].is_deleted).await;
        }
        desk.check_books().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_is_asked_once_more_and_then_let_go() {
    for dialect in OTHERS {
        let desk = open(dialect).await;
        let anna = anna(&desk).await;
        let channel = desk.channel(&[&anna]).await;
        let caller = desk.call(&channel);
        let (call, story) = desk.over(&caller).await;
        assert_eq!(call["outcome"], "abandoned", "{dialect:?}");
        let asked: Vec<_> = story.webhooks_for(Purpose::RecordAction).map(|hook| hook.url.clone()).collect();
        assert_eq!(asked.len(), 2, "{dialect:?}: {asked:?}");
        assert!(asked[0].ends_with("/message-over/1") && asked[1].ends_with("/message-over/2"), "{asked:?}");
        desk.check_books().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telnyx_may_forget_to_say_that_a_connection_is_over() {
    let desk = open(Dialect::TeXml).await;
    let anna = anna(&desk).await;
    let channel = desk.channel(&[&anna]).await;
    desk.company.faults(|faults| faults.dial_actions_forgotten = true);
    let mut phone = desk.softphone(&anna).await;

    let caller = desk.call(&channel);
    phone.take().await;
    phone.call_is("talking").await;
    desk.company.hang_up_phone(&anna.phone);
    let (call, _) = desk.over(&caller).await;
    assert_eq!(call["outcome"], "answered");
    phone.call_is("ended").await;

    desk.company.phone(&anna.phone, Phone::Busy { after_seconds: 1.0 });
    let caller = desk.call_with(&channel, Behaviour { patience: None, message: Message::Seconds(4.0) });
    phone.take().await;
    let (call, story) = desk.over(&caller).await;
    assert_eq!(call["outcome"], "voicemail");
    assert_eq!(story.webhooks_for(Purpose::DialAction).count(), 0);
    desk.check_books().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_whom_the_company_can_not_ring_are_refused_or_passed_over() {
    for (dialect, number_status) in
        [(Dialect::SignalWire, 200), (Dialect::Somleng, 422), (Dialect::TeXml, 422)]
    {
        let desk = open(dialect).await;
        let (anna, ben) = (anna(&desk).await, desk.agent("Ben").await);
        let channel = json!({
            "kind": "calling", "name": "Sales", "provider": "main", "number": "+431999",
            "routing": { "users": [anna.id, ben.id] },
        });
        let (status, problem) = desk.api.ask(Method::POST, "channels", Some(channel)).await;
        assert_eq!(
            (status, &problem["errors"][0]["pointer"]),
            (422, &json!("/routing/users/1")),
            "{problem}"
        );

        let team = desk.team("Service", &[&anna], &[]).await;
        let channel = desk.channel_with(json!({ "routing": { "teams": [team] } })).await;
        for (reach, expected) in [
            (json!({ "sip": null, "client": "anna" }), 422),
            (json!({ "sip": null, "number": "+436641234567" }), number_status),
            (json!({ "number": null, "sip": "sip:anna@pbx.example.org" }), 200),
        ] {
            let patch = json!({ "reach": reach });
            let (status, problem) =
                desk.api.ask(Method::PATCH, &format!("users/{}", anna.id), Some(patch)).await;
            assert_eq!(status, expected, "{dialect:?} {reach}: {problem}");
        }

        // Ben joins the team afterwards: a warning says that he is not rung, and he is passed over.
        let members = json!({ "main": [anna.id, ben.id] });
        let saved = desk.api.patch(&format!("teams/{team}"), members).await;
        let warned: Vec<&Value> = saved["warnings"].as_array().expect("a warning").iter().collect();
        assert_eq!((warned.len(), &warned[0]["code"]), (1, &json!("not_rung_here")), "{saved:#}");
        assert_eq!(warned[0]["arguments"]["agent"], ben.id.as_str());
        let phone = desk.softphone(&ben).await;
        let caller = desk.call_with(&channel, Behaviour { patience: None, message: Message::Seconds(4.0) });
        let (call, story) = desk.over(&caller).await;
        assert_eq!((call["outcome"].as_str(), story.legs.len()), (Some("voicemail"), 0), "{dialect:?}");
        assert_eq!(call["offers"], json!([]), "{dialect:?}");
        let why = desk.api.get(&format!("calls/{}/why", call["id"].as_str().expect("an id"))).await;
        let candidates = why["decisions"][0]["candidates"].as_array().expect("candidates");
        let bens = candidates.iter().find(|candidate| candidate["user"] == ben.id.as_str());
        assert_eq!(bens.expect("Ben was looked at")["objection"], "not_rung_here", "{why:#}");
        drop(phone);
        desk.check_books().await;
    }
}

/// Telnyx signs time and body, and no address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_telnyx_signed_is_the_same_webhook_at_every_address() {
    let desk = open(Dialect::TeXml).await;
    let (channel, other) = (desk.channel(&[]).await, desk.channel(&[]).await);
    let form = [
        ("CallSid", "v3:one"),
        ("CallStatus", "ringing"),
        ("From", "+43660123"),
        ("To", channel.number.as_str()),
    ];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = desk.company.signed("", &form, &body);
    let send = async |url: &str| {
        let url = url.replacen(crate::desk::PUBLIC_URL, &desk.api.address, 1);
        let mut request = desk.api.client.post(url).body(body.clone());
        request = request.header("Content-Type", "application/x-www-form-urlencoded");
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let rows = async || {
        let options = SqliteConnectOptions::new().filename(desk.database()).read_only(true);
        let mut store = SqliteConnection::connect_with(&options).await.expect("the store");
        let sql = "select (select count(*) from calls), (select count(*) from events), (select count(*) from answers),
            (select count(*) from decisions), (select count(*) from jobs)";
        sqlx::query_as::<_, (i64, i64, i64, i64, i64)>(sql).fetch_one(&mut store).await.expect("counts")
    };
    let first = send(&channel.hook("voice")).await;
    assert_eq!(first.0, 200);
    let before = rows().await;
    assert_eq!(before.0, 1);
    for url in [
        channel.hook("voice"),
        channel.hook("status"),
        channel.hook("fallback"),
        channel.hook("message-status"),
        channel.hook("message-done"),
        format!("{}?again", channel.hook("voice")),
    ] {
        assert_eq!(send(&url).await, first, "{url}");
    }
    for hook in ["voice", "status", "fallback"] {
        let (status, document) = send(&other.hook(hook)).await;
        let is_nothing = document.ends_with("<Response><Hangup/></Response>") || document == first.1;
        assert!(status == 200 && is_nothing, "{hook} of another number: {document}");
    }
    assert_eq!(rows().await, before, "nothing is written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_secret_every_webhook_is_refused_and_the_log_says_so() {
    let id = "f5586561-8ff0-4291-a51b-c7dfe4139ff9";
    let config = format!(
        "[providers.a]\nkind = \"signalwire\"\nspace = \"x\"\nproject = {id:?}\n\
         [providers.b]\nkind = \"somleng\"\naccount_sid = {id:?}\napi_base = \"https://x.example.org\"\n\
         [providers.c]\nkind = \"texml\"\naccount_sid = {id:?}\n"
    );
    let desk = Desk::open_with(Wishes { config, ..Wishes::default() }).await;
    let ready = desk.api.client.get(format!("{}/readyz", desk.api.address));
    let bare = ready.try_clone().expect("a request").send().await.expect("an answer").text().await;
    assert_eq!(bare.expect("text"), "ok\n", "nobody in particular is told");
    let ready =
        ready.bearer_auth(&desk.api.token).send().await.expect("an answer").text().await.expect("text");
    let check = desk.command(&["check"]).output().expect("a check");
    let check = String::from_utf8(check.stdout).expect("text");
    for name in ["a", "b", "c"] {
        let sentence = format!("provider {name} has no secret, so all its webhooks are refused");
        assert!(ready.contains(&format!("warning: {sentence}")), "{ready}");
        assert!(check.contains(&format!("error: {sentence}")), "{check}");
        let channel = desk.channel_with(json!({ "provider": name })).await;
        let url = channel.hook("voice").replace("/main/", &format!("/{name}/"));
        let form = [("CallSid", id), ("From", "+43"), ("To", "+44")];
        let (status, body) = desk.post_hook(&url, &form).await;
        assert_eq!((status, body.as_str()), (403, ""), "{name}");
    }
    assert_eq!(
        desk.log().matches("no secret is configured").count(),
        6,
        "three at the start, three refusals"
    );
}
