//! An archive: every file as received, in a folder or an S3 bucket, at a path that the owner chose. It never overwrites
//! a file, whatever a device calls its files.

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
use self::path::Template;
use crate::http::{self, no_answer};
use crate::settings_reader::SettingsReader;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Files, Message};
use crate::{Setting, Settings, Shape};

/// How long a file may take, where it is not set.
const TIME: Duration = Duration::from_secs(30);
/// How many names are tried for a file whose name is taken by another.
const NAMES_MAX: u32 = 10;
/// Where files go, where it is not set.
const PATH: &str = "{device}/{year}-{month}-{day}/{hour}{minute}{second}-{name}";
/// What is kept, where it is not set.
const WHAT: &[&str] = &["pictures", "videos", "files"];

/// What an archive can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "archive",
    summary: "A folder or a bucket of S3 that keeps every file.",
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
            shape: Shape::Text,
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
            key: "timeout",
            shape: Shape::Duration,
            required: false,
            doc: "How long a file may take, besides 8 s for each MB. Without it: 30 s.",
            example: "\"10 s\"",
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

struct Archive {
    shelf: Box<dyn Shelf>,
    template: Template,
    zone: TimeZone,
    what: What,
    time: Duration,
}

/// Where files are kept.
trait Shelf: Send + Sync {
    /// Keeps a file at `path`, unless other bytes are there.
    fn keep<'a>(
        &'a self,
        path: &'a str,
        stored: &'a AlertMedia,
        files: &'a Arc<dyn Files>,
        umask: u32,
    ) -> BoxFuture<'a, Result<Kept, Verdict>>;
}

/// What is at a path now.
enum Kept {
    /// The file, all of it: put there now or by an earlier attempt.
    File,
    /// Other bytes, as they were.
    Other,
}

/// Which files are kept.
#[derive(Clone, Copy, Default)]
struct What {
    pictures: bool,
    videos: bool,
    files: bool,
    mails: bool,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let template = Template::parse(settings.text("path").unwrap_or(PATH));
    let template = reader.check("path", template);
    let zone = reader.time_zone("time_zone");
    let what = What::of(settings.list("what"));
    if what.is_none() {
        reader.fault("what", "must be of pictures, videos, files, mails, all");
    }
    let shelf = shelf(&mut reader);
    let time = settings.duration("timeout").unwrap_or(TIME);
    reader.finish(|| Some(Archive { shelf: shelf?, template: template?, zone, what: what?, time }))
}

fn shelf(reader: &mut SettingsReader<'_>) -> Option<Box<dyn Shelf>> {
    let settings = reader.settings;
    let built: Result<Box<dyn Shelf>, _> = match (settings.text("folder"), settings.text("bucket"))
    {
        (Some(folder), None) => Folder::new(folder).map(|it| Box::new(it) as _),
        (None, Some(bucket)) => Bucket::new(bucket, settings).map(|it| Box::new(it) as _),
        (Some(_), Some(_)) => Err(("bucket", "there is a `folder` already: make two channels")),
        (None, None) => Err(("folder", "there has to be a `folder` or a `bucket`")),
    };
    let of_bucket = ["access_key", "endpoint", "region", "secret_key"];
    for key in of_bucket.into_iter().filter(|key| settings.text(key).is_some()) {
        if settings.text("bucket").is_none() {
            reader.fault(key, "belongs to a `bucket`, and there is none");
        }
    }
    built.map_err(|(key, message)| reader.fault(key, message)).ok()
}

impl What {
    /// None: it is not what can be kept.
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

    /// The files of an alert that are kept. A mail that was not understood is a file, too.
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
    /// The alert as it is: an archive keeps what came, not what was made of it for a phone.
    fn abilities(&self) -> Abilities {
        Abilities::AcceptsAlert
    }

    fn is_archive(&self) -> bool {
        true
    }

    fn send<'a>(&'a self, _: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let mut left = None;
            // What a report shows is here already.
            let is_news = context.alert.kind != AlertKind::Report;
            let chosen = self.what.choose(context.alert).filter(|_| is_news);
            for stored in chosen {
                match self.keep(stored, context).await {
                    Ok(()) => {}
                    // One wrong file keeps no other from its place.
                    Err(verdict) if is_of_message(&verdict) => left = left.or(Some(verdict)),
                    Err(verdict) => return verdict.into(),
                }
            }
            left.unwrap_or(Verdict::Delivered(Receipt::default())).into()
        })
    }
}

fn is_of_message(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::Retry { scope: Scope::Channel | Scope::Unreachable, .. })
}

impl Archive {
    /// Keeps a file under the first of its names that is free, or that has it already.
    async fn keep(&self, stored: &AlertMedia, context: &Context<'_>) -> Result<(), Verdict> {
        let time = self.time + http::upload_time(stored.media.size);
        let path = self.template.path(context.alert, stored, &self.zone);
        for number in 0..NAMES_MAX {
            let path = path.numbered(stored.place, number);
            let umask = context.programs.umask;
            let keeping = self.shelf.keep(&path, stored, context.files, umask);
            let kept = timeout(time, keeping).await.unwrap_or_else(|_| {
                Err(no_answer(format!("{path} was not kept within {} s", time.as_secs())))
            });
            if let Kept::File = kept? {
                return Ok(());
            }
        }
        let error = format!("other files have all the names that {} could get", path.plain());
        Err(Verdict::Refused { error })
    }
}

/// A file cannot be read from the store.
fn unreadable(error: String) -> Verdict {
    Verdict::Retry { scope: Scope::Message, after: None, error }
}
