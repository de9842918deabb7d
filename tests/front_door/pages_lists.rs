//! The lists of tickets as pages: narrowed by filters, kept under a name, and tickets that are opened by hand.

use super::{
    Answer,
    browser::{Browser, signed_in},
    pages_tickets::value,
};
use crate::desk::{Agent, Desk};
use serde_json::{Value, json};

async fn somebody(desk: &Desk, name: &str, role: &str) -> Agent {
    let user =
        json!({ "name": name, "email": format!("{name}@example.org"), "role": role, "seats": ["service"] });
    desk.agent_with(name, user).await
}

/// A ticket by hand. Its id.
async fn ticket(desk: &Desk, document: Value) -> String {
    desk.api.post("tickets", document).await["id"].as_str().expect("an id").to_owned()
}

/// Those of these tickets that are in the list, by their place among them.
fn listed(page: &Answer, tickets: &[String]) -> Vec<usize> {
    let is_there = |id: &String| page.text().contains(&format!("href=\"tickets/{id}\""));
    (0..tickets.len()).filter(|place| is_there(&tickets[*place])).collect()
}

fn chosen(page: &Answer, value: &str) -> bool {
    page.text().contains(&format!("<option value=\"{value}\" dir=\"auto\" selected>"))
}

#[tokio::test]
async fn filters_narrow_a_list_and_what_is_wrong_is_told_beside_its_field() {
    let desk = Desk::open().await;
    let [eve, ben] = [somebody(&desk, "eve", "admin").await, somebody(&desk, "ben", "agent").await];
    let team = desk.team("Support", &[&ben], &[]).await;
    let inbox = desk.api.create("inboxes", json!({ "name": "Sales <b>" })).await;
    let portal = desk.api.create("channels", json!({ "kind": "api", "name": "Portal <i>" })).await;
    let clara = json!({ "kind": "email", "value": "clara@example.org" });
    let tickets = [
        ticket(&desk, json!({ "subject": "The pump leaks", "owner": eve.id })).await,
        ticket(&desk, json!({ "subject": "The boiler", "team": team })).await,
        ticket(&desk, json!({ "subject": "The pump drips", "inbox": inbox, "owner": ben.id })).await,
        ticket(
            &desk,
            json!({ "channel": portal, "text": "Hello", "customer": clara, "name": "Clara Novak" }),
        )
        .await,
    ];
    desk.api.patch(&format!("tickets/{}", tickets[2]), json!({ "status": "closed" })).await;
    let contact = desk.api.get(&format!("tickets/{}", tickets[3])).await["contact"].clone();
    let contact = contact.as_str().expect("a contact").to_owned();
    let today = desk.api.get(&format!("tickets/{}", tickets[0])).await["created_at"].clone();
    let year: u32 = today.as_str().expect("an instant")[..4].parse().expect("a year");
    let browser = signed_in(&desk, &eve.id).await;
    for (query, expected) in [
        ("view=all".to_owned(), vec![0, 1, 2, 3]),
        ("".into(), vec![1, 3]),
        ("q=&status=".into(), vec![0, 1, 2, 3]),
        ("q=pump".into(), vec![0, 2]),
        ("q=pump&status=open".into(), vec![0]),
        ("status=closed".into(), vec![2]),
        ("status=new&owner=nobody".into(), vec![1, 3]),
        ("owner=me".into(), vec![0]),
        (format!("owner={}", ben.id), vec![2]),
        ("owner-name=Ben".into(), vec![2]),
        (format!("team={team}"), vec![1]),
        (format!("inbox={inbox}"), vec![2]),
        ("inbox=help_desk".into(), vec![0, 1, 3]),
        (format!("channel={portal}"), vec![3]),
        ("type=calling".into(), vec![]),
        (format!("contact={contact}"), vec![3]),
        ("contact-name=clara".into(), vec![3]),
        (format!("since={}-01-01", year - 1), vec![0, 1, 2, 3]),
        (format!("since={}-01-01", year + 1), vec![]),
        (format!("until={}-12-31", year - 2), vec![]),
        (format!("since={}-01-01&until={}-12-31", year - 1, year + 1), vec![0, 1, 2, 3]),
        ("view=my_teams_open&status=open".into(), vec![]),
        ("view=unassigned&q=boiler".into(), vec![1]),
    ] {
        let page = browser.get(&format!("/tickets?{query}")).await;
        assert_eq!((page.status, listed(&page, &tickets)), (200, expected), "{query}");
    }
    let page = browser
        .get(&format!("/tickets?status=open&channel={portal}&contact={contact}&since=2020-02-03"))
        .await;
    assert!(chosen(&page, "open") && chosen(&page, &portal), "{}", page.text());
    for shown in ["value=\"2020-02-03\"", "Clara Novak", "Portal &#60;i&#62;", "Sales &#60;b&#62;"] {
        assert!(page.text().contains(shown), "{shown} in {}", page.text());
    }

    // What is wrong is left out, what is right stands.
    for (query, field, fault) in [
        (format!("q={}", "x".repeat(201)), "q", "at most 200"),
        ("since=yesterday".into(), "since", "not a date"),
        ("since=2020-05-05&until=2020-05-04".into(), "until", "earlier than the first day"),
        ("status=gone".into(), "status", "nothing like this"),
        ("owner=x".into(), "owner", "nothing like this"),
        ("owner-name=Zoltan".into(), "owner-name", "Nobody has this name"),
        ("team=x".into(), "team", "nothing like this"),
        ("channel=x".into(), "channel", "nothing like this"),
        ("type=fax".into(), "type", "nothing like this"),
        ("inbox=x".into(), "inbox", "nothing like this"),
        ("view=none".into(), "view", "nothing like this"),
        ("contact-name=Zoltan".into(), "contact-name", "Nobody has this name"),
    ] {
        let page = browser.get(&format!("/tickets?{query}&inbox=help_desk")).await;
        assert_eq!(page.status, 422, "{query}");
        let at = page.text().find(&format!("id=\"{field}-fault\"")).unwrap_or_else(|| panic!("{query}"));
        let told = &page.text()[at..];
        assert!(told[..told.find("</").expect("an end")].contains(fault), "{query}: {told}");
        let expected = if field == "inbox" { vec![0, 1, 2, 3] } else { vec![0, 1, 3] };
        assert_eq!(listed(&page, &tickets), expected, "{query}: the rest stands");
    }
    for path in ["/tickets?after=x", "/tickets?saved=x"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }

    // An agent chooses among what they may know of.
    let page =
        signed_in(&desk, &ben.id).await.get(&format!("/tickets?channel={portal}&contact={contact}")).await;
    assert_eq!(page.status, 200);
    for hidden in ["Portal", "Clara"] {
        assert!(!page.text().contains(hidden), "{hidden} in {}", page.text());
    }
}

