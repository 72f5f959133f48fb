//! Answers off the hot path, as JSON.

use alloc::string::String;

use sentinel_core::{Decision, Identity, Policy, Text};

use crate::json::{member, name, number, put, text, truth};

/// What TypeScript calls the texts of an identity.
const TEXTS: [(Text, &str); Text::COUNT] = [
    (Text::Username, "username"),
    (Text::Email, "email"),
    (Text::Name, "name"),
    (Text::GivenName, "givenName"),
    (Text::FamilyName, "familyName"),
    (Text::WorkspaceId, "workspaceId"),
    (Text::WorkspaceSlug, "workspaceSlug"),
    (Text::OrganizationId, "organizationId"),
    (Text::OrganizationSlug, "organizationSlug"),
    (Text::IdpSubject, "idpSubject"),
    (Text::Issuer, "issuer"),
    (Text::JwtId, "jwtId"),
];

/// `Identity` of `npm/src/claims.ts`.
pub(crate) fn identity(out: &mut String, identity: &Identity) {
    put(out, "{");
    member(out, "userId", identity.user_id());
    for (which, key) in TEXTS {
        if let Some(value) = identity.text(which) {
            member(out, key, value);
        }
    }
    if let Some(verified) = identity.email_verified() {
        name(out, "emailVerified");
        truth(out, verified);
    }
    if let Some(at) = identity.issued_at() {
        name(out, "issuedAt");
        number(out, at.seconds());
    }
    if let Some(role) = identity.role() {
        member(out, "role", role);
    }
    list(out, "roles", &mut identity.roles());
    list(out, "groups", &mut identity.groups());
    list(out, "actions", &mut identity.actions());
    put(out, "}");
}

/// `Decision` of `npm/src/verifier.ts`.
pub(crate) fn decision(out: &mut String, policy: &Policy, decision: &Decision) {
    put(out, "{");
    name(out, "allow");
    truth(out, decision.allow());
    member(out, "reason", decision.reason().as_str());
    member(out, "explanation", &policy.explain(decision));
    put(out, "}");
}

#[inline(never)]
fn list(out: &mut String, key: &str, values: &mut dyn Iterator<Item = &str>) {
    name(out, key);
    put(out, "[");
    for value in values {
        if !out.ends_with('[') {
            put(out, ",");
        }
        text(out, value);
    }
    put(out, "]");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_text_in_order() {
        for (index, (which, _)) in TEXTS.iter().enumerate() {
            assert_eq!(*which as usize, index);
        }
    }
}
