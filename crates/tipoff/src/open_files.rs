//! Open files: each connection is one, and the system may allow fewer than the configuration does.
//!
//! Called once at the start. The receivers get the result as a ceiling of their connections, so that each mail that is
//! accepted has a file to be written to.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// A mail needs its connection, and the file that it is written to.
const FILES_OF_MAIL: u64 = 2;
/// An upload needs two connections, and the file.
const FILES_OF_UPLOAD: u64 = 3;
/// A camera that is asked has a connection for its events and one for questions.
const FILES_OF_CAMERA: u64 = 2;
/// Files of everything else: HTTP port, database, passive ports, channels.
const FILES_BESIDES: u64 = 1_300;
/// If files are few, the HTTP port gets this part of them for connections: one in eight.
const HTTP_ONE_OF: u64 = 8;
/// A receiver serves at least this many connections, whatever the limit is.
const CONNECTIONS_MIN: usize = 8;

/// The connections that there are files for, by receiver; `usize::MAX` if files are not scarce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ceilings {
    pub(crate) smtp: usize,
    pub(crate) ftp: usize,
    pub(crate) http: usize,
}

/// Whether an error says that the process or the system has no more open files.
pub(crate) fn is_exhausted(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    code.is_some_and(|code| code == rustix::io::Errno::MFILE || code == rustix::io::Errno::NFILE)
}

/// The open files that so many connections for mails and uploads need, with everything else.
pub(crate) fn wanted(mails: u64, uploads: u64) -> u64 {
    let mails = mails.saturating_mul(FILES_OF_MAIL);
    mails.saturating_add(uploads.saturating_mul(FILES_OF_UPLOAD)).saturating_add(FILES_BESIDES)
}

/// Raises the limit of open files to what the system allows: the usual limit is far below it (getrlimit(2), soft and hard
/// limit). If that is too few for all connections of the configuration, fewer are served, and the log says so.
pub(crate) fn fit(config: &Config) -> Ceilings {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "The limit of open files stays as it is.");
    }
    let cameras = config.devices.iter().filter(|it| it.camera.pull.is_some()).count() as u64;
    let of_cameras = cameras.saturating_mul(FILES_OF_CAMERA);
    let limit = getrlimit(Resource::Nofile).current.map(|it| it.saturating_sub(of_cameras));
    let mails = config.smtp.max_connections as u64;
    let uploads = if config.ftp.listen.is_empty() { 0 } else { config.ftp.max_connections as u64 };
    let ceilings = share(mails, uploads, limit);
    if let (Some(limit), true) = (limit, limit.is_some_and(|limit| limit < wanted(mails, uploads)))
    {
        tracing::warn!(
            limit,
            wanted = wanted(mails, uploads),
            smtp = ceilings.smtp,
            ftp = ceilings.ftp,
            "The system allows fewer open files than `max_connections` needs: so many connections are served. \
             Raise the limit (LimitNOFILE= in the service, `--ulimit nofile=` for a container), or lower \
             `max_connections`.",
        );
    }
    ceilings
}

/// Shares the files between the receivers, in proportion to the connections that the configuration allows.
fn share(mails: u64, uploads: u64, limit: Option<u64>) -> Ceilings {
    let wanted = wanted(mails, uploads);
    let Some(limit) = limit.filter(|limit| *limit < wanted) else {
        return Ceilings { smtp: usize::MAX, ftp: usize::MAX, http: usize::MAX };
    };
    // With a very low limit there may be fewer files besides.
    let available = limit.saturating_sub(FILES_BESIDES).max(limit / 2);
    let needed = wanted.saturating_sub(FILES_BESIDES).max(1);
    let part = |connections: u64| {
        let part = u128::from(connections) * u128::from(available) / u128::from(needed);
        usize::try_from(part).unwrap_or(usize::MAX).max(CONNECTIONS_MIN)
    };
    let http = usize::try_from(limit / HTTP_ONE_OF).unwrap_or(usize::MAX).max(CONNECTIONS_MIN);
    Ceilings { smtp: part(mails), ftp: part(uploads), http }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_open_files_are_shared_between_the_receivers() {
        let all = Ceilings { smtp: usize::MAX, ftp: usize::MAX, http: usize::MAX };
        let receivers = |limit| share(2_000, 2_000, Some(limit));
        assert_eq!(share(2_000, 2_000, Some(11_300)), all);
        assert_eq!(share(2_000, 2_000, None), all);
        assert_eq!(receivers(6_300), Ceilings { smtp: 1_000, ftp: 1_000, http: 787 });
        assert_eq!(receivers(1_024), Ceilings { smtp: 102, ftp: 102, http: 128 });
        for limit in 100..12_000 {
            let Ceilings { smtp, ftp, .. } = receivers(limit);
            let used =
                smtp.min(2_000) as u64 * FILES_OF_MAIL + ftp.min(2_000) as u64 * FILES_OF_UPLOAD;
            assert!(used < limit, "{limit}");
        }
        share(u64::MAX, u64::MAX, Some(1));
    }
}
