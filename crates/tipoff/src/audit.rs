//! The audit log: what is noted, and how. One place for the dashboard, channels, the command line and
//! the watch of the configuration file.

use std::time::SystemTime;

use tipoff_spool::{Actor, AuditEntry, Spool};

/// What can be done, as it stands in the log: an area and a verb.
pub(crate) mod what {
    pub(crate) const LOGIN: &str = "login.begin";
    pub(crate) const LOGIN_FAILED: &str = "login.fail";
    pub(crate) const LOGOUT: &str = "login.end";
    pub(crate) const PASSWORD: &str = "password.set";
    pub(crate) const SETUP_LINK: &str = "setup_link.create";
    pub(crate) const USER_ADD: &str = "user.add";
    pub(crate) const USER_ROLE: &str = "user.role";
    pub(crate) const USER_REMOVE: &str = "user.remove";
    pub(crate) const CODES_BEGIN: &str = "user.begin_codes";
    pub(crate) const CODES_END: &str = "user.end_codes";
    pub(crate) const TOKEN_CREATE: &str = "token.create";
    pub(crate) const TOKEN_REVOKE: &str = "token.revoke";
    pub(crate) const TOKEN_EXPOSED: &str = "token.expose";
    pub(crate) const SHARE_CREATE: &str = "share.create";
    pub(crate) const SHARE_REVOKE: &str = "share.revoke";
    pub(crate) const DEVICE_ADD: &str = "device.add";
    pub(crate) const DEVICE_CHANGE: &str = "device.change";
    pub(crate) const DEVICE_MERGE: &str = "device.merge";
    pub(crate) const DEVICE_PASSWORD: &str = "device.password";
    pub(crate) const DEVICE_NO_LOGIN: &str = "device.revoke_login";
    pub(crate) const CHANNEL_TEST: &str = "channel.test";
    pub(crate) const CHANNEL_PAUSE: &str = "channel.pause";
    pub(crate) const CHANNEL_RESUME: &str = "channel.resume";
    pub(crate) const MODE: &str = "house.mode";
    pub(crate) const MUTE: &str = "house.mute";
    pub(crate) const RETRY: &str = "incident.retry";
    pub(crate) const DISMISS: &str = "incident.dismiss";
    pub(crate) const RESTORE: &str = "incident.restore";
    pub(crate) const LOCK: &str = "incident.lock";
    pub(crate) const UNLOCK: &str = "incident.unlock";
    pub(crate) const CONFIG: &str = "configuration.change";
}

/// An entry of now. Neither text may hold a secret.
pub(crate) fn entry(
    actor: Actor,
    what: &'static str,
    object: impl Into<String>,
    detail: impl Into<String>,
) -> AuditEntry {
    AuditEntry {
        id: 0,
        at: SystemTime::now().into(),
        actor,
        address: None,
        what: what.to_owned(),
        object: object.into(),
        detail: detail.into(),
        count: 1,
    }
}

/// Adds an entry. What was done stays done if that fails; then the log of the program has it.
pub(crate) async fn note(spool: &dyn Spool, entry: AuditEntry) {
    let AuditEntry { actor, what, object, detail, .. } = entry.clone();
    if let Err(error) = spool.note(entry).await {
        tracing::error!(%error, ?actor, what, object, detail, "The audit log could not be written.");
    }
}

/// Whoever runs a subcommand.
pub(crate) fn command_line() -> Actor {
    let uid = rustix::process::getuid().as_raw();
    Actor::CommandLine(if uid == 0 { "root".to_owned() } else { format!("user {uid}") })
}

/// How many seconds, in words: "for 1 h 30 min", "ended".
pub(crate) fn lasting(seconds: u64) -> String {
    match seconds {
        0 => "ended".to_owned(),
        1..60 => format!("for {seconds} s"),
        60..3600 => format!("for {} min", seconds / 60),
        3600..172_800 if seconds % 3600 < 60 => format!("for {} h", seconds / 3600),
        3600..172_800 => format!("for {} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("for {} days", seconds / 86_400),
    }
}
