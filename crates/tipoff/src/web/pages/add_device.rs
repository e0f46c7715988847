//! Adding a camera: its name, then exactly what to type into which field, then waiting for its test.
//!
//! The guides are data of `vendors` (`crates/vendors/src/guide`): which menu, which field, which value. This file fills in the
//! values of this machine and of the new login; `first_test.rs` finds what goes wrong at the camera's first attempts, and
//! `reach.rs` what to check if nothing comes.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use tipoff_model::DeviceId;
use tipoff_vendors::guide::{self, FieldEntry, Guide, SetupPage, SetupValue};

use super::super::device_changes::{no_device, no_login};
use super::super::extract::{Path, Query};
use super::super::first_test::{Observed, observe};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::page_parts::Choice;
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::{sentence, text};
use super::super::{AppState, Reach};
use super::reach::{Checklist, no_address};

/// The form for the name.
#[derive(Template)]
#[template(path = "add.html")]
struct AddPage {
    layout: Layout,
}

/// The form. The script sends it to the API and opens the guide.
pub(in super::super) async fn add(layout: Layout) -> Page {
    page(&AddPage { layout })
}

/// How a device sends its alerts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Mail,
    Ftp,
    Alarm,
}

impl By {
    /// The page of a guide for it.
    fn page(self, guide: &Guide) -> Option<&SetupPage> {
        match self {
            Self::Mail => guide.mail.as_ref(),
            Self::Ftp => guide.ftp.as_ref(),
            Self::Alarm => guide.alarm.as_ref(),
        }
    }

    /// What is asked for, if the guide has it, else the first way that it has.
    fn of(asked: &str, guide: &Guide) -> Self {
        match asked {
            "ftp" => Self::Ftp,
            "alarm" => Self::Alarm,
            _ => {
                let ways = [Self::Mail, Self::Ftp, Self::Alarm];
                ways.into_iter().find(|by| by.page(guide).is_some()).unwrap_or(Self::Mail)
            }
        }
    }
}

/// The vendor, and how the device sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct SetupQuery {
    /// Name of a guide. `maker` is its name in older addresses.
    #[serde(alias = "maker")]
    vendor: String,
    /// `ftp`, `alarm`, or anything else for mail.
    by: String,
}

#[derive(Template)]
#[template(path = "setup_device.html")]
struct DeviceSetupPage {
    layout: Layout,
    id: i64,
    name: String,
    /// Vendors with a guide.
    vendors: Vec<Choice>,
    /// Which page of the guide is shown.
    by: By,
    /// Where the camera has its settings, such as `Network > Email`.
    menu: Option<&'static str>,
    /// What to type, field by field.
    lines: Vec<GuideLine>,
    /// What to know about this vendor's cameras.
    notes: Vec<String>,
    /// What is known of its first test.
    test: Observed,
    /// What to check if nothing comes.
    checklist: Checklist,
    /// Whether alerts are sent to nobody: there is no channel yet.
    lacks_channel: bool,
}

/// A field of the camera's page.
struct GuideLine {
    /// Its name on the camera's page.
    label: &'static str,
    /// Whether the name is the camera's own, and so English.
    is_foreign_label: bool,
    /// What to type.
    value: String,
    /// Whether the value is in the words of the camera's page, and so English.
    is_choice: bool,
    /// Whether the value is one of this machine or this device and must be copied exactly.
    exact: bool,
}

