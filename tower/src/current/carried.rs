//! What is polled, and dropped, in the scope that it was made in.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{Scope, enter};

pin_project! {
    /// A future, a stream or a body that runs in somebody's name: see [`carry`](super::carry) and [`scope`](super::scope).
    #[must_use = "it does nothing until it is polled"]
    pub struct Carried<T> {
        scope: Option<Scope>,
        // `None` only while it is dropped.
        #[pin]
        inner: Option<T>,
    }

    impl<T> PinnedDrop for Carried<T> {
        /// Destructors run in its name, too: they clean up after it.
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            enter(this.scope.take(), || this.inner.set(None));
        }
    }
}

impl<T> Carried<T> {
    pub(crate) fn new(scope: Option<Scope>, inner: T) -> Self {
        Self { scope, inner: Some(inner) }
    }

    fn poll_inner<R>(self: Pin<&mut Self>, poll: impl FnOnce(Pin<&mut T>) -> Poll<R>) -> Poll<R> {
        let this = self.project();
        let inner = this.inner.as_pin_mut();
        // It is there until the drop.
        inner.map_or(Poll::Pending, |inner| enter(this.scope.clone(), || poll(inner)))
    }
}

impl<T: Future> Future for Carried<T> {
    type Output = T::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T::Output> {
        self.poll_inner(|inner| inner.poll(context))
    }
}

impl<T: Stream> Stream for Carried<T> {
    type Item = T::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T::Item>> {
        self.poll_inner(|inner| inner.poll_next(context))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.as_ref().map_or((0, None), Stream::size_hint)
    }
}

impl<T: Body> Body for Carried<T> {
    type Data = T::Data;
    type Error = T::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.poll_inner(|inner| inner.poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl<T: fmt::Debug> fmt::Debug for Carried<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried").field("inner", &self.inner).finish_non_exhaustive()
    }
}
