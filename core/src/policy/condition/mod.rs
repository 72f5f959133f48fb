//! Conditions: what must hold for a tuple to count, in the Common Expression Language.
//!
//! The language is Google's [CEL](https://github.com/google/cel-spec), in the part that OpenFGA's conditions use: its
//! standard functions and macros, `ipaddress` and `in_cidr`, without messages of protocol buffers. Types are checked
//! when a model is compiled, not when a tuple is met.
//!
//! Values and contexts are there without the feature `conditions` too, since tuples carry them; what evaluates them
//! is not.
//!
#![cfg_attr(feature = "conditions", doc = "```")]
#![cfg_attr(not(feature = "conditions"), doc = "```ignore")]
//! use sentinel_core::Limits;
//! use sentinel_core::policy::condition::{COST, Context, Map, Program};
//! use sentinel_core::policy::model::{Condition, Parameter, ParameterType};
//!
//! let condition = Condition {
//!     name: "in_office".into(),
//!     expression: "ip.in_cidr('192.0.2.0/24')".into(),
//!     parameters: vec![Parameter { name: "ip".into(), type_name: ParameterType::IpAddress }],
//!     origin: None,
//! };
//! let program = Program::compile(&condition)?;
//! let request = Map::from_json(br#"{"ip":"192.0.2.7"}"#, &Limits::DEFAULT)?;
//! assert_eq!(program.evaluate(&Context::new(Some(&request), None), COST), Ok(true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What differs from cel-go, which OpenFGA evaluates with, is refused when the model is compiled or is an error, never
//! another answer: messages of protocol buffers, named time zones (fixed offsets and `UTC` are known), `\p{…}` in
//! regular expressions, expressions nested beyond reason.

pub(crate) mod time;
mod value;

#[cfg(feature = "conditions")]
mod check;
#[cfg(feature = "conditions")]
mod conversion;
#[cfg(feature = "conditions")]
mod convert;
#[cfg(feature = "conditions")]
mod eval;
#[cfg(feature = "conditions")]
mod failure;
#[cfg(feature = "conditions")]
mod functions;
#[cfg(feature = "conditions")]
mod lexer;
#[cfg(feature = "conditions")]
mod node;
#[cfg(feature = "conditions")]
mod number;
#[cfg(feature = "conditions")]
mod operate;
#[cfg(feature = "conditions")]
mod parser;
#[cfg(feature = "conditions")]
mod pattern;
#[cfg(feature = "conditions")]
mod program;
#[cfg(feature = "conditions")]
mod regex;
#[cfg(feature = "conditions")]
mod types;

#[cfg(feature = "conditions")]
pub use program::{COST, ConditionError, Evaluation, EvaluationError, Program};
pub use time::{Duration, IpAddress, Timestamp};
pub use value::{Context, Map, Value};
