//! Lists of tickets: what is asked for, and lists that are kept under a name.

use crate::desk::{Api, Desk};
use reqwest::Method;
use serde_json::{Value, json};

/// What calls left behind: tickets of these channels, the oldest first.
async fn tickets(desk: &Desk, channels: &[&crate::desk::Channel]) -> Vec<String> {
    let mut made = Vec::new();
    for channel in channels {
        let (call, _) = desk.over(&desk.call(channel)).await;
        made.push(call["ticket"].as_str().expect("a ticket").to_owned());
    }
    made
}

fn ids(tickets: &[Value]) -> Vec<&str> {
    tickets.iter().map(|ticket| ticket["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn a_list_is_narrowed_by_all_that_is_asked_for() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let team = desk.team("Support", &[&ann], &[]).await;
    let (pumps, boilers) = (desk.channel(&[&ann]).await, desk.channel(&[&ben]).await);
    let made = tickets(&desk, &[&pumps, &pumps, &boilers]).await;
    let [first, second, third] = [&made[0], &made[1], &made[2]];
    desk.api.patch(&format!("tickets/{first}"), json!({ "owner": ann.id, "team": team })).await;
    desk.api.patch(&format!("tickets/{second}"), json!({ "status": "closed" })).await;
    desk.api.patch(&format!("tickets/{third}"), json!({ "status": "waiting" })).await;
    let seen = desk.api.get(&format!("tickets/{second}")).await;
    let at = seen["created_at"].as_str().expect("an instant");
    for (query, expected) in [
        (format!("channel={}", pumps.id), vec![second, first]),
        (format!("channel={}", boilers.id), vec![third]),
        (format!("channel={}&status=closed", pumps.id), vec![second]),
        (format!("channel={}&status=waiting", pumps.id), vec![]),
        (format!("owner={}", ann.id), vec![first]),
        (format!("owner={}", ben.id), vec![]),
        (format!("team={team}"), vec![first]),
        ("type=calling".into(), vec![third, second, first]),
        ("type=messages".into(), vec![]),
        ("view=unassigned".into(), vec![third]),
        (format!("view=closed&owner={}", ann.id), vec![]),
        (format!("q={first}&team={team}"), vec![first]),
        ("owner=nobody".into(), vec![third, second]),
        ("owner=me".into(), vec![]),
        ("open=true".into(), vec![third, first]),
        ("open=false".into(), vec![second]),
        ("view=closed&open=true".into(), vec![]),
        ("open=true&owner=nobody".into(), vec![third]),
        (format!("since={at}"), vec![third, second]),
        (format!("until={at}"), vec![first]),
        ("since=2999-01-01T00:00:00Z".into(), vec![]),
        ("until=2001-01-01T00:00:00Z".into(), vec![]),
        (
            "since=2001-01-01T00:00:00Z&until=+262000-01-01T00:00:00Z".replace('+', "%2B"),
            vec![third, second, first],
        ),
    ] {
        let found = desk.api.all(&format!("tickets?{query}")).await;
        assert_eq!(ids(&found), expected, "{query}");
    }
    let mine = Api::new(&desk.api.address, &ann.token).all("tickets?owner=me").await;
    assert_eq!(ids(&mine), [first]);
    for (query, pointer) in [
        ("inbox=sales", "/inbox"),
        (&*format!("q={}", "x".repeat(201)), "/q"),
        ("since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", "/until"),
    ] {
        let (status, problem) = desk.api.ask(Method::GET, &format!("tickets?{query}"), None).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{query}");
    }
    for query in [
        "channel=x",
        "owner=x",
        "type=fax",
        "status=gone",
        "contact=x",
        "saved=x",
        "open=x",
        "since=x",
        "until=x",
    ] {
        let (status, _) = desk.api.ask(Method::GET, &format!("tickets?{query}"), None).await;
        assert_eq!(status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_list_is_kept_under_a_name_and_asked_for_again() {
    let mut desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let (pumps, boilers) = (desk.channel(&[&ann, &ben]).await, desk.channel(&[&ann]).await);
    let made = tickets(&desk, &[&pumps, &boilers]).await;
    let (of_ann, of_ben) = (Api::new(&desk.api.address, &ann.token), Api::new(&desk.api.address, &ben.token));
    let wanted = json!({ "view": "unassigned", "channel": pumps.id });
    let view = of_ann.post("views", json!({ "name": "Pumps", "tickets": wanted })).await;
    let id = view["id"].as_str().expect("an id").to_owned();
    let expected = json!({
        "id": id, "owner": ann.id, "name": "Pumps", "shared": false,
        "tickets": {
            "view": "unassigned", "q": null, "channel": pumps.id, "inbox": null, "owner": null, "team": null,
            "type": null, "status": null, "open": null, "contact": null, "since": null, "until": null,
        },
    });
    assert_eq!(view, expected);
    desk.restart().await;
    let (of_ann, of_ben) =
        (Api::new(&desk.api.address, &of_ann.token), Api::new(&desk.api.address, &of_ben.token));
    assert_eq!(of_ann.get(&format!("views/{id}")).await, expected);
    assert_eq!(of_ann.all("views").await, vec![expected.clone()]);
    assert_eq!(ids(&of_ann.all(&format!("tickets?saved={id}")).await), [&made[0]]);
    let instead = format!("tickets?saved={id}&channel={}", boilers.id);
    assert_eq!(ids(&of_ann.all(&instead).await), [&made[1]], "what is said beside it stands");

    // It is Ann's own.
    assert_eq!(of_ben.all("views").await, [] as [Value; 0]);
    for (method, path) in [
        (Method::GET, format!("views/{id}")),
        (Method::GET, format!("tickets?saved={id}")),
        (Method::PATCH, format!("views/{id}")),
        (Method::DELETE, format!("views/{id}")),
    ] {
        assert_eq!(of_ben.ask(method, &path, Some(json!({}))).await.0, 404, "{path}");
    }
    let share = json!({ "shared": true });
    assert_eq!(of_ann.ask(Method::PATCH, &format!("views/{id}"), Some(share.clone())).await.0, 403);

    // An admin shares it: then Ben uses it, and sees what he sees anyway.
    let shared = desk.api.patch(&format!("views/{id}"), share).await;
    assert_eq!(
        (&shared["shared"], &shared["owner"], &shared["name"]),
        (&json!(true), &json!(ann.id), &json!("Pumps"))
    );
    assert_eq!(ids(&of_ben.all(&format!("tickets?saved={id}")).await), [&made[0]]);
    assert_eq!(of_ben.all("views").await.len(), 1);
    assert_eq!(of_ben.ask(Method::DELETE, &format!("views/{id}"), None).await.0, 403, "it is still Ann's");
    let everything = desk
        .api
        .patch(&format!("views/{id}"), json!({ "tickets": { "channel": null, "view": "all" } }))
        .await;
    assert_eq!(
        (&everything["tickets"]["channel"], &everything["tickets"]["view"]),
        (&Value::Null, &json!("all"))
    );
    assert_eq!(
        ids(&of_ben.all(&format!("tickets?saved={id}")).await),
        [&made[0]],
        "the other one is not his to see"
    );
    assert_eq!(of_ann.ask(Method::DELETE, &format!("views/{id}"), None).await.0, 204);
    assert_eq!(of_ann.ask(Method::GET, &format!("tickets?saved={id}"), None).await.0, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_view_is_named() {
    let desk = Desk::open().await;
    let ann = desk.agent("Ann").await;
    let of_ann = Api::new(&desk.api.address, &ann.token);
    for (view, status, pointer) in [
        (json!({}), 422, ""),
        (json!({ "name": " " }), 422, "/name"),
        (json!({ "name": "a\nb" }), 422, "/name"),
        (json!({ "name": "x".repeat(201) }), 422, "/name"),
        (json!({ "name": "V", "tickets": { "colour": "red" } }), 422, "/tickets/colour"),
        (json!({ "name": "V", "tickets": { "view": "none" } }), 422, "/tickets/view"),
        (json!({ "name": "V", "tickets": { "q": "x".repeat(201) } }), 422, "/tickets/q"),
        (json!({ "name": "V", "tickets": { "inbox": "sales" } }), 422, "/tickets/inbox"),
        (json!({ "name": "V", "tickets": [] }), 422, "/tickets"),
        (json!({ "name": "V", "owner": ann.id }), 422, "/owner"),
    ] {
        let (found, problem) = of_ann.ask(Method::POST, "views", Some(view.clone())).await;
        assert_eq!((found, &problem["errors"][0]["pointer"]), (status, &json!(pointer)), "{view}: {problem}");
    }
    let of_nobody = desk.api.ask(Method::POST, "views", Some(json!({ "name": "V" }))).await;
    assert_eq!(of_nobody.0, 403, "a token that is nobody's keeps nothing");
    for n in 0..100 {
        of_ann.post("views", json!({ "name": format!("{n}") })).await;
    }
    assert_eq!(of_ann.ask(Method::POST, "views", Some(json!({ "name": "V" }))).await.0, 409);
    assert_eq!(of_ann.all("views").await.len(), 100);
}

#[tokio::test]
async fn what_was_written_is_found_by_its_words() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let users = json!({ "mode": "specific", "users": [ann.id], "strategy": "load_balanced" });
    let portal = json!({ "kind": "api", "name": "Portal", "assignment": users });
    let portal = desk.api.create("channels", portal).await;
    let written = |subject: &str, text: &str, name: &str, email: &str| {
        json!({
            "channel": portal, "subject": subject, "text": text, "name": name,
            "customer": { "kind": "email", "value": email },
        })
    };
    let pump =
        written("The pump leaks", "Since Monday, naïve as I am: \"drip\".", "Vera Kunz", "vera@example.org");
    let pump = desk.api.create("tickets", pump).await;
    let boiler = written("Boiler", "It is cold. Straße 7", "Uwe Öz", "uwe@example.org");
    let boiler = desk.api.create("tickets", boiler).await;
    desk.api.post(&format!("tickets/{boiler}/notes"), json!({ "text": "A plumber was sent." })).await;
    desk.api
        .post(&format!("tickets/{pump}/messages"), json!({ "by_customer": true, "text": "Now it floods!" }))
        .await;
    let table: [(&str, &[&String]); 18] = [
        ("pump", &[&pump]),
        ("PUMP LEAKS", &[&pump]),
        ("pum", &[&pump]),
        ("ump", &[]),
        ("pump cold", &[]),
        ("naive", &[&pump]),
        ("oz", &[&boiler]),
        ("straße", &[&boiler]),
        ("floods", &[&pump]),
        ("plumber", &[&boiler]),
        ("vera@example.org", &[&pump]),
        ("example.org", &[&boiler, &pump]),
        ("Vera Kunz", &[&pump]),
        ("\"drip\"", &[&pump]),
        ("pump OR boiler", &[]),
        ("pump* NEAR(boiler)", &[]),
        ("-- \" ' ) (", &[]),
        ("words:pump", &[]),
    ];
    for (text, expected) in table {
        let query = reqwest::Url::parse_with_params("http://x/", [("q", text)]).expect("an address");
        let found = desk.api.all(&format!("tickets?{}", query.query().unwrap_or_default())).await;
        assert_eq!(ids(&found), expected, "{text}");
    }
    let of_ben = desk.api.with_token(&ben.token);
    assert_eq!(of_ben.all("tickets?q=pump").await, [] as [Value; 0], "it is not his to see");
    desk.api.patch(&format!("tickets/{pump}"), json!({ "subject": "The tap drips" })).await;
    assert_eq!(ids(&desk.api.all("tickets?q=tap").await), [&pump]);
    assert_eq!(ids(&desk.api.all("tickets?q=leaks").await), [&pump], "the message had this subject");
}

#[tokio::test]
async fn what_belongs_to_an_inbox_is_given_only_to_those_who_work_there() {
    let desk = Desk::open().await;
    let [ann, ben, cem] = desk.agents(["Ann", "Ben", "Cem"]).await;
    let (sales, support) =
        (desk.team("Sales", &[&ann], &[&cem]).await, desk.team("Support", &[&ben], &[]).await);
    let inbox = json!({ "name": "Sales", "only": { "users": [], "teams": [sales] } });
    let inbox = desk.api.create("inboxes", inbox).await;
    let ticket = desk.api.create("tickets", json!({ "subject": "An offer", "inbox": inbox })).await;
    let path = format!("tickets/{ticket}");
    for (patch, status, pointer) in [
        (json!({ "owner": ben.id }), 422, Some("/owner")),
        (json!({ "team": support }), 422, Some("/team")),
        (json!({ "team": sales, "owner": ben.id }), 422, Some("/owner")),
        (json!({ "owner": ann.id }), 200, None),
        (json!({ "owner": cem.id, "team": sales }), 200, None),
        (json!({ "owner": null, "team": null }), 200, None),
    ] {
        let (found, answer) = desk.api.ask(Method::PATCH, &path, Some(patch.clone())).await;
        let at = answer["errors"][0]["pointer"].as_str();
        assert_eq!((found, at), (status, pointer), "{patch}: {answer}");
    }
    for (ticket, status) in [
        (json!({ "subject": "X", "inbox": inbox, "owner": ben.id }), 422),
        (json!({ "subject": "X", "inbox": inbox, "owner": ann.id }), 201),
        (json!({ "subject": "X", "owner": ben.id }), 201),
    ] {
        assert_eq!(desk.api.ask(Method::POST, "tickets", Some(ticket.clone())).await.0, status, "{ticket}");
    }
    let elsewhere = json!({ "subject": "X", "inbox": inbox });
    for (who, status) in [(&ben, 422), (&ann, 201)] {
        let answer =
            desk.api.with_token(&who.token).ask(Method::POST, "tickets", Some(elsewhere.clone())).await;
        assert_eq!(answer.0, status, "{}: {}", who.name, answer.1);
    }
    let form = json!({ "kind": "form", "name": "Offers", "inbox": inbox, "makes_tickets": false });
    let form = desk.api.create("channels", form).await;
    let hook = format!("{}/hooks/form/{form}", desk.api.address);
    let sent = desk.api.client.post(hook).json(&json!({ "message": "An offer?", "email": "c@example.org" }));
    assert!(sent.send().await.expect("an answer").status().is_success());
    let message = desk.api.all("messages").await[0]["id"].clone();
    for (owner, status) in [(&ben, 422), (&ann, 201)] {
        let made = json!({ "message": message, "owner": owner.id });
        let answer = desk.api.ask(Method::POST, "tickets", Some(made)).await;
        assert_eq!(answer.0, status, "{}: {}", owner.name, answer.1);
    }
    let here = desk.api.all(&format!("tickets?inbox={inbox}")).await;
    assert_eq!((here.len(), ids(&here)[3]), (4, &*ticket));
    assert_eq!(desk.api.all("tickets?inbox=help_desk").await.len(), 1);
}

#[tokio::test]
async fn a_contact_that_becomes_another_keeps_its_tickets() {
    let mut desk = Desk::open().await;
    let portal = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let written = |kind: &str, value: &str| json!({ "channel": portal, "text": "Hello", "customer": { "kind": kind, "value": value } });
    let by_mail = desk.api.post("tickets", written("email", "vera@example.org")).await;
    let by_name = desk.api.post("tickets", written("visitor", "vk7")).await;
    let contact = |ticket: &Value| ticket["contact"].as_str().expect("a contact").to_owned();
    let (into, from) = (contact(&by_mail), contact(&by_name));
    assert_ne!(into, from);
    desk.api.post(&format!("contacts/{into}/merge"), json!({ "from": from })).await;
    let [mail, name] = [&by_mail, &by_name].map(|ticket| ticket["id"].as_str().expect("an id"));
    assert_eq!(ids(&desk.api.all(&format!("tickets?contact={into}")).await), [name, mail]);
    let third = desk.api.post("tickets", written("visitor", "vk7")).await;
    assert_eq!(contact(&third), into, "they are found by what either was found by");
    desk.restart().await;
    let third = third["id"].as_str().expect("an id");
    assert_eq!(ids(&desk.api.all(&format!("tickets?contact={into}")).await), [third, name, mail]);
}

#[tokio::test]
async fn contacts_that_become_one_while_they_write_keep_their_tickets() {
    let desk = Desk::open().await;
    let portal = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    let mut pairs = Vec::new();
    for n in 0..16 {
        let into = desk
            .api
            .create("contacts", json!({ "name": "Vera", "email": format!("v{n}@example.org") }))
            .await;
        let from = desk
            .api
            .create("contacts", json!({ "name": "Vera", "email": format!("w{n}@example.org") }))
            .await;
        let customer = json!({ "kind": "email", "value": format!("w{n}@example.org") });
        let written = json!({ "channel": portal, "text": "Hello", "customer": customer });
        let ticket = desk.api.create("tickets", written).await;
        pairs.push((into, from, ticket));
    }
    let merge = async |into: &str, from: &str| {
        desk.api.post(&format!("contacts/{into}/merge"), json!({ "from": from })).await;
    };
    let write = async |ticket: &str| {
        let path = format!("tickets/{ticket}/messages");
        desk.api.post(&path, json!({ "by_customer": true, "text": "Hello?" })).await;
    };
    let (merge, write) = (&merge, &write);
    let all = pairs.iter().map(|(into, from, ticket)| async move {
        futures_util::future::join3(merge(into, from), write(ticket), write(ticket)).await;
    });
    futures_util::future::join_all(all).await;
    for (into, _, ticket) in &pairs {
        assert_eq!(desk.api.get(&format!("tickets/{ticket}")).await["contact"], json!(into));
        assert_eq!(ids(&desk.api.all(&format!("tickets?contact={into}")).await), [ticket]);
    }
}

#[tokio::test]
async fn a_word_that_is_everywhere_finds_what_a_seldom_one_would() {
    let mut desk = Desk::open().await;
    let portal = desk.api.create("channels", json!({ "kind": "api", "name": "Portal" })).await;
    desk.stop().await;
    let mut store = desk.store().await;
    // Of 3,000 tickets the first 2,900 have seven messages each that say hello, and five of them are odd besides.
    let tickets = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 3000)
        insert into tickets (id, type, status, channel, created_ms, touched_ms)
        select printf('%032x', n), 'email_other', 'new', $1, n, n from n";
    let messages = "with recursive n (n) as (select 1 union all select n + 1 from n where n < 21000)
        insert into messages (id, ticket, channel, at_ms, side, person_kind, text, tries)
        select printf('f%031x', n), printf('%032x', 1 + (n - 1) / 7), $1, n, 'in', 'unknown',
            case when n > 20300 then 'Good bye' when n % 4000 = 1 then 'Hello odd world' else 'Hello world' end, 0 from n";
    for sql in [tickets, messages] {
        sqlx::query(sql).bind(&portal).execute(&mut store).await.expect("rows");
    }
    drop(store);
    desk.start().await;
    let found = async |q: &str| desk.api.all(&format!("tickets?q={q}")).await.len();
    assert_eq!(found("hello").await, 2_900);
    assert_eq!(found("hell%20wor").await, 2_900);
    assert_eq!(found("odd").await, 6);
    assert_eq!(found("hello%20odd").await, 6);
    assert_eq!((found("h").await, found("bye").await), (0, 100));
    let first = desk.api.get("tickets?q=hello&limit=10").await;
    assert_eq!(first["items"][0]["id"], format!("{:032x}", 2_900));
}
