//! Which usernames a person may get.

use sentinel_keys::secrets;

use super::{Directory, Username};

/// The letters of marks: digits and letters that are not taken for one another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// How long marks are: 40 bits, and where somebody has that, 80 and 160.
const MARKS: [usize; 3] = [8, 16, 32];

/// Who somebody is, as far as it is proven.
#[derive(Clone, Copy, Debug)]
pub enum Person<'a> {
    /// Who has proven this address.
    Address(&'a str),
    /// Whom an issuer calls by this subject, and whose address nobody has proven.
    Subject {
        /// The issuer.
        issuer: &'a str,
        /// The issuer's name for the person.
        subject: &'a str,
        /// What they call themselves: an address or a name. It proves nothing.
        hint: &'a str,
    },
}

/// The usernames that a person may get, in their order: the first that nobody has is theirs.
///
/// INVARIANT: all of it follows from who the person is and from the directory alone. The order in which people come
/// decides at most which of two people who may both have the plain name gets it, and with [`Directory::domain`] set not
/// even that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    plain: Option<Username>,
    hint: String,
    hash: [u8; 32],
}

impl Candidates {
    /// Those of a person.
    #[must_use]
    pub fn of(person: &Person<'_>, directory: &Directory) -> Self {
        match person {
            Person::Address(address) => {
                // As accounts compare addresses: the case of ASCII letters does not count.
                let address = address.trim().to_ascii_lowercase();
                let hash = secrets::hash(format!("address\n{address}").as_bytes());
                Self { plain: directory.plain_name(&address), hint: address, hash }
            }
            Person::Subject { issuer, subject, hint } => {
                // Lengths first: no two people are written the same.
                let text = format!("subject\n{}\n{issuer}\n{subject}", issuer.len());
                // Never the plain name: a local part that nobody has proven is what anybody could say.
                Self { plain: None, hint: (*hint).to_owned(), hash: secrets::hash(text.as_bytes()) }
            }
        }
    }

    /// Them.
    pub fn iter(&self) -> impl Iterator<Item = Username> + '_ {
        let marked = MARKS.iter().map(|length| Username::marked(&self.hint, &self.mark(*length)));
        self.plain.clone().into_iter().chain(marked)
    }

    fn mark(&self, length: usize) -> String {
        let letter = |five: u16| LETTERS.get(usize::from(five)).copied().map_or('0', char::from);
        // Five bits each, the first first: of 256 bits there are 51.
        let bit = |at: usize| self.hash.get(at / 8).map_or(0, |octet| u16::from(octet >> (7 - at % 8) & 1));
        (0..length).map(|at| letter((0..5).fold(0, |five, next| five << 1 | bit(at * 5 + next)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(person: &Person<'_>) -> Vec<String> {
        Candidates::of(person, &Directory::default()).iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn the_plain_name_first_and_then_a_mark_of_their_own() {
        let ada = names(&Person::Address("Ada.Lovelace@Firm.example"));
        assert_eq!(ada, names(&Person::Address("ada.lovelace@firm.example")));
        assert_eq!(ada[0], "ada_lovelace");
        assert!(ada[1].starts_with("ada_lovelace-") && ada[1].len() == "ada_lovelace-".len() + 8);
        let other = names(&Person::Address("ada.lovelace@other.example"));
        assert_eq!(other[0], "ada_lovelace");
        assert_ne!(ada[1], other[1]);
    }

    #[test]
    fn who_has_proven_nothing_has_no_plain_name() {
        let person = |issuer, subject| Person::Subject { issuer, subject, hint: "ada@firm.example" };
        let (one, other) = (names(&person("https://a.example", "1")), names(&person("https://a.example", "2")));
        assert!(one[0].starts_with("ada-") && other[0].starts_with("ada-"));
        assert_ne!(one, other);
        assert_ne!(names(&person("https://a.example", "\n1")), names(&person("https://a.example\n", "1")));
    }

    #[test]
    fn a_mark_is_written_as_its_bits() {
        let all = Candidates { plain: None, hint: "a".into(), hash: [0xff; 32] };
        assert_eq!(all.mark(3), "zzz");
        let one = Candidates { hash: std::array::from_fn(|at| if at == 0 { 0b0000_1000 } else { 0 }), ..all };
        assert_eq!(one.mark(3), "100");
    }
}
