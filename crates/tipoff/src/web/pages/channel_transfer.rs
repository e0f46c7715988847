//! Added channels as text: to move them into the configuration file, or to another Tipoff.

use askama::Template;
use axum::extract::State;

use super::super::AppState;
use super::super::added_channels::StoredDocument;
use super::super::channel_export::{Exported, exported};
use super::super::layout::Layout;
use super::super::page::{Page, page};

#[derive(Template)]
#[template(path = "channel_transfer.html")]
struct TransferPage {
    layout: Layout,
    exported: Exported,
}

/// The text of all added channels, and a form for such a text.
pub(in super::super) async fn transfer(State(state): State<AppState>, layout: Layout) -> Page {
    let exported = exported(&StoredDocument::read(&state).await?.document);
    page(&TransferPage { layout, exported })
}
