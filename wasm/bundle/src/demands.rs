//! What the host demands of bundles, as JSON.

use alloc::borrow::Cow;
use alloc::string::String;

use sentinel_core::bundle::{Bounds, BundleVerifier, Kind, Scope};
use sentinel_core::jose::json::{self, Value};
#[cfg(feature = "policy")]
use sentinel_core::policy::Budget;
use sentinel_core::{Algorithm, Algorithms, Error, ErrorCode, Limits};

/// What is read. Another member is refused: a misspelt restriction must not be none.
const MEMBERS: [&str; 10] =
    ["kind", "issuer", "audience", "workspace", "service", "user", "algorithms", "bodyBytes", "maxDepth", "maxWork"];

pub(crate) const fn invalid(detail: &'static str) -> Error {
    Error::with(ErrorCode::ConfigurationInvalid, detail)
}

/// A verifier of bundles, and the place under which the host remembers what it has seen.
pub(crate) struct Demands {
    pub(crate) verifier: BundleVerifier,
    /// A bundle with its deltas, or revocations alone with theirs.
    pub(crate) kind: Kind,
    pub(crate) place: String,
    #[cfg(feature = "policy")]
    pub(crate) budget: Budget,
}

impl Demands {
    pub(crate) fn from_json(document: &[u8]) -> Result<Self, Error> {
        let config = json::parse(document, &Limits::DEFAULT)?;
        let mut members = config.members().ok_or(invalid("the settings must be an object"))?;
        if !members.all(|(name, _)| MEMBERS.contains(&&*name)) {
            return Err(invalid("the settings have an unknown member"));
        }
        let text = |name, missing| part(config, name)?.ok_or(invalid(missing));
        let issuer = text("issuer", "`issuer` must be text")?;
        let audience = text("audience", "`audience` must be text")?;
        let scope = Scope {
            workspace: text("workspace", "`workspace` must be text")?.into_owned(),
            service: part(config, "service")?.map(Cow::into_owned),
            user: part(config, "user")?.map(Cow::into_owned),
        };
        let kind = match part(config, "kind")?.as_deref() {
            None => Kind::Full,
            Some("revocations") => Kind::Revocations,
            Some(_) => return Err(invalid("`kind` must be `revocations`, where it is there")),
        };
        let place = scope.place(&issuer, &audience, kind);
        let verifier = BundleVerifier::new(&issuer, &audience, scope, algorithms(config)?);
        let body_bytes = number(config, "bodyBytes", Bounds::DEFAULT.body_bytes)?;
        if body_bytes > Bounds::DEFAULT.body_bytes {
            return Err(invalid("`bodyBytes` is more than 64 MiB"));
        }
        // Names are written by what they do not share with their neighbours: in full they are a few times longer.
        let bounds = Bounds { body_bytes, name_bytes: body_bytes.saturating_mul(4), ..Bounds::DEFAULT };
        #[cfg(feature = "policy")]
        let Budget { depth, work } = Budget::DEFAULT;
        Ok(Self {
            verifier: verifier.bounds(bounds),
            kind,
            place,
            #[cfg(feature = "policy")]
            budget: Budget { depth: number(config, "maxDepth", depth)?, work: number(config, "maxWork", work)? },
        })
    }
}

/// A member that is text, or not there.
fn part<'a>(config: Value<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Error> {
    match config.member(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(invalid("a setting that is a name must be text")),
    }
}

/// A number that is there, or what it is otherwise.
fn number<N: TryFrom<i64>>(config: Value<'_>, name: &str, default: N) -> Result<N, Error> {
    match config.member(name) {
        None => Ok(default),
        Some(value) => {
            let number = value.as_i64().and_then(|number| N::try_from(number).ok());
            number.ok_or(invalid("a setting that is a number must be a whole one, from 0"))
        }
    }
}

fn algorithms(config: Value<'_>) -> Result<Algorithms, Error> {
    const LIST: Error = invalid("`algorithms` must be a list of names of asymmetric algorithms");
    let mut allowed = Algorithms::NONE;
    for name in config.member("algorithms").and_then(Value::elements).ok_or(LIST)? {
        let algorithm = name.as_str().and_then(|name| Algorithm::from_name(&name)).ok_or(LIST)?;
        // Whoever holds a secret could sign with it.
        if algorithm.is_symmetric() {
            return Err(LIST);
        }
        allowed = allowed.with(algorithm);
    }
    Ok(allowed)
}
