//! The server's word that something changed: server-sent events (HTML Living Standard, section 9.2).

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, HeaderValue};
use sentinel_core::{Error, ErrorCode};
use tokio::sync::Notify;

use super::held::SERVICE_KEY;
use crate::fetch::{FetchPolicy, Fetcher};

/// Longest line in bytes.
const LINE: usize = 4096;
/// The server writes a line every 15 seconds; one that is silent for three of them is gone.
const SILENCE: Duration = Duration::from_secs(45);
/// Between two connections: the server ends each after some minutes.
const PAUSE: Duration = Duration::from_secs(1);
const MOST_PAUSE: Duration = Duration::from_secs(30);

/// Listens as long as it is not dropped.
pub(super) struct Listener {
    url: String,
    fetcher: Fetcher,
    key: HeaderValue,
    changed: Arc<Notify>,
}

impl Listener {
    pub(super) fn new(url: String, fetch: FetchPolicy, key: HeaderValue, changed: Arc<Notify>) -> Result<Self, Error> {
        let fetcher = Fetcher::new(fetch)
            .map_err(|_| Error::with(ErrorCode::Unavailable, "the system's certificate store cannot be used"))?;
        fetcher.check(&url).map_err(|_| {
            Error::with(ErrorCode::ConfigurationInvalid, "the URL of the events is not one that may be fetched")
        })?;
        Ok(Self { url, fetcher, key, changed })
    }

    pub(super) async fn listen(self) {
        let mut pause = PAUSE;
        loop {
            if self.once().await {
                pause = PAUSE;
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(MOST_PAUSE);
        }
    }

    /// One connection; whether anything was heard.
    async fn once(&self) -> bool {
        let request = http::Request::get(&self.url)
            .header(ACCEPT, HeaderValue::from_static("text/event-stream"))
            .header(SERVICE_KEY, self.key.clone())
            .body(Vec::new());
        let Ok(request) = request else { return false };
        let Ok(mut stream) = self.fetcher.open(request).await else { return false };
        let mut heard = false;
        let mut lines = Lines::default();
        while let Some(chunk) = stream.next_within(SILENCE).await {
            heard = true;
            if lines.says_changed(&chunk) {
                self.changed.notify_one();
            }
        }
        heard
    }
}

/// Lines that come in pieces.
#[derive(Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Whether an event of the name is among what this piece completes.
    fn says_changed(&mut self, chunk: &[u8]) -> bool {
        let mut says = false;
        for byte in chunk {
            match byte {
                b'\n' | b'\r' => {
                    let name = self.begun.strip_prefix(b"event:").map(<[u8]>::trim_ascii);
                    says |= name == Some(b"changed");
                    self.begun.clear();
                }
                // What goes on for ever is no line of ours.
                _ if self.begun.len() < LINE => self.begun.push(*byte),
                _ => {}
            }
        }
        says
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_heard_in_whatever_pieces_they_come() {
        let text = b": here\n\nevent: changed\ndata: {\"revision\":7}\n\nevent:other\r\n\r\nevent:changed\r\n";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let heard = text.chunks(size).filter(|piece| lines.says_changed(piece)).count();
            assert!((1..=2).contains(&heard), "in pieces of {size}");
        }
        let mut lines = Lines::default();
        assert!(!lines.says_changed(b"event: unchanged\ndata: event: changed\nevent: changed"), "not ended yet");
        assert!(lines.says_changed(b"\n"));
        assert!(!lines.says_changed(&[b'x'; 10 * LINE]) && lines.begun.len() == LINE);
    }
}
