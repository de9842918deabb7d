//! Commands and questions, as they reach Twilio, and what comes of its answers.

use super::*;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{Method, header::AUTHORIZATION},
    response::{IntoResponse, Response as Reply},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::{StreamExt, stream};
use std::sync::{Arc, Mutex};

const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const CALL: &str = "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const RECORDING: &str = "REcccccccccccccccccccccccccccccccc";

/// What Twilio was asked: method, path below the account, and body.
type Asked = (Method, String, String);

/// Stands in for Twilio: answers with the replies in their order, the last one again and again.
struct Twin {
    twilio: Twilio,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Clone)]
struct Script {
    reply: Arc<dyn Fn(usize) -> Reply + Send + Sync>,
    asked: Arc<Mutex<Vec<Asked>>>,
    delay: Duration,
}

async fn answer(State(script): State<Script>, request: Request) -> Reply {
    let login = request.headers().get(AUTHORIZATION).cloned();
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 16).await.unwrap();
    let path = parts.uri.to_string();
    let path = path.strip_prefix(&format!("/2010-04-01/Accounts/{ACCOUNT}")).unwrap().to_owned();
    let count = {
        let mut asked = script.asked.lock().unwrap();
        asked.push((parts.method, path, String::from_utf8(body.to_vec()).unwrap()));
        asked.len()
    };
    tokio::time::sleep(script.delay).await;
    let right = format!("Basic {}", BASE64_STANDARD.encode(format!("{ACCOUNT}:token")));
    if login.is_some_and(|login| login == right) {
        (script.reply)(count)
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

fn twilio_at(base: &str, token: &str) -> Twilio {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = serde_json::json!({"account_sid": ACCOUNT, "auth_token": token, "api_base": base});
    Twilio::new(serde_json::from_value(settings).unwrap()).unwrap()
}

async fn twin(reply: impl Fn(usize) -> Reply + Send + Sync + 'static, delay: Duration) -> Twin {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let script = Script { reply: Arc::new(reply), asked: asked.clone(), delay };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(script);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut twilio = twilio_at(&base, "token");
    twilio.rest.client = client(Duration::from_millis(500)).unwrap();
    Twin { twilio, asked }
}

impl Twin {
    async fn says(status: u16, body: impl Into<Bytes>) -> Self {
        let (status, body) = (StatusCode::from_u16(status).unwrap(), body.into());
        twin(move |_| (status, body.clone()).into_response(), Duration::ZERO).await
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn problem(code: u32) -> String {
    format!(r#"{{"code":{code},"message":"no\u0007t so","more_info":"https://x","status":400}}"#)
}

fn recording(seconds: u32) -> Recording {
    Recording { id: RECORDING.into(), seconds }
}

/// Sound as Twilio makes it: 8,000 samples a second of two bytes each, with a chunk of an odd length before it.
fn wav(seconds: u32, missing: usize) -> Vec<u8> {
    let length = seconds * 16_000;
    let mut file =
        [&b"RIFF"[..], &(length + 50).to_le_bytes(), b"WAVE", b"fmt ", &16u32.to_le_bytes()].concat();
    file.extend([1, 0, 1, 0]);
    file.extend([8_000u32.to_le_bytes(), 16_000u32.to_le_bytes()].concat());
    file.extend([2, 0, 16, 0]);
    file.extend([&b"note"[..], &3u32.to_le_bytes(), b"odd\0", b"data", &length.to_le_bytes()].concat());
    file.resize(file.len() + length as usize - missing, 0);
    file
}

#[tokio::test]
async fn a_redirect_sends_the_address_and_the_method() {
    let twin = Twin::says(200, "{}").await;
    assert_eq!(twin.twilio.redirect(CALL, "https://calls.example.org/a?b=c&d").await, Ok(()));
    let form = "Url=https%3A%2F%2Fcalls.example.org%2Fa%3Fb%3Dc%26d&Method=POST";
    assert_eq!(twin.asked(), [(Method::POST, format!("/Calls/{CALL}.json"), form.into())]);
}

#[tokio::test]
async fn what_twilio_refuses_is_told_apart() {
    let refused = |text: &str| Err(Trouble::Refused(text.into()));
    for (status, body, expected) in [
        (401, problem(20003), Err(Trouble::Unauthorised)),
        (403, problem(20403), Err(Trouble::Unauthorised)),
        (400, problem(21205), refused(r"400 Bad Request, code 21205: no\u{7}t so")),
        (400, "<html>".into(), refused("400 Bad Request, code 0: ")),
        (429, problem(20429), refused(r"429 Too Many Requests, code 20429: no\u{7}t so")),
        (429, problem(21220), refused(r"429 Too Many Requests, code 21220: no\u{7}t so")),
    ] {
        let twin = Twin::says(status, body).await;
        assert_eq!(twin.twilio.redirect(CALL, "https://x").await, expected, "{status}");
        assert_eq!(twin.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn after_a_server_error_nobody_knows_and_it_is_not_sent_twice() {
    let twin = Twin::says(503, "").await;
    let unknown = Err(Trouble::Unknown("503 Service Unavailable".into()));
    assert_eq!(twin.twilio.redirect(CALL, "https://x").await, unknown);
    assert_eq!(twin.asked().len(), 1);
}

#[tokio::test]
async fn a_call_that_can_t_be_redirected_is_gone_only_if_it_is_over() {
    for (code, status, expected) in [
        (404, "completed", Err(Trouble::Gone)),
        (400, "completed", Err(Trouble::Gone)),
        (400, "ringing", Err(Trouble::Refused("the call is not answered yet".into()))),
    ] {
        let answer = move |count| match count {
            1 => (StatusCode::from_u16(code).unwrap(), problem(21220)).into_response(),
            _ => format!(r#"{{"status": "{status}"}}"#).into_response(),
        };
        let twin = twin(answer, Duration::ZERO).await;
        assert_eq!(twin.twilio.redirect(CALL, "https://x").await, expected, "{code} {status}");
    }
}

#[tokio::test]
async fn hanging_up_what_is_over_is_well() {
    for (status, body) in [(200, String::new()), (404, problem(20404)), (400, problem(21220))] {
        let twin = Twin::says(status, body).await;
        assert_eq!(twin.twilio.hang_up(CALL).await, Ok(()));
        assert_eq!(twin.asked(), [(Method::POST, format!("/Calls/{CALL}.json"), "Status=completed".into())]);
    }
    assert_eq!(Twin::says(401, "").await.twilio.hang_up(CALL).await, Err(Trouble::Unauthorised));
}

#[tokio::test]
async fn without_an_answer_in_time_nobody_knows() {
    let twin = twin(|_| StatusCode::OK.into_response(), Duration::from_secs(5)).await;
    assert!(matches!(twin.twilio.redirect(CALL, "https://x").await, Err(Trouble::Unknown(_))));
    assert!(matches!(twin.twilio.leg_is_up(CALL).await, Err(Trouble::Unknown(_))));
    assert_eq!(twin.asked().len(), 2);
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_carried_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let result = twilio_at(&base, "token").redirect(CALL, "https://x").await;
    assert!(matches!(&result, Err(Trouble::Refused(why)) if why.contains("refused")), "{result:?}");
}

#[tokio::test]
async fn without_a_secret_or_an_id_nothing_is_asked() {
    let twin = Twin::says(200, "{}").await;
    for id in
        ["", "CA1", RECORDING, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/..", "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb%2e"]
    {
        assert!(matches!(twin.twilio.hang_up(id).await, Err(Trouble::Refused(_))), "{id}");
        assert!(matches!(twin.twilio.leg_is_up(id).await, Err(Trouble::Refused(_))), "{id}");
    }
    let odd = Recording { id: "RE../../x".into(), seconds: 0 };
    assert!(matches!(twin.twilio.fetch(&odd).await, Err(Trouble::Refused(_))));
    assert!(matches!(twin.twilio.delete(&odd).await, Err(Trouble::Refused(_))));
    let settings = serde_json::json!({"account_sid": ACCOUNT});
    let anonymous = Twilio::new(serde_json::from_value(settings).unwrap()).unwrap();
    assert_eq!(anonymous.hang_up(CALL).await, Err(Trouble::Unauthorised));
    assert_eq!(twin.asked(), []);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let twin =
        twin(|_| axum::response::Redirect::temporary("/elsewhere").into_response(), Duration::ZERO).await;
    assert!(matches!(twin.twilio.caller_is_there(CALL).await, Err(Trouble::Refused(_))));
    assert!(matches!(twin.twilio.fetch(&recording(1)).await, Err(Trouble::Refused(_))));
    assert_eq!(twin.asked().len(), 2);
}

#[tokio::test]
async fn the_state_of_the_caller_is_asked() {
    for (status, body, expected) in [
        (200, r#"{"sid":"CA1","status":"in-progress"}"#, Ok(true)),
        (200, r#"{"status":"ringing"}"#, Ok(true)),
        (200, r#"{"status":"completed"}"#, Ok(false)),
        (200, r#"{"status":"canceled"}"#, Ok(false)),
        (404, "", Ok(false)),
        (500, "", Err(Trouble::Unknown("500 Internal Server Error".into()))),
    ] {
        let twin = Twin::says(status, body).await;
        assert_eq!(twin.twilio.caller_is_there(CALL).await, expected, "{body}");
        assert_eq!(twin.asked(), [(Method::GET, format!("/Calls/{CALL}.json"), String::new())]);
    }
    let garbage = Twin::says(200, "{}").await.twilio.caller_is_there(CALL).await;
    assert!(matches!(garbage, Err(Trouble::Refused(_))), "{garbage:?}");
}

#[tokio::test]
async fn a_leg_is_up_if_any_of_them_is() {
    for (body, expected) in [
        (r#"{"calls":[]}"#, false),
        (r#"{"calls":[{"status":"completed"},{"status":"ringing"}]}"#, false),
        (r#"{"calls":[{"status":"busy"},{"status":"in-progress"}],"page":0}"#, true),
    ] {
        let twin = Twin::says(200, body).await;
        assert_eq!(twin.twilio.leg_is_up(CALL).await, Ok(expected));
        assert_eq!(twin.asked()[0].1, format!("/Calls.json?ParentCallSid={CALL}&PageSize=100"));
    }
}

#[tokio::test]
async fn only_finished_recordings_are_found() {
    let listed = format!(
        r#"{{"recordings":[{{"sid":"{RECORDING}","status":"completed","duration":"12","channels":1}},
        {{"sid":"REdddddddddddddddddddddddddddddddd","status":"processing","duration":"-1"}},
        {{"sid":"REeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee","status":"absent","duration":null}},
        {{"sid":"../x","status":"completed","duration":"1"}}]}}"#
    );
    let twin = Twin::says(200, listed).await;
    assert_eq!(twin.twilio.recordings(CALL).await, Ok(vec![recording(12)]));
    assert_eq!(twin.asked()[0].1, format!("/Calls/{CALL}/Recordings.json"));
}

#[tokio::test]
async fn a_recording_is_fetched_whole_or_not_at_all() {
    let whole = wav(10, 0);
    for (file, promised, good) in [
        (whole.clone(), 10, true),
        (whole.clone(), 12, true),
        (whole.clone(), 13, false),
        (wav(10, 32_000), 10, true),  // two seconds are missing
        (wav(10, 32_002), 10, false), // and a bit more
        (whole[..40].to_vec(), 10, false),
        (whole[..20].to_vec(), 0, false),
        (b"<html>Sorry</html>".to_vec(), 0, false),
        (Vec::new(), 0, false),
        (wav(0, 0), 1, true),
    ] {
        let twin = Twin::says(200, file.clone()).await;
        let fetched = twin.twilio.fetch(&recording(promised)).await;
        let described = fetched.as_ref().map(Vec::len);
        assert_eq!(fetched == Ok(file), good, "{promised} {described:?}");
        assert!(good || matches!(fetched, Err(Trouble::Refused(_))), "{described:?}");
        assert_eq!(twin.asked()[0].1, format!("/Recordings/{RECORDING}.wav"));
    }
    assert_eq!(Twin::says(404, "").await.twilio.fetch(&recording(1)).await, Err(Trouble::NotFound));
}

#[tokio::test]
async fn a_recording_that_is_packed_or_breaks_off_is_refused() {
    let packed = twin(|_| ([(CONTENT_ENCODING, "gzip")], wav(1, 0)).into_response(), Duration::ZERO).await;
    assert!(matches!(packed.twilio.fetch(&recording(1)).await, Err(Trouble::Refused(_))));
    let broken = |_| {
        let part = stream::once(async { Ok(Bytes::from(wav(10, 0))) });
        let end = stream::once(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Err(std::io::Error::other("broken"))
        });
        Body::from_stream(part.chain(end)).into_response()
    };
    let broken = twin(broken, Duration::ZERO).await;
    assert!(matches!(broken.twilio.fetch(&recording(10)).await, Err(Trouble::Refused(_))));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let endless = |_| {
        let chunk = || Some((Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 16])), ()));
        Body::from_stream(stream::unfold((), move |()| async move { chunk() })).into_response()
    };
    let twin = twin(endless, Duration::ZERO).await;
    let too_long = |bytes: u32| Trouble::Refused(format!("the answer is longer than {bytes} bytes"));
    assert_eq!(twin.twilio.fetch(&recording(1)).await, Err(too_long(32 << 20)));
    assert_eq!(twin.twilio.recordings(CALL).await, Err(too_long(1 << 20)));
}

#[tokio::test]
async fn deleting_what_is_gone_is_well() {
    for status in [204, 404] {
        let twin = Twin::says(status, "").await;
        assert_eq!(twin.twilio.delete(&recording(1)).await, Ok(()));
        assert_eq!(twin.asked(), [(Method::DELETE, format!("/Recordings/{RECORDING}.json"), String::new())]);
    }
    assert_eq!(Twin::says(401, "").await.twilio.delete(&recording(1)).await, Err(Trouble::Unauthorised));
}

#[tokio::test]
async fn an_api_key_goes_before_the_account_s_token() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let settings = serde_json::json!({"account_sid": ACCOUNT, "auth_tokens": ["new", "old"], "api_key_sid": key, "api_key_secret": "s"});
    let mut settings: super::super::Settings = serde_json::from_value(settings).unwrap();
    let login = |settings: &super::super::Settings| match super::super::login(settings).unwrap() {
        Login::Basic(user, password) => (user, password.0),
        Login::Bearer(key) => (String::new(), key.0),
    };
    assert_eq!(login(&settings), (key.into(), "s".into()));
    (settings.api_key_sid, settings.api_key_secret) = (None, None);
    assert_eq!(login(&settings), (ACCOUNT.into(), "new".into()));
}

const UUID: &str = "f5586561-8ff0-4291-a51b-c7dfe4139ff9";
const OPAQUE: &str = "v3:9X2v/xP+D-aiQ";

/// Answers by what is asked, and notes it with how we logged in.
async fn account(
    dialect: Dialect,
    answers: &'static [(&str, u16, &str)],
) -> (Twilio, Arc<Mutex<Vec<String>>>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let answer = async move |request: Request| {
        let login = request.headers().get(AUTHORIZATION).and_then(|login| login.to_str().ok());
        let line = format!("{} {}", request.method(), request.uri());
        noted.lock().unwrap().push(format!("{line} {}", login.unwrap_or("-")));
        let found = answers.iter().find(|(what, ..)| *what == line).copied();
        let (_, status, body) = found.unwrap_or(("", 404, ""));
        let status = StatusCode::from_u16(status).unwrap();
        match body {
            "WAV" => wav(3, 0).into_response(),
            place if status.is_redirection() => (status, [(LOCATION, place)]).into_response(),
            body => (status, body).into_response(),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let secret = Secret("token".into());
    let login = match dialect {
        Dialect::TeXml => Login::Bearer(secret),
        _ => Login::Basic(UUID.into(), secret),
    };
    let mut twilio = twilio_at(&base, "token");
    twilio.dialect = dialect;
    twilio.rest = Rest::new(dialect, &base, UUID, Some(login)).unwrap();
    (twilio, asked)
}

const BASIC: &str = "Basic ZjU1ODY1NjEtOGZmMC00MjkxLWE1MWItYzdkZmU0MTM5ZmY5OnRva2Vu";

#[tokio::test]
async fn every_company_is_asked_at_its_own_addresses() {
    let laml = "/api/laml/2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/";
    let plain = "/2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/";
    let texml = "/v2/texml/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/";
    for (dialect, call, address, login) in [
        (Dialect::SignalWire, UUID, format!("{laml}{UUID}.json"), BASIC),
        (Dialect::Somleng, UUID, format!("{plain}{UUID}.json"), BASIC),
        (Dialect::TeXml, OPAQUE, format!("{texml}v3%3A9X2v%2FxP%2BD-aiQ"), "Bearer token"),
    ] {
        let (company, asked) = account(dialect, &[]).await;
        assert_eq!(company.redirect(call, "https://x").await, Err(Trouble::Gone));
        assert_eq!(company.caller_is_there(call).await, Ok(false));
        assert_eq!(company.hang_up(call).await, Ok(()));
        let expected =
            ["POST", "GET", "GET", "POST", "GET"].map(|method| format!("{method} {address} {login}"));
        assert!(matches!(company.number("+431").await, Err(Trouble::Refused(_))), "read for Twilio only");
        assert_eq!(asked.lock().unwrap()[..], expected, "{dialect:?}");
        for bad in [CALL, "..", "a b", "", "f5586561-8ff0-4291-a51b-c7dfe4139ff9/"] {
            if dialect != Dialect::TeXml || bad != CALL && !bad.ends_with('/') {
                assert!(matches!(company.caller_is_there(bad).await, Err(Trouble::Refused(_))), "{bad}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_of_which_nothing_is_said_counts_only_if_the_caller_is_gone() {
    const ALIVE: &[(&str, u16, &str)] = &[
        (
            "POST /2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/f5586561-8ff0-4291-a51b-c7dfe4139ff9.json",
            422,
            "",
        ),
        (
            "GET /2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/f5586561-8ff0-4291-a51b-c7dfe4139ff9.json",
            200,
            r#"{"status":"in-progress"}"#,
        ),
    ];
    const OVER: &[(&str, u16, &str)] = &[ALIVE[0], (ALIVE[1].0, 200, r#"{"status":"completed"}"#)];
    let (company, _) = account(Dialect::Somleng, ALIVE).await;
    assert!(matches!(company.redirect(UUID, "https://x").await, Err(Trouble::Refused(_))));
    assert!(matches!(company.hang_up(UUID).await, Err(Trouble::Refused(_))));
    assert_eq!(company.leg_is_up(UUID).await, Ok(true), "the dial would have said that it is over");
    let (company, _) = account(Dialect::Somleng, OVER).await;
    assert_eq!(company.redirect(UUID, "https://x").await, Err(Trouble::Gone));
    assert_eq!(company.hang_up(UUID).await, Ok(()));
    assert_eq!(company.leg_is_up(UUID).await, Ok(false));
}

#[tokio::test]
async fn a_sound_lies_where_the_interface_says_and_nobody_logs_in_there() {
    const SOMLENG: &[(&str, u16, &str)] = &[
        (
            "GET /2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Recordings/f5586561-8ff0-4291-a51b-c7dfe4139ff9.wav",
            302,
            "/storage/x?y=z",
        ),
        ("GET /storage/x?y=z", 200, "WAV"),
    ];
    const TELNYX: &[(&str, u16, &str)] = &[
        (
            "GET /v2/texml/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Recordings/f5586561-8ff0-4291-a51b-c7dfe4139ff9.json",
            200,
            r#"{"media_url":"/storage/x?y=z"}"#,
        ),
        SOMLENG[1],
    ];
    let recording = Recording { id: UUID.into(), seconds: 3 };
    for (dialect, answers, login) in
        [(Dialect::Somleng, SOMLENG, BASIC), (Dialect::TeXml, TELNYX, "Bearer token")]
    {
        let (company, asked) = account(dialect, answers).await;
        assert_eq!(company.fetch(&recording).await, Ok(wav(3, 0)), "{dialect:?}");
        let expected = [format!("{} {login}", answers[0].0), format!("{} -", answers[1].0)];
        assert_eq!(asked.lock().unwrap()[..], expected);
    }
}

#[tokio::test]
async fn a_sound_at_a_bad_address_is_not_fetched() {
    const WAV: &str = "GET /2010-04-01/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Recordings/f5586561-8ff0-4291-a51b-c7dfe4139ff9.wav";
    const BAD: [&[(&str, u16, &str)]; 5] = [
        &[(WAV, 302, "http://storage.example.org/x")],
        &[(WAV, 302, "ftp://127.0.0.1/x")],
        &[(WAV, 302, "file:///etc/passwd")],
        &[(WAV, 302, "https://me@127.0.0.1/x")],
        &[(WAV, 302, "http://")],
    ];
    for answers in BAD {
        let (company, asked) = account(Dialect::Somleng, answers).await;
        let fetched = company.fetch(&Recording { id: UUID.into(), seconds: 3 }).await;
        let refused = Err(Trouble::Refused("the sound is said to lie at a bad address".into()));
        assert_eq!((fetched, asked.lock().unwrap().len()), (refused, 1), "{}", answers[0].2);
    }
}

#[tokio::test]
async fn recordings_are_listed_with_lengths_in_any_form() {
    const LISTED: &[(&str, u16, &str)] = &[(
        "GET /v2/texml/Accounts/f5586561-8ff0-4291-a51b-c7dfe4139ff9/Calls/v3%3A9X2v%2FxP%2BD-aiQ/Recordings.json",
        200,
        r#"{"recordings":[
            {"sid":"f5586561-8ff0-4291-a51b-c7dfe4139ff9","status":"completed","duration":7},
            {"sid":"f5586561-8ff0-4291-a51b-c7dfe4139ff8","status":"completed","duration":"8"},
            {"sid":"f5586561-8ff0-4291-a51b-c7dfe4139ff7","status":"completed"},
            {"sid":"../x","status":"completed","duration":9}]}"#,
    )];
    let (company, _) = account(Dialect::TeXml, LISTED).await;
    let found = company.recordings(OPAQUE).await.unwrap();
    let found: Vec<_> = found.iter().map(|one| (&one.id[35..], one.seconds)).collect();
    assert_eq!(found, [("9", 7), ("8", 8), ("7", 0)]);
}

#[tokio::test]
async fn whose_devices_are_up_is_told_by_the_legs_of_this_call() {
    let legs = r#"{"calls":[
        {"status":"in-progress","to":"sip:ann@example.org","parent_call_sid":"CALL"},
        {"status":"ringing","to":"client:ben","parent_call_sid":"CALL"},
        {"status":"in-progress","to":"+43660","parent_call_sid":"CAother"},
        {"status":"in-progress","to":"client:cem"}]}"#;
    let twin = Twin::says(200, legs.replace("CALL", CALL)).await;
    let up = vec!["sip:ann@example.org".to_owned(), "client:cem".to_owned()];
    assert_eq!(twin.twilio.devices_up(CALL).await, Ok(up));
}
