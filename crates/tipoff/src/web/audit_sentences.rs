//! The audit log in sentences: who did what to what.
//!
//! The match over [`AuditAction`] has no default, so a new action needs a sentence here. An entry that a later version wrote
//! is shown by its name.

use tipoff_spool::{Actor, AuditEntry};

use crate::audit::AuditAction;
use crate::receive::marked;

/// The beginning of the sentence: the words before the actor's name, the name, and the words behind it. The page marks the
/// name, so it is separate.
pub(super) fn subject(actor: &Actor) -> (&'static str, String, &'static str) {
    let name = marked(actor.name());
    match actor {
        Actor::User(_) => ("", name, ""),
        Actor::Person(_) => ("", name, " in a chat"),
        Actor::Token(_) => ("The token ", name, ""),
        Actor::Link(_) => ("Somebody with an action link sent to ", name, ""),
        Actor::CommandLine(_) => ("", name, " on the command line"),
        Actor::File(_) => ("Somebody who edited ", name, ""),
        Actor::Stranger(_) => ("Somebody at ", name, ""),
    }
}

/// The rest of the sentence. An entry of a mute has the detail "ended" if it unmuted.
pub(super) fn predicate(entry: &AuditEntry) -> String {
    let object = &*marked(&entry.object);
    let ended = entry.detail == "ended";
    let Some(action) = AuditAction::parse(&entry.what) else {
        // A later version wrote it.
        return format!("{} {object}", entry.what.replacen('.', ": ", 1).replace('_', " "));
    };
    match action {
        AuditAction::Login => "logged in".to_owned(),
        AuditAction::LoginFailed => "entered a wrong password, code or token".to_owned(),
        AuditAction::Logout if object == "dashboard" => "logged out".to_owned(),
        AuditAction::Logout => format!("logged out {object}"),
        AuditAction::Password if object.is_empty() => "set the first owner's password".to_owned(),
        AuditAction::Password => format!("set the password of {object}"),
        AuditAction::SetupLink => "made a link that sets the first owner's password".to_owned(),
        AuditAction::UserAdd => format!("added the user {object}"),
        AuditAction::UserRole => format!("changed the role of {object}"),
        AuditAction::UserRemove => format!("removed the user {object}"),
        AuditAction::CodesBegin => format!("turned on one-time codes of {object}"),
        AuditAction::CodesEnd => format!("turned off one-time codes of {object}"),
        AuditAction::TokenCreate => format!("made the token {object}"),
        AuditAction::TokenRevoke => format!("revoked the token {object}"),
        AuditAction::TokenExposed => format!("showed the token {object} in an address"),
        AuditAction::ShareCreate => format!("made a link to {object}"),
        AuditAction::ShareRevoke => format!("revoked a link to {object}"),
        AuditAction::DeviceAdd => format!("added the device {object}"),
        AuditAction::DeviceChange => format!("changed {object}"),
        AuditAction::DeviceMerge => format!("merged {object} into another device"),
        AuditAction::DeviceRemove => format!("removed {object}"),
        AuditAction::DevicePassword => format!("made a new password for {object}"),
        AuditAction::DeviceLoginRevoke => format!("revoked the login of {object}"),
        AuditAction::CameraSetUp => format!("changed settings of the camera of {object}"),
        AuditAction::ChannelTest => format!("sent a test to the channel {object}"),
        AuditAction::ChannelPause => format!("paused the channel {object}"),
        AuditAction::ChannelResume => format!("resumed the channel {object}"),
        AuditAction::ChannelAdd => format!("added the channel {object}"),
        AuditAction::ChannelChange => format!("changed the channel {object}"),
        AuditAction::ChannelRemove => format!("removed the channel {object}"),
        AuditAction::Mode => format!("chose the mode {object}"),
        AuditAction::Mute if ended => format!("unmuted {object}"),
        AuditAction::Mute => format!("muted {object}"),
        AuditAction::Retry => format!("retried deliveries of {object}"),
        AuditAction::Dismiss => format!("marked {object} as not interesting"),
        AuditAction::Restore => format!("marked {object} as interesting again"),
        AuditAction::Lock => format!("locked {object}"),
        AuditAction::Unlock => format!("unlocked {object}"),
        AuditAction::IncidentRemove => format!("removed {object}"),
        AuditAction::ConfigChange => "changed the configuration".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::Timestamp;

    use super::*;

    #[test]
    fn an_entry_is_a_sentence() {
        let said = |actor: Actor, what: &str, object: &str, detail: &str| {
            let (before, name, behind) = subject(&actor);
            let entry = AuditEntry {
                what: what.to_owned(),
                ..crate::audit::entry(
                    Timestamp::from_ms(0),
                    actor,
                    AuditAction::Login,
                    object,
                    detail,
                )
            };
            format!("{before}{name}{behind} {}", predicate(&entry))
        };
        let user = || Actor::User("anna".to_owned());
        for (sentence, expected) in [
            (
                said(user(), AuditAction::TokenCreate.as_str(), "script", ""),
                "anna made the token script",
            ),
            (said(user(), AuditAction::Logout.as_str(), "dashboard", ""), "anna logged out"),
            (said(user(), AuditAction::Logout.as_str(), "bert", ""), "anna logged out bert"),
            (
                said(user(), AuditAction::Mute.as_str(), "everything", "ended"),
                "anna unmuted everything",
            ),
            (said(user(), "later.big_thing", "x", ""), "anna later: big thing x"),
            (
                said(
                    Actor::CommandLine("root".to_owned()),
                    AuditAction::UserAdd.as_str(),
                    "bert",
                    "",
                ),
                "root on the command line added the user bert",
            ),
            (
                said(
                    Actor::Stranger("10.0.0.1".to_owned()),
                    AuditAction::LoginFailed.as_str(),
                    "dashboard",
                    "",
                ),
                "Somebody at 10.0.0.1 entered a wrong password, code or token",
            ),
            (
                said(
                    Actor::Token("a\u{202e}b".to_owned()),
                    AuditAction::Lock.as_str(),
                    "incident 1",
                    "",
                ),
                "The token a\u{fffd}b locked incident 1",
            ),
        ] {
            assert_eq!(sentence, expected);
        }
    }
}
