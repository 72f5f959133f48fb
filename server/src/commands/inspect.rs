//! `sentinel inspect`: what a token says, which anyone could have written.

use crate::input;
use crate::outcome::{Failure, line, raw};
use sentinel_core::{Limits, UnverifiedToken};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

const WARNING: &str = "NOTHING WAS VERIFIED: anyone could have written this token";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The token, or `-` for standard input
    #[arg(default_value = "-")]
    token: String,
}

#[derive(Serialize)]
struct Inspected<'a> {
    verified: bool,
    warning: &'static str,
    header: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<&'a RawValue>,
    /// Where it is no claims set.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Cow<'a, str>>,
}

pub(crate) fn run(args: Args) -> Result<String, Failure> {
    let token = input::token(&args.token)?;
    eprintln!("warning: {WARNING}");
    let token = UnverifiedToken::parse(&token, &Limits::DEFAULT).map_err(Failure::Refused)?;
    let claims = token.claims_unverified();
    line(&Inspected {
        verified: false,
        warning: WARNING,
        header: raw(token.header().as_json())?,
        claims: claims.map(|claims| raw(claims.as_json())).transpose()?,
        payload: claims.is_none().then(|| String::from_utf8_lossy(token.payload_unverified())),
    })
}
