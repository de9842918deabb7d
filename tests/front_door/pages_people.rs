//! The pages of users and teams: who sees what, what can't be saved, and what stays when two save at the same time.

use super::{
    browser::{Browser, signed_in, signed_in_as},
    pages_tickets::value,
};
use crate::desk::Desk;
use serde_json::{Value, json};

const NAME: &str = "Zoë <script>alert(1)</script> \u{1F4DE} שלום";

fn form<'a>(name: &'a str, email: &'a str, tag: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", name),
        ("email", email),
        ("tag", tag),
        ("role", "agent"),
        ("seat", "service"),
        ("ticket-access", "yes"),
        ("time-zone", "Europe/Vienna"),
        ("has-hours", "yes"),
        ("hours-mon", "09:00-12:00, 13:00-17:30"),
        ("away-from", "2026-12-24T09:00"),
        ("away-until", "2026-12-27T09:00"),
        ("away-from", ""),
        ("away-until", ""),
        ("capacity", "7"),
        ("reach-kind", "client"),
        ("reach", "zoe"),
    ]
}

#[tokio::test]
async fn an_admin_makes_and_changes_a_user_and_nothing_that_was_typed_is_lost() {
    let desk = Desk::open().await;
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    assert_eq!(eve.get("/people/new").await.status, 200);
    let mut wrong = form(NAME, "nowhere", "");
    wrong.retain(|(field, _)| *field != "hours-mon");
    wrong.push(("hours-mon", "nine to five"));
    let answer = eve.post("/people/new", &wrong).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("this is not an email address"), "{}", answer.text());
    for typed in
        ["Zoë &#60;script&#62;alert(1)&#60;/script&#62; \u{1F4DE} שלום", "nine to five", "2026-12-24T09:00"]
    {
        assert!(answer.text().contains(typed), "{typed} in {}", answer.text());
    }
    let made = eve.post("/people/new", &form(NAME, "zoe@example.org", "")).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let path = made.header("location").to_owned();
    let id = path.strip_prefix("/people/").expect("a user").to_owned();
    let stored = desk.api.get(&format!("users/{id}")).await;
    assert_eq!(stored["name"], NAME);
    assert_eq!(stored["working_hours"]["mon"], json!([["09:00", "12:00"], ["13:00", "17:30"]]));
    assert_eq!(stored["out_of_office"][0]["from"], "2026-12-24T08:00:00Z");
    assert_eq!((&stored["capacity"], &stored["reach"]), (&json!(7), &json!({ "client": "zoe" })));
    let page = eve.get(&path).await;
    for shown in ["09:00-12:00, 13:00-17:30", "2026-12-24T09:00", "value=\"7\"", "value=\"zoe\""] {
        assert!(page.text().contains(shown), "{shown} in {}", page.text());
    }
    assert!(!page.text().contains("<script>alert"), "{}", page.text());
    let tag = value(&page, "tag");
    let mut changed = form(NAME, "zoe@example.org", &tag);
    changed.retain(|(field, _)| !["reach-kind", "reach", "capacity", "has-hours"].contains(field));
    changed.extend([("reach-kind", "client"), ("reach", ""), ("capacity", ""), ("has-hours", "no")]);
    assert_eq!(eve.post(&path, &changed).await.status, 303);
    let stored = desk.api.get(&format!("users/{id}")).await;
    assert_eq!((&stored["capacity"], &stored["working_hours"]), (&Value::Null, &Value::Null));
    assert_eq!(stored["reach"]["client"], id.as_str());
}

#[tokio::test]
async fn of_two_admins_the_second_is_told_what_the_first_has_saved() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let path = format!("/people/{}", ann.id);
    let tag = value(&eve.get(&path).await, "tag");
    desk.api.patch(&format!("users/{}", ann.id), json!({ "name": "Ann <i>Theirs" })).await;
    let told = eve.post(&path, &form("Ann Mine", "ann@example.org", &tag)).await;
    assert_eq!(told.status, 409);
    for shown in ["Somebody else has changed this", "Ann &#60;i&#62;Theirs", "value=\"Ann Mine\""] {
        assert!(told.text().contains(shown), "{shown} in {}", told.text());
    }
    assert_eq!(desk.api.get(&format!("users/{}", ann.id)).await["name"], "Ann <i>Theirs");
    let fields = form("Ann Mine", "ann@example.org", &tag);
    let again = value(&told, "tag");
    let fields: Vec<_> =
        fields.into_iter().map(|(n, v)| (n, if n == "tag" { again.as_str() } else { v })).collect();
    assert_eq!(eve.post(&path, &fields).await.status, 303);
    assert_eq!(desk.api.get(&format!("users/{}", ann.id)).await["name"], "Ann Mine");
}

