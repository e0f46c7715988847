//! Every route of the dashboard and the API, one line each.
//!
//! [`route_types`](super::route_types) makes the routers, the guard's rights, the tabs and the description of the API from
//! these tables. Nothing else registers a route that needs a login or changes something; tests compare the tables with the
//! source, with the description, and with what each route writes to the audit log.
//!
//! A new page or API call is a handler in `pages` or `api`, its `mod` line there, and its line here (CONTRIBUTING.md).

use axum::routing::get;
use utoipa_axum::routes;

use super::access::AllowedUsers::{Everybody, EverybodyInPerson, Owners, OwnersInPerson};
use super::layout::TabEntry;
use super::route_types::Audit::{NoEntry, Reads, Writes};
use super::route_types::{ApiRoute, FormRoute, PageRoute, call, form, page};
use super::{access, action_links, api, hooks, pages};
use crate::audit::AuditAction as Did;

macro_rules! tab {
    ($name:literal, $icon:literal) => {
        Some(TabEntry {
            name: $name,
            icon: include_str!(concat!("../../templates/icons/", $icon, ".svg")),
        })
    };
}

/// The pages behind the login: path, tab, who may read it, handler. Tabs are shown in this order.
#[rustfmt::skip]
pub(super) const PAGES: &[PageRoute] = &[
    page("/", tab!("tab-timeline", "timeline"), Everybody, || get(pages::timeline::timeline)),
    page("/review", tab!("tab-review", "review"), Everybody, || get(pages::review::review)),
    page("/incidents/{id}", None, Everybody, || get(pages::incident::incident)),
    page("/devices", tab!("tab-devices", "camera"), Everybody, || get(pages::devices::list)),
    page("/devices/add", None, Owners, || get(pages::add_device::add)),
    page("/devices/{id}", None, Everybody, || get(pages::devices::one)),
    page("/devices/{id}/setup", None, Owners, || get(pages::add_device::setup)),
    page("/devices/{id}/camera/setup", None, Owners, || get(pages::camera_setup::camera_setup)),
    page("/sessions", tab!("tab-sessions", "talk"), Everybody, || get(pages::sessions::list)),
    page("/sessions/{id}", None, Everybody, || get(pages::sessions::one)),
    page("/channels", tab!("tab-channels", "send"), Everybody, || get(pages::channels::list)),
    page("/channels/add", None, Owners, || get(pages::channel_form::add)),
    page("/channels/routes", None, Everybody, || get(pages::routing::list)),
    page("/channels/routes/edit", None, Owners, || get(pages::routing::edit)),
    page("/channels/transfer", None, Owners, || get(pages::channel_transfer::transfer)),
    page("/overview", tab!("tab-overview", "gauge"), Everybody, || get(pages::overview::overview)),
    page("/modes", None, Everybody, || get(pages::modes::modes)),
    page("/settings", None, Everybody, || get(pages::settings::settings)),
    page("/shares", None, Owners, || get(pages::shares::shares)),
    page("/audit", None, Owners, || get(pages::audit::audit)),
];

