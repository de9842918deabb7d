//! The pages of contacts: who sees which, what can't be saved, what there was with somebody, and two that become one.

use super::{
    Answer,
    browser::{Browser, signed_in, signed_in_as},
    pages_tickets::value,
};
use crate::desk::Desk;
use reqwest::Method;
use serde_json::{Value, json};

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_else(|| panic!("{field} in {object}"))
}

fn must_say(page: &Answer, said: &str) {
    assert!(page.text().contains(said), "{said} in {}", page.text());
}

fn must_not_say(page: &Answer, said: &str) {
    assert!(!page.text().contains(said), "{said} in {}", page.text());
}

/// A ticket of what this customer wrote.
async fn wrote(desk: &Desk, channel: &str, email: &str, subject: &str) -> Value {
    let customer = json!({ "kind": "email", "value": email });
    let message = json!({ "channel": channel, "customer": customer, "subject": subject, "text": "Hello" });
    desk.api.post("tickets", message).await
}

#[tokio::test]
async fn contacts_are_listed_and_found_and_an_agent_sees_their_own() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let vera = json!({
        "name": "Vera <b>Kunz</b>", "numbers": ["+4366011111"], "email": "vera@example.org",
        "other_emails": ["vk@home.test"], "owner": ann.id, "notes": "<i>Pump</i>",
    });
    let vera = desk.api.create("contacts", vera).await;
    let uwe = desk.api.create("contacts", json!({ "name": "Uwe", "numbers": ["+4366022222"] })).await;

    let eve = signed_in_as(&desk, "Eve", "admin").await;
    let list = eve.get("/contacts").await;
    must_say(&list, "Vera &#60;b&#62;Kunz&#60;/b&#62;");
    must_say(&list, "aria-current=\"page\" data-key=\"o\"");
    for (q, finds, others) in
        [("kunz", &vera, &uwe), ("VK%40home", &vera, &uwe), ("0660%20222", &uwe, &vera), ("uwe", &uwe, &vera)]
    {
        let found = eve.get(&format!("/contacts?q={q}")).await;
        must_say(&found, &format!("contacts/{finds}"));
        must_not_say(&found, &format!("contacts/{others}"));
    }
    must_say(&eve.get("/contacts?q=%3Cu%3E").await, "No contact was found for “&#60;u&#62;”");
    for q in ["from=x", "from=-1"] {
        assert_eq!(eve.get(&format!("/contacts?{q}")).await.status, 404);
    }
    let page = eve.get(&format!("/contacts/{vera}")).await;
    for said in ["&#60;i&#62;Pump&#60;/i&#62;", "vera@example.org", "vk@home.test", "+4366011111"] {
        must_say(&page, said);
    }

    // An agent reads what is theirs, and changes nothing.
    let mut ann = signed_in(&desk, &ann.id).await;
    let list = ann.get("/contacts").await;
    must_say(&list, &format!("contacts/{vera}"));
    must_not_say(&list, &format!("contacts/{uwe}"));
    must_not_say(&list, "contacts/new");
    let page = ann.get(&format!("/contacts/{vera}")).await;
    must_say(&page, "vera@example.org");
    must_not_say(&page, "<textarea");
    assert_eq!(ann.get(&format!("/contacts/{uwe}")).await.status, 404);
    for path in ["/contacts/new", &format!("/contacts/{vera}/merge"), &format!("/contacts/{uwe}/merge")] {
        assert_eq!(ann.get(path).await.status, 403, "{path}");
    }
    let merge = [("with", &*uwe), ("tag", ""), ("other-tag", "")];
    let sent: [(&str, &[(&str, &str)]); 4] = [
        ("/contacts/new", &[("name", "X")]),
        (&format!("/contacts/{vera}"), &[("name", "X")]),
        (&format!("/contacts/{vera}/delete"), &[]),
        (&format!("/contacts/{vera}/merge"), &merge),
    ];
    for (path, fields) in sent {
        assert_eq!(ann.post(path, fields).await.status, 403, "{path}");
    }
    assert_eq!(Browser::at(&desk).get("/contacts").await.status, 303);
    assert_eq!(desk.api.all("contacts").await.len(), 2);
}

