//! Alarms that devices push to the HTTP port: passed on to the receiver, before anything that is meant for browsers.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use tipoff_model::AlarmReply;

use super::listener::Peer;
use super::lost_alarms::LostAlarms;
use super::proxy_policy::ProxyPolicy;
use crate::receive::alarm::{
    AlarmAnswer, AlarmHead, AlarmReceiver, BodyPiece, BodySender, is_alarm_path,
};

/// Headers that browsers send and devices do not. Without them, any page on the internet could make the browser of
/// somebody in the house raise alarms.
const OF_BROWSERS: [HeaderName; 3] =
    [header::ORIGIN, header::REFERER, HeaderName::from_static("sec-fetch-site")];
/// Bytes of a header that are looked at.
const HEADER_BYTES_MAX: usize = 1024;

/// Which requests are alarms, and who receives them.
#[derive(Clone)]
pub(super) struct AlarmDiversion {
    pub(super) policy: Arc<ProxyPolicy>,
    pub(super) receiver: AlarmReceiver,
    /// Reports alarms that come to another address. `None` where every address takes alarms.
    pub(super) lost: Option<LostAlarms>,
}

/// Answers alarms, and passes on all other requests.
pub(super) async fn divert(
    State(diversion): State<AlarmDiversion>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    if is_alarm_path(request.uri().path()) {
        return diversion.answer(peer, request).await;
    }
    if let Some(lost) = &diversion.lost
        && !is_of_browser(request.headers())
    {
        lost.look_at(diversion.policy.client(peer, None, request.headers()).address, &request);
    }
    next.run(request).await
}

/// Answers every request as an alarm, whatever its path is: for listeners that have nothing else.
pub(super) async fn answer_all(
    State(diversion): State<AlarmDiversion>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    diversion.answer(peer, request).await
}

impl AlarmDiversion {
    async fn answer(&self, peer: Peer, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        if is_of_browser(&parts.headers) {
            return (StatusCode::FORBIDDEN, "Only devices may raise alarms\n").into_response();
        }
        let client = self.policy.client(peer, None, &parts.headers);
        let text = |name: HeaderName| text(parts.headers.get(name)?);
        let (basic, digest_user) = logins(&parts.headers);
        let head = AlarmHead {
            peer: client.address,
            by_tls: client.by_tls,
            method: parts.method.as_str().to_ascii_uppercase(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            content_type: text(header::CONTENT_TYPE),
            content_encoding: text(header::CONTENT_ENCODING),
            content_disposition: text(header::CONTENT_DISPOSITION),
            content_length: body.size_hint().exact(),
            basic,
            digest_user,
        };
        let (body_tx, answer) = self.receiver.receive(head);
        pass_on(body, body_tx).await;
        response(answer.await)
    }
}

/// Whether a page in a browser may have caused the request.
fn is_of_browser(headers: &HeaderMap) -> bool {
    let says = |name: HeaderName, begin: &str| {
        headers.get(name).is_some_and(|value| value.as_bytes().starts_with(begin.as_bytes()))
    };
    // A page can withhold where it is from, but not how the browser describes itself.
    OF_BROWSERS.iter().any(|name| headers.contains_key(name))
        || says(header::USER_AGENT, "Mozilla/") && headers.contains_key(header::ACCEPT_LANGUAGE)
}

/// Passes the body on. If it breaks, its end is missing.
async fn pass_on(body: Body, body_tx: BodySender) {
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let Ok(bytes) = piece else { return };
        if body_tx.send(BodyPiece::Bytes(bytes)).await.is_err() {
            return;
        }
    }
    let _ = body_tx.send(BodyPiece::End).await;
}

/// The answer, always with its length: some devices understand neither chunks nor a 204.
fn response(answer: AlarmAnswer) -> Response {
    let (content_type, text) = match answer.reply {
        AlarmReply::Empty => ("text/plain", ""),
        AlarmReply::Text(text) => ("text/plain", text),
        AlarmReply::Json(text) => ("application/json", text),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// A header as text; bytes that are no UTF-8 are replaced.
fn text(value: &HeaderValue) -> Option<String> {
    let bytes = value.as_bytes();
    (bytes.len() <= HEADER_BYTES_MAX).then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// User and password of a Basic header (RFC 7617), and the user of a Digest header (RFC 7616).
fn logins(headers: &HeaderMap) -> (Option<(String, String)>, Option<String>) {
    let Some(value) = headers.get(header::AUTHORIZATION).and_then(text) else {
        return (None, None);
    };
    let Some((scheme, rest)) = value.split_once(' ') else { return (None, None) };
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(rest.trim()).ok();
        let text = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let pair = |text: String| {
            text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
        };
        return (text.and_then(pair), None);
    }
    let user = rest.split("username=\"").nth(1).and_then(|it| it.split('"').next());
    (None, user.filter(|_| scheme.eq_ignore_ascii_case("digest")).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_read_from_both_schemes() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            logins(&headers)
        };
        let basic = Some(("front".to_owned(), "pass:word".to_owned()));
        assert_eq!(of("Basic ZnJvbnQ6cGFzczp3b3Jk"), (basic, None));
        let digest = "Digest username=\"cam1\", realm=\"\", nonce=\"\", uri=\"/\", response=\"0\"";
        assert_eq!(of(digest), (None, Some("cam1".to_owned())));
        for none in ["Basic", "Basic ???", "Bearer x", "Digest realm=\"\""] {
            assert_eq!(of(none), (None, None), "{none}");
        }
    }
}
