use super::super::{Account, Media, Secret, Settings, tests::settings};
use super::*;
use crate::{
    routing::ids::{ChannelId, Ids, MessageId, TicketId},
    tickets::message::{Author, Message, Sending, Side},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::StatusCode,
    response::IntoResponse,
    routing::any,
};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

const NUMBER: &str = "106540352242922";

/// What Meta was asked.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    line: String,
    authorisation: String,
    content_type: String,
    body: Bytes,
}

impl Asked {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Stands for Meta: answers with what was prepared, in its order, and remembers what it was asked.
#[derive(Clone, Default)]
struct Meta {
    answers: Arc<Mutex<Vec<(u16, String)>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Meta {
    async fn start(&self) -> (Account, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(any(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let account = Account::new(Settings { api_base: base.clone(), ..settings() }).unwrap();
        (account, base)
    }

    fn answers(&self, answers: &[(u16, Value)]) {
        *self.answers.lock().unwrap() =
            answers.iter().map(|(status, json)| (*status, json.to_string())).collect();
    }

    fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn answer(State(meta): State<Meta>, request: Request) -> impl IntoResponse {
    let (parts, body) = request.into_parts();
    let text = |name: &str| parts.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    assert!(text("user-agent").starts_with("Strowger/"));
    let asked = Asked {
        line: format!("{} {}", parts.method, parts.uri),
        authorisation: text("authorization"),
        content_type: text("content-type"),
        body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
    };
    meta.asked.lock().unwrap().push(asked);
    let (status, body) = meta.answers.lock().unwrap().remove(0);
    (StatusCode::from_u16(status).unwrap(), body)
}

fn taken(id: &str) -> (u16, Value) {
    (
        200,
        json!({ "messaging_product": "whatsapp", "contacts": [{ "input": "1", "wa_id": "1" }],
        "messages": [{ "id": id }] }),
    )
}

fn refused(status: u16, code: u64) -> (u16, Value) {
    (
        status,
        json!({ "error": { "message": "(#x) No", "type": "OAuthException", "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": "Because." }, "fbtrace_id": "x" } }),
    )
}

fn attachment(name: &str, content_type: &str, bytes: u64) -> Attachment {
    let (name, content_type) = (name.to_owned(), content_type.to_owned());
    Attachment { sha256: "0".repeat(64), name, content_type, bytes, content_id: None }
}

fn outgoing(text: &str, attachments: Vec<Attachment>) -> Outgoing {
    let mut ids = Ids::new(1);
    let to = Identity::Number("+16505551234".into());
    let side = Side::Out { by: Author::Token, to: to.clone(), state: Sending::Queued };
    let message = Message {
        id: MessageId(ids.next(1)),
        ticket: Some(TicketId(ids.next(1))),
        channel: ChannelId(ids.next(1)),
        at: "2026-03-02T12:00:00Z".parse().unwrap(),
        side,
        subject: None,
        text: text.to_owned(),
        html: None,
        attachments,
        outside_id: None,
    };
    Outgoing { message, to, references: Vec::new() }
}

#[tokio::test]
async fn a_text_is_sent_as_the_documentation_says() {
    let meta = Meta::default();
    let (account, _) = meta.start().await;
    meta.answers(&[taken("wamid.1")]);
    let outgoing = outgoing(" As requested, here is the link ", Vec::new());
    assert_eq!(account.send(NUMBER, &outgoing, Vec::new()).await, Ok("wamid.1".into()));
    let asked = meta.asked();
    let [asked] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(asked.line, format!("POST /v23.0/{NUMBER}/messages"));
    assert_eq!(asked.authorisation, "Bearer access");
    let expected = json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": "16505551234",
        "type": "text", "text": { "preview_url": false, "body": "As requested, here is the link" },
        "biz_opaque_callback_data": outgoing.message.id });
    assert_eq!(asked.json(), expected);
}

#[tokio::test]
async fn files_are_put_there_first_and_the_text_stands_below_the_first() {
    let meta = Meta::default();
    let (account, _) = meta.start().await;
    meta.answers(&[
        (200, json!({ "id": "11" })),
        (200, json!({ "id": "22" })),
        taken("wamid.1"),
        taken("wamid.2"),
    ]);
    let files = vec![attachment("a.png", "image/png", 3), attachment("b.pdf", "application/pdf", 3)];
    let outgoing = outgoing("Look", files);
    let sent = account.send(NUMBER, &outgoing, vec![b"abc".to_vec(), b"d\r\n".to_vec()]).await;
    assert_eq!(sent, Ok("wamid.1".into()));
    let asked = meta.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[0].line, format!("POST /v23.0/{NUMBER}/media"));
    let boundary = asked[0].content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage/png\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
         Content-Type: image/png\r\n\r\nabc\r\n--{boundary}--\r\n"
    );
    assert_eq!(asked[0].body, expected);
    assert_eq!(
        (&asked[2].json()["type"], &asked[2].json()["image"]),
        (&json!("image"), &json!({ "id": "11", "caption": "Look" }))
    );
    assert_eq!(asked[3].json()["document"], json!({ "id": "22", "filename": "b.pdf" }));
}

