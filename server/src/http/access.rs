//! Who may call which route. [`Routes::add`] is the only way to register one, and it takes the rule: the
//! credentials are checked before the handler is reached, and the OpenAPI document says the same, since
//! both come from the one value.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::Response;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::layers::limits::{Limits, ServiceProven};
use super::layers::refusals::Refused;
use super::openfga::dialect::{failed, no_key};
use super::{Failure, credentials, scim, sliding};
use crate::service::bundles::{BundleCaller, Listener};
use crate::service::policy::PolicyCaller;
use crate::service::scim::Provisioner;
use crate::service::{Administrator, Caller, Error, Service, ServiceApp, User};

/// The extension of an OpenAPI operation that names its rule.
pub const EXTENSION: &str = "x-access";

/// Who may call a route. What they may do there is the use case's to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone: the route needs no credential, or one that stands in its body.
    Public,
    /// A person with an access token; with a service key beside it also with an authz token of that service.
    User,
    /// As `User`, or a browser in authz mode: the identity provider's token and `X-Authz-Token`.
    Directory,
    /// A service with its key.
    Service,
    /// A service with its key and, at the same time, a person with a token.
    ServiceUser,
    /// A service with its key, or a browser from a registered origin.
    Resolve,
    /// An administrator with the admin cookie; changes also need `X-Requested-With`.
    Admin,
    /// A service with a key that stores of policy were opened to: as a bearer token, which is all that OpenFGA's and
    /// AuthZEN's clients can send, or in `X-Service-Key`.
    Policy,
    /// A service with a key that bundles, or stores of policy, were opened to, in either header.
    Bundle,
    /// As `Bundle`, or a person as `Directory`.
    Events,
    /// A service that provisions a workspace, with its key as a bearer token.
    Scim,
}

impl Access {
    /// Every rule.
    pub const ALL: [Self; 11] = [
        Self::Public,
        Self::User,
        Self::Directory,
        Self::Service,
        Self::ServiceUser,
        Self::Resolve,
        Self::Admin,
        Self::Policy,
        Self::Bundle,
        Self::Events,
        Self::Scim,
    ];

    /// The rule's name in the OpenAPI document.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::User => "user",
            Self::Directory => "directory",
            Self::Service => "service",
            Self::ServiceUser => "service-user",
            Self::Resolve => "resolve",
            Self::Admin => "admin",
            Self::Policy => "policy",
            Self::Bundle => "bundle",
            Self::Events => "events",
            Self::Scim => "scim",
        }
    }

    /// The rule as OpenAPI has it: alternatives, each a set of schemes.
    fn security(self) -> Vec<SecurityRequirement> {
        let alternatives: &[&[&str]] = match self {
            Self::Public => &[],
            Self::User => &[&["bearer"], &["bearer", "serviceKey"]],
            Self::Directory => &[&["bearer"], &["bearer", "serviceKey"], &["bearer", "authzToken"]],
            Self::Service => &[&["serviceKey"]],
            Self::ServiceUser => &[&["bearer", "serviceKey"]],
            Self::Resolve => &[&["serviceKey"], &["origin"]],
            Self::Admin => &[&["adminCookie"]],
            Self::Scim => &[&["bearer"]],
            Self::Policy | Self::Bundle => &[&["bearer"], &["serviceKey"]],
            Self::Events => &[&["bearer"], &["bearer", "serviceKey"], &["bearer", "authzToken"], &["serviceKey"]],
        };
        let requirement = |schemes: &&[&str]| {
            schemes.iter().fold(SecurityRequirement::default(), |all, scheme| all.add(*scheme, [] as [&str; 0]))
        };
        alternatives.iter().map(requirement).collect()
    }
}

/// Routes, each with its rule.
pub struct Routes {
    inner: OpenApiRouter<Service>,
    service: Service,
}

impl Routes {
    /// None yet.
    #[must_use]
    pub fn new(service: Service, openapi: utoipa::openapi::OpenApi) -> Self {
        Self { inner: OpenApiRouter::with_openapi(openapi), service }
    }

    /// Registers handlers under a rule: `routes.add(Access::User, routes!(me))`.
    #[must_use]
    pub fn add(mut self, access: Access, (schemas, mut paths, handlers): UtoipaMethodRouter<Service>) -> Self {
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                operation.operation_id = Some(operation_id(method, path));
                operation.security = Some(access.security());
                operation.extensions.get_or_insert_default().insert(EXTENSION.into(), access.name().into());
            }
        }
        let guard = middleware::from_fn_with_state((self.service.clone(), access), guard);
        self.inner = self.inner.routes((schemas, paths, handlers.route_layer(guard)));
        self
    }

    /// The router and its OpenAPI document.
    pub fn finish(self) -> (axum::Router<Service>, utoipa::openapi::OpenApi) {
        self.inner.split_for_parts()
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)]
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What generated clients call it: unique, since method and path are. The functions' names are not.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |id, word| format!("{id}_{word}"))
}

