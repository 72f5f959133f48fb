//! Raw signatures: over any message, not the signing input of a token. They go through the import of the key and the
//! checks of the signature's form as a token's would, then through every backend.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sentinel_core::jose::signature::{PureRust, Ring, SignatureBackend, verify};
use sentinel_core::{Algorithm, Error, ErrorCode, KeySet, Limits, SymmetricKeys};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::report::Outcome;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group<'a> {
    algorithm: String,
    #[serde(borrow)]
    jwk: &'a RawValue,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    name: String,
    /// base64url, as the signature.
    message: String,
    signature: String,
    ok: bool,
    #[serde(rename = "why")]
    _why: Option<Value>,
}

/// One signature with its key.
pub(crate) struct Judged {
    algorithm: Algorithm,
    key_set: String,
    test: Test,
}

pub(crate) fn group(text: &str) -> Result<Vec<Judged>, String> {
    let group: Group<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let algorithm = Algorithm::from_name(&group.algorithm).ok_or(format!("no algorithm {}", group.algorithm))?;
    let key_set = format!(r#"{{"keys":[{}]}}"#, group.jwk.get());
    Ok(group.tests.into_iter().map(|test| Judged { algorithm, key_set: key_set.clone(), test }).collect())
}

impl Judged {
    pub(crate) fn name(&self) -> &str {
        &self.test.name
    }

    pub(crate) fn judge(&self) -> Outcome {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string());
        let (message, signature) = (decode(&self.test.message)?, decode(&self.test.signature)?);
        let mut lacking = Vec::new();
        let mut asked = false;
        for (name, result) in
            [("ring", self.ask(&Ring, &message, &signature)), ("pure Rust", self.ask(&PureRust, &message, &signature))]
        {
            match result {
                Err(error) if error.code() == ErrorCode::AlgorithmUnavailable => {
                    lacking.push(format!("{name} lacks {}", self.algorithm.as_str()));
                    continue;
                }
                Ok(()) if !self.test.ok => return Err(format!("{name} accepted it, must be refused")),
                Err(error) if self.test.ok => return Err(format!("{name} refused it as {}", error.code())),
                _ => asked = true,
            }
        }
        if asked { Ok(lacking) } else { Err("no backend has the algorithm".into()) }
    }

    fn ask(&self, backend: &impl SignatureBackend, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let keys = KeySet::from_jwks(self.key_set.as_bytes(), SymmetricKeys::Accept, &Limits::DEFAULT)?;
        let key = keys.iter().next().ok_or(ErrorCode::KeyUnusable)?;
        verify(backend, self.algorithm, key.material(), message, signature)
    }
}