/// The guide of a device that was added here. Other devices have no login to type in, and get a 404.
pub(in super::super) async fn setup(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
    Path(id): Path<i64>,
    Query(query): Query<SetupQuery>,
    headers: HeaderMap,
) -> Page {
    let detail = state.spool.device(DeviceId(id)).await?;
    let device = detail.ok_or_else(no_device)?.line;
    let added = state.spool.added_devices().await?;
    let login = added.into_iter().find(|(added, _)| *added == device.id).map(|(_, login)| login);
    let login = login.ok_or_else(no_login)?;
    let test = observe(&state, &clock, device.id, &login.user).await?;
    // Once something came nobody needs to see the password any more.
    let password = match test.has_arrived {
        true => text("setup-password-hidden").to_string(),
        false => login.password,
    };
    let reach = GuideValues { state: &state, user: &login.user, password: &password };
    let guide = guide::guide(&query.vendor).unwrap_or(&guide::OTHER);
    let by = By::of(&query.by, guide);
    let (menu, lines, notes) = reach.fill_in(guide, by);
    let checklist = Checklist::new(&state.reach, &headers);
    page(&DeviceSetupPage {
        layout,
        id,
        name: device.name,
        vendors: vendors(&query.vendor),
        by,
        menu,
        lines,
        notes,
        lacks_channel: state.channel_names().is_empty(),
        test,
        checklist,
    })
}

/// The vendors that have a guide.
fn vendors(chosen: &str) -> Vec<Choice> {
    let choice = |vendor: guide::VendorGuide| Choice {
        value: vendor.name.to_owned(),
        text: vendor.name.to_owned(),
        chosen: vendor.name == chosen,
    };
    guide::vendor_guides().into_iter().map(choice).collect()
}

/// The values of this machine and this device that a guide refers to.
struct GuideValues<'a> {
    state: &'a AppState,
    user: &'a str,
    password: &'a str,
}

impl GuideValues<'_> {
    /// The menu, the fields and the notes of a guide. A vendor without such a page gets the general one.
    fn fill_in(
        &self,
        guide: &Guide,
        by: By,
    ) -> (Option<&'static str>, Vec<GuideLine>, Vec<String>) {
        let mut notes: Vec<String> =
            guide.notes.iter().map(|note| sentence(note).to_owned()).collect();
        let Some(page) = by.page(guide).or(by.page(&guide::OTHER)) else {
            return (None, Vec::new(), notes);
        };
        let Reach { smtp, ftp, http, .. } = self.state.reach;
        let port = match by {
            By::Mail => smtp,
            By::Ftp => ftp,
            By::Alarm => http,
        };
        if let Some(only) = page.only_port
            && port != Some(only)
        {
            notes.push(text("setup-only-port").words("port", only).to_string());
        }
        notes.extend(page.notes.iter().map(|note| sentence(note).to_owned()));
        let is_usual = page.has_usual_labels();
        let line = |line: &guide::Field| GuideLine {
            label: if is_usual { sentence(line.label) } else { line.label },
            is_foreign_label: !is_usual,
            value: match line.entry {
                FieldEntry::Choice(text) => text.to_owned(),
                FieldEntry::Words(text) => sentence(text).to_owned(),
                FieldEntry::Value(value) => self.value(value, port),
            },
            is_choice: matches!(line.entry, FieldEntry::Choice(_)),
            exact: matches!(line.entry, FieldEntry::Value(_)),
        };
        (page.menu, page.fields.iter().map(line).collect(), notes)
    }

    /// The path of the device's own address for alarms.
    fn alarm_path(&self) -> String {
        format!("/h/{}", self.password)
    }

    /// The value of a field. A port is missing if that receiver does not listen.
    fn value(&self, value: SetupValue, port: Option<u16>) -> String {
        let host = self.state.reach.host().unwrap_or_else(no_address);
        match value {
            SetupValue::Server => host,
            SetupValue::ServerUrl => format!("ftp://{host}/"),
            SetupValue::Port => {
                port.map_or_else(|| text("setup-not-listening").to_string(), |it| it.to_string())
            }
            SetupValue::User => self.user.to_owned(),
            SetupValue::Password => self.password.to_owned(),
            SetupValue::Sender => format!("{}@example.com", self.user),
            SetupValue::Recipient => "me@example.com".to_owned(),
            // No page for alarms is shown yet.
            SetupValue::AlarmUrl => match port {
                Some(port) => format!("http://{host}:{port}{}", self.alarm_path()),
                None => text("setup-not-listening").to_string(),
            },
            SetupValue::AlarmPath => self.alarm_path(),
        }
    }
}
