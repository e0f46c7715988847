//! The buttons of a message ("Action buttons" in docs.ntfy.sh/publish), in ntfy's short form: those that its
//! owner has set, and those that Tipoff has for an alert.

use tipoff_model::Alert;

use crate::buttons::{self, BUTTONS, Link};
use crate::http::Secrets;
use crate::{Message, Settings};

/// What a button can do, and how many there may be. They stand in the address, of which those of the
/// configuration get this much.
const ACTIONS: [&str; 4] = ["broadcast", "copy", "http", "view"];
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
    pub(super) fn read(settings: &Settings, secrets: &mut Secrets) -> Result<Self, &'static str> {
        let own = settings.list("actions");
        own.iter().flat_map(|it| it.split([',', '/', '='])).for_each(|it| secrets.add_value(it));
        check(own)?;
        Ok(Self { own: own.to_vec(), buttons: settings.flag_or(BUTTONS.key, true) })
    }

    /// The buttons of a message, only the first of an alert: those of the configuration, without those that lead
    /// to an incident which nobody reaches, and as many others as there is room for.
    pub(super) fn of(&self, message: &Message, alert: &Alert) -> String {
        if message.title.is_empty() {
            return String::new();
        }
        let fill_in = |action: &String| match alert.link.as_deref() {
            Some(link) => Some(action.replace(LINK, link)),
            None => Some(action.clone()).filter(|action| !action.contains(LINK)),
        };
        let mut actions: Vec<String> = self.own.iter().filter_map(fill_in).collect();
        if self.buttons {
            let mut links = buttons::links(message, alert);
            links.retain(is_good);
            let links = buttons::best(links, ACTIONS_MAX.saturating_sub(actions.len()));
            actions.extend(links.iter().map(button));
        }
        actions.join(";")
    }
}

/// What is wrong with the buttons.
fn check(actions: &[String]) -> Result<(), &'static str> {
    let kind = |action: &str| action.split(',').next().unwrap_or_default().trim().to_owned();
    let is_whole = |action: &String| {
        ACTIONS.contains(&kind(action).as_str())
            && !action.contains(';')
            && (kind(action) == "broadcast" || action.split(',').count() > 2)
    };
    if actions.len() > ACTIONS_MAX {
        Err("at most three buttons are possible")
    } else if !actions.iter().all(is_whole) {
        Err("must each be like \"view, Look, http://nas.lan:8080/\", without a semicolon")
    } else if actions.iter().map(String::len).sum::<usize>() > ACTIONS_BYTES_MAX {
        Err("the buttons are too long: shorten their addresses")
    } else {
        Ok(())
    }
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
