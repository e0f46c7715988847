//! One's own account, users, tokens for programs, and the way out.

use askama::Template;
use axum::extract::State;
use tipoff_spool::TokenScope;

use super::super::AppState;
use super::super::access::Principal;
use super::super::clock::Clock;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::accounts::{self, Accounts};

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    /// Whether leaving is ours to do: whom a proxy lets in leaves there.
    may_leave: bool,
    accounts: Accounts,
    tokens: Vec<Token>,
}

struct Token {
    id: i64,
    name: String,
    scope: &'static str,
    created: String,
    creator: String,
    used: String,
}

pub(super) async fn settings(
    State(state): State<AppState>,
    principal: Principal,
    layout: Layout,
    clock: Clock,
) -> Page {
    let token = |token: tipoff_spool::ApiToken| Token {
        id: token.id,
        name: token.name,
        scope: match token.scope {
            TokenScope::Change => "read and change",
            TokenScope::Read => "read only",
            TokenScope::Feed => "feed only",
        },
        created: clock.ago(token.created_at),
        creator: match token.made_by.is_empty() {
            true => "unknown".to_owned(),
            false => token.made_by,
        },
        used: token.used_at.map_or_else(
            || "never used".to_owned(),
            |used_at| format!("last used {}", clock.ago(used_at)),
        ),
    };
    let accounts = accounts::read(&state, &principal, &clock).await?;
    let tokens = if principal.is_owner() { state.spool.tokens().await? } else { Vec::new() };
    let tokens = tokens.into_iter().map(token).collect();
    let may_leave = principal.user().is_some();
    page(&SettingsPage { layout, may_leave, accounts, tokens })
}
