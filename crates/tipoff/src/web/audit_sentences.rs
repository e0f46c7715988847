//! The audit log in sentences: who did what to what.
//!
//! A sentence is one text, since languages order its words differently, and begins with who did it. The match over
//! [`AuditAction`] has no default, so a new action needs a sentence here. An entry that a later version wrote
//! is shown by its name.

use tipoff_spool::{Actor, AuditEntry};

use super::reader_language::{Text, text};
use crate::audit::AuditAction;
use crate::receive::marked;

/// Stands for the actor's name while a sentence is made. Names and objects have no such character: `marked` replaces it.
const NAME: &str = "\0";

/// Who did what: the words before the actor's name, the name, and the words behind it. The page marks the name, so it is
/// separate. An entry of a mute has the detail "ended" if it unmuted.
pub(super) fn sentence(entry: &AuditEntry) -> (String, String, String) {
    let name = marked(entry.actor.name());
    let whole = predicate(entry).words("who", subject(&entry.actor));
    let whole = whole.words("object", object(&marked(&entry.object))).to_string();
    match whole.split_once(NAME) {
        Some((before, behind)) => (before.to_owned(), name, behind.to_owned()),
        None => (String::new(), name, whole),
    }
}

/// The beginning of the sentence.
fn subject(actor: &Actor) -> String {
    let subject = match actor {
        Actor::User(_) => return NAME.to_owned(),
        Actor::Person(_) => text("audit-by-person"),
        Actor::Token(_) => text("audit-by-token"),
        Actor::Link(_) => text("audit-by-link"),
        Actor::CommandLine(_) => text("audit-by-command-line"),
        Actor::File(_) => text("audit-by-file"),
        Actor::Stranger(_) => text("audit-by-stranger"),
    };
    subject.words("name", NAME).to_string()
}

/// The object of an action. Entries name it in English.
fn object(object: &str) -> String {
    let is_number = |text: &str| text.parse::<u64>().is_ok();
    if object == "everything" {
        return text("audit-object-everything").to_string();
    }
    match object.split_once(' ') {
        Some(("incident", number)) if is_number(number) => {
            text("audit-object-incident").words("number", number).to_string()
        }
        Some(("incidents", numbers)) if numbers.split(", ").all(is_number) => {
            text("audit-object-incidents").words("numbers", numbers).to_string()
        }
        Some(("device", device)) => match device.split_once(", ") {
            Some((number, name)) if is_number(number) => {
                text("audit-object-device").words("number", number).words("name", name).to_string()
            }
            _ => object.to_owned(),
        },
        _ => object.to_owned(),
    }
}

/// The whole sentence, without who and the object.
fn predicate(entry: &AuditEntry) -> Text<'static> {
    let ended = entry.detail == "ended";
    let object = &*entry.object;
    let Some(action) = AuditAction::parse(&entry.what) else {
        // A later version wrote it.
        let what = entry.what.replacen('.', ": ", 1).replace('_', " ");
        return text("audit-other").words("what", marked(&what));
    };
    text(match action {
        AuditAction::Login => "audit-login",
        AuditAction::LoginFailed => "audit-login-failed",
        AuditAction::Logout if object == "dashboard" => "audit-logout",
        AuditAction::Logout => "audit-logout-of",
        AuditAction::Password if object.is_empty() => "audit-first-password",
        AuditAction::Password => "audit-password",
        AuditAction::SetupLink => "audit-setup-link",
        AuditAction::UserAdd => "audit-user-add",
        AuditAction::UserRole => "audit-user-role",
        AuditAction::UserRemove => "audit-user-remove",
        AuditAction::CodesBegin => "audit-codes-on",
        AuditAction::CodesEnd => "audit-codes-off",
        AuditAction::TokenCreate => "audit-token-create",
        AuditAction::TokenRevoke if object.is_empty() => "audit-tokens-revoke",
        AuditAction::TokenRevoke => "audit-token-revoke",
        AuditAction::TokenExposed => "audit-token-exposed",
        AuditAction::ShareCreate => "audit-share-create",
        AuditAction::ShareRevoke => "audit-share-revoke",
        AuditAction::DeviceAdd => "audit-device-add",
        AuditAction::DeviceChange => "audit-device-change",
        AuditAction::DeviceRemove => "audit-device-remove",
        AuditAction::DeviceMerge => "audit-device-merge",
        AuditAction::DevicePassword => "audit-device-password",
        AuditAction::DeviceLoginRevoke => "audit-device-login-revoke",
        AuditAction::CameraSetUp => "audit-camera",
        AuditAction::ChannelTest => "audit-channel-test",
        AuditAction::ChannelPause => "audit-channel-pause",
        AuditAction::ChannelResume => "audit-channel-resume",
        AuditAction::ChannelAdd => "audit-channel-add",
        AuditAction::ChannelChange => "audit-channel-change",
        AuditAction::ChannelRemove => "audit-channel-remove",
        AuditAction::RouteChange => "audit-route-change",
        AuditAction::ModeChange => "audit-mode-change",
        AuditAction::Mode => "audit-mode",
        AuditAction::Mute if ended => "audit-unmute",
        AuditAction::Mute => "audit-mute",
        AuditAction::Retry => "audit-retry",
        AuditAction::Dismiss => "audit-dismiss",
        AuditAction::Restore => "audit-restore",
        AuditAction::Lock => "audit-lock",
        AuditAction::Unlock => "audit-unlock",
        AuditAction::IncidentRemove => "audit-incident-remove",
        AuditAction::ConfigChange => "audit-configuration",
    })
}

#[cfg(test)]
mod tests {
    use tipoff_model::{Language, Timestamp};

    use super::super::reader_language::tests::read_in;
    use super::*;

    /// The sentence of an entry.
    fn said(actor: Actor, what: &str, object: &str, detail: &str) -> String {
        let at = Timestamp::from_ms(0);
        let entry = AuditEntry {
            what: what.to_owned(),
            ..crate::audit::entry(at, actor, AuditAction::Login, object, detail)
        };
        let (before, name, behind) = sentence(&entry);
        format!("{before}{name}{behind}")
    }

    #[test]
    fn an_entry_is_a_sentence() {
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
    #[test]
    fn a_sentence_has_the_order_of_the_readers_language() {
        let removed = AuditAction::IncidentRemove.as_str();
        let token = || Actor::Token("nas".to_owned());
        for (language, object, expected) in [
            (Language::German, "incidents 1, 2", "Das Token nas hat die Vorfälle 1, 2 entfernt"),
            (Language::German, "device 3, Yard", "Das Token nas hat Gerät 3 (Yard) entfernt"),
            (Language::Chinese, "incident 7", "令牌 nas 删除了 事件 7"),
            (Language::English, "incident x", "The token nas removed incident x"),
        ] {
            assert_eq!(read_in(language, || said(token(), removed, object, "")), expected);
        }
    }

    #[test]
    fn every_sentence_of_every_language_begins_with_who_did_it() {
        for language in Language::ALL {
            for action in AuditAction::ALL {
                let user = Actor::User("anna".to_owned());
                let sentence = read_in(*language, || said(user, action.as_str(), "x", ""));
                assert!(sentence.starts_with("anna "), "{language:?}: {sentence}");
            }
        }
    }
}
