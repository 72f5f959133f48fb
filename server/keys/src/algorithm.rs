use std::fmt;
use std::str::FromStr;

use sentinel_core::Algorithm;

/// What issued tokens may be signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3): what the published SDKs accept.
    #[default]
    Rs256,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    Es256,
    /// Ed25519 under the name `EdDSA` (RFC 8037 §3.1), the one that verifiers in the field know.
    EdDsa,
}

impl SigningAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The registered name: `RS256`, `ES256`, `EdDSA`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.in_core().as_str()
    }

    /// The same algorithm as core knows it.
    #[must_use]
    pub const fn in_core(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::Rs256,
            Self::Es256 => Algorithm::Es256,
            Self::EdDsa => Algorithm::EdDsa,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// By its registered name, compared exactly (RFC 7515 §4.1.1).
impl FromStr for SigningAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name).ok_or(UnknownAlgorithm)
    }
}

/// Not the name of an algorithm that tokens are signed with here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of RS256, ES256, EdDSA")]
pub struct UnknownAlgorithm;

/// Length of a new RSA modulus in bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RsaBits {
    /// 112 bits of security: enough until 2030 (NIST SP 800-57 part 1, rev. 5, table 4), for keys that rotate.
    #[default]
    B2048,
    /// 128 bits of security, at three times the cost of a signature.
    B3072,
}

impl RsaBits {
    /// The number.
    #[must_use]
    pub const fn get(self) -> usize {
        match self {
            Self::B2048 => 2048,
            Self::B3072 => 3072,
        }
    }
}

impl TryFrom<u16> for RsaBits {
    type Error = u16;

    /// 2048 or 3072; anything else comes back.
    fn try_from(bits: u16) -> Result<Self, u16> {
        match bits {
            2048 => Ok(Self::B2048),
            3072 => Ok(Self::B3072),
            other => Err(other),
        }
    }
}
