//! The routes that were added here: as forms and programs send them, as the document has them, and checked.

use serde_json::{Map, Value as Json};
use tipoff_spool::{DeviceFilter, DeviceLine};
use toml::{Table, Value};

use super::AppState;
use super::added_channels::{StoredDocument, file_facts};
use super::channel_draft::{check_name, fault, name_form, of_faults, refused, too_many};
use super::problem::Problem;
use super::reader_language::text;
use crate::config::Config;
use crate::config::added::{FileFacts, Names, ROUTES_MAX};
use crate::config::added_document::{
    AddedDocument, MODE, ROUTE, SCHEDULE, alone_as, json_of, name_of, section,
};

/// Devices that routes can be made for on the page.
pub(super) const DEVICES_MAX: u32 = 500;
/// The keys of a route that are conditions.
const CONDITIONS: [&str; 12] = [
    "devices",
    "device_keys",
    "groups",
    "events",
    "subject",
    "text",
    "from",
    "to",
    "has",
    "between",
    "days",
    "modes",
];

/// A route with the keys of `[[route]]`.
pub(super) type RouteObject = Map<String, Json>;

/// The routes of a document, in their order.
pub(super) fn routes_of(document: &AddedDocument) -> Vec<RouteObject> {
    document.sections(ROUTE).map(object_of).collect()
}

/// A section with its keys.
pub(super) fn object_of(section: &Table) -> RouteObject {
    section.iter().map(|(key, value)| (key.clone(), json_of(value))).collect()
}

/// The facts that routes and schedules of a document are checked against: the names of the file, and those of the document itself.
pub(super) fn facts_with(document: &AddedDocument, mut file: FileFacts) -> FileFacts {
    file.channels.extend(document.channels().filter_map(name_of).map(str::to_owned));
    if file.modes.is_empty() {
        file.modes = document.sections(MODE).filter_map(name_of).map(str::to_owned).collect();
    }
    file
}

/// Replaces all added routes. Each gets a name, and the first ones of an installation a last route for everything else: until
/// now everything was sent to all channels, and no alert ends by surprise.
///
/// # Errors
/// The faults of the routes, each at its field: `2.between` is of the third route.
pub(super) fn replace_routes(
    stored: &mut StoredDocument,
    file: &FileFacts,
    routes: &[RouteObject],
) -> Result<(), Problem> {
    let facts = facts_with(&stored.document, file.clone());
    if routes.len() > ROUTES_MAX {
        return Err(refused(vec![fault("routes", too_many(ROUTES_MAX))]));
    }
    let mut tables: Vec<Table> = routes.iter().map(section).collect();
    let mut faults = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        let alone = alone_as(ROUTE, table);
        if let Err(found) = Config::check_added(&alone, &facts, Names::MustExist) {
            let placed = of_faults(&found).into_iter();
            faults.extend(placed.map(|it| fault(&format!("{index}.{}", it.field), &it.message)));
        } else if let Some(name) = table.get("name").and_then(Value::as_str) {
            if check_name(name).is_err() {
                faults.push(fault(&format!("{index}.name"), name_form()));
            }
            let is_taken = |other: &Table| name_of(other) == Some(name);
            if tables.iter().take(index).any(is_taken) || file.routes.iter().any(|it| it == name) {
                faults.push(fault(&format!("{index}.name"), text("problem-route-name-taken")));
            }
        }
    }
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    let had_none = stored.document.sections(ROUTE).next().is_none() && file.routes.is_empty();
    if had_none && !tables.is_empty() && !tables.iter().any(is_for_everything) {
        tables.push(Table::from_iter([
            ("name".to_owned(), Value::from("everything else")),
            ("stop".to_owned(), Value::from(true)),
        ]));
    }
    name_all(&mut tables, file);
    stored.document.replace_sections(ROUTE, tables);
    Ok(())
}

/// Adds routes of an imported text behind the others, but before a last one for everything else.
pub(super) fn with_imported(
    stored: &AddedDocument,
    imported: impl Iterator<Item = RouteObject>,
) -> Vec<RouteObject> {
    let mut routes = routes_of(stored);
    let last = stored.sections(ROUTE).last().is_some_and(is_for_everything);
    let rest = if last { routes.pop() } else { None };
    routes.into_iter().chain(imported).chain(rest).collect()
}