#[tokio::test]
async fn a_long_list_is_turned_page_by_page_with_its_filters() {
    let desk = Desk::open().await;
    let eve = somebody(&desk, "eve", "admin").await;
    let mut tickets = Vec::new();
    for number in 0..51 {
        tickets.push(ticket(&desk, json!({ "subject": format!("Pump {number}"), "owner": eve.id })).await);
    }
    ticket(&desk, json!({ "subject": "Boiler" })).await;
    let browser = signed_in(&desk, &eve.id).await;
    let first = browser.get("/tickets?q=pump&owner=me").await;
    assert_eq!(listed(&first, &tickets), (1..51).collect::<Vec<_>>());
    let next =
        first.text().split("href=\"tickets?").find(|rest| rest.contains("after=")).expect("a next page");
    let next = next[..next.find('"').expect("an end")].replace("&#38;", "&").replace("&amp;", "&");
    assert!(next.contains("owner=me"), "{next}");
    let second = browser.get(&format!("/tickets?{next}")).await;
    assert_eq!(listed(&second, &tickets), [0]);
}

#[tokio::test]
async fn what_is_looked_for_is_kept_under_a_name_changed_and_deleted() {
    const NAME: &str = "My <script>pumps</script>";
    let desk = Desk::open().await;
    let [eve, ann, ben] = [
        somebody(&desk, "eve", "admin").await,
        somebody(&desk, "ann", "agent").await,
        somebody(&desk, "ben", "agent").await,
    ];
    let tickets = [
        ticket(&desk, json!({ "subject": "The pump leaks", "owner": ann.id })).await,
        ticket(&desk, json!({ "subject": "The boiler", "owner": ann.id })).await,
    ];
    let mut of_ann = signed_in(&desk, &ann.id).await;
    let asked = [("q", "pump"), ("status", "open"), ("since", "2020-01-01")];
    let keep = |name: &'static str| [("name", name)].into_iter().chain(asked).collect::<Vec<_>>();
    let nameless = of_ann.post("/tickets/views", &keep(" ")).await;
    assert_eq!(nameless.status, 422);
    assert!(nameless.text().contains("A name has 1 to 200 characters") && chosen(&nameless, "open"));
    assert_eq!(listed(&nameless, &tickets), [0], "what was found stays");
    let wrong = of_ann.post("/tickets/views", &[("name", "Wrong"), ("q", ""), ("since", "soon")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("not a date"));
    let kept = of_ann.post("/tickets/views", &keep(NAME)).await;
    assert_eq!(kept.status, 303, "{}", kept.text());
    let path = kept.header("location").to_owned();
    let id = path.strip_prefix("/tickets?saved=").expect("the list").to_owned();
    let page = of_ann.get(&path).await;
    assert_eq!(listed(&page, &tickets), [0]);
    for shown in ["My &#60;script&#62;pumps", "value=\"pump\"", "value=\"2020-01-01\""] {
        assert!(page.text().contains(shown), "{shown} in {}", page.text());
    }
    assert!(chosen(&page, "open") && !page.text().contains("<script>pumps"));
    assert!(!page.text().contains("name=\"shared\""), "an agent shares nothing");
    let forged = of_ann.post("/tickets/views", &[("name", "Ours"), ("q", "x"), ("shared", "yes")]).await;
    assert_eq!(forged.status, 403);

    // It is hers alone.
    let mut of_ben = signed_in(&desk, &ben.id).await;
    let edit = format!("/tickets/views/{id}");
    for hidden in [&path, &edit] {
        assert_eq!(of_ben.get(hidden).await.status, 404, "{hidden}");
    }
    assert!(!of_ben.get("/tickets/views").await.text().contains("pumps"));
    assert_eq!(of_ben.post(&format!("{edit}/deletion"), &[]).await.status, 404);

    // Something else is asked for, and kept in its place.
    let other = of_ann.get(&format!("{path}&q=boiler")).await;
    assert_eq!(listed(&other, &tickets), [1]);
    assert!(other.text().contains(&format!("tickets/views/{id}/filters")), "{}", other.text());
    let fields = [("saved", &*id), ("q", "boiler")];
    assert_eq!(of_ann.post(&format!("{edit}/filters"), &fields).await.status, 303);
    assert_eq!(listed(&of_ann.get(&path).await, &tickets), [1]);

    // An admin shares it: Ben uses it, and of two who rename it the second is told.
    let mut of_eve = signed_in(&desk, &eve.id).await;
    let tag = value(&of_eve.get(&edit).await, "tag");
    let change = |name, tag| [("name", name), ("tag", tag), ("shared", "yes")];
    assert_eq!(of_eve.post(&edit, &change("", &tag)).await.status, 422);
    assert_eq!(of_eve.post(&edit, &change("Boilers", &tag)).await.status, 303);
    let late = of_eve.post(&edit, &change("Kettles", &tag)).await;
    assert_eq!(late.status, 409);
    for shown in ["Somebody else has changed this", "Boilers", "value=\"Kettles\""] {
        assert!(late.text().contains(shown), "{shown} in {}", late.text());
    }
    assert_eq!(desk.api.get(&format!("views/{id}")).await["name"], "Boilers");
    assert!(of_ben.get("/tickets").await.text().contains("Boilers"));
    let page = of_ben.get(&path).await;
    assert_eq!((page.status, listed(&page, &tickets)), (200, vec![]), "he sees what he sees anyway");
    assert_eq!(of_ben.get(&edit).await.status, 403);
    let hers = of_ann.get(&edit).await;
    assert!(hers.text().contains("<fieldset class=\"plain\" disabled>"), "{}", hers.text());

    let gone = of_ann.post(&format!("{edit}/deletion"), &[]).await;
    assert_eq!((gone.status, gone.header("location")), (303, "/tickets/views"));
    assert_eq!(of_ann.get(&path).await.status, 404);
    assert!(of_ann.get("/tickets/views").await.text().contains("No list is kept yet"));
}

#[tokio::test]
async fn a_ticket_is_opened_by_hand_or_by_a_channel() {
    let desk = Desk::open().await;
    let [eve, ann] = [somebody(&desk, "eve", "admin").await, somebody(&desk, "ann", "agent").await];
    let no_access = json!({ "name": "Fay", "email": "fay@example.org", "ticket_access": false });
    let fay = desk.agent_with("Fay", no_access).await;
    let portal = desk.api.create("channels", json!({ "kind": "api", "name": "Portal <i>" })).await;
    let mut browser = signed_in(&desk, &eve.id).await;
    let page = browser.get("/tickets/new").await;
    assert!(chosen(&page, &eve.id) && page.text().contains("Portal &#60;i&#62;"), "{}", page.text());
    let once = value(&page, "once");
    let fields = |customer: &'static str, channel: &'static str| {
        vec![
            ("once", once.clone()),
            ("subject", "The <b>pump</b>".to_owned()),
            ("customer", customer.to_owned()),
            ("name", "Clara Novak".to_owned()),
            ("text", "It leaks\r\nagain".to_owned()),
            ("owner", ann.id.clone()),
            ("channel", if channel.is_empty() { String::new() } else { portal.clone() }),
        ]
    };
    let sent = async |browser: &mut Browser, fields: &[(&str, String)]| {
        let fields: Vec<_> = fields.iter().map(|(name, typed)| (*name, typed.as_str())).collect();
        browser.post("/tickets/new", &fields).await
    };
    let wrong = sent(&mut browser, &fields("tomorrow", "")).await;
    assert_eq!(wrong.status, 422);
    for shown in ["a number is + and 7 to 15 digits", "The &#60;b&#62;pump", "It leaks\nagain</textarea>"] {
        assert!(wrong.text().contains(shown), "{shown} in {}", wrong.text());
    }
    assert!(chosen(&wrong, &ann.id));
    let empty = sent(&mut browser, &[("once", once.clone())]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.text().contains("id=\"subject-fault\""), "{}", empty.text());

    let made = sent(&mut browser, &fields("0043 660 1234567", "")).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let again = sent(&mut browser, &fields("0043 660 1234567", "")).await;
    assert_eq!(again.header("location"), made.header("location"), "sent twice it is one");
    let ticket = desk.api.get(&made.header("location")[1..]).await;
    assert_eq!((&ticket["owner"], &ticket["subject"]), (&json!(ann.id), &json!("The <b>pump</b>")));
    assert_eq!(ticket["customer"], json!({ "kind": "number", "value": "+436601234567" }));
    let page = browser.get(made.header("location")).await;
    assert!(
        page.text().contains("It leaks\nagain") && page.text().contains("Clara Novak"),
        "{}",
        page.text()
    );

    let by_channel = sent(&mut browser, &fields("clara@example.org", "portal")).await;
    assert_eq!(by_channel.status, 303, "{}", by_channel.text());
    let ticket = desk.api.get(&by_channel.header("location")[1..]).await;
    assert_eq!((&ticket["channel"], &ticket["owner"]), (&json!(portal), &Value::Null), "its rules decide");

    // What an agent opens for others is not theirs to see.
    let mut of_ann = signed_in(&desk, &ann.id).await;
    let fields = [("subject", "Hello"), ("owner", &*eve.id)];
    let elsewhere = of_ann.post("/tickets/new", &fields).await;
    assert_eq!(elsewhere.header("location"), "/tickets/new?made");
    assert!(of_ann.get("/tickets/new?made").await.text().contains("The ticket is open."));
    assert!(!of_ann.get("/tickets/new").await.text().contains("Portal"), "a channel that is not hers");
    let mut of_fay = signed_in(&desk, &fay.id).await;
    assert_eq!(of_fay.get("/tickets/new").await.status, 403);
    assert_eq!(of_fay.post("/tickets/new", &fields).await.status, 403);
    assert!(!of_fay.get("/tickets").await.text().contains("tickets/new"));
    assert_eq!(desk.api.all("tickets").await.len(), 3);
}
