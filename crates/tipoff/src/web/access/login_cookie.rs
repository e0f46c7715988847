//! The cookie of a login.

use axum::http::{HeaderName, header};
use axum::response::AppendHeaders;

use super::super::client::Client;
use super::super::cookie::{name_prefix, scope};
use super::{NewLogin, known_browser};

/// Browsers keep a cookie for at most 400 days; ours is over sooner where it is unseen.
const COOKIE_AGE_S: u32 = 400 * 24 * 3600;

/// The cookie of a login, and the one by which the browser is known after it.
pub(in super::super) fn login_cookies(
    login: &NewLogin,
    client: &Client,
) -> AppendHeaders<[(HeaderName, String); 2]> {
    let known = known_browser::cookie_of(login.user, &login.known, client);
    AppendHeaders([
        (header::SET_COOKIE, cookie_with(&login.secret, COOKIE_AGE_S, client)),
        (header::SET_COOKIE, known),
    ])
}

pub(super) fn cookie_with(value: &str, age_s: u32, client: &Client) -> String {
    let name = cookie_name(client);
    let scope = scope(client);
    format!("{name}={value}; Max-Age={age_s}; HttpOnly; SameSite=Lax; {scope}")
}

/// The cookie of a login.
pub(super) fn cookie_name(client: &Client) -> String {
    format!("{}tipoff", name_prefix(client))
}
