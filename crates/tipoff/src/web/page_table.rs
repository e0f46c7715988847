//! The pages behind the login: one line for each, from which routes, tabs and rights are made. The tests of the whole
//! program include this file, so that a new page is asked for by strangers, by a viewer and by axe.

/// A page behind the login.
#[derive(Debug)]
pub(crate) struct PageEntry {
    pub(crate) page: PageName,
    /// Its route, as axum writes it.
    pub(crate) path: &'static str,
    /// The tab that leads to it.
    pub(crate) tab: Option<TabEntry>,
    pub(crate) readers: Readers,
}

/// Which page it is. `pages::handler` has an arm for each.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PageName {
    Timeline,
    Incident,
    Devices,
    AddDevice,
    Device,
    DeviceSetup,
    Sessions,
    Session,
    Channels,
    Overview,
    Settings,
    Shares,
    Audit,
}

/// A tab of the navigation; tabs stand in the order of the table.
#[derive(Debug)]
pub(crate) struct TabEntry {
    pub(crate) name: &'static str,
    /// SVG markup.
    pub(crate) icon: &'static str,
}

/// Which roles may read a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Everybody who is logged in.
    All,
    /// Owners: the page shows secrets, or only serves to change something.
    Owners,
}

macro_rules! tab {
    ($name:literal, $icon:literal) => {
        Some(TabEntry {
            name: $name,
            icon: include_str!(concat!("../../templates/icons/", $icon, ".svg")),
        })
    };
}

const fn entry(
    page: PageName,
    path: &'static str,
    tab: Option<TabEntry>,
    readers: Readers,
) -> PageEntry {
    PageEntry { page, path, tab, readers }
}

use Readers::{All, Owners};

/// All pages behind the login.
#[rustfmt::skip]
pub(crate) const PAGES: &[PageEntry] = &[
    entry(PageName::Timeline, "/", tab!("Timeline", "timeline"), All),
    entry(PageName::Incident, "/incidents/{id}", None, All),
    entry(PageName::Devices, "/devices", tab!("Devices", "camera"), All),
    entry(PageName::AddDevice, "/devices/add", None, Owners),
    entry(PageName::Device, "/devices/{id}", None, All),
    entry(PageName::DeviceSetup, "/devices/{id}/setup", None, Owners),
    entry(PageName::Sessions, "/sessions", tab!("Sessions", "talk"), All),
    entry(PageName::Session, "/sessions/{id}", None, All),
    entry(PageName::Channels, "/channels", tab!("Channels", "send"), All),
    entry(PageName::Overview, "/overview", tab!("Overview", "gauge"), All),
    entry(PageName::Settings, "/settings", None, All),
    entry(PageName::Shares, "/shares", None, Owners),
    entry(PageName::Audit, "/audit", None, Owners),
];
