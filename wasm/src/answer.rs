//! Answers off the hot path, as JSON.

use alloc::string::String;

use sentinel_core::{Decision, Identity, Policy, Text};

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

/// Not at the place of each call: together these would weigh kilobytes.
#[inline(never)]
fn put(out: &mut String, text: &str) {
    out.push_str(text);
}

fn truth(out: &mut String, value: bool) {
    put(out, if value { "true" } else { "false" });
}

/// A member, with a comma before it where it is not the first.
#[inline(never)]
fn name(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        put(out, ",");
    }
    text(out, name);
    put(out, ":");
}

#[inline(never)]
fn member(out: &mut String, key: &str, value: &str) {
    name(out, key);
    text(out, value);
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

/// A JSON string (RFC 8259 §7).
#[inline(never)]
fn text(out: &mut String, value: &str) {
    put(out, "\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => {
                put(out, "\\");
                out.push(character);
            }
            '\0'..='\x1f' => {
                put(out, if character < '\x10' { "\\u000" } else { "\\u001" });
                out.push(char::from_digit(character as u32 & 15, 16).unwrap_or('0'));
            }
            _ => out.push(character),
        }
    }
    put(out, "\"");
}

/// Whole seconds. Without `core::fmt`, which would weigh more than all of this.
fn number(out: &mut String, value: i64) {
    if value < 0 {
        put(out, "-");
    }
    let mut digits = [0u8; 20];
    let mut rest = value.unsigned_abs();
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = (rest % 10) as u8 + b'0';
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(digits.len() - count).copied().map(char::from));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_json() {
        let mut out = String::new();
        text(&mut out, "a\"\\\u{1}\u{1f}\n\u{7f}é\u{2028}😀");
        assert_eq!(out, "\"a\\\"\\\\\\u0001\\u001f\\u000a\u{7f}é\u{2028}😀\"");
        for value in [0, 7, 10, 1_700_000_000, -1, i64::MAX, i64::MIN] {
            out.clear();
            number(&mut out, value);
            assert_eq!(out, value.to_string());
        }
    }

    #[test]
    fn names_every_text_in_order() {
        for (index, (which, _)) in TEXTS.iter().enumerate() {
            assert_eq!(*which as usize, index);
        }
    }
}
