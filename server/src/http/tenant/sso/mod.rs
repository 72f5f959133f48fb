//! `/api/v1/auth/sso`: a tenant's own identity provider.

mod configure;
mod domains;
mod enabling;
mod login;
mod logout;
mod oidc;
#[cfg(feature = "saml")]
mod saml;

use axum::response::{IntoResponse as _, Response};

use super::cookie;
use super::problem::No;
use crate::http::access::Routes;
use crate::http::cookies;
use crate::service::Config;
use crate::service::federation::Arrived;

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = configure::routes(routes);
    let routes = enabling::routes(routes);
    let routes = domains::routes(routes);
    let routes = login::routes(routes);
    let routes = logout::routes(routes);
    let routes = oidc::routes(routes);
    #[cfg(feature = "saml")]
    let routes = saml::routes(routes);
    routes
}

/// Where a browser goes that has come back from its provider.
fn arrived(config: &Config, arrived: Arrived) -> Result<Response, No> {
    let response = match arrived {
        Arrived::FrontEnd(url) => cookies::found(&url),
        // The page asks for its first access token with the cookie, as for every later one.
        Arrived::Own { tokens, url } => {
            cookies::found(&url).and_then(|response| cookie::keep(response, config, &tokens.refresh_token))
        }
        Arrived::Report(report) => {
            let report = axum::Json(login::ReportAnswer::from(report));
            Ok(cookies::private(report.into_response()))
        }
    };
    Ok(response.into_response())
}
