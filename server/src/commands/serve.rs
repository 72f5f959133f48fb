//! `sentinel serve`: the server.

use std::path::PathBuf;
use std::time::Duration;

use sentinel_server::http::{self, Hardening};
use sentinel_server::service::local::Bootstrapped;
use sentinel_server::service::{Clock, Service};
use sentinel_server::settings::Settings;
use tokio::net::TcpListener;
use tokio::sync::watch::channel;

use super::open;
use super::watch::watch;
use crate::outcome::Failure;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The port to listen on (`SERVICE_PORT`)
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The address to listen on (`SERVICE_HOST`)
    #[arg(long, value_name = "ADDRESS")]
    host: Option<String>,
    /// The folder of the data (`DATA_DIR`)
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// The public URL of this server (`BASE_URL`)
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

/// How often rows that have expired are removed.
const PRUNING: Duration = Duration::from_secs(300);
/// How often counters of clients that went away are forgotten.
const UPKEEP: Duration = Duration::from_secs(30);
/// How many rows of a kind at a time: other writers wait for no more than that.
const PRUNED_AT_ONCE: i64 = 1000;

pub(crate) fn run(config: Option<PathBuf>, args: Args) -> Result<(), Failure> {
    let flags = [
        ("SERVICE_PORT", "port", args.port.map(|port| port.to_string())),
        ("SERVICE_HOST", "host", args.host),
        ("DATA_DIR", "data-dir", args.data_dir),
        ("BASE_URL", "base-url", args.base_url),
    ];
    let flags = flags.into_iter().filter_map(|(name, flag, value)| Some((name, flag, value?))).collect();
    let settings = open::settings(config, flags)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|why| Failure::unavailable("the runtime", why))?;
    let watched = watch(&settings, runtime.handle())?;
    let done = runtime.block_on(serve(&settings));
    watched.finish();
    // A request that was not done in time is not waited for.
    runtime.shutdown_background();
    done
}

async fn serve(settings: &Settings) -> Result<(), Failure> {
    let listener = listen(&settings.service_host, settings.service_port).await?;
    let address = listener.local_addr().map_err(|why| Failure::unavailable("the listener", why))?;
    let management = listen_for_management(settings).await?;
    let management_address = management.local_addr().map_err(|why| Failure::unavailable("the listener", why))?;

    let lock = lock(settings)?;
    let opened = open::open(settings, Clock::system().now()).await?;
    if let Some(path) = &opened.new_master_key {
        tracing::warn!(
            file = %path.display(),
            "a master key was made beside the data: whoever copies the folder can open what it seals; \
             for production move it elsewhere and set MASTER_KEY_FILE"
        );
    }
    let base_url = open::base_url(settings, address.port());
    let service = open::service(settings, opened, &base_url).await?;
    bootstrap_owner(&service, settings).await?;
    offer_admin_link(&service).await?;

    let metrics = http::metrics();
    let (stop, stopped) = channel(false);
    let hardening = Hardening::new(settings, &base_url);
    let public = http::serve(listener, http::app(service.clone(), &hardening), stopped.clone(), settings.shutdown);
    let public = tokio::spawn(public);
    let private = http::management(service.clone(), metrics.clone());
    let private = tokio::spawn(http::serve(management, private, stopped, settings.shutdown));
    let keys = tokio::spawn({
        let service = service.clone();
        async move { service.follow_keys().await }
    });
    let webhooks = tokio::spawn({
        let service = service.clone();
        async move { service.follow_webhooks().await }
    });
    #[cfg(feature = "saml")]
    let federation = tokio::spawn({
        let service = service.clone();
        async move { service.follow_federation().await }
    });
    let pruning = tokio::spawn(prune(service.clone()));
    let upkeep = tokio::spawn(upkeep(hardening, metrics.clone()));

    // Before anyone is told that it listens: whoever is told may tell it to stop.
    let told_to_stop = signal()?;
    tracing::info!(%address, management = %management_address, base_url, "listening");
    told_to_stop.await;
    tracing::info!("stopping: no new connections; requests in work are ended");
    // Answers that go on until somebody ends them.
    service.end_events();
    // Without a receiver there is nobody left to tell.
    let _ = stop.send(true);
    for task in [public, private] {
        // A listener that panicked has ended, too.
        let _ = task.await;
    }
    keys.abort();
    webhooks.abort();
    #[cfg(feature = "saml")]
    federation.abort();
    pruning.abort();
    upkeep.abort();
    // Bounded as well: what is still running has had its time.
    let _ = tokio::time::timeout(Duration::from_secs(2), service.close()).await;
    drop(lock);
    tracing::info!("stopped");
    Ok(())
}

