//! Numbers as text: as Go prints them, and as OpenFGA reads them from a context.

use alloc::format;
use alloc::string::{String, ToString};

/// A number as Go's `%g` writes it: the shortest digits, and an exponent where it is below -4 or from 6 on
/// (`strconv.FormatFloat`).
pub(super) fn go_number(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_string();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_string();
    }
    // The decimal form has the shortest digits, too. Where the first and the last of them stand gives the exponent.
    let decimal = format!("{number}");
    let (sign, plain) = decimal.strip_prefix('-').map_or(("", &*decimal), |plain| ("-", plain));
    let whole = plain.find('.').unwrap_or(plain.len());
    let Some(first) = plain.find(|c| ('1'..='9').contains(&c)) else { return decimal };
    let power = if first < whole { whole as i64 - 1 - first as i64 } else { whole as i64 - first as i64 };
    if (-4..6).contains(&power) {
        return decimal;
    }
    let digits: String = plain.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_matches('0');
    let (head, tail) = digits.split_at_checked(1).unwrap_or((digits, ""));
    let point = if tail.is_empty() { "" } else { "." };
    let (minus, power) = if power < 0 { ('-', -power) } else { ('+', power) };
    format!("{sign}{head}{point}{tail}e{minus}{power:02}")
}

/// A decimal number: digits times a power of ten, without zeros at the end of the digits.
pub(super) struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
}

impl Decimal {
    pub(super) fn of_number(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        Self::parse(&format!("{number}"))
    }

    /// Digits, a fraction, an exponent. Digits beyond the 38th must be zeros: none of the types could hold them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let negative = text.starts_with('-');
        let text = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok().filter(|power| power.abs() < 100_000)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut decimal = Self { negative, digits: 0, exponent: 0 };
        let mut zeros = 0_u32;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            if byte == b'0' {
                zeros = zeros.saturating_add(u32::from(decimal.digits != 0));
                continue;
            }
            let scale = 10_u128.checked_pow(zeros + 1)?;
            decimal.digits = decimal.digits.checked_mul(scale)?.checked_add(u128::from(byte - b'0'))?;
            zeros = 0;
        }
        let point = i32::try_from(fraction.len()).ok()?;
        decimal.exponent = power.checked_add(i32::try_from(zeros).ok()?)?.checked_sub(point)?;
        Some(decimal)
    }

    /// The integer, or the nearest that there is. None where there is a fraction.
    pub(super) fn integer(&self) -> Option<i64> {
        if self.digits == 0 {
            return Some(0);
        }
        let power = u32::try_from(self.exponent).ok()?;
        let magnitude = 10_u128.checked_pow(power).and_then(|scale| self.digits.checked_mul(scale));
        let magnitude = magnitude.and_then(|magnitude| i128::try_from(magnitude).ok()).unwrap_or(i128::MAX);
        let number = if self.negative { -magnitude } else { magnitude };
        Some(number.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }

    /// The number, if it is one of those that a `double` can be.
    pub(super) fn exact_double(&self) -> Option<f64> {
        let sign = if self.negative { -1.0 } else { 1.0 };
        if self.digits == 0 {
            return Some(0.0 * sign);
        }
        // The power of five is multiplied in or must divide; the power of two moves the point only.
        let five = 5_u128.checked_pow(self.exponent.unsigned_abs())?;
        let odd = match self.exponent < 0 {
            true if self.digits.is_multiple_of(five) => self.digits / five,
            true => return None,
            false => self.digits.checked_mul(five)?,
        };
        let shift = odd.trailing_zeros();
        let odd = odd >> shift;
        if odd >> 53 != 0 {
            return None;
        }
        let power = self.exponent.checked_add(i32::try_from(shift).ok()?)?;
        let step = if power < 0 { 0.5 } else { 2.0 };
        Some((0..power.unsigned_abs()).fold(odd as f64 * sign, |number, _| number * step))
    }
}
