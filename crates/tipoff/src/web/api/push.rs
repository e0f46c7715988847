//! Browsers that get notifications: everybody subscribes, changes and removes their own; owners see and remove all.
//!
//! The address at the push service and the keys are stored and never sent back.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tipoff_channels::web_push::ENDPOINT_BYTES_MAX;
use tipoff_model::Event;
use tipoff_spool::{AuditEntry, PushFilter, PushLimits, PushSubscription, Reader};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::{AuditContext, Principal};
use super::super::account_settings::browser;
use super::super::error_responses::{ChannelFailed, Conflict, NotFound};
use super::super::extract::{Json, Path};
use super::super::problem::Problem;
use super::super::reader_language::text;
use super::channels::TestResult;
use crate::audit::AuditAction;
use crate::runtime::hex::hex;
use crate::runtime::utc::utc;

/// Each subscription is a channel with a task and a queue.
const LIMITS: PushLimits = PushLimits { of_reader: 10, all: 200 };
/// Limit of the devices and events that a subscription names, and of the length of a name.
const NAMES_MAX: usize = 200;
const NAME_CHARS_MAX: usize = 200;
/// Length limit of an origin: the scheme, the longest name and a port.
const ORIGIN_BYTES_MAX: usize = 270;

/// Notifications in browsers.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct PushBrowsers {
    /// Public key of this server, with which a browser subscribes (`applicationServerKey`), in base64url.
    key: String,
    /// Your own browsers; for an owner, all.
    browsers: Vec<PushBrowser>,
}

/// A browser that gets notifications.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct PushBrowser {
    /// The number under which it is changed and removed.
    pub(in super::super) id: i64,
    /// Name of the browser.
    pub(in super::super) browser: String,
    /// Name of its channel on the timeline.
    pub(in super::super) channel: String,
    /// Name of the user.
    pub(in super::super) user: String,
    /// Whether it is yours.
    pub(in super::super) own: bool,
    /// First half of the SHA-256 of its endpoint, in hexadecimal: a browser recognises itself.
    pub(in super::super) digest: String,
    /// Devices that it is notified of; empty for all.
    pub(in super::super) devices: Vec<String>,
    /// Events that it is notified of; empty for all.
    pub(in super::super) events: Vec<String>,
    /// When it subscribed.
    #[schema(format = DateTime)]
    pub(in super::super) created_at: String,
    /// When an alert was delivered last; null if none was.
    #[schema(format = DateTime)]
    pub(in super::super) delivered_at: Option<String>,
}

/// The browsers that the principal may see, with the subscription of each.
pub(in super::super) async fn visible(
    state: &AppState,
    principal: &Principal,
) -> Result<Vec<(PushSubscription, PushBrowser)>, Problem> {
    let (all, last) = (state.spool.push_subscriptions().await?, state.spool.last_pushes().await?);
    let users = state.spool.users().await?;
    let reader = principal.reader();
    let name = |reader: &Reader| match reader {
        Reader::Proxy(name) => name.clone(),
        Reader::Account(id) => {
            let user = users.iter().find(|user| user.id == *id);
            user.map(|user| user.name.clone()).unwrap_or_default()
        }
    };
    let row = |it: PushSubscription| {
        let delivered = last.iter().find(|(id, _)| *id == it.id);
        let row = PushBrowser {
            id: it.id,
            browser: it.browser.clone(),
            channel: it.channel(),
            user: name(&it.reader),
            own: reader.as_ref() == Some(&it.reader),
            digest: hex(Sha256::digest(&it.endpoint).get(..16).unwrap_or_default()),
            devices: it.wanted.devices.clone(),
            events: it.wanted.events.iter().map(|event| event.as_str().to_owned()).collect(),
            created_at: utc(it.created_at),
            delivered_at: delivered.map(|(_, at)| utc(*at)),
        };
        (it, row)
    };
    let is_visible = |(_, row): &(PushSubscription, PushBrowser)| row.own || principal.is_owner();
    Ok(all.into_iter().map(row).filter(is_visible).collect())
}

