use chrono::{DateTime, SecondsFormat};

/// A time as answers have it (RFC 3339, UTC, milliseconds): `2026-01-31T12:00:00.000Z`.
pub(super) fn rfc3339(millis: i64) -> String {
    // Storage holds nothing that is out of range; what were would read as 1970.
    DateTime::from_timestamp_millis(millis).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}
