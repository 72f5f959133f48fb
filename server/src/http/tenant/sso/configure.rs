//! Setting the provider up, and reading what was set up.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::domains::SsoDomainAnswer;
use crate::http::access::{Access, Routes};
use crate::http::extract::Body;
use crate::http::tenant::problem::{No, Problem};
use crate::http::time::rfc3339;
use crate::service::dialects::{TenantRole, tenant_id};
use crate::service::federation::{
    AttributeMapping, ConfigurationView, FederationView, NewConfiguration, NewProvider, Provider, Urls,
};
use crate::service::{Caller, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::User, routes!(configure, read, remove))
}

/// How the provider is spoken to.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SsoProtocolName {
    /// SAML 2.0.
    Saml2,
    /// OpenID Connect.
    Oidc,
}

/// Which attributes (SAML) or claims (OpenID Connect) say what.
#[derive(Default, Serialize, Deserialize, ToSchema)]
struct SsoAttributeMapping {
    /// The e-mail address. OpenID Connect: `email` without it. `NameID` is SAML's own name of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "user.email")]
    email: Option<String>,
    /// The role, or the groups that it is made of; may have several values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "user.group")]
    role: Option<String>,
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// SAML: what names the person for good, where the provider's NameID does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
}

impl From<SsoAttributeMapping> for AttributeMapping {
    fn from(SsoAttributeMapping { email, role, name, subject }: SsoAttributeMapping) -> Self {
        Self { email, role, name, subject }
    }
}

impl From<AttributeMapping> for SsoAttributeMapping {
    fn from(AttributeMapping { email, role, name, subject }: AttributeMapping) -> Self {
        Self { email, role, name, subject }
    }
}

#[derive(Deserialize, ToSchema)]
struct SsoConfigureBody {
    protocol: SsoProtocolName,
    /// SAML: where the provider's metadata are; they are asked for again every hour.
    #[schema(example = "https://idp.firm.com/metadata.xml")]
    metadata_url: Option<String>,
    /// SAML: the metadata themselves, in place of their URL.
    metadata_xml: Option<String>,
    /// SAML: which provider, where the metadata have several.
    entity_id: Option<String>,
    /// OpenID Connect: the issuer, exactly as the provider writes it.
    issuer: Option<String>,
    /// OpenID Connect: the discovery document, in place of the issuer.
    discovery_url: Option<String>,
    /// OpenID Connect: this server's client id there.
    client_id: Option<String>,
    /// OpenID Connect: its secret there. It is never shown again, and comes with every configuration anew.
    #[schema(value_type = Option<String>, format = Password)]
    client_secret: Option<SecretString>,
    #[serde(default)]
    attribute_mapping: SsoAttributeMapping,
    /// What a value of the role attribute makes of someone; the highest counts. Without it `viewer`, `analyst` and `admin`
    /// stand for themselves.
    #[serde(default)]
    role_mapping: BTreeMap<String, TenantRole>,
    /// What someone is whom no value makes anything: `viewer` without it; `null`: such people do not come in.
    #[serde(default = "viewer", deserialize_with = "present")]
    #[schema(value_type = Option<TenantRole>)]
    default_role: Option<TenantRole>,
    /// What the provider makes of people at most: `analyst` without it. Nobody becomes an owner.
    max_role: Option<TenantRole>,
}

#[allow(clippy::unnecessary_wraps, reason = "the default of a member that may be null")]
fn viewer() -> Option<TenantRole> {
    Some(TenantRole::Viewer)
}

/// Tells `null` from a member that is not there.
fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<TenantRole>, D::Error> {
    Option::deserialize(input)
}

/// Where the provider finds this server.
#[derive(Serialize, ToSchema)]
struct SsoAddresses {
    /// SAML: entity id (audience), and where the metadata are.
    saml_entity_id: String,
    /// SAML: the assertion consumer service (ACS, reply URL).
    saml_acs_url: String,
    /// OpenID Connect: the redirect URI.
    oidc_redirect_uri: String,
    /// OpenID Connect: for back-channel and for front-channel logout.
    oidc_logout_uri: String,
    /// OpenID Connect: for logins that begin at the provider.
    oidc_initiate_login_uri: String,
    /// Where people begin.
    login_url: String,
}

impl From<Urls> for SsoAddresses {
    fn from(urls: Urls) -> Self {
        Self {
            saml_entity_id: urls.saml_metadata,
            saml_acs_url: urls.saml_acs,
            oidc_redirect_uri: urls.oidc_callback,
            oidc_logout_uri: urls.oidc_logout,
            oidc_initiate_login_uri: urls.oidc_initiate,
            login_url: urls.login,
        }
    }
}

