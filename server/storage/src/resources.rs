//! What permissions are about.

use std::collections::HashSet;

use const_format::concatcp;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::connection::on;
use crate::derived::Scope;
use crate::{Connection, Millis, Page, PageRequest, Permission, StorageError, Transaction, Visibility};

/// A registered resource.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Resource {
    /// The id of its record, which shares and changes name.
    pub id: Uuid,
    /// The scope it belongs to, its kind there, and its service's own id for it: together its coordinates.
    pub service_name: String,
    pub resource_type: String,
    pub resource_id: Uuid,
    pub workspace_id: Uuid,
    pub owner_id: Uuid,
    pub visibility: Visibility,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// What a resource begins with.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in Resource")]
pub struct NewResource<'a> {
    pub id: Uuid,
    pub at: Coordinates<'a>,
    pub workspace_id: Uuid,
    pub owner_id: Uuid,
    pub visibility: Visibility,
}

/// Where a resource is found without its record's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "as in Resource")]
pub struct Coordinates<'a> {
    pub service_name: &'a str,
    pub resource_type: &'a str,
    pub resource_id: Uuid,
}

/// A resource and what one user has been given of it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ResourceForUser {
    /// The resource.
    #[sqlx(flatten)]
    pub resource: Resource,
    /// What is shared with the user.
    pub user_share: Option<Permission>,
    /// The most that is shared with a group that the user is in now.
    pub group_share: Option<Permission>,
}

/// Which resources a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResourceFilter<'a> {
    /// Only this workspace's.
    pub workspace_id: Option<Uuid>,
    /// Only this scope's.
    pub service_name: Option<&'a str>,
    /// Only of this type.
    pub resource_type: Option<&'a str>,
    /// Only this user's own.
    pub owner_id: Option<Uuid>,
}

const COLUMNS: &str =
    "id, service_name, resource_type, resource_id, workspace_id, owner_id, visibility, created_at, updated_at";
const AT: &str = " WHERE service_name = $1 AND resource_type = $2 AND resource_id = $3";
const OF: &str = "r.id, r.service_name, r.resource_type, r.resource_id, r.workspace_id, r.owner_id, r.visibility, \
                  r.created_at, r.updated_at";
/// `edit` sorts before `view`: the least word is the most that may be done.
const FOR_USER: &str = ", \
    (SELECT MIN(s.permission) FROM shares s WHERE s.permission_id = r.id AND s.user_id = $1) AS user_share, \
    (WITH RECURSIVE mine (group_id) AS (SELECT g.group_id FROM group_members g \
      WHERE g.workspace_id = r.workspace_id AND g.user_id = $1 \
      UNION SELECT n.group_id FROM mine CROSS JOIN group_groups n \
      WHERE n.workspace_id = r.workspace_id AND n.member_group_id = mine.group_id) \
     SELECT MIN(s.permission) FROM mine CROSS JOIN shares s \
     WHERE s.permission_id = r.id AND s.group_id = mine.group_id) AS group_share";
const FILTER: &str = " FROM resources WHERE ($1 IS NULL OR workspace_id = $1) AND ($2 IS NULL OR service_name = $2) \
                      AND ($3 IS NULL OR resource_type = $3) AND ($4 IS NULL OR owner_id = $4)";

/// The most different coordinates of one look-up.
pub const MAX_COORDINATES: usize = 100;

/// The statement of [`Connection::resources_for_user`] for so many coordinates. Joined in the order written, from the
/// coordinates to the resources: SQLite would go the other way.
fn look_up(slots: usize) -> String {
    let places: Vec<_> =
        (0..slots).map(|slot| format!("(${}, ${}, ${})", slot * 3 + 2, slot * 3 + 3, slot * 3 + 4)).collect();
    format!(
        "WITH wanted (service_name, resource_type, resource_id) AS (VALUES {}) SELECT {OF}{FOR_USER} \
         FROM wanted w CROSS JOIN resources r WHERE r.service_name = w.service_name \
         AND r.resource_type = w.resource_type AND r.resource_id = w.resource_id",
        places.join(", ")
    )
}

