//! The pages of operators: for admins only, secrets shown once, and what can't be undone asked for twice.

use super::{
    browser::{Browser, signed_in_as},
    pages_tickets::value,
};
use crate::desk::{Desk, PATIENCE, PUBLIC_URL};
use serde_json::{Value, json};
use std::time::Duration;
use strowger::providers::simulator::{Behaviour, Message, Number};

const LOOK_EVERY: Duration = Duration::from_millis(50);
const PAGES: [&str; 7] = ["", "/telephones", "/jobs", "/webhooks", "/tokens", "/audit", "/erasure"];

#[tokio::test]
async fn only_admins_see_the_system() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let eve = signed_in_as(&desk, "eve", "admin").await;
    let mut lead = signed_in_as(&desk, "lead", "supervisor").await;
    for page in PAGES {
        let path = format!("/system{page}");
        let seen = eve.get(&path).await;
        assert_eq!(seen.status, 200, "{path}: {}", seen.text());
        assert!(!seen.text().contains(">system-"), "a message is missing: {}", seen.text());
        assert_eq!(lead.get(&path).await.status, 403, "{path}");
        assert_eq!(Browser::at(&desk).get(&path).await.status, 303, "{path}");
    }
    for path in ["backup", "tokens", "webhooks", "erasure", &format!("telephones/{}", channel.id)] {
        assert_eq!(lead.post(&format!("/system/{path}"), &[]).await.status, 403, "{path}");
    }
    let health = eve.get("/system").await;
    for shown in ["takes writes", "main", env!("CARGO_PKG_VERSION"), "Time zone data"] {
        assert!(health.text().contains(shown), "{shown} in {}", health.text());
    }
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_it_is_revoked() {
    let desk = Desk::open().await;
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let wrong = eve.post("/system/tokens", &[("name", " "), ("role", "admin"), ("user", "")]).await;
    assert_eq!(wrong.status, 422);
    let wrong =
        eve.post("/system/tokens", &[("name", "<b>board"), ("role", "admin"), ("user", "who?")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("&#60;b&#62;board") && wrong.text().contains("value=\"who?\""));
    let made = eve
        .post("/system/tokens", &[("name", "<b>board"), ("role", "agent"), ("user", "EVE@example.org")])
        .await;
    let at = made.text().find("strowger_").unwrap_or_else(|| panic!("{}", made.text()));
    let secret = made.text()[at..].split('<').next().expect("an end").to_owned();
    assert!(!eve.get("/system/tokens").await.text().contains(&secret));
    let api = desk.api.with_token(&secret);
    let me = api.get("me").await;
    assert_eq!((&me["role"], &me["user"]["name"]), (&json!("agent"), &json!("eve")));
    let token = desk.api.all("tokens").await;
    let token = token.iter().find(|token| token["name"] == "<b>board").expect("the token");
    let revoke = format!("/system/tokens/{}/revoke", token["id"].as_str().expect("an id"));
    assert_eq!(eve.post(&revoke, &[]).await.status, 303);
    assert_eq!(api.ask(reqwest::Method::GET, "me", None).await.0, 401);
    assert_eq!(eve.post(&revoke, &[]).await.status, 404);
}

#[tokio::test]
async fn a_number_is_compared_and_set_at_the_telephone_company() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let number =
        Number { voice_url: "https://elsewhere.example.org/voice".into(), ..Number::new(&channel.number) };
    desk.company.own(number);
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let path = format!("/system/telephones/{}", channel.id);
    let compared = eve.post(&path, &[("do", "compare")]).await;
    assert!(compared.text().contains("elsewhere.example.org"), "{}", compared.text());
    assert!(compared.text().contains("state bad"), "{}", compared.text());
    let set = eve.post(&path, &[("do", "set")]).await;
    assert!(set.text().contains("is set as it should be"), "{}", set.text());
    let found = desk.api.get(&format!("channels/{}/numbers", channel.id)).await;
    assert_eq!(found["findings"][0]["grade"], "good", "{found}");
    assert!(
        eve.get("/system/telephones")
            .await
            .text()
            .contains(&format!("{PUBLIC_URL}/hooks/main/{}", channel.id))
    );
}

