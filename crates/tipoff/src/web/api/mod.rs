//! What programs may ask, and what the script of our pages asks: all under `/api/v1`, described by
//! the OpenAPI document at `/api`, which is made from the very handlers.

mod accounts;
pub(super) mod audit;
pub(super) mod channels;
mod device_logins;
pub(super) mod devices;
pub(super) mod events;
pub(super) mod files;
pub(super) mod house;
mod incidents;
pub(super) mod sessions;
pub(super) mod shares;
mod totp;
mod users;

use axum::Json;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::State;

/// Bodies of requests are small.
const BODY_BYTES_MAX: usize = 64 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tipoff",
        description = "Incidents that cameras and other devices told of, the devices, the channels \
                       that were told, and the sessions in which it was said. Log in with an API \
                       token: `Authorization: Bearer tip_…`. Times are RFC 3339 in UTC.",
        license(name = "MIT OR Apache-2.0"),
    ),
    security(("token" = []), ("cookie" = [])),
)]
struct Document;

/// What any request may be answered before its handler is asked, or when the spool does not answer: a token in
/// the address; no right, or a token that opens the feed only; too many wrong tokens or passwords.
const REFUSALS: [&str; 4] = ["400", "403", "429", "503"];
/// The same of requests that have a body: too large, no JSON, not what is described.
const BODY_REFUSALS: [&str; 3] = ["413", "415", "422"];

/// Adds to each operation what the guard, the extractors and the spool may answer.
fn add_common_refusals(document: &mut utoipa::openapi::OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let of_body = operation.request_body.iter().flat_map(|_| BODY_REFUSALS);
            let responses = &mut operation.responses.responses;
            // Nobody gets in without a login or a token, so each has this one.
            let Some(refusal) = responses.get("401").cloned() else { continue };
            for status in REFUSALS.into_iter().chain(of_body) {
                responses.entry(status.to_owned()).or_insert_with(|| refusal.clone());
            }
        }
    }
}

/// The API and its description.
pub(super) fn router() -> axum::Router<State> {
    let (router, _) = routes().split_for_parts();
    router
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route("/api", get(async || Json(document()).into_response()))
}

/// The description, made when it is asked for: it takes megabytes.
fn document() -> utoipa::openapi::OpenApi {
    let (_, mut document) = routes().split_for_parts();
    add_common_refusals(&mut document);
    let schemes = &mut document.components.get_or_insert_default().security_schemes;
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    schemes.insert("token".to_owned(), SecurityScheme::Http(bearer).into());
    let cookie = ApiKeyValue::with_description("tipoff", "what a login in a browser gives");
    schemes.insert("cookie".to_owned(), SecurityScheme::ApiKey(ApiKey::Cookie(cookie)).into());
    document
}

fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::one))
        .routes(routes!(incidents::parcel))
        .routes(routes!(incidents::retry))
        .routes(routes!(incidents::lock, incidents::unlock))
        .routes(routes!(shares::share))
        .routes(routes!(shares::list))
        .routes(routes!(shares::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(devices::list, devices::add))
        .routes(routes!(devices::one, devices::change))
        .routes(routes!(devices::merge))
        .routes(routes!(device_logins::renew_password, device_logins::remove_password))
        .routes(routes!(files::file))
        .routes(routes!(files::thumbnail))
        .routes(routes!(files::rendition))
        .routes(routes!(channels::list))
        .routes(routes!(channels::test))
        .routes(routes!(channels::pause))
        .routes(routes!(house::house, house::change))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::one))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::remove))
        .routes(routes!(accounts::change_password))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::change, users::remove))
        .routes(routes!(users::end_totp))
        .routes(routes!(users::logins, users::end_logins))
        .routes(routes!(users::end_login))
        .routes(routes!(totp::begin, totp::confirm))
        .routes(routes!(totp::end))
        .routes(routes!(events::events))
}
