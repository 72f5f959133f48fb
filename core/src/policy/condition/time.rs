//! Moments, lengths of time and IP addresses: read and written as Go does it, since OpenFGA's contexts are read by Go.

use alloc::sync::Arc;
use core::fmt;
use core::net::IpAddr;

/// A moment: seconds and nanoseconds since 1970, and the offset that it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// Seconds since the epoch.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanos: u32,
    /// Minutes east of UTC: how it was written, without meaning for comparisons.
    pub offset: i16,
}

/// `0001-01-01T00:00:00Z`, the first moment of the language's definition.
#[cfg(feature = "conditions")]
const FIRST: i64 = -62_135_596_800;
/// `9999-12-31T23:59:59Z`, the last one.
#[cfg(feature = "conditions")]
const LAST: i64 = 253_402_300_799;
const NANOS: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// A day of the calendar and a time of the day.
#[cfg_attr(not(feature = "conditions"), allow(dead_code, reason = "getters of conditions read the rest"))]
pub(super) struct Civil {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) day_of_year: i64,
    pub(super) day_of_week: i64,
    pub(super) second_of_day: i64,
}

impl Timestamp {
    /// Reads RFC 3339 as Go's `time.Parse` does: an hour may have one digit, a fraction may follow a comma.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let year = digits(&mut rest, 4)?;
        literal(&mut rest, b'-')?;
        let month = digits(&mut rest, 2).filter(|month| (1..=12).contains(month))?;
        literal(&mut rest, b'-')?;
        let day = digits(&mut rest, 2).filter(|day| (1..=days_in_month(year, month)).contains(day))?;
        literal(&mut rest, b'T')?;
        let wide = rest.get(1).is_some_and(u8::is_ascii_digit);
        let hour = digits(&mut rest, if wide { 2 } else { 1 }).filter(|hour| *hour < 24)?;
        literal(&mut rest, b':')?;
        let minute = digits(&mut rest, 2).filter(|minute| *minute < 60)?;
        literal(&mut rest, b':')?;
        let second = digits(&mut rest, 2).filter(|second| *second < 60)?;
        let mut nanos = 0;
        if let [b'.' | b',', first, ..] = rest
            && first.is_ascii_digit()
        {
            rest = rest.get(1..)?;
            let mut weight = 100_000_000;
            while let Some(digit) = rest.first().filter(|byte| byte.is_ascii_digit()) {
                nanos += u32::from(digit - b'0') * weight;
                weight /= 10;
                rest = rest.get(1..)?;
            }
        }
        let offset = if rest == b"Z" {
            0
        } else {
            let sign = match rest.first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            rest = rest.get(1..)?;
            let hours = digits(&mut rest, 2).filter(|hours| *hours <= 24)?;
            literal(&mut rest, b':')?;
            let minutes = digits(&mut rest, 2).filter(|minutes| *minutes <= 60)?;
            if !rest.is_empty() {
                return None;
            }
            sign * (hours * 60 + minutes)
        };
        let seconds = days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset * 60;
        Some(Self { seconds, nanos, offset: i16::try_from(offset).ok()? })
    }

    /// Whether text has the form of RFC 3339 to the letter. cel-go asks for it before it lets Go read the moment.
    #[cfg(feature = "conditions")]
    pub(super) fn is_strict(text: &str) -> bool {
        let shape = |text: &[u8], shape: &[u8]| {
            text.len() == shape.len()
                && text.iter().zip(shape).all(|(byte, wanted)| match wanted {
                    b'0' => byte.is_ascii_digit(),
                    b'T' => matches!(byte, b'T' | b't'),
                    _ => byte == wanted,
                })
        };
        let Some((moment, rest)) = text.as_bytes().split_at_checked(19) else { return false };
        let rest = match rest {
            [b'.', digits @ ..] => {
                let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
                if count == 0 {
                    return false;
                }
                digits.get(count..).unwrap_or_default()
            }
            rest => rest,
        };
        let offset = match rest {
            b"Z" | b"z" => true,
            [b'+' | b'-', hours, ten, colon, minutes, one] => {
                shape(&[*hours, *ten, *colon, *minutes, *one], b"00:00")
                    && (*hours, *ten) <= (b'2', b'3')
                    && *minutes <= b'5'
            }
            _ => false,
        };
        shape(moment, b"0000-00-00T00:00:00") && offset
    }

    /// A moment within the years 1 to 9999, which is what the language's own operations may give.
    #[cfg(feature = "conditions")]
    pub(super) fn checked(seconds: i64, nanos: u32, offset: i16) -> Option<Self> {
        (FIRST..=LAST).contains(&seconds).then_some(Self { seconds, nanos, offset })
    }

    #[cfg(feature = "conditions")]
    pub(super) fn add(self, length: Duration) -> Option<Self> {
        let nanos = i64::from(self.nanos) + length.0.rem_euclid(NANOS);
        let seconds = self.seconds + length.0.div_euclid(NANOS) + nanos / NANOS;
        Self::checked(seconds, (nanos % NANOS) as u32, self.offset)
    }

    #[cfg(feature = "conditions")]
    pub(super) fn since(self, other: Self) -> Option<Duration> {
        let nanos = i128::from(self.seconds - other.seconds) * i128::from(NANOS) + i128::from(self.nanos)
            - i128::from(other.nanos);
        i64::try_from(nanos).ok().map(Duration)
    }

    /// What clock and calendar say so many seconds east of UTC.
    pub(super) fn civil(self, east: i64) -> Civil {
        let local = self.seconds + east;
        let days = local.div_euclid(DAY);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            day_of_year: days - days_from_civil(year, 1, 1),
            // 1970-01-01 was a Thursday.
            day_of_week: (days + 4).rem_euclid(7),
            second_of_day: local.rem_euclid(DAY),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil(i64::from(self.offset) * 60);
        let time = civil.second_of_day;
        write!(f, "{:04}-{:02}-{:02}T", civil.year, civil.month, civil.day)?;
        write!(f, "{:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60)?;
        write_fraction(self.nanos, f)?;
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let minutes = self.offset.unsigned_abs();
        let sign = if self.offset < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

fn write_fraction(mut nanos: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if nanos == 0 {
        return Ok(());
    }
    let mut width = 9;
    while nanos.is_multiple_of(10) {
        nanos /= 10;
        width -= 1;
    }
    write!(f, ".{nanos:0width$}")
}

fn literal(rest: &mut &[u8], byte: u8) -> Option<()> {
    *rest = rest.strip_prefix(&[byte])?;
    Some(())
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (number, after) = rest.split_at_checked(count)?;
    *rest = after;
    number.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A length of time in nanoseconds, at most 292 years either way: Go's `time.Duration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

impl Duration {
    /// Reads a sequence of numbers with units, e.g. `1h30m` or `-1.5s`, as Go's `time.ParseDuration` does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let negative = text.starts_with('-');
        let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
        if rest == "0" {
            return Some(Self(0));
        }
        if rest.is_empty() {
            return None;
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let whole_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (whole, after) = rest.split_at_checked(whole_end)?;
            let (fraction, after) = match after.strip_prefix('.') {
                Some(after) => {
                    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
                    after.split_at_checked(end)?
                }
                None => ("", after),
            };
            if whole.is_empty() && fraction.is_empty() {
                return None;
            }
            let unit_end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at_checked(unit_end)?;
            let unit: u64 = match unit {
                "ns" => 1,
                "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
                "ms" => 1_000_000,
                "s" => 1_000_000_000,
                "m" => 60_000_000_000,
                "h" => 3_600_000_000_000,
                _ => return None,
            };
            let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
            let mut part = whole.checked_mul(unit)?;
            // What lies behind the 18th digit is below a nanosecond in every unit.
            let (mut numerator, mut denominator) = (0_u64, 1_u64);
            for digit in fraction.bytes().take(18) {
                numerator = numerator * 10 + u64::from(digit - b'0');
                denominator *= 10;
            }
            let fraction = u128::from(numerator) * u128::from(unit) / u128::from(denominator);
            part = part.checked_add(u64::try_from(fraction).ok()?)?;
            total = total.checked_add(part).filter(|total| *total <= 1 << 63)?;
            rest = after;
        }
        if negative {
            return Some(Self((total as i64).wrapping_neg()));
        }
        i64::try_from(total).ok().map(Self)
    }
}

/// Seconds, as the language's own conversion to text has it: `5400s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let nanos = self.0.unsigned_abs();
        write!(f, "{}", nanos / NANOS.unsigned_abs())?;
        write_fraction((nanos % NANOS.unsigned_abs()) as u32, f)?;
        f.write_str("s")
    }
}

