//! The live board, the telephone page and the test call: who may see them, what they show, and that they write nothing.

use super::{
    Answer, NOBODY,
    browser::{Browser, signed_in},
    rows,
};
use crate::desk::{Agent, Api, Desk, PATIENCE, Softphone};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use strowger::providers::simulator::{Behaviour, Message};
use tokio::time::{sleep, timeout};

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The board, once it is as wished.
async fn board(api: &Api, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        loop {
            let board = api.get("board").await;
            if wished(&board) {
                return board;
            }
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("never on the board: {what}"))
}

fn state_of<'a>(board: &'a Value, agent: &Agent) -> &'a str {
    let agents = board["agents"].as_array().expect("a list");
    agents
        .iter()
        .find(|one| one["id"] == agent.id.as_str())
        .map_or("absent", |one| one["state"].as_str().expect("a state"))
}

#[tokio::test]
async fn a_call_that_came_when_it_was_closed_is_missed_after_hours_and_another_is_just_missed() {
    let desk = Desk::open().await;
    let hours = json!({ "mode": "always", "closed_until": "2099-01-01T00:00:00Z" });
    let closed = desk.channel_with(json!({ "hours": hours })).await;
    let open = desk.channel(&[]).await;
    for channel in [&closed, &open] {
        desk.over(&desk.call(channel)).await;
    }
    let seen = board(&desk.api, "both calls", |board| board["today"]["missed"] == 2).await;
    assert_eq!(seen["today"]["after_hours"], 1);
}

#[tokio::test]
async fn the_board_shows_who_rings_and_talks_and_supervisors_see_what_is_of_their_teams() {
    let desk = Desk::open().await;
    let [ann, ben, cem] = desk.agents(["Ann", "Ben", "Cem"]).await;
    let lead = desk.person("Lead", "supervisor").await;
    desk.team("Support", &[&ann], &[&lead]).await;
    let theirs = desk.channel_with(json!({ "routing": { "users": [ann.id, ben.id] } })).await;
    let other = desk.channel(&[&cem]).await;
    let lead = desk.api.with_token(&lead.token);

    let empty = desk.api.get("board").await;
    assert_eq!((&empty["calls"], &empty["today"]["arrived"]), (&json!([]), &json!(0)));
    assert_eq!(empty["today"]["service_level"]["percent"], json!(null));
    let mut phones = [desk.softphone(&ann).await, desk.softphone(&ben).await, desk.softphone(&cem).await];
    desk.api.post("contacts", json!({ "name": "Clara", "numbers": ["+436601234"] })).await;
    let mut incoming = desk.incoming(&theirs);
    incoming.from = "+436601234".into();
    let caller = desk.company.place(incoming);
    desk.call(&other);
    let offer = phones[0].next("offer").await;
    phones[2].next("offer").await;

    let seen = board(&lead, "a call of their team", |board| board["calls"][0]["state"] == "ringing").await;
    assert_eq!(seen["calls"].as_array().map(Vec::len), Some(1), "the other channel's call is not theirs");
    let call = &seen["calls"][0];
    assert_eq!((&call["from"], &call["contact"]["name"]), (&json!("+436601234"), &json!("Clara")));
    let ringing = call["ringing"].as_array().expect("a list");
    assert_eq!(ringing.len(), 2, "also with whom they do not lead: of a call of theirs all is seen");
    assert_eq!(
        (state_of(&seen, &ann), state_of(&seen, &ben), state_of(&seen, &cem)),
        ("ringing", "absent", "absent")
    );
    let all =
        board(&desk.api, "both calls", |board| board["calls"].as_array().is_some_and(|all| all.len() == 2))
            .await;
    assert_eq!((state_of(&all, &ben), state_of(&all, &cem)), ("ringing", "ringing"));
    let narrow = desk.api.get(&format!("board?channel={}", other.id)).await;
    assert_eq!(narrow["calls"].as_array().map(Vec::len), Some(1));
    assert_eq!((state_of(&narrow, &ann), state_of(&narrow, &cem)), ("absent", "ringing"));

    phones[0].accept(&offer);
    phones[0].call_is("talking").await;
    let seen = board(&lead, "a talk", |board| board["calls"][0]["state"] == "talking").await;
    assert_eq!(seen["calls"][0]["agent"]["name"], "Ann");
    let talks = seen["agents"][0].clone();
    assert_eq!((&talks["state"], &talks["caller"]), (&json!("talking"), &json!("+436601234")));
    assert!(talks["since"].is_string(), "{talks}");
    caller.hang_up();
    phones[0].call_is("ended").await;
    let seen = board(&lead, "an answered call", |board| board["today"]["answered"] == 1).await;
    assert_eq!(seen["today"]["arrived"], 1, "the other channel's calls are not counted");
    assert_eq!(seen["today"]["service_level"]["percent"], 100);
    assert!(seen["today"]["median_answer_seconds"].is_u64());

    desk.api
        .patch(
            &format!("users/{}", ann.id),
            json!({ "out_of_office": [
        { "from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z" }
    ] }),
        )
        .await;
    phones[1].say(json!({ "type": "availability", "state": "away", "reason": "lunch" }));
    phones[2].media(true, false);
    board(&desk.api, "why each is not rung", |board| {
        [state_of(board, &ann), state_of(board, &ben), state_of(board, &cem)]
            == ["out_of_office", "away", "no_microphone"]
    })
    .await;
}