/// The calls of the API: handler (its `#[utoipa::path]` has method and path), who may use it, and what it writes to the
/// audit log.
#[rustfmt::skip]
pub(super) const CALLS: &[ApiRoute] = &[
    call(|| routes!(api::incidents::list), Everybody, Reads),
    call(|| routes!(api::incidents::one), Everybody, Reads),
    call(|| routes!(api::incidents::zip), Everybody, Reads),
    call(|| routes!(api::incident_sets::zip), Everybody, Reads),
    call(|| routes!(api::incident_sets::remove), OwnersInPerson, Writes(&[Did::IncidentRemove])),
    call(|| routes!(api::review::counts), Everybody, Reads),
    call(|| routes!(api::review::mark), EverybodyInPerson, NoEntry("one's own marks")),
    call(|| routes!(api::review::see_all), EverybodyInPerson, NoEntry("one's own marks")),
    call(|| routes!(api::incidents::retry), Owners, Writes(&[Did::Retry])),
    call(|| routes!(api::incidents::lock), Owners, Writes(&[Did::Lock])),
    call(|| routes!(api::incidents::unlock), Owners, Writes(&[Did::Unlock])),
    call(|| routes!(api::shares::share), Owners, Writes(&[Did::ShareCreate])),
    call(|| routes!(api::shares::list), Owners, Reads),
    call(|| routes!(api::shares::revoke), Owners, Writes(&[Did::ShareRevoke])),
    call(|| routes!(api::audit::list), Owners, Reads),
    call(|| routes!(api::devices::list), Everybody, Reads),
    call(|| routes!(api::devices::add), Owners, Writes(&[Did::DeviceAdd])),
    call(|| routes!(api::devices::one), Everybody, Reads),
    call(|| routes!(api::devices::change), Owners, Writes(&[Did::DeviceChange])),
    call(|| routes!(api::devices::merge), Owners, Writes(&[Did::DeviceMerge])),
    call(|| routes!(api::device_removal::remove), OwnersInPerson, Writes(&[Did::DeviceRemove])),
    call(|| routes!(api::device_logins::renew_password), Owners, Writes(&[Did::DevicePassword])),
    call(|| routes!(api::device_logins::remove_password), Owners, Writes(&[Did::DeviceLoginRevoke])),
    call(|| routes!(api::device_schedule::show), Everybody, Reads),
    call(|| routes!(api::device_schedule::set), Owners, Writes(&[Did::DeviceChange])),
    call(|| routes!(api::camera_setup::search), Owners, NoEntry("it asks who is there")),
    call(|| routes!(api::camera_setup::forget), Owners, Writes(&[Did::DeviceChange])),
    call(|| routes!(api::camera_setup::plan), Owners, NoEntry("the camera is only read")),
    call(|| routes!(api::camera_setup::write), Owners, Writes(&[Did::CameraSetUp])),
    call(|| routes!(api::snapshots::fetch), Owners, NoEntry("the picture is an arrival, which the timeline shows")),
    call(|| routes!(api::files::file), Everybody, Reads),
    call(|| routes!(api::files::thumbnail), Everybody, Reads),
    call(|| routes!(api::files::rendition), Everybody, Reads),
    call(|| routes!(api::channels::list), Everybody, Reads),
    call(|| routes!(api::channels::test), Owners, Writes(&[Did::ChannelTest])),
    call(|| routes!(api::channels::pause), Owners, Writes(&[Did::ChannelPause, Did::ChannelResume])),
    call(|| routes!(api::added_channels::types), Owners, Reads),
    call(|| routes!(api::added_channels::add), Owners, Writes(&[Did::ChannelAdd])),
    call(|| routes!(api::added_channels::settings), Owners, Reads),
    call(|| routes!(api::added_channels::change), Owners, Writes(&[Did::ChannelChange])),
    call(|| routes!(api::added_channels::remove), Owners, Writes(&[Did::ChannelRemove])),
    call(|| routes!(api::added_channels::test), Owners, Writes(&[Did::ChannelTest])),
    call(|| routes!(api::added_routes::list), Owners, Reads),
    call(|| routes!(api::added_routes::replace), Owners, Writes(&[Did::RouteChange])),
    call(|| routes!(api::channel_transfer::export), Owners, Reads),
    call(|| routes!(api::channel_transfer::import), Owners, Writes(&[Did::ChannelAdd, Did::RouteChange])),
    call(|| routes!(api::push::list), Everybody, Reads),
    call(|| routes!(api::push::subscribe), EverybodyInPerson, Writes(&[Did::ChannelAdd])),
    call(|| routes!(api::push::change), EverybodyInPerson, Writes(&[Did::ChannelChange])),
    call(|| routes!(api::push::remove), EverybodyInPerson, Writes(&[Did::ChannelRemove])),
    call(|| routes!(api::push::test), EverybodyInPerson, Writes(&[Did::ChannelTest])),
    call(|| routes!(api::telegram_setup::bot), Owners, NoEntry("it asks for the bot's name")),
    call(|| routes!(api::telegram_setup::chat), Owners, NoEntry("it waits for a message to the bot")),
    call(|| routes!(api::added_modes::list), Owners, Reads),
    call(|| routes!(api::added_modes::replace), Owners, Writes(&[Did::ModeChange])),
    call(|| routes!(api::home_state::show), Everybody, Reads),
    call(|| routes!(api::home_state::change), Owners, Writes(&[Did::Mode, Did::Mute])),
    call(|| routes!(api::sessions::list), Everybody, Reads),
    call(|| routes!(api::sessions::one), Everybody, Reads),
    call(|| routes!(api::tokens::list), Owners, Reads),
    call(|| routes!(api::tokens::add), OwnersInPerson, Writes(&[Did::TokenCreate])),
    call(|| routes!(api::tokens::remove), OwnersInPerson, Writes(&[Did::TokenRevoke])),
    call(|| routes!(api::tokens::change_password), EverybodyInPerson, Writes(&[Did::Password, Did::TokenRevoke])),
    call(|| routes!(api::users::list), Owners, Reads),
    call(|| routes!(api::users::add), OwnersInPerson, Writes(&[Did::UserAdd])),
    call(|| routes!(api::users::change), OwnersInPerson, Writes(&[Did::Password, Did::UserRole, Did::TokenRevoke])),
    call(|| routes!(api::users::remove), OwnersInPerson, Writes(&[Did::UserRemove, Did::TokenRevoke])),
    call(|| routes!(api::users::end_totp), OwnersInPerson, Writes(&[Did::CodesEnd])),
    call(|| routes!(api::users::logins), Everybody, Reads),
    call(|| routes!(api::users::end_logins), EverybodyInPerson, Writes(&[Did::Logout])),
    call(|| routes!(api::users::end_login), EverybodyInPerson, Writes(&[Did::Logout])),
    call(|| routes!(api::totp::begin), EverybodyInPerson, NoEntry("the new secret has no effect before `confirm`")),
    call(|| routes!(api::totp::confirm), EverybodyInPerson, Writes(&[Did::CodesBegin])),
    call(|| routes!(api::totp::end), EverybodyInPerson, Writes(&[Did::CodesEnd])),
    call(|| routes!(api::event_stream::event_stream), Everybody, Reads),
];

