//! Slow hashes, few at once: each takes [`Parameters::memory`] and a core. Who finds the queue full is told to come again,
//! and no client's network has more than half of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use sentinel_keys::KeysError;
use sentinel_keys::passwords::{self, Parameters};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::service::{Caller, Error, ErrorKind};

/// How hashes are made, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashing {
    /// What one costs.
    pub parameters: Parameters,
    /// Most that run at once: together they take so many times [`Parameters::memory`].
    pub at_once: usize,
    /// Most that wait for one of these.
    pub waiting: usize,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { parameters: Parameters::default(), at_once: 2, waiting: 16 }
    }
}

/// What has been hashed since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// How many hashes were made, to store or to compare.
    pub hashes: u64,
    /// How many ran at the same moment, at most.
    pub at_once: usize,
    /// How many requests were told to come again.
    pub refused: u64,
}

/// Hashes, few at once.
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
    most: usize,
    /// Of these, for who is known.
    kept: usize,
    shared: Arc<Shared>,
}

struct Shared {
    parameters: Parameters,
    /// For comparing where there is nothing to compare with.
    dummy: String,
    seats: Mutex<Seats>,
    hashes: AtomicU64,
    running: AtomicUsize,
    most_running: AtomicUsize,
    refused: AtomicU64,
}

/// Who is in work or waits.
#[derive(Default)]
struct Seats {
    all: usize,
    of: HashMap<Option<IpAddr>, usize>,
}

impl Hasher {
    pub(crate) fn new(hashing: Hashing) -> Result<Self, KeysError> {
        let shared = Shared {
            parameters: hashing.parameters,
            dummy: hashing.parameters.dummy()?,
            seats: Mutex::default(),
            hashes: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            most_running: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
        };
        let at_once = hashing.at_once.max(1);
        let most = at_once.saturating_add(hashing.waiting);
        let kept = hashing.waiting / 4;
        Ok(Self { permits: Arc::new(Semaphore::new(at_once)), most, kept, shared: Arc::new(shared) })
    }

    pub(crate) fn hashed(&self) -> Hashed {
        Hashed {
            hashes: self.shared.hashes.load(Ordering::Relaxed),
            at_once: self.shared.most_running.load(Ordering::Relaxed),
            refused: self.shared.refused.load(Ordering::Relaxed),
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] where as many wait as may, or as many of the same network.
    /// A quarter of those who wait are people who are known: who has logged in from that network, or is in already.
    pub(crate) async fn turn(&self, caller: &Caller, is_known: bool) -> Result<Turn, Error> {
        let seat = self.sit(caller.network(), is_known).ok_or_else(|| {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            Error::new(ErrorKind::Unavailable, "Too many passwords are being checked at the moment")
        })?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::internal)?;
        Ok(Turn { _permit: permit, seat })
    }

    fn sit(&self, network: Option<IpAddr>, is_known: bool) -> Option<Seat> {
        let mut seats = self.shared.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let own = seats.of.get(&network).copied().unwrap_or_default();
        // Who is alone still gets one; without addresses there is nobody to be fair to.
        let share = if network.is_some() { self.most.div_ceil(2) } else { self.most };
        let most = if is_known { self.most } else { self.most.saturating_sub(self.kept) };
        if seats.all >= most || own >= share {
            return None;
        }
        seats.all += 1;
        seats.of.insert(network, own + 1);
        Some(Seat { shared: Arc::clone(&self.shared), network })
    }
}

/// Someone's place among those who are in work or wait; given back also where they go away.
struct Seat {
    shared: Arc<Shared>,
    network: Option<IpAddr>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.shared.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.all = seats.all.saturating_sub(1);
        if let Some(own) = seats.of.get_mut(&self.network) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                seats.of.remove(&self.network);
            }
        }
    }
}

/// The right to make hashes, one after another.
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
    seat: Seat,
}

impl Turn {
    /// Works on a thread where nothing waits for it. The turn ends with the work, also where nobody waits for its end any
    /// more: memory is bounded by turns.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Work<'_>) -> Result<T, KeysError> + Send + 'static,
    ) -> Result<T, Error> {
        let working = tokio::task::spawn_blocking(move || {
            let shared = &self.seat.shared;
            let running = shared.running.fetch_add(1, Ordering::Relaxed) + 1;
            shared.most_running.fetch_max(running, Ordering::Relaxed);
            let done = work(&Work(shared));
            shared.running.fetch_sub(1, Ordering::Relaxed);
            done
        });
        Ok(working.await.map_err(Error::internal)??)
    }
}

