//! How often one may guess. Each guess is counted before it is judged, under three keys:
//!
//! - the **pair** of account and network: a few are free, then each failure doubles the wait, up to an hour;
//! - the **account**, from all networks that its owner has not logged in from: a day's share;
//! - the **network**, for all accounts that have not logged in from it: an hour's share.
//!
//! INVARIANT: what others do elsewhere never keeps owners out of a network that they have logged in from: there the pair
//! alone counts. A name without an account is counted as one with one.

use ring::hmac;
use sentinel_keys::Purpose;
use sentinel_storage::{FailureCount, LoginFailures, Millis, SecretKind, Transaction};
use uuid::Uuid;

use crate::service::{Caller, Error, ErrorKind, Service};

const SECOND: Millis = 1000;
const HOUR: Millis = 3600 * SECOND;
const DAY: Millis = 24 * HOUR;

/// Failures of a pair before the first wait: what people mistype.
const FREE: i64 = 5;
/// The first wait of a pair, and the longest.
const FIRST: Millis = 30 * SECOND;
const LONGEST: Millis = HOUR;
/// How long a pair's failures are remembered after the last one.
const PAIR: Millis = DAY;
/// Failures of a network in an hour, for all accounts that have not logged in from it.
const NETWORK: i64 = 100;
/// How long a network counts as known after a login from it.
pub(super) const KNOWN: Millis = 90 * DAY;

/// Failures of an account in a day, from networks that its owner has not logged in from. 100 is the most that NIST SP
/// 800-63B-4 §3.2.2 allows one after another; a short number is guessed in fewer.
fn a_day(kind: SecretKind) -> i64 {
    match kind {
        SecretKind::Password => 100,
        SecretKind::Pin => 20,
    }
}

/// Who tries to log in.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    /// The account that the name belongs to, where there is one.
    pub user_id: Option<Uuid>,
    /// The name in its normal form, with what it is a name of (`email:`, `username:`).
    pub name: &'a str,
    /// What they log in with.
    pub kind: SecretKind,
}

/// What a guess is counted under. HMACs: people type their password where their name belongs.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    pub(super) account: [u8; 32],
    pub(super) network: [u8; 32],
    pair: [u8; 32],
}

/// A guess that was counted.
pub(super) struct Counted {
    pub(super) keys: Keys,
    kind: SecretKind,
    /// The account's owner has logged in from this network.
    is_known: bool,
}

