//! The pages of what people are told, of tickets that wait, and of messages without a ticket: who sees what, and what can't be
//! saved.

use super::{
    Answer, answer,
    browser::{Browser, signed_in, signed_in_as},
    pages_tickets::value,
};
use crate::desk::{Agent, Desk, LOOK_EVERY, PATIENCE, Wishes};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

const SUBJECT: &str = "The <b>pump</b> leaks";
const ESCAPED: &str = "The &#60;b&#62;pump&#60;/b&#62; leaks";

/// A channel of another system whose tickets go to these, but for what `more` says.
async fn portal(desk: &Desk, agents: &[&Agent], more: Value) -> String {
    let users: Vec<&str> = agents.iter().map(|agent| &*agent.id).collect();
    let assignment = json!({ "mode": "specific", "users": users, "strategy": "load_balanced" });
    let mut channel = json!({ "kind": "api", "name": "Portal <i>", "assignment": assignment });
    let (fields, more) = (channel.as_object_mut().expect("an object"), more.as_object().expect("an object"));
    fields.extend(more.clone());
    desk.api.create("channels", channel).await
}

fn question(channel: &str) -> Value {
    json!({
        "channel": channel, "subject": SUBJECT, "text": "Since <i>Monday</i>.", "name": "Vera <u>",
        "customer": { "kind": "email", "value": "vera@example.org" },
    })
}

async fn ticket(desk: &Desk, channel: &str) -> String {
    desk.api.create("tickets", question(channel)).await
}

async fn is(desk: &Desk, agent: &Agent, state: &str) {
    let path = format!("users/{}/availability", agent.id);
    assert_eq!(desk.api.ask(Method::PUT, &path, Some(json!({ "state": state }))).await.0, 200);
}

/// How many are unread, as it stands at the top of a page; `None`: it is not shown.
async fn counted(browser: &Browser, path: &str) -> Option<String> {
    let page = answer(browser.request(Method::GET, path).header("Accept", "text/html,*/*;q=0.8")).await;
    let text = page.text();
    assert!(text.contains("id=\"unread\""), "{text}");
    let (_, shown) = text.split_once("id=\"unread\"><span data-part=\"count\">")?;
    shown.split_once('<').map(|(count, _)| count.to_owned())
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

fn has(page: &Answer, all: &[&str]) {
    for shown in all {
        assert!(page.text().contains(shown), "{shown} in {}", page.text());
    }
}

#[tokio::test]
async fn what_one_was_told_is_listed_counted_and_read_one_by_one_or_all_at_once() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let mut nobody = Browser::at(&desk);
    assert_eq!(nobody.get("/notifications").await.status, 303);
    assert_eq!(nobody.post("/notifications/read", &[("until", &ann.id)]).await.status, 303);
    let (mut hers, mut his) = (signed_in(&desk, &ann.id).await, signed_in(&desk, &ben.id).await);
    has(&hers.get("/notifications").await, &["Nothing was told to you yet."]);
    assert_eq!(counted(&hers, "/tickets").await, None);

    let channel = portal(&desk, &[&ann], json!({})).await;
    let mut tickets = Vec::new();
    for _ in 0..3 {
        tickets.push(ticket(&desk, &channel).await);
    }
    let of_ann = desk.api.with_token(&ann.token);
    let told = ids(&of_ann.all("notifications").await);
    let page = hers.get("/notifications").await;
    has(&page, &[ESCAPED, "A ticket was given to you", &format!("href=\"tickets/{}\"", tickets[0])]);
    assert!(!page.text().contains("<b>pump"), "{}", page.text());
    let unread = |page: &Answer| page.text().matches("class=\"is-unread\"").count();
    assert_eq!(unread(&page), 3);
    assert_eq!(counted(&hers, "/me").await.as_deref(), Some("3"));
    assert_eq!(counted(&his, "/me").await, None);

    // One is read, and nobody else can read it for her.
    let one = |id: &str| format!("/notifications/{id}/read");
    let answered = hers.post(&one(&told[1]), &[("unread", "true")]).await;
    assert_eq!((answered.status, answered.header("location")), (303, "/notifications?unread=true"));
    assert_eq!(his.post(&one(&told[2]), &[]).await.status, 303);
    let left = ids(&of_ann.all("notifications?unread=true").await);
    assert_eq!(left, [told[0].clone(), told[2].clone()]);
    assert_eq!(unread(&hers.get("/notifications?unread=true").await), 2);
    assert_eq!(counted(&hers, "/notifications").await.as_deref(), Some("2"));

    let page = hers.get("/notifications").await;
    assert_eq!(value(&page, "until"), told[0]);
    assert_eq!(hers.post("/notifications/read", &[("until", &told[0])]).await.status, 303);
    let page = hers.get("/notifications").await;
    assert_eq!((unread(&page), page.text().contains("name=\"until\"")), (0, false));
    assert_eq!(counted(&hers, "/notifications").await, None);
    has(&hers.get("/notifications?unread=true").await, &["You have read everything."]);
    has(&hers.get(&format!("/notifications?after={}", told[2])).await, &["There is nothing older."]);
    for bad in ["/notifications?after=x", "/notifications?unread=perhaps"] {
        assert_eq!(hers.get(bad).await.status, 404, "{bad}");
    }
    assert_eq!(hers.post("/notifications/read", &[("until", "x")]).await.status, 404);
    assert_eq!(hers.post("/notifications/x/read", &[]).await.status, 404);

    // What she may not see any more is not shown to her.
    let path = format!("channels/{channel}");
    desk.api.patch(&path, json!({ "assignment": { "users": [ben.id] } })).await;
    for ticket in &tickets {
        desk.api.patch(&format!("tickets/{ticket}"), json!({ "owner": ben.id })).await;
    }
    let page = hers.get("/notifications").await;
    has(&page, &["a ticket that you do not see any more"]);
    assert!(!page.text().contains("pump") && !page.text().contains(&tickets[0]), "{}", page.text());
}

