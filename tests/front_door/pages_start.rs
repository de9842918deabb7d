//! The first start, step by step: who sees it, what each form answers to bad input, and what it sets.

use super::browser::{Browser, PASSWORD, path_of, signed_in, signed_in_as};
use crate::desk::{Agent, Desk, Wishes};
use serde_json::{Value, json};

const STEPS: [&str; 8] = [
    "/start",
    "/start/account",
    "/start/company",
    "/start/number",
    "/start/webhooks",
    "/start/hours",
    "/start/greetings",
    "/start/agents",
];

/// What a hidden field of a form has.
fn hidden(page: &str, name: &str) -> String {
    let start = page.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("the field is there");
    start.split('"').next().expect("a value").to_owned()
}

async fn channels(desk: &Desk) -> Vec<Value> {
    desk.api.all("channels").await
}

#[tokio::test]
async fn the_first_start_is_for_admins() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let (mut eve, mut ann) = (signed_in_as(&desk, "Eve", "admin").await, signed_in(&desk, &ann.id).await);
    let mut nobody = Browser::at(&desk);
    for step in STEPS {
        assert_eq!(eve.get(step).await.status, 200, "{step}");
        assert_eq!(ann.get(step).await.status, 403, "{step}");
        let asked = nobody.get(step).await;
        assert_eq!(asked.status, 303, "{step}");
        assert!(asked.header("location").starts_with("/sign-in?next=%2Fstart"), "{step}");
    }
    for form in ["number", "hours", "greetings", "agents/new", "agents/rung"] {
        let form = format!("/start/{form}");
        assert_eq!(ann.post(&form, &[]).await.status, 403, "{form}");
        assert_eq!(nobody.post(&form, &[]).await.status, 303, "{form}");
    }
    assert!(channels(&desk).await.is_empty());
    assert_eq!(eve.post("/start/hours", &[]).await.header("location"), "/start/number", "there is none yet");
    assert_eq!(eve.get("/start/hours?channel=nonsense").await.status, 404);
    assert_eq!(eve.get(&format!("/start/hours?channel={}", super::NOBODY)).await.status, 404);
}

#[tokio::test]
async fn the_first_admin_is_led_to_what_is_left_and_may_take_calls() {
    let desk = Desk::open().await;
    let made = desk.command(&["sign-in-link"]).output().expect("the program runs");
    let path = path_of(String::from_utf8_lossy(&made.stdout).trim());
    let mut browser = Browser::at(&desk);
    let page = browser.get(&path).await;
    assert!(page.text().contains("name=\"takes_calls\" value=\"yes\" checked"), "{}", page.text());
    let fields = [
        ("name", "Eve"),
        ("email", "eve@example.org"),
        ("password", PASSWORD),
        ("repeated", PASSWORD),
        ("takes_calls", "yes"),
    ];
    assert_eq!(browser.post(&path, &fields).await.header("location"), "/start");
    let eve = &desk.api.all("users").await[0];
    assert_eq!((&eve["role"], &eve["seats"]), (&json!("admin"), &json!(["service"])));
    let list = browser.get("/start").await;
    assert!(list.text().contains("4 steps are left"), "all but the company: {}", list.text());
    assert!(browser.get("/me").await.text().contains("href=\"start\""), "and the way there is on every page");
}

#[tokio::test]
async fn without_a_telephone_company_it_says_what_to_write() {
    let desk = Desk::open_with(Wishes { has_company: false, ..Wishes::default() }).await;
    let browser = signed_in_as(&desk, "Eve", "admin").await;
    let page = browser.get("/start/company").await;
    for line in ["[providers.main]", "kind = &#34;twilio&#34;", "auth_token = ", "No telephone company"] {
        assert!(page.text().contains(line), "{line}: {}", page.text());
    }
    assert!(browser.get("/start/number").await.text().contains("href=\"start/company\""));
    assert!(browser.get("/start").await.text().contains("5 steps are left"));
}

