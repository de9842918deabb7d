//! Agents at their softphones: each accepts what is still offered after a while, talks, hangs up, and is free again.

use crate::{
    daemon::agent_token,
    seen::{Seen, number_of_caller},
};
use futures_util::{SinkExt, StreamExt, stream};
use serde::Deserialize;
use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, sync::watch, task::JoinHandle};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

/// How many sign in at the same moment.
const AT_ONCE: usize = 32;

/// How agents work.
#[derive(Debug, Clone)]
pub struct Manner {
    pub accept_after_ms: Range<u64>,
    pub talk: Duration,
}

/// What one agent's day came to.
#[derive(Debug, Default)]
pub struct Day {
    pub offers: u64,
    /// From winning a call until hanging up.
    pub busy: Duration,
    /// From hanging up until the next offer was read.
    pub freed_to_offer: Vec<Duration>,
}

/// Everybody who is signed in.
pub struct Phones {
    pub free: Arc<AtomicUsize>,
    agents: Vec<JoinHandle<Day>>,
    stop: watch::Sender<bool>,
}

impl Phones {
    /// Signs in the first `agents`, and returns when each has heard its welcome.
    pub async fn sign_in(address: &str, agents: usize, manner: &Manner, seen: &Arc<Seen>) -> Self {
        let free = Arc::new(AtomicUsize::new(0));
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::with_capacity(agents);
        let signs_in = async |n| (n, connect(address, n).await.expect("a softphone"));
        let mut sockets = stream::iter(0..agents).map(signs_in).buffer_unordered(AT_ONCE);
        while let Some((n, socket)) = sockets.next().await {
            let agent = Agent {
                n,
                address: address.to_owned(),
                socket,
                manner: manner.clone(),
                seen: seen.clone(),
                free: free.clone(),
                state: State::Away,
                open: HashMap::new(),
                due: BinaryHeap::new(),
                freed: None,
                number: 0,
                day: Day::default(),
            };
            tasks.push(tokio::spawn(agent.work(stopped.clone())));
        }
        while free.load(Ordering::Relaxed) < agents {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { free, agents: tasks, stop }
    }

    pub fn somebody_is_free(&self) -> bool {
        self.free.load(Ordering::Relaxed) > 0
    }

    /// Everybody signs out, and tells of their day.
    pub async fn sign_out(self) -> Vec<Day> {
        self.stop.send_replace(true);
        let mut days = Vec::new();
        for agent in self.agents {
            days.push(agent.await.expect("an agent's day"));
        }
        days
    }
}

type Socket = WebSocketStream<TcpStream>;

/// How long a softphone waits that was not let in.
const SIGN_IN_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// With a small buffer, as there may be ten thousand of them.
async fn connect(address: &str, n: usize) -> Result<Socket, tungstenite::Error> {
    let mut request = format!("ws://{address}/softphone").into_client_request().expect("a request");
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Bearer {}", agent_token(n)).parse().expect("a header"));
    headers.insert("sec-websocket-protocol", "strowger.v1".parse().expect("a header"));
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(4096);
    Ok(client_async_with_config(request, stream, Some(config)).await?.0)
}

struct Agent {
    n: usize,
    address: String,
    socket: Socket,
    manner: Manner,
    seen: Arc<Seen>,
    free: Arc<AtomicUsize>,
    state: State,
    /// Open offers, by id, and the number of their call.
    open: HashMap<String, u32>,
    due: BinaryHeap<Reverse<(Instant, Plan)>>,
    freed: Option<Instant>,
    /// Of the call that was asked for last.
    number: u32,
    day: Day,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Not welcome yet.
    Away,
    Free,
    /// An accept is out.
    Asking {
        number: u32,
        since: Instant,
    },
    Busy {
        call: String,
        since: Instant,
    },
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Plan {
    Accept(String),
    HangUp(String),
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    offer_id: Cow<'a, str>,
    #[serde(borrow, default)]
    call_id: Cow<'a, str>,
    #[serde(borrow, default)]
    from: Cow<'a, str>,
    #[serde(borrow, default)]
    state: Cow<'a, str>,
    #[serde(borrow, default)]
    code: Cow<'a, str>,
}

/// What a softphone is told first.
#[derive(Deserialize)]
struct Welcome {
    offers: Vec<Offered>,
    call: Option<Conversation>,
}

#[derive(Deserialize)]
struct Offered {
    offer_id: String,
    from: String,
}

#[derive(Deserialize)]
struct Conversation {
    call_id: String,
    state: String,
}

impl Agent {
    async fn work(mut self, mut stopped: watch::Receiver<bool>) -> Day {
        const NEVER: Duration = Duration::from_secs(3600);
        loop {
            let next = self.due.peek().map_or_else(|| Instant::now() + NEVER, |Reverse((at, _))| *at);
            tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(text.as_str(), Instant::now()).await,
                    Some(Ok(Message::Close(why))) => {
                        let why = why.map(|frame| frame.reason.to_string()).unwrap_or_default();
                        self.seen.remark(format!("softphones hung up on: {why}"));
                        self.sign_in_again().await;
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => {
                        self.seen.remark("softphones cut off");
                        self.sign_in_again().await;
                    }
                },
                () = tokio::time::sleep_until(next.into()) => self.act().await,
                () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => break,
            }
        }
        if let State::Busy { since, .. } = self.state {
            self.day.busy += since.elapsed();
        }
        let _ = self.socket.close(None).await;
        self.day
    }

