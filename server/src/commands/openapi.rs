//! `sentinel openapi`: the document that the server answers at `/openapi.json`, made from the same routes.

use std::path::PathBuf;

use sentinel_idp::Providers;
use sentinel_keys::{MasterKey, SigningAlgorithm, secrets};
use sentinel_server::http;
use sentinel_server::service::{Clock, Config, Parts, Service};
use sentinel_storage::{Store, StoreOptions};

use super::data::block_on;
use super::open;
use crate::outcome::Failure;

pub(crate) fn run() -> Result<String, Failure> {
    // Routes belong to a server with data: one of its own, gone with this run. The deployment's is not touched.
    let name = secrets::random_token().map_err(open::keys_failure)?;
    let folder = Folder(std::env::temp_dir().join(format!("sentinel-openapi-{name}")));
    std::fs::create_dir(&folder.0).map_err(|why| Failure::unavailable(folder.0.display(), why))?;
    block_on(async {
        let clock = Clock::system();
        let options = StoreOptions::Sqlite { file: folder.0.join("empty.db") };
        let store = Store::open(&options, clock.now()).await.map_err(|why| open::storage_failure(&why))?;
        let master = MasterKey::generate().map_err(open::keys_failure)?;
        let providers = Providers::new([], Default::default()).map_err(|why| Failure::unavailable("providers", why))?;
        let mut config = Config::new("http://localhost");
        config.algorithm = SigningAlgorithm::Es256;
        let parts = Parts { store, clock, master, providers, config };
        let service = Service::new(parts).await.map_err(|why| super::failure(&why))?;
        let document = http::routes(service.clone()).1.to_json();
        service.close().await;
        document.map_err(|why| Failure::unavailable("the document", why))
    })
}

/// A folder that goes with it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
