//! The rest of a request's body that nobody read. A request is often refused before its body was looked at; hyper then
//! closes the connection, and a client that keeps it finds its next request lost. So what is left is read here, within
//! bounds, and thrown away.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// Most that is read in vain. A client that sends more than any route takes loses its connection.
const MOST: usize = 2 * 1024 * 1024;
/// Longest time for it.
const LONGEST: Duration = Duration::from_secs(5);

/// A request's body that is read to its end, by the handler or after it.
pub(super) struct Unread(Option<Incoming>);

impl Unread {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for Unread {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // Outside a runtime there is no connection left either.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) {
            runtime.spawn(tokio::time::timeout(LONGEST, rest(body)));
        }
    }
}

async fn rest(mut body: Incoming) {
    let mut left = MOST;
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(less) => left = less,
            None => return,
        }
    }
}
