//! `[spool]`: what the spool stands on.
//!
//! Reads the section; `media_store.rs` reads where the bytes of arrivals are. `tipoff_spool::open` opens the engine. Edits take effect after a restart.

use std::path::{Path, PathBuf};

use tipoff_spool::{CONNECTIONS, Engine, PostgresConfig, S3Settings, SpoolConfig};
use toml::Spanned;

use super::key::{Key, ValueForm, Without};
use super::media_store;
use super::secret::Secret;
use super::section::Section;
use super::smtp::machine_name;

/// The settings of the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpoolSettings {
    /// The URL of the PostgreSQL database; `None`: the embedded engine.
    url: Option<Secret>,
    /// Authorities that sign the database's certificate.
    ca: Option<PathBuf>,
    /// The most connections to the database at a time.
    connections: usize,
    /// The bucket for the bytes of arrivals; `None` for the data folder.
    bucket: Option<S3Settings>,
    /// The name of this node among those that share the spool.
    node: String,
}

impl SpoolSettings {
    /// Where the spool is, with the data folder.
    pub(crate) fn config(&self, data_dir: &Path) -> SpoolConfig {
        let engine = match &self.url {
            None => Engine::Embedded,
            Some(url) => Engine::Postgres(PostgresConfig {
                url: url.expose().to_owned(),
                ca: self.ca.clone(),
                connections: self.connections,
            }),
        };
        SpoolConfig { folder: data_dir.to_owned(), engine, bucket: self.bucket.clone() }
    }

    /// The identity of this spool among others: its database, or the machine and the data folder.
    pub(super) fn place(&self, data_dir: &Path) -> String {
        match &self.url {
            Some(url) => url.expose().to_owned(),
            None => format!("{} {}", self.node, data_dir.display()),
        }
    }

    /// The name of this node.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// Whether it is a PostgreSQL database.
    pub(crate) const fn is_shared(&self) -> bool {
        self.url.is_some()
    }

    /// The bucket for the bytes of arrivals; `None` for the data folder.
    pub(crate) const fn bucket(&self) -> Option<&S3Settings> {
        self.bucket.as_ref()
    }
}

/// The description of the section in the reference.
pub(super) const DOC: &str = "What the spool stands on: where arrivals, incidents and deliveries are stored. Without \
                              this section they are in `data_dir`.";

/// Reads the section.
pub(super) fn read(section: &mut Section<'_>) -> SpoolSettings {
    let key = Key {
        name: "engine",
        form: ValueForm::Text,
        without: Without::Default("\"embedded\"".to_owned()),
        doc: "`embedded`: a database file in `data_dir`. `postgres`: a PostgreSQL database, version 15 or newer.",
    };
    let is_named = section.has("engine");
    let is_shared = section.parsed(&key, |name| match name {
        "embedded" => Ok(false),
        "postgres" => Ok(true),
        _ => Err("`embedded` or `postgres`".to_owned()),
    });
    let is_shared = is_shared.is_some_and(Spanned::into_inner);
    let url = section.secret(
        "url",
        "{ env = \"DATABASE_URL\" }",
        "The database of the engine `postgres`, as `postgresql://user:password@host/database`. Of \
         several hosts (`host1,host2`) the one that takes writes is used with \
         `?target_session_attrs=read-write`. `sslmode=disable` switches TLS off, `sslmode=require` \
         refuses to go without.",
    );
    let ca = section.path(
        "ca",
        "/etc/tipoff/database-ca.pem",
        "The authorities that sign the database's certificate, in PEM, besides those of the system.",
    );
    let connections = section.count(
        "connections",
        CONNECTIONS as u32,
        2..=200,
        "The most connections to the database at a time. One device or address uses up to a \
         quarter of them.",
    );
    let node = section.text(
        "node",
        "a",
        "The name of this node among those that share the spool. Without it: the host's name.",
    );
    let node = node.map_or_else(machine_name, Spanned::into_inner);
    let bucket = media_store::read(section);
    match (is_shared, &url) {
        (true, None) => section.missing("url", "{ env = \"DATABASE_URL\" }"),
        (false, Some(url)) if !is_named => {
            section.wrong("url", url.span(), "this needs `engine = \"postgres\"`")
        }
        _ => {}
    }
    let url = url.map(Spanned::into_inner).filter(|_| is_shared);
    SpoolSettings { url, ca, connections: connections as usize, node, bucket }
}
