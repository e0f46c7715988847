//! Live events for pages and programs: server-sent events (the HTML standard, section 9.2).
//!
//! An event only names what changed; the client requests it. So a slow client loses nothing but time: after lost events
//! it gets `missed` and reads everything again. A stream ends with the login, token or role that opened it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Sse};
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::super::AppState;
use super::super::access::{Access, AuthMethod, Principal};
use super::super::client::Client;
use super::super::problem::Problem;
use crate::net::known::KnownAddresses;
use crate::net::limit::{ConnectionHandle, ConnectionLimiter, ConnectionLimits, ConnectionPermit};
use crate::receive::SessionNews;
use crate::runtime::events::LiveEvent;
use crate::runtime::shutdown::{Phase, Shutdown};

/// A comment is sent so often if nothing happens, so that proxies do not close the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Maximum number of open streams; each holds a connection.
const STREAMS_MAX: usize = 128;
/// Maximum number of open streams of one address.
const STREAMS_PER_ADDRESS: usize = 32;

/// Asks nginx to pass events on as they come.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
/// Maximum duration of a stream for a proxy's user. Only the proxy knows when they log out, so the browser must ask it again.
const PROXY_STREAM_LASTS: Duration = Duration::from_secs(300);

/// What happens from now on: `incident`, `delivery`, `removed` (incidents that an owner removed), `channel`, `device`,
/// `session`, `configuration`, `house`;
/// `missed` after events were lost. The data is JSON and only names what changed.
#[utoipa::path(
    operation_id = "events",
    get, path = "/api/v1/events", tag = "events",
    responses(
        (status = 200, description = "A stream that ends with the login or token that opened it", content_type = "text/event-stream"),
    ),
)]
pub(in super::super) async fn event_stream(
    State(state): State<AppState>,
    principal: Principal,
    client: Client,
) -> Result<impl IntoResponse, Problem> {
    let permit = state.event_streams.0.admit(client.address).map_err(|_| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many event streams are open; close some")
    })?;
    let access = state.access.clone();
    let ended = Box::pin(async move { stream_end(&access, &principal).await });
    let subscription = EventSubscription {
        ended,
        events: state.events.subscribe(),
        sessions: state.transcripts.subscribe(),
        shutdown: state.supervisor.shutdown(),
        handle: permit.handle(),
        _permit: permit,
    };
    let stream = stream::unfold(subscription, |mut subscription| async move {
        let event = subscription.next().await?;
        Some((Ok::<_, Infallible>(event), subscription))
    });
    let stream = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([UNBUFFERED], stream))
}

/// Completes when a stream has to end.
async fn stream_end(access: &Access, principal: &Principal) {
    match principal.auth {
        AuthMethod::Proxy => tokio::time::sleep(PROXY_STREAM_LASTS).await,
        AuthMethod::Login { .. } | AuthMethod::Token { .. } => access.ended(principal).await,
    }
}

/// What one stream waits for.
struct EventSubscription {
    /// Completes when the login, token or role has ended.
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Events of the spool, channels and configuration.
    events: broadcast::Receiver<LiveEvent>,
    /// Events of devices' sessions.
    sessions: broadcast::Receiver<SessionNews>,
    shutdown: Shutdown,
    /// Signals that another client needs the place.
    handle: ConnectionHandle,
    /// The place of this stream; dropping it frees the place.
    _permit: ConnectionPermit,
}

/// The open streams. If there are too many, the one that has been open for longest ends; browsers connect again.
#[derive(Clone)]
pub(crate) struct EventStreams(ConnectionLimiter);

impl EventStreams {
    /// Addresses in `known` are evicted last.
    pub(crate) fn new(known: Arc<KnownAddresses>) -> Self {
        let limits = ConnectionLimits {
            total: STREAMS_MAX,
            per_address: STREAMS_PER_ADDRESS,
            ceiling: usize::MAX,
            newest_wins: true,
        };
        Self(ConnectionLimiter::new(limits, known))
    }
}

impl EventSubscription {
    /// The next event. `None` ends the stream: the login has ended, another client needs the place, or the program stops.
    async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            biased;
            () = &mut self.ended => None,
            item = self.events.recv() => received(item, live_event),
            item = self.sessions.recv() => received(item, session_event),
            () = self.handle.evicted() => None,
            () = self.shutdown.reached(Phase::Ending) => None,
        }
    }
}

/// The event to send; `missed` if the client was too slow for some.
fn received<T>(item: Result<T, RecvError>, event: impl Fn(&T) -> Event) -> Option<Event> {
    match item {
        Ok(item) => Some(event(&item)),
        Err(RecvError::Lagged(_)) => Some(Event::default().event("missed").data("{}")),
        Err(RecvError::Closed) => None,
    }
}

/// An event about a session.
fn session_event(news: &SessionNews) -> Event {
    let SessionNews { id, peer, device, ended } = news;
    let data = json!({ "session": id, "peer": peer, "device": device, "ended": ended });
    Event::default().event("session").data(data.to_string())
}

/// An event about everything else. The names are covered by docs/compatibility.md.
fn live_event(item: &LiveEvent) -> Event {
    let (name, data) = match item {
        LiveEvent::Arrival { incident, opened } => {
            ("incident", json!({ "incident": incident, "opened": opened }))
        }
        LiveEvent::Delivery { delivery, incident, channel, state } => {
            let state = state.as_str();
            let data = json!({
                "delivery": delivery, "incident": incident, "channel": channel, "state": state,
            });
            ("delivery", data)
        }
        LiveEvent::Channel { name } => ("channel", json!({ "channel": name })),
        LiveEvent::Removed { incidents } => ("removed", json!({ "incidents": incidents })),
        LiveEvent::Device => ("device", json!({})),
        LiveEvent::Config => ("configuration", json!({})),
        LiveEvent::HomeState => ("house", json!({})),
        LiveEvent::Gap => ("missed", json!({})),
    };
    Event::default().event(name).data(data.to_string())
}
