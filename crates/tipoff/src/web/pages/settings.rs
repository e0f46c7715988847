//! The settings page: one's own account, users, tokens for programs, logout.
//!
//! Settings of the program itself are in the configuration file, which the dashboard never writes.

use askama::Template;
use axum::extract::State;
use tipoff_model::Language;
use tipoff_spool::TokenScope;

use super::super::AppState;
use super::super::access::Principal;
use super::super::account_settings::{self, Accounts};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::page_parts::Choice;
use super::super::push_settings::{self, PushSection};
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::{ChosenLanguage, text};

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    /// Whether the page has a logout button. A proxy's user logs out at the proxy.
    may_leave: bool,
    /// The languages of the pages.
    languages: Vec<Choice>,
    accounts: Accounts,
    /// Notifications in browsers.
    push: Option<PushSection>,
    /// Tokens for programs; empty for a viewer.
    tokens: Vec<TokenRow>,
}

/// A token, without the token itself: only its digest is stored.
struct TokenRow {
    id: i64,
    name: String,
    /// What it may be used for.
    scope: String,
    /// When it was made, such as `3 h ago`.
    created: String,
    /// Who made it. Versions before this column did not record it.
    creator: String,
    /// When it was used last, to the hour.
    used: String,
}

/// Viewers see their own account and logins; owners see all users, logins and tokens.
pub(in super::super) async fn settings(
    State(state): State<AppState>,
    principal: Principal,
    layout: Layout,
    clock: ReaderClock,
    ChosenLanguage(chosen): ChosenLanguage,
) -> Page {
    let language = |language: &Language| Choice {
        value: language.as_str().to_owned(),
        text: language.name().to_owned(),
        chosen: Some(*language) == chosen,
    };
    let languages = Language::ALL.iter().map(language).collect();
    let token = |token: tipoff_spool::ApiToken| TokenRow {
        id: token.id,
        name: token.name,
        scope: match token.scope {
            TokenScope::Change => text("settings-scope-change").to_string(),
            TokenScope::Read => text("settings-scope-read").to_string(),
            TokenScope::Feed => text("settings-scope-feed").to_string(),
        },
        created: clock.ago(token.created_at),
        creator: match token.made_by.is_empty() {
            true => text("settings-creator-unknown").to_string(),
            false => token.made_by,
        },
        used: match token.used_at {
            None => text("settings-token-never-used").to_string(),
            Some(at) => text("settings-token-used").words("time", clock.ago(at)).to_string(),
        },
    };
    let accounts = account_settings::read(&state, &principal, &clock).await?;
    let push = push_settings::read(&state, &principal, &clock).await?;
    let tokens = if principal.is_owner() { state.spool.tokens().await? } else { Vec::new() };
    let tokens = tokens.into_iter().map(token).collect();
    let may_leave = principal.user().is_some();
    page(&SettingsPage { layout, may_leave, languages, push, accounts, tokens })
}
