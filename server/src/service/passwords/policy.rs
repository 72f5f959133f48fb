//! What a password must be, and the one form in which it is hashed.

use std::collections::HashSet;
use std::sync::LazyLock;

use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;

/// Least characters.
pub const LEAST: usize = 12;
/// Most characters: OWASP ASVS 4.0.3, V2.1.2, which wants 64 to be allowed (as NIST SP 800-63B-4 §3.1.1.2 does) and more
/// than 128 to be refused, so that nobody sends a book to be hashed.
pub const MOST: usize = 128;
/// Most octets that are looked at at all: 128 characters of four, twice, since normalizing can shorten.
const OCTETS: usize = 2 * 4 * MOST;
/// Characters that must be left when what is known of the person is taken away.
const OWN: usize = 8;
/// Shortest word of a person's that counts, and shortest common password.
const WORD: usize = 3;
/// Most characters around a common password that do not make it another one: `Summer2024!!!!`.
const AROUND: usize = 8;
/// Fewest different characters.
const DIFFERENT: usize = 5;

/// Passwords that were in breaches most often, in lower case, one a line. Where it is from: `common-passwords.LICENSE`.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common-passwords.txt").lines().collect());

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Fewer than [`LEAST`] characters.
    TooShort,
    /// More than [`MOST`].
    TooLong,
    /// A character that no keyboard writes.
    ControlCharacter,
    /// No upper-case letter.
    NoUpper,
    /// No lower-case letter.
    NoLower,
    /// No digit.
    NoDigit,
    /// Nothing but letters and digits.
    NoSymbol,
    /// The same few characters again and again.
    Repeated,
    /// Mostly the person's own name or address.
    Personal,
    /// One of those that were in breaches most often, or one of them with something around it.
    Breached,
    /// One of the last that the account had.
    UsedBefore,
}

impl Violation {
    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::ControlCharacter => "control_character",
            Self::NoUpper => "no_upper",
            Self::NoLower => "no_lower",
            Self::NoDigit => "no_digit",
            Self::NoSymbol => "no_symbol",
            Self::Repeated => "repeated",
            Self::Personal => "personal",
            Self::Breached => "breached",
            Self::UsedBefore => "used_before",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::TooShort => "use at least 12 characters",
            Self::TooLong => "use at most 128 characters",
            Self::ControlCharacter => "leave control characters out",
            Self::NoUpper => "add an upper-case letter",
            Self::NoLower => "add a lower-case letter",
            Self::NoDigit => "add a digit",
            Self::NoSymbol => "add a symbol",
            Self::Repeated => "do not repeat the same few characters",
            Self::Personal => "leave your name and address out",
            Self::Breached => "choose one that is not known from breaches",
            Self::UsedBefore => "choose one that you have not had lately",
        }
    }
}

/// The form that is hashed: NFKC (NIST SP 800-63B-4 §3.1.1.2), so that a password is the same whichever keyboard, input
/// method or system writes it. `None` for one that is too long to be anybody's.
#[must_use]
pub fn normalize(secret: &SecretString) -> Option<SecretString> {
    let typed = secret.expose_secret();
    if typed.len() > OCTETS {
        return None;
    }
    // With room from the start: growing would leave parts of it behind in memory that was given back.
    let mut text = String::with_capacity(4 * OCTETS);
    for (count, character) in typed.nfkc().enumerate() {
        if count == MOST {
            return None;
        }
        text.push(character);
    }
    Some(SecretString::from(text))
}

/// What is wrong with a password in its normal form, for a person with this name and address; empty where nothing is.
#[must_use]
pub fn violations(secret: &SecretString, name: &str, email: &str) -> Vec<Violation> {
    let text = secret.expose_secret();
    let lower = text.to_lowercase();
    let has = |is: fn(char) -> bool| text.chars().any(is);
    let count = text.chars().count();
    [
        (count < LEAST, Violation::TooShort),
        (count > MOST, Violation::TooLong),
        (has(char::is_control), Violation::ControlCharacter),
        (!has(char::is_uppercase), Violation::NoUpper),
        (!has(char::is_lowercase), Violation::NoLower),
        (!has(char::is_numeric), Violation::NoDigit),
        (!has(|character| !character.is_alphanumeric() && !character.is_control()), Violation::NoSymbol),
        (is_repeated(&lower), Violation::Repeated),
        (is_personal(&lower, name, email), Violation::Personal),
        (is_breached(&lower), Violation::Breached),
    ]
    .into_iter()
    .filter_map(|(is, violation)| is.then_some(violation))
    .collect()
}

/// A part again and again, or hardly any different characters.
fn is_repeated(lower: &str) -> bool {
    let characters: Vec<char> = lower.chars().collect();
    let different: HashSet<&char> = characters.iter().collect();
    let is_period = |period: usize| {
        characters.len().is_multiple_of(period)
            && characters.iter().zip(characters.iter().skip(period)).all(|(one, next)| one == next)
    };
    different.len() < DIFFERENT || (1..=characters.len() / 2).any(is_period)
}

/// Hardly anything is left without the person's name and address.
fn is_personal(lower: &str, name: &str, email: &str) -> bool {
    let known = format!("{name} {email}").to_lowercase();
    let mut words: Vec<&str> = known.split(|character: char| !character.is_alphanumeric()).collect();
    words.retain(|word| word.chars().count() >= WORD);
    // Long ones first: `lovelace` before `love`.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = words.iter().fold(lower.to_owned(), |rest, word| rest.replace(word, "\0"));
    let left = rest.chars().filter(|character| *character != '\0').count();
    left < lower.chars().count() && left < OWN
}

