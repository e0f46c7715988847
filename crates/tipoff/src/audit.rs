//! The audit log: which actions are recorded, and how an entry is made and written.
//!
//! The dashboard, the API, actions from messages, the command line and the reload of the configuration write their
//! entries with this module. It decides the names of the actions; `web/audit_sentences.rs` words them for people, and
//! the spool stores them: no action removes an entry, only its age and number do (`tipoff_spool::audit`).

use tipoff_model::Timestamp;
use tipoff_spool::{Actor, AuditEntry, Spool};

/// What an entry records.
///
/// `as_str` is what the spool stores and the API shows: an area, a dot and a verb. Old entries keep these names, so they
/// never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuditAction {
    /// A browser was logged in.
    Login,
    /// A password, code or token was wrong. One entry counts the failures of an address.
    LoginFailed,
    /// The login of a browser ended.
    Logout,
    /// The password of a user was set.
    Password,
    /// A link that sets the first owner's password was made.
    SetupLink,
    /// A user was added.
    UserAdd,
    /// A user got another role.
    UserRole,
    /// A user was removed.
    UserRemove,
    /// A user turned on one-time codes.
    CodesBegin,
    /// The one-time codes of a user were turned off.
    CodesEnd,
    /// A token for a program was made.
    TokenCreate,
    /// A token for a program was revoked.
    TokenRevoke,
    /// A token was part of an address, which logs and histories keep.
    TokenExposed,
    /// A link that shows an incident without a login was made.
    ShareCreate,
    /// Such a link was revoked.
    ShareRevoke,
    /// A device was added in the dashboard.
    DeviceAdd,
    /// A device was renamed or muted, or its inactivity alert was set.
    DeviceChange,
    /// A device was merged into another one.
    DeviceMerge,
    /// A device was removed, with or without its incidents.
    DeviceRemove,
    /// A device got a new password.
    DevicePassword,
    /// The login of a device was revoked.
    DeviceLoginRevoke,
    /// Settings of a camera were changed by its own API.
    CameraSetUp,
    /// A test alert was sent to a channel.
    ChannelTest,
    /// A channel was paused.
    ChannelPause,
    /// A channel was resumed.
    ChannelResume,
    /// A channel was added in the dashboard.
    ChannelAdd,
    /// The settings of such a channel were changed.
    ChannelChange,
    /// Such a channel was removed.
    ChannelRemove,
    /// The routes that were added in the dashboard were replaced.
    RouteChange,
    /// The home modes that were added in the dashboard were replaced.
    ModeChange,
    /// The home mode was set.
    Mode,
    /// All alerts were muted or unmuted.
    Mute,
    /// Deliveries of an incident were made due at once.
    Retry,
    /// An incident was marked as not interesting.
    Dismiss,
    /// Such a mark was removed.
    Restore,
    /// An incident was locked.
    Lock,
    /// An incident was unlocked.
    Unlock,
    /// Incidents were removed with everything that belongs to them.
    IncidentRemove,
    /// An edited configuration file was loaded.
    ConfigChange,
}

// A variant that is missing in `ALL` does not compile.
const _: () = assert!(AuditAction::ALL.len() == AuditAction::ConfigChange as usize + 1);

impl AuditAction {
    /// Every action, in the order of the enum.
    pub(crate) const ALL: &[Self] = &[
        Self::Login,
        Self::LoginFailed,
        Self::Logout,
        Self::Password,
        Self::SetupLink,
        Self::UserAdd,
        Self::UserRole,
        Self::UserRemove,
        Self::CodesBegin,
        Self::CodesEnd,
        Self::TokenCreate,
        Self::TokenRevoke,
        Self::TokenExposed,
        Self::ShareCreate,
        Self::ShareRevoke,
        Self::DeviceAdd,
        Self::DeviceChange,
        Self::DeviceMerge,
        Self::DeviceRemove,
        Self::DevicePassword,
        Self::DeviceLoginRevoke,
        Self::CameraSetUp,
        Self::ChannelTest,
        Self::ChannelPause,
        Self::ChannelResume,
        Self::ChannelAdd,
        Self::ChannelChange,
        Self::ChannelRemove,
        Self::RouteChange,
        Self::ModeChange,
        Self::Mode,
        Self::Mute,
        Self::Retry,
        Self::Dismiss,
        Self::Restore,
        Self::Lock,
        Self::Unlock,
        Self::IncidentRemove,
        Self::ConfigChange,
    ];

    /// The name that is stored, such as `token.create`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login.begin",
            Self::LoginFailed => "login.fail",
            Self::Logout => "login.end",
            Self::Password => "password.set",
            Self::SetupLink => "setup_link.create",
            Self::UserAdd => "user.add",
            Self::UserRole => "user.role",
            Self::UserRemove => "user.remove",
            Self::CodesBegin => "user.begin_codes",
            Self::CodesEnd => "user.end_codes",
            Self::TokenCreate => "token.create",
            Self::TokenRevoke => "token.revoke",
            Self::TokenExposed => "token.expose",
            Self::ShareCreate => "share.create",
            Self::ShareRevoke => "share.revoke",
            Self::DeviceAdd => "device.add",
            Self::DeviceChange => "device.change",
            Self::DeviceMerge => "device.merge",
            Self::DeviceRemove => "device.remove",
            Self::DevicePassword => "device.password",
            Self::DeviceLoginRevoke => "device.revoke_login",
            Self::CameraSetUp => "device.set_up",
            Self::ChannelTest => "channel.test",
            Self::ChannelPause => "channel.pause",
            Self::ChannelResume => "channel.resume",
            Self::ChannelAdd => "channel.add",
            Self::ChannelChange => "channel.change",
            Self::ChannelRemove => "channel.remove",
            Self::RouteChange => "channel.routes",
            Self::ModeChange => "house.modes",
            Self::Mode => "house.mode",
            Self::Mute => "house.mute",
            Self::Retry => "incident.retry",
            Self::Dismiss => "incident.dismiss",
            Self::Restore => "incident.restore",
            Self::Lock => "incident.lock",
            Self::Unlock => "incident.unlock",
            Self::IncidentRemove => "incident.remove",
            Self::ConfigChange => "configuration.change",
        }
    }

    /// The action with this name. `None` for an entry that a later version wrote.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == name)
    }
}

/// An entry about something that happened at `at`. Neither `object` (to what) nor `detail` (how) may contain a secret.
pub(crate) fn entry(
    at: Timestamp,
    actor: Actor,
    action: AuditAction,
    object: impl Into<String>,
    detail: impl Into<String>,
) -> AuditEntry {
    AuditEntry {
        id: 0,
        at,
        actor,
        address: None,
        what: action.as_str().to_owned(),
        object: object.into(),
        detail: detail.into(),
        count: 1,
    }
}

/// Adds an entry. If the spool cannot be written, the change itself stays, and the program's log contains the entry.
pub(crate) async fn note(spool: &dyn Spool, entry: AuditEntry) {
    let AuditEntry { actor, what, object, detail, .. } = entry.clone();
    if let Err(error) = spool.note(entry).await {
        tracing::error!(%error, ?actor, what, object, detail, "The audit log could not be written.");
    }
}

/// The user of this machine who runs a subcommand: `root`, or the number of the user.
pub(crate) fn command_line() -> Actor {
    let uid = rustix::process::getuid().as_raw();
    Actor::CommandLine(if uid == 0 { "root".to_owned() } else { format!("user {uid}") })
}

/// A duration in words: "for 1 h 30 min"; "ended" for 0, which unmutes.
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
