//! Refusals in the OpenAPI document, each written once: what a handler itself answers is named in its description,
//! what any may answer is added to all.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

use super::route_types::operations;

/// Statuses that any request may get before its handler runs, or if the spool does not answer: a token in the address;
/// neither a login nor a token; no right, or a token for the feed only; too many wrong tokens or passwords.
const REFUSALS: [&str; 5] = ["400", "401", "403", "429", "503"];
/// The same of requests that have a body: too large, no JSON, not what is described.
const BODY_REFUSALS: [&str; 3] = ["413", "415", "422"];

/// A 404: it does not exist, or is no longer stored.
pub(super) struct NotFound;

/// What is there does not allow it.
pub(super) struct Conflict;

/// A 413: what was asked for is larger than one answer may be.
pub(super) struct TooLarge;

/// A 424: the service of a channel does not answer, or refuses the message.
pub(super) struct ChannelFailed;

/// A 424 (RFC 4918, section 11.4): a camera does not answer, refuses the login, or does not do it.
pub(super) struct CameraFailed;

impl IntoResponses for ChannelFailed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("424")
    }
}

impl IntoResponses for CameraFailed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("424")
    }
}

impl IntoResponses for TooLarge {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("413")
    }
}

impl IntoResponses for NotFound {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("404")
    }
}

impl IntoResponses for Conflict {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        one("409")
    }
}

fn one(status: &str) -> BTreeMap<String, RefOr<Response>> {
    BTreeMap::from([(status.to_owned(), problem().into())])
}

/// A [`Problem`](super::Problem).
fn problem() -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().content("application/problem+json", content).build()
}

/// Adds to each operation what the guard, the extractors and the spool may answer.
pub(super) fn add_common(document: &mut utoipa::openapi::OpenApi) {
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            let of_body = operation.request_body.iter().flat_map(|_| BODY_REFUSALS);
            let responses = &mut operation.responses.responses;
            for status in REFUSALS.into_iter().chain(of_body) {
                responses.entry(status.to_owned()).or_insert_with(|| problem().into());
            }
        }
    }
}
