//! The pages of channels and of tonight, without a script: who sees them, and what forms answer.

use super::{
    Answer, answer,
    browser::{Browser, signed_in, signed_in_as},
    ids,
};
use crate::desk::{Desk, PUBLIC_URL};
use reqwest::Method;
use serde_json::{Value, json};

/// What is written in a form that a browser shows, by field, in order. Files and buttons are not part of it.
fn form_of(page: &str) -> Vec<(String, String)> {
    let start = page.find(r#"<form id="channel""#).expect("the form of a channel");
    let end = start + page[start..].find("</form>").expect("its end");
    let attribute = |tag: &str, name: &str| {
        let rest = &tag[tag.find(&format!(" {name}=\""))? + name.len() + 3..];
        Some(plain(&rest[..rest.find('"')?]))
    };
    let mut fields = Vec::new();
    let mut select = String::new();
    for part in page[start..end].split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let name = attribute(tag, "name");
        let value = attribute(tag, "value").unwrap_or_default();
        let is = |kind: &str| tag.starts_with(kind);
        let kind = attribute(tag, "type").unwrap_or_default();
        if is("input") {
            let is_off = ["radio", "checkbox"].contains(&kind.as_str()) && !tag.contains(" checked");
            let name = name.filter(|_| !is_off && kind != "file");
            fields.extend(name.map(|name| (name, value)));
        } else if is("textarea") {
            fields.push((name.expect("a name"), plain(text)));
        } else if is("select") {
            select = name.expect("a name");
            fields.push((select.clone(), "–".into()));
        } else if is("option") {
            let last =
                fields.last_mut().filter(|(name, _)| *name == select).expect("the field of the option");
            if tag.contains(" selected") || last.1 == "–" {
                last.1 = if tag.contains(" value=") { value } else { plain(text) };
            }
        }
    }
    fields
}

/// Without the escapes of HTML.
fn plain(text: &str) -> String {
    text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#38;", "&")
}

fn set(form: &mut [(String, String)], field: &str, value: &str) {
    let found = form.iter_mut().find(|(name, _)| name == field);
    found.unwrap_or_else(|| panic!("there is a field {field}")).1 = value.to_owned();
}

async fn send(browser: &Browser, path: &str, form: &[(String, String)], action: &str) -> Answer {
    let mut form = form.to_vec();
    form.push(("action".into(), action.into()));
    answer(browser.request(Method::POST, path).header("Origin", PUBLIC_URL).form(&form)).await
}

#[tokio::test]
async fn admins_change_channels_supervisors_look_at_those_of_their_teams_and_agents_see_none() {
    let desk = Desk::open().await;
    let sam = desk.person("Sam", "supervisor").await;
    let ann = desk.agent("Ann").await;
    let team = desk.team("First line", &[&sam], &[]).await;
    let theirs = desk.channel_with(json!({ "routing": { "teams": [team] } })).await;
    let other = desk.channel(&[&ann]).await;
    let pages = [
        "channels".to_owned(),
        format!("channels/{}", theirs.id),
        format!("channels/{}/panel", theirs.id),
        "tonight".to_owned(),
    ];
    let (nobody, agent) = (Browser::at(&desk), signed_in(&desk, &ann.id).await);
    let (supervisor, admin) = (signed_in(&desk, &sam.id).await, signed_in_as(&desk, "Eve", "admin").await);
    for page in &pages {
        let path = format!("/{page}");
        assert_eq!(nobody.get(&path).await.status, 303, "{page}");
        assert_eq!(agent.get(&path).await.status, 403, "{page}");
        assert_eq!(supervisor.get(&path).await.status, 200, "{page}");
        assert_eq!(admin.get(&path).await.status, 200, "{page}");
    }
    assert_eq!(supervisor.get(&format!("/channels/{}", other.id)).await.status, 404);
    assert_eq!(supervisor.get(&format!("/channels/{}/panel", other.id)).await.status, 404);
    for list in ["/channels", "/tonight"] {
        let seen = supervisor.get(list).await;
        assert!(seen.text().contains(&theirs.id) && !seen.text().contains(&other.id), "{list}");
    }
    let shown = supervisor.get(&format!("/channels/{}", theirs.id)).await;
    assert!(shown.text().contains("Only admins change channels") && !shown.text().contains("/closing"));
    let form = form_of(shown.text());
    let before = desk.api.get(&format!("channels/{}", theirs.id)).await;
    for path in ["", "/panel", "/closing", "/deletion"] {
        let path = format!("/channels/{}{path}", theirs.id);
        for browser in [&supervisor, &agent] {
            assert_eq!(send(browser, &path, &form, "save").await.status, 403, "{path}");
        }
        assert_eq!(
            send(&nobody, &path, &form, "save").await.header("location"),
            "/sign-in?next=%2F",
            "{path}"
        );
    }
    assert_eq!(send(&supervisor, "/channels/new", &form, "").await.status, 403);
    assert_eq!(supervisor.get("/channels/new").await.status, 403);
    assert_eq!(desk.api.get(&format!("channels/{}", theirs.id)).await, before);
}