#[tokio::test]
async fn many_contacts_are_shown_by_fifties_in_the_order_of_their_names() {
    let desk = Desk::open().await;
    for n in (0..60).rev() {
        desk.api.create("contacts", json!({ "name": format!("Contact {n:02}") })).await;
    }
    let eve = signed_in_as(&desk, "Eve", "supervisor").await;
    let names = |page: &Answer| -> Vec<String> {
        let rows = page.text().split("<bdi>Contact ").skip(1).map(|rest| rest[..2].to_owned());
        rows.collect::<Vec<_>>()
    };
    let numbers = |range: std::ops::Range<u8>| range.map(|n| format!("{n:02}")).collect::<Vec<_>>();
    let first = eve.get("/contacts?q=contact").await;
    assert_eq!(names(&first), numbers(0..50));
    must_say(&first, "contacts?q=contact&#38;from=50");
    let second = eve.get("/contacts?q=contact&from=50").await;
    assert_eq!(names(&second), numbers(50..60));
    must_say(&second, "contacts?q=contact&#38;from=0");
    must_not_say(&second, "from=100");
}

#[tokio::test]
async fn a_contact_is_made_and_changed_and_what_is_wrong_stands_beside_its_field() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let portal = desk.api.create("channels", json!({ "kind": "api", "name": "Portal <b>" })).await;
    let uwe = desk.api.create("contacts", json!({ "name": "Uwe <i>", "numbers": ["+4366022222"] })).await;
    let mut sue = signed_in_as(&desk, "Sue", "supervisor").await;
    assert_eq!(sue.get("/contacts/new").await.status, 200);
    let typed = |numbers: &'static str| {
        [
            ("name", "Vera <b>Kunz"),
            ("numbers", numbers),
            ("email", "vera@example.org"),
            ("other_emails", "vk@home.test\r\n\r\nkunz@work.test"),
            ("channel", &*portal),
            ("visitor", "17"),
            ("owner", &*ann.id),
            ("blocked", "voicemail"),
            ("priority", "7"),
            ("notes", "One\r\ntwo"),
        ]
    };
    let wrong = sue.post("/contacts/new", &typed("+4366011111\r\n0660 5")).await;
    assert_eq!(wrong.status, 422);
    must_say(&wrong, "aria-describedby=\"numbers-hint numbers-fault\"");
    must_say(&wrong, "\u{2068}06605\u{2069}: a number is written like");
    for kept in ["Vera &#60;b&#62;Kunz", "+4366011111\n0660 5", "value=\"voicemail\" dir=\"auto\" selected"] {
        must_say(&wrong, kept);
    }
    let taken = sue.post("/contacts/new", &typed("+43 660 22222")).await;
    assert_eq!(taken.status, 422);
    must_say(&taken, &format!("<a href=\"contacts/{uwe}\"><bdi>Uwe &#60;i&#62;</bdi></a>"));

    let made = sue.post("/contacts/new", &typed("0043 (660) 111-11")).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let path = made.header("location").trim_end_matches("?saved").to_owned();
    let expected = json!({
        "id": path.rsplit('/').next(), "name": "Vera <b>Kunz", "numbers": ["+4366011111"], "email": "vera@example.org",
        "other_emails": ["vk@home.test", "kunz@work.test"], "visitors": [{ "channel": portal, "visitor": "17" }],
        "notes": "One\ntwo", "owner": ann.id, "tracked": false, "blocked": "voicemail", "priority": 7,
    });
    assert_eq!(desk.api.get(&path[1..]).await, expected);
    let page = sue.get(made.header("location")).await;
    must_say(&page, "Saved.");
    must_say(&page, "Portal &#60;b&#62;");

    // Two change it: the second is told, and nothing is overwritten until they say so.
    let tag = value(&page, "tag");
    desk.api.patch(&path[1..], json!({ "email": "v.kunz@example.org" })).await;
    let fields = |tag| [("tag", tag), ("name", "Vera K."), ("tracked", "yes"), ("email", "vera@example.org")];
    let told = sue.post(&path, &fields(&tag)).await;
    assert_eq!(told.status, 409);
    must_say(&told, "<td><bdi>v.kunz@example.org</bdi></td><td><bdi>vera@example.org</bdi></td>");
    must_say(&told, "value=\"Vera K.\"");
    assert_eq!(desk.api.get(&path[1..]).await["name"], "Vera <b>Kunz");
    assert_eq!(sue.post(&path, &fields(&value(&told, "tag"))).await.status, 303);
    let now = desk.api.get(&path[1..]).await;
    assert_eq!(
        (&now["name"], &now["visitors"], &now["tracked"]),
        (&json!("Vera K."), &json!([]), &json!(true))
    );

    // It is deleted as it was seen, or not at all.
    let stale = sue.post(&format!("{path}/delete"), &[("tag", &tag)]).await;
    assert_eq!(stale.status, 409);
    let tag = value(&stale, "tag");
    assert_eq!(
        sue.post(&format!("{path}/delete"), &[("tag", &tag)]).await.header("location"),
        "/contacts?deleted"
    );
    assert_eq!(sue.get(&path).await.status, 404);
    for nonsense in ["/contacts/x", "/contacts/00000000000000000000000000000000"] {
        assert_eq!(sue.get(nonsense).await.status, 404, "{nonsense}");
    }
}

