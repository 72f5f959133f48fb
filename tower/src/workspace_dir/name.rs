//! What may stand for a folder or a file: refused or taken as it is, never repaired.

/// Most bytes of one name: what Linux, macOS and Windows take (NAME_MAX).
const NAME_BYTES: usize = 255;
/// Most bytes of a path: Linux' PATH_MAX without its NUL.
const PATH_BYTES: usize = 4095;
/// Most folders in one another.
const DEPTH: usize = 32;
/// What this crate keeps for itself beside what is the users'.
pub(super) const OURS: &str = ".sentinel-";

/// The folder's name of a user: the UUID in lower case, which also `usr_` and the UUID stand for. Nothing else names a user here:
/// one spelling, one folder.
pub(super) fn folder_of(user_id: &str) -> Result<&str, &'static str> {
    let id = user_id.strip_prefix("usr_").unwrap_or(user_id);
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_uuid = id.len() == 36
        && id
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { is_digit(byte) });
    if !is_uuid {
        return Err("the user's id is no UUID");
    }
    // Nil and Max (RFC 9562 §5.9, §5.10): what programs write for "no user" is not the name of one.
    let all = |digit: u8| id.bytes().all(|byte| byte == b'-' || byte == digit);
    if all(b'0') || all(b'f') {
        return Err("the user's id is the one of nobody");
    }
    Ok(id)
}

/// The names on the way, without any that another reader could take for something else. The empty path has none.
pub(super) fn parts(path: &str) -> Result<Vec<&str>, &'static str> {
    if path.is_empty() {
        return Ok(Vec::new());
    }
    if path.len() > PATH_BYTES {
        return Err("the path is longer than 4095 bytes");
    }
    let parts: Vec<&str> = path.split('/').collect();
    if parts.len() > DEPTH {
        return Err("the path has more than 32 names");
    }
    parts.iter().try_for_each(|name| check(name))?;
    Ok(parts)
}

/// Whether it is the name of a user's file or folder on every system.
pub(super) fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("the path has an empty name");
    }
    if name.len() > NAME_BYTES {
        return Err("a name is longer than 255 bytes");
    }
    // `.` and `..`; Windows drops dots and spaces at the end.
    if name.ends_with(['.', ' ']) || name.starts_with(' ') {
        return Err("a name ends with a dot, or begins or ends with a space");
    }
    // `.git` and `..x` are names; `..;` is the parent to whoever cuts parameters off.
    let after_dots = name.trim_start_matches('.').chars().next();
    if name.starts_with('.')
        && after_dots.is_some_and(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_~".contains(c))
    {
        return Err("a name is dots with something after them");
    }
    if name.chars().any(|c| matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')) {
        return Err("a name has a character that separates or stands for others on some system");
    }
    if name.chars().any(is_invisible) {
        return Err("a name has a control character, or one that is not seen");
    }
    if name.chars().any(is_confusable) {
        return Err("a name has a character that some readers take for a delimiter");
    }
    if is_escaped(name) {
        return Err("a name is escaped still");
    }
    if is_device(name) {
        return Err("a name is a device's on Windows");
    }
    if name.get(..OURS.len()).is_some_and(|start| start.eq_ignore_ascii_case(OURS)) {
        return Err("a name begins with .sentinel-");
    }
    Ok(())
}

/// `%` with two hexadecimal digits, or in the form of IIS with `u` and four: whoever decodes once more reads another name.
fn is_escaped(name: &str) -> bool {
    name.split('%').skip(1).any(|rest| {
        let rest = rest.as_bytes();
        let digits = |digits: Option<&[u8]>| digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        digits(rest.get(..2)) || (matches!(rest.first(), Some(b'u' | b'U')) && digits(rest.get(1..5)))
    })
}

