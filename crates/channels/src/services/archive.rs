//! An archive: keeps every file as received, in a folder or an S3 bucket, at a path that the owner chose. It
//! never overwrites a file, whatever a device calls its files. Sending an alert again is harmless: a file that
//! is already there with the same bytes counts as kept.

mod bucket;
mod folder;
mod path;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tipoff_model::{Alert, AlertKind, AlertMedia, MediaKind, Outcome, Receipt, Scope, Verdict};
use tokio::time::timeout;

use self::bucket::Bucket;
use self::folder::Folder;
use self::path::PathTemplate;
use crate::http::{self, no_answer};
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Files, Hint, Message};
use crate::{Setting, Settings, Shape};

/// Number of names that are tried for a file if other files have the same path.
const NAMES_MAX: u32 = 10;
/// The path of a file if `path` is not set.
const PATH: &str = "{device}/{year}-{month}-{day}/{hour}{minute}{second}-{name}";
/// The kinds of files that are kept if `what` is not set.
const WHAT: &[&str] = &["pictures", "videos", "files"];

/// What an archive can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "archive",
    name: "Archive",
    summary: "A folder or a bucket of S3 that keeps every file.",
    find: &[
        Hint {
            key: "bucket",
            place: "At your S3 service, the name of a bucket that you made for this.",
        },
        Hint {
            key: "endpoint",
            place: "For a service other than Amazon: \"S3 endpoint\" on the page of the bucket, or in the help of the service.",
        },
        Hint {
            key: "access_key",
            place: "At your S3 service, the name of an access key that may read and write the bucket; Amazon: IAM, Users, Security credentials, Create access key.",
        },
        Hint {
            key: "secret_key",
            place: "The S3 service shows it once, when the access key is made.",
        },
    ],
    settings: &[
        Setting {
            key: "access_key",
            shape: Shape::Text,
            required: false,
            doc: "Of a bucket: the key's name. It has to allow reading and writing. Without it: \
                  there is no bucket.",
            example: "\"AKIAIOSFODNN7EXAMPLE\"",
        },
        Setting {
            key: "bucket",
            shape: Shape::Text,
            required: false,
            doc: "The bucket that files go to, instead of a `folder`. Without it: a folder.",
            example: "\"cameras\"",
        },
        Setting {
            key: "endpoint",
            shape: Shape::Text,
            required: false,
            doc: "Of a bucket: the address of the S3 service. Without it: Amazon's own.",
            example: "\"https://s3.example.org\"",
        },
        Setting {
            key: "folder",
            shape: Shape::Folder,
            required: false,
            doc: "The whole path of the folder that files go to. It has to be there already: a disk \
                  that is not mounted is waited for. Without it: a `bucket`.",
            example: "\"/srv/cameras\"",
        },
        Setting {
            key: "path",
            shape: Shape::Text,
            required: false,
            doc: "Where in it a file goes: words, `/` and {device}, {device_id}, {event}, \
                  {incident}, {arrival}, {name}, {year}, {month}, {day}, {hour}, {minute}, {second}. \
                  Without it: {device}/{year}-{month}-{day}/{hour}{minute}{second}-{name}.",
            example: "\"{year}/{month}/{day}/{device}/{hour}{minute}{second}-{name}\"",
        },
        Setting {
            key: "region",
            shape: Shape::Text,
            required: false,
            doc: "Of a bucket: its region. Without it: us-east-1.",
            example: "\"eu-central-1\"",
        },
        Setting {
            key: "secret_key",
            shape: Shape::Secret,
            required: false,
            doc: "Of a bucket: the secret that belongs to `access_key`. Without it: there is no \
                  bucket.",
            example: "{ env = \"ARCHIVE_SECRET\" }",
        },
        Setting {
            key: "time_zone",
            shape: Shape::Text,
            required: false,
            doc: "The time zone of the path's times. Without it: this machine's.",
            example: "\"Europe/Berlin\"",
        },
        Setting {
            doc: "How long a file may take, besides 8 s for each MB. Without it: 30 s.",
            example: "\"10 s\"",
            ..TIMEOUT
        },
        Setting {
            key: "what",
            shape: Shape::List,
            required: false,
            doc: "What is kept: \"pictures\", \"videos\", \"files\" (all others), \"mails\" (each as \
                  it came) or \"all\". Without it: pictures, videos and files.",
            example: "[\"pictures\", \"videos\"]",
        },
    ],
    build,
};

/// A store and the rules by which files are kept in it.
struct Archive {
    store: Box<dyn ArchiveStore>,
    /// The path of a file within the store.
    template: PathTemplate,
    /// Time zone of the times in paths.
    zone: TimeZone,
    what: FileSelection,
    /// Time limit of one file, without the time that its bytes need.
    time: Duration,
}

/// Where files are kept.
trait ArchiveStore: Send + Sync {
    /// Keeps a file at `path`, unless other bytes are there. `umask` limits the access rights of files in a
    /// folder.
    fn keep<'a>(
        &'a self,
        path: &'a str,
        stored: &'a AlertMedia,
        files: &'a Arc<dyn Files>,
        umask: u32,
    ) -> BoxFuture<'a, Result<KeepResult, Verdict>>;
}

