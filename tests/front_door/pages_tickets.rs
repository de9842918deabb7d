//! The pages of tickets: lists, search, one ticket, and what can't be saved.

use super::{
    Answer,
    browser::{Browser, signed_in, signed_in_as},
};
use crate::desk::{Channel, Desk};
use serde_json::{Value, json};
use strowger::providers::simulator::{Behaviour, Message};

/// A call with a message of a few seconds, once it is kept.
async fn message(desk: &Desk, channel: &Channel) -> Value {
    let behaviour = Behaviour { message: Message::Seconds(4.0), ..Behaviour::default() };
    let caller = desk.call_with(channel, behaviour);
    desk.over(&caller).await;
    desk.call_when(caller.sid(), "has its message", |call| call["voicemail"].is_object()).await
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_else(|| panic!("{field} in {object}"))
}

/// What the field of this name holds.
pub fn value(page: &Answer, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let at = page.text().find(&start).unwrap_or_else(|| panic!("{name} in {}", page.text())) + start.len();
    page.text()[at..].split('"').next().expect("an end").to_owned()
}

#[tokio::test]
async fn tickets_are_listed_and_found_by_number_contact_and_id() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[]).await;
    let (one, other) = tokio::join!(message(&desk, &channel), message(&desk, &channel));
    let (mine, free) = (text(&one, "ticket"), text(&other, "ticket"));
    desk.api.patch(&format!("tickets/{mine}"), json!({ "owner": ann.id })).await;
    let number = text(&one, "from").to_owned();
    desk.api.create("contacts", json!({ "name": "Zoë <b>Ünal</b>", "numbers": [number] })).await;
    let national = format!("0{}", &number[3..]);
    let lists = async |list: &str| -> Vec<String> {
        let found = desk.api.get(&format!("tickets?{list}")).await;
        found["items"].as_array().expect("items").iter().map(|item| text(item, "id").to_owned()).collect()
    };
    assert_eq!(lists("view=unassigned").await, [free]);
    assert_eq!(lists("q=zo%C3%AB").await, [mine], "a part of the contact's name");
    assert_eq!(lists(&format!("q={national}")).await, [mine], "as it is dialled");
    let international = format!("00{}", &number[1..number.len() - 1]);
    let written = format!("%2B{}%20{}", &number[1..6], &number[6..]);
    for typed in [international, written] {
        let found = lists(&format!("view=all&q={typed}")).await;
        assert!(found.iter().any(|found| found == mine), "{typed}: {found:?}");
    }
    assert_eq!(lists(&format!("q={free}")).await, [free], "its id");
    assert_eq!(lists("q=12").await.len(), 0, "so few digits are in every number");
    assert_eq!(lists("view=closed").await.len(), 0);
    assert_eq!(lists("view=mine").await.len(), 0, "the token is nobody's");
    let (status, _) = desk.api.ask(reqwest::Method::GET, "tickets?view=nothing", None).await;
    assert_eq!(status, 400);

    let eve = signed_in_as(&desk, "Eve", "admin").await;
    let page = eve.get("/tickets?view=all").await;
    assert!(page.text().contains("Zoë &#60;b&#62;Ünal&#60;/b&#62;"), "{}", page.text());
    for ticket in [mine, free] {
        assert!(page.text().contains(&format!("tickets/{ticket}#why")), "{}", page.text());
    }
    let found = eve.get("/tickets?q=zo%C3%AB").await;
    assert!(found.text().contains(mine) && !found.text().contains(free), "{}", found.text());
    let long = format!("/api/v1/tickets?q={}", "é".repeat(201));
    assert_eq!(eve.get(&long).await.json()["errors"][0]["pointer"], "/q");
    let nothing = eve.get("/tickets?q=%3Ci%3E").await;
    assert!(nothing.text().contains("No ticket was found for “&#60;i&#62;”"), "{}", nothing.text());
    let ann = signed_in(&desk, &ann.id).await;
    let page = ann.get("/tickets?view=mine").await;
    assert!(page.text().contains(mine) && !page.text().contains(free), "{}", page.text());
    assert_eq!(ann.get(&format!("/tickets/{free}")).await.status, 404);
    assert_eq!(Browser::at(&desk).get("/tickets").await.status, 303);
}

