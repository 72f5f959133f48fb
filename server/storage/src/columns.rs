//! How values that no column type fits are written as text, and read back.

use sqlx::error::BoxDynError;
use uuid::Uuid;

use crate::StorageError;

/// A JSON array of strings.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct StringList(String);

impl StringList {
    pub(crate) fn encode(list: &[String]) -> String {
        serde_json::Value::from_iter(list.iter().map(String::as_str)).to_string()
    }
}

impl TryFrom<StringList> for Vec<String> {
    type Error = serde_json::Error;

    fn try_from(list: StringList) -> Result<Self, Self::Error> {
        serde_json::from_str(&list.0)
    }
}

/// Ids with commas between them, in whichever spelling the database has for them.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct IdList(String);

impl TryFrom<IdList> for Vec<Uuid> {
    type Error = BoxDynError;

    fn try_from(list: IdList) -> Result<Self, Self::Error> {
        list.0.split(',').filter(|id| !id.is_empty()).map(|id| Ok(id.parse()?)).collect()
    }
}

impl IdList {
    pub(crate) fn encode(ids: &[Uuid]) -> String {
        ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
    }

    /// The ids, in the order of the text.
    pub(crate) fn ids(self) -> Result<Vec<Uuid>, StorageError> {
        self.try_into().map_err(|error| StorageError::Broken(sqlx::Error::Decode(error)))
    }
}

/// The groups of a user in a workspace as an [`IdList`]; `m` is the membership.
pub(crate) const GROUPS_SQLITE: &str = "COALESCE((SELECT group_concat(hex(g.group_id)) FROM group_members g \
     WHERE g.workspace_id = m.workspace_id AND g.user_id = m.user_id), '')";
/// As [`GROUPS_SQLITE`].
pub(crate) const GROUPS_POSTGRES: &str = "COALESCE((SELECT string_agg(g.group_id::text, ',') FROM group_members g \
     WHERE g.workspace_id = m.workspace_id AND g.user_id = m.user_id), '')";
