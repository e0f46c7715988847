//! What each role may ask for, by route. A viewer sees everything but secrets and settings, and changes
//! nothing but what belongs to their own account: a changing route that is not listed here is an owner's.

use axum::http::Method;
use tipoff_spool::Role;

use super::super::page_table::{PAGES, Readers};
use super::principal::{AuthMethod, Principal};

/// Changing routes of the principal's own account.
const OWN_ACCOUNT: &[(Method, &str)] = &[
    (Method::POST, "/logout"),
    (Method::PUT, "/api/v1/password"),
    (Method::POST, "/api/v1/totp"),
    (Method::PUT, "/api/v1/totp"),
    (Method::POST, "/api/v1/totp/end"),
    (Method::DELETE, "/api/v1/logins"),
    (Method::DELETE, "/api/v1/logins/{id}"),
];

/// Calls that only read, and show secrets or settings. Of pages the page table says it.
const SECRET_CALLS: &[&str] =
    &["/api/v1/audit", "/api/v1/shares", "/api/v1/tokens", "/api/v1/users"];

/// Where users, their logins and passwords, and tokens are changed: only people do, so that a token that leaked
/// makes no other, lets nobody in, and ends with its maker.
const ACCOUNTS: &[&str] = &[
    "/logout",
    "/api/v1/logins",
    "/api/v1/logins/{id}",
    "/api/v1/password",
    "/api/v1/tokens",
    "/api/v1/tokens/{id}",
    "/api/v1/totp",
    "/api/v1/totp/end",
    "/api/v1/users",
    "/api/v1/users/{id}",
    "/api/v1/users/{id}/totp",
];

/// Whether a principal may use a route, by the path with which it was registered.
pub(super) fn may(principal: &Principal, method: &Method, path: &str) -> bool {
    if principal.role == Role::Owner {
        let is_token = matches!(principal.auth, AuthMethod::Token { .. });
        let changes = !matches!(*method, Method::GET | Method::HEAD);
        return !(is_token && changes && ACCOUNTS.contains(&path));
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        let is_secret_page =
            PAGES.iter().any(|page| page.path == path && page.readers == Readers::Owners);
        return !is_secret_page && !SECRET_CALLS.contains(&path);
    }
    // A program has no account of its own.
    let is_person = !matches!(principal.auth, AuthMethod::Token { .. });
    is_person && OWN_ACCOUNT.iter().any(|(own, of)| own == method && *of == path)
}
