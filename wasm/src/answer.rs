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
    out.push('{');
    name(out, "userId");
    text(out, identity.user_id());
    for (which, key) in TEXTS {
        if let Some(value) = identity.text(which) {
            out.push(',');
            name(out, key);
            text(out, value);
        }
    }
    if let Some(verified) = identity.email_verified() {
        out.push(',');
        name(out, "emailVerified");
        out.push_str(if verified { "true" } else { "false" });
    }
    if let Some(at) = identity.issued_at() {
        out.push(',');
        name(out, "issuedAt");
        number(out, at.seconds());
    }
    if let Some(role) = identity.role() {
        out.push(',');
        name(out, "role");
        text(out, role);
    }
    out.push(',');
    name(out, "roles");
    list(out, identity.roles());
    out.push(',');
    name(out, "groups");
    list(out, identity.groups());
    out.push(',');
    name(out, "actions");
    list(out, identity.actions());
    out.push('}');
}

/// `Decision` of `npm/src/verifier.ts`.
pub(crate) fn decision(out: &mut String, policy: &Policy, decision: &Decision) {
    out.push('{');
    name(out, "allow");
    out.push_str(if decision.allow() { "true" } else { "false" });
    out.push(',');
    name(out, "reason");
    text(out, decision.reason().as_str());
    out.push(',');
    name(out, "explanation");
    text(out, &policy.explain(decision));
    out.push('}');
}

fn name(out: &mut String, name: &str) {
    text(out, name);
    out.push(':');
}

fn list<'a>(out: &mut String, values: impl Iterator<Item = &'a str>) {
    out.push('[');
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.push(',');
        }
        text(out, value);
    }
    out.push(']');
}

/// A JSON string (RFC 8259 §7).
fn text(out: &mut String, value: &str) {
    out.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\0'..='\x1f' => {
                out.push_str("\\u00");
                out.push(if character < '\x10' { '0' } else { '1' });
                out.push(char::from_digit(character as u32 & 15, 16).unwrap_or('0'));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// Whole seconds. Without `core::fmt`, which would weigh more than all of this.
fn number(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
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