/// What is at a path after an attempt to keep a file there.
enum KeepResult {
    /// The whole file: put there now or by an earlier attempt.
    File,
    /// Another file, unchanged.
    Other,
}

/// Which files are kept.
#[derive(Clone, Copy, Default)]
struct FileSelection {
    /// Pictures and animations.
    pictures: bool,
    videos: bool,
    /// All files that are neither, and mails that could not be parsed.
    files: bool,
    /// Each mail as received, with everything in it.
    mails: bool,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let template = PathTemplate::parse(settings.text("path").unwrap_or(PATH));
    let template = reader.check("path", template);
    let zone = reader.time_zone("time_zone");
    let what = FileSelection::of(settings.list("what"));
    if what.is_none() {
        reader.fault("what", "must be of pictures, videos, files, mails, all");
    }
    let store = store(&mut reader);
    let time = settings.answer_time();
    reader.finish(|| Some(Archive { store: store?, template: template?, zone, what: what?, time }))
}

/// The folder or the bucket that the settings name: exactly one of them.
fn store(reader: &mut SettingsReader<'_>) -> Option<Box<dyn ArchiveStore>> {
    let settings = reader.settings;
    let built: Result<Box<dyn ArchiveStore>, _> =
        match (settings.text("folder"), settings.text("bucket")) {
            (Some(folder), None) => Folder::new(folder).map(|it| Box::new(it) as _),
            (None, Some(bucket)) => Bucket::new(bucket, settings).map(|it| Box::new(it) as _),
            (Some(_), Some(_)) => Err(("bucket", "there is a `folder` already: make two channels")),
            (None, None) => {
                Err(("bucket", "is missing: set it, or `folder` in the configuration file"))
            }
        };
    let of_bucket = ["access_key", "endpoint", "region", "secret_key"];
    for key in of_bucket.into_iter().filter(|key| settings.text(key).is_some()) {
        if settings.text("bucket").is_none() {
            reader.fault(key, "belongs to a `bucket`, and there is none");
        }
    }
    built.map_err(|(key, message)| reader.fault(key, message)).ok()
}

impl FileSelection {
    /// The selection that a list names; [`WHAT`] if the list is empty. `None` if a name is not known.
    fn of(list: &[String]) -> Option<Self> {
        let mut what = Self::default();
        let list: Vec<&str> = match list {
            [] => WHAT.to_vec(),
            list => list.iter().map(String::as_str).collect(),
        };
        for name in list {
            match name {
                "pictures" => what.pictures = true,
                "videos" => what.videos = true,
                "files" => what.files = true,
                "mails" => what.mails = true,
                "all" => what = Self { pictures: true, videos: true, files: true, mails: true },
                _ => return None,
            }
        }
        Some(what)
    }

    /// The files of an alert that are kept. A mail that could not be parsed counts as a file, unless mails are
    /// kept anyway.
    fn choose(self, alert: &Alert) -> impl Iterator<Item = &AlertMedia> {
        let fits = move |stored: &&AlertMedia| match stored.media.kind {
            MediaKind::Picture | MediaKind::Animation => self.pictures,
            MediaKind::Video => self.videos,
            MediaKind::File => self.files,
        };
        let mails = if self.mails { alert.mails.as_slice() } else { &[] };
        let raw = if self.files && !self.mails { alert.raw.as_slice() } else { &[] };
        alert.media.iter().filter(fits).chain(mails).chain(raw)
    }
}

impl Channel for Archive {
    /// Accepts the whole alert: an archive keeps the original files, not messages within a service's limits.
    fn abilities(&self) -> Abilities {
        Abilities::AcceptsAlert
    }

    fn is_archive(&self) -> bool {
        true
    }

    fn send<'a>(&'a self, _: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut left = None;
            // The pictures of a report are from alerts that are archived already.
            let is_news = context.alert.kind != AlertKind::Report;
            let chosen = self.what.choose(context.alert).filter(|_| is_news);
            for stored in chosen {
                match self.keep(stored, context).await {
                    Ok(()) => {}
                    // A fault of one file does not stop the others.
                    Err(verdict) if is_of_message(&verdict) => left = left.or(Some(verdict)),
                    Err(verdict) => return verdict.into(),
                }
            }
            left.unwrap_or(Verdict::Delivered(Receipt::default())).into()
        })
    }
}

/// Whether a failure concerns one file, and not the whole store.
fn is_of_message(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::Retry { scope: Scope::Channel | Scope::Unreachable, .. })
}

impl Archive {
    /// Keeps a file under the first of its names that is free or has the same bytes already.
    async fn keep(&self, stored: &AlertMedia, context: &Context<'_>) -> Result<(), Verdict> {
        let time = self.time + http::upload_time(stored.media.size);
        let path = self.template.path(context.alert, stored, &self.zone);
        for number in 0..NAMES_MAX {
            let path = path.numbered(stored.place, number);
            let umask = context.programs.umask;
            let keeping = self.store.keep(&path, stored, context.files, umask);
            // A network disk that is gone may block for ever.
            let kept = timeout(time, keeping).await.unwrap_or_else(|_| {
                Err(no_answer(format!("{path} was not kept within {} s", time.as_secs())))
            });
            if let KeepResult::File = kept? {
                return Ok(());
            }
        }
        let error = format!("other files have all the names that {} could get", path.plain());
        Err(Verdict::Refused { error })
    }
}
