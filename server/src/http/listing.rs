//! Lists are JSON arrays, as clients expect; where more follows, the answer's `Link` header says where (RFC 8288).

use axum::Json;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use url::form_urlencoded;

use crate::service::Page;

/// Query parameters of every list.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// Only what has this in its name (members: also in their e-mail address), in any case.
    pub q: Option<String>,
    /// Most entries of the answer, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// Where the page begins: from the `Link` header of the page before.
    pub cursor: Option<String>,
}

/// A page of a list as an answer.
pub(super) struct Listing<T>(Response, std::marker::PhantomData<T>);

impl<T: Serialize> Listing<T> {
    /// `uri`: of this request, which the link to the next page is made from.
    pub(super) fn new<R>(page: Page<R>, uri: &Uri, row: impl FnMut(R) -> T) -> Self {
        let rows: Vec<T> = page.rows.into_iter().map(row).collect();
        let mut response = Json(rows).into_response();
        if let Some(cursor) = page.next {
            let mut query = form_urlencoded::Serializer::new(String::new());
            let before = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
            query.extend_pairs(before.filter(|(name, _)| name != "cursor"));
            query.append_pair("cursor", &cursor.to_string());
            let link = format!("<{}?{}>; rel=\"next\"", uri.path(), query.finish());
            // A path and an encoded query are visible ASCII; were they not, the list would only end early.
            if let Ok(link) = HeaderValue::from_str(&link) {
                response.headers_mut().insert(header::LINK, link);
            }
        }
        Self(response, std::marker::PhantomData)
    }
}

impl<T> IntoResponse for Listing<T> {
    fn into_response(self) -> Response {
        self.0
    }
}
