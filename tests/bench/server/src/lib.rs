//! What a load generator is made of, for every benchmark of a server: connections that are kept, closed loops, and the
//! programs that are asked.

pub mod http;
pub mod machine;
pub mod measure;
pub mod processes;
