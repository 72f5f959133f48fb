//! One record for each person, however they log in: [usernames](Username), a [directory](Directory) of people who are
//! known beforehand, and what a person gets at the first login.

mod directory;
pub(crate) mod names;
mod person;
mod username;

pub use directory::{Directory, DirectoryError, Known, RoleNames};
pub use person::{Candidates, Person};
pub use username::{NotAUsername, Username};
