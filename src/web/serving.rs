//! Takes connections from the world. Whoever is slow to say what they want is hung up on, so that nobody can hold
//! connections open for nothing.

use axum::Router;
use hyper::server::conn::http1::Builder;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{io::ErrorKind, pin::pin, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tracing::{debug, error, warn};

/// For the head of a request, and for its body.
pub const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// After the process or the machine ran out of what a connection needs.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until `stop` resolves, then lets the requests that are there end.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
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
            Ok((stream, _)) => drop(connections.spawn(attend(stream, router.clone(), stopped.clone()))),
            Err(error) => refused(&error).await,
        }
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn attend(stream: TcpStream, router: Router, mut stopped: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        warn!(%error, "a connection will be slower than it could be");
    }
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(REQUEST_WITHIN);
    let service = TowerToHyperService::new(router);
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
