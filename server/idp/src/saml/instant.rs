//! `xs:dateTime` in UTC, the one form that SAML allows (core, section 1.3.3), and seconds since 1970.

use time::{Date, Month, OffsetDateTime, Time};

/// Reads `2026-11-22T20:15:00Z`, with or without a fraction of a second, which is cut off.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']).strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 12 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (date, clock) = seconds.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
    let clock =
        Time::from_hms(u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, u8::try_from(second).ok()?).ok()?;
    Some(date.with_time(clock).assume_utc().unix_timestamp())
}

fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[u16; 3]> {
    let mut parts = text.split(separator);
    let mut number = |width| {
        let part: &str = parts.next()?;
        (part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok())?
    };
    let [a, b, c] = widths;
    let numbers = [number(a)?, number(b)?, number(c)?];
    parts.next().is_none().then_some(numbers)
}

/// Writes seconds since 1970.
pub(super) fn format(seconds: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    (0..=9999)
        .contains(&year)
        .then(|| format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_one_form() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("2026-11-22T20:15:00.123Z"), Some(1_795_378_500));
        assert_eq!(format(1_795_378_500).unwrap(), "2026-11-22T20:15:00Z");
        for bad in [
            "",
            "2026-11-22T20:15:00",
            "2026-11-22T20:15:00+01:00",
            "2026-11-22T20:15:00.Z",
            "2026-11-22T20:15:00.1234567890123Z",
            "2026-11-22T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-22T20:15:60Z",
            "2026-11-22 20:15:00Z",
            "+2026-11-22T20:15:00Z",
            "2026-11-22T2:15:00Z",
            "2026-11-22-01T20:15:00Z",
            "20261-11-22T20:15:00Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
