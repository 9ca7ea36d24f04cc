//! Where connections live: an event loop for each core, each on a thread of its own.
//!
//! On a runtime whose threads share their tasks, one thread alone waits for the system's events. While it works on what it was told
//! of, nobody hears of the next request, unless another thread was woken to wait instead, and that takes as long as many an answer.
//! Here whoever is told of a request answers it, and the others go on waiting for theirs.

use std::io;
use std::net::TcpStream as Accepted;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Begins on the thread that it is sent to.
type Start = Box<dyn FnOnce() -> Serving + Send>;

/// Event loops; they end when this is dropped, with whatever they serve.
pub struct EventLoops(Vec<EventLoop>);

struct EventLoop {
    starts: UnboundedSender<Start>,
    /// A clone for each connection.
    open: Arc<()>,
}

impl EventLoops {
    /// So many loops, one at least. Fails where the system gives no more threads or descriptors.
    pub fn new(count: usize) -> io::Result<Self> {
        (0..count.max(1)).map(EventLoop::new).collect::<io::Result<_>>().map(Self)
    }

    /// Serves a connection on the loop that has fewest, for as long as it lives: half as many are half as likely to ask at once.
    pub fn serve<F>(&self, stream: Accepted, serve: impl FnOnce(TcpStream) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(least) = self.0.iter().min_by_key(|event_loop| Arc::strong_count(&event_loop.open)) else { return };
        let open = Arc::clone(&least.open);
        let start = move || -> Serving {
            Box::pin(async move {
                match TcpStream::from_std(stream) {
                    Ok(stream) => serve(stream).await,
                    Err(fault) => tracing::warn!(%fault, "a connection could not be waited for"),
                }
                drop(open);
            })
        };
        // The loop lives as long as its sender.
        let _ = least.starts.send(Box::new(start));
    }
}

impl EventLoop {
    fn new(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().thread_name(format!("loop-{number}-work")).build()?;
        let (starts, coming) = unbounded_channel();
        std::thread::Builder::new().name(format!("loop-{number}")).spawn(move || run(runtime, coming))?;
        Ok(Self { starts, open: Arc::new(()) })
    }
}

fn run(runtime: Runtime, mut coming: UnboundedReceiver<Start>) {
    runtime.block_on(async {
        while let Some(start) = coming.recv().await {
            tokio::spawn(start());
        }
    });
    // Work whose caller has gone is told to give up; nobody waits until it has.
    runtime.shutdown_background();
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread::ThreadId;
    use std::time::Duration;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn connection(listener: &TcpListener) -> (Accepted, Accepted) {
        let client = Accepted::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        (client, stream)
    }

    #[test]
    fn connections_are_spread_evenly_and_end_with_the_loops() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let loops = EventLoops::new(3).unwrap();
        let (tell, told) = mpsc::channel();
        let mut clients = Vec::new();
        for _ in 0..6 {
            let (client, stream) = connection(&listener);
            let tell = tell.clone();
            clients.push(client);
            loops.serve(stream, move |_stream| async move {
                tell.send(std::thread::current().id()).unwrap();
                std::future::pending::<()>().await;
            });
        }
        drop(tell);
        let mut by_thread = HashMap::<ThreadId, usize>::new();
        for _ in 0..6 {
            *by_thread.entry(told.recv_timeout(SOON).unwrap()).or_default() += 1;
        }
        assert_eq!(by_thread.into_values().collect::<Vec<_>>(), [2, 2, 2]);
        drop(loops);
        assert_eq!(
            told.recv_timeout(SOON),
            Err(mpsc::RecvTimeoutError::Disconnected),
            "a connection outlived its loop"
        );
    }

    #[test]
    fn a_loop_whose_connections_ended_is_next() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let loops = EventLoops::new(2).unwrap();
        let (tell, told) = mpsc::channel();
        let start = |ends: bool| {
            let (client, stream) = connection(&listener);
            let tell = tell.clone();
            loops.serve(stream, move |_stream| async move {
                tell.send(std::thread::current().id()).unwrap();
                if !ends {
                    std::future::pending::<()>().await;
                }
            });
            (client, told.recv_timeout(SOON).unwrap())
        };
        let (_held, first) = start(false);
        for _ in 0..5 {
            let (_client, thread) = start(true);
            assert_ne!(thread, first);
            // Its place is given back after it told.
            while loops.0.iter().map(|event_loop| Arc::strong_count(&event_loop.open)).sum::<usize>() > 3 {
                std::thread::yield_now();
            }
        }
    }
}
