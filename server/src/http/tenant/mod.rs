//! `/api/v1/auth`: login with an address and a password, or by a tenant's own provider, in one tenant. Its refusals are problem documents (RFC 9457).

mod cookie;
mod password;
pub(super) mod problem;
mod session;
mod sso;

use super::access::Routes;

/// Where this API begins.
const PREFIX: &str = "/api/v1/";

pub(super) fn routes(routes: Routes) -> Routes {
    sso::routes(password::routes(session::routes(routes)))
}
