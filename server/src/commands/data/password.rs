use secrecy::ExposeSecret as _;
use sentinel_server::service::{Error, Service};
use serde_json::Value;

use super::{ACTOR, caller, row, time};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Make a link with which an account's owner sets a password once: the first one, or the next one.
    Link {
        /// The id that `user list` shows, or the proven e-mail address
        account: String,
    },
    /// Take an account's password away; every token that it has is void from now on.
    Remove {
        /// The id that `user list` shows, or the proven e-mail address
        account: String,
    },
    /// Let an account log in again that too many wrong passwords have locked.
    Unlock {
        /// The id that `user list` shows, or the proven e-mail address
        account: String,
    },
}

pub(super) async fn run(service: &Service, command: Command) -> Result<Value, Error> {
    let (Command::Link { account } | Command::Remove { account } | Command::Unlock { account }) = &command;
    let user = service.account_named(account).await?;
    let id = ("id", user.id.to_string().into());
    Ok(match command {
        Command::Link { .. } => {
            let link = service.new_password_link(&ACTOR, &caller(), user.id).await?;
            let secret = link.secret.expose_secret().into();
            let url = link.url.expose_secret().into();
            row([id, ("url", url), ("secret", secret), ("expires_at", time(link.expires_at))])
        }
        Command::Remove { .. } => {
            service.remove_password(&ACTOR, &caller(), user.id).await?;
            row([id, ("has_password", false.into())])
        }
        Command::Unlock { .. } => {
            row([id, ("forgotten", service.unlock_password(&ACTOR, &caller(), user.id).await?.into())])
        }
    })
}
