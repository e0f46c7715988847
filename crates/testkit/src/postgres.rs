//! Real PostgreSQL servers (15 or newer), from Debian's packages, that a test starts itself: on a free port, in a
//! temporary folder, as an unprivileged user if the test runs as root. They end with the test, also
//! if it panics or is killed.

mod backup;
mod cluster;
mod instance;
mod programs;

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

pub use self::cluster::Cluster;
use self::instance::Instance;
use crate::server_folder::ServerFolder;

/// Owns the databases of the tests and is no superuser.
const OWNER: &str = "tipoff";
/// What a server needs to be fast and may do because nothing is read from its files after a crash.
const FAST: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_wal_size", "2GB"),
    ("checkpoint_timeout", "1h"),
    ("autovacuum", "off"),
    ("jit", "off"),
    ("max_connections", "400"),
    ("shared_buffers", "64MB"),
];

/// A single server.
pub struct Server {
    instance: Instance,
    templates: Mutex<BTreeSet<String>>,
    databases: AtomicU64,
    /// Dropped last.
    folder: ServerFolder,
}

impl Server {
    /// Starts a server for tests of anything but durability: its files are in memory where there is
    /// enough, and it does not sync them. It loses nothing if it is killed.
    pub fn open() -> io::Result<Self> {
        let folder = ServerFolder::in_memory()?;
        Self::start_in(folder, FAST)
    }

    /// Starts a server on the disk that syncs as PostgreSQL does by default, with these lines of
    /// postgresql.conf.
    pub fn durable(settings: &[(&str, &str)]) -> io::Result<Self> {
        Self::start_in(ServerFolder::new()?, settings)
    }

    fn start_in(folder: ServerFolder, settings: &[(&str, &str)]) -> io::Result<Self> {
        programs::give_to_server(folder.path())?;
        let instance = Instance::new(folder.path(), "data")?;
        instance.initialise()?;
        instance.configure(settings)?;
        instance.start()?;
        let (templates, databases) = (Mutex::default(), AtomicU64::new(0));
        let server = Self { instance, templates, databases, folder };
        server.administer(&format!("CREATE ROLE {OWNER} LOGIN"))?;
        Ok(server)
    }

    /// The server that all tests of a binary share; the first call starts it. It ends with the process.
    pub fn shared() -> io::Result<&'static Self> {
        static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
        let server = SHARED.get_or_init(|| Self::open().map_err(|error| error.to_string()));
        server.as_ref().map_err(|error| io::Error::other(error.clone()))
    }

    /// Creates an empty database, which is dropped with the value.
    pub fn create_database(&self) -> io::Result<Database<'_>> {
        self.copy_database("template0")
    }

    /// Creates a copy of a template. `prepare` fills the template, with the URL of an empty
    /// database; it is called once for each `template` of this server, and must close its connections.
    pub fn create_database_from(
        &self,
        template: &str,
        prepare: impl FnOnce(&str) -> io::Result<()>,
    ) -> io::Result<Database<'_>> {
        let name = format!("template_{template}");
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        if !templates.contains(&name) {
            self.create(&name, "template0")?;
            prepare(&self.url(&name))?;
            templates.insert(name.clone());
        }
        drop(templates);
        self.copy_database(&name)
    }

    /// The URL of a database, for its owner.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://{OWNER}@127.0.0.1:{}/{database}", self.port())
    }

    /// The port on 127.0.0.1; it stays the same over [`Server::stop`] and [`Server::start`].
    pub fn port(&self) -> u16 {
        self.instance.port()
    }

    /// Stops the server; clients are disconnected with SQLSTATE 57P01.
    pub fn stop(&self) -> io::Result<()> {
        self.instance.stop()
    }

    /// Starts the stopped or killed server again.
    pub fn start(&self) -> io::Result<()> {
        self.instance.start()
    }

    /// Kills all processes of the server.
    pub fn kill(&self) -> io::Result<()> {
        self.instance.kill()
    }

    /// Suspends the server: connections stay open and nothing answers.
    pub fn pause(&self) -> io::Result<()> {
        self.instance.pause()
    }

    /// Resumes the suspended server.
    pub fn resume(&self) -> io::Result<()> {
        self.instance.resume()
    }

    /// The server's log until now.
    pub fn log(&self) -> String {
        self.instance.log()
    }

    /// Runs statements as a superuser in the database `postgres`. The result has a row a line and `|` between
    /// columns.
    pub fn administer(&self, statements: &str) -> io::Result<String> {
        psql_as_superuser(self.port(), statements)
    }

    fn copy_database(&self, template: &str) -> io::Result<Database<'_>> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.create(&name, template)?;
        Ok(Database { url: self.url(&name), name, server: self })
    }

    fn create(&self, name: &str, template: &str) -> io::Result<()> {
        // The other strategy writes all pages to the log as well.
        let create =
            format!("CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} STRATEGY file_copy");
        self.administer(&create).map(drop)
    }
}

/// A database of a test's own; it is dropped with this value, and its connections are ended.
pub struct Database<'a> {
    url: String,
    name: String,
    server: &'a Server,
}

impl Database<'_> {
    /// The URL for the owner, who is no superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements as the owner. The result has a row a line and `|` between columns.
    pub fn run(&self, statements: &str) -> io::Result<String> {
        programs::psql(&self.url, statements)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // The server may be down, and removes its folder in any case.
        let _ = self.server.administer(&drop);
    }
}

/// Runs statements as a superuser in the database `postgres` of the server at this port.
fn psql_as_superuser(port: u16, statements: &str) -> io::Result<String> {
    programs::psql(&format!("postgresql://postgres@127.0.0.1:{port}/postgres"), statements)
}

#[cfg(test)]
mod tests;
