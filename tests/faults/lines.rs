//! Sockets break, webhooks come twice, late, out of order or forged, and the telephone company's API misbehaves.

use crate::{
    Row, Scale,
    agent::request,
    auditor::{Scope, Verdict},
    gate::Breakage,
    shim::Order,
    world::{PUBLIC_URL, Wishes, World, work_on},
};
use futures_util::{SinkExt, StreamExt};
use std::{
    io::Write,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use strowger::providers::simulator::{Delivery, Rest, Twice, Webhook};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};
use tokio_tungstenite::{connect_async, tungstenite::Message};

// Agents' sockets

pub async fn sockets_that_break_lose_nothing(scale: Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    let all = [
        (Breakage::Cut, "agents' sockets are cut"),
        (Breakage::HalfOpen, "agents' sockets are half open"),
        (Breakage::Stalled, "agents' sockets are stalled"),
    ];
    for (how, name) in all {
        let world = World::open(Wishes::default()).await;
        let load = world.load(8.0);
        let (mut broken, times) = (0, scale.of(8, 200));
        for _ in 0..times {
            work_on(100..600).await;
            broken += world.gate.break_sockets(how, rand::random_range(1..=5));
        }
        drop(load);
        let verdict = world.audit(Scope::default()).await;
        assert!(broken > 0, "there was no socket to break");
        rows.push(Row::new(name, broken as u64, verdict, &world));
    }
    rows
}

pub async fn ten_thousand_reconnects_lose_nothing(scale: Scale) -> Vec<Row> {
    let world = World::open(Wishes::default()).await;
    let load = world.load(5.0);
    let times = scale.of(500, 10_000);
    let mut welcomed = 0;
    for number in 0..times {
        let agent = &world.agents[number % world.agents.len()];
        let connected = connect_async(request(&world.gate.address, &agent.token).unwrap()).await;
        let Ok((mut socket, _)) = connected else { continue };
        // Some leave before they are greeted.
        if number % 3 > 0 {
            let greeting = timeout(crate::world::PATIENCE, socket.next()).await;
            welcomed += usize::from(matches!(greeting, Ok(Some(Ok(_)))));
        }
        if number % 2 == 0 {
            let _ = socket.close(None).await;
        }
    }
    drop(load);
    let mut verdict = world.audit(Scope::default()).await;
    if welcomed < times / 2 {
        verdict.stuck.insert(format!("only {welcomed} of {times} sockets were greeted"));
    }
    vec![Row::new("reconnects", times as u64, verdict, &world)]
}

pub async fn an_agent_who_floods_harms_nobody_else(scale: Scale) -> Vec<Row> {
    let world = World::open(Wishes::default()).await;
    let load = world.load(8.0);
    let times = scale.of(6, 100);
    let mut sent = 0;
    for round in 0..times {
        let agent = &world.agents[0];
        let request = request(&world.gate.address, &agent.token).unwrap();
        let Ok((mut socket, _)) = connect_async(request).await else { continue };
        for number in 0..2_000 {
            let frame = match (round + number) % 4 {
                0 => "{".to_owned(),
                1 => r#"{"type":"hang_up","call_id":"00000000000000000000000000000000"}"#.to_owned(),
                2 => r#"{"type":"media","registered":true,"microphone":true}"#.to_owned(),
                _ => "x".repeat(12_000),
            };
            if socket.send(Message::text(frame)).await.is_err() {
                break;
            }
            sent += 1;
        }
        work_on(50..200).await;
    }
    drop(load);
    assert!(sent > 0, "nothing was sent");
    vec![Row::new("frames of an agent who floods", sent, world.audit(Scope::default()).await, &world)]
}

// Webhooks