#[tokio::test]
async fn a_desk_is_set_up_by_forms_alone() {
    let desk = Desk::open().await;
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    let number = |number: &'static str, name: &'static str, zone: &'static str| {
        [("number", number), ("name", name), ("provider", "main"), ("time_zone", zone)]
    };
    for (fields, wrong) in [
        (number("12", "Support", "Europe/Vienna"), "id=\"number-fault\""),
        (number("+4312345678", "", "Europe/Vienna"), "id=\"name-fault\""),
        (number("+4312345678", "Support", "Europe/Nowhere"), "id=\"time_zone-fault\""),
    ] {
        let again = eve.post("/start/number", &fields).await;
        assert_eq!(again.status, 422);
        assert!(again.text().contains(wrong), "{}", again.text());
        assert!(again.text().contains(&format!("value=\"{}\"", fields[0].1)), "what was typed stays");
    }
    let fields = number("0043 1 234-56 78", "Support <b>", "Europe/Vienna");
    assert_eq!(eve.post("/start/number", &fields).await.header("location"), "/start/webhooks");
    let channel = &channels(&desk).await[0];
    assert_eq!(channel["numbers"], json!(["+4312345678"]));
    assert_eq!(
        channel["hours"]["weekly"]["mon"].as_array().map_or(0, Vec::len),
        0,
        "closed until it is said"
    );

    let page = eve.get("/start/webhooks").await;
    let hook = format!("https://calls.example.test/hooks/main/{}/", channel["id"].as_str().expect("an id"));
    for path in ["voice#", "fallback<", "status<"] {
        assert!(page.text().contains(&format!("{hook}{path}")), "{path}: {}", page.text());
    }
    assert!(page.text().contains("Support &#60;b&#62;"), "{}", page.text());
    assert!(page.text().contains("waiting for the first webhook"));

    let page = eve.get("/start/hours").await;
    let tag = hidden(page.text(), "tag");
    let id = channel["id"].as_str().expect("an id");
    let hours = |from: &'static str, until: &'static str| {
        let tag = tag.as_str();
        [("channel", id), ("tag", tag), ("hours", "weekdays"), ("from", from), ("until", until)]
    };
    let again = eve.post("/start/hours", &hours("09:00", "25:00")).await;
    assert_eq!(again.status, 422);
    assert!(again.text().contains("id=\"hours-fault\"") && again.text().contains("value=\"25:00\""));
    let saved = eve.post("/start/hours", &hours("08:30", "16:00")).await;
    assert_eq!(saved.header("location"), "/start/greetings", "{}", saved.text());
    let channel = &channels(&desk).await[0];
    assert_eq!(channel["hours"]["weekly"]["fri"], json!([["08:30", "16:00"]]));

    let page = eve.get("/start/greetings").await;
    let tag = hidden(page.text(), "tag");
    let wrong = [("channel", id), ("tag", tag.as_str()), ("language", "xx")];
    assert_eq!(eve.post("/start/greetings", &wrong).await.status, 422);
    let german = [("channel", id), ("tag", tag.as_str()), ("language", "de")];
    assert_eq!(eve.post("/start/greetings", &german).await.header("location"), "/start/agents");
    let channel = &channels(&desk).await[0];
    assert_eq!(channel["greetings"]["by_number"]["+4312345678"]["language"], "de");

    let new = [("channel", id), ("name", "Ann"), ("email", "ann")];
    let again = eve.post("/start/agents/new", &new).await;
    assert_eq!(again.status, 422);
    assert!(again.text().contains("id=\"email-fault\"") && again.text().contains("value=\"Ann\""));
    let new = [("channel", id), ("name", "Ann"), ("email", "ann@example.org")];
    let made = eve.post("/start/agents/new", &new).await;
    assert_eq!(made.status, 200);
    let link = made.text().split("<code>").nth(1).and_then(|rest| rest.split('<').next()).expect("a link");
    let mut ann = Browser::at(&desk);
    let fields = [("password", PASSWORD), ("repeated", PASSWORD)];
    assert_eq!(ann.post(&path_of(link), &fields).await.status, 303);
    let ann = &ann.get("/api/v1/me").await.json()["user"]["id"];
    assert_eq!(channels(&desk).await[0]["routing"]["users"], json!([ann]));
    assert!(!eve.get("/start/agents").await.text().contains(link), "it is shown once");
    assert!(eve.get("/start").await.text().contains("1 step is left"), "nobody has called yet");
}

