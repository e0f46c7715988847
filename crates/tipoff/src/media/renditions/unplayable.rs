//! Why a video cannot be played in a page.

use std::fmt;
use std::io;

use tipoff_language::Texts;
use tipoff_video::VideoError;

/// Why a video cannot be played in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unplayable {
    /// Browsers do not play it, and videos are not converted here.
    NotConverted,
    /// It is too long to be converted.
    TooLong,
    /// Its index is missing.
    NoIndex,
    /// Its bytes are at fault.
    Faulty(String),
    /// The machine failed, not the video.
    FailedHere(String),
}

impl Unplayable {
    /// The reason as a sentence.
    pub(crate) fn in_words(&self, texts: Texts) -> String {
        let with = |key, trouble: &str| texts.with(key, &[("trouble", trouble.into())]);
        match self {
            Self::NotConverted => texts.text("problem-incident-not-converted"),
            Self::TooLong => texts.text("problem-incident-video-too-long"),
            Self::NoIndex => texts.text("problem-incident-video-no-index"),
            Self::Faulty(trouble) => with("problem-incident-video-faulty", trouble),
            Self::FailedHere(trouble) => with("problem-incident-video-failed-here", trouble),
        }
    }
}

/// In English, for the log.
impl fmt::Display for Unplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Texts::default()))
    }
}

impl From<&VideoError> for Unplayable {
    fn from(error: &VideoError) -> Self {
        match error.is_missing_index() {
            true => Self::NoIndex,
            false => Self::Faulty(error.to_string()),
        }
    }
}

impl From<io::Error> for Unplayable {
    fn from(error: io::Error) -> Self {
        Self::FailedHere(error.to_string())
    }
}
