//! Alarms that devices push to an address which takes none, such as `/alarm`. They are reported as sessions, so that the page that
//! waits for a device's first test says what to change. The request itself is answered like any other.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};

use super::routes;
use crate::receive::Transcripts;
use crate::runtime::per_minute::{PerMinute, network};

/// Reports lost alarms. Cheap to clone.
#[derive(Clone)]
pub(super) struct LostAlarms(Arc<LostAlarmsShared>);

/// The state behind [`LostAlarms`].
struct LostAlarmsShared {
    transcripts: Transcripts,
    /// First steps of the paths that take requests of others: of programs, and of services.
    steps: Vec<&'static str>,
    /// Bounds the sessions.
    reported: PerMinute<IpAddr>,
}

impl LostAlarms {
    /// Reports them as sessions.
    pub(super) fn new(transcripts: Transcripts) -> Self {
        let (steps, reported) = (routes::first_steps(), PerMinute::default());
        Self(Arc::new(LostAlarmsShared { transcripts, steps, reported }))
    }

    /// A request that is no alarm by its path, and that no browser has sent.
    pub(super) fn look_at(&self, peer: IpAddr, request: &Request) {
        if self.0.is_lost(request) && self.0.reported.due(network(peer)).is_some() {
            self.0.transcripts.report_lost_alarm(peer);
        }
    }
}

impl LostAlarmsShared {
    /// Whether a request is the push of a device: it changes something at a path that nothing else has, without the login of a
    /// person or a program.
    fn is_lost(&self, request: &Request) -> bool {
        let headers = request.headers();
        let is_push = matches!(*request.method(), Method::POST | Method::PUT);
        let is_token = |login: &HeaderValue| login.as_bytes().starts_with(b"Bearer ");
        let has_login = headers.contains_key(header::COOKIE)
            || headers.get(header::AUTHORIZATION).is_some_and(is_token);
        // Behind a proxy, the path may begin with that of the proxy.
        is_push
            && !has_login
            && !request.uri().path().split('/').any(|step| self.steps.contains(&step))
    }
}
