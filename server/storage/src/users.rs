//! People.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::derived::Scope;
use crate::page::{email_key, key, pattern};
use crate::{Connection, Millis, Page, PageRequest, StorageError, Transaction};

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub email_verified: bool,
    pub name: String,
    pub avatar_url: Option<String>,
    pub is_active: bool,
    pub is_admin: bool,
    pub admin_generation: i64,
    pub sessions_invalidated_at: Option<Millis>,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub last_login_at: Option<Millis>,
}

/// What an account begins with.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in User")]
pub struct NewUser<'a> {
    pub id: Uuid,
    pub email: &'a str,
    pub email_verified: bool,
    pub name: &'a str,
    pub avatar_url: Option<&'a str>,
    pub is_admin: bool,
}

/// Which accounts a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserFilter<'a> {
    /// Part of the name or the e-mail address, in any case.
    pub search: Option<&'a str>,
    /// Only those that are active, or only those that are not.
    pub is_active: Option<bool>,
    /// Only admins, or only others.
    pub is_admin: Option<bool>,
}

/// What of a profile is to change; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProfileChange<'a> {
    /// The name that others see.
    pub name: Option<&'a str>,
    /// The picture; `Some(None)` removes it.
    pub avatar_url: Option<Option<&'a str>>,
}

/// A number that no other program is likely to lock: "sentinel" in ASCII with its last letter changed.
const LOCK: i64 = 0x7365_6e74_696e_6561;

const COLUMNS: &str = "id, email, email_verified, name, avatar_url, is_active, is_admin, admin_generation, \
                       sessions_invalidated_at, created_at, updated_at, last_login_at";
const RETURNING: &str = concatcp!(" WHERE id = $1 RETURNING ", COLUMNS);
const FILTER: &str = "(name_key LIKE $1 ESCAPE '!' OR email_key LIKE $1 ESCAPE '!') \
                      AND ($2 IS NULL OR is_active = $2) AND ($3 IS NULL OR is_admin = $3)";

/// An account's columns under their own names, for statements that find it in other ways.
pub(crate) const USER_COLUMNS: &str = "u.id, u.email, u.email_verified, u.name, u.avatar_url, u.is_active, u.is_admin, \
                                       u.admin_generation, u.sessions_invalidated_at, u.created_at, u.updated_at, u.last_login_at";

impl Connection {
    /// The account with this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn user(&mut self, id: Uuid) -> Result<Option<User>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, " FROM users WHERE id = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db)))
    }

    /// The account that has proven this address. The case of ASCII letters does not matter.
    ///
    /// # Errors
    /// As every statement.
    pub async fn user_by_verified_email(&mut self, email: &str) -> Result<Option<User>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, " FROM users WHERE email_key = $1 AND email_verified");
        Ok(on!(self, db => sqlx::query_as(sql).bind(email_key(email)).fetch_optional(db)))
    }

    /// Accounts in the order of their addresses.
    ///
    /// # Errors
    /// As every statement.
    pub async fn users(&mut self, filter: &UserFilter<'_>, page: &PageRequest) -> Result<Page<User>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            COLUMNS,
            " FROM users WHERE ",
            FILTER,
            " AND (email_key, id) > ($4, $5) ORDER BY email_key, id LIMIT $6"
        );
        let after = page.start();
        let rows: Vec<User> = on!(self, db => sqlx::query_as(sql)
            .bind(pattern(filter.search))
            .bind(filter.is_active)
            .bind(filter.is_admin)
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .fetch_all(db));
        Ok(Page::new(rows, page, |user| (email_key(&user.email), user.id)))
    }

    /// How many accounts the filter lets through.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_users(&mut self, filter: &UserFilter<'_>) -> Result<i64, StorageError> {
        let sql = concatcp!("SELECT COUNT(*) FROM users WHERE ", FILTER);
        Ok(on!(self, db => sqlx::query_scalar(sql)
            .bind(pattern(filter.search))
            .bind(filter.is_active)
            .bind(filter.is_admin)
            .fetch_one(db)))
    }
}

