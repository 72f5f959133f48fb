//! What administrators of the deployment see and change. That they may is known before: an [`super::Administrator`]
//! came with the request, or the operator is at the terminal.

mod cells;
pub mod export;
pub mod import;
pub mod log;
pub mod resources;
pub mod roles;
pub mod workspaces;
