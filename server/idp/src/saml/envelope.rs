//! The response around the assertion (core, section 3.2.2; profiles, section 4.1.4).

use roxmltree::Node;

use super::names::{FORMAT_ENTITY, SAML, SAMLP, SUCCESS};
use super::{IdpMetadata, SamlFault, ServiceProvider, xml};

/// Whether this is a SAML 2.0 response at all.
pub(super) fn is_response(root: Node<'_, '_>) -> Result<(), SamlFault> {
    let response = xml::is(root, SAMLP, "Response") && xml::attribute(root, "Version") == Some("2.0");
    if response { Ok(()) } else { Err(SamlFault::NotAResponse) }
}

/// Whether the provider says that it authenticated somebody. It is asked first, before any signature: a provider
/// seldom signs that it failed, and the administrator should read that it did.
pub(super) fn succeeded(response: Node<'_, '_>) -> Result<(), SamlFault> {
    let code = xml::one(response, SAMLP, "Status").and_then(|status| xml::one(status, SAMLP, "StatusCode"));
    match code.and_then(|code| xml::attribute(code, "Value")) {
        Some(SUCCESS) => Ok(()),
        _ => Err(SamlFault::StatusNotSuccess),
    }
}

/// What the response says of itself. Of an unsigned one this is no proof of anything, so all that comes of it is a
/// refusal; the assertion says the same again, under its own signature.
pub(super) fn check(
    response: Node<'_, '_>,
    sp: &ServiceProvider,
    idp: &IdpMetadata,
    request_id: &str,
    signed: bool,
) -> Result<(), SamlFault> {
    succeeded(response)?;
    if let Some(named) = xml::at_most_one(response, SAML, "Issuer").map_err(|_| SamlFault::IssuerMismatch)? {
        issuer(named, idp)?;
    }
    match xml::attribute(response, "Destination") {
        Some(destination) if destination == sp.acs_url() => {}
        // Bindings, section 3.5.5.2: who signs a message must say whom it is for.
        None if !signed => {}
        _ => return Err(SamlFault::DestinationMismatch),
    }
    if xml::attribute(response, "InResponseTo") == Some(request_id) {
        Ok(())
    } else {
        Err(SamlFault::InResponseToMismatch)
    }
}

/// Whether an `Issuer` is the provider that was asked.
pub(super) fn issuer(named: Node<'_, '_>, idp: &IdpMetadata) -> Result<(), SamlFault> {
    let format = xml::attribute(named, "Format").is_none_or(|format| format == FORMAT_ENTITY);
    let same = xml::text(named).is_some_and(|name| name == idp.entity_id);
    if format && same { Ok(()) } else { Err(SamlFault::IssuerMismatch) }
}
