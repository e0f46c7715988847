//! News as they happen: server-sent events (the HTML standard, section 9.2).

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
use crate::net::limit::{Connections, Place, Places, Presence};
use crate::receive::SessionNews;
use crate::runtime::events::LiveEvent;
use crate::runtime::shutdown::{Phase, Shutdown};

/// So often something is said when nothing happens, so that nobody takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Streams at a time, each of which holds a connection.
const STREAMS_MAX: usize = 128;
/// The same of one address.
const STREAMS_PER_ADDRESS: usize = 32;

/// Asks nginx to pass events on as they come.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
/// For so long a stream stays open for somebody whom a proxy let in.
const PROXY_STREAM_LASTS: Duration = Duration::from_secs(300);

/// What happens from now on: `incident`, `delivery`, `channel`, `device`, `session`, `configuration`,
/// `house`;
/// `missed` after more happened than could be told. The data is JSON and only says what is new.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    responses(
        (status = 200, description = "A stream that ends with the login or token that opened it", content_type = "text/event-stream"),
    ),
)]
pub(super) async fn event_stream(
    State(state): State<AppState>,
    principal: Principal,
    client: Client,
) -> Result<impl IntoResponse, Problem> {
    let place = state.event_streams.0.enter(client.address).map_err(|_| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many event streams are open; close some")
    })?;
    let access = state.access.clone();
    let ended = Box::pin(async move { stream_end(&access, &principal).await });
    let listener = Listener {
        ended,
        events: state.events.subscribe(),
        sessions: state.transcripts.subscribe(),
        shutdown: state.supervisor.shutdown(),
        presence: place.presence(),
        _place: place,
    };
    let stream = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let stream = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    Ok(([UNBUFFERED], stream))
}

/// Waits until a stream has to end: with the login, token or role it was opened with. Only the proxy knows
/// when somebody has logged out there, and it is asked when the browser connects again.
async fn stream_end(access: &Access, principal: &Principal) {
    match principal.auth {
        AuthMethod::Proxy => tokio::time::sleep(PROXY_STREAM_LASTS).await,
        AuthMethod::Login { .. } | AuthMethod::Token { .. } => access.ended(principal).await,
    }
}

struct Listener {
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    events: broadcast::Receiver<LiveEvent>,
    sessions: broadcast::Receiver<SessionNews>,
    shutdown: Shutdown,
    presence: Presence,
    _place: Place,
}

/// The streams that are open. Of too many, the one that has been open for longest ends; browsers come again.
#[derive(Clone)]
pub(crate) struct EventStreams(Connections);

impl EventStreams {
    /// Those of known addresses go before others.
    pub(crate) fn new(known: Arc<KnownAddresses>) -> Self {
        let places = Places {
            total: STREAMS_MAX,
            per_address: STREAMS_PER_ADDRESS,
            ceiling: usize::MAX,
            newest_wins: true,
        };
        Self(Connections::new(places, known))
    }
}

impl Listener {
    /// The next event. `None` when the login has ended, where others need its place, and at the end of the
    /// program, so that nobody has to wait for whoever looks.
    async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            biased;
            () = &mut self.ended => None,
            item = self.events.recv() => of(item, event),
            session = self.sessions.recv() => of(session, of_session),
            () = self.presence.gives_way() => None,
            () = self.shutdown.reached(Phase::Ending) => None,
        }
    }
}

/// The event of a notice; whoever missed some is told so.
fn of<T>(notice: Result<T, RecvError>, event: impl Fn(&T) -> Event) -> Option<Event> {
    match notice {
        Ok(notice) => Some(event(&notice)),
        Err(RecvError::Lagged(_)) => Some(Event::default().event("missed").data("{}")),
        Err(RecvError::Closed) => None,
    }
}

fn of_session(news: &SessionNews) -> Event {
    let SessionNews { id, peer, device, ended } = news;
    let data = json!({ "session": id, "peer": peer, "device": device, "ended": ended });
    Event::default().event("session").data(data.to_string())
}

fn event(item: &LiveEvent) -> Event {
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
        LiveEvent::Device => ("device", json!({})),
        LiveEvent::Config => ("configuration", json!({})),
        LiveEvent::House => ("house", json!({})),
    };
    Event::default().event(name).data(data.to_string())
}