pub async fn webhooks_doubled_swapped_and_late_change_nothing(scale: Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    let late = Delivery::Late(Duration::from_secs(scale.of(4, 180)));
    let all = [
        ("webhooks doubled at once", Some(Twice::AtOnce), Delivery::Once),
        ("webhooks doubled later", Some(Twice::After(Duration::from_millis(700))), Delivery::Once),
        ("webhooks in the wrong order", None, Delivery::Swapped),
        ("webhooks late", None, late),
    ];
    for (name, webhooks, delivery) in all {
        let world = World::open(Wishes::default()).await;
        world.company.faults(|faults| {
            faults.webhooks = webhooks;
            faults.leg_callbacks = delivery;
            faults.status_callbacks = delivery;
            faults.recording_callbacks = delivery;
        });
        let load = world.load(6.0);
        sleep(Duration::from_secs(scale.of(4, 60))).await;
        drop(load);
        let verdict = world.audit(Scope::default()).await;
        let hooks = world.company.record().calls.iter().map(|call| call.webhooks().count() as u64).sum();
        rows.push(Row::new(name, hooks, verdict, &world));
    }
    rows
}

/// Posts a webhook as it was, but for what is changed. Answers the status and the body.
async fn post(world: &World, url: &str, form: &[u8], signature: &str) -> (u16, String) {
    let url = format!("{}{}", world.gate.address, url.strip_prefix(PUBLIC_URL).unwrap_or(url));
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let request = client.post(url).timeout(crate::world::PATIENCE).body(form.to_vec());
    let request = request.header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
    match request.header("X-Twilio-Signature", signature).send().await {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(_) => (0, String::new()),
    }
}

fn form_of(webhook: &Webhook) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(&webhook.params).finish()
}

fn signature_of(world: &World, webhook: &Webhook) -> String {
    let params: Vec<_> = webhook.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let url = webhook.url.split('#').next().unwrap_or_default();
    world.company.sign(url, &params)
}

pub async fn a_webhook_with_one_flipped_byte_is_refused(scale: Scale) -> Vec<Row> {
    let world = World::open(Wishes::default()).await;
    let caller = world.call_with(&world.channel, Default::default());
    let story = caller.until(|story| story.webhooks().count() > 0).await;
    caller.hang_up();
    let webhook = story.webhooks().next().unwrap().clone();
    let (form, signature) = (form_of(&webhook), signature_of(&world, &webhook));
    let url = webhook.url.split('#').next().unwrap_or_default().to_owned();
    world.settle().await;
    let before = world.evidence().await.calls.len();
    let (mut verdict, mut times) = (Verdict::default(), 0);
    let step = scale.of(7, 1);
    for (place, _) in form.bytes().enumerate().step_by(step) {
        let mut bytes = form.clone().into_bytes();
        bytes[place] ^= 1 << rand::random_range(0..7);
        // A flip may leave what the form says as it was.
        let same = form_urlencoded::parse(&bytes).eq(form_urlencoded::parse(form.as_bytes()));
        let (status, _) = post(&world, &url, &bytes, &signature).await;
        times += 1;
        if status != 403 && !same {
            verdict.doubled.insert(format!("the byte {place} of the form is flipped: {status}"));
        }
    }
    for place in (0..signature.len() - 1).step_by(scale.of(3, 1)) {
        let mut flipped = signature.clone().into_bytes();
        flipped[place] = if flipped[place] == b'A' { b'B' } else { b'A' };
        let (status, _) = post(&world, &url, form.as_bytes(), &String::from_utf8_lossy(&flipped)).await;
        times += 1;
        // The last digit of base64 says only four bits, which may be the same.
        if status != 403 && place + 2 < signature.len() {
            verdict.doubled.insert(format!("the digit {place} of the signature is flipped: {status}"));
        }
    }
    let path = url.len() - url.strip_prefix(PUBLIC_URL).unwrap_or_default().len();
    for place in (path + 1..url.len()).step_by(scale.of(3, 1)) {
        let mut flipped = url.clone().into_bytes();
        flipped[place] = if flipped[place] == b'a' { b'b' } else { b'a' };
        let (status, _) = post(&world, &String::from_utf8_lossy(&flipped), form.as_bytes(), &signature).await;
        times += 1;
        if !matches!(status, 403 | 404) {
            verdict.doubled.insert(format!("the byte {place} of the address is flipped: {status}"));
        }
    }
    if world.evidence().await.calls.len() != before {
        verdict.doubled.insert("a forged webhook made a call".into());
    }
    verdict.add(world.audit(Scope::default()).await);
    vec![Row::new("a byte of a signed webhook is flipped", times, verdict, &world)]
}