/// The actions of an alert's buttons, commands and links.
const ACTIONS: &[Did] =
    &[Did::Mute, Did::DeviceChange, Did::Mode, Did::Dismiss, Did::Restore, Did::Lock, Did::Unlock];

/// Forms and hooks outside of the API that change something: path, who may use it (`None`: the request itself contains
/// the proof, such as a password or a signature), what it writes to the audit log, handler.
#[rustfmt::skip]
pub(super) const FORMS: &[FormRoute] = &[
    form("/login", None, Writes(&[Did::Login, Did::LoginFailed]), access::login_route),
    form("/setup", None, Writes(&[Did::Password, Did::Login]), access::setup_route),
    form("/logout", Some(EverybodyInPerson), Writes(&[Did::Logout]), access::logout_route),
    form("/act/{token}", None, Writes(ACTIONS), action_links::route),
    form("/hooks/{channel}", None, Writes(ACTIONS), hooks::route),
];

/// First steps of paths that are in none of the tables.
const OTHER_STEPS: [&str; 10] =
    ["api", "assets", "away", "feed", "healthz", "media", "metrics", "readyz", "share", "sw.js"];

/// The first steps of all paths, such as `devices`.
pub(super) fn first_steps() -> Vec<&'static str> {
    let paths = PAGES.iter().map(|page| page.path).chain(FORMS.iter().map(|form| form.path));
    let first = |path: &'static str| path.split('/').nth(1).filter(|step| !step.is_empty());
    OTHER_STEPS.into_iter().chain(paths.filter_map(first)).collect()
}

#[cfg(test)]
mod tests;
