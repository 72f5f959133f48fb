//! OpenFGA's HTTP API (`openfga/v1/openfga_service.proto`), so that its SDKs work unchanged, over stores of policy. Behind
//! service keys that stores were opened to.

mod assertions;
mod changes;
mod check;
pub(super) mod dialect;
mod expand;
mod lists;
mod models;
mod rules;
mod stores;
mod stream;
mod tuples;
mod unique;
pub(super) mod wire;

use super::access::Routes;

pub(super) fn routes(routes: Routes) -> Routes {
    let rooms = [
        stores::routes,
        models::routes,
        tuples::routes,
        check::routes,
        expand::routes,
        lists::routes,
        changes::routes,
        assertions::routes,
    ];
    rooms.iter().fold(routes, |all, room| room(all))
}