#[test]
fn what_whatsapp_does_not_show_goes_as_a_document() {
    let table = [
        (attachment("a", "image/jpeg", 5 << 20), "image"),
        (attachment("a", "image/jpeg", (5 << 20) + 1), "document"),
        (attachment("a", "image/svg+xml", 1), "document"),
        (attachment("a", "video/mp4", 1), "video"),
        (attachment("a", "video/x-matroska", 1), "document"),
        (attachment("a", "audio/ogg", 1), "audio"),
        (attachment("a", "audio/wav", 1), "document"),
        (attachment("a", "text/html", 1), "document"),
    ];
    for (attachment, expected) in table {
        assert_eq!(kind(&attachment), expected, "{attachment:?}");
    }
    // Sounds have no room for words: they go before.
    let sound = attachment("a.ogg", "audio/ogg", 1);
    let kinds: Vec<Value> =
        parts("Listen", &[(&sound, "1".into())]).iter().map(|part| part["type"].clone()).collect();
    assert_eq!(kinds, ["text", "audio"]);
    let picture = attachment("a.png", "image/png", 1);
    let long = "x".repeat(CAPTION_CHARS_MAX + 1);
    let kinds: Vec<Value> =
        parts(&long, &[(&picture, "1".into())]).iter().map(|part| part["type"].clone()).collect();
    assert_eq!(kinds, ["text", "image"]);
}

#[test]
fn a_long_text_is_cut_between_words_and_loses_none() {
    let words = "many words, äöü ".repeat(1_000);
    let pieces = pieces(words.trim());
    assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.chars().count() <= TEXT_CHARS_MAX));
    assert_eq!(pieces.join(" "), words.trim());
    let endless = "x".repeat(TEXT_CHARS_MAX * 2 + 1);
    assert_eq!(super::pieces(&endless).iter().map(|piece| piece.len()).collect::<Vec<_>>(), [4096, 4096, 1]);
    assert_eq!(super::pieces(""), Vec::<&str>::new());
}

#[tokio::test]
async fn what_went_wrong_says_whether_to_try_again() {
    let meta = Meta::default();
    let (account, _) = meta.start().await;
    let hello = outgoing("Hello", Vec::new());
    let send = async |answer: (u16, Value)| {
        meta.answers(&[answer]);
        account.send(NUMBER, &hello, Vec::new()).await.unwrap_err()
    };
    let window = send(refused(400, 131_047)).await;
    assert!(matches!(&window, NotSent::Never(why) if why.starts_with("more than 24 hours")), "{window:?}");
    assert_eq!(send(refused(401, 190)).await, NotSent::Later("190: (#x) No. Because.".into()));
    assert!(matches!(send(refused(400, 131_056)).await, NotSent::Later(_)));
    assert!(matches!(send(refused(500, 131_000)).await, NotSent::Later(_)));
    assert!(matches!(send(refused(400, 100)).await, NotSent::Never(_)));
    assert!(matches!(send((200, json!({}))).await, NotSent::Never(_)), "it may have been sent");
    let nothing = account.send(NUMBER, &outgoing(" ", Vec::new()), Vec::new()).await;
    assert_eq!(nothing, Err(NotSent::Never("there is nothing to send".into())));
    let strange = account.send("../1", &hello, Vec::new()).await;
    assert!(matches!(strange, Err(NotSent::Never(_))));
    let unreachable = Account::new(settings()).unwrap().send(NUMBER, &hello, Vec::new()).await;
    assert!(matches!(unreachable, Err(NotSent::Later(_))));
    let silent = Account::new(Settings { access_token: None, ..settings() }).unwrap();
    assert_eq!(
        silent.send(NUMBER, &hello, Vec::new()).await,
        Err(NotSent::Later("no access token is configured".into()))
    );
    let mail = Outgoing { to: Identity::Email("a@b.at".into()), ..hello };
    assert!(matches!(account.send(NUMBER, &mail, Vec::new()).await, Err(NotSent::Never(_))));
}

#[tokio::test]
async fn what_has_arrived_in_part_is_not_sent_again() {
    let meta = Meta::default();
    let (account, _) = meta.start().await;
    meta.answers(&[taken("wamid.1"), refused(500, 131_000)]);
    let sent = account.send(NUMBER, &outgoing(&"x".repeat(5_000), Vec::new()), Vec::new()).await;
    let NotSent::Never(why) = sent.unwrap_err() else { panic!("it would be sent again") };
    assert!(why.starts_with("only 1 of 2 parts were sent"), "{why}");
}

