//! One's own account, users, tokens for programs, and the way out.

use askama::Template;
use axum::extract::State as Shared;
use tipoff_spool::TokenScope;

use super::super::State;
use super::super::access::Visitor;
use super::super::clock::Clock;
use super::super::frame::{Frame, Page, page};
use super::account::{self, Accounts};

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    /// Whether leaving is ours to do: whom a proxy lets in leaves there.
    may_leave: bool,
    accounts: Accounts,
    tokens: Vec<Token>,
}

struct Token {
    id: i64,
    name: String,
    may: &'static str,
    made: String,
    maker: String,
    used: String,
}

pub(super) async fn settings(
    Shared(state): Shared<State>,
    visitor: Visitor,
    frame: Frame,
    clock: Clock,
) -> Page {
    let token = |token: tipoff_spool::ApiToken| Token {
        id: token.id,
        name: token.name,
        may: match token.scope {
            TokenScope::Change => "may change things",
            TokenScope::Read => "may look",
            TokenScope::Feed => "opens the feed only",
        },
        made: clock.ago(token.created_at),
        maker: match token.made_by.is_empty() {
            true => "not known".to_owned(),
            false => token.made_by,
        },
        used: token.used_at.map_or_else(
            || "never used".to_owned(),
            |used_at| format!("last used {}", clock.ago(used_at)),
        ),
    };
    let accounts = account::read(&state, &visitor, &clock).await?;
    let tokens = if visitor.is_owner() { state.spool.tokens().await? } else { Vec::new() };
    let tokens = tokens.into_iter().map(token).collect();
    let may_leave = visitor.user().is_some();
    page(&SettingsPage { frame, may_leave, accounts, tokens })
}
