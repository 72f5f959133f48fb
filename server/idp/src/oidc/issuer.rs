//! Which issuers a provider's tokens may name: its own; with Entra ID those of the accepted tenants.

use sentinel_core::{Claims, Error, ErrorCode, Expected};
use url::Url;

use crate::config::GOOGLE;
use crate::{ProviderConfig, ProviderKind};

/// Google's issuer as some of its tokens write it, says its documentation of the ID token's payload.
const GOOGLE_BARE: &str = "accounts.google.com";
/// What stands for the tenant in the metadata of Entra ID's common endpoints.
const TENANT: &str = "{tenantid}";
/// Entra ID's endpoints that are no tenant of their own.
const COMMON: [&str; 3] = ["common", "organizations", "consumers"];

/// The rule for `iss`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Issuers {
    /// One issuer. Where tenants are listed, `tid` must be one of them too.
    One { issuer: String, tenants: Vec<String> },
    /// An endpoint for many tenants: the issuers that its template makes of the accepted ones.
    Tenants { template: String, tenants: Vec<String> },
}

impl Issuers {
    /// Reads the rule. An error is a hint for the operator.
    pub(crate) fn new(config: &ProviderConfig) -> Result<Self, &'static str> {
        let issuer = config.issuer.clone();
        if config.kind != ProviderKind::EntraId {
            return Ok(Self::One { issuer, tenants: Vec::new() });
        }
        let tenants: Vec<String> = config.tenants.iter().map(|tenant| tenant.to_ascii_lowercase()).collect();
        if !tenants.iter().all(|tenant| is_uuid(tenant)) {
            return Err("a tenant must be named by its id, a UUID");
        }
        let segment = Url::parse(&issuer).ok().and_then(|url| url.path_segments()?.next().map(str::to_owned));
        match segment.filter(|segment| COMMON.contains(&segment.as_str())) {
            None => Ok(Self::One { issuer, tenants }),
            Some(_) if tenants.is_empty() => {
                Err("its issuer is for every tenant there is: list the ids of the tenants whose people are accepted")
            }
            Some(segment) => {
                let template = issuer.replacen(&format!("/{segment}"), &format!("/{TENANT}"), 1);
                Ok(Self::Tenants { template, tenants })
            }
        }
    }

    /// What a login is bound to.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::One { issuer, .. } => issuer,
            Self::Tenants { template, .. } => template,
        }
    }

    /// Whether the provider's metadata may say this of itself (OpenID Connect Discovery §4.3).
    pub(crate) fn is_named(&self, issuer: &str) -> bool {
        issuer == self.name() || matches!(self, Self::Tenants { .. }) && self.accepts(issuer)
    }

    /// Whether an answer may come from this issuer (RFC 9207 §2.4).
    pub(crate) fn accepts(&self, issuer: &str) -> bool {
        self.all().iter().any(|known| known == issuer)
    }

    /// For the verifier.
    pub(crate) fn expected(&self) -> Expected {
        match self {
            Self::One { issuer, .. } if issuer == GOOGLE => Expected::one_of([GOOGLE, GOOGLE_BARE]),
            _ => Expected::one_of(self.all()),
        }
    }

    fn all(&self) -> Vec<String> {
        match self {
            Self::One { issuer, .. } => vec![issuer.clone()],
            Self::Tenants { template, tenants } => {
                tenants.iter().map(|tenant| template.replacen(TENANT, tenant, 1)).collect()
            }
        }
    }

    /// The issuer that a verified token's person is recorded under; refuses a tenant that is not accepted.
    pub(crate) fn settle(&self, claims: Claims<'_>) -> Result<String, Error> {
        const NO_TENANT: Error = Error::claim(ErrorCode::IssuerMismatch, "tid");
        let tenant = claims.string("tid");
        let is_accepted = |tenants: &[String]| tenant.as_deref().is_some_and(|tid| tenants.iter().any(|t| t == tid));
        match self {
            Self::One { issuer, tenants } if tenants.is_empty() || is_accepted(tenants) => Ok(issuer.clone()),
            Self::Tenants { template, tenants } if is_accepted(tenants) => {
                // `iss` and `tid` must name one tenant, or a token of one could be recorded under another.
                let issuer = template.replacen(TENANT, &tenant.unwrap_or_default(), 1);
                claims.issuer().filter(|iss| *iss == issuer).ok_or(NO_TENANT)?;
                Ok(issuer)
            }
            _ => Err(NO_TENANT),
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "11111111-1111-4111-8111-111111111111";
    const TWO: &str = "22222222-2222-4222-8222-222222222222";

    fn entra(tenant: &str, accepted: &[&str]) -> Result<Issuers, &'static str> {
        let tenants = accepted.iter().map(|tenant| (*tenant).to_owned()).collect();
        Issuers::new(&ProviderConfig { tenants, ..ProviderConfig::entra_id(tenant, "c", "s".into()) })
    }

    fn of(tenant: &str) -> String {
        format!("https://login.microsoftonline.com/{tenant}/v2.0")
    }

    #[test]
    fn a_tenant_of_ones_own_is_one_issuer() {
        let rule = entra(ONE, &[]).unwrap();
        assert!(rule.is_named(&of(ONE)) && rule.accepts(&of(ONE)));
        assert!(!rule.is_named(&of(TWO)) && !rule.accepts(&of(TWO)) && !rule.is_named(&of(TENANT)));
    }

    #[test]
    fn an_endpoint_for_all_needs_a_list_of_tenants() {
        for common in COMMON {
            assert!(entra(common, &[]).is_err(), "{common}");
            let rule = entra(common, &[ONE]).unwrap();
            assert_eq!(rule.name(), of(TENANT));
            assert!(rule.is_named(&of(TENANT)) && rule.accepts(&of(ONE)));
            assert!(!rule.accepts(&of(TWO)) && !rule.accepts(&of(TENANT)) && !rule.accepts(&of(common)));
        }
        assert!(entra("common", &["contoso.onmicrosoft.com"]).is_err());
        assert_eq!(entra("common", &[&ONE.to_uppercase()]), entra("common", &[ONE]));
    }

    #[test]
    fn google_has_two_spellings_and_nobody_else_has() {
        let rule = Issuers::new(&ProviderConfig::google("c", "s".into())).unwrap();
        assert_eq!(rule.expected(), Expected::one_of([GOOGLE, GOOGLE_BARE]));
        assert!(!rule.is_named(GOOGLE_BARE) && !rule.accepts(GOOGLE_BARE));
        let other = Issuers::new(&ProviderConfig::oidc("google", "https://id.example", "c", None)).unwrap();
        assert_eq!(other.expected(), Expected::exactly("https://id.example"));
    }

    #[test]
    fn a_template_means_nothing_to_other_providers() {
        let rule = Issuers::new(&ProviderConfig::oidc("x", "https://id.example/common", "c", None)).unwrap();
        assert!(rule.is_named("https://id.example/common") && !rule.is_named("https://id.example/{tenantid}"));
        assert!(!rule.is_named("https://id.example/common/"));
    }
}
