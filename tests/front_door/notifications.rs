//! Who is told of tickets, and how: on the pages, by mail and by webhooks, as admins say for all and each user for themselves.

use crate::desk::{Agent, Api, Desk, LOOK_EVERY, PATIENCE};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

async fn portal(desk: &Desk, agents: &[&Agent], name: &str) -> String {
    let users: Vec<&str> = agents.iter().map(|agent| &*agent.id).collect();
    let assignment = json!({ "mode": "specific", "users": users, "strategy": "load_balanced" });
    desk.api.create("channels", json!({ "kind": "api", "name": name, "assignment": assignment })).await
}

async fn ticket(desk: &Desk, channel: &str) -> String {
    let question = json!({
        "channel": channel, "subject": "The pump leaks", "text": "Since Monday.",
        "customer": { "kind": "email", "value": "vera@example.org" },
    });
    desk.api.create("tickets", question).await
}

async fn away(desk: &Desk, agent: &Agent) {
    let path = format!("users/{}/availability", agent.id);
    assert_eq!(desk.api.ask(Method::PUT, &path, Some(json!({ "state": "away" }))).await.0, 200);
}

/// Of what they were told, the oldest first.
async fn told(api: &Api) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let told = api.all("notifications").await;
    told.iter().rev().map(|told| (text(&told["about"]), text(&told["ticket"]))).collect()
}

fn pairs(expected: &[(&str, &String)]) -> Vec<(String, String)> {
    expected.iter().map(|(about, ticket)| ((*about).to_owned(), (*ticket).clone())).collect()
}

#[tokio::test]
async fn whoever_a_ticket_concerns_is_told_on_their_pages_and_nobody_of_what_they_did_themselves() {
    let mut desk = Desk::open().await;
    let [ann, ben, cem] = desk.agents(["Ann", "Ben", "Cem"]).await;
    let mut phone = desk.softphone(&ben).await;
    let (of_ann, of_ben, of_cem) =
        (desk.api.with_token(&ann.token), desk.api.with_token(&ben.token), desk.api.with_token(&cem.token));
    let of_all = portal(&desk, &[&ann, &ben], "Portal").await;
    for agent in [&ann, &ben] {
        away(&desk, agent).await;
    }
    // Nobody is there: it is nobody's, and all who might take it are told.
    let one = ticket(&desk, &of_all).await;
    assert_eq!(told(&of_ann).await, pairs(&[("unassigned", &one)]));
    assert_eq!(told(&of_ben).await, pairs(&[("unassigned", &one)]));
    assert_eq!(told(&of_cem).await, []);
    let frame = phone.next("notification").await;
    assert_eq!((&frame["about"], &frame["ticket_id"]), (&json!("unassigned"), &json!(one)));
    assert_eq!(frame["notification_id"], of_ben.all("notifications").await[0]["id"]);

    // Ann takes it herself, and hands it to Ben.
    of_ann.patch(&format!("tickets/{one}"), json!({ "owner": ann.id })).await;
    of_ann.patch(&format!("tickets/{one}"), json!({ "owner": ben.id })).await;
    assert_eq!(told(&of_ann).await, pairs(&[("unassigned", &one)]));
    // The customer writes on Ben's ticket, and he answers.
    desk.api.post(&format!("tickets/{one}/messages"), json!({ "by_customer": true, "text": "Hello?" })).await;
    of_ben.post(&format!("tickets/{one}/messages"), json!({ "text": "We come." })).await;
    let of_one = [("unassigned", &one), ("assigned", &one), ("message", &one)];
    assert_eq!(told(&of_ben).await, pairs(&of_one));

    // Who is given what comes is told once, and not of the message besides.
    let of_cem_alone = portal(&desk, &[&cem], "Shop").await;
    let two = ticket(&desk, &of_cem_alone).await;
    assert_eq!(told(&of_cem).await, pairs(&[("assigned", &two)]));

    // What was read is read, for whoever read it, also after a restart.
    let all = of_ben.all("notifications").await;
    let until = json!({ "until": all[1]["id"] });
    assert_eq!(of_ben.post("notifications/read", until).await, json!({ "unread": 1 }));
    for unclear in [json!({}), json!({ "until": all[0]["id"], "only": all[0]["id"] })] {
        let (status, problem) = of_ben.ask(Method::POST, "notifications/read", Some(unclear)).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/until")));
    }
    desk.restart().await;
    let (of_ann, of_ben) = (desk.api.with_token(&ann.token), desk.api.with_token(&ben.token));
    let unread = of_ben.all("notifications?unread=true").await;
    assert_eq!((unread.len(), &unread[0]["id"]), (1, &all[0]["id"]));
    assert!(of_ben.all("notifications").await[1]["read_at"].is_string());
    assert_eq!(of_ann.all("notifications?unread=true").await.len(), 1, "it is still Ann's to read");

    // One alone is read without those before it, and only by whose it is.
    let three = ticket(&desk, &of_cem_alone).await;
    let of_cem = desk.api.with_token(&cem.token);
    let [last, first] = &of_cem.all("notifications").await[..] else { panic!("Cem was told of two tickets") };
    assert_eq!((&last["ticket"], &first["ticket"]), (&json!(three), &json!(two)));
    of_ben.post("notifications/read", json!({ "only": last["id"] })).await;
    assert_eq!(
        of_cem.post("notifications/read", json!({ "only": last["id"] })).await,
        json!({ "unread": 1 })
    );
    assert_eq!(of_cem.all("notifications?unread=true").await[0]["id"], first["id"]);
}

