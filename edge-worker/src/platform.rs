//! What is asked of the platform on a request's way, and how its promises are waited for.
//!
//! The entry (`worker.mjs`) takes the work on a request step by step. A step gives what the platform has to settle first, and the
//! next one goes on with what came of it: wasm-bindgen's own way, two closures for every promise and one queue for all requests,
//! takes more time than deciding.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use js_sys::Promise;
use js_sys::futures::{JsFuture, future_to_promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/platform.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = importKey)]
    pub(crate) fn import_key(jwk: &str, parameters: &JsValue) -> Result<Promise, JsValue>;

    /// WebCrypto copies what it is given before it answers (Web Cryptography API §14.3.4).
    #[wasm_bindgen(catch)]
    pub(crate) fn verify(
        parameters: &JsValue,
        key: &JsValue,
        signature: &[u8],
        signed: &[u8],
    ) -> Result<Promise, JsValue>;
}

pub(crate) type Work = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

thread_local! {
    /// What waits for the entry. It is only ever for the platform's cryptography, which answers at once: a client that goes away
    /// leaves nothing here.
    static WORK: RefCell<Vec<Option<Work>>> = const { RefCell::new(Vec::new()) };
    /// Where what waits since the last step is.
    static PLACE: Cell<i32> = const { Cell::new(NOWHERE) };
    /// The time, while a step is taken: it stands still but for I/O.
    static STEP: Cell<Option<f64>> = const { Cell::new(None) };
    static AWAITED: RefCell<Option<Promise>> = const { RefCell::new(None) };
    static SETTLED: RefCell<Option<Result<JsValue, JsValue>>> = const { RefCell::new(None) };
}

/// What was given is the outcome, or the promise of it.
const NOWHERE: i32 = -1;

/// Takes a step: gives the outcome, or a promise of what is needed for the next one, and [`place`] says where it goes on.
pub(crate) fn step(mut work: Work, settled: Option<Result<JsValue, JsValue>>) -> Result<JsValue, JsValue> {
    PLACE.set(NOWHERE);
    SETTLED.set(settled);
    AWAITED.set(None);
    STEP.set(Some(js_sys::Date::now()));
    let outcome = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    STEP.set(None);
    match (outcome, AWAITED.take()) {
        (Poll::Ready(outcome), _) => outcome,
        (Poll::Pending, Some(promise)) => {
            PLACE.set(keep(work));
            Ok(promise.into())
        }
        // It waits for something else, which wakes it up by itself.
        (Poll::Pending, None) => Ok(future_to_promise(work).into()),
    }
}

fn keep(work: Work) -> i32 {
    WORK.with_borrow_mut(|all| {
        let at = all.iter().position(Option::is_none).unwrap_or(all.len());
        match all.get_mut(at) {
            Some(free) => *free = Some(work),
            None => all.push(Some(work)),
        }
        at as i32
    })
}

/// Where to go on after the last step; less than 0 where it was the last one.
pub(crate) fn place() -> i32 {
    PLACE.get()
}

/// Takes the next step of what waits at a place.
pub(crate) fn go_on(place: i32, settled: Result<JsValue, JsValue>) -> Result<JsValue, JsValue> {
    let work = WORK.with_borrow_mut(|all| all.get_mut(place as usize).and_then(Option::take));
    step(work.ok_or("nothing waits there")?, Some(settled))
}

/// Milliseconds since 1970. In a Worker it stands still but for I/O.
pub(crate) fn now() -> f64 {
    STEP.get().unwrap_or_else(js_sys::Date::now)
}

/// What comes of a promise that the platform settles without I/O.
pub(crate) fn settled(promise: Promise) -> Settled {
    Settled::Promise(promise)
}

pub(crate) enum Settled {
    Promise(Promise),
    /// The entry waits for it.
    HandedOut,
    /// There is no entry: behind a request, or after it waited for something else.
    Js(JsFuture),
}

impl Future for Settled {
    type Output = Result<JsValue, JsValue>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Self::Promise(promise) = &*self {
            let promise = promise.clone();
            if STEP.get().is_some() {
                AWAITED.set(Some(promise));
                *self = Self::HandedOut;
                return Poll::Pending;
            }
            *self = Self::Js(JsFuture::from(promise));
        }
        match &mut *self {
            Self::Js(future) => Pin::new(future).poll(context),
            _ => SETTLED.take().map_or(Poll::Pending, Poll::Ready),
        }
    }
}