/// A certificate that the provider's responses may be signed with.
#[derive(Serialize, ToSchema)]
struct SsoCertificate {
    sha256: String,
    not_after: String,
    /// It has left the provider's metadata and is taken until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// What was configured. Never the secret.
#[derive(Serialize, ToSchema)]
struct SsoConfigurationAnswer {
    #[schema(example = "saml2")]
    protocol: &'static str,
    /// The provider's issuer or entity id.
    provider: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    has_client_secret: bool,
    attribute_mapping: SsoAttributeMapping,
    role_mapping: BTreeMap<String, TenantRole>,
    default_role: Option<TenantRole>,
    max_role: TenantRole,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    certificates: Vec<SsoCertificate>,
    /// When somebody logged in by exactly this to try it.
    tested_at: Option<String>,
    created_at: String,
}

impl From<ConfigurationView> for SsoConfigurationAnswer {
    fn from(view: ConfigurationView) -> Self {
        let configuration = view.configuration;
        let provider = configuration.provider.issuer().to_owned();
        let (protocol, metadata_url, client_id) = match configuration.provider {
            Provider::Saml2 { metadata_url, .. } => ("saml2", metadata_url, None),
            Provider::Oidc { client_id, .. } => ("oidc", None, Some(client_id)),
        };
        let certificate = |one: crate::service::federation::CertificateView| SsoCertificate {
            sha256: one.sha256,
            not_after: rfc3339(one.not_after),
            until: one.until.map(rfc3339),
        };
        Self {
            protocol,
            provider,
            metadata_url,
            client_id,
            has_client_secret: view.has_client_secret,
            attribute_mapping: configuration.attribute_mapping.into(),
            role_mapping: configuration.role_mapping,
            default_role: configuration.default_role,
            max_role: configuration.max_role,
            certificates: view.certificates.into_iter().map(certificate).collect(),
            tested_at: view.tested_at.map(rfc3339),
            created_at: rfc3339(view.created_at),
        }
    }
}

/// A tenant's federation.
#[derive(Serialize, ToSchema)]
pub(super) struct SsoAnswer {
    #[schema(example = "ten_8a1c7d4e-3e63-4a55-8f0b-5f3f5a0b9c22")]
    tenant_id: String,
    /// What the provider has to be told.
    addresses: SsoAddresses,
    /// What is being tried.
    draft: Option<SsoConfigurationAnswer>,
    /// What people log in by.
    enabled: Option<SsoConfigurationAnswer>,
    /// The domains for whose addresses the provider may speak.
    domains: Vec<SsoDomainAnswer>,
}

impl SsoAnswer {
    pub(super) fn new(user: &User, view: FederationView) -> Self {
        Self {
            tenant_id: tenant_id(user.workspace_id),
            addresses: view.urls.into(),
            draft: view.draft.map(SsoConfigurationAnswer::from),
            enabled: view.enabled.map(SsoConfigurationAnswer::from),
            domains: view.domains.into_iter().map(SsoDomainAnswer::from).collect(),
        }
    }
}

/// Sets the tenant's provider up, as a draft: what people log in by stays what it is until the draft was tried and enabled.
#[utoipa::path(post, path = "/api/v1/auth/sso/configure", tag = "sso", request_body = SsoConfigureBody, responses(
    (status = 200, body = SsoAnswer),
    (status = 400, description = "`configuration_invalid`; `provider_unreachable`, `provider_misconfigured` or `metadata_…`: the provider does not answer as it was configured", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`: admins of the tenant may", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`request_invalid`", body = Problem, content_type = "application/problem+json"),
))]
async fn configure(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Body(body): Body<SsoConfigureBody>,
) -> Result<Json<SsoAnswer>, No> {
    let provider = match body.protocol {
        SsoProtocolName::Saml2 => NewProvider::Saml2 {
            metadata_url: body.metadata_url,
            metadata_xml: body.metadata_xml,
            entity_id: body.entity_id,
        },
        SsoProtocolName::Oidc => NewProvider::Oidc {
            issuer: body.issuer,
            discovery_url: body.discovery_url,
            client_id: body.client_id.unwrap_or_default(),
            client_secret: body.client_secret,
        },
    };
    let new = NewConfiguration {
        provider,
        attribute_mapping: body.attribute_mapping.into(),
        role_mapping: body.role_mapping,
        default_role: body.default_role,
        max_role: body.max_role.unwrap_or(TenantRole::Analyst),
    };
    let view = service.configure_sso(&user, &caller, new).await?;
    Ok(Json(SsoAnswer::new(&user, view)))
}

/// What is set up, and where the provider finds this server: that is known before anything is set up.
#[utoipa::path(get, path = "/api/v1/auth/sso/configure", tag = "sso", responses(
    (status = 200, body = SsoAnswer),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
))]
async fn read(State(service): State<Service>, user: User) -> Result<Json<SsoAnswer>, No> {
    Ok(Json(SsoAnswer::new(&user, service.sso_configuration(&user).await?)))
}

/// Forgets the tenant's provider, and ends the sessions that came of it. The domains stay proven.
#[utoipa::path(delete, path = "/api/v1/auth/sso/configure", tag = "sso", responses(
    (status = 204, description = "It is gone"),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
))]
async fn remove(State(service): State<Service>, user: User, caller: Caller) -> Result<StatusCode, No> {
    service.delete_sso(&user, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