#[tokio::test]
async fn a_ticket_shows_its_call_its_message_and_why_nobody_was_rung() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let ben = json!({ "name": "Ben <i>", "email": "ben@example.org", "seats": ["service"], "reach": { "client": "ben" } });
    let ben = desk.agent_with("Ben <i>", ben).await;
    let channel = desk.channel(&[&ann, &ben]).await;
    let away = json!({ "state": "away", "reason": "<lunch>" });
    desk.api.ask(reqwest::Method::PUT, &format!("users/{}/availability", ann.id), Some(away)).await;
    let call = message(&desk, &channel).await;
    let (ticket, call) = (text(&call, "ticket"), text(&call, "id"));
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    let page = eve.get(&format!("/tickets/{ticket}")).await;
    for said in [
        &format!("src=\"api/v1/calls/{call}/voicemail\""),
        "<path d=\"M1 ",
        "is away (&#60;lunch&#62;)",
        "Ben &#60;i&#62;",
        "has no softphone connected",
        "Nobody who is selected is available.",
    ] {
        assert!(page.text().contains(said), "{said} in {}", page.text());
    }
    let audit = json!(desk.api.all("audit").await).to_string();
    assert!(!audit.contains("listened"), "to look is not to listen");
    let to = eve.get(&format!("/calls/{call}")).await;
    assert_eq!((to.status, to.header("location")), (303, &*format!("/tickets/{ticket}#call-{call}")));

    let wrong = eve.post(&format!("/tickets/{ticket}/notes"), &[("text", "  ")]).await;
    assert_eq!(wrong.status, 422);
    let noted =
        eve.post(&format!("/tickets/{ticket}/notes"), &[("text", "<script>1</script>\r\nשלום")]).await;
    assert_eq!(noted.status, 303);
    let back = eve.post(&format!("/tickets/{ticket}/called-back"), &[("call", call)]).await;
    assert_eq!(back.status, 303);
    let page = eve.get(&format!("/tickets/{ticket}")).await;
    assert!(page.text().contains("&#60;script&#62;1&#60;/script&#62;\nשלום"), "{}", page.text());
    assert!(page.text().contains("Called back: <bdi>Eve</bdi>"), "{}", page.text());
    let mut ann = signed_in(&desk, &ann.id).await;
    desk.api.patch(&format!("channels/{}", channel.id), json!({ "routing": { "users": [] } })).await;
    for path in [format!("/tickets/{ticket}"), format!("/calls/{call}")] {
        assert_eq!(ann.get(&path).await.status, 404, "{path}");
    }
    let fields = [("text", "hello")];
    assert_eq!(ann.post(&format!("/tickets/{ticket}/notes"), &fields).await.status, 404);
}

#[tokio::test]
async fn of_two_who_change_a_ticket_the_second_is_told() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let channel = desk.channel(&[]).await;
    let call = message(&desk, &channel).await;
    let path = format!("/tickets/{}", text(&call, "ticket"));
    let mut eve = signed_in_as(&desk, "Eve", "admin").await;
    let tag = value(&eve.get(&path).await, "tag");
    desk.api.patch(&path[1..], json!({ "owner": ann.id })).await;
    let fields = |tag| [("tag", tag), ("owner", ""), ("team", ""), ("status", "closed")];
    let told = eve.post(&path, &fields(&tag)).await;
    assert_eq!(told.status, 409);
    assert!(told.text().contains("Somebody else has changed this"), "{}", told.text());
    assert!(told.text().contains("<option value=\"closed\" dir=\"auto\" selected>"), "as it was filled in");
    let now = desk.api.get(&path[1..]).await;
    assert_eq!((&now["owner"], &now["status"]), (&json!(ann.id), &json!("new")), "nothing is overwritten");
    assert_eq!(eve.post(&path, &fields(&value(&told, "tag"))).await.status, 303);
    let now = desk.api.get(&path[1..]).await;
    assert_eq!((&now["owner"], &now["status"]), (&Value::Null, &json!("closed")));
    let nonsense = [("tag", ""), ("owner", "nobody"), ("team", ""), ("status", "new")];
    assert_eq!(eve.post(&path, &nonsense).await.status, 404);

    let request = |tag: String| {
        let url = format!("{}/api/v1{path}", desk.api.address);
        let request = desk.api.client.patch(url).bearer_auth(&desk.api.token).header("If-Match", tag);
        super::answer(request.json(&json!({ "status": "new" })))
    };
    request(format!("\"{tag}\"")).await.must_be_problem(412, "an old tag");
    let url = format!("{}/api/v1{path}", desk.api.address);
    let seen = super::answer(desk.api.client.get(url).bearer_auth(&desk.api.token)).await;
    assert_eq!(request(seen.header("etag").to_owned()).await.status, 200);
}

