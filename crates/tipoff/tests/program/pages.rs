//! The pages behind the login, from the program's own table of routes.

/// Which roles may read a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    All,
    Owners,
}

/// The address of each page, with who may read it. The numbers in it are 1, but for the guide of a device that was
/// added in the dashboard: that device is `added`.
pub fn pages(added: i64) -> impl Iterator<Item = (String, Readers)> {
    entries("page(").into_iter().map(move |(path, rest)| {
        let readers = match (rest.contains(", Everybody, "), rest.contains(", Owners, ")) {
            (true, false) => Readers::All,
            (false, true) => Readers::Owners,
            _ => panic!("who reads {path}? {rest}"),
        };
        let number = if path.ends_with("/setup") { added } else { 1 };
        (path.replace("{id}", &number.to_string()), readers)
    })
}

/// The paths of the forms and hooks outside of the API that change something, with whether they need a login.
pub fn forms() -> Vec<(String, bool)> {
    let entries = entries("form(").into_iter();
    entries.map(|(path, rest)| (path, rest.starts_with(", Some("))).collect()
}

/// The lines of the table that begin like this: the path, and what follows it.
fn entries(beginning: &str) -> Vec<(String, String)> {
    let table = include_str!("../../src/web/routes.rs").lines().map(str::trim);
    let lines = table.filter_map(|line| line.strip_prefix(beginning));
    let entries = lines.map(|line| {
        let (path, rest) = line.strip_prefix('"').and_then(|it| it.split_once('"')).unwrap();
        (path.to_owned(), rest.to_owned())
    });
    let entries: Vec<(String, String)> = entries.collect();
    assert!(entries.len() >= 5, "the table is read: {entries:?}");
    entries
}