/// What can be done in one's turn.
pub(crate) struct Work<'a>(&'a Shared);

impl Work<'_> {
    /// Whether a secret is the stored one. Without a stored one it costs the same, and it is not.
    pub(crate) fn verify(&self, secret: &SecretString, stored: Option<&str>) -> Result<bool, KeysError> {
        self.0.hashes.fetch_add(1, Ordering::Relaxed);
        let same = passwords::verify(secret, stored.unwrap_or(&self.0.dummy))?;
        Ok(same & stored.is_some())
    }

    pub(crate) fn hash(&self, secret: &SecretString) -> Result<String, KeysError> {
        self.0.hashes.fetch_add(1, Ordering::Relaxed);
        self.0.parameters.hash(secret)
    }

    /// Whether a stored hash was made with other parameters than those of now.
    pub(crate) fn is_outdated(&self, stored: &str) -> bool {
        self.0.parameters.differ_from(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Parameters = Parameters { memory: 32, iterations: 1, lanes: 1 };

    fn hasher(at_once: usize, waiting: usize) -> Hasher {
        Hasher::new(Hashing { parameters: SMALL, at_once, waiting }).unwrap()
    }

    fn of(last: u8) -> Caller {
        Caller { ip: Some(IpAddr::from([203, 0, 113, last])), user_agent: None }
    }

    #[tokio::test]
    async fn the_queue_is_short_and_no_network_has_it_all() {
        let hasher = hasher(2, 2);
        let (one, two) = (hasher.turn(&of(1), false).await.unwrap(), hasher.turn(&of(1), false).await.unwrap());
        let refused = hasher.turn(&of(1), false).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::Unavailable);
        // Another network still has two places to wait in.
        let waiting = [hasher.sit(of(2).ip, false), hasher.sit(of(3).ip, false)];
        assert!(waiting.iter().all(Option::is_some) && hasher.sit(of(4).ip, true).is_none());
        drop((one, two, waiting));
        assert!(hasher.shared.seats.lock().unwrap().of.is_empty(), "nobody is remembered");
        assert!(hasher.turn(&of(1), false).await.is_ok());
        assert_eq!(hasher.hashed(), Hashed { hashes: 0, at_once: 0, refused: 1 });
    }

    #[test]
    fn who_is_known_finds_a_place_where_strangers_have_taken_theirs() {
        let hasher = hasher(2, 16);
        let strangers: Vec<_> = (0..20).filter_map(|last| hasher.sit(of(last).ip, false)).collect();
        assert_eq!(strangers.len(), 14);
        let known: Vec<_> = (100..120).filter_map(|last| hasher.sit(of(last).ip, true)).collect();
        assert_eq!(known.len(), 4);
        assert!(hasher.sit(None, true).is_none(), "memory and time are bounded for everybody");
    }

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_work_though_nobody_waits_for_it() {
        let hasher = hasher(1, 0);
        let (go, gone) = std::sync::mpsc::channel::<()>();
        let turn = hasher.turn(&of(1), false).await.unwrap();
        let asked = tokio::spawn(turn.run(move |_| {
            let _ = gone.recv();
            Ok(())
        }));
        // Until it works; then whoever asked goes away.
        while hasher.hashed().at_once == 0 {
            tokio::task::yield_now().await;
        }
        asked.abort();
        assert!(asked.await.is_err());
        assert!(hasher.turn(&of(2), false).await.is_err(), "its memory is still taken");
        go.send(()).unwrap();
        while hasher.turn(&of(2), false).await.is_err() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn nothing_to_compare_with_costs_the_same_and_is_never_it() {
        let hasher = hasher(1, 0);
        let secret = SecretString::from("x");
        let turn = hasher.turn(&of(1), false).await.unwrap();
        let stored = turn.run(|work| work.hash(&SecretString::from("x"))).await.unwrap();
        let turn = hasher.turn(&of(1), false).await.unwrap();
        let found = turn.run(move |work| Ok((work.verify(&secret, Some(&stored))?, work.verify(&secret, None)?))).await;
        assert_eq!(found.unwrap(), (true, false));
        assert_eq!(hasher.hashed(), Hashed { hashes: 3, at_once: 1, refused: 0 });
    }
}