impl Connection {
    /// The resource whose record has this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn resource(&mut self, id: Uuid) -> Result<Option<Resource>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, " FROM resources WHERE id = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db)))
    }

    /// The resource at these coordinates.
    ///
    /// # Errors
    /// As every statement.
    pub async fn resource_at(&mut self, at: &Coordinates<'_>) -> Result<Option<Resource>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, " FROM resources", AT);
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(at.service_name)
            .bind(at.resource_type)
            .bind(at.resource_id)
            .fetch_optional(db)))
    }

    /// Those of the resources at these coordinates that are registered, with what the user has been given of each: in
    /// one statement, each once, in no order. What the tuples of the workspace's store are compared with.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] for more than [`MAX_COORDINATES`].
    pub async fn resources_for_user(
        &mut self,
        user_id: Uuid,
        coordinates: &[Coordinates<'_>],
    ) -> Result<Vec<ResourceForUser>, StorageError> {
        let wanted: Vec<_> = coordinates.iter().collect::<HashSet<_>>().into_iter().collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        if wanted.len() > MAX_COORDINATES {
            return Err(StorageError::Invalid);
        }
        // Filled up with NULLs, which no resource has, to a power of two: a connection then prepares eight texts and not
        // a hundred.
        let slots = wanted.len().next_power_of_two();
        let sql = look_up(slots);
        Ok(on!(self, db => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(user_id);
            for slot in 0..slots {
                let at = wanted.get(slot);
                query = query
                    .bind(at.map(|at| at.service_name))
                    .bind(at.map(|at| at.resource_type))
                    .bind(at.map(|at| at.resource_id));
            }
            query.fetch_all(db)
        }))
    }

    /// Resources, the youngest first.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] where the page begins after a row of another list.
    pub async fn resources(
        &mut self,
        filter: &ResourceFilter<'_>,
        page: &PageRequest,
    ) -> Result<Page<Resource>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            COLUMNS,
            FILTER,
            " AND (created_at, id) < ($5, $6) ORDER BY created_at DESC, id DESC LIMIT $7"
        );
        let (before, id) = page.start_from_number()?;
        let rows: Vec<Resource> = on!(self, db => sqlx::query_as(sql)
            .bind(filter.workspace_id)
            .bind(filter.service_name)
            .bind(filter.resource_type)
            .bind(filter.owner_id)
            .bind(before)
            .bind(id)
            .bind(page.rows())
            .fetch_all(db));
        Ok(Page::new(rows, page, |row| (row.created_at.to_string(), row.id)))
    }

    /// How many resources the filter lets through.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_resources(&mut self, filter: &ResourceFilter<'_>) -> Result<i64, StorageError> {
        let sql = concatcp!("SELECT COUNT(*)", FILTER);
        Ok(on!(self, db => sqlx::query_scalar(sql)
            .bind(filter.workspace_id)
            .bind(filter.service_name)
            .bind(filter.resource_type)
            .bind(filter.owner_id)
            .fetch_one(db)))
    }
}

impl Transaction {
    /// Registers a resource.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where one is registered at these coordinates, [`StorageError::Reference`] where there
    /// is no such workspace or owner.
    pub async fn insert_resource(&mut self, new: &NewResource<'_>, now: Millis) -> Result<Resource, StorageError> {
        let sql = concatcp!(
            "INSERT INTO resources (",
            COLUMNS,
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING ",
            COLUMNS
        );
        let made: Resource = on!(self, db => sqlx::query_as(sql)
            .bind(new.id)
            .bind(new.at.service_name)
            .bind(new.at.resource_type)
            .bind(new.at.resource_id)
            .bind(new.workspace_id)
            .bind(new.owner_id)
            .bind(new.visibility)
            .bind(now)
            .fetch_one(db));
        self.touch(made.workspace_id, Scope::resource(&made), now);
        Ok(made)
    }

    /// Shows a resource to the workspace, or hides it. `None`: there is no such resource.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_resource_visibility(
        &mut self,
        id: Uuid,
        visibility: Visibility,
        now: Millis,
    ) -> Result<Option<Resource>, StorageError> {
        let sql = concatcp!("UPDATE resources SET visibility = $2, updated_at = $3 WHERE id = $1 RETURNING ", COLUMNS);
        let changed = on!(self, db => sqlx::query_as(sql).bind(id).bind(visibility).bind(now).fetch_optional(db));
        Ok(self.touched_resource(changed, now))
    }

    /// Gives a resource to another owner. `None`: there is no such resource.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such user.
    pub async fn set_resource_owner(
        &mut self,
        id: Uuid,
        owner_id: Uuid,
        now: Millis,
    ) -> Result<Option<Resource>, StorageError> {
        let sql = concatcp!("UPDATE resources SET owner_id = $2, updated_at = $3 WHERE id = $1 RETURNING ", COLUMNS);
        let changed = on!(self, db => sqlx::query_as(sql).bind(id).bind(owner_id).bind(now).fetch_optional(db));
        Ok(self.touched_resource(changed, now))
    }

    /// Forgets a resource and its shares. False: there is no such resource.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_resource(&mut self, id: Uuid, now: Millis) -> Result<bool, StorageError> {
        let sql = concatcp!("DELETE FROM resources WHERE id = $1 RETURNING ", COLUMNS);
        let gone = on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db));
        Ok(self.touched_resource(gone, now).is_some())
    }

    fn touched_resource(&mut self, resource: Option<Resource>, now: Millis) -> Option<Resource> {
        if let Some(resource) = &resource {
            self.touch(resource.workspace_id, Scope::resource(resource), now);
        }
        resource
    }
}

#[cfg(test)]
mod tests {
    use crate::plans::assert_plan;

    #[tokio::test]
    async fn a_batch_goes_from_coordinates_to_resources() {
        let indexes = [
            "sqlite_autoindex_resources_2",
            "sqlite_autoindex_shares_2",
            "group_members_by_user",
            "group_groups_by_member",
            "sqlite_autoindex_shares_3",
        ];
        for slots in [1, 128] {
            assert_plan(&super::look_up(slots), &indexes).await;
        }
    }
}
