//! What the sessions of all protocols share: how they run, how they end, and how a login is decided.
//!
//! A protocol's own session (`smtp.rs`, `ftp.rs`) does one turn after the other; each ends with waiting for the
//! device.

use std::future::Future;

use tipoff_smtp::Credentials;

use super::access::{Admission, Authenticator};
use super::connection::ConnectionEnd;
use super::control::{ControlConnection, SessionEnd};
use super::login_gate::LoginGate;
use super::transcript::{SessionAdvice, SessionProblem};
use crate::runtime::telemetry::Metrics;

/// What a transcript says where a login is accepted that names a known user without the right password.
const WRONG_PASSWORD: &str =
    "The password of this user is another one: what comes is taken for another device's.";

/// A session of one protocol.
pub(super) trait Session {
    /// The connection that commands and replies use.
    fn control(&mut self) -> &mut ControlConnection;

    /// Does all that the protocol's state machine asks for, waits for the device, and processes what it sent.
    fn turn(&mut self) -> impl Future<Output = Result<(), SessionEnd>> + Send;

    /// Stores what was under way when the session ended.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

/// Runs a session until the device, the program or the protocol ends it.
pub(super) async fn run(session: &mut impl Session, metrics: &Metrics) -> ConnectionEnd {
    metrics.session_began();
    let end = loop {
        if let Err(end) = session.turn().await {
            break end;
        }
    };
    let control = session.control();
    let end = match end {
        SessionEnd::Speaks(protocol, first) => match control.leave(first) {
            Some(connection) => ConnectionEnd::Speaks(protocol, connection),
            None => ConnectionEnd::Ended,
        },
        end => {
            control.finish(&end).await;
            end.report(control.peer, &control.record)
        }
    };
    session.close().await;
    metrics.session_ended();
    end
}

/// What a session replies to a login.
pub(super) enum LoginReply {
    /// It may send.
    Accepted(Admission),
    /// User or password are wrong, and a login is required.
    Refused,
    /// Too many wrong logins came from its address: this one was not checked.
    TooSoon,
}

/// Decides a login, and notes the outcome in the transcript.
pub(super) async fn log_in(
    control: &ControlConnection,
    gate: &LoginGate,
    authenticator: &Authenticator,
    credentials: &Credentials,
) -> LoginReply {
    let ControlConnection { peer, record, handle, .. } = control;
    let user = credentials.user();
    match gate.check(authenticator, *peer, credentials, Some(handle)).await {
        Some(Admission::Refused) => {
            let user_known = authenticator.knows_user(user);
            let outside = authenticator.outside_networks(*peer);
            record.problem(SessionProblem::LoginRefused {
                user: user.to_owned(),
                user_known,
                outside,
            });
            LoginReply::Refused
        }
        None => {
            record.problem(SessionProblem::LoginTooSoon);
            LoginReply::TooSoon
        }
        Some(admission) => {
            record.logged_in(user);
            if admission == Admission::Unproven && authenticator.knows_user(user) {
                record.note(WRONG_PASSWORD);
                record.advise(SessionAdvice::WrongPassword { user: user.to_owned() });
            }
            LoginReply::Accepted(admission)
        }
    }
}