/// The answers are kept for seven days, the calls' names for ever.
pub async fn webhooks_replayed_after_eight_days_change_nothing(_: Scale) -> Vec<Row> {
    const EIGHT_DAYS_MS: i64 = 8 * 86_400_000;
    let mut world = World::open(Wishes { shim: true, ..Wishes::default() }).await;
    let load = world.load(8.0);
    sleep(Duration::from_secs(3)).await;
    drop(load);
    let mut verdict = world.audit(Scope::default()).await;
    let before = world.evidence().await;
    world.shim.as_ref().unwrap().order(Order::ClockShiftMs, EIGHT_DAYS_MS);
    world.restart().await;
    // The first chores forget what is old.
    let forgotten = async {
        while answers(&world).await > 0 {
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(crate::world::PATIENCE, forgotten).await.expect("answers are kept for more than a week");
    let mut times = 0;
    let webhooks: Vec<Webhook> =
        before.company.calls.iter().flat_map(|story| story.webhooks().cloned()).collect();
    for webhook in &webhooks {
        let url = webhook.url.split('#').next().unwrap_or_default();
        let (status, body) =
            post(&world, url, form_of(webhook).as_bytes(), &signature_of(&world, webhook)).await;
        times += 1;
        if status != 200 {
            verdict.unanswered.insert(format!("{url} is answered {status}"));
        }
        if url.ends_with("/voice") && !body.contains("<Hangup") {
            verdict.doubled.insert(format!("a call that is long over is answered {body}"));
        }
    }
    sleep(Duration::from_secs(1)).await;
    let after = world.evidence().await;
    if (&before.calls, before.offers.len(), before.tickets.len(), before.messages.len())
        != (&after.calls, after.offers.len(), after.tickets.len(), after.messages.len())
    {
        verdict.doubled.insert("a replay changed the books".into());
    }
    if before.company.requests.len() != after.company.requests.len() {
        // After an unclean stop the telephone company is asked for strays; nothing may be changed there.
        let commands = after.company.requests[before.company.requests.len()..].iter();
        let commands = commands.filter(|request| request.method != "GET").count();
        if commands > 0 {
            verdict.doubled.insert(format!("a replay led to {commands} commands"));
        }
    }
    verdict.add(world.audit(Scope { clock_jumped: true, ..Scope::default() }).await);
    vec![Row::new("webhooks replayed after 8 days", times, verdict, &world)]
}

async fn answers(world: &World) -> i64 {
    use sqlx::Connection;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.data().join("strowger.db"));
    let mut store = sqlx::SqliteConnection::connect_with(&options.read_only(true)).await.unwrap();
    sqlx::query_scalar("select count(*) from answers").fetch_one(&mut store).await.unwrap()
}

// The telephone company's API

/// A proxy before the API that can do worse than the simulator.
#[derive(Clone)]
struct Proxy {
    address: String,
    manner: Arc<watch::Sender<u8>>,
    /// How often it did its worst.
    done: Arc<AtomicU32>,
    /// How often somebody came to the private address that it redirects to.
    lured: Arc<AtomicU32>,
}

const PASSES: u8 = 0;
const DRIPS: u8 = 1;
const REDIRECTS: u8 = 2;
const BOMBS: u8 = 3;

impl Proxy {
    /// Behind it is the address that `company` will hold.
    async fn build(company: watch::Receiver<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let lure = format!("http://{}/", trap.local_addr().unwrap());
        let proxy = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            manner: Arc::new(watch::Sender::new(PASSES)),
            done: Arc::default(),
            lured: Arc::default(),
        };
        let lured = proxy.lured.clone();
        tokio::spawn(async move {
            while trap.accept().await.is_ok() {
                lured.fetch_add(1, Ordering::Relaxed);
            }
        });
        let bomb = bomb();
        let keeper = proxy.clone();
        tokio::spawn(async move {
            while let Ok((daemon, _)) = listener.accept().await {
                let mut changes = keeper.manner.subscribe();
                let manner = *changes.borrow_and_update();
                let (company, lure, bomb) = (company.borrow().clone(), lure.clone(), bomb.clone());
                if manner != PASSES {
                    keeper.done.fetch_add(1, Ordering::Relaxed);
                }
                tokio::spawn(async move {
                    // A connection that is kept open ends when the manner changes.
                    tokio::select! {
                        _ = serve(daemon, &company, manner, &lure, &bomb) => {}
                        _ = changes.changed() => {}
                    }
                });
            }
        });
        proxy
    }

    fn becomes(&self, manner: u8) {
        self.manner.send_replace(manner);
    }
}

