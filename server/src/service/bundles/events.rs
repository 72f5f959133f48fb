//! That something changed: whoever holds a bundle is told to look, and nothing else.
//!
//! One task looks at the marks of all workspaces that somebody listens to, while anybody does. What another replica wrote
//! is seen as soon as what this one did.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sentinel_storage::WorkspaceMarks;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use super::feed::Feed;
use crate::service::policy::PolicyCaller;
use crate::service::{Error, ErrorKind, Service, User};

/// How often the marks are looked at.
const INTERVAL: Duration = Duration::from_millis(500);
/// After so long without a word something is sent all the same, and the credentials are looked at again.
const QUIET: Duration = Duration::from_secs(15);
/// How long one may listen; who still wants to comes again.
const LENGTH: Duration = Duration::from_secs(600);
/// Most who listen at once, ...
const ALL: usize = 2048;
/// ... of one person, ...
const OF_PERSON: usize = 8;
/// ... and of one service.
const OF_SERVICE: usize = 64;

/// Who listens.
#[derive(Clone, Debug)]
pub enum Listener {
    /// A person with a token of the workspace.
    Person(User),
    /// A service whose key opens the workspace's store.
    Service(PolicyCaller),
}

impl Listener {
    /// By what it is counted.
    fn id(&self) -> (Uuid, usize) {
        match self {
            Self::Person(user) => (user.id, OF_PERSON),
            Self::Service(caller) => (caller.service_id, OF_SERVICE),
        }
    }
}

/// What a listener is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Something changed; the store's revision.
    Changed(i64),
    /// Nothing has, and the line is open.
    Quiet,
}

/// Where a workspace stands, and what was taken back.
#[derive(Clone, Debug)]
struct Seen {
    marks: WorkspaceMarks,
    feed: Arc<Feed>,
}

impl Seen {
    /// What a listener hears of: of revocations those of its own.
    fn heard_by(&self, who: &Listener) -> (i64, Option<String>, i64, i64) {
        let WorkspaceMarks { workspace_id, revision, model, roles_revision, .. } = &self.marks;
        let revoked = match who {
            Listener::Person(user) => self.feed.last_of_user(*workspace_id, user.id),
            Listener::Service(_) => self.feed.last_of_workspace(*workspace_id),
        };
        (*revision, model.clone(), *roles_revision, revoked)
    }
}

/// The workspaces that somebody listens to.
#[derive(Debug)]
pub(super) struct Hub {
    watched: Mutex<Watched>,
    stop: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Watched {
    workspaces: HashMap<Uuid, watch::Sender<Seen>>,
    listeners: HashMap<Uuid, usize>,
    count: usize,
    /// Whether the task runs.
    is_looking: bool,
}

impl Default for Hub {
    fn default() -> Self {
        Self { watched: Mutex::default(), stop: watch::Sender::new(false) }
    }
}

impl Hub {
    fn lock(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, who: &Listener) -> Result<(), Error> {
        let mut watched = self.lock();
        let (id, most) = who.id();
        let of_one = watched.listeners.get(&id).copied().unwrap_or_default();
        if of_one >= most || watched.count >= ALL {
            let kind = ErrorKind::RateLimited { retry_after: 10 };
            return Err(Error::new(kind, "Too many are listening at the same time"));
        }
        watched.listeners.insert(id, of_one + 1);
        watched.count += 1;
        Ok(())
    }

    fn leave(&self, id: Uuid) {
        let mut watched = self.lock();
        watched.count = watched.count.saturating_sub(1);
        if let Some(count) = watched.listeners.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                watched.listeners.remove(&id);
            }
        }
    }
}

/// A listener's place, given back wherever it ends.
struct Place {
    service: Service,
    id: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.service.bundles().hub.leave(self.id);
    }
}

/// What is told to one listener, one after the other.
pub struct Events {
    place: Place,
    who: Listener,
    workspace: Uuid,
    seen: watch::Receiver<Seen>,
    stop: watch::Receiver<bool>,
    heard: Option<(i64, Option<String>, i64, i64)>,
    quiet_at: Instant,
    ends_at: Instant,
}