#[tokio::test]
async fn a_backup_is_downloaded_whole_and_leaves_nothing_behind() {
    let desk = Desk::open().await;
    desk.agent("Ann").await;
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let backup = eve.post("/system/backup", &[]).await;
    assert_eq!((backup.status, backup.header("content-type")), (200, "application/x-tar"));
    assert!(backup.header("content-disposition").starts_with("attachment; filename=\"strowger-"));
    assert_eq!(backup.header("content-length"), backup.body.len().to_string());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("backup.tar");
    std::fs::write(&file, &backup.body).expect("it is written");
    let restored = std::process::Command::new(env!("CARGO_BIN_EXE_strowger"))
        .args(["restore", file.to_str().expect("a name"), "--data-dir"])
        .arg(folder.path().join("data"))
        .output()
        .expect("the program runs");
    assert!(restored.status.success(), "{restored:?}");
    let data = desk.database().parent().expect("a folder").to_owned();
    let left = data.read_dir().expect("it is there").map(|entry| entry.expect("an entry").file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with(".backup")));
    let audit = desk.api.get("audit?kind=backup").await;
    assert_eq!(audit["items"][0]["action"], "downloaded");
    let from_elsewhere = eve.request(reqwest::Method::POST, "/system/backup").form(&[("a", "b")]);
    assert_eq!(super::answer(from_elsewhere.header("Origin", "https://evil.example.org")).await.status, 403);
}

#[tokio::test]
async fn the_audit_log_says_what_was_different_and_is_filtered() {
    let desk = Desk::open().await;
    let [ann, ben] = desk.agents(["Ann", "Ben"]).await;
    let eve = signed_in_as(&desk, "eve", "admin").await;
    desk.api.patch(&format!("users/{}", ann.id), json!({ "name": "Ann <b>Smith" })).await;
    let page = eve.get(&format!("/system/audit?kind=user&subject={}", ann.id)).await;
    assert!(
        page.text().contains("<del><bdi>Ann</bdi></del> <ins><bdi>Ann &#60;b&#62;Smith</bdi></ins>"),
        "{}",
        page.text()
    );
    assert!(!page.text().contains(&ben.id), "{}", page.text());
    let only = desk.api.get(&format!("audit?kind=user&subject={}", ann.id)).await;
    assert_eq!(only["items"].as_array().map(Vec::len), Some(2), "{only}");
    assert!(eve.get("/system/audit?kind=nothing").await.text().contains("Nothing was found."));
}