/// What a form with files sends.
async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)], file: Option<(&str, &str)>) -> Answer {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    if let Some((name, content)) = file {
        body += &format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n{content}\r\n"
        );
    }
    let request = browser.request(reqwest::Method::POST, path).header("Origin", crate::desk::PUBLIC_URL);
    let request = request.header("content-type", "multipart/form-data; boundary=x");
    super::answer(request.body(body + "--x--\r\n")).await
}

#[tokio::test]
async fn a_conversation_is_read_and_answered_on_the_page_of_its_ticket() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let team = desk.team("Support", &[&ann], &[]).await;
    let portal = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let question = json!({
        "channel": portal, "subject": "The <b>pump</b>", "text": "It <script>leaks</script>.", "name": "Vera",
        "customer": { "kind": "email", "value": "vera@example.org" }, "properties": { "size": "<i>3" },
    });
    let ticket = desk.api.post("tickets", question).await;
    let id = text(&ticket, "id");
    desk.api.patch(&format!("tickets/{id}"), json!({ "team": team })).await;
    let html =
        "<p onclick=\"evil()\">Hello<img src=\"https://spy.example/x.png\"><script>evil()</script></p>";
    let words = "Hello\n\nOn Monday, Ann wrote:\n> Turn it off.\n";
    let formatted = json!({ "text": words, "html": html, "by_customer": true });
    let formatted = desk.api.post(&format!("tickets/{id}/messages"), formatted).await;

    let browser = signed_in(&desk, &ann.id).await;
    let list = browser.get("/tickets?view=my_teams_unassigned").await;
    assert!(list.text().contains("The &#60;b&#62;pump") && list.text().contains("Vera"), "{}", list.text());
    let path = format!("/tickets/{id}");
    let page = browser.get(&path).await;
    for shown in [
        "It &#60;script&#62;leaks",
        "The &#60;b&#62;pump",
        "vera@example.org",
        "&#60;i&#62;3",
        "Portal",
        ">Hello</p>",
    ] {
        assert!(page.text().contains(shown), "{shown}: {}", page.text());
    }
    let folded =
        page.text().split("<summary>Earlier messages</summary>").nth(1).expect("what is quoted is folded");
    assert!(folded.contains("On Monday, Ann wrote:") && !folded.contains(">Hello</p>"), "{folded}");
    let framed = format!("{path}/messages/{}/html", text(&formatted, "id"));
    assert!(page.text().contains(&framed[1..]) && page.text().contains("<iframe"), "{}", page.text());
    let frame = browser.get(&framed).await;
    let policy = frame.header("content-security-policy");
    assert!(policy.starts_with("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    assert!(frame.text().contains("Hello"), "{}", frame.text());
    for evil in ["script", "onclick", "src=\"https"] {
        assert!(!frame.text().contains(evil), "{evil}: {}", frame.text());
    }

    let reply = format!("{path}/reply");
    let kept = send(&browser, &reply, &[("text", "Dear Ve"), ("action", "draft")], None).await;
    assert_eq!(kept.status, 303, "{}", kept.text());
    assert!(browser.get(&path).await.text().contains("Dear Ve</textarea>"));
    assert_eq!(desk.api.get(&format!("tickets/{id}")).await["owner"], Value::Null);
    let empty = send(&browser, &reply, &[("text", " "), ("action", "send")], None).await;
    assert_eq!(empty.status, 422);
    let fields = [("text", "Dear Vera"), ("action", "send"), ("reply-status", "waiting")];
    let sent = send(&browser, &reply, &fields, Some(("manual.txt", "turn it off"))).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let page = browser.get(&path).await;
    assert!(page.text().contains("manual.txt") && page.text().contains("Dear Vera"), "{}", page.text());
    let now = desk.api.get(&format!("tickets/{id}")).await;
    assert_eq!((&now["owner"], &now["status"]), (&json!(ann.id), &json!("waiting")));

    // From another page nothing is sent.
    let request = browser.request(reqwest::Method::POST, &reply).header("Origin", "https://evil.example");
    let request = request.header("content-type", "multipart/form-data; boundary=x").body("--x--\r\n");
    assert_eq!(super::answer(request).await.status, 403);
}
