//! What a tenant's provider may make of people: by its attributes, never above what the tenant allows, and never an owner.

use std::collections::BTreeMap;

use crate::service::WorkspaceRole;
use crate::service::dialects::TenantRole;

/// The role of someone with these values: the highest that is mapped, else the default, and at most `max`.
pub(super) fn role_of(
    values: &[String],
    mapping: &BTreeMap<String, TenantRole>,
    default: Option<TenantRole>,
    max: TenantRole,
) -> Option<WorkspaceRole> {
    let mapped = values.iter().filter_map(|value| match mapping.get(value) {
        Some(role) => Some(*role),
        // Without a mapping the roles stand for themselves.
        None if mapping.is_empty() => named(value),
        None => None,
    });
    let role = mapped.max().or(default)?.min(max);
    Some(match role {
        TenantRole::Viewer => WorkspaceRole::Viewer,
        TenantRole::Analyst => WorkspaceRole::Editor,
        TenantRole::Admin => WorkspaceRole::Admin,
    })
}

fn named(value: &str) -> Option<TenantRole> {
    [TenantRole::Viewer, TenantRole::Analyst, TenantRole::Admin]
        .into_iter()
        .find(|role| serde_json::to_value(role).is_ok_and(|name| name == value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(
        values: &[&str],
        mapping: &[(&str, TenantRole)],
        default: Option<TenantRole>,
        max: TenantRole,
    ) -> Option<WorkspaceRole> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let mapping = mapping.iter().map(|(value, role)| ((*value).to_owned(), *role)).collect();
        role_of(&values, &mapping, default, max)
    }

    #[test]
    fn the_highest_counts_and_the_cap_holds() {
        use TenantRole::{Admin, Analyst, Viewer};
        let mapping = [("staff", Viewer), ("desk", Analyst), ("it", Admin)];
        let of = |values: &[&str], max| role(values, &mapping, None, max);
        assert_eq!(of(&["staff", "desk"], Admin), Some(WorkspaceRole::Editor));
        assert_eq!(of(&["it", "staff"], Admin), Some(WorkspaceRole::Admin));
        assert_eq!(of(&["it", "staff"], Analyst), Some(WorkspaceRole::Editor));
        assert_eq!(of(&["it"], Viewer), Some(WorkspaceRole::Viewer));
        assert_eq!(of(&["other"], Admin), None);
        assert_eq!(of(&[], Admin), None);
        assert_eq!(role(&["other"], &mapping, Some(Admin), Viewer), Some(WorkspaceRole::Viewer));
        // With a mapping nothing else has a meaning.
        for value in ["admin", "owner", "IT", "it "] {
            assert_eq!(of(&[value], Admin), None, "{value}");
        }
    }

    #[test]
    fn without_a_mapping_roles_stand_for_themselves_and_nobody_is_an_owner() {
        let of = |value| role(&[value], &[], None, TenantRole::Admin);
        assert_eq!(of("analyst"), Some(WorkspaceRole::Editor));
        assert_eq!(of("admin"), Some(WorkspaceRole::Admin));
        for value in ["owner", "Owner", "editor", "platform-admin", ""] {
            assert_eq!(of(value), None, "{value}");
        }
    }
}
