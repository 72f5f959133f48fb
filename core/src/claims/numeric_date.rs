//! NumericDate (RFC 7519 §2): seconds since 1970-01-01T00:00:00Z, possibly with a fraction.

use crate::jose::json::Value;

/// An exact point in time, as far as comparing it with whole seconds needs:
/// the whole seconds before it and whether there is a fraction.
///
/// A float would do for most tokens and lie for some: `1e300` and `4.9999…`
/// with forty digits compare right here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumericDate {
    seconds: i64,
    fraction: bool,
}

/// 2^1024 - 2^970, above and at which a decimal is no finite binary64 number (IEEE 754 §7.4).
const INFINITE: &[u8; 309] = b"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";

impl NumericDate {
    /// A whole number of seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { seconds, fraction: false }
    }

    /// The last whole second not after this time; beyond the range of `i64` its nearest bound.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Reads any JSON number that is finite as binary64; `None` for everything else.
    #[must_use]
    pub fn from_json(value: Value<'_>) -> Option<Self> {
        if !value.is_number() {
            return None;
        }
        let raw = value.raw().as_bytes();
        let (negative, raw) = raw.strip_prefix(b"-").map_or((false, raw), |rest| (true, rest));
        let mantissa_len = raw.iter().position(|b| matches!(b, b'e' | b'E')).unwrap_or(raw.len());
        let (mantissa, exponent) = raw.split_at_checked(mantissa_len)?;
        let exponent = decimal_exponent(exponent);
        let point = mantissa.iter().position(|b| *b == b'.').unwrap_or(mantissa.len());
        let digits = || mantissa.iter().filter(|b| **b != b'.').copied();
        let leading = digits().take_while(|b| *b == b'0').count();
        let significant = || digits().skip(leading);
        if significant().next().is_none() {
            return Some(Self::from_seconds(0));
        }
        // The value is 0.d1d2d3… × 10^scale with d1 not zero.
        let scale = exponent.saturating_add(point as i64).saturating_sub(leading as i64);
        let infinite = INFINITE.len() as i64;
        if scale > infinite
            || (scale == infinite
                && significant().chain(core::iter::repeat(b'0')).take(INFINITE.len()).ge(INFINITE.iter().copied()))
        {
            return None;
        }
        let whole_digits = usize::try_from(scale).unwrap_or(0);
        let whole = significant()
            .chain(core::iter::repeat(b'0'))
            .take(whole_digits)
            .fold(0i64, |whole, digit| whole.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
        let fraction = significant().skip(whole_digits).any(|digit| digit != b'0');
        Some(match (negative, fraction) {
            (false, _) => Self { seconds: whole, fraction },
            (true, false) => Self { seconds: -whole, fraction },
            // -1.25 lies between -2 and -1: its floor is -2.
            (true, true) => Self { seconds: (-whole).saturating_sub(1), fraction },
        })
    }

    /// `self <= second`, exactly.
    #[must_use]
    pub const fn is_at_or_before(self, second: i64) -> bool {
        self.seconds < second || (self.seconds == second && !self.fraction)
    }

    /// `self < second`, exactly.
    #[must_use]
    pub const fn is_before(self, second: i64) -> bool {
        self.seconds < second
    }
}

/// The exponent after `e`, saturating: beyond any bound it only matters that it is large.
fn decimal_exponent(text: &[u8]) -> i64 {
    let digits = text.get(1..).unwrap_or_default();
    let (negative, digits) = match digits {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, digits),
    };
    // Bounded well below i64::MAX so that adding a position cannot wrap.
    let value = digits.iter().fold(0i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(1 << 40));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, jose::json};
    use std::format;
    use std::string::String;

    fn date(text: &str) -> Option<(i64, bool)> {
        let value = json::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
        NumericDate::from_json(value).map(|d| (d.seconds, d.fraction))
    }

    #[test]
    fn reads_numbers_exactly() {
        for (text, expected) in [
            ("0", (0, false)),
            ("-0.000", (0, false)),
            ("1700000000", (1_700_000_000, false)),
            ("1700000000.5", (1_700_000_000, true)),
            ("1700000000.0000000000000000000000000001", (1_700_000_000, true)),
            ("17e8", (1_700_000_000, false)),
            ("17000000005E-1", (1_700_000_000, true)),
            ("0.00000017e16", (1_700_000_000, false)),
            ("-1.25", (-2, true)),
            ("-3", (-3, false)),
            ("1e-400", (0, true)),
            ("9223372036854775807", (i64::MAX, false)),
            ("1e300", (i64::MAX, false)),
            ("-1e300", (-i64::MAX, false)),
            ("0e99999999999999999999", (0, false)),
            ("1e-99999999999999999999", (0, true)),
        ] {
            assert_eq!(date(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_finite_exactly_where_binary64_does() {
        let largest = String::from_utf8(INFINITE.to_vec()).unwrap();
        let below = format!("{}1", &largest[..308]);
        for text in ["1e308", "1.7976931348623157e308", &below, "1.797693134862315807e308", "-1e308"] {
            assert!(text.parse::<f64>().unwrap().is_finite() && date(text).is_some(), "{text}");
        }
        for text in ["1e309", "-1e309", "1.7976931348623159e308", &largest, "1e99999999999999999999", "0.1e310"] {
            assert!(text.parse::<f64>().unwrap().is_infinite() && date(text).is_none(), "{text}");
        }
        assert_eq!(date("\"1700000000\""), None);
        assert_eq!(date("true"), None);
    }

    #[test]
    fn compares_with_whole_seconds() {
        let half = NumericDate { seconds: 10, fraction: true };
        assert!(!half.is_at_or_before(10) && half.is_at_or_before(11) && !half.is_before(10) && half.is_before(11));
        let whole = NumericDate::from_seconds(10);
        assert!(whole.is_at_or_before(10) && !whole.is_before(10));
    }
}
