//! What programs may ask, and what the script of our pages asks: all under `/api/v1`, described by
//! the OpenAPI document at `/api`, which is made from the very handlers.

pub(super) mod audit;
pub(super) mod channels;
mod device_logins;
pub(super) mod devices;
mod error_responses;
pub(super) mod event_stream;
pub(super) mod files;
pub(super) mod home_state;
mod incidents;
pub(super) mod sessions;
pub(super) mod shares;
mod tokens;
mod totp;
mod users;

use axum::Json;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::problem::Problem;

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
    components(schemas(Problem)),
)]
struct Document;

/// The API and its description.
pub(super) fn router() -> axum::Router<AppState> {
    let (router, _) = routes().split_for_parts();
    router
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route("/api", get(async || Json(document()).into_response()))
}

/// The description, made when it is asked for: it takes megabytes.
fn document() -> utoipa::openapi::OpenApi {
    let (_, mut document) = routes().split_for_parts();
    error_responses::add_common(&mut document);
    let schemes = &mut document.components.get_or_insert_default().security_schemes;
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    schemes.insert("token".to_owned(), SecurityScheme::Http(bearer).into());
    let cookie = ApiKeyValue::with_description("tipoff", "what a login in a browser gives");
    schemes.insert("cookie".to_owned(), SecurityScheme::ApiKey(ApiKey::Cookie(cookie)).into());
    document
}

fn routes() -> OpenApiRouter<AppState> {
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
        .routes(routes!(home_state::show, home_state::change))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::one))
        .routes(routes!(tokens::list, tokens::add))
        .routes(routes!(tokens::remove))
        .routes(routes!(tokens::change_password))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::change, users::remove))
        .routes(routes!(users::end_totp))
        .routes(routes!(users::logins, users::end_logins))
        .routes(routes!(users::end_login))
        .routes(routes!(totp::begin, totp::confirm))
        .routes(routes!(totp::end))
        .routes(routes!(event_stream::event_stream))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// All values of `$ref` below a value.
    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_operation_names_its_refusals_and_every_reference_leads_somewhere() {
        let document = serde_json::to_value(super::document()).unwrap();
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in found {
            let at = reference.trim_start_matches('#');
            assert!(document.pointer(at).is_some(), "{reference}");
        }
        let paths = document["paths"].as_object().unwrap();
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap();
                let has_body = operation.get("requestBody").is_some();
                let of_body = ["413", "415", "422"].into_iter().filter(|_| has_body);
                for status in ["400", "401", "403", "429", "503"].into_iter().chain(of_body) {
                    assert!(responses.contains_key(status), "{method} {path}: {status}");
                }
                // What an address names may be gone.
                let names_one = path.contains('{');
                assert!(!names_one || responses.contains_key("404"), "{method} {path}: 404");
            }
        }
    }
}
