//! Slices: what one user's answers depend on, and no word about anyone else.

use std::sync::Arc;

use sentinel_core::bundle::{Snapshot, slice};
use sentinel_core::policy::QueryError;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_storage::user_name;
use uuid::Uuid;

use super::content::Aside;
use super::publish::Whole;
use crate::service::policy::Held;
use crate::service::{Error, Service};

/// Tuples that may be looked at for one slice.
const WORK: u64 = 2_000_000;

impl Service {
    /// A user's slice, whole. Its tokens' groups and role are tuples of the store already: it is closed over no claims.
    pub(super) async fn whole_slice(&self, held: &Held, aside: &Aside, user: Uuid) -> Result<Whole, Error> {
        let (model, user) = (Arc::clone(&held.model), user_name(user));
        let (roles, revocations) = (Arc::clone(&aside.roles), Arc::clone(&aside.revocations));
        let looked = self.look(held, move |moment| {
            let index = slice(&model.compiled, moment.index(), &user, &[], WORK)?;
            let tuples: Vec<TupleKey> = index.tuples().collect();
            let until = moment.first_expiry(tuples.iter());
            let (roles, revocations) = (&*roles, &*revocations);
            let snapshot =
                Snapshot { model: &model.source, index: &index, roles, revocations, claims: &[], types: None };
            let body = snapshot.body().map_err(|_| QueryError::BudgetExceeded)?;
            Ok((moment.revision(), until, body))
        });
        let (revision, until, body) = looked.await?.map_err(|error: QueryError| match error {
            QueryError::BudgetExceeded => Error::not_found("What concerns this person is more than fits in a bundle"),
            other => Error::internal(other.to_string()),
        })?;
        Ok(Whole { state: aside.at(revision), body: body.into(), until })
    }
}
