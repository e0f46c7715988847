//! Why a live stream gave nothing, in words for the camera's owner. No message has a password.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::LiveStream;
use crate::error::first_words;

/// Why a live stream gave no frame or clip.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The address is not that of a stream.
    #[error("a stream's address begins with rtsp:// or rtsps://, and its user has no colon")]
    BadAddress,
    /// No connection could be made.
    #[error("{camera} cannot be reached: {reason}")]
    Unreachable {
        /// Scheme and host of the stream.
        camera: String,
        /// The reason as the system gives it.
        reason: String,
    },
    /// No picture came in time.
    #[error("{camera} sent no picture within {} s", time.as_secs())]
    Silent {
        /// Scheme and host of the stream.
        camera: String,
        /// The longest time that was waited.
        time: Duration,
    },
    /// The camera refused the user or the password.
    #[error("{camera} refuses the login of the user \"{user}\"")]
    LoginRefused {
        /// Scheme and host of the stream.
        camera: String,
        /// The user.
        user: String,
    },
    /// The camera wants a login, and there is none.
    #[error("{camera} wants a user and a password")]
    LoginMissing {
        /// Scheme and host of the stream.
        camera: String,
    },
    /// The camera has no stream of this path.
    #[error("{camera} has no stream {path}")]
    NotFound {
        /// Scheme and host of the stream.
        camera: String,
        /// The path, without its query.
        path: String,
    },
    /// What came could not be used.
    #[error("the stream of {camera} cannot be used: {reason}")]
    Unusable {
        /// Scheme and host of the stream.
        camera: String,
        /// The reason as ffmpeg gives it.
        reason: String,
    },
    /// Too many streams are being read.
    #[error("too many streams are read at once")]
    Busy,
    /// ffmpeg is older than version 5.
    #[error("ffmpeg {0} is too old to read streams: version 5 is needed")]
    OldProgram(String),
    /// The scratch folder or ffmpeg could not be used.
    #[error("the stream could not be read here: {0}")]
    Machine(#[from] io::Error),
}

impl StreamError {
    /// Whether another attempt with the same login fails too, and may lock the account.
    pub fn is_about_login(&self) -> bool {
        matches!(self, Self::LoginRefused { .. } | Self::LoginMissing { .. })
    }

    /// Whether the camera answered and reading again without sound may work.
    pub(crate) fn may_be_sound(&self) -> bool {
        matches!(self, Self::Unusable { .. })
    }
}

/// The error that ffmpeg's words mean.
pub(crate) fn error_of(
    stream: &LiveStream,
    stderr: &[u8],
    list: &Path,
    how: String,
) -> StreamError {
    /// Words of the system when no connection can be made.
    const UNREACHABLE: [&str; 5] = [
        "Connection refused",
        "No route to host",
        "Network is unreachable",
        "Host is down",
        "Connection timed out",
    ];
    let camera = stream.to_string();
    let text = String::from_utf8_lossy(stderr);
    // "403" is what some cameras answer to a wrong password.
    let has_status = |status: &str| text.contains(&format!("failed: {status}"));
    if has_status("401") || has_status("403") {
        return match stream.user() {
            Some(user) => StreamError::LoginRefused { camera, user: user.to_owned() },
            None => StreamError::LoginMissing { camera },
        };
    }
    if has_status("404") || has_status("454") {
        return StreamError::NotFound { camera, path: stream.path().to_owned() };
    }
    if let Some(reason) = UNREACHABLE.iter().find(|words| text.contains(*words)) {
        return StreamError::Unreachable { camera, reason: (*reason).to_owned() };
    }
    let words = first_words(stderr, list).unwrap_or(how);
    // An address may be cut, so that its password is not recognised.
    let is_address = |word: &&str| word.contains("://");
    let kept: Vec<&str> = words.split(' ').filter(|word| !is_address(word)).collect();
    StreamError::Unusable { camera, reason: stream.without_password(&kept.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn said(login: Option<(&str, &str)>, stderr: &str) -> String {
        let url = Url::parse("rtsp://cam/live?x").unwrap();
        let stream = LiveStream::new(&url, login).unwrap();
        let how = "ffmpeg ended with 1".to_owned();
        error_of(&stream, stderr.as_bytes(), Path::new("/x/list"), how).to_string()
    }

    #[test]
    fn the_words_of_ffmpeg_become_those_for_an_owner() {
        let me = Some(("me", "secret"));
        for (login, stderr, expected) in [
            (
                me,
                "[rtsp @ 0x5] method DESCRIBE failed: 401 Unauthorized\n[concat @ 0x5] Impossible",
                "rtsp://cam refuses the login of the user \"me\"",
            ),
            (None, "method DESCRIBE failed: 401 No", "rtsp://cam wants a user and a password"),
            (me, "method SETUP failed: 404 Not Found", "rtsp://cam has no stream /live"),
            (
                me,
                "[tcp @ 0x1] Connection to tcp://1.2.3.4:554?timeout=5 failed: Connection refused",
                "rtsp://cam cannot be reached: Connection refused",
            ),
            (
                me,
                "[x @ 0x1] Impossible to open 'rtsp://me:secret@1.2.3.4/live secret'",
                "the stream of rtsp://cam cannot be used: Impossible to open …'",
            ),
            (me, "", "the stream of rtsp://cam cannot be used: ffmpeg ended with 1"),
        ] {
            assert_eq!(said(login, stderr), expected);
        }
    }
}
