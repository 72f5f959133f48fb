//! One command, one file.

pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod verify;
