use sentinel_server::service::accounts::AccountChange;
use sentinel_server::service::{Error, Service};
use sentinel_storage::{User, UserFilter};
use serde_json::Value;

use super::{ACTOR, caller, row, time};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Make an account. Your word stands for a proof of the address.
    Create {
        /// The e-mail address
        email: String,
        /// The person's name
        #[arg(long)]
        name: String,
        /// An administrator of the deployment
        #[arg(long)]
        admin: bool,
    },
    /// List accounts.
    List {
        /// Only those whose name or address has this in it
        #[arg(long)]
        search: Option<String>,
    },
    /// Shut an account out: every token that it has is void from now on.
    Deactivate {
        /// The id that `user list` shows, the username, or the proven e-mail address
        account: String,
    },
    /// Let an account in again.
    Activate {
        /// The id that `user list` shows, the username, or the proven e-mail address
        account: String,
    },
    /// Give an account another username. The one before stays its own: nobody else ever gets it.
    Rename {
        /// The id that `user list` shows, the username, or the proven e-mail address
        account: String,
        /// What it is called from now on
        username: String,
    },
    /// Make an account an administrator of the deployment.
    Promote {
        /// The id that `user list` shows, the username, or the proven e-mail address
        account: String,
    },
    /// Make an administrator an ordinary account.
    Demote {
        /// The id that `user list` shows, the username, or the proven e-mail address
        account: String,
    },
}

pub(super) async fn run(service: &Service, command: Command) -> Result<Value, Error> {
    let user = match command {
        Command::Create { email, name, admin } => {
            service.create_account(&ACTOR, &caller(), &email, &name, admin).await?
        }
        Command::List { search } => return list(service, search.as_deref()).await,
        Command::Rename { account, username } => return rename(service, &account, &username).await,
        Command::Deactivate { account } => active(service, &account, false).await?,
        Command::Activate { account } => active(service, &account, true).await?,
        Command::Promote { account } => admin(service, &account, true).await?,
        Command::Demote { account } => admin(service, &account, false).await?,
    };
    Ok(shown(user))
}

async fn list(service: &Service, search: Option<&str>) -> Result<Value, Error> {
    let filter = UserFilter { search, ..UserFilter::default() };
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = service.accounts(&filter, None, cursor.as_deref()).await?;
        all.extend(page.rows.into_iter().map(shown));
        let Some(next) = page.next else { return Ok(Value::Array(all)) };
        cursor = Some(next.to_string());
    }
}

async fn rename(service: &Service, account: &str, username: &str) -> Result<Value, Error> {
    let user = service.account_named(account).await?;
    let change = AccountChange { username: Some(username), ..AccountChange::default() };
    let user = service.change_account(&ACTOR, &caller(), user.id, &change).await?;
    let names = service.names(&user).await?;
    Ok(row([("id", user.id.to_string().into()), ("username", names.username.into()), ("email", user.email.into())]))
}

async fn active(service: &Service, account: &str, is_active: bool) -> Result<User, Error> {
    let user = service.account_named(account).await?;
    service.set_account_active(&ACTOR, &caller(), user.id, is_active).await
}

async fn admin(service: &Service, account: &str, is_admin: bool) -> Result<User, Error> {
    let user = service.account_named(account).await?;
    service.set_account_admin(&ACTOR, &caller(), user.id, is_admin).await
}

fn shown(user: User) -> Value {
    row([
        ("id", user.id.to_string().into()),
        ("email", user.email.into()),
        ("name", user.name.into()),
        ("is_active", user.is_active.into()),
        ("is_admin", user.is_admin.into()),
        ("created_at", time(user.created_at)),
    ])
}