/// Checks the credentials that the rule asks for and leaves who it is for the handler to take.
async fn guard(
    State((service, access)): State<(Service, Access)>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    match access {
        Access::Public => {}
        Access::User => {
            let app = credentials::optional_service(&service, &parts).await?;
            let user = credentials::user(&service, &parts, app.as_ref()).await?;
            parts.extensions.insert(user);
        }
        Access::Directory => {
            parts.extensions.insert(directory(&service, &parts).await?);
        }
        Access::Service => {
            parts.extensions.insert(credentials::service(&service, &parts).await?);
        }
        Access::ServiceUser => {
            let app = credentials::service(&service, &parts).await?;
            let user = credentials::user(&service, &parts, Some(&app)).await?;
            parts.extensions.insert(user);
            parts.extensions.insert(app);
        }
        Access::Resolve => {
            let resolver = match credentials::optional_service(&service, &parts).await? {
                Some(app) => Resolver::Service(app),
                None => Resolver::Browser(credentials::registered_origin(&service, &parts).await?),
            };
            parts.extensions.insert(resolver);
        }
        Access::Admin => {
            parts.extensions.insert(credentials::administrator(&service, &parts).await?);
        }
        Access::Policy => match credentials::policy(&service, &parts).await {
            Ok(caller) => _ = parts.extensions.insert(caller),
            // Its clients read errors in another dialect.
            Err(error) if credentials::names_no_key(&parts) => return Ok(no_key(error)),
            Err(error) => return Ok(failed(error)),
        },
        Access::Bundle => {
            parts.extensions.insert(credentials::bundle(&service, &parts).await?);
        }
        Access::Scim => match credentials::provisioner(&service, &parts).await {
            Ok(by) => _ = parts.extensions.insert(by),
            Err(error) => return Ok(scim::dialect::failed(error)),
        },
        Access::Events if credentials::is_keyed(&parts) => {
            let caller = credentials::bundle(&service, &parts).await?;
            parts.extensions.insert(Listener::Service(caller.clone()));
            parts.extensions.insert(caller);
        }
        Access::Events => {
            let user = directory(&service, &parts).await?;
            parts.extensions.insert(Listener::Person(user.clone()));
            parts.extensions.insert(user);
        }
    }
    if let (Some(limits), Some(user)) = (parts.extensions.get::<Arc<Limits>>(), parts.extensions.get::<User>()) {
        limits.account(user.id)?;
    }
    let proven = parts.extensions.get::<ServiceApp>().is_some()
        || parts.extensions.get::<PolicyCaller>().is_some()
        || parts.extensions.get::<Provisioner>().is_some()
        || parts.extensions.get::<BundleCaller>().is_some()
        || matches!(parts.extensions.get(), Some(Resolver::Service(_)));
    // A service that has somebody's token does not prolong their login for them.
    let is_own = !parts.headers.contains_key(credentials::SERVICE_KEY);
    let then = parts.extensions.get::<User>().and_then(|user| service.afterwards(user, is_own));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(then) = then {
        sliding::conclude(&service, &then, &mut response).await;
    }
    if proven {
        response.extensions_mut().insert(ServiceProven);
    }
    Ok(response)
}

/// A person with a token of ours, or with a pair.
async fn directory(service: &Service, parts: &Parts) -> Result<User, Failure> {
    let app = credentials::optional_service(service, parts).await?;
    match credentials::authz_token(parts)? {
        Some(authz) if app.is_none() => {
            let who = parts.extensions.get::<Caller>().and_then(Refused::of_client);
            let pair = credentials::pair(service, parts, authz);
            Ok(match parts.extensions.get::<Arc<Limits>>() {
                Some(limits) => limits.judged(who, pair).await?,
                None => pair.await?,
            })
        }
        _ => credentials::user(service, parts, app.as_ref()).await,
    }
}

/// Who asks for an authorization token.
#[derive(Clone, Debug)]
pub enum Resolver {
    /// A service with its key.
    Service(ServiceApp),
    /// A browser from an origin that this service registered: it identifies a front end and proves nothing.
    Browser(ServiceApp),
}

/// Lets a handler take who was checked. Where the route's rule does not check it, the handler is never run.
macro_rules! taken_from_the_guard {
    ($($principal:ty),*) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $principal {
            type Rejection = Failure;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
                let found = parts.extensions.get::<Self>().cloned();
                found.ok_or_else(|| Error::internal("a handler takes a principal that its route's rule does not check").into())
            }
        }
    )*};
}
taken_from_the_guard!(User, ServiceApp, Administrator, Resolver, PolicyCaller, BundleCaller, Listener, Provisioner);
