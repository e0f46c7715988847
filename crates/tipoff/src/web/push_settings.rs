//! The part of the settings page about notifications in browsers: one's own, with what they are for; for an owner, those of all.

use tipoff_model::Event;
use tipoff_spool::DeviceFilter;

use super::AppState;
use super::access::Principal;
use super::api::push::visible;
use super::problem::Problem;
use super::reader_clock::ReaderClock;
use super::reader_language::{text, texts};

/// Devices that can be chosen one by one: more do not fit in a list.
const DEVICES_MAX: u32 = 500;

/// The notifications on the settings page.
pub(super) struct PushSection {
    /// The public key with which a browser subscribes.
    pub(super) key: String,
    pub(super) browsers: Vec<BrowserRow>,
}

/// A browser that gets notifications.
pub(super) struct BrowserRow {
    pub(super) id: i64,
    pub(super) browser: String,
    pub(super) own: bool,
    pub(super) digest: String,
    /// Whose it is, for an owner, and when an alert was delivered last.
    pub(super) details: String,
    pub(super) devices: Vec<Choice>,
    pub(super) events: Vec<Choice>,
}

/// A line of a list.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) chosen: bool,
}

/// Reads what the principal may see. `None` for a program, which has no browser.
pub(super) async fn read(
    state: &AppState,
    principal: &Principal,
    clock: &ReaderClock,
) -> Result<Option<PushSection>, Problem> {
    if principal.reader().is_none() {
        return Ok(None);
    }
    let rows = visible(state, principal).await?;
    let names = match rows.is_empty() {
        true => Vec::new(),
        false => device_names(state).await?,
    };
    let last = state.spool.last_pushes().await?;
    let row = |(it, row): (tipoff_spool::PushSubscription, super::api::push::PushBrowser)| {
        let delivered = last.iter().find(|(id, _)| *id == it.id);
        let details = match delivered {
            Some((_, at)) => text("push-last").words("time", clock.ago(*at)),
            None => text("push-never"),
        };
        let details = details.to_string();
        BrowserRow {
            id: row.id,
            details: if row.own { details } else { format!("{}; {details}", row.user) },
            devices: devices(&names, &row.devices),
            events: events(&it.wanted.events),
            browser: row.browser,
            own: row.own,
            digest: row.digest,
        }
    };
    let browsers = rows.into_iter().map(row).collect();
    Ok(Some(PushSection { key: state.push.public_key(), browsers }))
}

async fn device_names(state: &AppState) -> Result<Vec<String>, Problem> {
    let lines = state.spool.devices(&DeviceFilter::default(), DEVICES_MAX).await?;
    Ok(lines.into_iter().map(|device| device.name).collect())
}

/// The devices, and those that were chosen and are not known any more.
fn devices(names: &[String], chosen: &[String]) -> Vec<Choice> {
    let lost = chosen.iter().filter(|name| !names.contains(name));
    let choice = |name: &String| Choice {
        value: name.clone(),
        text: name.clone(),
        chosen: chosen.contains(name),
    };
    names.iter().chain(lost).map(choice).collect()
}

fn events(chosen: &[Event]) -> Vec<Choice> {
    let choice = |event: &Event| Choice {
        value: event.as_str().to_owned(),
        text: texts().event(*event).unwrap_or_else(|| text("push-event-other").to_string()),
        chosen: chosen.contains(event),
    };
    Event::ALL.iter().map(choice).collect()
}
