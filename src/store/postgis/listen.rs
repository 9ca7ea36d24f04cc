//! Hears of changes: one connection of its own that listens, made anew when it breaks.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Config, Error, NoTls};

use super::failure::Address;

/// Longest wait for news: changes are found by looking where announcements do not arrive (a standby that cannot listen, a
/// pooler between, a writer in two phases).
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Shortest and longest pause before a connection that broke is made anew: until it is, changes are found only by looking.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What a store hears. Begins to listen when it is first asked, and ends with this value.
pub(super) struct Listener {
    config: Config,
    address: Address,
    /// Many announcements are one: it keeps no more than that there was some.
    heard: Arc<Notify>,
    task: OnceLock<AbortHandle>,
}

impl Listener {
    pub(super) fn new(config: Config, address: Address) -> Self {
        Self { config, address, heard: Arc::default(), task: OnceLock::new() }
    }

    /// Completes when something was announced since it last did, when announcements may have been missed, and at the latest
    /// after [`LOOK_EVERY`].
    pub(super) async fn changed(&self) {
        self.task.get_or_init(|| {
            let (config, address, heard) = (self.config.clone(), self.address.clone(), Arc::clone(&self.heard));
            tokio::spawn(listen(config, address, heard)).abort_handle()
        });
        // In time or not: the caller looks.
        let _ = tokio::time::timeout(LOOK_EVERY, self.heard.notified()).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

/// Listens for ever.
async fn listen(config: Config, address: Address, heard: Arc<Notify>) {
    let mut pause = PAUSES.0;
    loop {
        let mut listened = false;
        let ended = listen_once(&config, &heard, &mut listened).await;
        let cause = ended.err().map_or_else(|| "the connection ended".to_owned(), |error| error.to_string());
        if listened {
            pause = PAUSES.0;
        }
        tracing::debug!(store = address.0, pause_ms = pause.as_millis(), "not listening for changes: {cause}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Listens until the connection ends.
async fn listen_once(config: &Config, heard: &Notify, listened: &mut bool) -> Result<(), Error> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
    let hear = async {
        while let Some(message) = messages.next().await {
            if let AsyncMessage::Notification(_) = message? {
                heard.notify_one();
            }
        }
        Ok(())
    };
    let begin = async {
        client.batch_execute(include_str!("../../../sql/listen.sql")).await?;
        *listened = true;
        // What was announced while nobody listened.
        heard.notify_one();
        Ok(())
    };
    tokio::try_join!(hear, begin).map(drop)
}
