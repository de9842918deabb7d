//! The pages of channels that make tickets, of skills and of inboxes: what is saved, what is refused beside its field, and
//! who sees what.

use super::{
    browser::{signed_in, signed_in_as},
    pages_tickets::value,
};
use crate::desk::{Agent, Desk};
use serde_json::{Value, json};

const NAME: &str = "Zoë <script>alert(1)</script>";

fn form<'a>(ann: &'a Agent, tag: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("kind", "form"),
        ("tag", tag),
        ("name", NAME),
        ("enabled", "yes"),
        ("makes-tickets", "yes"),
        ("field-name", "name"),
        ("field-email", "email"),
        ("field-number", "phone"),
        ("field-subject", "subject"),
        ("field-message", "message"),
        ("honeypot", "website"),
        ("mode", "contact_owner"),
        ("strategy", "round_robin"),
        ("tie-break", "last_assigned"),
        ("absent", "yes"),
        ("has-fallback", "yes"),
        ("fallback-user", &ann.id),
        ("relax", "30"),
        ("reroutes", "yes"),
        ("properties", "product: pump\nmood: good"),
        ("time-zone", "Europe/Vienna"),
    ]
}

fn with<'a>(mut fields: Vec<(&'a str, &'a str)>, field: &'a str, typed: &'a str) -> Vec<(&'a str, &'a str)> {
    fields.retain(|(known, _)| *known != field);
    fields.push((field, typed));
    fields
}

#[tokio::test]
async fn a_channel_is_made_changed_and_deleted_and_nothing_that_was_typed_is_lost() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    for kind in ["email", "form", "chat", "whatsapp", "api"] {
        let page = eve.get(&format!("/channels/written/new?kind={kind}")).await;
        assert_eq!((page.status, value(&page, "kind").as_str()), (200, kind));
    }
    let wrong = with(form(&ann, ""), "honeypot", "email");
    let answer = eve.post("/channels/written/new", &wrong).await;
    assert_eq!(answer.status, 422);
    for shown in ["another field has this name", "Zoë &#60;script&#62;", "product: pump", "value=\"30\""] {
        assert!(answer.text().contains(shown), "{shown} in {}", answer.text());
    }
    let made = eve.post("/channels/written/new", &form(&ann, "")).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let path = made.header("location").trim_end_matches("?saved").to_owned();
    let at = format!("channels/{}", path.rsplit('/').next().expect("an id"));
    let stored = desk.api.get(&at).await;
    let assignment = json!({
        "mode": "contact_owner", "users": [], "teams": [], "strategy": "round_robin", "tie_break": "last_assigned",
        "only_available": false, "fallback": { "users": [ann.id], "teams": [] }, "agent": null,
    });
    assert_eq!(stored["assignment"], assignment);
    assert_eq!(stored["properties"], json!({ "product": "pump", "mood": "good" }));
    assert_eq!(
        (&stored["form"]["honeypot"], &stored["relax_after_minutes"]),
        (&json!("website"), &json!(30))
    );
    assert_eq!((&stored["reroutes"], &stored["time_zone"]), (&json!(true), &json!("Europe/Vienna")));
    let hours = json!({ "hours": { "mode": "schedule", "weekly": { "mon": [["09:00", "17:00"]] } } });
    let with_hours = desk.api.patch(&at, hours).await;

    let old = value(&eve.get(&path).await, "tag");
    let changed = with(with(form(&ann, &old), "properties", "product: valve"), "enabled", "no");
    assert_eq!(eve.post(&path, &changed).await.status, 303);
    let stored = desk.api.get(&at).await;
    assert_eq!(stored["properties"], json!({ "product": "valve" }), "what was taken away is gone");
    assert_eq!(stored["hours"], with_hours["hours"], "what the form does not show stays");
    assert_eq!(stored["enabled"], false);
    let page = eve.get(&path).await;
    assert!(page.text().contains("The channel is switched off"), "{}", page.text());
    assert!(!page.text().contains("<script>alert"), "{}", page.text());
    let late = eve.post(&path, &with(form(&ann, &old), "properties", "product: tap")).await;
    assert_eq!(late.status, 409);
    for shown in ["Somebody else has changed this", "product: tap", "valve"] {
        assert!(late.text().contains(shown), "{shown} in {}", late.text());
    }
    let tag = value(&page, "tag");
    let bad = eve.post(&path, &with(form(&ann, &tag), "mode", "agent")).await;
    assert_eq!(bad.status, 422);
    assert!(bad.text().contains("have this mode"), "{}", bad.text());
    assert_eq!(desk.api.get(&at).await, stored);

    let other = eve.post(&format!("{path}/deletion"), &[("tag", &tag), ("name", "Zoë")]).await;
    assert_eq!(other.status, 422);
    assert!(other.text().contains("This is not its name."), "{}", other.text());
    assert!(eve.get("/channels/written").await.text().contains("Zoë"));
    let gone = eve.post(&format!("{path}/deletion"), &[("tag", &tag), ("name", NAME)]).await;
    assert_eq!((gone.status, gone.header("location")), (303, "/channels/written"));
    assert!(!eve.get("/channels/written").await.text().contains("Zoë"));
}

