//! `tipoff audit`: who changed what, and when.
//!
//! Works beside a running server. It only reads: entries are added where something is changed.

use tipoff_spool::{AuditEntry, AuditFilter};

use super::arguments::count;
use super::json::print_json;
use super::password::open;
use super::{Ending, Failure, block_on};
use crate::config::Config;
use crate::runtime::utc::utc_second;
use crate::web::account_types::AuditLine;

/// Which entries are wanted, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only of whoever has this in their name, or is of this kind: user, token, person, link,
    /// command line, file, stranger
    #[arg(long)]
    who: Option<String>,
    /// Only what is of this area (token) or is this (token.create)
    #[arg(long)]
    what: Option<String>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = count)]
    limit: u32,
    /// For programs: one JSON array
    #[arg(long)]
    json: bool,
}

/// Prints the latest entries, the newest first.
pub(super) fn run(args: Args, config: &Config) -> Ending {
    let spool = block_on(open(config))??;
    let filter = AuditFilter { who: args.who, what: args.what, before: None };
    let entries = block_on(spool.audit(filter, args.limit))?;
    let entries = entries.map_err(|error| Failure::Failed(error.into()))?;
    if args.json {
        let to_the_second =
            |entry: &AuditEntry| AuditLine { at: utc_second(entry.at), ..AuditLine::from(entry) };
        let entries: Vec<_> = entries.iter().map(to_the_second).collect();
        print_json(&entries).map_err(Failure::Failed)?;
    } else if entries.is_empty() {
        println!("There are no entries.");
    } else {
        entries.iter().for_each(print);
    }
    Ok(())
}

/// One entry in a line.
fn print(entry: &AuditEntry) {
    let AuditEntry { at, actor, address, what, object, detail, count, .. } = entry;
    let address = address.as_ref().map(|it| format!(" at {it}")).unwrap_or_default();
    let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
    let line = format!(
        "{}  {what}{times}  {object}  {detail}  by {} {}{address}",
        utc_second(*at),
        actor.kind(),
        actor.name()
    );
    // Names are text of devices and people, which a terminal must not obey.
    let plain: String = line
        .chars()
        .map(|it| if it.is_control() || is_invisible(it) { '\u{fffd}' } else { it })
        .collect();
    println!("{plain}");
}

/// What turns the direction of a text, or is not seen in it (Unicode's Bidi_Control and others of
/// their kind).
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{61c}' | '\u{feff}')
}
