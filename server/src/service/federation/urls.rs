//! Where a tenant's provider finds this server. The tenant's id stands in each, so that they are known before anything is
//! configured, and an answer that comes to one tenant's address is never taken for another's (RFC 9700 §4.4.2.2).

use uuid::Uuid;

use crate::service::dialects::tenant_id;

/// The addresses of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urls {
    /// SAML: our entity id, and where our metadata are.
    pub saml_metadata: String,
    /// SAML: where responses are posted to.
    pub saml_acs: String,
    /// OpenID Connect: the redirect URI.
    pub oidc_callback: String,
    /// OpenID Connect: for back-channel logout, posted; for front-channel logout, in a frame.
    pub oidc_logout: String,
    /// OpenID Connect: for logins that begin at the provider.
    pub oidc_initiate: String,
    /// Where people begin.
    pub login: String,
}

impl Urls {
    pub(super) fn new(base_url: &str, workspace_id: Uuid) -> Self {
        let tenant = tenant_id(workspace_id);
        let at = |path: &str| format!("{base_url}/api/v1/auth/sso/{path}/{tenant}");
        Self {
            saml_metadata: at("saml/metadata"),
            saml_acs: at("saml/acs"),
            oidc_callback: at("oidc/callback"),
            oidc_logout: at("oidc/logout"),
            oidc_initiate: at("oidc/initiate"),
            login: format!("{base_url}/api/v1/auth/sso/login?tenant={tenant}"),
        }
    }
}