impl Transaction {
    /// Makes an account.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where another account has proven the same address.
    pub async fn insert_user(&mut self, user: &NewUser<'_>, now: Millis) -> Result<User, StorageError> {
        let sql = concatcp!(
            "INSERT INTO users (id, email, email_key, email_verified, name, name_key, avatar_url, is_active, is_admin, \
             admin_generation, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, $8, 0, $9, $9) RETURNING ",
            COLUMNS
        );
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(user.id)
            .bind(user.email)
            .bind(email_key(user.email))
            .bind(user.email_verified)
            .bind(user.name)
            .bind(key(user.name))
            .bind(user.avatar_url)
            .bind(user.is_admin)
            .bind(now)
            .fetch_one(db)))
    }

    /// Changes what a person says of themselves. `None`: there is no such account.
    ///
    /// # Errors
    /// As every statement.
    pub async fn update_user_profile(
        &mut self,
        id: Uuid,
        change: &ProfileChange<'_>,
        now: Millis,
    ) -> Result<Option<User>, StorageError> {
        let sql = concatcp!(
            "UPDATE users SET name = COALESCE($2, name), name_key = COALESCE($3, name_key), \
             avatar_url = CASE WHEN $4 THEN $5 ELSE avatar_url END, updated_at = $6",
            RETURNING
        );
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(id)
            .bind(change.name)
            .bind(change.name.map(key))
            .bind(change.avatar_url.is_some())
            .bind(change.avatar_url.flatten())
            .bind(now)
            .fetch_optional(db)))
    }

    /// Gives the account another address. `None`: there is no such account.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where another account has proven the same address.
    pub async fn set_user_email(
        &mut self,
        id: Uuid,
        email: &str,
        verified: bool,
        now: Millis,
    ) -> Result<Option<User>, StorageError> {
        let sql =
            concatcp!("UPDATE users SET email = $2, email_key = $3, email_verified = $4, updated_at = $5", RETURNING);
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(id)
            .bind(email)
            .bind(email_key(email))
            .bind(verified)
            .bind(now)
            .fetch_optional(db)))
    }

    /// Opens or closes an account. `None`: there is no such account.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_user_active(
        &mut self,
        id: Uuid,
        is_active: bool,
        now: Millis,
    ) -> Result<Option<User>, StorageError> {
        let sql = concatcp!("UPDATE users SET is_active = $2, updated_at = $3", RETURNING);
        let changed = on!(self, db => sqlx::query_as(sql).bind(id).bind(is_active).bind(now).fetch_optional(db));
        // Read afterwards: whoever makes the account a member of another one waits for this, or came before.
        let sql = "SELECT workspace_id FROM memberships WHERE user_id = $1";
        let workspaces: Vec<Uuid> = on!(self, db => sqlx::query_scalar(sql).bind(id).fetch_all(db));
        for workspace in workspaces {
            self.touch(workspace, Scope::User(id), now);
        }
        Ok(changed)
    }

    /// Makes the account an admin of this deployment, or no longer. `None`: there is no such account.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_user_admin(
        &mut self,
        id: Uuid,
        is_admin: bool,
        now: Millis,
    ) -> Result<Option<User>, StorageError> {
        let sql = concatcp!(
            "UPDATE users SET is_admin = $2, admin_generation = admin_generation + CASE WHEN is_admin = $2 THEN 0 ELSE 1 END, \
             updated_at = $3",
            RETURNING
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).bind(is_admin).bind(now).fetch_optional(db)))
    }

    /// Voids every token of the account that was issued before `at`. Never goes back in time.
    /// `None`: there is no such account.
    ///
    /// # Errors
    /// As every statement.
    pub async fn invalidate_user_sessions(&mut self, id: Uuid, at: Millis) -> Result<Option<User>, StorageError> {
        let sql = concatcp!(
            "UPDATE users SET sessions_invalidated_at = \
             CASE WHEN sessions_invalidated_at > $2 THEN sessions_invalidated_at ELSE $2 END",
            RETURNING
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).bind(at).fetch_optional(db)))
    }

    /// Notes a login.
    ///
    /// # Errors
    /// As every statement.
    pub async fn record_user_login(&mut self, id: Uuid, at: Millis) -> Result<Option<User>, StorageError> {
        let sql = concatcp!("UPDATE users SET last_login_at = $2", RETURNING);
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).bind(at).fetch_optional(db)))
    }

    /// The active admins. No other transaction can change them, or finds that there is none, until this one ends: so that
    /// one of them can be kept, and one person become the first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn lock_admins(&mut self) -> Result<Vec<Uuid>, StorageError> {
        const SQL: &str = "SELECT id FROM users WHERE is_admin AND is_active ORDER BY id";
        self.lock(LOCK).await?;
        let sql = self.either(SQL, concatcp!(SQL, " FOR UPDATE"));
        Ok(on!(self, db => sqlx::query_scalar(sql).fetch_all(db)))
    }
}
