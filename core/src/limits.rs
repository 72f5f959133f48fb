//! Bounds on hostile input. Each is an argument, with its source beside it.

/// What an input may cost before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest token in bytes. 16 KiB: an Entra ID token with its maximum of
    /// 200 group ids is about 9 KiB in base64url, and common servers refuse
    /// headers above 16 KiB (Node's default `--max-http-header-size`).
    pub token_bytes: usize,
    /// Deepest nesting of JSON in a header, payload or key set; at most 64.
    /// 32 is far above any token seen in the field (Keycloak nests 3 deep).
    pub json_depth: u8,
    /// Most members in one JSON object. Finding duplicates costs the square of it.
    pub json_members: u16,
    /// Longest key set document in bytes. 512 KiB holds some 300 RSA keys with their certificates.
    pub jwks_bytes: usize,
    /// Most keys taken from one key set.
    pub jwks_keys: usize,
    /// Longest `kid`, in a header or a key.
    pub kid_bytes: usize,
}

impl Limits {
    /// The defaults, each documented at its field.
    pub const DEFAULT: Self = Self {
        token_bytes: 16 * 1024,
        json_depth: 32,
        json_members: 512,
        jwks_bytes: 512 * 1024,
        jwks_keys: 256,
        kid_bytes: 1024,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