#[tokio::test]
async fn own_choices_win_over_what_admins_say_and_nothing_that_was_typed_is_lost() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let (mut hers, mut eve) = (signed_in(&desk, &ann.id).await, signed_in_as(&desk, "eve", "admin").await);
    let of_ann = desk.api.with_token(&ann.token);
    assert_eq!(hers.get("/system/notifications").await.status, 403);
    assert_eq!(hers.post("/system/notifications", &[("message-page", "yes")]).await.status, 403);

    let page = eve.get("/system/notifications").await;
    has(&page, &["name=\"assigned-page\" value=\"yes\" checked", "No mail server is configured"]);
    let old = value(&page, "tag");
    let only = [("tag", old.as_str()), ("message-page", "yes"), ("message-webhook", "yes")];
    let saved = eve.post("/system/notifications", &only).await;
    assert_eq!((saved.status, saved.header("location")), (303, "/system/notifications?saved"));
    let off = json!({ "page": false, "mail": false, "webhook": false });
    let message = json!({ "page": true, "mail": false, "webhook": true });
    let defaults = json!({ "unassigned": off, "assigned": off, "message": message });
    assert_eq!(desk.api.get("notifications/defaults").await, defaults);
    let late = eve.post("/system/notifications", &[("tag", &old), ("assigned-webhook", "yes")]).await;
    assert_eq!(late.status, 409);
    has(&late, &["Somebody else has changed this", "name=\"assigned-webhook\" value=\"yes\" checked"]);
    let tag = value(&late, "tag");
    for (field, typed, wrong) in [
        ("message-mail", "yes", "no mail server is configured"),
        ("message-page", "perhaps", "aria-describedby=\"message-page-fault\""),
    ] {
        let answer = eve.post("/system/notifications", &[("tag", tag.as_str()), (field, typed)]).await;
        assert_eq!(answer.status, 422);
        has(&answer, &[wrong, &format!("id=\"{field}-fault\"")]);
    }
    assert_eq!(desk.api.get("notifications/defaults").await, defaults);

    let page = hers.get("/me/notifications").await;
    has(&page, &["as for everybody: no", "as for everybody: yes"]);
    assert!(!page.text().contains("value=\"default\""), "there is nothing to go back from");
    let old = value(&page, "tag");
    let chosen = [("tag", old.as_str()), ("assigned-page", "yes"), ("message-webhook", "no")];
    assert_eq!(hers.post("/me/notifications", &chosen).await.header("location"), "/me/notifications?saved");
    let choices = of_ann.get("notifications/choices").await;
    assert_eq!(
        (&choices["own"]["assigned"]["page"], &choices["own"]["message"]["page"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(choices["holds"]["message"], json!({ "page": true, "mail": false, "webhook": false }));
    let late = hers.post("/me/notifications", &[("tag", &old), ("unassigned-page", "yes")]).await;
    assert_eq!(late.status, 409);
    has(&late, &["Somebody else has changed this", "<option value=\"yes\" selected>"]);
    let tag = value(&late, "tag");
    for (field, typed) in [("unassigned-mail", "yes"), ("unassigned-page", "perhaps")] {
        let answer = hers.post("/me/notifications", &[("tag", tag.as_str()), (field, typed)]).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        has(&answer, &[&format!("id=\"{field}-fault\"")]);
    }
    assert_eq!(of_ann.get("notifications/choices").await, choices);
    let back = hers.post("/me/notifications", &[("tag", &tag), ("action", "default")]).await;
    assert_eq!(back.status, 303);
    assert_eq!(of_ann.get("notifications/choices").await["holds"], defaults);
}

#[tokio::test]
async fn a_mail_that_tells_somebody_and_can_not_be_sent_is_seen_and_tried_again() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let vera = json!({ "name": "Vera", "email": "vera@example.org", "owner": ann.id });
    desk.api.create("contacts", vera).await;
    is(&desk, &ann, "away").await;
    let channel = json!({ "kind": "api", "name": "Portal", "assignment": { "mode": "contact_owner" } });
    let channel = desk.api.create("channels", channel).await;
    ticket(&desk, &channel).await;
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let looking = async {
        loop {
            let page = eve.get("/system/jobs").await;
            if page.text().contains("no mail server is configured") {
                return page;
            }
            sleep(LOOK_EVERY).await;
        }
    };
    let page = timeout(PATIENCE, looking).await.expect("the mail that waits is on the page");
    has(&page, &["mail (user.notified)", "ann@example.org"]);
    let job = desk.api.all("jobs").await.remove(0);
    let id = job["id"].as_str().expect("an id");
    assert_eq!(eve.post(&format!("/system/jobs/{id}"), &[]).await.status, 303);
    let lines = desk.api.get(&format!("audit?subject={id}")).await;
    assert_eq!(lines["items"][0]["action"], "retried");
    let looking = async {
        loop {
            let now = desk.api.all("jobs").await.remove(0);
            if now["tries"] != 0 && now["next_try"] != job["next_try"] {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(PATIENCE, looking).await.expect("it is tried a second time");
}

#[tokio::test]
async fn tickets_that_wait_are_shown_oldest_first_with_their_reason_to_those_who_may_see_them() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let (hers, his, eve) = (
        signed_in(&desk, &ann.id).await,
        signed_in(&desk, &ben.id).await,
        signed_in_as(&desk, "eve", "admin").await,
    );
    assert_eq!(Browser::at(&desk).get("/tickets/waiting").await.status, 303);
    has(&eve.get("/tickets/waiting").await, &["No ticket waits.", "href=\"channels/written\""]);
    assert!(!hers.get("/tickets/waiting").await.text().contains("channels/written"));
    has(&eve.get("/tickets").await, &["href=\"tickets/waiting\"", "href=\"tickets/messages\""]);

    is(&desk, &ann, "away").await;
    let channel = portal(&desk, &[&ann], json!({ "reroutes": true })).await;
    let [one, two] = [ticket(&desk, &channel).await, ticket(&desk, &channel).await];
    for browser in [&eve, &hers] {
        let page = browser.get("/tickets/waiting").await;
        has(&page, &[ESCAPED, "Nobody who is selected is available.", "Portal &#60;i&#62;"]);
        let at = |ticket: &str| page.text().find(&format!("href=\"tickets/{ticket}\""));
        assert!(at(&one).is_some() && at(&one) < at(&two), "{}", page.text());
        assert!(!page.text().contains("<b>pump"), "{}", page.text());
    }
    let page = his.get("/tickets/waiting").await;
    assert!(!page.text().contains("pump") && !page.text().contains(&one), "{}", page.text());
    let first = desk.api.get("tickets/waiting?limit=1").await;
    let after = first["next"].as_str().expect("it goes on");
    let page = eve.get(&format!("/tickets/waiting?after={after}")).await;
    let is_there = |ticket: &str| page.text().contains(&format!("href=\"tickets/{ticket}\""));
    assert_eq!([is_there(&one), is_there(&two)], [false, true], "{}", page.text());
    assert_eq!(eve.get("/tickets/waiting?after=x").await.status, 404);

    is(&desk, &ann, "available").await;
    let looking = async {
        while !eve.get("/tickets/waiting").await.text().contains("No ticket waits.") {
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(PATIENCE, looking).await.expect("the line ends");
}

const MAILBOX: &str = "[mailboxes.raw.webhook]\nkind = \"raw\"\nusername = \"raw\"\npassword = \"hush\"\n";

#[tokio::test]
async fn messages_without_a_ticket_are_read_by_those_who_may_and_become_tickets() {
    let wishes = Wishes { config: MAILBOX.into(), has_company: false, ..Wishes::default() };
    let desk = Desk::open_with(wishes).await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let (mut hers, mut his, mut eve) = (
        signed_in(&desk, &ann.id).await,
        signed_in(&desk, &ben.id).await,
        signed_in_as(&desk, "eve", "admin").await,
    );
    assert_eq!(Browser::at(&desk).get("/tickets/messages").await.status, 303);
    has(&eve.get("/tickets/messages").await, &["There is no such message."]);

    // A machine answers by mail, as HTML and with a file; another system writes where no tickets are made.
    let email = json!({ "mailbox": "raw", "address": "help@example.org" });
    let assignment = json!({ "mode": "specific", "users": [ben.id], "strategy": "load_balanced" });
    let email = json!({ "kind": "email", "name": "Help", "email": email, "assignment": assignment });
    let email = desk.api.create("channels", email).await;
    let mail = "From: Vera <vera@example.org>\nTo: help@example.org\nMessage-ID: <1@example.org>\n\
        Subject: Away <b>now</b>\nAuto-Submitted: auto-replied\nContent-Type: multipart/mixed; boundary=b\n\n\
        --b\nContent-Type: text/html\n\n<p>I am <b>away</b><script>alert(1)</script></p>\n\
        --b\nContent-Type: text/plain; name=\"when.txt\"\n\nsoon\n--b--\n";
    let hook = format!("{}/hooks/mail/{email}", desk.api.address);
    let sent = desk
        .api
        .client
        .post(hook)
        .basic_auth("raw", Some("hush"))
        .header("Content-Type", "message/rfc822")
        .body(mail.replace('\n', "\r\n"));
    let sent = sent.send().await.expect("an answer");
    assert!(sent.status().is_success(), "{sent:?}");
    let channel = portal(&desk, &[&ann], json!({ "makes_tickets": false })).await;
    let (status, kept) = desk.api.ask(Method::POST, "tickets", Some(question(&channel))).await;
    assert_eq!(status, 202, "{kept}");
    let loose = ids(&desk.api.all("messages").await);
    let [written, automatic] = [&loose[0], &loose[1]].map(|id| format!("/tickets/messages/{id}"));

    let page = eve.get("/tickets/messages").await;
    has(
        &page,
        &[
            ESCAPED,
            "Away &#60;b&#62;now",
            "written by a machine",
            "the channel makes none",
            "Vera &#60;u&#62;",
        ],
    );
    assert!(page.text().find(&loose[0]) < page.text().find(&loose[1]), "the newest first");
    let page = eve.get(&format!("/tickets/messages?after={}", loose[0])).await;
    let is_there = |id: &str| page.text().contains(&format!("href=\"tickets/messages/{id}\""));
    assert_eq!([is_there(&loose[0]), is_there(&loose[1])], [false, true], "{}", page.text());
    has(&eve.get(&format!("/tickets/messages?after={}", loose[1])).await, &["There are no older ones."]);
    assert_eq!(eve.get("/tickets/messages?after=x").await.status, 404);
    has(&eve.get(&automatic).await, &["I am away", "when.txt", &format!("{automatic}/html")[1..]]);
    let framed = eve.get(&format!("{automatic}/html")).await;
    assert!(framed.text().contains("<p>I am <b>away</b></p>"), "{}", framed.text());
    assert!(framed.header("content-security-policy").starts_with("sandbox"), "{framed:?}");
    assert_eq!(eve.get(&format!("{written}/html")).await.status, 404, "it came as text");

    // Each sees what came by the channels that give them tickets, and nobody without access to tickets sees any.
    let page = hers.get("/tickets/messages").await;
    assert!(page.text().contains(&loose[0]) && !page.text().contains(&loose[1]), "{}", page.text());
    for path in [automatic.clone(), format!("{automatic}/html")] {
        assert_eq!(hers.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(hers.post(&automatic, &[]).await.status, 404);
    desk.api.patch(&format!("users/{}", ben.id), json!({ "ticket_access": false })).await;
    assert!(!his.get("/tickets/messages").await.text().contains(&loose[1]));
    assert_eq!(desk.api.with_token(&ben.token).all("messages").await, [] as [Value; 0]);
    assert_eq!(his.get(&automatic).await.status, 404);
    assert_eq!(his.post(&automatic, &[]).await.status, 404);
    assert_eq!(desk.api.all("tickets").await, [] as [Value; 0]);

    let long = "é".repeat(501);
    let wrong = hers.post(&written, &[("subject", &long), ("given", "me")]).await;
    assert_eq!(wrong.status, 422);
    has(&wrong, &[&long, "id=\"subject-fault\"", "<option value=\"me\" dir=\"auto\" selected>"]);
    let made = hers.post(&written, &[("subject", "Leaks & drips"), ("given", "me")]).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let ticket = desk.api.get(&made.header("location")[1..]).await;
    assert_eq!((&ticket["subject"], &ticket["owner"]), (&json!("Leaks & drips"), &json!(ann.id)));
    assert_eq!(ids(&desk.api.all("messages").await), loose[1..]);
    // Who comes late is shown what was made.
    for again in [hers.get(&written).await, hers.post(&written, &[("subject", "Twice")]).await] {
        let place = format!("/tickets/{}#message-{}", ticket["id"].as_str().expect("an id"), loose[0]);
        assert_eq!((again.status, again.header("location")), (303, place.as_str()));
    }
    assert_eq!(his.get(&written).await.status, 404, "not to those who don't see the ticket");
    assert_eq!(desk.api.all("tickets").await.len(), 1);

    // By the rules of its channel: Ben may not have it any more.
    let made = eve.post(&automatic, &[("subject", ""), ("given", "")]).await;
    let ticket = desk.api.get(&made.header("location")[1..]).await;
    assert_eq!((&ticket["subject"], &ticket["owner"]), (&json!("Away <b>now</b>"), &Value::Null));
    has(&eve.get("/tickets/messages").await, &["There is no such message."]);
}