/// Held while the server runs: several may share it, `restore` may not come between.
fn lock(settings: &Settings) -> Result<Option<std::fs::File>, Failure> {
    if settings.database_url.is_some() {
        return Ok(None);
    }
    open::data_folder(&settings.data_dir)?;
    let file = open::lock_file(settings)?;
    file.try_lock_shared().map_err(|_| Failure::Unanswered("in_use", "DATA_DIR is being restored".to_owned()))?;
    Ok(Some(file))
}

async fn listen(host: &str, port: u16) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind((host, port)).await;
    listener.map_err(|why| Failure::unavailable(format_args!("SERVICE_HOST {host}, port {port}"), why))
}

/// The default port gives way to whoever has it; one that was set does not.
async fn listen_for_management(settings: &Settings) -> Result<TcpListener, Failure> {
    let (host, port) = (settings.management_host.as_str(), settings.management_port);
    let failed = |why| Failure::unavailable(format_args!("MANAGEMENT_HOST {host}, MANAGEMENT_PORT {port}"), why);
    match TcpListener::bind((host, port)).await {
        Err(why) if why.kind() == std::io::ErrorKind::AddrInUse && !settings.management_port_is_set => {
            tracing::warn!(port, "the management port is taken, another one is: set MANAGEMENT_PORT");
            TcpListener::bind((host, 0)).await.map_err(failed)
        }
        bound => bound.map_err(failed),
    }
}

/// At the very first start: the owner, out of the PIN file. The log never says the PIN.
async fn bootstrap_owner(service: &Service, settings: &Settings) -> Result<(), Failure> {
    let Some(file) = &settings.owner_pin_file else { return Ok(()) };
    let failed =
        |why: String| Failure::Unanswered("settings_invalid", format!("OWNER_PIN_FILE {}: {why}", file.display()));
    // Not read where it says nothing any more: it may be gone, as it should be.
    let first = service.is_first_start().await.map_err(|why| super::failure(&why))?;
    let made = if first {
        let pin = std::fs::read_to_string(file).map_err(|why| failed(why.to_string()))?;
        let made = service.bootstrap_owner(&settings.owner_username, &settings.local_workspace, &pin).await;
        made.map_err(|why| failed(why.detail().to_owned()))?
    } else {
        Bootstrapped::Ignored
    };
    match made {
        Bootstrapped::Made => tracing::info!(
            username = settings.owner_username,
            "the owner was made of OWNER_PIN_FILE: log in on this machine, change the PIN and remove the file"
        ),
        Bootstrapped::Ignored => {
            tracing::info!(
                "OWNER_PIN_FILE is ignored: only the very first start reads it; remove the file and the setting"
            );
        }
    }
    Ok(())
}

/// Where nobody is an administrator yet: a link on the terminal, and not in the log, that makes one.
async fn offer_admin_link(service: &Service) -> Result<(), Failure> {
    if service.has_administrator().await.map_err(|why| super::failure(&why))? {
        return Ok(());
    }
    let link = service.new_admin_link().await.map_err(|why| super::failure(&why))?;
    eprintln!(
        "\nNobody administers this server yet. Within 24 hours, once, this link makes whoever opens it an administrator:\n\n    {link}\n"
    );
    Ok(())
}

/// Removes what has expired, for as long as the server runs.
async fn prune(service: Service) {
    loop {
        match service.prune(PRUNED_AT_ONCE).await {
            // There may be more.
            Ok(removed) if removed > 0 => tokio::time::sleep(Duration::from_millis(200)).await,
            Ok(_) => tokio::time::sleep(PRUNING).await,
            Err(why) => {
                tracing::warn!(cause = %why, "expired rows could not be removed");
                tokio::time::sleep(PRUNING).await;
            }
        }
    }
}

/// What is counted in memory stays small.
async fn upkeep(hardening: Hardening, metrics: http::Metrics) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        hardening.shrink();
        metrics.upkeep();
    }
}

/// Ends when the server is told to stop, from here on.
fn signal() -> Result<impl Future<Output = ()>, Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |why| Failure::unavailable("signals", why);
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Where nobody can tell it, it runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