#[tokio::test]
async fn the_board_s_stream_shows_all_at_once_and_then_what_changes_until_the_token_is_revoked() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[&ann]).await;
    let made = desk.api.post("tokens", json!({ "name": "wall", "role": "admin" })).await;
    let url = format!("{}/api/v1/board/stream?channel={}", desk.api.address, channel.id);
    let request = desk.api.client.get(url).bearer_auth(made["token"].as_str().expect("a secret"));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut parts = answer.bytes_stream();
    let mut heard = String::new();
    let mut next = async |wished: &str| {
        let listening = async {
            while !heard.contains(wished) {
                let part = parts.next().await.expect("it goes on").expect("a part");
                heard += &String::from_utf8_lossy(&part);
            }
        };
        timeout(PATIENCE, listening).await.unwrap_or_else(|_| panic!("never told: {wished}"));
        std::mem::take(&mut heard)
    };
    let first = next("\n\n").await;
    assert!(first.starts_with("event: board\ndata: {") && first.contains("\"calls\":[]"), "{first}");
    let mut phone = desk.softphone(&ann).await;
    desk.call(&channel);
    phone.next("offer").await;
    next("\"state\":\"ringing\"").await;
    desk.api.delete(&format!("tokens/{}", made["id"].as_str().expect("an id"))).await;
    let ends = async { while parts.next().await.is_some_and(|part| part.is_ok()) {} };
    timeout(PATIENCE, ends).await.expect("it ends with its token");
}

async fn refused(browser: &Browser, path: &str) -> (u16, String) {
    let answer: Answer = browser.get(path).await;
    (answer.status, answer.header("location").to_owned())
}