#[tokio::test]
async fn a_channel_is_made_changed_and_deleted_and_markup_is_shown_as_typed() {
    let desk = Desk::open().await;
    let mut admin = signed_in_as(&desk, "Eve", "admin").await;
    let ann = desk.agent("Ann").await;
    assert!(admin.get("/channels").await.text().contains("There is no channel yet"));
    let name = "<script>1</script> & “Süd”";
    let wrong =
        admin.post("/channels/new", &[("name", name), ("provider", "none"), ("number", "+431")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("no provider of this name"), "{}", wrong.text());
    assert!(
        wrong.text().contains("&#60;script&#62;") && !wrong.text().contains("<script>1"),
        "it is as typed"
    );
    let fields =
        [("name", name), ("provider", "main"), ("number", "+431999"), ("time_zone", "Europe/Vienna")];
    let made = admin.post("/channels/new", &fields).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let path = made.header("location").trim_end_matches("?saved").to_owned();
    let id = path.rsplit('/').next().expect("an id").to_owned();

    let page = admin.get(&path).await;
    assert!(!page.text().contains("<script>1"));
    let mut form = form_of(page.text());
    set(&mut form, "mon", "9-12, 11-13");
    set(&mut form, "tue", "nine");
    set(&mut form, "ring_seconds", "soon");
    set(&mut form, "hours_mode", "schedule");
    let wrong = send(&admin, &path, &form, "save").await;
    assert_eq!(wrong.status, 422);
    for told in
        ["“nine” is no time such as", "not a whole number", r#"value="nine""#, r#"value="9-12, 11-13""#]
    {
        assert!(wrong.text().contains(told), "{told}");
    }
    set(&mut form, "tue", "8-9");
    set(&mut form, "ring_seconds", "601");
    let wrong = send(&admin, &path, &form, "save").await;
    assert!(wrong.text().contains("overlap with others"), "{}", wrong.text());
    set(&mut form, "mon", "9-12, 13-17.30");
    let wrong = send(&admin, &path, &form, "save").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("it must be from 1 to 600"));

    set(&mut form, "ring_seconds", "30");
    form.push(("users".into(), ann.id.clone()));
    let saved = send(&admin, &path, &form, "save").await;
    assert_eq!((saved.status, saved.header("location")), (303, &*format!("{path}?saved")));
    let document = desk.api.get(&format!("channels/{id}")).await;
    let weekly = json!({ "mon": [["09:00", "12:00"], ["13:00", "17:30"]], "tue": [["08:00", "09:00"]] });
    assert_eq!(document["hours"]["weekly"], weekly);
    assert_eq!((&document["routing"]["users"], &document["name"]), (&json!([ann.id]), &json!(name)));
    assert_eq!(document["routing"]["ring_seconds"], 30);
    let shown = admin.get(&format!("{path}?at=2030-06-03T10:00")).await;
    assert!(shown.text().contains("It rings Ann."), "{}", shown.text());
    assert!(admin.get(&format!("{path}?at=soon")).await.text().contains("This is not a moment"));

    let form = form_of(admin.get(&path).await.text());
    let again = send(&admin, &path, &form, "save").await;
    assert_eq!(again.status, 303);
    assert_eq!(
        desk.api.get(&format!("channels/{id}")).await,
        document,
        "a form that nobody touched changes nothing"
    );

    let page = admin.get(&format!("{path}/deletion")).await;
    let tag = page.text().split(r#"name="tag" value=""#).nth(1).expect("a tag")[..32].to_owned();
    let deletion = format!("{path}/deletion");
    assert_eq!(admin.post(&deletion, &[("tag", &tag), ("name", "Support")]).await.status, 422);
    assert_eq!(admin.post(&deletion, &[("tag", "old"), ("name", name)]).await.status, 422);
    let deleted = admin.post(&deletion, &[("tag", &tag), ("name", name)]).await;
    assert_eq!((deleted.status, deleted.header("location")), (303, "/channels"));
    assert_eq!(admin.get(&path).await.status, 404);
}

#[tokio::test]
async fn buttons_fill_the_form_in_and_save_nothing() {
    let desk = Desk::open().await;
    let admin = signed_in_as(&desk, "Eve", "admin").await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let hours = json!({ "mode": "schedule", "weekly": { "mon": [["09:00", "12:00"]] } });
    let routing = json!({ "users": ids(&[&ann, &ben]), "tie_break": "fixed_order" });
    let channel = desk.channel_with(json!({ "hours": hours, "routing": routing })).await;
    let before = desk.api.get(&format!("channels/{}", channel.id)).await;
    let path = format!("/channels/{}", channel.id);
    let form = form_of(admin.get(&path).await.text());
    let value = |form: &[(String, String)], field: &str| {
        let all = form.iter().filter(|(name, _)| name == field).map(|(_, value)| value.clone());
        all.collect::<Vec<_>>()
    };

    let copied = form_of(send(&admin, &path, &form, "copy").await.text());
    assert_eq!(
        (value(&copied, "fri"), value(&copied, "sat")),
        (vec!["09:00-12:00".into()], vec![String::new()])
    );

    let first = form_of(send(&admin, &path, &form, &format!("first:{}", ben.id)).await.text());
    assert_eq!(value(&first, "users"), ids(&[&ben, &ann]));

    let mut wished = copied.clone();
    set(&mut wished, "region", "AT");
    let year = value(&form, "year")[0].parse::<i32>().expect("a year") + 1;
    set(&mut wished, "year", &year.to_string());
    let holidays = send(&admin, &path, &wished, "holidays").await;
    assert!(holidays.text().contains("13 days were added"), "{}", holidays.text());
    let holidays = form_of(holidays.text());
    assert_eq!(value(&holidays, "exception_date").len(), 14, "and one for the next");
    assert!(value(&holidays, "exception_date").contains(&format!("{year}-10-26")));
    let again = send(&admin, &path, &holidays, "remove:0").await;
    assert_eq!(value(&form_of(again.text()), "exception_date").len(), 13);
    let mut blanked = holidays.clone();
    for field in ["exception_date", "exception_spans", "exception_name"] {
        set(&mut blanked, field, "");
    }
    let again = send(&admin, &path, &blanked, "remove:2").await;
    let dates = value(&holidays, "exception_date");
    let others = [&dates[1..2], &dates[3..]].concat();
    assert_eq!(value(&form_of(again.text()), "exception_date"), others, "the row is counted as it was shown");
    assert_eq!(desk.api.get(&format!("channels/{}", channel.id)).await, before);

    let saved = send(&admin, &path, &holidays, "save").await;
    assert_eq!(saved.status, 303);
    let document = desk.api.get(&format!("channels/{}", channel.id)).await;
    let exceptions = document["hours"]["exceptions"].as_array().expect("a list");
    assert_eq!(exceptions.len(), 13);
    assert!(
        exceptions
            .contains(&json!({ "date": format!("{year}-10-26"), "spans": [], "name": "Nationalfeiertag" }))
    );
}

/// A form with a file, as a browser sends it.
fn body(fields: &[(String, String)], action: &str, field: &str, file: &[u8]) -> Vec<u8> {
    let mut body = String::new();
    for (name, value) in fields.iter().map(|(name, value)| (&**name, &**value)).chain([("action", action)]) {
        body += &format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += &format!("--xx\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"file\"\r\n");
    [body.as_bytes(), b"Content-Type: application/octet-stream\r\n\r\n", file, b"\r\n--xx--\r\n"].concat()
}

#[tokio::test]
async fn files_come_with_the_form_and_are_told_off_beside_their_field() {
    let desk = Desk::open().await;
    let admin = signed_in_as(&desk, "Eve", "admin").await;
    let channel = desk.channel(&[]).await;
    let path = format!("/channels/{}", channel.id);
    let fields = form_of(admin.get(&path).await.text());
    let with = |action: &str, field: &'static str, file: Vec<u8>| {
        let kind = "multipart/form-data; boundary=xx";
        let request = admin.request(Method::POST, &path).header("Origin", PUBLIC_URL);
        answer(request.header("Content-Type", kind).body(body(&fields, action, field, &file)))
    };
    let calendar = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20991224\r\nSUMMARY:<b>Eve\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let added = with("ical", "ical", calendar.to_vec()).await;
    assert_eq!(added.status, 200);
    assert!(added.text().contains("1 day was added") && added.text().contains("&#60;b&#62;Eve"));
    for (file, told) in [
        (b"hello".to_vec(), "This is not a calendar file"),
        (b"BEGIN:VCALENDAR\nEND:VCALENDAR".to_vec(), "no whole-day events"),
        (vec![b' '; (1 << 20) + 1], "larger than 1 MiB"),
    ] {
        let refused = with("ical", "ical", file).await;
        assert_eq!(refused.status, 422, "{told}");
        assert!(refused.text().contains(told), "{told}");
    }
    let refused = with("save", "unanswered_file", b"hello".to_vec()).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("This is not a sound file that can be read"));
    let silence = include_bytes!("../../audio/after-hours-en.wav");
    let kept = with("save", "unanswered_file", silence.to_vec()).await;
    assert_eq!(kept.status, 303, "{}", kept.text());
    let document = desk.api.get(&format!("channels/{}", channel.id)).await;
    let greeting = document["greetings"]["unanswered"]["audio"].as_str().expect("a recording").to_owned();
    let kept: Value = desk.api.get(&format!("greetings/{greeting}")).await;
    assert!(kept["name"].as_str().is_some_and(|name| name.ends_with(": When nobody answers")), "{kept}");
}

#[tokio::test]
async fn closing_by_hand_counts_at_once_and_opening_again_takes_it_back() {
    let desk = Desk::open().await;
    let mut admin = signed_in_as(&desk, "Eve", "admin").await;
    let channel = desk.channel_with(json!({ "time_zone": "Asia/Kolkata" })).await;
    let path = format!("/channels/{}/closing", channel.id);
    let until =
        async || desk.api.get(&format!("channels/{}", channel.id)).await["hours"]["closed_until"].clone();
    for wrong in ["soon", "2001-01-01T00:00"] {
        assert_eq!(admin.post(&path, &[("until", wrong)]).await.status, 422, "{wrong}");
    }
    assert_eq!(until().await, Value::Null);
    assert_eq!(admin.post(&path, &[("until", "2099-01-01T12:00")]).await.status, 303);
    assert_eq!(until().await, "2099-01-01T06:30:00Z", "on the channel's wall");
    let page = admin.get(&format!("/channels/{}", channel.id)).await;
    assert!(page.text().contains("Closed by hand until 2099-01-01 12:00"));
    let tonight = admin.get("/tonight").await;
    assert!(tonight.text().contains("Closed. Callers hear the message"), "{}", tonight.text());
    assert_eq!(admin.post(&path, &[]).await.status, 303);
    assert_eq!(until().await, Value::Null);
}

#[tokio::test]
async fn of_two_who_change_a_channel_the_second_is_shown_what_the_first_has_saved() {
    let desk = Desk::open().await;
    let admin = signed_in_as(&desk, "Eve", "admin").await;
    let channel = desk.channel(&[]).await;
    let path = format!("/channels/{}", channel.id);
    let mut form = form_of(admin.get(&path).await.text());
    desk.api.patch(&format!("channels/{}", channel.id), json!({ "name": "Theirs <b>" })).await;
    set(&mut form, "name", "Mine");
    let told = send(&admin, &path, &form, "save").await;
    assert_eq!(told.status, 409);
    assert!(told.text().contains("somebody else has changed") && told.text().contains("Theirs &#60;b&#62;"));
    assert_eq!(desk.api.get(&format!("channels/{}", channel.id)).await["name"], "Theirs <b>");
    let again = form_of(told.text());
    assert!(again.contains(&("name".into(), "Mine".into())), "what was typed stays");
    assert_eq!(send(&admin, &path, &again, "save").await.status, 303);
    assert_eq!(desk.api.get(&format!("channels/{}", channel.id)).await["name"], "Mine");
}