/// A password from the list: as it is, or with a few digits and symbols around it, or written with digits and symbols that
/// look like letters.
fn is_breached(lower: &str) -> bool {
    let cores: [&str; 4] = [
        lower,
        lower.trim_matches(|character: char| !character.is_alphanumeric()),
        lower.trim_end_matches(|character: char| !character.is_alphabetic()),
        lower.trim_matches(|character: char| !character.is_alphabetic()),
    ];
    cores.into_iter().any(|core| {
        let (length, whole) = (core.chars().count(), lower.chars().count());
        length > WORD && whole - length <= AROUND && spellings(core).iter().any(|word| COMMON.contains(word.as_str()))
    })
}

/// What a word may stand for: `p@ssw0rd`, `he11o`, `m1ke`.
fn spellings(word: &str) -> [String; 3] {
    let read = |one: char| {
        word.chars()
            .map(|character| match character {
                '0' => 'o',
                '1' | '!' | '|' => one,
                '3' => 'e',
                '4' | '@' => 'a',
                '5' | '$' => 's',
                '7' | '+' => 't',
                other => other,
            })
            .collect()
    };
    [word.to_owned(), read('i'), read('l')]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&'static str> {
        let normal = normalize(&SecretString::from(text)).unwrap();
        violations(&normal, "Ada Lovelace", "ada.lovelace@firm.example").iter().map(|one| one.code()).collect()
    }

    #[test]
    fn good_ones_are_taken() {
        for good in [
            "secure-Passw0rd-of-mine",
            "Tr0ub4dor&3-horse",
            "Correct horse 1 battery",
            "Ünïcödé-käse-7",
            "Ada-likes-7-violins",
            "kX9#mPq2$vLw",
            "Пароль-из-слов-9",
        ] {
            assert_eq!(of(good), [""; 0], "{good}");
        }
        assert_eq!(of(&format!("aB3-{}", "xyzuvw".chars().cycle().take(124).collect::<String>())), [""; 0]);
    }

    #[test]
    fn each_rule_has_its_word() {
        for (bad, violations) in [
            ("kX9#mPq2$vL", &["too_short"][..]),
            ("kx9#mpq2$vlw", &["no_upper"]),
            ("KX9#MPQ2$VLW", &["no_lower"]),
            ("kXn#mPqr$vLw", &["no_digit"]),
            ("kX9nmPq2rvLw", &["no_symbol"]),
            ("kX9#mPq2\u{7}$vLw", &["control_character"]),
            ("", &["too_short", "no_upper", "no_lower", "no_digit", "no_symbol", "repeated"]),
            ("Ab1!Ab1!Ab1!", &["repeated"]),
            ("kX9#mPq2kX9#mPq2", &["repeated"]),
            ("A!a!a!1!a!a!a!a!", &["repeated"]),
            ("Lovelace2024!", &["personal"]),
            ("Ada.Lovelace@Firm.example1", &["personal"]),
            ("Ada-Lovelace-1!", &["personal"]),
        ] {
            assert_eq!(of(bad), violations, "{bad}");
        }
    }

    #[test]
    fn what_was_in_breaches_is_refused_however_it_is_dressed() {
        for bad in [
            "Password1234!",
            "P@ssw0rd12345",
            "!!Password!!11",
            "Qwerty123456!",
            "1Qaz2wsx3edc!",
            "Iloveyou2024!!",
            "Sunshine#2026#",
            "L3tm31n!2024!",
            "Abcdefgh1234!",
        ] {
            assert!(of(bad).contains(&"breached"), "{bad}: {:?}", of(bad));
        }
        // A word from the list inside of something longer is no word from the list.
        assert_eq!(of("Dragon-kX9#mPq2$vLw"), [""; 0]);
    }

    #[test]
    fn the_list_is_whole_and_in_lower_case() {
        assert!(COMMON.len() > 19_000);
        assert!(COMMON.iter().all(|word| *word == word.to_lowercase() && *word == word.trim()));
    }

    #[test]
    fn the_same_password_is_the_same_however_it_is_written() {
        let normal = |text: &str| normalize(&SecretString::from(text)).unwrap().expose_secret().to_owned();
        // Composed and decomposed, full width as East Asian input methods write it, a ligature, a no-break space.
        for (one, other) in
            [("Caf\u{e9}-1", "Cafe\u{301}-1"), ("ＡＢｃ１！", "ABc1!"), ("\u{fb01}x", "fix"), ("a\u{a0}b", "a b")]
        {
            assert_eq!(normal(one), normal(other));
        }
        assert_eq!(normal("Groß-7"), "Groß-7", "case stays");
    }

    #[test]
    fn what_is_too_long_is_nobody_s() {
        let of = |count: usize| normalize(&SecretString::from("x".repeat(count))).is_some();
        assert!(of(128) && !of(129) && !of(1_000_000));
        // One character that becomes 18.
        assert!(normalize(&SecretString::from("\u{fdfa}".repeat(7))).is_some());
        assert!(normalize(&SecretString::from("\u{fdfa}".repeat(8))).is_none());
    }
}
