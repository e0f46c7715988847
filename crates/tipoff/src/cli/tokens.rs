//! `tipoff token`: creates, lists and revokes the tokens of programs.
//!
//! Works beside a running server. A token is printed once: the spool has only its digest.

use serde::Serialize;
use tipoff_model::Timestamp;
use tipoff_spool::{ApiToken, Spool, TokenScope};

use super::arguments::number;
use super::json::{TokenJson, print_json};
use super::password::{failed, open};
use super::{Ending, Failure, block_on};
use crate::audit::{AuditAction, command_line, entry};
use crate::config::Config;
use crate::runtime::utc::utc_second;
use crate::web::access;

/// What is to be done with tokens.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Make a token with this name, and print it: what it is for
    #[arg(required_unless_present_any = ["list", "revoke"])]
    name: Option<String>,
    /// It may only look, and change nothing
    #[arg(long, conflicts_with = "feed")]
    read: bool,
    /// It opens the feed of incidents and nothing else: such a token may stand in an address
    #[arg(long)]
    feed: bool,
    /// List the tokens: number, name, what they may do, who made them, when they were used last
    #[arg(long, conflicts_with_all = ["name", "read", "feed"])]
    list: bool,
    /// Revoke the token of this number
    #[arg(long, value_name = "NUMBER", value_parser = number, conflicts_with_all = ["name", "read", "feed", "list"])]
    revoke: Option<i64>,
    /// For programs: with --list one JSON array, otherwise one JSON object
    #[arg(long)]
    json: bool,
}

/// A token that was made: the only time that it is shown.
#[derive(Serialize)]
struct MadeToken<'a> {
    id: i64,
    name: &'a str,
    scope: &'static str,
    token: &'a str,
}

/// Creates a token and prints it, or does what `--list` or `--revoke` asks for.
pub(super) fn run(args: &Args, config: &Config, now: Timestamp) -> Ending {
    let spool = block_on(open(config))??;
    // As `list` of other subcommands.
    if args.list || args.name.as_deref() == Some("list") {
        return list(&*spool, args.json);
    }
    if let Some(id) = args.revoke {
        return revoke(&*spool, id, now, args.json);
    }
    let name = args.name.as_deref().unwrap_or_default();
    // Other subcommands have actions of such names: nobody wants a token that is called so.
    if name == "revoke" {
        let hint = "no token is created: to revoke one, write `tipoff token --revoke NUMBER`";
        return Err(Failure::Usage(hint.to_owned()));
    }
    let name = access::token_name(name).map_err(|fault| Failure::Failed(anyhow::anyhow!(fault)))?;
    let scope = match (args.read, args.feed) {
        (_, true) => TokenScope::Feed,
        (true, false) => TokenScope::Read,
        (false, false) => TokenScope::Change,
    };
    let detail = format!("scope: {}", scope.as_str());
    let entry = entry(now, command_line(), AuditAction::TokenCreate, name, detail);
    let made = block_on(access::make_token(&*spool, name, scope, None, entry))?;
    let (id, token) = made.map_err(failed)?;
    if args.json {
        let made = MadeToken { id, name, scope: scope.as_str(), token: &token };
        return print_json(&made).map_err(Failure::Failed);
    }
    println!("{token}");
    Ok(())
}

/// Revokes a token. Exit code 1 if there is none of this number.
fn revoke(spool: &dyn Spool, id: i64, now: Timestamp, as_json: bool) -> Ending {
    let tokens = block_on(spool.tokens())?.map_err(|error| Failure::Failed(error.into()))?;
    let missing = || {
        Failure::Failed(anyhow::anyhow!("there is no token {id}: `tipoff token --list` lists them"))
    };
    let token = tokens.into_iter().find(|token| token.id == id).ok_or_else(missing)?;
    let detail = format!("number {id}");
    let entry = entry(now, command_line(), AuditAction::TokenRevoke, &*token.name, detail);
    let removed = block_on(spool.remove_token(id, entry))?;
    if !removed.map_err(|error| Failure::Failed(error.into()))? {
        return Err(missing());
    }
    if as_json {
        return print_json(&TokenJson::from(&token)).map_err(Failure::Failed);
    }
    println!("The token {:?} is revoked.", token.name);
    Ok(())
}

/// A table, or JSON. Names are escaped, because whoever makes a token by the API chooses its name.
fn list(spool: &dyn Spool, json: bool) -> Ending {
    let tokens = block_on(spool.tokens())?.map_err(|error| Failure::Failed(error.into()))?;
    if json {
        let tokens: Vec<_> = tokens.iter().map(TokenJson::from).collect();
        return print_json(&tokens).map_err(Failure::Failed);
    }
    if tokens.is_empty() {
        println!("There are no tokens.");
        return Ok(());
    }
    println!(
        "{:>6}  {:<6}  {:<20}  {:<20}  {:<20}  NAME",
        "NUMBER", "SCOPE", "CREATED", "LAST USED", "MADE BY"
    );
    for token in tokens {
        println!(
            "{:>6}  {:<6}  {:<20}  {:<20}  {:<20}  {}",
            token.id,
            token.scope.as_str(),
            utc_second(token.created_at),
            token.used_at.map_or_else(|| "never".to_owned(), utc_second),
            maker(&token).unwrap_or("not known").escape_debug().to_string(),
            token.name.escape_debug()
        );
    }
    Ok(())
}

/// Who made the token; `None` if an earlier version did not record it.
fn maker(token: &ApiToken) -> Option<&str> {
    Some(&*token.made_by).filter(|name| !name.is_empty())
}
