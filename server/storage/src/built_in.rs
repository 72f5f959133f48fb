//! The built-in types of a workspace's store, and how rows are called there.
//!
//! In the store that belongs to a workspace these types are Sentinel's: their tuples say what the rows of memberships,
//! groups, resources and shares say, and are written with them (`derived.rs`), never by name.

use uuid::Uuid;

use crate::{Coordinates, Grantee, Permission, TupleName, WorkspaceRole};

/// The types whose tuples are Sentinel's in a workspace's store, in the order of their names.
pub const BUILT_IN_TYPES: [&str; 4] = ["group", "resource", "user", "workspace"];

/// The relations of the built-in types, each with tuples of its own or not: what can be said of a group, ...
pub(crate) const GROUP_RELATIONS: [&str; 1] = ["member"];
/// ... and of a resource.
pub(crate) const RESOURCE_RELATIONS: [&str; 7] =
    ["edit", "owner", "shared_edit", "shared_view", "shown_to", "view", "workspace"];

/// Whether the type is one of [`BUILT_IN_TYPES`].
#[must_use]
pub fn is_built_in(type_name: &str) -> bool {
    BUILT_IN_TYPES.contains(&type_name)
}

/// A member as tuples name them: `user:ID`.
#[must_use]
pub fn user_name(id: Uuid) -> String {
    format!("user:{id}")
}

/// A resource's id in its type: `SERVICE/TYPE/ID`. A `:`, which no id may have, is written `~`, which no service and no
/// resource type has.
#[must_use]
pub fn resource_id(at: &Coordinates<'_>) -> String {
    format!("{}{}", resources_of(at.service_name, at.resource_type), at.resource_id)
}

/// What the ids of all resources of a kind begin with: `SERVICE/TYPE/`.
#[must_use]
pub fn resources_of(service_name: &str, resource_type: &str) -> String {
    format!("{service_name}/{resource_type}/").replace(':', "~")
}

/// What the ids of all resources of a scope begin with: `SERVICE/`.
#[must_use]
pub fn resources_of_scope(service_name: &str) -> String {
    format!("{service_name}/").replace(':', "~")
}

/// What is shared with a group is shared with its members.
pub(crate) fn grantee_name(grantee: Grantee) -> String {
    match grantee {
        Grantee::User(id) => user_name(id),
        Grantee::Group(id) => format!("group:{id}#member"),
    }
}

fn tuple(object_type: &str, object_id: String, relation: &str, subject: String) -> TupleName {
    TupleName { object_type: object_type.to_owned(), object_id, relation: relation.to_owned(), subject }
}

pub(crate) fn role(workspace_id: Uuid, user_id: Uuid, role: WorkspaceRole) -> TupleName {
    tuple("workspace", workspace_id.to_string(), role.as_str(), user_name(user_id))
}

pub(crate) fn group_member(group_id: Uuid, user_id: Uuid) -> TupleName {
    tuple("group", group_id.to_string(), "member", user_name(user_id))
}

/// Who is in the one group is in the other, too.
pub(crate) fn group_in_group(group_id: Uuid, member_group_id: Uuid) -> TupleName {
    tuple("group", group_id.to_string(), "member", grantee_name(Grantee::Group(member_group_id)))
}

pub(crate) fn owner(resource: &str, user_id: Uuid) -> TupleName {
    tuple("resource", resource.to_owned(), "owner", user_name(user_id))
}

/// The workspace that a resource lives in, whose admins may all.
pub(crate) fn within(resource: &str, workspace_id: Uuid) -> TupleName {
    tuple("resource", resource.to_owned(), "workspace", format!("workspace:{workspace_id}"))
}

/// The workspace whose members see a resource.
pub(crate) fn shown(resource: &str, workspace_id: Uuid) -> TupleName {
    tuple("resource", resource.to_owned(), "shown_to", format!("workspace:{workspace_id}"))
}

pub(crate) fn shared(resource: &str, permission: Permission, grantee: Grantee) -> TupleName {
    let relation = match permission {
        Permission::View => "shared_view",
        Permission::Edit => "shared_edit",
    };
    tuple("resource", resource.to_owned(), relation, grantee_name(grantee))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_one_name_and_no_colon_in_it() {
        let at = |service_name, resource_type| Coordinates { service_name, resource_type, resource_id: Uuid::nil() };
        let nil = "00000000-0000-0000-0000-000000000000";
        assert_eq!(resource_id(&at("docs", "file:pdf")), format!("docs/file~pdf/{nil}"));
        assert_eq!(resource_id(&at("docs", "file.pdf")), format!("docs/file.pdf/{nil}"));
        // The longest of both still fits into OpenFGA's 256 octets.
        let longest = resource_id(&at(&"s".repeat(63), &"t".repeat(100)));
        assert!("resource:".len() + longest.len() <= 256);
    }

    #[test]
    fn types_are_in_order() {
        assert!(BUILT_IN_TYPES.is_sorted());
        assert!(is_built_in("resource") && !is_built_in("document") && !is_built_in("Resource"));
    }
}
