//! The manifest: a small JWS that says what a body is, for whom, and until when.

use alloc::string::String;
use core::fmt;

use sha2::{Digest as _, Sha256};

use super::body::{Kind, invalid};
use crate::Error;
use crate::claims::Claims;
use crate::jose::base64url;
use crate::jose::json::Value;

/// The `typ` of a manifest: nothing else of the same issuer and key is taken for one (RFC 8725 §3.11).
pub const TYPE: &str = "sentinel-bundle+jwt";

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The state after a body that follows a state: what a publisher that does not make the whole body anew chains with.
    #[must_use]
    pub fn followed_by(&self, body: &[u8]) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(Self::of(body).0).finalize().into())
    }

    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode(text.as_bytes())?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Digest {
    /// Base64url without padding: 43 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for block in self.0.chunks(3) {
            let word = block.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - block.len()));
            for place in 0..=block.len() {
                let sextet = word >> (18 - 6 * place) & 63;
                let symbol = ALPHABET.get(sextet as usize).copied().unwrap_or(b'A');
                fmt::Write::write_char(f, char::from(symbol))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a bundle speaks of.
///
/// ```
/// use sentinel_core::bundle::Scope;
/// let slice = Scope::workspace("w1").of_service("notes").of_user("user:anne");
/// assert_eq!((slice.service.as_deref(), slice.user.as_deref()), (Some("notes"), Some("user:anne")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The workspace's id.
    pub workspace: String,
    /// The service whose bundle it is: its roles, and where it says so its types. Without one: the whole workspace.
    pub service: Option<String>,
    /// The one user that a slice can be asked about, as in tuples: `user:anne`.
    pub user: Option<String>,
}

impl Scope {
    /// A workspace.
    #[must_use]
    pub fn workspace(id: &str) -> Self {
        Self { workspace: id.into(), service: None, user: None }
    }

    /// One service in it.
    #[must_use]
    pub fn of_service(mut self, name: &str) -> Self {
        self.service = Some(name.into());
        self
    }

    /// One user of it.
    #[must_use]
    pub fn of_user(mut self, user: &str) -> Self {
        self.user = Some(user.into());
        self
    }
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Who published it (`iss`).
    pub issuer: String,
    /// For whom (`aud`, one text).
    pub audience: String,
    /// What it speaks of.
    pub scope: Scope,
    /// What it is.
    pub kind: Kind,
    /// The store's revision that it shows; of revocations their own number.
    pub revision: u64,
    /// Names the state at this revision: the publisher's chain ([`Digest::followed_by`]).
    pub state: Digest,
    /// The state that it follows.
    pub previous: Option<Digest>,
    /// The revision that a delta applies to.
    pub from: Option<u64>,
    /// When it was published, in seconds (`iat`).
    pub issued_at: i64,
    /// From when on nothing is decided by it, in seconds (`exp`).
    pub not_after: i64,
    /// The body's bytes.
    pub length: u64,
    /// The body's SHA-256.
    pub sha256: Digest,
}

const MALFORMED: Error = invalid("the manifest does not say what a manifest must");

impl Manifest {
    /// Reads the claims of a manifest whose signature held. A member of `bundle` that is not known is refused: it could be a
    /// restriction.
    pub(super) fn from_claims(claims: Claims<'_>) -> Result<Self, Error> {
        Self::read(claims).ok_or(MALFORMED)
    }

    fn read(claims: Claims<'_>) -> Option<Self> {
        const MEMBERS: [&str; 10] =
            ["kind", "workspace", "service", "user", "revision", "state", "previous", "from", "length", "sha256"];
        let bundle = claims.get("bundle")?;
        if bundle.members()?.any(|(name, _)| !MEMBERS.contains(&&*name)) {
            return None;
        }
        let text = |name| Some(bundle.member(name)?.as_str()?.into_owned());
        let digest = |name| Digest::parse(&text(name)?);
        let number = |name| u64::try_from(bundle.member(name)?.as_i64()?).ok();
        // A member that is there must be read.
        fn optional<T>(there: Option<Value<'_>>, read: Option<T>) -> Option<Option<T>> {
            (there.is_some() == read.is_some()).then_some(read)
        }
        let kind = text("kind")?;
        let manifest = Self {
            issuer: claims.issuer()?.into_owned(),
            audience: claims.string("aud")?.into_owned(),
            scope: Scope {
                workspace: text("workspace")?,
                service: optional(bundle.member("service"), text("service"))?,
                user: optional(bundle.member("user"), text("user"))?,
            },
            kind: Kind::ALL.into_iter().find(|known| known.as_str() == kind)?,
            revision: number("revision")?,
            state: digest("state")?,
            previous: optional(bundle.member("previous"), digest("previous"))?,
            from: optional(bundle.member("from"), number("from"))?,
            issued_at: claims.get("iat")?.as_i64()?,
            not_after: claims.get("exp")?.as_i64()?,
            length: number("length")?,
            sha256: digest("sha256")?,
        };
        let follows = manifest.from.is_some_and(|from| from <= manifest.revision) && manifest.previous.is_some();
        let is_whole = match manifest.kind {
            Kind::Full => manifest.from.is_none(),
            Kind::Delta => follows,
            Kind::Revocations => manifest.from.is_none() || follows,
        };
        is_whole.then_some(manifest)
    }

    /// The payload to be signed under `{"typ":"sentinel-bundle+jwt"}` with `alg` and `kid`.
    #[cfg(feature = "bundle-write")]
    #[must_use]
    pub fn to_json(&self) -> String {
        use crate::policy::model::json::write_string;
        use core::fmt::Write;
        let mut out = String::from("{\"iss\":");
        write_string(&mut out, &self.issuer);
        out.push_str(",\"aud\":");
        write_string(&mut out, &self.audience);
        // Writing to a string does not fail.
        let _ = write!(out, ",\"iat\":{},\"exp\":{},\"bundle\":{{\"kind\":\"", self.issued_at, self.not_after);
        out.push_str(self.kind.as_str());
        out.push('"');
        let texts = [
            ("workspace", Some(&self.scope.workspace)),
            ("service", self.scope.service.as_ref()),
            ("user", self.scope.user.as_ref()),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                let _ = write!(out, ",\"{name}\":");
                write_string(&mut out, text);
            }
        }
        let _ = write!(out, ",\"revision\":{},\"state\":\"{}\"", self.revision, self.state);
        if let Some(previous) = self.previous {
            let _ = write!(out, ",\"previous\":\"{previous}\"");
        }
        if let Some(from) = self.from {
            let _ = write!(out, ",\"from\":{from}");
        }
        let _ = write!(out, ",\"length\":{},\"sha256\":\"{}\"}}}}", self.length, self.sha256);
        out
    }
}
