//! Tipoff sets a camera up: its address and login, what would be changed, and whether its test arrived. The script asks the
//! API and fills the page in.

use askama::Template;
use axum::extract::State;
use tipoff_model::DeviceId;
use tipoff_spool::IncidentFilter;

use super::super::AppState;
use super::super::device_changes::{no_device, no_login};
use super::super::extract::Path;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::reader_clock::ReaderClock;

#[derive(Template)]
#[template(path = "camera_setup.html")]
struct CameraSetupPage {
    layout: Layout,
    id: i64,
    name: String,
    /// The incident that shows that it works.
    arrived: Option<(i64, String)>,
    /// Whether alerts are sent to nobody: there is no channel yet.
    lacks_channel: bool,
    /// Whether the camera's login is kept.
    has_login: bool,
}

/// The page of a device that was added here. Other devices have no address of their own, and get a 404.
pub(in super::super) async fn camera_setup(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
    Path(id): Path<i64>,
) -> Page {
    let detail = state.spool.device(DeviceId(id)).await?;
    let device = detail.ok_or_else(no_device)?.line;
    if device.user.is_none() {
        return Err(no_login().into());
    }
    let filter =
        IncidentFilter { device: Some(device.id), silent: true, ..IncidentFilter::default() };
    let arrived = state.spool.incidents(&filter, 1).await?.pop();
    let arrived = arrived.map(|line| (line.id.0, clock.ago(line.began_at)));
    let added = state.spool.added_devices().await?;
    let has_login = added.iter().any(|(added, it)| *added == device.id && it.camera.is_some());
    let (name, lacks_channel) = (device.name, state.channel_names().is_empty());
    page(&CameraSetupPage { layout, id, name, arrived, lacks_channel, has_login })
}
