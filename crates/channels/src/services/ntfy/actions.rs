//! The buttons of a message ("Action buttons" in docs.ntfy.sh/publish), in ntfy's short form: those that its
//! owner has set, and those that Tipoff has for an alert.

use tipoff_model::Alert;

use super::short_form;
use crate::buttons::{self, BUTTONS, Link};
use crate::http::Secrets;
use crate::message_service::Extras;
use crate::{Message, Settings};

/// How many buttons there may be. They stand in the address, of which those of the configuration get this much.
const ACTIONS_MAX: usize = 3;
const ACTIONS_BYTES_MAX: usize = 500;
/// The longest address of a button of ours: three of them have room beside all else.
const BUTTON_BYTES_MAX: usize = 300;
/// Stands in an action for where people look at the incident.
const LINK: &str = "{link}";

/// The buttons of a channel.
pub(super) struct Actions {
    own: Vec<String>,
    buttons: bool,
}

impl Actions {
    /// Reads `actions` and `buttons`, and hides from errors what the addresses may hold of secrets.
    pub(super) fn read(settings: &Settings, secrets: &mut Secrets) -> Result<Self, String> {
        let own = settings.list("actions");
        own.iter().flat_map(|it| it.split([',', '/', '='])).for_each(|it| secrets.add_value(it));
        check(own)?;
        Ok(Self { own: own.to_vec(), buttons: settings.flag_or(BUTTONS.key, true) })
    }

    /// Whether a message has buttons that its owner has set.
    pub(super) fn has_own(&self, message: &Message, alert: &Alert) -> bool {
        is_first(message) && self.own(alert).next().is_some()
    }

    /// Whether a message has buttons of ours.
    pub(super) fn has_buttons(&self, message: &Message, alert: &Alert) -> bool {
        self.buttons && buttons::links(message, alert).iter().any(is_good)
    }

    /// The buttons of a message, only the first of an alert: those of the configuration, without those that lead
    /// to an incident which nobody reaches, and as many others as there is room for.
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

    fn own(&self, alert: &Alert) -> impl Iterator<Item = String> {
        self.own.iter().filter_map(|action| match alert.link.as_deref() {
            Some(link) => Some(action.replace(LINK, link)),
            None => Some(action.clone()).filter(|action| !action.contains(LINK)),
        })
    }
}

fn is_first(message: &Message) -> bool {
    !message.is_rest && !message.title.is_empty()
}

/// What is wrong with the buttons.
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

/// Whether an address can stand in the short form.
fn is_good(link: &Link<'_>) -> bool {
    link.url.len() <= BUTTON_BYTES_MAX && !link.url.contains([',', ';', '"', '\''])
}

/// A press on an action is a POST by the app, and the message goes away when it is done.
fn button(link: &Link<'_>) -> String {
    let is_mark = |sign: char| matches!(sign, ',' | ';' | '=' | '"' | '\'') || sign.is_control();
    let label = link.label.replace(is_mark, " ");
    match link.acts {
        true => format!("http, {label}, {}, clear=true", link.url),
        false => format!("view, {label}, {}", link.url),
    }
}
