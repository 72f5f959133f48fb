//! What administrators of the deployment do. Every route here is theirs alone.

mod client_apps;
mod realms;
mod service_apps;
mod system;

use super::access::Routes;

pub(super) fn routes(routes: Routes) -> Routes {
    [service_apps::routes, client_apps::routes, realms::routes, system::routes]
        .iter()
        .fold(routes, |all, room| room(all))
}