/// Your browsers that get notifications, and the key with which a browser subscribes. Owners see all.
#[utoipa::path(
    get, path = "/api/v1/push", tag = "channels", operation_id = "push_browsers",
    responses((status = 200, body = PushBrowsers)),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<PushBrowsers>, Problem> {
    let rows = visible(&state, &principal).await?;
    let browsers = rows.into_iter().map(|(_, row)| row).collect();
    Ok(Json(PushBrowsers { key: state.push.public_key(), browsers }))
}

/// The alerts that a browser wants.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in super::super) struct Wanted {
    /// Names of devices; empty for all.
    #[schema(max_items = 200)]
    devices: Vec<String>,
    /// Kinds of events, such as `person`; empty for all.
    #[schema(max_items = 200)]
    events: Vec<String>,
}

impl Wanted {
    fn check(self) -> Result<PushFilter, Problem> {
        let is_long = |name: &String| name.chars().count() > NAME_CHARS_MAX;
        if self.devices.len() > NAMES_MAX || self.devices.iter().any(is_long) {
            return Err(Problem::bad(format!("devices: at most {NAMES_MAX} names")));
        }
        if self.events.len() > NAMES_MAX {
            return Err(Problem::bad("events: too many"));
        }
        let event = |name: &String| {
            Event::from_name(name).ok_or_else(|| Problem::bad("events: there is no such event"))
        };
        let events = self.events.iter().map(event).collect::<Result<_, _>>()?;
        Ok(PushFilter { devices: self.devices, events })
    }
}

/// A subscription as a browser makes it (`PushSubscription.toJSON()`).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewBrowser {
    /// Address at the browser's push service: https, of the public internet.
    #[schema(max_length = 1024)]
    endpoint: String,
    /// The browser's keys.
    keys: BrowserKeys,
    /// The alerts that it wants. Without it: as before if the browser was subscribed, else of everything.
    #[serde(default)]
    wanted: Option<Wanted>,
    /// The endpoint that this one replaces, where the push service has changed it.
    #[serde(default)]
    replaces: Option<String>,
}

/// The keys of a browser, in base64url.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct BrowserKeys {
    /// The public key.
    #[schema(max_length = 200)]
    p256dh: String,
    /// The secret.
    #[schema(max_length = 200)]
    auth: String,
}

/// Number of a browser.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct AddedBrowser {
    /// The number under which it is changed and removed.
    id: i64,
}

/// Subscribes this browser, in place of an earlier subscription of the same endpoint.
#[utoipa::path(
    post, path = "/api/v1/push", tag = "channels", request_body = NewBrowser,
    operation_id = "push_subscribe",
    responses((status = 201, body = AddedBrowser), Conflict),
)]
pub(in super::super) async fn subscribe(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    headers: HeaderMap,
    Json(new): Json<NewBrowser>,
) -> Result<(StatusCode, Json<AddedBrowser>), Problem> {
    let reader = principal.reader().ok_or_else(|| {
        Problem::new(StatusCode::FORBIDDEN, "a program has no browser: only people subscribe")
    })?;
    let NewBrowser { endpoint, keys: BrowserKeys { p256dh, auth }, wanted, replaces } = new;
    if endpoint.len() > ENDPOINT_BYTES_MAX {
        return Err(Problem::bad("endpoint: too long"));
    }
    let own = visible(&state, &principal).await?;
    let before = |endpoint: &str| {
        own.iter().map(|(it, _)| it).find(|it| it.endpoint == endpoint && it.reader == reader)
    };
    let replaced = replaces.as_deref().and_then(before);
    let earlier = before(&endpoint).or(replaced).map(|it| it.wanted.clone());
    let wanted = match wanted {
        Some(wanted) => wanted.check()?,
        None => earlier.unwrap_or_default(),
    };
    let header_of =
        |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let origin = header_of(header::ORIGIN);
    let subscription = PushSubscription {
        id: 0,
        reader: reader.clone(),
        browser: browser(header_of(header::USER_AGENT)),
        login: principal.login(),
        endpoint,
        p256dh,
        auth,
        origin: if origin.len() <= ORIGIN_BYTES_MAX { origin.to_owned() } else { String::new() },
        wanted,
        created_at: state.clock.now(),
    };
    let checked = state.push.check(&subscription).await;
    checked.map_err(|fault| Problem::bad(format!("endpoint: {fault}")))?;
    let named = subscription.browser.clone();
    let replaced = replaced.filter(|it| it.endpoint != subscription.endpoint).map(|it| it.id);
    if let Some(id) = replaced {
        state.spool.remove_push_subscription(id).await?;
    }
    let id = state.spool.add_push_subscription(subscription, LIMITS).await?;
    let full = || Problem::new(StatusCode::CONFLICT, text("problem-push-full"));
    let id = id.ok_or_else(full)?;
    state.reload_requests.apply_added().await;
    let channel = format!("{named} (push {id})");
    state.note(audit.entry(AuditAction::ChannelAdd, channel, "notifications in a browser")).await;
    Ok((StatusCode::CREATED, Json(AddedBrowser { id })))
}