#[tokio::test]
async fn who_hides_their_number_is_answered_by_their_id() {
    let meta = Meta::default();
    let (account, _) = meta.start().await;
    meta.answers(&[taken("wamid.1")]);
    let hidden = Outgoing { to: Identity::Visitor("US.1".into()), ..outgoing("Hello", Vec::new()) };
    assert_eq!(account.send(NUMBER, &hidden, Vec::new()).await, Ok("wamid.1".into()));
    let json = meta.asked()[0].json();
    assert_eq!((&json["recipient"], &json["to"]), (&json!("US.1"), &Value::Null));
}

fn picture() -> Media {
    Media { id: "1003383421387256".into(), content_type: "image/jpeg".into(), name: "image.jpg".into() }
}

#[tokio::test]
async fn a_file_is_fetched_by_its_id_and_from_where_the_interface_says() {
    let meta = Meta::default();
    let (account, base) = meta.start().await;
    let described = json!({ "url": format!("{base}/files/?mid=1"), "mime_type": "image/jpeg", "file_size": 5,
        "id": "1003383421387256", "messaging_product": "whatsapp" });
    meta.answers(&[(200, described), (200, json!("abc"))]);
    assert_eq!(account.fetch(NUMBER, &picture()).await, Ok(b"\"abc\"".to_vec()));
    let asked = meta.asked();
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    let described = format!("GET /v23.0/1003383421387256?phone_number_id={NUMBER}");
    assert_eq!(lines, [described.as_str(), "GET /files/?mid=1"]);
    assert!(asked.iter().all(|asked| asked.authorisation == "Bearer access"));
}

#[tokio::test]
async fn a_file_at_a_strange_address_is_not_fetched() {
    let meta = Meta::default();
    let (account, _) = meta.start().await;
    for url in [
        "https://evil.example/x",
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "https://user@lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com.evil.example/x",
        "file:///etc/passwd",
        "http://127.0.0.1:1/x",
        "",
    ] {
        meta.answers(&[(200, json!({ "url": url }))]);
        let fetched = account.fetch(NUMBER, &picture()).await;
        assert_eq!(
            fetched,
            Err(NotFetched::Never("the file is said to lie at a strange address".into())),
            "{url}"
        );
        assert_eq!(meta.asked().len(), 1);
    }
    assert!(account.rest.place("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1").is_some());
    let strange = Media { id: "../me".into(), ..picture() };
    assert!(matches!(account.fetch(NUMBER, &strange).await, Err(NotFetched::Never(_))));
    assert_eq!(meta.asked(), []);
}

#[tokio::test]
async fn a_file_that_is_too_large_or_gone_is_given_up_and_trouble_is_not() {
    let meta = Meta::default();
    let (account, base) = meta.start().await;
    let fetch = async |answers: &[(u16, Value)]| {
        meta.answers(answers);
        account.fetch(NUMBER, &picture()).await.unwrap_err()
    };
    let large = fetch(&[(200, json!({ "url": format!("{base}/f"), "file_size": (25 << 20) + 1 }))]).await;
    assert_eq!(large, NotFetched::Never("the file is larger than 25 MiB".into()));
    let lying = json!({ "url": format!("{base}/f"), "file_size": 1 });
    let large = fetch(&[(200, lying.clone()), (200, json!("x".repeat(MEDIA_BYTES_MAX)))]).await;
    assert_eq!(large, NotFetched::Never("it is larger than 25 MiB".into()));
    assert!(matches!(fetch(&[(404, json!({}))]).await, NotFetched::Never(_)));
    assert!(
        matches!(fetch(&[(200, lying), (302, json!({}))]).await, NotFetched::Never(_)),
        "no redirect is followed"
    );
    assert!(matches!(fetch(&[(503, json!({}))]).await, NotFetched::Later(_)));
    assert!(matches!(fetch(&[(401, json!({}))]).await, NotFetched::Later(_)));
}

#[test]
fn a_token_goes_to_hosts_of_the_configuration_only() {
    let own = Settings { media_hosts: vec!["files.example.org".into()], ..settings() };
    let account = Account::new(Settings { access_token: Some(Secret("x".into())), ..own }).unwrap();
    assert!(account.rest.place("https://FILES.example.org/1").is_some());
    assert!(account.rest.place("https://lookaside.fbsbx.com/1").is_none());
    assert!(account.rest.place("http://127.0.0.1:1/1").is_some(), "it is where the interface is");
}