#[tokio::test]
async fn admins_say_what_holds_for_all_and_each_user_s_own_choice_wins() {
    let mut desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let (of_ann, of_ben) = (desk.api.with_token(&ann.token), desk.api.with_token(&ben.token));
    let page = json!({ "page": true, "mail": false, "webhook": false });
    let defaults = json!({ "unassigned": page, "assigned": page, "message": page });
    assert_eq!(of_ann.get("notifications/defaults").await, defaults);
    let none = json!({ "page": null, "mail": null, "webhook": null });
    let own = json!({ "unassigned": none, "assigned": none, "message": none });
    assert_eq!(of_ann.get("notifications/choices").await, json!({ "own": own, "holds": defaults }));

    let off = json!({ "unassigned": { "page": false }, "assigned": { "page": false } });
    assert_eq!(of_ann.ask(Method::PATCH, "notifications/defaults", Some(off.clone())).await.0, 403);
    desk.api.patch("notifications/defaults", off).await;
    let chosen = of_ann.patch("notifications/choices", json!({ "assigned": { "page": true } })).await;
    assert_eq!(
        (&chosen["own"]["assigned"]["page"], &chosen["own"]["message"]["page"]),
        (&json!(true), &Value::Null)
    );
    let holds = &chosen["holds"];
    assert_eq!(
        [&holds["unassigned"]["page"], &holds["assigned"]["page"], &holds["message"]["page"]],
        [&json!(false), &json!(true), &json!(true)]
    );
    desk.restart().await;
    let (of_ann, of_ben) = (of_ann.with_token(&ann.token), of_ben.with_token(&ben.token));
    let (of_ann, of_ben) = (
        Api { address: desk.api.address.clone(), ..of_ann },
        Api { address: desk.api.address.clone(), ..of_ben },
    );
    assert_eq!(of_ann.get("notifications/choices").await, chosen);
    let (anns, bens) = (portal(&desk, &[&ann], "Portal").await, portal(&desk, &[&ben], "Shop").await);
    let one = ticket(&desk, &anns).await;
    ticket(&desk, &bens).await;
    assert_eq!(told(&of_ann).await, pairs(&[("assigned", &one)]));
    assert_eq!(told(&of_ben).await, [], "the default holds for Ben");
    let again = of_ann.patch("notifications/choices", json!({ "assigned": { "page": null } })).await;
    assert_eq!(again["holds"]["assigned"]["page"], json!(false), "without a choice the default holds again");

    for (patch, pointer) in [
        (json!({ "fax": {} }), "/fax"),
        (json!({ "message": { "fax": true } }), "/message/fax"),
        (json!({ "message": { "page": "yes" } }), "/message/page"),
        (json!({ "owner_absent": { "mail": false } }), "/owner_absent"),
    ] {
        let (status, problem) = of_ann.ask(Method::PATCH, "notifications/choices", Some(patch.clone())).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{patch}: {problem}");
    }
    let gone = json!({ "message": { "page": null } });
    assert_eq!(
        desk.api.ask(Method::PATCH, "notifications/defaults", Some(gone)).await.0,
        422,
        "a default is always there"
    );
    let mail = json!({ "message": { "mail": true } });
    for (api, path) in [(&of_ann, "notifications/choices"), (&desk.api, "notifications/defaults")] {
        let refused = api.ask(Method::PATCH, path, Some(mail.clone())).await;
        assert_eq!(refused.0, 409, "there is no mail server: nobody believes to be told");
    }
    for (method, path) in [
        (Method::GET, "notifications"),
        (Method::GET, "notifications/choices"),
        (Method::PATCH, "notifications/choices"),
    ] {
        assert_eq!(desk.api.ask(method, path, Some(json!({}))).await.0, 403, "this token is nobody's");
    }
}

#[tokio::test]
async fn an_absent_owner_is_mailed_what_their_contact_wrote_and_a_mail_that_can_not_be_sent_is_seen() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let vera = json!({ "name": "Vera", "email": "vera@example.org", "owner": ann.id });
    desk.api.create("contacts", vera).await;
    away(&desk, &ann).await;
    let channel = json!({ "kind": "api", "name": "Portal", "assignment": { "mode": "contact_owner" } });
    let channel = desk.api.create("channels", channel).await;
    let one = ticket(&desk, &channel).await;
    let told = told(&desk.api.with_token(&ann.token)).await;
    assert!(told.contains(&("owner_absent".to_owned(), one.clone())), "{told:?}");
    let looking = async {
        loop {
            let jobs = desk.api.all("jobs").await;
            let mail = jobs.iter().find(|job| job.to_string().contains("no mail server is configured"));
            if let Some(mail) = mail {
                return mail.clone();
            }
            sleep(LOOK_EVERY).await;
        }
    };
    let mail = timeout(PATIENCE, looking).await.expect("the mail that waits is seen among the jobs");
    assert!(mail.to_string().contains("user.notified"), "{mail}");
    let sql = "select document from happenings where kind = 'user.notified'";
    let told: String =
        sqlx::query_scalar(sql).fetch_one(&mut desk.store().await).await.expect("it is told once");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (&told["data"]["about"], &told["data"]["text"]),
        (&json!("owner_absent"), &json!("Since Monday."))
    );
}