#[tokio::test]
async fn the_board_and_the_test_call_are_for_supervisors_and_admins_and_names_are_shown_as_they_are() {
    let desk = Desk::open().await;
    let agent = desk.agent("Ann").await;
    let lead = desk.person("<b>Lead</b>", "supervisor").await;
    let team = desk.team("Support", &[&agent], &[&lead]).await;
    let text = "<i>Nobody</i> is \"there\"";
    let channel = json!({ "name": "<script>1</script>", "routing": { "teams": [team] },
        "greetings": { "unanswered": { "text": text, "language": "en-US" } } });
    let channel = desk.channel_with(channel).await;
    desk.channel_with(json!({ "name": "Somebody else's" })).await;

    let nobody = Browser::at(&desk);
    let by_agent = signed_in(&desk, &agent.id).await;
    for path in ["/board", "/test-call"] {
        assert_eq!(refused(&by_agent, path).await.0, 403, "{path}");
        let (status, location) = refused(&nobody, path).await;
        assert!(status == 303 && location.contains("/sign-in?next="), "{path}: {location}");
    }
    let by_lead = signed_in(&desk, &lead.id).await;
    let board = by_lead.get("/board").await;
    assert_eq!(board.status, 200, "{}", board.text());
    for there in ["&#60;script&#62;1", "Ann", "no phone open"] {
        assert!(board.text().contains(there), "{there}: {}", board.text());
    }
    for absent in ["<script>1", "Somebody else", "<b>Lead"] {
        assert!(!board.text().contains(absent), "{absent}");
    }
    assert_eq!(refused(&by_lead, &format!("/board?channel={NOBODY}")).await.0, 404);
    assert_eq!(refused(&by_lead, "/board?channel=none&wall").await.0, 200, "what is no id is no filter");

    let before = rows(&desk).await;
    let page = by_lead.get(&format!("/test-call?channel={}&from=%3Cu%3E", channel.id)).await;
    let heard = page.text();
    assert_eq!(page.status, 200, "{heard}");
    assert!(heard.contains("&#60;i&#62;Nobody&#60;/i&#62; is &#34;there&#34;"), "{heard}");
    assert!(
        heard.contains("value=\"&#60;u&#62;\"") && !heard.contains("<i>Nobody") && !heard.contains("<u>")
    );
    assert!(!heard.contains("If Ann takes it"), "she has no softphone open: {heard}");
    assert_eq!(refused(&by_lead, &format!("/test-call?channel={NOBODY}")).await.0, 404);
    assert_eq!(refused(&by_lead, "/test-call?channel=none").await.0, 404);
    assert_eq!(refused(&by_lead, "/test-call").await.0, 200);
    assert_eq!(rows(&desk).await, before, "a test call writes nothing");

    let mut phone = desk.softphone(&agent).await;
    let page = by_lead.get(&format!("/test-call?channel={}", channel.id)).await;
    assert!(
        page.text().contains("It rings with") && page.text().contains("If Ann takes it"),
        "{}",
        page.text()
    );
    phone.say(json!({ "type": "availability", "state": "available", "ref": 1 }));
    phone.next_where("an answer", |frame| frame["ref"] == 1).await;
    assert_eq!(phone.seen_of("offer"), Vec::<Value>::new(), "nobody was rung");
}

#[tokio::test]
async fn missed_calls_are_on_the_telephone_page_and_whoever_calls_back_first_stands() {
    let desk = Desk::open().await;
    let [ann, ben, cem] = desk.agents(["Ann", "Ben", "Cem"]).await;
    desk.api.patch(&format!("users/{}", ben.id), json!({ "name": "<b>Ben</b>" })).await;
    let channel = desk.channel(&[&ann, &ben]).await;
    let behaviour = Behaviour { message: Message::Seconds(8.0), ..Behaviour::default() };
    desk.call_with(&channel, behaviour).ended().await;
    // It counts as missed once its message is kept.
    let missed = timeout(PATIENCE, async {
        loop {
            match desk.api.all("missed_calls").await.pop() {
                Some(missed) => return missed,
                None => sleep(LOOK_EVERY).await,
            }
        }
    });
    let missed = missed.await.expect("it is among the missed calls");
    let id = missed["id"].as_str().expect("an id").to_owned();

    let mut browsers = Vec::new();
    for agent in [&ann, &ben, &cem] {
        browsers.push(signed_in(&desk, &agent.id).await);
    }
    let [by_ann, by_ben, by_cem] = &mut browsers[..] else { panic!("three") };
    let page = by_ann.get("/phone").await;
    let call_back = format!("action=\"phone/called-back/{id}\"");
    assert!(page.status == 200 && page.text().contains(&call_back), "{}", page.text());
    assert!(!by_cem.get("/phone").await.text().contains(&call_back), "it is not theirs");
    let path = format!("/phone/called-back/{id}");
    assert_eq!(by_cem.post(&path, &[]).await.status, 404);
    assert_eq!(by_ann.post("/phone/called-back/nothing", &[]).await.status, 404);
    let said = by_ben.post(&path, &[]).await;
    assert!(said.status == 303 && said.header("location").ends_with("/phone"), "{}", said.status);
    assert_eq!(by_ann.post(&path, &[]).await.status, 303);
    let page = by_ann.get("/phone").await;
    let text = page.text();
    assert!(
        !text.contains(&call_back) && text.contains("called back <bdi>&#60;b&#62;Ben&#60;/b&#62;</bdi>"),
        "{text}"
    );
    let foreign = by_ann.request(Method::POST, &path).header("Origin", "https://evil.example.org");
    assert_eq!(super::answer(foreign.form(&[("a", "b")])).await.status, 403);
}