#[tokio::test]
async fn a_webhook_is_made_changed_as_it_was_seen_and_deleted() {
    let desk = Desk::open().await;
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let fields = |url| [("name", "board"), ("url", url), ("event", "call.ended"), ("event", "call.missed")];
    let wrong = eve.post("/system/webhooks", &fields("http://<b>")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("value=\"http://&#60;b&#62;\""), "{}", wrong.text());
    let made = eve.post("/system/webhooks", &fields("https://example.org/board")).await;
    assert!(made.text().contains("whsec_"), "{}", made.text());
    let webhook: Value = desk.api.all("webhooks").await.remove(0);
    assert_eq!(
        (&webhook["events"], &webhook["enabled"]),
        (&json!(["call.ended", "call.missed"]), &json!(false))
    );
    let path = format!("/system/webhooks/{}", webhook["id"].as_str().expect("an id"));
    let page = eve.get(&path).await;
    assert!(!page.text().contains("whsec_"));
    let tag = value(&page, "tag");
    desk.api.patch(&path["/system/".len()..], json!({ "name": "theirs" })).await;
    let mut changed = fields("https://example.org/mine").to_vec();
    changed.push(("tag", &tag));
    let told = eve.post(&path, &changed).await;
    assert_eq!(told.status, 409);
    assert!(
        told.text().contains("<bdi>theirs</bdi>")
            && told.text().contains("value=\"https://example.org/mine\"")
    );
    for act in ["secret", "delete"] {
        assert_eq!(eve.post(&format!("{path}/{act}"), &[("tag", &tag)]).await.status, 409, "{act}");
    }
    let tag = value(&told, "tag");
    let rotated = eve.post(&format!("{path}/secret"), &[("tag", &tag)]).await;
    assert!(rotated.status == 200 && rotated.text().contains("whsec_"), "{}", rotated.text());
    let tag = value(&rotated, "tag");
    assert_eq!(eve.post(&format!("{path}/delete"), &[("tag", &tag)]).await.status, 303);
    assert_eq!(eve.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_person_is_erased_only_when_their_number_was_typed_twice() {
    let desk = Desk::open().await;
    let channel = desk.channel(&[]).await;
    let behaviour = Behaviour { message: Message::Seconds(4.0), ..Behaviour::default() };
    let caller = desk.call_with(&channel, behaviour);
    desk.over(&caller).await;
    let call = desk.call_when(caller.sid(), "has its message", |call| call["voicemail"].is_object()).await;
    let number = call["from"].as_str().expect("a number");
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let differs = eve.post("/system/erasure", &[("number", number), ("again", "+43")]).await;
    assert_eq!(differs.status, 422);
    assert!(differs.text().contains(number) && differs.text().contains("This is not the same."));
    assert_eq!(eve.post("/system/erasure", &[("number", "<b>"), ("again", "<b>")]).await.status, 422);
    assert_eq!(desk.api.get("calls").await["items"].as_array().map(Vec::len), Some(1));
    let erased = eve.post("/system/erasure", &[("number", number), ("again", number)]).await;
    assert!(erased.status == 200 && erased.text().contains("The person is erased."), "{}", erased.text());
    assert!(!erased.text().contains(number));
    assert!(!desk.api.get("calls").await.to_string().contains(number));
}

#[tokio::test]
async fn what_waits_is_listed_and_is_tried_again_when_somebody_says_so() {
    let desk = Desk::open().await;
    let webhook = json!({ "name": "board", "url": "https://nowhere.invalid/", "events": ["call.started"] });
    let webhook = desk.api.create("webhooks", webhook).await;
    let channel = desk.channel(&[]).await;
    let caller = desk.call(&channel);
    desk.over(&caller).await;
    let tried = async || {
        for _ in 0..PATIENCE.as_millis() / LOOK_EVERY.as_millis() {
            let jobs = desk.api.get("jobs").await;
            let mut jobs = jobs["items"].as_array().expect("items").iter();
            let job = jobs.find(|job| job["kind"] == "webhook" && job["tries"] != 0);
            if let Some(job) = job {
                return job["id"].as_str().expect("an id").to_owned();
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("it is not tried");
    };
    let id = tried().await;
    let retried = async || {
        let lines = desk.api.get(&format!("audit?subject={id}")).await;
        lines["items"].as_array().expect("lines").iter().filter(|line| line["action"] == "retried").count()
    };
    let mut eve = signed_in_as(&desk, "eve", "admin").await;
    let page = eve.get("/system/jobs").await;
    assert!(page.text().contains("webhook (call.started)") && page.text().contains(&id), "{}", page.text());
    assert_eq!(eve.post(&format!("/system/jobs/{id}"), &[]).await.status, 303);
    assert_eq!(retried().await, 1);
    let path = format!("/system/webhooks/{webhook}");
    let page = eve.get(&path).await;
    assert!(page.text().contains(&format!("name=\"delivery\" value=\"{id}\"")), "{}", page.text());
    assert_eq!(eve.post(&format!("{path}/retry"), &[("delivery", &id)]).await.status, 303);
    assert_eq!(retried().await, 2);
    let nothing = super::NOBODY;
    assert_eq!(eve.post(&format!("/system/jobs/{nothing}"), &[]).await.status, 404);
    assert_eq!(eve.post(&format!("{path}/retry"), &[("delivery", nothing)]).await.status, 404);
}