/// Whether a route is for all incidents.
pub(super) fn is_for_everything(route: &Table) -> bool {
    !CONDITIONS.iter().any(|key| route.contains_key(*key))
}

/// Gives each route without a name one that no other has. It is shown where a route is the reason for an alert, or for none.
fn name_all(tables: &mut [Table], file: &FileFacts) {
    let mut names: Vec<String> = tables.iter().filter_map(name_of).map(str::to_owned).collect();
    names.extend(file.routes.iter().cloned());
    for table in tables.iter_mut().filter(|table| name_of(table).is_none()) {
        let mut free = (1..).map(|number| format!("dashboard route {number}"));
        let name = free.find(|name| !names.contains(name)).unwrap_or_default();
        names.push(name.clone());
        table.insert("name".to_owned(), name.into());
    }
}

/// The names that a route refers to and nothing has any more, each with the key of the route.
pub(super) fn missing_names<'t>(
    route: &'t Table,
    facts: &FileFacts,
    devices: &[DeviceLine],
) -> Vec<&'t str> {
    let is_missing = |key: &str, name: &str| {
        let known = match key {
            "devices" => &facts.devices,
            "groups" => &facts.groups,
            "modes" => &facts.modes,
            "channels" => &facts.channels,
            _ => return !devices.iter().any(|device| device.key == name),
        };
        !known.iter().any(|it| it == name)
    };
    let keys = ["devices", "device_keys", "groups", "modes", "channels"].into_iter();
    let all = keys.flat_map(|key| strings(route, key).into_iter().map(move |name| (key, name)));
    all.filter(|(key, name)| is_missing(key, name)).map(|(_, name)| name).collect()
}

/// The strings of a key, which may be given as one or as a list.
pub(super) fn strings<'t>(table: &'t Table, key: &str) -> Vec<&'t str> {
    match table.get(key) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The names of the added routes whose list `key`, such as `channels`, has this name.
pub(super) fn naming<'d>(document: &'d AddedDocument, key: &str, name: &str) -> Vec<&'d str> {
    let naming = document.sections(ROUTE).filter(|it| strings(it, key).contains(&name));
    naming.filter_map(name_of).collect()
}

/// The devices that routes can be made for: those seen last, sorted by name.
pub(super) async fn devices(state: &AppState) -> Result<Vec<DeviceLine>, Problem> {
    let mut devices = state.spool.devices(&DeviceFilter::default(), DEVICES_MAX).await?;
    devices.sort_by_key(|line| (line.name.to_lowercase(), line.id.0));
    Ok(devices)
}

/// Lets routes and schedules follow a device that was merged into another one. What somebody else stores meanwhile is kept.
pub(super) async fn follow_merge(state: &AppState, from: &str, into: &str) -> Result<(), Problem> {
    for _ in 0..3 {
        let mut stored = StoredDocument::read(state).await?;
        if !rename_device(&mut stored.document, from, into, &file_facts(state)) {
            return Ok(());
        }
        match stored.store(state).await {
            Err(problem) if problem.status() == axum::http::StatusCode::CONFLICT => {}
            done => return done,
        }
    }
    Ok(())
}

/// Whether something named the device.
fn rename_device(document: &mut AddedDocument, from: &str, into: &str, file: &FileFacts) -> bool {
    let mut is_changed = false;
    for name in [ROUTE, SCHEDULE] {
        let mut sections: Vec<Table> = document.sections(name).cloned().collect();
        for section in &mut sections {
            let mut keys: Vec<String> =
                strings(section, "device_keys").into_iter().map(str::to_owned).collect();
            if !keys.iter().any(|key| key == from) {
                continue;
            }
            keys.retain(|key| key != from && key != into);
            let of_file = file.devices.iter().any(|name| name == into);
            let key = if of_file { "devices" } else { "device_keys" };
            let mut others = if of_file {
                strings(section, key).into_iter().map(str::to_owned).collect()
            } else {
                std::mem::take(&mut keys)
            };
            others.retain(|it| it != into);
            others.push(into.to_owned());
            if keys.is_empty() {
                section.remove("device_keys");
            } else {
                section.insert("device_keys".to_owned(), keys.into());
            }
            section.insert(key.to_owned(), others.into());
            is_changed = true;
        }
        if is_changed {
            document.replace_sections(name, sections);
        }
    }
    is_changed
}

#[cfg(test)]
mod tests;
