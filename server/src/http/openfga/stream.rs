//! An answer that is sent while it is made: a line of JSON for each object.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame};
use serde_json::json;

use crate::service::policy::{PolicyError, Stream};

/// The lines of a stream. Dropped with the connection, and the stream ends with it.
pub(super) struct Lines {
    /// Those that are there already.
    pub(super) first: Option<String>,
    pub(super) stream: Stream,
}

impl Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let text = match self.first.take() {
            Some(first) => first,
            None => match ready!(self.stream.poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Ok(found)) => lines(&found),
                Some(Err(error)) => last_line(&error),
            },
        };
        Poll::Ready(Some(Ok(Frame::data(text.into()))))
    }
}

pub(super) fn lines(objects: &[String]) -> String {
    objects.iter().map(|object| format!("{}\n", json!({ "result": { "object": object } }))).collect()
}

fn last_line(error: &PolicyError) -> String {
    let code = error.code().map_or("internal_error", |code| code.as_str());
    format!("{}\n", json!({ "error": { "code": code, "message": error.message() } }))
}
