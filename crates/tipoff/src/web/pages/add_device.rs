//! Adding a camera: its name, then exactly what to type into which field, then waiting for its test.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use tipoff_model::DeviceId;
use tipoff_spool::{IncidentFilter, SessionLine};
use tipoff_vendors::guide::{self, FieldEntry, Guide, SetupValue};

use super::super::AppState;
use super::super::api::sessions::{SessionQuery, find};
use super::super::clock::Clock;
use super::super::extract::{Path, Query};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::problem::Problem;
use super::Choice;
use super::sessions::{Row, row};

/// Sessions shown while waiting.
const SESSIONS: usize = 5;
/// How old a session of some other device may be to be this one's first attempt.
const LATELY: Duration = Duration::from_secs(900);

#[derive(Template)]
#[template(path = "add.html")]
struct AddPage {
    layout: Layout,
}

pub(super) async fn add(layout: Layout) -> Page {
    page(&AddPage { layout })
}

/// The vendor, and whether the device sends by mail or FTP.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SetupQuery {
    #[serde(alias = "maker")]
    vendor: String,
    by: String,
}

#[derive(Template)]
#[template(path = "setup_device.html")]
struct SetupPage {
    layout: Layout,
    id: i64,
    name: String,
    vendors: Vec<Choice>,
    by_ftp: bool,
    menu: Option<&'static str>,
    lines: Vec<Line>,
    notes: Vec<String>,
    /// The incident that shows that it works.
    arrived: Option<(i64, String)>,
    sessions: Vec<Row>,
}

struct Line {
    label: &'static str,
    value: String,
    /// Whether it is to be copied as it stands.
    exact: bool,
}

pub(super) async fn setup(
    State(state): State<AppState>,
    layout: Layout,
    clock: Clock,
    Path(id): Path<i64>,
    Query(query): Query<SetupQuery>,
) -> Page {
    let detail = state.spool.device(DeviceId(id)).await?;
    let device = detail.ok_or_else(|| Problem::not_found("device"))?.line;
    let added = state.spool.added_devices().await?;
    let login = added.into_iter().find(|(added, _)| *added == device.id).map(|(_, login)| login);
    let login = login.ok_or_else(|| Problem::not_found("login of a device that was added here"))?;
    let filter =
        IncidentFilter { device: Some(device.id), silent: true, ..IncidentFilter::default() };
    let arrived = state.spool.incidents(&filter, 1).await?.pop();
    // Once it works nobody needs to see the password any more.
    let password = match arrived {
        Some(_) => "(shown only until the first arrival; the device's page generates a new one)",
        None => &login.password,
    };
    let reach = Reach { state: &state, user: &login.user, password };
    let guide = guide::guide(&query.vendor).unwrap_or(&guide::OTHER);
    let by_ftp = query.by == "ftp" || (guide.mail.is_none() && guide.ftp.is_some());
    let (menu, lines, notes) = reach.fill_in(guide, by_ftp);
    let sessions = find(&state, &SessionQuery::default()).await?;
    let lately = clock.now().before(LATELY);
    let told = |line: &SessionLine| match &line.device {
        // Of one that failed only the address is known, which another device may have had before.
        Some((device, name)) if *device != id && line.login.as_deref() != Some(&login.user) => {
            let as_stranger = line.began_at >= lately && !knows(&state, line.login.as_deref());
            as_stranger.then(|| Row {
                hint: Some(taken_for(name, line.login.as_deref(), &login.user)),
                look: "wait",
                ..row(line, &clock)
            })
        }
        _ => Some(row(line, &clock)),
    };
    page(&SetupPage {
        layout,
        id,
        name: device.name,
        vendors: vendors(&query.vendor),
        by_ftp,
        menu,
        lines,
        notes,
        arrived: arrived.map(|line| (line.id.0, clock.ago(line.began_at))),
        sessions: sessions.iter().filter_map(told).take(SESSIONS).collect(),
    })
}

fn knows(state: &AppState, login: Option<&str>) -> bool {
    login.is_some_and(|login| state.directory.authenticator().knows_user(login))
}

/// What to change at a device that sent something, and was not known for what it is.
fn taken_for(name: &str, login: Option<&str>, user: &str) -> String {
    let how = match login {
        Some(login) => format!("it logged in as {login}"),
        None => "it did not log in".to_owned(),
    };
    format!(
        "The arrival was assigned to {name} because {how}. Enter the user {user} on the camera's page."
    )
}

fn vendors(chosen: &str) -> Vec<Choice> {
    let choice = |vendor: guide::VendorGuide| Choice {
        value: vendor.name.to_owned(),
        text: vendor.name.to_owned(),
        chosen: vendor.name == chosen,
    };
    guide::vendor_guides().into_iter().map(choice).collect()
}

/// How a device reaches us.
struct Reach<'a> {
    state: &'a AppState,
    user: &'a str,
    password: &'a str,
}

impl Reach<'_> {
    fn fill_in(
        &self,
        guide: &Guide,
        by_ftp: bool,
    ) -> (Option<&'static str>, Vec<Line>, Vec<String>) {
        let mut notes: Vec<String> = guide.notes.iter().map(|note| (*note).to_owned()).collect();
        let page = if by_ftp { guide.ftp.as_ref() } else { guide.mail.as_ref() };
        let page =
            page.or(if by_ftp { guide::OTHER.ftp.as_ref() } else { guide::OTHER.mail.as_ref() });
        let Some(page) = page else {
            return (None, Vec::new(), notes);
        };
        let port = if by_ftp { self.state.reach.ftp } else { self.state.reach.smtp };
        if let Some(only) = page.only_port
            && port != Some(only)
        {
            notes.push(format!(
                "This camera supports port {only} only: set it as `listen` in the configuration file."
            ));
        }
        notes.extend(page.notes.iter().map(|note| (*note).to_owned()));
        let line = |line: &guide::Field| Line {
            label: line.label,
            value: match line.entry {
                FieldEntry::Fixed(text) => text.to_owned(),
                FieldEntry::Value(value) => self.value(value, port),
            },
            exact: matches!(line.entry, FieldEntry::Value(_)),
        };
        (page.menu, page.fields.iter().map(line).collect(), notes)
    }

    fn value(&self, value: SetupValue, port: Option<u16>) -> String {
        let host = &self.state.reach.host;
        match value {
            SetupValue::Server => host.clone(),
            SetupValue::ServerUrl => format!("ftp://{host}/"),
            SetupValue::Port => {
                port.map_or_else(|| "(not listening)".to_owned(), |it| it.to_string())
            }
            SetupValue::User => self.user.to_owned(),
            SetupValue::Password => self.password.to_owned(),
            SetupValue::Sender => format!("{}@example.com", self.user),
            SetupValue::Recipient => "me@example.com".to_owned(),
        }
    }
}