impl Service {
    /// Tells a listener whenever something changed in a workspace, beginning at once, for as long as its credentials hold,
    /// ten minutes at most.
    ///
    /// # Errors
    /// Forbidden and not found, as for the bundles; too many at the same time.
    pub async fn listen(&self, who: Listener, workspace: Uuid) -> Result<Events, Error> {
        self.may_listen(&who, workspace).await?;
        let hub = &self.bundles().hub;
        hub.admit(&who)?;
        let place = Place { service: self.clone(), id: who.id().0 };
        let marks = self.marks(workspace).await?;
        let feed = self.revocation_feed(marks.last_revocation).await?;
        let seen = {
            let mut watched = hub.lock();
            if !watched.is_looking {
                watched.is_looking = true;
                tokio::spawn(look(self.clone()));
            }
            let sender =
                watched.workspaces.entry(workspace).or_insert_with(|| watch::Sender::new(Seen { marks, feed }));
            sender.subscribe()
        };
        let left = match &who {
            Listener::Person(user) => user.expires_at.saturating_mul(1000).saturating_sub(self.now()),
            Listener::Service(_) => i64::MAX,
        };
        let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
        let now = Instant::now();
        let (quiet_at, ends_at) = (now + QUIET, now + LENGTH.min(left));
        Ok(Events { place, who, workspace, seen, stop: hub.stop.subscribe(), heard: None, quiet_at, ends_at })
    }

    /// Ends what is being told to listeners: the server stops.
    pub fn end_events(&self) {
        self.bundles().hub.stop.send_replace(true);
    }

    async fn may_listen(&self, who: &Listener, workspace: Uuid) -> Result<(), Error> {
        match who {
            Listener::Person(user) => self.bundle_of_user(user, workspace).map(|_| ()),
            Listener::Service(caller) => self.opens_workspace(caller, workspace).await,
        }
    }

    /// Whether who listens still may.
    async fn still_may_listen(&self, who: &Listener, workspace: Uuid) -> Result<(), Error> {
        match who {
            Listener::Person(user) => self.still_acts(user).await,
            Listener::Service(caller) => self.opens_workspace(&self.still_opens(caller).await?, workspace).await,
        }
    }
}

impl Events {
    /// What comes next; `None`: nothing any more.
    pub async fn next(&mut self) -> Option<Told> {
        if self.heard.is_none() {
            return self.changed();
        }
        loop {
            let is_quiet = tokio::select! {
                _ = self.stop.wait_for(|stop| *stop) => return None,
                () = sleep_until(self.ends_at) => return None,
                changed = self.seen.changed() => {
                    changed.ok()?;
                    false
                }
                () = sleep_until(self.quiet_at) => true,
            };
            let told = self.changed().or(is_quiet.then_some(Told::Quiet));
            if told.is_some() {
                // What changed may be that it may not listen any more.
                self.still_may().await?;
                self.quiet_at = Instant::now() + QUIET;
                return told;
            }
        }
    }

    async fn still_may(&self) -> Option<()> {
        self.place.service.still_may_listen(&self.who, self.workspace).await.ok()
    }

    /// What it has not heard of.
    fn changed(&mut self) -> Option<Told> {
        let heard = self.seen.borrow_and_update().heard_by(&self.who);
        let revision = heard.0;
        (self.heard.replace(heard.clone()) != Some(heard)).then_some(Told::Changed(revision))
    }
}

/// Looks at what is listened to, for as long as anything is.
async fn look(service: Service) {
    loop {
        sleep(INTERVAL).await;
        let workspaces: Vec<Uuid> = {
            let mut watched = service.bundles().hub.lock();
            watched.workspaces.retain(|_, sender| sender.receiver_count() > 0);
            if watched.workspaces.is_empty() {
                watched.is_looking = false;
                return;
            }
            watched.workspaces.keys().copied().collect()
        };
        if let Err(error) = look_once(&service, &workspaces).await {
            // What is missed now is seen at the next look.
            tracing::warn!(cause = %error, "the marks of workspaces could not be looked at");
        }
    }
}

async fn look_once(service: &Service, workspaces: &[Uuid]) -> Result<(), Error> {
    let found = service.store().read().await?.workspace_marks(workspaces).await?;
    let last = found.iter().map(|marks| marks.last_revocation).max().unwrap_or_default();
    let feed = service.revocation_feed(last).await?;
    let mut watched = service.bundles().hub.lock();
    let mut found: HashMap<Uuid, WorkspaceMarks> = found.into_iter().map(|marks| (marks.workspace_id, marks)).collect();
    for workspace in workspaces {
        let Some(marks) = found.remove(workspace) else {
            // It is gone, and who listens to it is done.
            watched.workspaces.remove(workspace);
            continue;
        };
        if let Some(sender) = watched.workspaces.get(workspace) {
            sender.send_if_modified(|seen| {
                let is_new = seen.marks != marks || !Arc::ptr_eq(&seen.feed, &feed);
                *seen = Seen { marks, feed: Arc::clone(&feed) };
                is_new
            });
        }
    }
    Ok(())
}
