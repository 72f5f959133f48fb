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
use super::keys::BundleCaller;
use crate::service::{Error, ErrorKind, Service, User};

/// How often the marks are looked at.
const INTERVAL: Duration = Duration::from_millis(500);
/// After so long without a word something is sent all the same, and the credentials are looked at again.
const QUIET: Duration = Duration::from_secs(15);
/// How long one may listen; who still wants to comes again.
const LENGTH: Duration = Duration::from_secs(600);
/// Most persons' lines at once, ...
const PERSONS: usize = 2048;
/// ... of one person, ...
const OF_PERSON: usize = 8;
/// ... and of one workspace's persons once half of all are taken: nobody's members take the places of all others.
const OF_WORKSPACE: usize = 256;
/// Most services' lines, for which those of persons do not count, ...
const SERVICES: usize = 1024;
/// ... and of one service.
const OF_SERVICE: usize = 64;

/// Who listens.
#[derive(Clone, Debug)]
pub enum Listener {
    /// A person with a token of the workspace.
    Person(User),
    /// A service whose key opens a bundle of the workspace.
    Service(BundleCaller),
}

/// By what a line is counted.
#[derive(Clone, Copy, Debug)]
struct Counted {
    id: Uuid,
    /// Of a person, of which workspace.
    of_person_in: Option<Uuid>,
}

impl Listener {
    fn counted(&self, workspace: Uuid) -> Counted {
        match self {
            Self::Person(user) => Counted { id: user.id, of_person_in: Some(workspace) },
            Self::Service(caller) => Counted { id: caller.service_id, of_person_in: None },
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
    /// Lines by who listens: a person, a service.
    listeners: HashMap<Uuid, usize>,
    /// Lines of a workspace's persons.
    members: HashMap<Uuid, usize>,
    persons: usize,
    services: usize,
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

    /// Takes a place, where there is one.
    fn admit(&self, counted: Counted) -> Result<(), Error> {
        let mut watched = self.lock();
        let of_one = watched.listeners.get(&counted.id).copied().unwrap_or_default();
        let is_free = match counted.of_person_in {
            Some(workspace) => {
                let of_workspace = watched.members.get(&workspace).copied().unwrap_or_default();
                of_one < OF_PERSON
                    && watched.persons < PERSONS
                    && (watched.persons < PERSONS / 2 || of_workspace < OF_WORKSPACE)
            }
            None => of_one < OF_SERVICE && watched.services < SERVICES,
        };
        if !is_free {
            let kind = ErrorKind::RateLimited { retry_after: 10 };
            return Err(Error::new(kind, "Too many are listening at the same time"));
        }
        *watched.listeners.entry(counted.id).or_default() += 1;
        match counted.of_person_in {
            Some(workspace) => {
                *watched.members.entry(workspace).or_default() += 1;
                watched.persons += 1;
            }
            None => watched.services += 1,
        }
        Ok(())
    }

    fn leave(&self, counted: Counted) {
        let mut watched = self.lock();
        less(&mut watched.listeners, counted.id);
        match counted.of_person_in {
            Some(workspace) => {
                less(&mut watched.members, workspace);
                watched.persons = watched.persons.saturating_sub(1);
            }
            None => watched.services = watched.services.saturating_sub(1),
        }
    }
}

/// One less; of what nobody has any more nothing is kept.
fn less(counts: &mut HashMap<Uuid, usize>, id: Uuid) {
    if let Some(count) = counts.get_mut(&id) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&id);
        }
    }
}

/// A listener's place, given back wherever it ends.
struct Place {
    service: Service,
    counted: Counted,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.service.bundles().hub.leave(self.counted);
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
        let counted = who.counted(workspace);
        hub.admit(counted)?;
        let place = Place { service: self.clone(), counted };
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
            Listener::Service(caller) => self.opened(caller, workspace).await.map(|_| ()),
        }
    }

    /// Whether who listens still may.
    async fn still_may_listen(&self, who: &Listener, workspace: Uuid) -> Result<(), Error> {
        match who {
            Listener::Person(user) => self.still_acts(user).await,
            Listener::Service(caller) => {
                let caller = self.still_calls(caller).await?;
                self.opened(&caller, workspace).await.map(|_| ())
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_s_members_take_all_places() {
        let (hub, ids) = (Hub::default(), std::cell::Cell::new(0));
        let next = || {
            ids.set(ids.get() + 1);
            Uuid::from_u128(ids.get())
        };
        let (crowd, other) = (next(), next());
        let person = |workspace| Counted { id: next(), of_person_in: Some(workspace) };
        let lines = std::iter::from_fn(|| {
            let one = person(crowd);
            hub.admit(one).is_ok().then_some(one)
        });
        let lines: Vec<Counted> = lines.collect();
        assert_eq!(lines.len(), PERSONS / 2);
        // Another workspace's people, and services, still find a place.
        let one = person(other);
        for _ in 0..OF_PERSON {
            hub.admit(one).unwrap();
        }
        assert!(hub.admit(one).is_err(), "of one person");
        let service = Counted { id: next(), of_person_in: None };
        for _ in 0..OF_SERVICE {
            hub.admit(service).unwrap();
        }
        assert!(hub.admit(service).is_err(), "of one service");
        let others = (0..PERSONS).take_while(|_| hub.admit(person(next())).is_ok()).count();
        assert_eq!(others, PERSONS / 2 - OF_PERSON);
        assert!(hub.admit(Counted { id: next(), of_person_in: None }).is_ok(), "services have places of their own");
        // Whoever leaves makes room, and leaves nothing behind.
        hub.leave(lines[0]);
        hub.admit(person(other)).unwrap();
        for line in lines.into_iter().skip(1) {
            hub.leave(line);
        }
        assert_eq!(hub.lock().members.get(&crowd), None);
    }
}