impl Service {
    pub(super) fn keys_of(&self, claimant: &Claimant<'_>, caller: &Caller) -> Result<Keys, Error> {
        let secret = self.inner.master.subkey(Purpose::LOGIN_FAILURES)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref());
        let sign = |parts: &[&[u8]]| {
            let mut context = hmac::Context::with_key(&key);
            for part in parts {
                // With its length: no two lists of parts read the same.
                context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                context.update(part);
            }
            let mut bytes = [0; 32];
            bytes.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
            bytes
        };
        // By its id, so that two names of one account are one.
        let id = claimant.user_id.map(Uuid::into_bytes);
        let account: &[u8] = id.as_ref().map_or(claimant.name.as_bytes(), |id| id);
        let network = caller.network().map(|ip| ip.to_string()).unwrap_or_default();
        Ok(Keys {
            account: sign(&[b"account", account]),
            network: sign(&[b"network", network.as_bytes()]),
            pair: sign(&[b"pair", account, network.as_bytes()]),
        })
    }

    /// Whether a guess would be judged now. Changes nothing: who is locked out costs no more than this.
    ///
    /// # Errors
    /// [`ErrorKind::RateLimited`].
    pub(super) async fn may_guess(&self, claimant: &Claimant<'_>, keys: &Keys, caller: &Caller) -> Result<bool, Error> {
        let now = self.now();
        let mut connection = self.store().read().await?;
        // Nobody's network is known where nobody's is seen.
        let known = connection.knows_network(claimant.user_id.unwrap_or_default(), &keys.network, now).await?;
        let is_known = known && caller.ip.is_some();
        let pair = connection.login_failures(&keys.pair, now).await?;
        let account = connection.login_failures(&keys.account, now).await?;
        let network = connection.login_failures(&keys.network, now).await?;
        refuse(&pair, now)?;
        if !is_known {
            refuse(&account, now)?;
            refuse(&network, now)?;
        }
        Ok(is_known)
    }

    /// Counts a guess that is about to be judged.
    ///
    /// # Errors
    /// [`ErrorKind::RateLimited`] where others came first and locked what this one is counted under.
    pub(super) async fn count_guess(
        &self,
        claimant: &Claimant<'_>,
        keys: Keys,
        is_known: bool,
    ) -> Result<Counted, Error> {
        let (now, kind) = (self.now(), claimant.kind);
        let account = Some(keys.account.as_slice());
        let pair = FailureCount { key: &keys.pair, account, window: PAIR, slides: true };
        let whole = FailureCount { key: &keys.account, account, window: DAY, slides: false };
        let network = FailureCount { key: &keys.network, account: None, window: HOUR, slides: false };
        let mut counts = if is_known {
            vec![(pair, None)]
        } else {
            vec![(pair, None), (whole, Some(a_day(kind))), (network, Some(NETWORK))]
        };
        // In one order: two that count the same keys never wait for each other.
        counts.sort_by_key(|(count, _)| count.key);
        let mut transaction = self.store().begin().await?;
        for (count, most) in &counts {
            let counted = transaction.count_login_failure(count, now).await?;
            refuse(&counted, now)?;
            match most {
                // The count ends with its window, and so does the lock.
                Some(most) if counted.failures >= *most => {
                    transaction.lock_logins(count.key, counted.expires_at).await?
                }
                None if counted.failures >= FREE => {
                    transaction.lock_logins(count.key, now.saturating_add(wait(counted.failures))).await?;
                }
                _ => {}
            }
        }
        transaction.commit().await?;
        Ok(Counted { keys, kind, is_known })
    }

    /// Takes back what was counted for a login that succeeded.
    pub(super) async fn succeeded(
        &self,
        transaction: &mut Transaction,
        counted: &Counted,
        user_id: Uuid,
        caller: &Caller,
    ) -> Result<(), Error> {
        let keys = &counted.keys;
        transaction.forget_login_failures(&keys.pair).await?;
        if !counted.is_known {
            let mut shared = [(keys.account, a_day(counted.kind)), (keys.network, NETWORK)];
            shared.sort_unstable();
            for (key, most) in shared {
                transaction.forgive_login_failure(&key, most).await?;
            }
        }
        if caller.ip.is_some() {
            transaction.remember_network(user_id, &keys.network, self.now().saturating_add(KNOWN)).await?;
        }
        Ok(())
    }
}

/// The wait after so many failures of a pair.
fn wait(failures: i64) -> Millis {
    let doublings = u32::try_from(failures.saturating_sub(FREE)).unwrap_or(0).min(16);
    FIRST.saturating_mul(1 << doublings).min(LONGEST)
}

fn refuse(failures: &LoginFailures, now: Millis) -> Result<(), Error> {
    let left = failures.locked_until.saturating_sub(now);
    if left <= 0 {
        return Ok(());
    }
    let retry_after = u64::try_from(left.saturating_add(999) / 1000).unwrap_or(1);
    Err(Error::new(ErrorKind::RateLimited { retry_after }, "Too many logins failed: wait before the next one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour() {
        let waits: Vec<_> = [5, 6, 7, 11, 12, 13, 1000].map(|failures| wait(failures) / SECOND).into();
        assert_eq!(waits, [30, 60, 120, 1920, 3600, 3600, 3600]);
    }

    #[test]
    fn the_rest_of_a_lock_is_told_in_whole_seconds() {
        let locked = |until| refuse(&LoginFailures { failures: 9, locked_until: until, expires_at: 0 }, 1000);
        assert!(locked(0).is_ok() && locked(1000).is_ok());
        assert_eq!(locked(1001).unwrap_err().kind(), ErrorKind::RateLimited { retry_after: 1 });
        assert_eq!(locked(4000).unwrap_err().kind(), ErrorKind::RateLimited { retry_after: 3 });
    }
}