/// Changes what a browser of yours is notified of.
#[utoipa::path(
    put, path = "/api/v1/push/{id}", tag = "channels", request_body = Wanted,
    operation_id = "push_change",
    params(("id" = i64, Path, description = "Number of the browser")),
    responses((status = 204, description = "Changed"), NotFound),
)]
pub(in super::super) async fn change(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Path(id): Path<i64>,
    Json(wanted): Json<Wanted>,
) -> Result<StatusCode, Problem> {
    let browser = one(&state, &principal, id, Whose::Own).await?;
    let is_known = state.spool.set_push_filter(id, wanted.check()?).await?;
    end_change(&state, is_known, audit.entry(AuditAction::ChannelChange, browser.channel(), ""))
        .await
}

/// Ends the notifications of a browser of yours; an owner ends those of any.
#[utoipa::path(
    post, path = "/api/v1/push/{id}/remove", tag = "channels", operation_id = "push_remove",
    params(("id" = i64, Path, description = "Number of the browser")),
    responses((status = 204, description = "Removed"), NotFound),
)]
pub(in super::super) async fn remove(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let browser = one(&state, &principal, id, Whose::Visible).await?;
    let is_known = state.spool.remove_push_subscription(id).await?;
    end_change(&state, is_known, audit.entry(AuditAction::ChannelRemove, browser.channel(), ""))
        .await
}

/// Ends a change of a browser that the spool has stored if it still knew the browser: the running channels follow it.
async fn end_change(
    state: &AppState,
    is_known: bool,
    entry: AuditEntry,
) -> Result<StatusCode, Problem> {
    if !is_known {
        return Err(missing());
    }
    state.reload_requests.apply_added().await;
    state.note(entry).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test notification to a browser of yours.
#[utoipa::path(
    post, path = "/api/v1/push/{id}/test", tag = "channels", operation_id = "push_test",
    params(("id" = i64, Path, description = "Number of the browser")),
    responses(
        (status = 200, body = TestResult), NotFound,
        ChannelFailed,
    ),
)]
pub(in super::super) async fn test(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<Json<TestResult>, Problem> {
    let channel = one(&state, &principal, id, Whose::Own).await?.channel();
    state.note(audit.entry(AuditAction::ChannelTest, &*channel, "")).await;
    match state.dispatch.test(&channel).await {
        Ok(_) => Ok(Json(TestResult::of(None))),
        Err(error) => Err(Problem::new(StatusCode::FAILED_DEPENDENCY, error)),
    }
}

/// Which browsers a call is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Visible,
}

async fn one(
    state: &AppState,
    principal: &Principal,
    id: i64,
    whose: Whose,
) -> Result<PushSubscription, Problem> {
    let rows = visible(state, principal).await?;
    let found =
        rows.into_iter().find(|(it, row)| it.id == id && (row.own || whose == Whose::Visible));
    found.map(|(it, _)| it).ok_or_else(missing)
}

fn missing() -> Problem {
    Problem::not_found("problem-no-browser")
}