/// 256 MiB of nothing, compressed.
fn bomb() -> Vec<u8> {
    let mut gzip =
        Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut into = gzip.stdin.take().expect("its input is piped");
    let writer = std::thread::spawn(move || (0..256).try_for_each(|_| into.write_all(&vec![b' '; 1 << 20])));
    let packed = gzip.wait_with_output().unwrap().stdout;
    writer.join().unwrap().unwrap();
    packed
}

async fn serve(
    mut daemon: TcpStream,
    company: &str,
    manner: u8,
    lure: &str,
    bomb: &[u8],
) -> std::io::Result<()> {
    if manner == PASSES {
        let mut company = TcpStream::connect(company.trim_start_matches("http://")).await?;
        return copy_bidirectional(&mut daemon, &mut company).await.map(drop);
    }
    let mut request = vec![0; 16 << 10];
    let length = daemon.read(&mut request).await?;
    if manner == BOMBS {
        // What is asked for is done; it is the answer that is bad.
        let mut company = TcpStream::connect(company.trim_start_matches("http://")).await?;
        company.write_all(&request[..length]).await?;
        let _ = company.read(&mut [0; 1024]).await?;
    }
    let head = match manner {
        REDIRECTS => format!("HTTP/1.1 307 Over There\r\nLocation: {lure}\r\nContent-Length: 0\r\n\r\n"),
        BOMBS => format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            bomb.len()
        ),
        _ => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n".to_owned(),
    };
    if manner == DRIPS {
        for byte in head.bytes().chain(std::iter::repeat(b' ')) {
            daemon.write_all(&[byte]).await?;
            sleep(Duration::from_secs(1)).await;
        }
    }
    daemon.write_all(head.as_bytes()).await?;
    if manner == BOMBS {
        daemon.write_all(bomb).await?;
    }
    daemon.shutdown().await
}

pub async fn an_api_that_misbehaves_loses_nobody(scale: Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    let (tell, company) = watch::channel(String::new());
    let proxy = Proxy::build(company).await;
    let world = World::open(Wishes { api_base: Some(proxy.address.clone()), ..Wishes::default() }).await;
    tell.send_replace(world.company.address());
    let bad = Duration::from_secs(scale.of(3, 60));

    let works: [(&str, Rest); 3] =
        [("down", Rest::Down), ("broken", Rest::Fails), ("carries out, answers are lost", Rest::AnswerLost)];
    for (name, rest) in works {
        let load = world.load(6.0);
        let before = world.company.record().requests.len();
        world.company.faults(|faults| faults.rest = rest);
        sleep(bad).await;
        world.company.faults(|faults| faults.rest = Rest::Works);
        let asked = world.company.record().requests.len() - before;
        drop(load);
        let verdict = world.audit(Scope::default()).await;
        assert!(asked > 0, "the API was not asked");
        rows.push(Row::new(format!("the API: {name}"), asked as u64, verdict, &world));
    }
    for (name, manner) in
        [("one byte a second", DRIPS), ("redirects to inside", REDIRECTS), ("a bomb", BOMBS)]
    {
        let load = world.load(6.0);
        let before = proxy.done.load(Ordering::Relaxed);
        proxy.becomes(manner);
        sleep(bad).await;
        proxy.becomes(PASSES);
        let done = proxy.done.load(Ordering::Relaxed) - before;
        drop(load);
        let mut verdict = world.audit(Scope::default()).await;
        if proxy.lured.load(Ordering::Relaxed) > 0 {
            verdict.lost.insert("a redirect to a private address was followed".into());
        }
        if resident_mib(&world) > 400 {
            verdict.stuck.insert(format!("the daemon has {} MiB", resident_mib(&world)));
        }
        assert!(done > 0, "the API was not asked");
        rows.push(Row::new(format!("the API: {name}"), u64::from(done), verdict, &world));
    }
    rows
}

/// What the daemon has ever had in memory.
fn resident_mib(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.process())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}
