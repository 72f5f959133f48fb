//! What people log in with here, without a provider: judged at the same cost whoever asks, set by the same rules wherever.
//!
//! A secret is judged by [`Service::verify_secret`] alone. To set one, [`Service::prepare_secret`] first, which is slow
//! and touches no transaction, then [`Service::put_secret`] in the transaction of the change.

mod hasher;
mod lockout;
mod policy;

use secrecy::SecretString;
use sentinel_storage::{NewPassword, Password, SecretKind, Transaction};
use uuid::Uuid;

pub(crate) use hasher::Hasher;
pub use hasher::{Hashed, Hashing};
pub use lockout::Claimant;
pub use policy::{LEAST, MOST, Violation, normalize, violations};

use super::{Caller, Error, Service};

/// How many of the last passwords do not come back, the one of now among them.
const LAST: i64 = 5;

/// Who has proven to know a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The account.
    pub user_id: Uuid,
    /// It opens nothing but the way to its successor.
    pub must_change: bool,
    /// The stored hash, for [`Service::prepare_secret`]: what is changed is what was verified.
    pub hash: String,
}

/// A secret that may be set, hashed.
#[derive(Clone, Debug)]
pub struct Prepared {
    user_id: Uuid,
    kind: SecretKind,
    hash: String,
    instead_of: Option<String>,
}

/// Why a secret cannot be set.
#[derive(Debug)]
pub enum NotSet {
    /// It breaks rules: all of them.
    Refused(Vec<Violation>),
    /// Something else.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for NotSet {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Service {
    /// Judges a secret, in its normal form. One hash is made whether or not there is such an account, and whether or not
    /// it has a secret of this kind.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`] where it is not the one, with the same words whatever was wrong;
    /// [`super::ErrorKind::RateLimited`] where too many failed; [`super::ErrorKind::Unavailable`] where too many are being
    /// judged.
    pub async fn verify_secret(
        &self,
        claimant: Claimant<'_>,
        secret: &SecretString,
        caller: &Caller,
    ) -> Result<Verified, Error> {
        let keys = self.keys_of(&claimant, caller)?;
        let is_known = self.may_guess(&claimant, &keys, caller).await?;
        // Before it is counted: who was not judged has not failed.
        let turn = self.inner.hasher.turn(caller, is_known).await?;
        let counted = self.count_guess(&claimant, keys, is_known).await?;
        let stored = self.stored_secret(claimant.user_id).await?.filter(|stored| stored.kind == claimant.kind);
        let (secret, hash) = (secret.clone(), stored.as_ref().map(|stored| stored.hash.clone()));
        let (verified, rehashed) = turn
            .run(move |work| {
                let verified = work.verify(&secret, hash.as_deref())?;
                let outdated = verified && hash.as_deref().is_some_and(|hash| work.is_outdated(hash));
                Ok((verified, if outdated { Some(work.hash(&secret)?) } else { None }))
            })
            .await?;
        let Some(stored) = stored.filter(|_| verified) else { return Err(wrong()) };
        let Password { user_id, must_change, mut hash, .. } = stored;
        let mut transaction = self.store().begin().await?;
        self.succeeded(&mut transaction, &counted, user_id, caller).await?;
        if let Some(anew) = rehashed
            && transaction.rehash_password(user_id, &hash, &anew).await?
        {
            hash = anew;
        }
        transaction.commit().await?;
        Ok(Verified { user_id, must_change, hash })
    }

    /// The same for whoever has no account: nothing is read by a name that belongs to nobody.
    async fn stored_secret(&self, user_id: Option<Uuid>) -> Result<Option<Password>, Error> {
        Ok(self.store().read().await?.password(user_id.unwrap_or_default()).await?)
    }