#[tokio::test]
async fn what_there_was_with_a_contact_is_on_their_page_and_beside_each_ticket() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let team = desk.team("Support", &[&ann], &[]).await;
    let portal = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let channel = desk.channel(&[]).await;
    let mut incoming = desk.incoming(&channel);
    incoming.from = "+4366011111".into();
    let (call, _) = desk.over(&desk.company.place(incoming)).await;
    let first = wrote(&desk, &portal, "vera@example.org", "The <b>pump</b>").await;
    let second = wrote(&desk, &portal, "vera@example.org", "The valve").await;
    let strange = wrote(&desk, &portal, "uwe@example.org", "A lamp").await;
    let (called, first, second) = (text(&call, "ticket"), &first, &second);
    let vera = text(first, "contact");
    desk.api.patch(&format!("contacts/{vera}"), json!({ "numbers": ["+4366011111"] })).await;

    let eve = signed_in_as(&desk, "Eve", "admin").await;
    let page = eve.get(&format!("/contacts/{vera}")).await;
    for ticket in [called, text(first, "id"), text(second, "id")] {
        must_say(&page, &format!("<a href=\"tickets/{ticket}\">"));
    }
    must_say(&page, "The &#60;b&#62;pump");
    must_not_say(&page, text(&strange, "id"));
    let ticket = format!("/tickets/{called}");
    let beside = eve.get(&ticket).await;
    must_say(&beside, &format!("<a href=\"contacts/{vera}\">"));
    for other in [first, second] {
        must_say(&beside, &format!("<a href=\"tickets/{}\">", text(other, "id")));
    }
    must_not_say(&beside, text(&strange, "id"));
    let all = eve.get(&format!("{ticket}/earlier")).await;
    for one in [called, text(first, "id"), text(second, "id")] {
        must_say(&all, &format!("<a href=\"tickets/{one}\">"));
    }
    let after = eve.get(&format!("{ticket}/earlier?after={}", text(second, "id"))).await;
    must_not_say(&after, &format!("<a href=\"tickets/{}\"><time", text(second, "id")));
    must_say(&after, &format!("<a href=\"tickets/{}\"><time", text(first, "id")));

    // An agent is shown those tickets that they may see, and the contact's page if it is theirs.
    desk.api.patch(&format!("tickets/{}", text(first, "id")), json!({ "team": team })).await;
    desk.api.patch(&format!("tickets/{}", text(second, "id")), json!({ "owner": ann.id })).await;
    let browser = signed_in(&desk, &ann.id).await;
    let beside = browser.get(&format!("/tickets/{}", text(first, "id"))).await;
    must_say(&beside, &format!("<a href=\"tickets/{}\">", text(second, "id")));
    must_not_say(&beside, called);
    must_not_say(&beside, &format!("contacts/{vera}"));
    assert_eq!(browser.get(&format!("{ticket}/earlier")).await.status, 404);
    desk.api.patch(&format!("contacts/{vera}"), json!({ "owner": ann.id })).await;
    let page = browser.get(&format!("/contacts/{vera}")).await;
    must_say(&page, text(first, "id"));
    must_not_say(&page, called);
}

/// Nobody is behind a number that is not told.
#[tokio::test]
async fn callers_who_tell_no_number_are_not_one_person() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let mut tickets = Vec::new();
    for from in ["anonymous", "anonymous", "+4366011111", "+4366011111"] {
        let mut incoming = desk.incoming(&channel);
        incoming.from = from.into();
        let (call, _) = desk.over(&desk.company.place(incoming)).await;
        let ticket = text(&call, "ticket").to_owned();
        desk.api.patch(&format!("tickets/{ticket}"), json!({ "status": "closed" })).await;
        tickets.push(ticket);
    }
    let eve = signed_in_as(&desk, "Eve", "admin").await;
    let withheld = eve.get(&format!("/tickets/{}", tickets[0])).await;
    must_not_say(&withheld, &tickets[1]);
    let told = eve.get(&format!("/tickets/{}", tickets[2])).await;
    assert_ne!(tickets[2], tickets[3]);
    must_say(&told, &format!("<a href=\"tickets/{}\">", tickets[3]));
    must_not_say(&told, &tickets[0]);
}

