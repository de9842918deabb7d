//! Sounds for telephone companies.

use super::{Answer, answer, raw};
use crate::desk::{Desk, PATIENCE};
use reqwest::Method;
use sha2::{Digest, Sha256};

async fn fetch(desk: &Desk, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request =
        desk.api.client.request(method, format!("{}{path}", desk.api.address)).timeout(PATIENCE);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request).await
}

/// The path of a shipped message, as the API names it.
async fn a_sound(desk: &Desk) -> String {
    let greetings = desk.api.all("greetings").await;
    let url = greetings[0]["audio"].as_str().expect("an address").to_owned();
    url.strip_prefix(crate::desk::PUBLIC_URL).expect("a public address").to_owned()
}

#[tokio::test]
async fn a_sound_is_served_whole_in_parts_and_not_at_all() {
    let desk = Desk::open().await;
    let path = a_sound(&desk).await;
    let whole = fetch(&desk, Method::GET, &path, &[]).await;
    assert_eq!(whole.status, 200);
    let hash: String = Sha256::digest(&whole.body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(path, format!("/media/{hash}.wav"), "it is what its name says");
    let length = whole.body.len();
    let tag = whole.header("etag").to_owned();
    for (name, value) in [
        ("content-type", "audio/wav"),
        ("cache-control", "public, max-age=86400, immutable"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("content-length", length.to_string().as_str()),
    ] {
        assert_eq!(whole.header(name), value, "{name}");
    }

    let head = fetch(&desk, Method::HEAD, &path, &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), length.to_string());
    assert_eq!(head.header("etag"), tag);

    let known = fetch(&desk, Method::GET, &path, &[("If-None-Match", &tag)]).await;
    assert_eq!((known.status, known.body.len()), (304, 0));

    let last = length - 1;
    for (range, first, end) in [
        ("bytes=0-0", 0, 0),
        ("bytes=0-65535", 0, 65535.min(last)),
        ("bytes=44-99", 44, 99),
        ("bytes=100-", 100, last),
        ("bytes=-10", length - 10, last),
        ("bytes=10-999999999", 10, last),
    ] {
        let part = fetch(&desk, Method::GET, &path, &[("Range", range)]).await;
        assert_eq!(part.status, 206, "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {first}-{end}/{length}"), "{range}");
        assert!(part.body == whole.body[first..=end], "{range}");
    }
    for range in [format!("bytes={length}-"), "bytes=-0".into(), "bytes=999999999-".into()] {
        let none = fetch(&desk, Method::GET, &path, &[("Range", &range)]).await;
        assert_eq!(none.status, 416, "{range}");
        assert_eq!(none.header("content-range"), format!("bytes */{length}"), "{range}");
    }
    for range in ["bytes=5-3", "bytes=0-1,5-6", "lines=0-9", "bytes=x-", "bytes=18446744073709551616-", ""] {
        let whole = fetch(&desk, Method::GET, &path, &[("Range", range)]).await;
        assert_eq!(
            (whole.status, whole.body.len()),
            (200, length),
            "{range}: what is no range does not count"
        );
    }
}

#[tokio::test]
async fn nothing_else_can_be_had_below_media() {
    let desk = Desk::open().await;
    let path = a_sound(&desk).await;
    let hash = path.trim_start_matches("/media/").trim_end_matches(".wav");
    let tricks = [
        format!("/media/{hash}"),
        format!("/media/{hash}.mp3"),
        format!("/media/{hash}.wav.wav"),
        format!("/media/{}.wav", hash.to_uppercase()),
        format!("/media/{}.wav", &hash[1..]),
        format!("/media/{}.wav", "0".repeat(64)),
        format!("/media//{hash}.wav"),
        format!("/media/./{hash}.wav"),
        format!("/media/x/../{hash}.wav"),
        format!("/media/{hash}.wav/"),
        format!("/media/{hash}.wav%00"),
        format!("/media/%2e%2e%2fmedia%2f{hash}.wav"),
        "/media/".into(),
        "/media/..".into(),
        "/media/../strowger.db".into(),
        "/media/%2e%2e/strowger.db".into(),
        "/media/..%2fstrowger.db".into(),
        "/media/..%5cstrowger.db".into(),
        "/media/%252e%252e%252fstrowger.db".into(),
        "/media/%ff.wav".into(),
        "/media//etc/passwd".into(),
        "/media/unanswered-en.wav".into(),
    ];
    for path in tricks {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        raw(&desk, request.as_bytes()).await.must_be_problem(404, &path);
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        fetch(&desk, method.clone(), &path, &[]).await.must_be_problem(405, method.as_str());
    }
}