    /// Hashes a secret that an account is to have, where the rules of its kind allow it: a password must be a good one for
    /// its owner, and none of the last.
    ///
    /// `instead_of` is what was verified, where that was asked for.
    ///
    /// # Errors
    /// [`NotSet::Refused`] with all rules that it breaks; [`super::ErrorKind::NotFound`] without such an account;
    /// [`super::ErrorKind::Unavailable`] where too many are being hashed.
    pub async fn prepare_secret(
        &self,
        user_id: Uuid,
        kind: SecretKind,
        secret: &SecretString,
        instead_of: Option<&Verified>,
        caller: &Caller,
    ) -> Result<Prepared, NotSet> {
        let mut connection = self.store().read().await?;
        let account = connection.user(user_id).await?.ok_or_else(super::accounts::unknown)?;
        let mut before = connection.retired_passwords(user_id).await?;
        before.extend(connection.password(user_id).await?.map(|password| password.hash));
        drop(connection);
        let secret = match kind {
            SecretKind::Password => {
                let normal = normalize(secret).ok_or_else(|| NotSet::Refused(vec![Violation::TooLong]))?;
                let broken = violations(&normal, &account.name, &account.email);
                if !broken.is_empty() {
                    return Err(NotSet::Refused(broken));
                }
                normal
            }
            // What a PIN must be is said where PINs are set.
            SecretKind::Pin => {
                before.clear();
                secret.clone()
            }
        };
        let turn = self.inner.hasher.turn(caller, true).await?;
        let hash = turn
            .run(move |work| {
                for hash in &before {
                    if work.verify(&secret, Some(hash))? {
                        return Ok(None);
                    }
                }
                work.hash(&secret).map(Some)
            })
            .await?;
        let hash = hash.ok_or_else(|| NotSet::Refused(vec![Violation::UsedBefore]))?;
        Ok(Prepared { user_id, kind, hash, instead_of: instead_of.map(|verified| verified.hash.clone()) })
    }

    /// Hashes a PIN that an account is to have, which may be one that is about to be made. What a PIN must be is the
    /// caller's to know.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unavailable`] where too many are being hashed.
    pub async fn prepare_pin(
        &self,
        user_id: Uuid,
        pin: &SecretString,
        instead_of: Option<&Verified>,
        caller: &Caller,
    ) -> Result<Prepared, Error> {
        let pin = pin.clone();
        let hash = self.inner.hasher.turn(caller, true).await?.run(move |work| work.hash(&pin)).await?;
        let instead_of = instead_of.map(|verified| verified.hash.clone());
        Ok(Prepared { user_id, kind: SecretKind::Pin, hash, instead_of })
    }

    /// Gives an account what was prepared for it, and forgets what failed before. Whoever guesses from now on guesses
    /// something else. Ending sessions and the activity log are the caller's.
    ///
    /// # Errors
    /// [`super::ErrorKind::Conflict`] where another change came first.
    pub async fn put_secret(
        &self,
        transaction: &mut Transaction,
        prepared: &Prepared,
        must_change: bool,
    ) -> Result<(), Error> {
        let Prepared { user_id, kind, hash, instead_of } = prepared;
        let new = NewPassword { user_id: *user_id, kind: *kind, hash, must_change };
        // The one of now is not in the history.
        if !transaction.put_password(&new, instead_of.as_deref(), LAST - 1, self.now()).await? {
            return Err(Error::conflict("It was changed at the same moment: try again"));
        }
        self.forgive(transaction, *user_id).await?;
        Ok(())
    }

    /// That what was verified is still so, until this transaction has ended: a login with a password that is being changed
    /// makes no session that the change does not end.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`].
    pub async fn still_verified(&self, transaction: &mut Transaction, verified: &Verified) -> Result<(), Error> {
        if transaction.hold_password(verified.user_id, &verified.hash).await? { Ok(()) } else { Err(wrong()) }
    }

    /// Opens an account that guesses have locked. Answers how many counts there were.
    ///
    /// # Errors
    /// As storage.
    pub async fn forgive(&self, transaction: &mut Transaction, user_id: Uuid) -> Result<u64, Error> {
        let claimant = Claimant { user_id: Some(user_id), name: "", kind: SecretKind::Password };
        let keys = self.keys_of(&claimant, &Caller::default())?;
        Ok(transaction.forget_login_failures_of(&keys.account).await?)
    }

    /// What has been hashed since the start.
    #[must_use]
    pub fn hashed(&self) -> Hashed {
        self.inner.hasher.hashed()
    }
}

/// The one answer to every wrong guess.
pub(crate) fn wrong() -> Error {
    Error::unauthenticated("The name or the password is wrong")
}
