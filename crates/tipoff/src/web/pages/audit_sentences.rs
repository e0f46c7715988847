//! The audit log in sentences: who did what to what.

use tipoff_spool::{Actor, AuditEntry};

use crate::audit::what;
use crate::receive::marked;

/// Who did it, as it begins a sentence: before the name, the name, and behind it.
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

/// What they did, as it goes on and ends a sentence.
pub(super) fn predicate(entry: &AuditEntry) -> String {
    let object = &*marked(&entry.object);
    let ended = entry.detail == "ended";
    match &*entry.what {
        what::LOGIN => "logged in".to_owned(),
        what::LOGIN_FAILED => "entered a wrong password, code or token".to_owned(),
        what::LOGOUT if object == "dashboard" => "logged out".to_owned(),
        what::LOGOUT => format!("logged out {object}"),
        what::PASSWORD if object.is_empty() => "set the first owner's password".to_owned(),
        what::PASSWORD => format!("set the password of {object}"),
        what::SETUP_LINK => "made a link that sets the first owner's password".to_owned(),
        what::USER_ADD => format!("added the user {object}"),
        what::USER_ROLE => format!("changed the role of {object}"),
        what::USER_REMOVE => format!("removed the user {object}"),
        what::CODES_BEGIN => format!("turned on one-time codes of {object}"),
        what::CODES_END => format!("turned off one-time codes of {object}"),
        what::TOKEN_CREATE => format!("made the token {object}"),
        what::TOKEN_REVOKE => format!("revoked the token {object}"),
        what::TOKEN_EXPOSED => format!("showed the token {object} in an address"),
        what::SHARE_CREATE => format!("made a link to {object}"),
        what::SHARE_REVOKE => format!("revoked a link to {object}"),
        what::DEVICE_ADD => format!("added the device {object}"),
        what::DEVICE_CHANGE => format!("changed {object}"),
        what::DEVICE_MERGE => format!("merged {object} into another device"),
        what::DEVICE_PASSWORD => format!("made a new password for {object}"),
        what::DEVICE_NO_LOGIN => format!("revoked the login of {object}"),
        what::CHANNEL_TEST => format!("sent a test to the channel {object}"),
        what::CHANNEL_PAUSE => format!("paused the channel {object}"),
        what::CHANNEL_RESUME => format!("resumed the channel {object}"),
        what::MODE => format!("chose the mode {object}"),
        what::MUTE if ended => format!("unmuted {object}"),
        what::MUTE => format!("muted {object}"),
        what::RETRY => format!("retried deliveries of {object}"),
        what::DISMISS => format!("marked {object} as not interesting"),
        what::RESTORE => format!("marked {object} as interesting again"),
        what::LOCK => format!("locked {object}"),
        what::UNLOCK => format!("unlocked {object}"),
        what::CONFIG => "changed the configuration".to_owned(),
        // Of a later version.
        other => format!("{} {object}", other.replacen('.', ": ", 1).replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_sentence() {
        let said = |actor: Actor, what: &'static str, object: &str, detail: &str| {
            let (before, name, behind) = subject(&actor);
            let entry = crate::audit::entry(actor, what, object, detail);
            format!("{before}{name}{behind} {}", predicate(&entry))
        };
        let user = || Actor::User("anna".to_owned());
        for (sentence, expected) in [
            (said(user(), what::TOKEN_CREATE, "script", ""), "anna made the token script"),
            (said(user(), what::LOGOUT, "dashboard", ""), "anna logged out"),
            (said(user(), what::LOGOUT, "bert", ""), "anna logged out bert"),
            (said(user(), what::MUTE, "everything", "ended"), "anna unmuted everything"),
            (said(user(), "later.big_thing", "x", ""), "anna later: big thing x"),
            (
                said(Actor::CommandLine("root".to_owned()), what::USER_ADD, "bert", ""),
                "root on the command line added the user bert",
            ),
            (
                said(Actor::Stranger("10.0.0.1".to_owned()), what::LOGIN_FAILED, "dashboard", ""),
                "Somebody at 10.0.0.1 entered a wrong password, code or token",
            ),
            (
                said(Actor::Token("a\u{202e}b".to_owned()), what::LOCK, "incident 1", ""),
                "The token a\u{fffd}b locked incident 1",
            ),
        ] {
            assert_eq!(sentence, expected);
        }
    }
}