#[tokio::test]
async fn two_contacts_become_one_and_the_other_leads_to_it() {
    let mut desk = Desk::open().await;
    let portal = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let first = wrote(&desk, &portal, "vera@example.org", "The pump").await;
    let second = wrote(&desk, &portal, "vk@home.test", "The valve").await;
    let (vera, other) = (text(&first, "contact"), text(&second, "contact"));
    desk.api.patch(&format!("contacts/{vera}"), json!({ "name": "Vera Kunz", "notes": "Pump" })).await;
    desk.api
        .patch(
            &format!("contacts/{other}"),
            json!({ "name": "<i>vk", "priority": 4, "numbers": ["+4366022222"] }),
        )
        .await;
    let mut sue = signed_in_as(&desk, "Sue", "admin").await;
    let merge = format!("/contacts/{vera}/merge");
    let found = sue.get(&format!("{merge}?q=home.test")).await;
    must_say(&found, &format!("<a href=\"contacts/{vera}/merge?with={other}\"><bdi>&#60;i&#62;vk</bdi></a>"));
    let itself = sue.get(&format!("{merge}?with={vera}")).await;
    must_not_say(&itself, "name=\"other-tag\"");
    let pair = sue.get(&format!("{merge}?with={other}")).await;
    must_say(&pair, "<strong><bdi>+4366022222</bdi></strong></td>");
    let fields = |page: &Answer| {
        [("with", other.to_owned()), ("tag", value(page, "tag")), ("other-tag", value(page, "other-tag"))]
    };
    async fn send(sue: &mut Browser, path: &str, fields: &[(&str, String)]) -> Answer {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        sue.post(path, &fields).await
    }

    // Whichever of the two somebody else changes: nothing happens before it was seen.
    let mut shown = fields(&pair);
    for changed in [other, vera] {
        desk.api.patch(&format!("contacts/{changed}"), json!({ "priority": 5 })).await;
        let told = send(&mut sue, &merge, &shown).await;
        assert_eq!(told.status, 409);
        must_say(&told, "Nothing was merged");
        assert_eq!(desk.api.all("contacts").await.len(), 2);
        shown = fields(&told);
    }
    let done = send(&mut sue, &merge, &shown).await;
    assert_eq!((done.status, done.header("location")), (303, &*format!("/contacts/{vera}?merged")));
    let page = sue.get(&format!("/contacts/{vera}?merged")).await;
    for said in ["Two contacts are one now", "vk@home.test", "+4366022222", "The pump", "The valve"] {
        must_say(&page, said);
    }
    let again = send(&mut sue, &merge, &shown).await;
    assert_eq!(
        again.header("location"),
        format!("/contacts/{vera}?merged"),
        "it is done, however often it is sent"
    );

    // Who had it open, or kept a link, comes to the one that stays; also if that one goes on to a third.
    let stays = desk.api.create("contacts", json!({ "name": "Vera Kunz-Ott" })).await;
    desk.restart().await;
    let mut sue = signed_in_as(&desk, "Sam", "supervisor").await;
    let led = sue.get(&format!("/contacts/{other}")).await;
    assert_eq!((led.status, led.header("location")), (303, &*format!("/contacts/{vera}?merged")));
    let late = sue.post(&format!("/contacts/{other}"), &[("name", "Late"), ("tag", "")]).await;
    assert_eq!(late.status, 409);
    must_say(&late, "value=\"Late\"");
    let gone = sue.post(&format!("/contacts/{other}/delete"), &[("tag", "")]).await;
    assert_eq!(
        gone.header("location"),
        format!("/contacts/{vera}?merged"),
        "the other is not deleted instead"
    );
    let third = json!({ "from": vera });
    assert_eq!(desk.api.ask(Method::POST, &format!("contacts/{stays}/merge"), Some(third)).await.0, 200);
    for path in [vera.to_owned(), other.to_owned(), format!("{other}/merge")] {
        let led = sue.get(&format!("/contacts/{path}")).await;
        assert_eq!(led.header("location"), format!("/contacts/{stays}?merged"), "{path}");
    }
    let ann = desk.agent("Ann").await;
    let ann = signed_in(&desk, &ann.id).await;
    assert_eq!(
        ann.get(&format!("/contacts/{other}")).await.status,
        404,
        "whoever may not see it is not told"
    );
    desk.api.delete(&format!("contacts/{stays}")).await;
    assert_eq!(sue.get(&format!("/contacts/{other}")).await.status, 404);
}
