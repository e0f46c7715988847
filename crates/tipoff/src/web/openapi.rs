//! The API as a router, and its description: the OpenAPI document at `/api`.
//!
//! Both are made from the same table of calls, so that the description cannot miss one. What any call may answer, such
//! as 401, is added here once (`error_responses`).

use axum::Json;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::AppState;
use super::access::Rights;
use super::extract::BODY_BYTES_MAX;
use super::problem::Problem;
use super::route_types::api_router;
use super::{error_responses, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tipoff",
        description = "Incidents of cameras and other devices, the devices, the channels that deliver \
                       the alerts, and the sessions of the devices. Log in with an API \
                       token: `Authorization: Bearer tip_…`. Times are RFC 3339 in UTC.",
        license(name = "MIT OR Apache-2.0"),
    ),
    security(("token" = []), ("cookie" = [])),
    components(schemas(Problem)),
)]
struct Document;

/// The API with the address of its description, and who may use which call.
pub(super) fn router() -> (Router<AppState>, Rights) {
    let (router, rights) = api_router(routes::CALLS, Document::openapi());
    let (router, _) = router.split_for_parts();
    let router = router
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route("/api", get(async || Json(document()).into_response()));
    (router, rights)
}

/// The description. It takes megabytes, so each request for it makes a new one.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    let (router, _) = api_router(routes::CALLS, Document::openapi());
    let mut document = router.into_openapi();
    error_responses::add_common(&mut document);
    let schemes = &mut document.components.get_or_insert_default().security_schemes;
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    schemes.insert("token".to_owned(), SecurityScheme::Http(bearer).into());
    let cookie = ApiKeyValue::with_description("tipoff", "what a login in a browser gives");
    schemes.insert("cookie".to_owned(), SecurityScheme::ApiKey(ApiKey::Cookie(cookie)).into());
    document
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
