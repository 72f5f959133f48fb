//! What runs without a request: in the name of whoever started it, or in its own.

use std::sync::Arc;
use std::time::Duration;

use sentinel_tower::current::{actor, scope};
use sentinel_tower::workspace_dir::FilesError;
use sentinel_tower::{Actor, System, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};

use crate::Shared;
use crate::files::{MOST_BYTES, in_folder};

/// Characters of a preview.
const PREVIEW: usize = 100;

/// The beginning of a text, beside the user's files. Nobody tells it whose they are.
pub(crate) async fn preview(app: Shared, path: String) {
    if !path.ends_with(".txt") || path.starts_with("previews/") {
        return;
    }
    let made = in_folder(&app, move |folder| {
        let text = folder.read(&path, MOST_BYTES)?;
        let start: String = String::from_utf8_lossy(&text).chars().take(PREVIEW).collect();
        let preview = format!("previews/{path}");
        folder.create_dir_all(preview.rsplit_once('/').map_or("", |(parent, _)| parent))?;
        folder.write(&preview, start.as_bytes())
    });
    if let Err(error) = made.await {
        eprintln!("no preview: {error}");
    }
}

/// Empties everybody's folder `trash` again and again: one user after the other, each by itself.
pub(crate) async fn clean_up(app: Shared, every: Duration) {
    let Ok(Actor::System(system)) = actor() else { return };
    let mut ticks = interval(every.max(Duration::from_secs(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let listing = Arc::clone(&app);
        let users = spawn_blocking(move || listing.workspaces.users()).await;
        for user in users.map(Result::unwrap_or_default).unwrap_or_default() {
            match scope(System::on_behalf_of(system.clone(), &user), empty_trash(&app)).await {
                Ok(()) | Err(FilesError::NotFound) => {}
                Err(error) => eprintln!("{system} for {user}: {error}"),
            }
        }
    }
}

async fn empty_trash(app: &Shared) -> Result<(), FilesError> {
    in_folder(app, |folder| {
        let trash = folder.subdir("trash")?;
        let files = trash.list("", usize::MAX)?.into_iter().filter(|entry| !entry.is_folder);
        files.map(|entry| entry.name).try_for_each(|name| trash.remove_file(&name))
    })
    .await
}

#[cfg(test)]
mod tests {
    use sentinel_tower::current::scope;
    use sentinel_tower::{System, actor, spawn};

    /// The lint must find it: an expectation that is not met is a warning, too.
    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "shows what it loses")]
    async fn a_bare_spawn_is_found_and_knows_nobody() {
        let (bare, ours) =
            scope(System::named("test"), async { (tokio::spawn(async { actor() }), spawn(async { actor() })) }).await;
        assert!(bare.await.unwrap().is_err());
        assert_eq!(ours.await.unwrap().unwrap().to_string(), "system:test");
    }
}
