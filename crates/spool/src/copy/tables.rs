//! The tables that a copy takes along, and those that it does not. A test of both engines fails if a table is in no list.

/// A table that is copied.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Columns that name other rows of the same table: they are set when all rows are there.
    pub(super) links: &'static [&'static str],
}

const fn table(name: &'static str) -> Table {
    Table { name, links: &[] }
}

/// All that are copied. A table comes after those whose rows its own rows name.
pub(super) const TABLES: &[Table] = &[
    table("meta"),
    Table { name: "device", links: &["merged_into", "recorder"] },
    table("heard"),
    table("share"),
    table("incident"),
    table("arrival"),
    table("known_media"),
    table("words"),
    table("clip"),
    table("hour"),
    table("delivery"),
    table("delivery_arrival"),
    table("attempt"),
    table("last_error"),
    table("channel_memory"),
    table("paused"),
    table("choice"),
    table("session"),
    table("torn_mail"),
    table("path_bytes"),
    table("expects_folders"),
    table("account"),
    table("recovery_code"),
    table("login"),
    table("token"),
    table("share_link"),
    table("mark"),
    table("push_subscription"),
    table("audit"),
];

/// Tables that are not copied, and why. A name that ends in `*` stands for all that begin so.
#[cfg(test)]
pub(super) const NOT_COPIED: &[(&str, &str)] = &[
    ("device_words", "PostgreSQL's searched names, which are made anew"),
    ("lease", "what running nodes hold"),
    ("node", "running nodes"),
    ("schema_version", "the version of PostgreSQL's tables"),
    ("sqlite_*", "the embedded engine's own"),
    ("words_dirty", "the embedded engine's index of words, which is made anew"),
    ("words_index*", "the same"),
    ("words_mark", "the same"),
    ("words_terms", "the same"),
];

/// The names of all that are copied.
pub(super) fn names() -> Vec<&'static str> {
    TABLES.iter().map(|table| table.name).collect()
}
