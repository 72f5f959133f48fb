//! `sentinel verify`: is this token acceptable, by these keys, here and now?

use super::revocations;
use crate::input;
use crate::outcome::{Failure, line, raw};
use sentinel_core::jose::signature::Ring;
use sentinel_core::{Algorithm, Algorithms, Expected, KeySet, Limits, SymmetricKeys, Verifier};
use serde::Serialize;
use serde_json::value::RawValue;
use std::path::PathBuf;
use std::time::SystemTime;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    keys: Keys,

    /// Issuer that the token must be from; several: any one of them
    #[arg(long, required_unless_present = "any_issuer", conflicts_with = "any_issuer")]
    issuer: Vec<String>,
    /// Accept a token from anyone
    #[arg(long)]
    any_issuer: bool,
    /// Audience that the token must be for; several: any one of them
    #[arg(long, required_unless_present = "any_audience", conflicts_with = "any_audience")]
    audience: Vec<String>,
    /// Accept a token for anyone
    #[arg(long)]
    any_audience: bool,

    /// Algorithms to allow, e.g. `RS256,ES256` [default: every one with a public key]
    #[arg(long, value_delimiter = ',', value_parser = algorithm)]
    alg: Vec<Algorithm>,
    /// The header's `typ`, e.g. `at+jwt`
    #[arg(long, value_name = "TYP")]
    r#type: Option<String>,
    /// The private claim `type`, e.g. `access`
    #[arg(long, value_name = "USE")]
    token_use: Option<String>,
    /// Claims that must be present [default: exp]
    #[arg(long, value_delimiter = ',', value_name = "CLAIM")]
    required: Option<Vec<String>>,
    /// Most seconds since `iat`
    #[arg(long, value_name = "SECONDS")]
    max_age: Option<u32>,
    /// Seconds by which clocks may differ, at most 300
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    leeway: u32,
    /// What was taken back: an answer of the server's `GET /revocations`
    #[arg(long, value_name = "FILE")]
    revocations: Option<PathBuf>,
    /// The time to judge by, in seconds since 1970 [default: the clock]
    #[arg(long, allow_negative_numbers = true, value_name = "SECONDS")]
    now: Option<i64>,

    /// The token, or `-` for standard input, which keeps it out of the process list
    #[arg(default_value = "-")]
    token: String,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Keys {
    /// JWK Set: a file or an https URL (http on loopback); shared secrets in it count only where `--alg` names an HS
    /// algorithm
    #[arg(long, value_name = "FILE|URL")]
    jwks: Option<String>,
    /// Public key in PEM (`PUBLIC KEY`)
    #[arg(long, value_name = "FILE")]
    pem: Option<PathBuf>,
    /// Shared secret, for exactly one HS algorithm in `--alg`; the final newline of a text file does not belong to it
    #[arg(long, value_name = "FILE", requires = "alg")]
    secret_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Accepted<'a> {
    ok: bool,
    header: &'a RawValue,
    claims: &'a RawValue,
}

pub(crate) fn run(args: Args) -> Result<String, Failure> {
    let verifier = verifier(&args)?;
    let keys = args.keys.load(&args.alg)?;
    let revocations = args.revocations.as_deref().map(revocations::read).transpose()?;
    let token = input::token(&args.token)?;
    let now = args.now.map_or_else(clock, Ok)?;
    let verified = verifier.verify(&token, &keys, &Ring, now).map_err(Failure::Refused)?;
    if let Some(revocations) = revocations {
        revocations.check(&verified).map_err(Failure::Refused)?;
    }
    let (header, claims) = (raw(verified.header().as_json())?, raw(verified.claims().as_json())?);
    line(&Accepted { ok: true, header, claims })
}

fn verifier(args: &Args) -> Result<Verifier, Failure> {
    let algorithms = match args.alg.as_slice() {
        // A key serves only the algorithms of its type, and secrets are left out.
        [] => Algorithm::ALL.into_iter().filter(|a| !a.is_symmetric()).fold(Algorithms::NONE, Algorithms::with),
        some => Algorithms::of(some),
    };
    let issuer = if args.any_issuer { Expected::any() } else { Expected::one_of(&args.issuer) };
    let audience = if args.any_audience { Expected::any() } else { Expected::one_of(&args.audience) };
    let mut verifier = Verifier::new(issuer, audience, algorithms)
        .leeway(args.leeway)
        .map_err(|error| Failure::Usage(error.message().to_owned()))?;
    if let Some(typ) = &args.r#type {
        verifier = verifier.typ(typ);
    }
    if let Some(token_use) = &args.token_use {
        verifier = verifier.token_use(token_use);
    }
    if let Some(required) = &args.required {
        verifier = verifier.required(required);
    }
    Ok(match args.max_age {
        Some(seconds) => verifier.max_age(seconds),
        None => verifier,
    })
}

impl Keys {
    fn load(&self, allowed: &[Algorithm]) -> Result<KeySet, Failure> {
        const PEM_BYTES: usize = 64 * 1024;
        let limits = Limits::DEFAULT;
        if let Some(place) = &self.jwks {
            let asked = allowed.iter().any(|algorithm| algorithm.is_symmetric());
            let symmetric = if asked { SymmetricKeys::Accept } else { SymmetricKeys::Refuse };
            let document = input::file_or_url(place)?;
            return KeySet::from_jwks(&document, symmetric, &limits).map_err(|e| Failure::unusable(place, e));
        }
        if let Some(path) = &self.pem {
            let pem = input::file(path, PEM_BYTES)?;
            return KeySet::from_pem(&pem, None).map_err(|e| Failure::unusable(path.display(), e));
        }
        let (Some(path), [algorithm]) = (&self.secret_file, allowed) else {
            return Err(Failure::Usage("--secret-file needs exactly one algorithm in --alg".to_owned()));
        };
        let secret = input::file(path, PEM_BYTES)?;
        KeySet::from_secret(without_final_newline(&secret), *algorithm)
            .map_err(|e| Failure::unusable(path.display(), e))
    }
}

/// An editor's newline at the end of a text file is not part of the secret;
/// octets that are no text are taken as they are.
fn without_final_newline(secret: &[u8]) -> &[u8] {
    let line = secret.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    line.filter(|line| line.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')).unwrap_or(secret)
}

pub(crate) fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Algorithm::ALL.iter().map(|known| known.as_str()).collect();
        format!("known are {}", known.join(", "))
    })
}

fn clock() -> Result<i64, Failure> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.ok().and_then(|since| i64::try_from(since.as_secs()).ok());
    seconds.ok_or_else(|| Failure::unavailable("the clock", "it is before 1970"))
}

#[cfg(test)]
mod tests {
    use super::without_final_newline;

    #[test]
    fn only_a_text_files_final_newline_is_left_out() {
        assert_eq!(without_final_newline(b"secret\n"), b"secret");
        assert_eq!(without_final_newline(b"secret\r\n"), b"secret");
        assert_eq!(without_final_newline(b"secret\n\n"), b"secret\n\n");
        assert_eq!(without_final_newline(b"secret "), b"secret ");
        assert_eq!(without_final_newline(b"\xff\x00\n"), b"\xff\x00\n");
    }
}
