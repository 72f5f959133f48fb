//! What a PIN must be, and how its owner changes it.

use secrecy::{ExposeSecret as _, SecretString};
use sentinel_storage::{LocalAccountChange, RevokedFor, SecretKind, SessionDialect};
use uuid::Uuid;

use super::by_access_token;
use crate::service::activity::{Actor, Change};
use crate::service::passwords::Claimant;
use crate::service::sessions::Beginning;
use crate::service::{Caller, Error, ErrorKind, Service, User};

/// Digits of a PIN. Six have a million values, and a day has twenty guesses (see `passwords`).
const DIGITS: std::ops::RangeInclusive<usize> = 6..=12;
/// Digits of the PIN of the first start, which is good on one machine alone.
const DEFAULT_DIGITS: std::ops::RangeInclusive<usize> = 4..=12;
/// Longer than anything that anybody's PIN was ever.
const LONGEST: usize = 64;

/// A PIN that somebody is to have: six to twelve digits, and not the first that are guessed.
pub(super) fn chosen(pin: &SecretString) -> Result<(), Error> {
    let octets = pin.expose_secret().as_bytes();
    if !DIGITS.contains(&octets.len()) || !octets.iter().all(u8::is_ascii_digit) {
        return Err(Error::invalid("A PIN has 6 to 12 digits"));
    }
    if is_guessed_first(octets) {
        return Err(Error::invalid("This PIN is among the first that are guessed: no repetition, no row of digits"));
    }
    Ok(())
}

/// The PIN of the first start: any that is one.
pub(super) fn default(pin: &str) -> Option<SecretString> {
    let good = DEFAULT_DIGITS.contains(&pin.len()) && pin.bytes().all(|octet| octet.is_ascii_digit());
    good.then(|| SecretString::from(pin))
}

/// What was typed, where it can be anybody's PIN at all.
pub(super) fn typed(pin: &SecretString) -> Option<&SecretString> {
    (pin.expose_secret().len() <= LONGEST).then_some(pin)
}

/// Ways over a keypad: columns, rows, diagonals. With what the rules refuse these are the ten six-digit PINs that leaked
/// passwords have most (Markert et al., "This PIN Can Be Easily Guessed", IEEE S&P 2020), and their kin.
const KEYPAD: [&str; 18] = [
    "147258",
    "147258369",
    "159357",
    "159753",
    "321654",
    "321654987",
    "357159",
    "369258",
    "369258147",
    "456789",
    "741852",
    "741852963",
    "753159",
    "753951",
    "789456",
    "789456123",
    "951753",
    "963852",
];

/// One digit, a few digits again (and again), the same backwards, each digit twice, a row of digits up or down, a way over
/// the keypad: what people choose who do not want to choose.
fn is_guessed_first(digits: &[u8]) -> bool {
    let twice: Vec<u8> = digits.iter().copied().step_by(2).collect();
    let is_doubled = digits.len().is_multiple_of(2) && digits.chunks_exact(2).all(|pair| pair.first() == pair.last());
    (is_doubled && is_row(&twice))
        || digits.iter().eq(digits.iter().rev())
        || KEYPAD.iter().any(|way| way.as_bytes() == digits)
        || is_row(digits)
        || repeats_itself(digits)
}

fn is_row(digits: &[u8]) -> bool {
    let row = |step: u8| {
        let mut pairs = digits.iter().zip(digits.iter().skip(1));
        pairs.all(|(one, other)| (one.wrapping_sub(b'0').wrapping_add(step)) % 10 == other.wrapping_sub(b'0'))
    };
    row(1) || row(9)
}

/// Also not whole at the end: 199019.
fn repeats_itself(digits: &[u8]) -> bool {
    let repeats = |period: usize| digits.iter().zip(digits.iter().skip(period)).all(|(one, other)| one == other);
    (1..=digits.len() * 2 / 3).any(repeats)
}

impl Service {
    /// Changes a PIN for who knows the one of now. All of the person's sessions end, and with them every copy of their
    /// tokens; who came with a session of the PIN goes on in a new one, whose token this answers.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] where the PIN of now is another one, which counts as a failed login, and for a new one that
    /// breaks the rules; [`ErrorKind::NotFound`] for who has no local account; [`ErrorKind::RateLimited`],
    /// [`ErrorKind::Unavailable`]; [`ErrorKind::Conflict`] where another change came first.
    pub async fn change_pin(
        &self,
        user: &User,
        caller: &Caller,
        current: &SecretString,
        new: &SecretString,
    ) -> Result<Option<String>, Error> {
        by_access_token(user)?;
        self.own_local_account(user).await?;
        let wrong = || Error::invalid("The current PIN is wrong");
        let current = typed(current).ok_or_else(wrong)?;
        let claimant = Claimant { user_id: Some(user.id), name: "", kind: SecretKind::Pin };
        let verified = self.verify_secret(claimant, current, caller).await.map_err(|error| match error.kind() {
            ErrorKind::Unauthenticated => wrong(),
            _ => error,
        })?;
        chosen(new)?;
        if current.expose_secret() == new.expose_secret() {
            return Err(Error::invalid("The new PIN must be another one"));
        }
        let prepared = self.prepare_pin(user.id, new, Some(&verified), caller).await?;
        let mut transaction = self.store().begin().await?;
        // First: a login with the old one waits for this, or its session is found below.
        self.put_secret(&mut transaction, &prepared, false).await?;
        let change = LocalAccountChange { has_default_pin: Some(false), ..LocalAccountChange::default() };
        transaction.update_local_account(user.id, &change).await?;
        let end = self.session_end(RevokedFor::User);
        let ended = transaction.revoke_sessions_of_user(user.id, None, None, end).await?;
        transaction.forget_sso_sessions_of_user(user.id).await?;
        let change = Change::new("pin.change").on("user", user.id).detail("sessions", ended);
        self.record(&mut transaction, &Actor::User(user.id), caller, change).await?;
        let begun = match user.slides {
            // Who has proven to know the PIN may log in.
            true => {
                let beginning = Beginning {
                    id: Uuid::new_v4(),
                    user_id: user.id,
                    workspace_id: user.workspace_id,
                    client_id: None,
                    sso_id: None,
                    dialect: SessionDialect::Local,
                };
                Some(self.begin_session(&mut transaction, beginning, caller).await?)
            }
            false => None,
        };
        transaction.commit().await?;
        match begun {
            Some(begun) => Ok(Some(self.local_token(&begun.state, begun.state.session.expires_at).await?.0)),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_good(pin: &str) -> bool {
        chosen(&SecretString::from(pin)).is_ok()
    }

    #[test]
    fn a_pin_has_digits_that_are_not_guessed_first() {
        for good in ["739154", "112358", "1234512", "900001", "123450987612"] {
            assert!(is_good(good), "{good}");
        }
        for bad in [
            "",
            "1",
            "12345",
            "1234567890123",
            "12345a",
            " 739154",
            "٧٣٩١٥٤",
            "000000",
            "121212",
            "123123",
            "12341234",
            "123456",
            "654321",
            "890123",
            "210987",
            "456789012345",
            "112233",
            "998877",
            "123321",
            "147258",
            "159753",
            "789456",
            "199019",
            "200420",
        ] {
            assert!(!is_good(bad), "{bad}");
        }
    }

    #[test]
    fn the_pin_of_a_file_is_any() {
        assert!(default("1234").is_some() && default("000000").is_some());
        assert!(
            default("").is_none()
                && default("123").is_none()
                && default("12a4").is_none()
                && default("1 234").is_none()
        );
    }
}
