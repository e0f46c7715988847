//! The pages behind the login, from the program's own table.

use crate::page_table::{PAGES, Readers};

/// The address of each page, with who may read it. The numbers in it are 1, but for the guide of a device that was
/// added in the dashboard: that device is `added`.
pub fn pages(added: i64) -> impl Iterator<Item = (String, Readers)> {
    PAGES.iter().map(move |entry| {
        let number = if entry.path.ends_with("/setup") { added } else { 1 };
        (entry.path.replace("{id}", &number.to_string()), entry.readers)
    })
}
