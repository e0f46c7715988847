//! The document of channels that were added here: read from the spool, checked, and replaced as a whole.

use axum::http::StatusCode;
use tipoff_spool::AddedConfiguration;

use super::AppState;
use super::channel_draft::{fault, of_faults, refused};
use super::problem::Problem;
use super::reader_language::text;
use crate::config::Config;
use crate::config::added::{FileFacts, Names};
use crate::config::added_document::AddedDocument;

/// The document, and the version that it replaces when it is stored.
pub(super) struct StoredDocument {
    pub(super) document: AddedDocument,
    pub(super) version: u64,
}

impl StoredDocument {
    /// Reads the document.
    pub(super) async fn read(state: &AppState) -> Result<Self, Problem> {
        let AddedConfiguration { version, document } = state.spool.added_configuration().await?;
        let document = AddedDocument::parse(&document).map_err(|_| {
            Problem::new(StatusCode::CONFLICT, text("problem-channel-unreadable").to_string())
        })?;
        Ok(Self { document, version })
    }

    /// A 409 unless the document has the version that a form began with.
    pub(super) fn check_version(&self, version: u64) -> Result<(), Problem> {
        if self.version == version { Ok(()) } else { Err(changed_elsewhere()) }
    }

    /// A 409 if a channel of the file or of the document has this name.
    pub(super) fn check_name(&self, name: &str, file: &FileFacts) -> Result<(), Problem> {
        let place = match (file.channels.iter().any(|it| it == name), self.document.channel(name)) {
            (true, _) => text("problem-channel-name-in-file"),
            (false, Some(_)) => text("problem-channel-name-taken"),
            (false, None) => return Ok(()),
        };
        Err(Problem::of_fields(StatusCode::CONFLICT, vec![fault("name", place)]))
    }

    /// Checks the document, stores it, and waits until it is in use. A 409 if somebody else has stored one meanwhile.
    pub(super) async fn store(self, state: &AppState) -> Result<(), Problem> {
        let text = self.document.to_string();
        Config::check_added(&text, &file_facts(state), Names::MayBeGone)
            .map_err(|faults| refused(of_faults(&faults)))?;
        if !state.spool.replace_added_configuration(text, self.version).await? {
            return Err(changed_elsewhere());
        }
        state.reload_requests.apply_added().await;
        Ok(())
    }
}

/// The facts of the file that drafts are checked against.
pub(super) fn file_facts(state: &AppState) -> FileFacts {
    state.configuration.borrow().added.file.clone()
}

fn changed_elsewhere() -> Problem {
    Problem::new(StatusCode::CONFLICT, text("problem-channel-changed").to_string())
}
