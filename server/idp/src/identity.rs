//! Who someone is, as a provider proved it.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::ProviderConfig;
use crate::config::GOOGLE;

/// Longest subject (OpenID Connect Core §2).
const SUBJECT_BYTES: usize = 255;
/// Longest address (RFC 5321 §4.5.3.1.3, less the angle brackets).
const EMAIL_BYTES: usize = 254;
/// Longest name that is kept; what is longer is cut.
const NAME_CHARACTERS: usize = 256;
/// Longest picture URL that is kept.
const PICTURE_BYTES: usize = 2048;

/// Who someone is. A person is `(issuer, subject)` and nothing else: names and addresses change hands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenIdentity {
    /// The provider's name in the configuration.
    pub provider: String,
    /// The issuer. For Entra ID the one of the person's own tenant; for GitHub `https://github.com`.
    pub issuer: String,
    /// The issuer's name for the person, never given to another one. Compared octet by octet.
    pub subject: String,
    /// An e-mail address, as the provider writes it. Without [`Self::email_verified`] it is only what someone typed.
    pub email: Option<String>,
    /// Whether the address is proven to be the person's: the provider verified it, and this provider's word counts.
    pub email_verified: bool,
    /// The person's own user name there (`preferred_username`, GitHub's login). It can change and names nobody.
    pub username: Option<String>,
    /// A name to show.
    pub name: Option<String>,
    /// The given name, where the provider tells it apart.
    pub given_name: Option<String>,
    /// The family name, where the provider tells it apart.
    pub family_name: Option<String>,
    /// An `https` URL of a picture. It is the provider's word: whoever fetches it uses the bounded client.
    pub picture: Option<String>,
}

impl fmt::Debug for ProvenIdentity {
    /// Identities are about people: whose is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvenIdentity")
            .field("provider", &self.provider)
            .field("issuer", &self.issuer)
            .field("email_verified", &self.email_verified)
            .finish_non_exhaustive()
    }
}

/// What a provider says about someone, before it is judged.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) email: Option<String>,
    pub(crate) email_verified: bool,
    /// The organisation whose account it is, by its domain (Google's `hd`).
    pub(crate) hosted_domain: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
    pub(crate) picture: Option<String>,
}

impl ProvenIdentity {
    /// Takes what can be stored and shown; `None` where the subject cannot be one.
    pub(crate) fn new(config: &ProviderConfig, issuer: &str, subject: &str, said: Said) -> Option<Self> {
        let is_subject = (1..=SUBJECT_BYTES).contains(&subject.len()) && !subject.chars().any(char::is_control);
        let email = said.email.filter(|email| is_email(email));
        let speaks_for =
            |email: &String| config.issuer != GOOGLE || google_speaks_for(email, said.hosted_domain.as_deref());
        is_subject.then(|| Self {
            provider: config.id.clone(),
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            email_verified: email.as_ref().is_some_and(speaks_for) && said.email_verified && config.email_is_proof(),
            email,
            username: said.username.and_then(shown),
            name: said.name.and_then(shown),
            given_name: said.given_name.and_then(shown),
            family_name: said.family_name.and_then(shown),
            picture: said.picture.filter(|url| is_picture(url)),
        })
    }
}

/// Whether Google's word about an address is worth more than its owner's of long ago: it runs the mailbox, or the
/// account belongs to the organisation of the address's domain. Anyone can open an account with an address of another
/// domain, and keep it when the address has gone to somebody else (Google: "Verify the Google ID token", `hd`).
fn google_speaks_for(email: &str, hosted_domain: Option<&str>) -> bool {
    let Some((_, domain)) = email.rsplit_once('@') else { return false };
    domain.eq_ignore_ascii_case("gmail.com") || hosted_domain.is_some_and(|hosted| hosted.eq_ignore_ascii_case(domain))
}

/// Something to write to: one `@` with text on both sides and nothing that would end a header line or a column.
fn is_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let sides = (parts.next(), parts.next(), parts.next());
    matches!(sides, (Some(local), Some(domain), None) if !local.is_empty() && !domain.is_empty())
        && text.len() <= EMAIL_BYTES
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// Without control characters, cut to a length.
fn shown(text: String) -> Option<String> {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(NAME_CHARACTERS).collect();
    Some(text).filter(|text| !text.is_empty())
}

fn is_picture(text: &str) -> bool {
    text.len() <= PICTURE_BYTES && Url::parse(text).is_ok_and(|url| url.scheme() == "https")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(email: &str) -> Said {
        Said { email: Some(email.into()), email_verified: true, ..Said::default() }
    }

    fn google() -> ProviderConfig {
        ProviderConfig::google("c", "s".into())
    }

    #[test]
    fn an_address_is_verified_only_by_a_provider_whose_word_counts() {
        let proven = |config: &ProviderConfig, said| {
            ProvenIdentity::new(config, "https://id.example", "s", said).unwrap().email_verified
        };
        let hosted = |domain: &str| Said { hosted_domain: Some(domain.into()), ..said("ada@example.test") };
        assert!(proven(&google(), hosted("example.test")) && proven(&google(), hosted("Example.Test")));
        // An account that someone opened with an address that Google does not run.
        assert!(!proven(&google(), said("ada@example.test")) && !proven(&google(), hosted("other.test")));
        assert!(proven(&google(), said("ada@gmail.com")) && !proven(&google(), said("ada@notgmail.com")));
        assert!(!proven(&google(), Said { email_verified: false, ..hosted("example.test") }));
        assert!(!proven(&google(), said("ada")));
        assert!(!proven(&ProviderConfig { trust_email: false, ..google() }, said("ada@example.test")));
        let entra = ProviderConfig::entra_id("common", "c", "s".into());
        assert!(!proven(&ProviderConfig { trust_email: true, ..entra }, said("ada@example.test")));
    }

    #[test]
    fn what_cannot_be_stored_or_shown_is_not_taken() {
        let of = |subject: &str, said| ProvenIdentity::new(&google(), "https://id.example", subject, said);
        for subject in ["", "a\0b", "a\nb", &"s".repeat(256)] {
            assert!(of(subject, Said::default()).is_none());
        }
        for email in
            ["", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", "a\0@b", &format!("{}@b", "a".repeat(254))]
        {
            assert_eq!(of("s", said(email)).unwrap().email, None, "{email}");
        }
        let long = Said { name: Some("\0 Ada\u{1b}[2J ".to_owned() + &"é".repeat(400)), ..Said::default() };
        assert_eq!(of("s", long).unwrap().name.unwrap().chars().count(), 256);
        for picture in ["http://a.example/", "javascript:alert(1)", "data:,a", "", "/a"] {
            let said = Said { picture: Some(picture.into()), ..Said::default() };
            assert_eq!(of("s", said).unwrap().picture, None, "{picture}");
        }
    }

    #[test]
    fn shows_nobody() {
        let shown =
            format!("{:?}", ProvenIdentity::new(&google(), "https://id.example", "4711", said("ada@example.test")));
        assert!(!shown.contains("4711") && !shown.contains("ada"), "{shown}");
    }
}
