//! People are told of their tickets by a real mail server, and by webhooks whose signatures the library of Standard Webhooks
//! judges.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use crate::{
    desk::{Agent, Desk, Wishes},
    outward::{MailServer, Receiver, header, judged, until},
};
use reqwest::Method;
use serde_json::{Value, json};

async fn open(config: &str) -> Desk {
    let config = format!("[outward]\nallow_loopback = true\n{config}");
    Desk::open_with(Wishes { config, has_company: false, ..Wishes::default() }).await
}

/// A channel of another system that gives its tickets to this agent.
async fn portal(desk: &Desk, agent: &Agent) -> String {
    let assignment = json!({ "mode": "specific", "users": [agent.id], "strategy": "load_balanced" });
    let channel =
        json!({ "kind": "api", "name": format!("Portal of {}", agent.name), "assignment": assignment });
    desk.api.create("channels", channel).await
}

async fn ticket(desk: &Desk, channel: &str, subject: &str) -> String {
    let question = json!({
        "channel": channel, "subject": subject, "text": "Since Monday.",
        "customer": { "kind": "email", "value": "vera@example.org" },
    });
    desk.api.create("tickets", question).await
}

async fn chooses(desk: &Desk, agent: &Agent, choices: Value) {
    desk.api.with_token(&agent.token).patch("notifications/choices", choices).await;
}

/// What is still to be delivered or was given up, once it is as wished.
async fn job(desk: &Desk, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
    until(what, || async { desk.api.all("jobs").await.into_iter().find(|job| wished(job)) }).await
}

async fn retry(desk: &Desk, job: &Value) {
    let path = format!("jobs/{}/retry", job["id"].as_str().unwrap());
    assert_eq!(desk.api.ask(Method::POST, &path, None).await.0, 202);
}

#[tokio::test]
async fn who_wants_mail_gets_it_and_a_mail_that_can_t_be_sent_is_seen_and_tried_again() {
    let server = MailServer::open().await;
    let desk = open(&server.config()).await;
    let ann = desk.agent("Ann").await;
    let gone = json!({ "name": "Ben", "email": "nobody@example.org", "role": "agent", "seats": ["service"],
        "reach": { "client": "ben" } });
    let ben = desk.agent_with("Ben", gone).await;
    let by_mail = json!({ "assigned": { "mail": true }, "message": { "mail": true } });
    for agent in [&ann, &ben] {
        chooses(&desk, agent, by_mail.clone()).await;
    }
    let (hers, his) = (portal(&desk, &ann).await, portal(&desk, &ben).await);

    let one = ticket(&desk, &hers, "The pump leaks").await;
    let mail = server.mail("A ticket on Portal of Ann was given to you: The pump leaks").await;
    assert_eq!(header(&mail, "To"), "ann@example.org");
    assert_eq!(header(&mail, "Subject"), "This ticket is yours: The pump leaks");
    assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
    assert!(mail.contains(&format!("Ticket: https://calls.example.test/tickets/{one}")), "{mail}");

    // The mail server puts it off: it waits, is seen, and arrives when it is tried again.
    std::fs::write(server.path("busy"), "").unwrap();
    let said = json!({ "by_customer": true, "text": "It leaks more." });
    desk.api.post(&format!("tickets/{one}/messages"), said).await;
    let waiting = job(&desk, "who is put off is seen", |job| {
        // By itself it is tried again only after a minute, and not just when the server is back.
        job["recipient"] == "ann@example.org" && job["tries"].as_u64() >= Some(2)
    })
    .await;
    assert_eq!(
        (&waiting["kind"], &waiting["event"], &waiting["state"], &waiting["status"]),
        (&json!("mail"), &json!("user.notified"), &json!("waiting"), &json!(451)),
        "{waiting:#}"
    );
    assert!(waiting["next_try"].is_string() && waiting["error"].to_string().contains("come back later"));
    std::fs::remove_file(server.path("busy")).unwrap();
    retry(&desk, &waiting).await;
    let mail = server.mail("The customer wrote on your ticket on Portal of Ann: The pump leaks").await;
    assert!(mail.contains("> It leaks more."), "{mail}");
    until("nothing is left to do", || async { desk.api.all("jobs").await.is_empty().then_some(()) }).await;

    // The mail server refuses it: it is given up, seen until somebody does something, and tried again when they say so.
    ticket(&desk, &his, "The tap drips").await;
    let given_up = job(&desk, "who is refused is seen", |job| job["state"] == "failed").await;
    assert_eq!(
        (&given_up["recipient"], &given_up["event"], &given_up["status"]),
        (&json!("nobody@example.org"), &json!("user.notified"), &json!(550)),
        "{given_up:#}"
    );
    assert!(given_up["error"].to_string().contains("there is no such person"), "{given_up:#}");
    retry(&desk, &given_up).await;
    let again = job(&desk, "it is tried anew, and refused anew", |job| {
        job["state"] == "failed" && job["failed_at"] != given_up["failed_at"]
    })
    .await;
    assert_eq!(again["id"], given_up["id"]);
    assert_eq!(server.mails().len(), 2, "each mail once, and none to nobody");
}

#[tokio::test]
async fn who_wants_webhooks_is_told_of_by_one_whose_signature_is_believed() {
    let (desk, receiver) = (open("").await, Receiver::open().await);
    let url = format!("{}/well", receiver.address);
    let webhook = json!({ "name": "well", "url": url, "events": ["user.notified"] });
    let webhook = desk.api.post("webhooks", webhook).await;
    let secret = webhook["secret"].as_str().unwrap();
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    chooses(&desk, &ann, json!({ "assigned": { "webhook": true } })).await;
    let (hers, his) = (portal(&desk, &ann).await, portal(&desk, &ben).await);

    // Ben did not choose it, and of what the customer writes Ann did not.
    ticket(&desk, &his, "The tap drips").await;
    let one = ticket(&desk, &hers, "The pump leaks").await;
    let said = json!({ "by_customer": true, "text": "It leaks more." });
    desk.api.post(&format!("tickets/{one}/messages"), said).await;
    let two = ticket(&desk, &hers, "The valve sticks").await;
    let told = receiver.when("well", "both are told", |received| received.len() >= 2).await;
    let of = |ticket: &str| {
        let found = told.iter().find(|received| received.document()["data"]["ticket"] == ticket);
        found.unwrap_or_else(|| panic!("nobody is told of {ticket}")).clone()
    };
    let notifications = desk.api.with_token(&ann.token).all("notifications").await;
    for (ticket, subject) in [(&one, "The pump leaks"), (&two, "The valve sticks")] {
        let received = of(ticket);
        let document = received.document();
        assert_eq!(document["type"], "user.notified");
        assert_eq!(received.headers["webhook-id"], document["id"].as_str().unwrap());
        let told =
            notifications.iter().find(|told| told["about"] == "assigned" && told["ticket"] == **ticket);
        let expected = json!({
            "notification": told.unwrap()["id"], "user": ann.id, "about": "assigned", "ticket": ticket,
            "channel": hers, "subject": subject, "customer": { "kind": "email", "value": "vera@example.org" },
            "text": null,
        });
        assert_eq!(document["data"], expected);
        let tampered = received.with_body(received.body.replacen(&ann.id, &ben.id, 1));
        let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let cases = [(&received, secret), (&tampered, secret), (&received, other)];
        assert_eq!(judged(&cases), ["believed", "refused", "refused"]);
    }
    until("nothing is left to do", || async { desk.api.all("jobs").await.is_empty().then_some(()) }).await;
    assert_eq!(receiver.at("well").len(), 2, "{:#?}", receiver.at("well"));
}
