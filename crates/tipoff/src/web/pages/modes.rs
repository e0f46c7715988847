//! The home modes, and when they begin. The script sends them to the API (`api/added_modes.rs`).

use askama::Template;
use axum::extract::State;

use super::super::AppState;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::api::added_modes::modes_of;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::page_parts::Choice;
use super::routing::days;

#[derive(Template)]
#[template(path = "modes.html")]
struct ModesPage {
    layout: Layout,
    version: u64,
    /// Whether the configuration file sets the modes.
    of_file: bool,
    modes: Vec<ModeRow>,
    /// The fields of a mode that is added.
    new: ModeRow,
}

/// A mode in the form.
struct ModeRow {
    name: String,
    /// When it begins, with commas.
    at: String,
    days: Vec<Choice>,
}

/// All modes.
pub(in super::super) async fn modes(State(state): State<AppState>, layout: Layout) -> Page {
    let stored = StoredDocument::read(&state).await?;
    let of_file = !file_facts(&state).modes.is_empty();
    let modes = match of_file {
        true => state.modes.rules.now().modes.iter().map(row_of_file).collect(),
        false => modes_of(&stored.document)
            .into_iter()
            .map(|mode| ModeRow {
                name: mode.name,
                at: mode.at.join(", "),
                days: days(&mode.days.iter().map(String::as_str).collect::<Vec<_>>()),
            })
            .collect(),
    };
    let new = ModeRow { name: String::new(), at: String::new(), days: days(&[]) };
    page(&ModesPage { layout, version: stored.version, of_file, modes, new })
}

fn row_of_file(mode: &tipoff_rules::Mode) -> ModeRow {
    let at: Vec<String> = mode.at.iter().map(ToString::to_string).collect();
    let chosen = mode.days.map(|days| days.to_string()).unwrap_or_default();
    let chosen: Vec<&str> = chosen.split(", ").collect();
    ModeRow { name: mode.name.clone(), at: at.join(", "), days: days(&chosen) }
}