    /// As a softphone does that loses its socket: the welcome says how things stand. Without this nobody would end the
    /// conversation that the agent has.
    async fn sign_in_again(&mut self) {
        if matches!(self.state, State::Free | State::Asking { .. }) {
            self.free.fetch_sub(1, Ordering::Relaxed);
        }
        if let State::Busy { since, .. } = self.state {
            self.day.busy += since.elapsed();
        }
        self.state = State::Away;
        self.open.clear();
        loop {
            match connect(&self.address, self.n).await {
                Ok(socket) => return self.socket = socket,
                Err(_) => self.seen.remark("softphones not let in"),
            }
            tokio::time::sleep(SIGN_IN_AGAIN_AFTER).await;
        }
    }

    fn welcomed(&mut self, text: &str, at: Instant) {
        let Ok(welcome) = serde_json::from_str::<Welcome>(text) else {
            return self.seen.wrong("a welcome that can't be read");
        };
        self.state = State::Free;
        match welcome.call {
            Some(Conversation { call_id, state }) => {
                self.state = State::Busy { call: call_id.clone(), since: at };
                if state == "talking" {
                    self.talks(call_id, at);
                }
            }
            None => drop(self.free.fetch_add(1, Ordering::Relaxed)),
        }
        for Offered { offer_id, from } in welcome.offers {
            self.offered(&offer_id, &from, at);
        }
    }

    fn talks(&mut self, call: String, at: Instant) {
        self.seen.note(self.number, |call| call.talked = true);
        self.due.push(Reverse((at + self.manner.talk, Plan::HangUp(call))));
    }

    async fn hear(&mut self, text: &str, at: Instant) {
        let Ok(frame) = serde_json::from_str::<Frame<'_>>(text) else {
            return self.seen.wrong("frames that are not JSON");
        };
        match frame.kind.as_ref() {
            "offer" => self.offered(&frame.offer_id, &frame.from, at),
            "offer_ended" => drop(self.open.remove(frame.offer_id.as_ref())),
            "offer_won" => self.won(&frame, at),
            "offer_lost" => {
                self.open.remove(frame.offer_id.as_ref());
                if let State::Asking { .. } = self.state {
                    self.is_free(at);
                }
            }
            "call" => self.call_changed(&frame, at),
            "welcome" => self.welcomed(text, at),
            "ping" => self.say(r#"{"type":"pong"}"#.into()).await,
            "error" => {
                match frame.code.as_ref() {
                    // Accepted so late that ten thousand offers have ended since.
                    "unknown_offer" => self.seen.remark("accepts that came too late to be told why"),
                    code => self.seen.wrong(format!("error {code} on a softphone")),
                }
                if let State::Asking { .. } = self.state {
                    self.is_free(at);
                }
            }
            _ => {}
        }
    }

    fn offered(&mut self, offer: &str, from: &str, at: Instant) {
        let Some(number) = number_of_caller(from) else {
            return self.seen.wrong("offers of callers that are not there");
        };
        self.day.offers += 1;
        self.day.freed_to_offer.extend(self.freed.take().map(|freed| at - freed));
        self.seen.note(number, |call| {
            call.offered.get_or_insert(at);
        });
        self.open.insert(offer.to_owned(), number);
        self.plan_to_accept(offer.to_owned(), at);
    }

    fn plan_to_accept(&mut self, offer: String, at: Instant) {
        let after = &self.manner.accept_after_ms;
        let after = if after.is_empty() { after.start } else { rand::random_range(after.clone()) };
        self.due.push(Reverse((at + Duration::from_millis(after), Plan::Accept(offer))));
    }

    fn won(&mut self, frame: &Frame<'_>, at: Instant) {
        let State::Asking { number, since } = self.state else {
            return self.seen.wrong("offers won that nobody accepted");
        };
        self.seen.note(number, |call| {
            call.accepted = Some(since);
            call.wins += 1;
        });
        self.open.remove(frame.offer_id.as_ref());
        self.free.fetch_sub(1, Ordering::Relaxed);
        self.state = State::Busy { call: frame.call_id.clone().into_owned(), since: at };
    }

    fn call_changed(&mut self, frame: &Frame<'_>, at: Instant) {
        let State::Busy { call, .. } = &self.state else { return };
        if *call != frame.call_id {
            return;
        }
        match frame.state.as_ref() {
            "talking" => {
                let call = call.clone();
                self.talks(call, at);
            }
            "ended" => self.hung_up(at),
            _ => {}
        }
    }

    async fn act(&mut self) {
        let Some(Reverse((_, plan))) = self.due.pop() else { return };
        match plan {
            Plan::Accept(offer) => {
                let Some(number) = self.open.get(&offer).copied().filter(|_| self.state == State::Free)
                else {
                    return;
                };
                self.state = State::Asking { number, since: Instant::now() };
                self.number = number;
                self.say(format!(r#"{{"type":"accept","offer_id":"{offer}"}}"#)).await;
            }
            Plan::HangUp(call) => {
                let talks = matches!(&self.state, State::Busy { call: current, .. } if *current == call);
                if talks {
                    self.hung_up(Instant::now());
                    self.say(format!(r#"{{"type":"hang_up","call_id":"{call}"}}"#)).await;
                }
            }
        }
    }

    fn hung_up(&mut self, at: Instant) {
        if let State::Busy { since, .. } = self.state {
            self.day.busy += at - since;
            self.freed = Some(at);
            self.free.fetch_add(1, Ordering::Relaxed);
            self.is_free(at);
        }
    }

    /// What is still offered may be accepted now.
    fn is_free(&mut self, at: Instant) {
        self.state = State::Free;
        let open: Vec<String> = self.open.keys().cloned().collect();
        open.into_iter().for_each(|offer| self.plan_to_accept(offer, at));
    }

    async fn say(&mut self, text: String) {
        if self.socket.send(Message::text(text)).await.is_err() {
            self.seen.wrong("frames that could not be sent");
        }
    }
}