/// An IP address, and the zone of an IPv6 address that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpAddress {
    address: IpAddr,
    zone: Option<Arc<str>>,
}

impl IpAddress {
    /// Reads an address. An IPv4 address mapped into IPv6 is the IPv4 address, as in OpenFGA.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (text, zone) = match text.split_once('%') {
            Some((text, zone)) if !zone.is_empty() && text.contains(':') => (text, Some(Arc::from(zone))),
            Some(_) => return None,
            None => (text, None),
        };
        let address: IpAddr = text.parse().ok()?;
        let address = address.to_canonical();
        Some(Self { zone: zone.filter(|_| address.is_ipv6()), address })
    }

    /// Whether the address lies within a network, e.g. `192.168.0.0/24`. None where the network is malformed.
    #[must_use]
    pub fn in_cidr(&self, network: &str) -> Option<bool> {
        let (address, bits) = network.rsplit_once('/')?;
        if bits.is_empty() || bits.len() > 3 || (bits.len() > 1 && bits.starts_with('0')) {
            return None;
        }
        if !bits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let address: IpAddr = address.parse().ok()?;
        let mut bits: u32 = bits.parse().ok()?;
        let width = |address: &IpAddr| if address.is_ipv4() { 32 } else { 128 };
        if bits > width(&address) {
            return None;
        }
        let mut base = address;
        if base.to_canonical().is_ipv4() && bits >= 96 {
            base = base.to_canonical();
            bits -= 96;
        }
        if self.zone.is_some() || width(&base) != width(&self.address) {
            return Some(false);
        }
        let difference = number(&base) ^ number(&self.address);
        Some(difference.checked_shr(width(&base) - bits).unwrap_or(0) == 0)
    }
}

fn number(address: &IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl fmt::Display for IpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.address, f)?;
        match &self.zone {
            Some(zone) => write!(f, "%{zone}"),
            None => Ok(()),
        }
    }
}
