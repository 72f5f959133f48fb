//! In whose name code runs, wherever it is: in a handler, three calls below it, or in a task that goes on after the answer.
//!
//! The layer says it for every request. [`spawn`], [`spawn_blocking`] and [`carry`] take it along; `tokio::spawn` does not, as
//! no task inherits what its parent's task holds. There [`current`] is an error: whoever is not known is nobody, never the
//! user that a thread served before.
//!
//! ```
//! use sentinel_tower::{Rejection, current, spawn};
//!
//! async fn upload() -> Result<&'static str, Rejection> {
//!     record("uploaded")?;
//!     spawn(async { record("thumbnail made") });
//!     Ok("thank you")
//! }
//!
//! fn record(what: &str) -> Result<(), Rejection> {
//!     tracing::info!(user = current()?.user_id(), what);
//!     Ok(())
//! }
//! ```
//!
//! What runs for no request says itself in whose name: with an [`Identity`] that was kept, or as a [`System`] that no
//! code can take for a user.
//!
//! ```
//! use sentinel_tower::{System, current::{actor, scope}};
//!
//! # async fn example() {
//! scope(System::named("nightly-cleanup"), async { assert_eq!(actor().unwrap().to_string(), "system:nightly-cleanup") }).await;
//! # }
//! ```
//!
//! It says who asked, not that they still may: an identity is as old as its token. Nothing here decides.

mod carried;

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use crate::identity::Identity;
use crate::layer::Session;
use crate::refusal::{Refusal, Rejection};
use crate::sentinel::Sender;

pub use carried::Carried;

/// In whose name something runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Actor {
    /// A user, as an accepted token says.
    User(Identity),
    /// The service itself.
    System(System),
    /// Whoever sent a request to something public, without a token.
    Anonymous,
}

/// Work that no user's request started: a scheduler, a dispatcher of webhooks, a migration. It is never a user, also where it
/// works for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    name: &'static str,
    user_id: Option<Arc<str>>,
}

/// What is known of where code runs.
#[derive(Clone)]
pub(crate) enum Scope {
    /// In a request that came through the layer.
    Request(Session),
    Actor(Actor),
}

thread_local! {
    /// Of the task that is polled on this thread just now. [`enter`] alone changes it, and puts back what was there.
    static HERE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

impl System {
    /// The work of this name.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { name, user_id: None }
    }

    /// The same for this user, as whose it was planned or registered. Whether the user still may is for its caller to ask.
    #[must_use]
    pub fn on_behalf_of(self, user_id: &str) -> Self {
        Self { user_id: Some(user_id.into()), ..self }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The user whom it works for.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }
}

impl fmt::Display for System {
    /// For logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "system:{}", self.name)?;
        self.user_id().map_or(Ok(()), |user| write!(f, " for {user}"))
    }
}

impl fmt::Display for Actor {
    /// For logs: the id, nothing else that is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(identity) => f.write_str(identity.user_id()),
            Self::System(system) => system.fmt(f),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

impl From<Identity> for Actor {
    fn from(identity: Identity) -> Self {
        Self::User(identity)
    }
}

impl From<System> for Actor {
    fn from(system: System) -> Self {
        Self::System(system)
    }
}

/// The user in whose name this runs.
///
/// # Errors
/// The answer where there is none: 401 in a request without an accepted token, 500 as a [`System`] and where nobody said in
/// whose name, as behind a bare `tokio::spawn`.
pub fn current() -> Result<Identity, Rejection> {
    match actor()? {
        Actor::User(identity) => Ok(identity),
        Actor::System(_) => Err(misconfigured("the caller is asked for in work of the system, which is no user")),
        Actor::Anonymous => Err(match here() {
            Some(Scope::Request(session)) => session.guard.reject(Refusal::Unauthenticated),
            _ => Rejection { why: Refusal::Unauthenticated, realm: None },
        }),
    }
}

/// In whose name this runs, also where that is no user.
///
/// # Errors
/// The answer where it cannot be told: 401 in a request whose token was refused, 500 where nobody said.
pub fn actor() -> Result<Actor, Rejection> {
    match here() {
        Some(Scope::Actor(actor)) => Ok(actor),
        Some(Scope::Request(session)) => match session.sender {
            Sender::Known(caller) => Ok(Actor::User(Identity::new(caller))),
            Sender::Anonymous => Ok(Actor::Anonymous),
            Sender::Refused(refusal) => Err(session.guard.reject(refusal)),
        },
        None => Err(misconfigured(
            "the caller is asked for where nobody said who it is: was this spawned without sentinel_tower::spawn?",
        )),
    }
}

/// Runs a future in somebody's name, whatever was said outside.
pub fn scope<F>(actor: impl Into<Actor>, future: F) -> Carried<F> {
    Carried::new(Some(Scope::Actor(actor.into())), future)
}

/// Runs a function in somebody's name, whatever was said outside.
pub fn sync_scope<R>(actor: impl Into<Actor>, run: impl FnOnce() -> R) -> R {
    enter(Some(Scope::Actor(actor.into())), run)
}

/// Ties a future, a stream or a body to the name in which this runs, wherever it is polled and dropped: for
/// `JoinSet::spawn(carry(future))`, for channels of work, and for what is sent after the answer. Where nobody said in whose name,
/// it stays so.
pub fn carry<T>(inner: T) -> Carried<T> {
    Carried::new(here(), inner)
}

/// `tokio::spawn` that carries on in whose name this runs.
///
/// # Panics
/// Outside a tokio runtime, as `tokio::spawn` does.
#[cfg(feature = "tasks")]
#[track_caller]
pub fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(carry(future))
}

/// `tokio::task::spawn_blocking` that carries on in whose name this runs.
///
/// # Panics
/// Outside a tokio runtime.
#[cfg(feature = "tasks")]
#[track_caller]
pub fn spawn_blocking<R: Send + 'static>(run: impl FnOnce() -> R + Send + 'static) -> tokio::task::JoinHandle<R> {
    let scope = here();
    tokio::task::spawn_blocking(move || enter(scope, run))
}

/// Where this runs; nobody is known on a thread that is about to end.
pub(crate) fn here() -> Option<Scope> {
    HERE.try_with(|here| here.borrow().clone()).ok().flatten()
}

/// Runs this in the scope, and puts back what was there, also where it panics.
pub(crate) fn enter<R>(scope: Option<Scope>, run: impl FnOnce() -> R) -> R {
    struct Restore(Option<Scope>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let before = self.0.take();
            // What is replaced is dropped outside of the cell.
            drop(HERE.try_with(|here| here.replace(before)));
        }
    }
    // Where the thread is about to end there is no scope any more, and nobody is known.
    let _restore = HERE.try_with(|here| Restore(here.replace(scope)));
    run()
}

fn misconfigured(what: &'static str) -> Rejection {
    tracing::error!("{what}");
    Rejection { why: Refusal::Misconfigured(what), realm: None }
}
