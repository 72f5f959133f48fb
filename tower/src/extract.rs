//! Extractors for axum: the caller as an argument of a handler.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use sentinel_core::{Action, Decision};

use crate::identity::{Identity, session};
use crate::refusal::{Refusal, Rejection};
use crate::relations::{self, Relations};
use crate::sentinel::{Caller, Guard, Sender};

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(&parts.extensions)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Identity {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        Self::maybe_of(&parts.extensions)
    }
}

impl<S: Sync> FromRequestParts<S> for Relations {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(&parts.extensions)
    }
}

/// A role for [`RequireRole`], as a type: see [`roles!`](crate::roles).
pub trait Role {
    /// The role's name.
    const NAME: &'static str;
}

/// An action for [`RequireAction`], as a type: see [`actions!`](crate::actions).
pub trait ActionName {
    /// The action's name.
    const NAME: &'static str;
}

/// The caller, who has this role or a higher one: answers 403 otherwise.
///
/// ```
/// use sentinel_tower::{RequireRole, role::Editor};
/// async fn create(user: RequireRole<Editor>) -> String {
///     format!("created by {}", user.user_id())
/// }
/// ```
pub struct RequireRole<R>(Identity, PhantomData<fn() -> R>);

/// The caller, who has this action: answers 403 otherwise. Where the token carries no actions at all, the layer's
/// [`RelationSource`](crate::RelationSource) is asked.
///
/// ```
/// use sentinel_tower::RequireAction;
/// sentinel_tower::actions! {
///     /// Export notes.
///     pub ExportNotes = "notes:export";
/// }
/// async fn export(user: RequireAction<ExportNotes>) -> String {
///     format!("exported for {}", user.user_id())
/// }
/// ```
pub struct RequireAction<A>(Identity, PhantomData<fn() -> A>);

macro_rules! requirement {
    ($name:ident, $bound:ident, $decide:ident) => {
        impl<T> $name<T> {
            /// The caller.
            #[must_use]
            pub fn into_identity(self) -> Identity {
                self.0
            }
        }

        impl<T> Deref for $name<T> {
            type Target = Identity;

            fn deref(&self) -> &Identity {
                &self.0
            }
        }

        impl<T> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<T: $bound, S: Sync> FromRequestParts<S> for $name<T> {
            type Rejection = Rejection;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
                let identity = Identity::of(&parts.extensions)?;
                let session = session(&parts.extensions)?;
                let guard = &session.guard;
                let Sender::Known(caller) = &session.sender else { return Err(guard.reject(Refusal::Unauthenticated)) };
                match $decide(guard, caller, T::NAME).await {
                    Ok(decision) if decision.allow() => Ok(Self(identity, PhantomData)),
                    Ok(decision) => Err(guard.reject(Refusal::Denied(decision))),
                    Err(refusal) => Err(guard.reject(refusal)),
                }
            }
        }
    };
}

requirement!(RequireRole, Role, require_role);
requirement!(RequireAction, ActionName, require_action);

async fn require_role(guard: &Guard, caller: &Caller, role: &'static str) -> Result<Decision, Refusal> {
    let order = guard.roles();
    // Nobody can have it: the service asks for a role that its own order does not know.
    order.rank(role).ok_or_else(|| misconfigured("a handler requires a role that is not in the role order", role))?;
    Ok(order.require(&caller.identity, role))
}

async fn require_action(guard: &Guard, caller: &Caller, action: &'static str) -> Result<Decision, Refusal> {
    let action = Action::new(action)
        .map_err(|_| misconfigured("a handler requires an action whose name no action can have", action))?;
    relations::require_action(guard, caller, &action).await
}

fn misconfigured(what: &'static str, name: &str) -> Refusal {
    tracing::error!(name, "{what}");
    Refusal::Misconfigured(what)
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.response()
    }
}

/// Declares roles as types for [`RequireRole`].
///
/// ```
/// sentinel_tower::roles! {
///     /// May see everything and change nothing.
///     pub Auditor = "auditor";
/// }
/// ```
#[macro_export]
macro_rules! roles {
    ($($(#[$meta:meta])* $visibility:vis $name:ident = $role:literal;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        $visibility enum $name {}

        impl $crate::Role for $name {
            const NAME: &'static str = $role;
        }
    )*};
}

/// Declares actions as types for [`RequireAction`].
#[macro_export]
macro_rules! actions {
    ($($(#[$meta:meta])* $visibility:vis $name:ident = $action:literal;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        $visibility enum $name {}

        impl $crate::ActionName for $name {
            const NAME: &'static str = $action;
        }
    )*};
}

/// The roles of the built-in orders.
pub mod role {
    roles! {
        /// Reads.
        pub Viewer = "viewer";
        /// Of the tenant API: also analyses.
        pub Analyst = "analyst";
        /// Also creates, and edits what is its own.
        pub Editor = "editor";
        /// Also edits everything and manages members.
        pub Admin = "admin";
        /// Also deletes the workspace.
        pub Owner = "owner";
    }
}