/// Windows' devices, with any extension and in any case.
fn is_device(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered = |device: &str| {
        let number = base.strip_prefix(device).map(|rest| rest.chars().collect::<Vec<_>>());
        matches!(number.as_deref(), Some(['0'..='9' | '¹' | '²' | '³']))
    };
    matches!(base.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT")
}

/// Controls (C0, C1), line ends, formats that reorder or join what is beside them, what stands for a lost character, and
/// noncharacters.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{fdd0}'..='\u{fdef}' | '\u{e0000}'..='\u{e007f}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// What compatibility mappings (UAX #15 NFKC, Windows' best fit) turn into `/ \ . % : ; ? #`, as in core's route paths.
fn is_confusable(c: char) -> bool {
    matches!(c,
        '\u{2024}'..='\u{2026}' | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{2236}' | '\u{29f5}' | '\u{29f8}' | '\u{29f9}'
        | '\u{fe13}' | '\u{fe52}' | '\u{fe54}'..='\u{fe56}' | '\u{fe5f}' | '\u{fe68}' | '\u{fe6a}' | '\u{ff03}' | '\u{ff05}'
        | '\u{ff0e}' | '\u{ff0f}' | '\u{ff1a}' | '\u{ff1b}' | '\u{ff1f}' | '\u{ff3c}' | '\u{ff61}' | '\u{a789}' | '\u{a5}' | '\u{20a9}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "11111111-1111-4111-8111-111111111111";

    #[test]
    fn one_spelling_names_a_user() {
        assert_eq!(folder_of(ADA), Ok(ADA));
        assert_eq!(folder_of(&format!("usr_{ADA}")), Ok(ADA));
        let upper = "AAAAAAAA-1111-4111-8111-111111111111";
        for hostile in [
            "",
            ".",
            "..",
            "/",
            "u1",
            "1",
            "usr_",
            "usr_1",
            "*",
            "root",
            "uid-jane_smith",
            upper,
            "11111111111141118111111111111111",
            "{11111111-1111-4111-8111-111111111111}",
            "urn:uuid:11111111-1111-4111-8111-111111111111",
            "usr_usr_11111111-1111-4111-8111-111111111111",
            "USR_11111111-1111-4111-8111-111111111111",
            "ten_11111111-1111-4111-8111-111111111111",
            "11111111-1111-4111-8111-11111111111/",
            "11111111-1111-4111-8111-1111111111..",
            "../11111111-1111-4111-8111-111111111111",
            "11111111-1111-4111-8111-111111111111/..",
            "11111111-1111-4111-8111-111111111111\0",
            "11111111-1111-4111-8111-111111111111 ",
            " 11111111-1111-4111-8111-111111111111",
            "11111111-1111-4111-8111-111111111111\n",
            "11111111-1111-4111-8111-11111111111\u{ff11}",
            "11111111\u{2010}1111-4111-8111-111111111111",
            "..................................../",
            "------------------------------------",
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "usr_00000000-0000-0000-0000-000000000000",
        ] {
            assert!(folder_of(hostile).is_err(), "{hostile:?}");
        }
        assert!(folder_of(&"1".repeat(36)).is_err() && folder_of(&"1".repeat(1 << 20)).is_err());
    }

    #[test]
    fn names_that_are_the_same_to_every_reader() {
        for good in [
            "a",
            "notes.txt",
            ".git",
            ".hidden",
            "..x",
            "...x",
            "a b.txt",
            "Übergabe.md",
            "日本語.txt",
            "50% off",
            "100%",
            "%zz",
            "%us",
            "50%u",
            "a;b",
            "a&b=c",
            "~",
            "~root",
            "$HOME",
            "-rf",
            "con-man",
            "COM10",
            "console",
            "auxiliary.txt",
            "nul-",
            "a'b",
            "café",
        ] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        assert_eq!(check(&"x".repeat(255)), Ok(()));
        for hostile in [
            "",
            ".",
            "..",
            "...",
            "a.",
            "a ",
            " a",
            "a/b",
            "a\\b",
            "..\\b",
            "C:",
            "c:x",
            "file:stream",
            "a\0",
            "\0",
            "a\nb",
            "a\rb",
            "a\tb",
            "\u{7f}",
            "\u{85}",
            "\u{9b}",
            "%2e%2e",
            "%2E",
            "a%2fb",
            "%00",
            "..;",
            ".;x",
            "..&",
            "%u002e%u002e",
            "a%U2215b",
            "%c0%ae",
            "%5c",
            "..%2f",
            "\u{2024}\u{2024}",
            "\u{2025}",
            "\u{ff0e}\u{ff0e}",
            "\u{fe52}",
            "a\u{2215}b",
            "a\u{2044}b",
            "a\u{ff0f}b",
            "a\u{ff3c}b",
            "a\u{29f8}b",
            "\u{200b}",
            "a\u{202e}txt",
            "\u{feff}a",
            "a\u{200d}",
            "a\u{ad}b",
            "\u{fffd}",
            "\u{ffff}",
            "\u{2028}",
            "\u{e0041}",
            "CON",
            "con",
            "con.txt",
            "Aux",
            "nul",
            "NUL.tar.gz",
            "PRN",
            "com1",
            "COM9.txt",
            "com¹",
            "LPT²",
            "lpt1",
            "conin$",
            "CONOUT$",
            "con .txt",
            "a*",
            "a?",
            "a|b",
            "<a>",
            "\"a\"",
            ".sentinel-workspaces",
            ".SENTINEL-migration",
            ".Sentinel-x",
        ] {
            assert!(check(hostile).is_err(), "{hostile:?}");
        }
        assert!(check(&"x".repeat(256)).is_err() && check(&"ä".repeat(128)).is_err());
    }

    #[test]
    fn paths() {
        assert_eq!(parts(""), Ok(vec![]));
        assert_eq!(parts("a/b/c.txt"), Ok(vec!["a", "b", "c.txt"]));
        for hostile in
            ["/", "/a", "a/", "a//b", "//a", "./a", "a/.", "a/..", "../a", "a/../b", "a/./b", "\\\\host\\share", "C:/x"]
        {
            assert!(parts(hostile).is_err(), "{hostile:?}");
        }
        assert!(parts(&vec!["a"; 32].join("/")).is_ok() && parts(&vec!["a"; 33].join("/")).is_err());
        assert!(parts(&vec!["x".repeat(200); 21].join("/")).is_err());
    }
}
