//! JSON (RFC 8259), written into a text. `core::fmt` would weigh more than all of this.

use alloc::string::String;

/// Not at the place of each call: together these would weigh kilobytes.
#[inline(never)]
pub(crate) fn put(out: &mut String, text: &str) {
    out.push_str(text);
}

pub(crate) fn truth(out: &mut String, value: bool) {
    put(out, if value { "true" } else { "false" });
}

/// A member, with a comma before it where it is not the first.
#[inline(never)]
pub(crate) fn name(out: &mut String, name: &str) {
    if !out.ends_with('{') {
        put(out, ",");
    }
    text(out, name);
    put(out, ":");
}

#[inline(never)]
pub(crate) fn member(out: &mut String, key: &str, value: &str) {
    name(out, key);
    text(out, value);
}

/// A string (§7).
#[inline(never)]
pub(crate) fn text(out: &mut String, value: &str) {
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

/// A whole number.
pub(crate) fn number(out: &mut String, value: i64) {
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
    use std::string::ToString;

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
}
