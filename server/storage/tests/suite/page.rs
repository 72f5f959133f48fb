//! Cursors as text.

use sentinel_storage::{Cursor, CursorError};

#[test]
fn a_cursor_survives_being_text() {
    for text in ["00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeeff61c3a9f09f988020"] {
        assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
    }
}

#[test]
fn what_is_no_cursor_is_refused() {
    let id = "00112233445566778899aabbccddeeff";
    for tail in ["6", "+1", "zz", "ff", "00", "é"] {
        assert_eq!(format!("{id}{tail}").parse::<Cursor>(), Err(CursorError), "{tail}");
    }
    for text in ["", "0011", "g0112233445566778899aabbccddeeff", "ééééééééééééééééé"] {
        assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
    }
}
