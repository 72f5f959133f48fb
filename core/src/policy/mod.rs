//! Relation-based access control: OpenFGA's authorization models over relationship tuples.
//!
//! An [`AuthorizationModel`](model::AuthorizationModel) says which relations exist between users and objects and how one follows from
//! another; tuples say which relations were written down. Terms and behaviour are those of OpenFGA (schema 1.1, with
//! the modules of 1.2), after "Zanzibar: Google's Consistent, Global Authorization System" (USENIX ATC 2019).

pub mod condition;
pub mod model;
