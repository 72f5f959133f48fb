//! The UserInfo endpoint (OpenID Connect Core §5.3), for providers whose ID tokens say only who, and not what they
//! are called.

use http::header::{ACCEPT, AUTHORIZATION};
use sentinel_core::ErrorCode;
use serde_json::{Map, Value};

use crate::IdpError;
use crate::identity::Said;
use crate::remote::Remote;

/// Asks who the access token's subject is. Nothing where the provider does not tell us, or only in a signed form.
pub(crate) async fn ask(
    remote: &Remote,
    url: &str,
    access_token: &str,
    subject: &str,
) -> Result<Option<Said>, IdpError> {
    let Some(claims) = claims(remote, url, access_token, subject).await? else { return Ok(None) };
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let email_verified = claims.get("email_verified").is_some_and(|value| *value == true || *value == "true");
    Ok(Some(Said {
        email: text("email"),
        email_verified,
        hosted_domain: text("hd"),
        username: text("preferred_username"),
        name: text("name"),
        given_name: text("given_name"),
        family_name: text("family_name"),
        picture: text("picture"),
    }))
}

/// As [`ask`], as it was said.
pub(crate) async fn claims(
    remote: &Remote,
    url: &str,
    access_token: &str,
    subject: &str,
) -> Result<Option<Map<String, Value>>, IdpError> {
    let request = http::Request::get(url)
        .header(ACCEPT, "application/json")
        .header(AUTHORIZATION, format!("Bearer {access_token}"))
        .body(Vec::new());
    let answer = remote.send(request).await?;
    match answer.status().as_u16() {
        200 => {}
        400..500 => return Ok(None),
        _ => return Err(remote.unreachable("its UserInfo endpoint answers with an error")),
    }
    let Ok(claims) = serde_json::from_slice::<Map<String, Value>>(answer.body()) else {
        return Ok(None);
    };
    // Else another person's answer could be substituted (§5.3.2).
    if claims.get("sub").and_then(Value::as_str) != Some(subject) {
        return Err(IdpError::token(ErrorCode::BindingMismatch, "the UserInfo endpoint answered for another subject"));
    }
    Ok(Some(claims))
}