#[tokio::test]
async fn hours_are_typed_filled_in_and_closed_by_hand_as_those_of_calls() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    let week = |mon, action| {
        vec![
            ("hours_mode", "schedule"),
            ("mon", mon),
            ("sat", "22-02"),
            ("copy_from", "mon"),
            ("copy_to", "tue"),
            ("action", action),
        ]
    };
    let sent = |tag, mon, action| [form(&ann, tag), week(mon, action)].concat();
    let wrong = eve.post("/channels/written/new", &sent("", "nine", "save")).await;
    assert_eq!(wrong.status, 422);
    for shown in ["“nine” is no time such as", "id=\"mon-fault\"", "value=\"nine\"", "value=\"22-02\""] {
        assert!(wrong.text().contains(shown), "{shown} in {}", wrong.text());
    }
    let copied = eve.post("/channels/written/new", &sent("", "9-12", "copy")).await;
    assert_eq!(copied.status, 200);
    assert_eq!(copied.text().matches("value=\"9-12\"").count(), 2, "{}", copied.text());
    assert_eq!(desk.api.all("channels").await, [] as [Value; 0], "a button saves nothing");

    let made = eve.post("/channels/written/new", &sent("", "9-12, 13-17.30", "save")).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let path = made.header("location").trim_end_matches("?saved").to_owned();
    let at = format!("channels/{}", path.rsplit('/').next().expect("an id"));
    let stored = desk.api.get(&at).await;
    let weekly = json!({ "mon": [["09:00", "12:00"], ["13:00", "17:30"]], "sat": [["22:00", "02:00"]] });
    assert_eq!((&stored["hours"]["mode"], &stored["hours"]["weekly"]), (&json!("schedule"), &weekly));

    let page = eve.get(&path).await;
    let tag = value(&page, "tag");
    assert!(page.text().contains("value=\"09:00-12:00, 13:00-17:30\""), "{}", page.text());
    let overlap = eve.post(&path, &sent(&tag, "9-12, 11-13", "save")).await;
    assert_eq!(overlap.status, 422);
    assert!(overlap.text().contains("overlap with others"), "{}", overlap.text());
    let holidays = [sent(&tag, "9-12", "holidays"), vec![("region", "AT"), ("year", "2031")]].concat();
    let holidays = eve.post(&path, &holidays).await;
    assert_eq!(holidays.status, 200);
    for shown in ["13 days were added", "It is not saved yet.", "value=\"2031-10-26\""] {
        assert!(holidays.text().contains(shown), "{shown} in {}", holidays.text());
    }
    let no_file = eve.post(&path, &sent(&tag, "9-12", "ical")).await;
    assert_eq!(no_file.status, 422);
    assert!(no_file.text().contains("id=\"ical-fault\""), "{}", no_file.text());
    assert_eq!(desk.api.get(&at).await, stored);
    let closed_day = [
        sent(&tag, "9-12", "save"),
        vec![("exception_date", "2031-12-24"), ("exception_spans", ""), ("exception_name", "Eve <b>")],
    ]
    .concat();
    assert_eq!(eve.post(&path, &closed_day).await.status, 303);
    let stored = desk.api.get(&at).await;
    assert_eq!(
        stored["hours"]["exceptions"][0],
        json!({ "date": "2031-12-24", "spans": [], "name": "Eve <b>" })
    );
    assert!(eve.get(&path).await.text().contains("Eve &#60;b&#62;"));

    let closing = format!("{path}/closing");
    assert_eq!(eve.post(&closing, &[("until", "2001-01-01T00:00")]).await.status, 422);
    let closed = eve.post(&closing, &[("until", "2099-01-01T00:00")]).await;
    assert_eq!((closed.status, closed.header("location")), (303, &*format!("{path}?saved")));
    assert_eq!(
        desk.api.get(&at).await["hours"]["closed_until"],
        "2098-12-31T23:00:00Z",
        "on the channel's wall"
    );
    assert!(eve.get(&path).await.text().contains("Closed by hand until"));
    let mut agent = signed_in(&desk, &ann.id).await;
    assert_eq!(agent.post(&closing, &[]).await.status, 403);
    assert_eq!(eve.post(&closing, &[]).await.status, 303);
    assert_eq!(desk.api.get(&at).await["hours"]["closed_until"], Value::Null);
    assert_eq!(
        desk.api.get(&at).await["hours"]["weekly"],
        stored["hours"]["weekly"],
        "nothing else is touched"
    );
}