#[tokio::test]
async fn the_company_s_script_is_served_to_whoever_is_signed_in_and_only_then_the_page_may_talk_to_the_company()
 {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let browser = signed_in(&desk, &ann.id).await;
    let path = "/phone/twilio-voice-sdk.js";
    let page = browser.get("/phone").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("connect-src 'self';") && !policy.contains("twilio"), "{policy}");
    assert!(!page.text().contains("data-voice"), "it is control only");
    assert_eq!(browser.get(path).await.status, 404);

    std::fs::write(desk.data().join("twilio-voice-sdk.js"), "window.Twilio = {}").expect("a file");
    let page = browser.get("/phone").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("wss://*.twilio.com") && policy.contains("script-src 'self';"), "{policy}");
    assert!(page.text().contains("data-voice=\"phone/twilio-voice-sdk.js\""), "{}", page.text());
    let script = browser.get(path).await;
    assert_eq!((script.status, script.text()), (200, "window.Twilio = {}"));
    assert!(script.header("content-type").starts_with("text/javascript"));
    assert_eq!(Browser::at(&desk).get(path).await.status, 303);
    let me = browser.get("/me").await;
    assert!(!me.header("content-security-policy").contains("twilio"), "no other page may");
}

#[tokio::test]
async fn a_welcome_says_all_of_a_call_and_of_a_wrap_up() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = json!({ "routing": { "users": [ann.id], "wrap_up_seconds": 600 } });
    let channel = desk.channel_with(channel).await;
    let mut phone = desk.softphone(&ann).await;
    desk.call(&channel);
    let call = phone.take().await;
    phone.call_is("talking").await;
    let ticket = desk.api.all("tickets").await[0]["id"].clone();

    let mut second = Softphone::connect(&desk.api.address, &ann.token).await;
    let welcome = second.next("welcome").await;
    let told = &welcome["call"];
    assert_eq!((&welcome["occupation"], &told["state"]), (&json!("talking"), &json!("talking")));
    assert_eq!((&told["ticket_id"], &told["channel"]), (&ticket, &json!(channel.id)));
    assert!(told["from"].is_string() && told["since"].is_string(), "{told}");
    phone.hang_up(&call);
    phone.call_is("ended").await;
    let mut third = Softphone::connect(&desk.api.address, &ann.token).await;
    let welcome = third.next("welcome").await;
    assert_eq!((&welcome["occupation"], &welcome["call"]), (&json!("wrapping_up"), &Value::Null));
    let doing = desk.api.get(&format!("users/{}/availability", ann.id)).await;
    assert!(
        welcome["wraps_up_until"].is_string() && doing["wraps_up_until"].is_string(),
        "{welcome} {doing}"
    );
    phone.say(json!({ "type": "ready" }));
    timeout(PATIENCE, async {
        while desk.api.get(&format!("users/{}/availability", ann.id)).await["occupation"] != "free" {
            sleep(LOOK_EVERY).await;
        }
    })
    .await
    .expect("they are ready");
}
