//! The buttons of a message ("Action buttons" in docs.ntfy.sh/publish), in ntfy's short form: those that the owner
//! configured, then those that Tipoff has for an alert, as many as ntfy shows.

use tipoff_model::Alert;

use super::short_form;
use crate::buttons::{self, BUTTONS, Link};
use crate::http::Secrets;
use crate::message_service::Extras;
use crate::{Message, Settings};

/// Number of buttons that ntfy shows.
const ACTIONS_MAX: usize = 3;
/// Size limit of the configured buttons, in bytes: they are in the address, which proxies limit.
const ACTIONS_BYTES_MAX: usize = 500;
/// Length limit of the address of one of Tipoff's buttons, in bytes: three of them fit the request's address.
const BUTTON_BYTES_MAX: usize = 300;
/// The placeholder for the address of the incident.
const LINK: &str = "{link}";

/// The buttons of a channel.
pub(super) struct ActionButtons {
    /// The configured buttons, in the short form.
    own: Vec<String>,
    /// Whether Tipoff's buttons follow.
    buttons: bool,
}

impl ActionButtons {
    /// Reads `actions` and `buttons`, and adds the secrets in addresses and headers to `secrets`.
    pub(super) fn read(settings: &Settings, secrets: &mut Secrets) -> Result<Self, String> {
        let own = settings.list("actions");
        own.iter().flat_map(|it| it.split([',', '/', '='])).for_each(|it| secrets.add_value(it));
        check(own)?;
        Ok(Self { own: own.to_vec(), buttons: settings.flag_or(BUTTONS.key, true) })
    }

    /// Whether a message has configured buttons.
    pub(super) fn has_own(&self, message: &Message, alert: &Alert) -> bool {
        is_first(message) && self.own(alert).next().is_some()
    }

    /// Whether a message has buttons of Tipoff's.
    pub(super) fn has_buttons(&self, message: &Message, alert: &Alert) -> bool {
        self.buttons && buttons::links(message, alert).iter().any(is_good)
    }

    /// The buttons of a message. Only the first message of an alert has any: the configured ones, then as many of
    /// Tipoff's as there is room for.
    pub(super) fn of(&self, message: &Message, alert: &Alert, extras: &Extras) -> String {
        if !is_first(message) {
            return String::new();
        }
        let mut actions: Vec<String> = Vec::new();
        if extras.has("actions") {
            actions.extend(self.own(alert));
        }
        if self.buttons && extras.has("buttons") {
            let mut links = buttons::links(message, alert);
            links.retain(is_good);
            let links = buttons::best(links, ACTIONS_MAX.saturating_sub(actions.len()));
            actions.extend(links.iter().map(button));
        }
        actions.join(";")
    }

    /// The configured buttons. One that leads to the incident is left out if the incident's address is not known.
    fn own(&self, alert: &Alert) -> impl Iterator<Item = String> {
        self.own.iter().filter_map(|action| match alert.link.as_deref() {
            Some(link) => Some(action.replace(LINK, link)),
            None => Some(action.clone()).filter(|action| !action.contains(LINK)),
        })
    }
}

/// Whether a message is the first one of its alert.
fn is_first(message: &Message) -> bool {
    !message.is_rest && !message.title.is_empty()
}

/// Checks the configured buttons.
fn check(actions: &[String]) -> Result<(), String> {
    let fault = |message: &str| Err(message.to_owned());
    if actions.len() > ACTIONS_MAX {
        return fault("at most three buttons are possible");
    }
    for action in actions {
        if action.contains(';') {
            return fault(
                "must each be like \"view, Look, http://nas.lan:8080/\", without a semicolon",
            );
        }
        if let Err(why) = short_form::check(action) {
            return Err(format!(
                "must each be like \"view, Look, http://nas.lan:8080/\", and {action:?} {why}"
            ));
        }
    }
    if actions.iter().map(String::len).sum::<usize>() > ACTIONS_BYTES_MAX {
        return fault("the buttons are too long: shorten their addresses");
    }
    Ok(())
}

/// Whether an address needs no quotation marks in the short form, and is short enough.
fn is_good(link: &Link<'_>) -> bool {
    link.url.len() <= BUTTON_BYTES_MAX && !link.url.contains([',', ';', '"', '\''])
}

/// A button in the short form. The app sends a POST when it is pressed, and removes the message after a success
/// (`clear`).
fn button(link: &Link<'_>) -> String {
    let is_mark = |sign: char| matches!(sign, ',' | ';' | '=' | '"' | '\'') || sign.is_control();
    let label = link.label.replace(is_mark, " ");
    match link.acts {
        true => format!("http, {label}, {}, clear=true", link.url),
        false => format!("view, {label}, {}", link.url),
    }
}