#[tokio::test]
async fn skills_are_made_and_given_to_people_and_a_channel_asks_for_them() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    for (name, kind) in [("Farsi", "language"), ("Pumps", "category")] {
        assert_eq!(eve.post("/people/skills", &[("name", name), ("kind", kind)]).await.status, 303);
    }
    let twice = eve.post("/people/skills", &[("name", "Farsi"), ("kind", "category")]).await;
    assert_eq!(twice.status, 422);
    assert!(twice.text().contains("another skill has this name"), "{}", twice.text());
    let skills = desk.api.all("skills").await;
    let id = |name: &str| {
        let skill = skills.iter().find(|skill| skill["name"] == name).expect("a skill");
        skill["id"].as_str().expect("an id").to_owned()
    };
    let (farsi, pumps) = (id("Farsi"), id("Pumps"));
    let path = format!("/people/{}/skills", ann.id);
    let tag = value(&eve.get(&path).await, "tag");
    let (of_farsi, of_pumps) = (format!("level-{farsi}"), format!("level-{pumps}"));
    let known = [("tag", tag.as_str()), (&of_farsi, "4"), (&of_pumps, "1")];
    assert_eq!(eve.post(&path, &known).await.status, 303);
    let expected = json!([{ "skill": farsi, "level": 4 }, { "skill": pumps, "level": null }]);
    assert_eq!(desk.api.get(&format!("users/{}", ann.id)).await["skills"], expected);
    assert_eq!(eve.post(&path, &known).await.status, 409, "somebody has changed it since");

    let mut asks = form(&ann, "");
    asks.extend([
        ("skill", farsi.as_str()),
        ("level", "3"),
        ("how", "preferred"),
        ("property", "language"),
        ("equals", "fa"),
        ("skill", ""),
        ("level", ""),
        ("how", "needed"),
        ("property", ""),
        ("equals", ""),
    ]);
    let made = eve.post("/channels/written/new", &asks).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let stored = desk.api.all("channels").await[0]["skills"].clone();
    let when = json!({ "property": "language", "equals": "fa" });
    assert_eq!(stored, json!([{ "skill": farsi, "level": 3, "needed": false, "when": when }]));
    let list = eve.get("/people/skills").await;
    let deletion = format!("/people/skills/{farsi}/delete");
    let tag = value(&list, "tag");
    let used = eve.post(&deletion, &[("tag", &tag)]).await;
    assert_eq!(used.status, 422);
    assert!(used.text().contains("asks for it"), "{}", used.text());
}

#[tokio::test]
async fn inboxes_are_made_changed_and_deleted_and_agents_see_none_of_these_pages() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let team = desk.team("Sellers", &[], &[]).await;
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    let made = [("name", "Sales"), ("who", "only"), ("user", ann.id.as_str()), ("team", team.as_str())];
    assert_eq!(eve.post("/people/inboxes/new", &made).await.status, 303);
    let inbox = desk.api.all("inboxes").await[0].clone();
    assert_eq!(inbox["only"], json!({ "users": [ann.id], "teams": [team] }));
    let path = format!("/people/inboxes/{}", inbox["id"].as_str().expect("an id"));
    assert!(eve.get("/people/inboxes").await.text().contains("1 person"));
    let tag = value(&eve.get(&path).await, "tag");
    let nameless = eve.post(&path, &[("tag", &tag), ("name", ""), ("who", "all")]).await;
    assert_eq!(nameless.status, 422);
    assert!(nameless.text().contains("a name has 1 to 200 characters"), "{}", nameless.text());
    assert_eq!(eve.post(&path, &[("tag", &tag), ("name", "Sales"), ("who", "all")]).await.status, 303);
    assert_eq!(desk.api.all("inboxes").await[0]["only"], Value::Null);
    let old = eve.post(&format!("{path}/delete"), &[("tag", &tag)]).await;
    assert_eq!(old.status, 409);
    let tag = value(&eve.get(&path).await, "tag");
    assert_eq!(eve.post(&format!("{path}/delete"), &[("tag", &tag)]).await.status, 303);
    assert_eq!(desk.api.all("inboxes").await, Vec::<Value>::new());

    let mut agent = signed_in(&desk, &ann.id).await;
    for path in ["/channels/written", "/channels/written/new", "/people/skills", "/people/inboxes"] {
        assert_eq!(agent.get(path).await.status, 403, "{path}");
    }
    let posted = agent.post("/channels/written/new", &form(&ann, "")).await;
    assert_eq!(posted.status, 403);
    assert_eq!(agent.post("/people/skills", &[("name", "Farsi")]).await.status, 403);
}