#[tokio::test]
async fn the_light_turns_green_when_a_signed_webhook_comes_and_stays_so() {
    let mut desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    let light = |page: &super::Answer| {
        ["a webhook has come", "its signature is wrong", "waiting for the first webhook"]
            .into_iter()
            .find(|word| page.text().contains(word))
    };
    assert_eq!(light(&eve.get("/start/webhooks").await), Some("waiting for the first webhook"));
    let forged = desk.post_hook_signed(&channel.hook("voice"), &[("CallSid", "CA1")], Some("forged")).await;
    assert_eq!(forged.0, 403);
    assert_eq!(light(&eve.get("/start/webhooks").await), Some("its signature is wrong"));
    let caller = desk.call(&channel);
    desk.over(&caller).await;
    assert_eq!(light(&eve.get("/start/webhooks").await), Some("a webhook has come"));
    desk.restart().await;
    eve.address = desk.api.address.clone();
    assert_eq!(light(&eve.get("/start/webhooks").await), Some("a webhook has come"));
}

#[tokio::test]
async fn of_two_admins_at_one_step_the_second_is_told() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    let page = eve.get("/start/hours").await;
    let tag = hidden(page.text(), "tag");
    let theirs = json!({ "hours": { "mode": "schedule", "weekly": { "mon": [["10:00", "11:00"]] } } });
    desk.api.patch(&format!("channels/{}", channel.id), theirs).await;
    let mine = [("channel", channel.id.as_str()), ("tag", tag.as_str()), ("hours", "always")];
    let told = eve.post("/start/hours", &mine).await;
    assert_eq!(told.status, 422);
    assert!(
        told.text().contains("Somebody else has changed this")
            && told.text().contains("As the week was painted")
    );
    assert!(told.text().contains("value=\"always\" checked"), "what was chosen stays");
    assert_eq!(channels(&desk).await[0]["hours"]["weekly"]["mon"], json!([["10:00", "11:00"]]));
    let tag = hidden(told.text(), "tag");
    let again = [("channel", channel.id.as_str()), ("tag", tag.as_str()), ("hours", "always")];
    assert_eq!(eve.post("/start/hours", &again).await.status, 303);
    assert_eq!(channels(&desk).await[0]["hours"]["mode"], "always");
}

#[tokio::test]
async fn a_number_rings_whom_it_is_told_to_and_whoever_is_there_gets_a_link() {
    let desk = Desk::open().await;
    let [ann, ben]: [Agent; 2] = desk.agents(["Ann", "Ben"]).await;
    let channel = desk.channel(&[&ann]).await;
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    let page = eve.get("/start/agents").await;
    let tag = hidden(page.text(), "tag");
    let chosen = [("channel", channel.id.as_str()), ("tag", tag.as_str()), ("rung", ben.id.as_str())];
    assert_eq!(eve.post("/start/agents/rung", &chosen).await.status, 303);
    assert_eq!(channels(&desk).await[0]["routing"]["users"], json!([ben.id]));
    let again = eve.post("/start/agents/rung", &chosen).await;
    assert_eq!(again.status, 422, "it has changed since");
    let made = eve.post(&format!("/start/agents/{}/link", ann.id), &[]).await;
    assert!(made.text().contains("/invitation/"), "{}", made.text());
    assert_eq!(eve.post(&format!("/start/agents/{}/link", super::NOBODY), &[]).await.status, 422);
    assert_eq!(eve.post("/start/agents/nobody/link", &[]).await.status, 404);
}
