//! Settings, master key and store, opened the same way by the server and by every command that works on its data.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use sentinel_idp::Providers;
use sentinel_keys::passwords::Parameters;
use sentinel_keys::{KeysError, MasterKey, Origin, SigningAlgorithm};
use sentinel_server::service::converge::Directory;
use sentinel_server::service::federation::FederationConfig;
use sentinel_server::service::passwords::Hashing;
use sentinel_server::service::{
    BundleConfig, Clock, Config, Lifetimes, Millis, Newcomers, Parts, PolicyConfig, Service, WorkspaceRole,
};
use sentinel_server::settings::{Settings, Sources};
use sentinel_storage::{StorageError, Store, StoreOptions};
use sentinel_tower::fetch::FetchPolicy;

use crate::outcome::Failure;

/// The database in the data folder.
pub(crate) const DATABASE: &str = "sentinel.db";
/// The master key that is made where none is named.
const MASTER_KEY: &str = "master.key";

/// Reads the settings: a file, the environment, flags.
pub(crate) fn settings(
    config: Option<PathBuf>,
    flags: Vec<(&'static str, &'static str, String)>,
) -> Result<Settings, Failure> {
    Settings::load(&Sources::of_process(config, flags))
        .map_err(|why| Failure::Unanswered("settings_invalid", why.to_string()))
}

/// What is open before there are use cases.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) master: MasterKey,
    /// Where a master key was made just now.
    pub(crate) new_master_key: Option<PathBuf>,
}

/// Where the database lies.
pub(crate) fn store_options(settings: &Settings) -> StoreOptions {
    match &settings.database_url {
        Some(url) => StoreOptions::Postgres {
            url: url.expose_secret().to_owned(),
            max_connections: settings.database_connections,
        },
        None => StoreOptions::Sqlite { file: settings.data_dir.join(DATABASE) },
    }
}

/// Where the master key lies, and whether it may be made there.
pub(crate) fn master_key_file(settings: &Settings) -> (PathBuf, bool) {
    match &settings.master_key_file {
        Some(path) => (path.clone(), false),
        None => (settings.data_dir.join(MASTER_KEY), true),
    }
}

/// Opens the store, brings its schema up to date, and loads the master key, which is made where none is named and
/// nothing is sealed by one yet.
pub(crate) async fn open(settings: &Settings, now: Millis) -> Result<Opened, Failure> {
    let (key_file, may_create) = master_key_file(settings);
    if settings.database_url.is_none() || may_create {
        data_folder(&settings.data_dir)?;
    }
    if settings.database_url.is_none() {
        database_file(&settings.data_dir.join(DATABASE))?;
    }
    let store = open_store(settings, now).await?;
    let is_sealed = is_sealed(&store).await?;
    let (master, origin) = if may_create && !is_sealed {
        MasterKey::load_or_create(&key_file).map_err(keys_failure)?
    } else {
        (MasterKey::load(&key_file).map_err(|why| missing(why, &key_file, is_sealed))?, Origin::Loaded)
    };
    Ok(Opened { store, master, new_master_key: (origin == Origin::Created).then_some(key_file) })
}

/// The store alone.
pub(crate) async fn open_store(settings: &Settings, now: Millis) -> Result<Store, Failure> {
    Store::open(&store_options(settings), now).await.map_err(|why| storage_failure(&why))
}

/// Whether anything in the database was sealed by a master key.
async fn is_sealed(store: &Store) -> Result<bool, Failure> {
    let keys = async { store.read().await?.signing_keys().await };
    Ok(!keys.await.map_err(|why| storage_failure(&why))?.is_empty())
}

/// The use cases over what was opened.
pub(crate) async fn service(settings: &Settings, opened: Opened, base_url: &str) -> Result<Service, Failure> {
    let providers = Providers::new(settings.providers.iter().cloned(), settings.fetch_policy());
    let providers =
        providers.map_err(|why| Failure::Unanswered("settings_invalid", format!("identity providers: {why}")))?;
    let parts = Parts {
        store: opened.store,
        clock: Clock::system(),
        master: opened.master,
        providers,
        config: config(settings, base_url)?,
    };
    Service::new(parts).await.map_err(|error| {
        let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        let why = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        let hint = if why.contains("master key") {
            "; set MASTER_KEY_FILE to the key that this database was made with"
        } else {
            ""
        };
        Failure::Unanswered("unavailable", format!("the server cannot start: {error}: {why}{hint}"))
    })
}

