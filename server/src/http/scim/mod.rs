//! `/scim/v2`: provisioning (RFC 7644).

pub(in crate::http) mod dialect;
mod discovery;
mod users;

use super::access::Routes;

pub(super) fn routes(routes: Routes) -> Routes {
    users::routes(discovery::routes(routes))
}
