//! What the platform gives to a request.

use worker::{Context, Env};

/// The bindings, and what lets work go on after the answer.
pub(crate) struct Host<'a> {
    pub(crate) env: &'a Env,
    pub(crate) context: &'a Context,
}