/// The settings that the use cases know.
pub(crate) fn config(settings: &Settings, base_url: &str) -> Result<Config, Failure> {
    let mut config = Config::new(base_url);
    config.algorithm = algorithm(settings)?;
    config.lifetimes = lifetimes(settings);
    config.refresh_grace = millis(settings.refresh_grace);
    config.policy = PolicyConfig {
        stores: settings.policy_stores,
        model_bytes_per_store: settings.policy_models_mib_per_store.saturating_mul(1 << 20),
        tuples_per_store: settings.policy_tuples_per_store,
        tuples_in_memory: settings.policy_tuples_in_memory,
        memory: settings.policy_memory_mib.saturating_mul(1 << 20),
        list_results: settings.policy_list_results,
        list_deadline: settings.policy_list_deadline,
        log_reasons: settings.policy_log_reasons,
        log_context: settings.policy_log_context,
        changes: millis(settings.policy_changes),
        log_decisions: settings.policy_log_decisions,
    };
    config.bundles = BundleConfig {
        life: millis(settings.bundle_lifetime),
        memory: settings.bundle_memory_mib.saturating_mul(1 << 20),
    };
    config.hashing = Hashing {
        parameters: Parameters {
            memory: settings.password_memory_kib,
            iterations: settings.password_iterations,
            lanes: settings.password_lanes,
        },
        at_once: settings.password_hashes_at_once,
        waiting: settings.password_hashes_waiting,
    };
    config.admin_emails.clone_from(&settings.admin_emails);
    config.newcomers = match settings.newcomers.as_str() {
        "nowhere" => Newcomers::Nowhere,
        "default-workspace" => {
            let role = WorkspaceRole::from_word(&settings.default_workspace_role).unwrap_or(WorkspaceRole::Viewer);
            Newcomers::DefaultWorkspace { slug: settings.default_workspace.clone(), role }
        }
        _ => Newcomers::PersonalWorkspace,
    };
    config.federation = FederationConfig {
        // A tenant names these URLs, and not who runs the server: private networks stay closed, whatever is set.
        fetch: FetchPolicy { loopback: settings.allow_loopback_providers, ..FetchPolicy::default() },
        dns: settings.sso_dns_servers.clone(),
        metadata_every: millis(settings.sso_metadata_every),
        metadata_overlap: millis(settings.sso_metadata_overlap),
    };
    config.webhooks_to_loopback = settings.allow_loopback_webhooks;
    if let Some(path) = &settings.directory_file {
        config.directory = directory(path)?;
        if !matches!(config.newcomers, Newcomers::DefaultWorkspace { .. }) {
            return Err(Failure::Unanswered(
                "settings_invalid",
                "DIRECTORY_FILE gives roles in the default workspace: set NEWCOMERS=default-workspace".to_owned(),
            ));
        }
    }
    if let Some(home) = &settings.admin_home {
        config.admin_home.clone_from(home);
    }
    Ok(config)
}

/// Who is known before they come.
fn directory(path: &Path) -> Result<Directory, Failure> {
    let wrong =
        |why: String| Failure::Unanswered("settings_invalid", format!("DIRECTORY_FILE {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|why| wrong(why.to_string()))?;
    Directory::from_json(&text).map_err(|why| wrong(why.to_string()))
}

/// How long what is issued lives.
pub(crate) fn lifetimes(settings: &Settings) -> Lifetimes {
    Lifetimes {
        access: millis(settings.access_token_life),
        tenant_access: millis(settings.tenant_access_token_life),
        authz: millis(settings.authz_token_life),
        m2m: millis(settings.m2m_token_life),
        admin: millis(settings.admin_token_life),
        refresh: millis(settings.refresh_token_life),
        session: millis(settings.session_life),
        local_access: millis(settings.local_token_life),
        local_session: millis(settings.local_session_life),
        password_link: millis(settings.password_link_life),
        invitation: millis(settings.invitation_life),
        sso: millis(settings.sso_life),
        ..Lifetimes::default()
    }
}

fn millis(life: std::time::Duration) -> Millis {
    Millis::try_from(life.as_millis()).unwrap_or(Millis::MAX)
}

/// What tokens are signed with.
pub(crate) fn algorithm(settings: &Settings) -> Result<SigningAlgorithm, Failure> {
    let parsed = settings.signing_algorithm.parse();
    parsed.map_err(|why| Failure::Unanswered("settings_invalid", format!("SIGNING_ALGORITHM: {why}")))
}

/// The file that a server holds while it runs on a data folder, so that nobody puts other data in its place.
pub(crate) fn lock_file(settings: &Settings) -> Result<std::fs::File, Failure> {
    let path = settings.data_dir.join("server.lock");
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    file.map_err(|why| Failure::unavailable(path.display(), why))
}

/// `BASE_URL`, or where the server listens.
pub(crate) fn base_url(settings: &Settings, port: u16) -> String {
    let url = settings.base_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
    url.unwrap_or_else(|| format!("http://localhost:{port}"))
}

/// Makes the data folder, for its owner alone. One that is there keeps its mode: `doctor` judges it.
pub(crate) fn data_folder(path: &Path) -> Result<(), Failure> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path).map_err(|why| Failure::unavailable(format_args!("DATA_DIR {}", path.display()), why))
}

/// Makes the database's file, empty, for its owner alone: SQLite gives the files beside it the same mode.
fn database_file(path: &Path) -> Result<(), Failure> {
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        Err(why) if why.kind() != std::io::ErrorKind::AlreadyExists => Err(Failure::unavailable(path.display(), why)),
        _ => Ok(()),
    }
}

pub(crate) fn keys_failure(why: KeysError) -> Failure {
    Failure::Unanswered("master_key", why.to_string())
}

fn missing(why: KeysError, path: &Path, is_sealed: bool) -> Failure {
    match &why {
        KeysError::MasterKeyUnreadable { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            let path = path.display();
            let hint = if is_sealed {
                "but the database is sealed by one: put it back, or set MASTER_KEY_FILE to where it is"
            } else {
                "which MASTER_KEY_FILE names, and nothing is sealed by one yet: make it once with \
                 `(umask 077; openssl rand -hex 32 > FILE)` and keep a copy elsewhere, or unset MASTER_KEY_FILE and one is made beside the data"
            };
            Failure::Unanswered("master_key", format!("there is no master key in {path}, {hint}"))
        }
        _ => keys_failure(why),
    }
}

pub(crate) fn storage_failure(why: &StorageError) -> Failure {
    let code = match why {
        StorageError::NewerSchema { .. } => "newer_schema",
        _ => "unavailable",
    };
    let causes = std::iter::successors(std::error::Error::source(why), |cause| cause.source());
    // A driver's words name the host and the file, never the password.
    let causes: String = causes.map(|cause| format!(": {cause}")).collect();
    Failure::Unanswered(code, format!("the database: {why}{causes}"))
}