#[tokio::test]
async fn supervisors_look_and_say_who_is_there_and_agents_do_not_come_here() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let lead = desk.person("lead", "supervisor").await.id;
    let mut browser = signed_in(&desk, &lead).await;
    let team = json!({ "name": "Support", "main": [ann.id], "extra": [lead] });
    let team = desk.api.create("teams", team).await;
    desk.api.create("teams", json!({ "name": "Secret", "main": [ann.id, ben.id] })).await;
    let list = browser.get("/people").await;
    assert!(list.text().contains("Support") && !list.text().contains("Secret"), "{}", list.text());
    let page = browser.get(&format!("/people/{}", ann.id)).await;
    assert!(
        page.text().contains("ann@example.org") && !page.text().contains("name=\"email\""),
        "{}",
        page.text()
    );
    let page = browser.get(&format!("/people/{}", ben.id)).await;
    assert!(page.status == 200 && !page.text().contains("ben@example.org"), "{}", page.text());
    let there = format!("/people/{}/availability", ben.id);
    let away = [("state", "away"), ("reason", "<lunch>"), ("until", "2099-12-24T12:00")];
    assert_eq!(browser.post(&there, &away).await.status, 303);
    let now = desk.api.get(&format!("users/{}/availability", ben.id)).await;
    assert_eq!(now["availability"]["reason"], "<lunch>");
    assert_eq!(now["load"], 0);
    let wrong = browser.post(&there, &[("state", "away"), ("reason", "x"), ("until", "tomorrow")]).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(browser.get(&format!("/people/teams/{team}")).await.status, 200);
    for path in [
        "/people/new".to_owned(),
        format!("/people/{}", ben.id),
        "/people/teams/new".into(),
        format!("/people/teams/{team}"),
    ] {
        assert_eq!(browser.post(&path, &form("x", "x@example.org", "")).await.status, 403, "{path}");
    }
    assert_eq!(browser.post(&format!("/people/{}/invitation", ben.id), &[]).await.status, 403);
    let mut agent = signed_in(&desk, &ann.id).await;
    for path in [
        "/people".to_owned(),
        "/people/teams".into(),
        format!("/people/{}", ann.id),
        format!("/people/teams/{team}"),
    ] {
        assert_eq!(agent.get(&path).await.status, 403, "{path}");
    }
    let path = format!("/people/{}/availability", ben.id);
    assert_eq!(agent.post(&path, &[("state", "available")]).await.status, 403);
}

#[tokio::test]
async fn a_team_gets_members_by_address_keeps_their_order_and_is_deleted_as_it_was_seen() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let unknown = eve.post("/people/teams/new", &[("name", "Support"), ("add", "nobody")]).await;
    assert_eq!(unknown.status, 422);
    assert!(unknown.text().contains("There is no user of this address"), "{}", unknown.text());
    let made = eve
        .post("/people/teams/new", &[("name", "Support"), ("add", "BEN@example.org"), ("add-part", "main")])
        .await;
    assert_eq!(made.status, 303, "{}", made.text());
    let path = made.header("location").to_owned();
    let tag = value(&eve.get(&path).await, "tag");
    let part = format!("part-{}", ben.id);
    let fields = [
        ("name", "Support"),
        ("tag", &*tag),
        ("member", &*ben.id),
        (&*part, "main"),
        ("add", "Ann"),
        ("add-part", "main"),
    ];
    assert_eq!(eve.post(&path, &fields).await.status, 303);
    let stored = desk.api.get(&path["/people/".len()..]).await;
    assert_eq!(stored["main"], json!([ben.id, ann.id]));
    assert_eq!(eve.post(&path, &fields).await.status, 409, "the form is from before");
    let delete = format!("{path}/delete");
    assert_eq!(eve.post(&delete, &[("tag", &tag)]).await.status, 409);
    let tag = value(&eve.get(&path).await, "tag");
    assert_eq!(eve.post(&delete, &[("tag", &tag)]).await.status, 303);
    assert_eq!(eve.get(&path).await.status, 404);
}

#[tokio::test]
async fn an_invitation_is_shown_once_and_opens_the_door() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let page = eve.post(&format!("/people/{}/invitation", ann.id), &[]).await;
    let at = page.text().find("/invitation/").expect("a link");
    let link = page.text()[at..].split('<').next().expect("an end").to_owned();
    assert!(!eve.get(&format!("/people/{}", ann.id)).await.text().contains(&link));
    assert_eq!(Browser::at(&desk).get(&link).await.status, 200);
}
