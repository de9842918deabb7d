//! Takes connections from the world. Whoever is slow to say what they want, or takes nothing of what they asked for, is
//! hung up on, so that nobody can hold connections open for nothing.

use super::{
    Problem,
    limits::{Limits, Place},
};
use axum::{
    Router,
    http::{HeaderValue, Request, header},
    response::{IntoResponse, Response},
};
use hyper::{
    body::Incoming,
    server::conn::http1::Builder,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use socket2::SockRef;
use std::{
    convert::Infallible,
    io::{self, ErrorKind, IoSlice},
    net::IpAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Sleep, sleep},
};
use tracing::{debug, error, warn};

/// For the head of a request, and for its body.
pub const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// A reader who takes nothing for so long is gone.
const TAKEN_WITHIN: Duration = Duration::from_secs(10);
/// How much the kernel keeps for a reader besides what is on its way, so that we notice when a slow one takes some.
const UNSENT_BYTES: u32 = 16 * 1024;
/// What callers depend on is served in places of the reserve, too.
const FOR_CALLERS: [&str; 3] = ["/hooks/", "/media/", "/healthz"];
/// Anybody may send one.
const FORMS: &str = "/hooks/form/";
/// After the process or the machine ran out of what a connection needs.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `stop` resolves, then lets the requests that are there end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Arc<Limits>,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => match limits.connect(peer.ip()) {
                Some(place) => {
                    let guest = Guest { peer: peer.ip(), limits: limits.clone(), router: router.clone() };
                    connections.spawn(guest.attend(stream, place, stopped.clone()));
                }
                None => debug!(client.address = %peer.ip(), "a connection is refused: there are too many"),
            },
            Err(error) => refused(&error).await,
        }
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
}

/// Whoever is connected.
struct Guest {
    peer: IpAddr,
    limits: Arc<Limits>,
    router: Router,
}

impl Guest {
    async fn attend(self, stream: TcpStream, place: Place, mut stopped: watch::Receiver<bool>) {
        if let Err(error) = stream.set_nodelay(true) {
            warn!(%error, "a connection will be slower than it could be");
        }
        if let Err(error) = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
            debug!(%error, "a slow reader may be taken for one who takes nothing");
        }
        let mut builder = Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(REQUEST_WITHIN);
        let is_reserve = place.is_reserve;
        let stream = Patient { stream, within: TAKEN_WITHIN, stuck: None, _place: place };
        let service = service_fn(|request| self.answer(request, is_reserve));
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told_to_stop(&mut stopped) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%error, "a connection broke");
        }
    }

    async fn answer(&self, mut request: Request<Incoming>, is_reserve: bool) -> Result<Response, Infallible> {
        if is_reserve && !is_for_callers(request.uri().path()) {
            let mut refused = Problem::new(503, "There are too many connections").later(10).into_response();
            refused.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            return Ok(refused);
        }
        let client = self.limits.client(self.peer, request.headers());
        request.extensions_mut().insert(client);
        TowerToHyperService::new(self.router.clone()).call(request).await
    }
}

fn is_for_callers(path: &str) -> bool {
    FOR_CALLERS.iter().any(|start| path.starts_with(start)) && !path.starts_with(FORMS)
}

/// A stream whose reader takes something now and then. It keeps its place until it is closed, as a websocket too.
struct Patient<S> {
    stream: S,
    within: Duration,
    /// Nothing was taken until now; it ends when nothing will be.
    stuck: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

impl<S> Patient<S> {
    fn judge(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let within = self.within;
        ready!(self.stuck.get_or_insert_with(|| Box::pin(sleep(within))).as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, "the reader takes nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    // Whoever would say so is gone: that is a stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// A connection that broke before it was taken is its own affair; anything else will happen again at once.
async fn refused(error: &std::io::Error) {
    const ITS_OWN: [ErrorKind; 3] =
        [ErrorKind::ConnectionRefused, ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset];
    if !ITS_OWN.contains(&error.kind()) {
        error!(%error, "connections can't be taken");
        tokio::time::sleep(BREATH).await;
    }
}
