//! A backup of a server and its restore to a point in time, with PostgreSQL's own programs: `pg_basebackup`, and an
//! archive of the log (PostgreSQL's documentation, chapter "Continuous Archiving").

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use super::instance::wait_for;
use super::programs::{give_to_server, run, server_program};
use super::{Server, psql_as_superuser};
use crate::server_folder::ServerFolder;

/// Names in the server's folder.
const ARCHIVE: &str = "archive";
const BACKUP: &str = "backup";

impl Server {
    /// Starts a server that archives its log.
    pub fn archiving() -> io::Result<Self> {
        let folder = ServerFolder::new()?;
        let archive = folder.path().join(ARCHIVE);
        fs::create_dir(&archive)?;
        give_to_server(&archive)?;
        let archive = archive.display();
        // Under another name until it is whole.
        let command = format!("cp %p {archive}/%f.new && mv {archive}/%f.new {archive}/%f");
        let settings = [("archive_mode", "on"), ("archive_command", command.as_str())];
        Self::start_in(folder, &settings)
    }

    /// Backs the server up while it runs.
    pub fn back_up(&self) -> io::Result<()> {
        let mut backup = server_program("pg_basebackup")?;
        backup.args(["--host", "127.0.0.1", "--username", "postgres", "--checkpoint", "fast"]);
        backup.args(["--wal-method", "none", "--no-sync", "--port"]);
        backup.arg(self.port().to_string()).arg("--pgdata").arg(self.file(BACKUP));
        run(&mut backup).map(drop)
    }

    /// A moment between two commits, as the server writes it.
    pub fn moment(&self) -> io::Result<String> {
        self.administer("SELECT clock_timestamp()")
    }

    /// The server's disk is lost: its data is made from the backup and the archived log, up to this moment. At least
    /// one commit is behind it. The port stays.
    pub fn lose_and_restore(&self, moment: &str) -> io::Result<()> {
        let last = self.administer("SELECT pg_walfile_name(pg_switch_wal())")?;
        let archived = self.file(ARCHIVE).join(last);
        wait_for("the archive", || Ok(archived.exists()))?;
        self.kill()?;
        let data = self.instance.data();
        fs::remove_dir_all(data)?;
        fs::rename(self.file(BACKUP), data)?;
        let restore = format!("cp {}/%f %p", self.file(ARCHIVE).display());
        self.instance.configure(&[
            ("restore_command", &restore),
            ("recovery_target_time", moment),
            ("recovery_target_action", "promote"),
            ("archive_mode", "off"),
        ])?;
        File::create(data.join("recovery.signal"))?;
        give_to_server(&data.join("recovery.signal"))?;
        self.start()?;
        let is_over = "SELECT NOT pg_is_in_recovery()";
        wait_for("the end of the recovery", || {
            Ok(psql_as_superuser(self.port(), is_over).is_ok_and(|answer| answer == "t"))
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
