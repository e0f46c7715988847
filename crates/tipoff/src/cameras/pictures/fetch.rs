//! Getting the picture of a device: at the address that is named, at those of its vendor, at the one that ONVIF names, and
//! from its stream as the last.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tipoff_camera::{Answer, CameraClient, CameraError, Question};
use tipoff_spool::BlobWriter;
use tipoff_vendors::{PictureLogin, picture_targets};
use tipoff_video::{LiveStream, StreamError, Transcoder};
use tokio::time::{sleep, timeout};
use url::Url;

use super::places::{Place, PlaceKey, Places};
use crate::cameras::asking::target_of;
use crate::cameras::clients::CameraClients;
use crate::cameras::onvif_media::{MediaAddresses, NoAddresses, OnvifMedia};
use crate::receive::{ArrivalWriter, FileForm, PictureRequest, may_be_picture};
use crate::runtime::blocking::blocking;

/// Longest wait for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// Longest time for a picture, with all addresses that are tried.
const PICTURE_TIME: Duration = Duration::from_secs(30);
/// Largest picture.
const PICTURE_BYTES_MAX: u64 = 20 * 1024 * 1024;
/// What room is made for before its size is known.
const PICTURE_BYTES_USUAL: u64 = 1024 * 1024;
/// Bytes of an answer without a picture that are read, to find out why.
const REASON_BYTES_MAX: usize = 64 * 1024;
/// How often a device that is busy is asked.
const TRIES_MAX: u32 = 3;
const BUSY_PAUSE: Duration = Duration::from_millis(200);
/// Bytes of a file that are copied at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file that was fetched, not stored yet.
pub(super) type Fetched = (BlobWriter, FileForm);

/// Why there is no picture.
#[derive(Debug)]
pub(super) struct Fault {
    /// In words for the owner.
    pub(super) reason: String,
    /// Whether asking again is of no use, and may lock the account.
    pub(super) is_final: bool,
}

impl Fault {
    pub(super) fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_final: false }
    }

    fn storing(error: &dyn std::fmt::Display) -> Self {
        Self::passing(format!("it could not be stored: {error}"))
    }
}

impl From<CameraError> for Fault {
    fn from(error: CameraError) -> Self {
        Self { is_final: error.is_about_login(), reason: error.to_string() }
    }
}

impl From<StreamError> for Fault {
    fn from(error: StreamError) -> Self {
        let is_final =
            matches!(error, StreamError::LoginRefused { .. } | StreamError::LoginMissing { .. });
        Self { is_final, reason: error.to_string() }
    }
}

/// What a device answers at one address.
enum Found {
    Picture(Box<Fetched>),
    /// It has a picture, but not now.
    Busy,
    /// It has no picture there.
    Nothing(String),
    /// It refuses the login, in words.
    Refused,
    /// It forbids it, which may mean that the account is locked.
    Forbidden,
}

/// Gets pictures, and remembers where they are.
pub(super) struct Fetcher {
    pub(super) clients: CameraClients,
    pub(super) places: Places,
}

impl Fetcher {
    /// Gets the picture of a request; `number` counts those of its alarm from 1.
    pub(super) async fn picture(
        &self,
        request: &PictureRequest,
        (writer, transcoder): (&ArrivalWriter, Option<&Transcoder>),
        number: u32,
    ) -> Result<Fetched, Fault> {
        let fetching = self.find(request, (writer, transcoder), number);
        let late =
            |_| Fault::passing(format!("no picture came within {} s", PICTURE_TIME.as_secs()));
        timeout(PICTURE_TIME, fetching).await.map_err(late)?
    }

    async fn find(
        &self,
        request: &PictureRequest,
        (writer, transcoder): (&ArrivalWriter, Option<&Transcoder>),
        number: u32,
    ) -> Result<Fetched, Fault> {
        // The picture that the alarm names is of its moment, so there is only one.
        if let Some(given) = request.given.as_ref().filter(|_| number == 1) {
            let client = self.client_of_given(request, given);
            let found = self.get(&client, &target_of(given), (request, writer)).await;
            // A stranger's question says nothing of the login.
            let found =
                if client.login().is_some() { found? } else { found.unwrap_or(Found::Busy) };
            if let Found::Picture(picture) = found {
                return Ok(*picture);
            }
        }
        let source = &request.source;
        let key = PlaceKey::of(request);
        if is_stream(&source.url) {
            return self.frame(&source.url, request, (writer, transcoder)).await;
        }
        if source.url.path() != "/" || source.url.query().is_some() {
            return match self.at(&source.url, (request, writer)).await? {
                Found::Picture(picture) => Ok(*picture),
                Found::Busy => Err(Fault::passing(format!("{} is busy", shown(&source.url)))),
                Found::Nothing(why) => Err(Fault::passing(why)),
                Found::Refused | Found::Forbidden => Err(Fault::passing("the camera refuses it")),
            };
        }
        match self.places.of(&key) {
            Some(Place::Picture(url)) => {
                if let Found::Picture(picture) = self.at(&url, (request, writer)).await? {
                    return Ok(*picture);
                }
                self.places.forget(&key);
            }
            Some(Place::Stream(url)) => {
                return self.frame(&url, request, (writer, transcoder)).await;
            }
            None => {}
        }
        self.look_for(key, request, (writer, transcoder)).await
    }

    /// Looks for the picture of a device that was not found before. If the vendor is known, its addresses go before ONVIF.
    async fn look_for(
        &self,
        key: PlaceKey,
        request: &PictureRequest,
        (writer, transcoder): (&ArrivalWriter, Option<&Transcoder>),
    ) -> Result<Fetched, Fault> {
        let of_vendor = self.targets(request);
        let asks_onvif_first = request.vendor.is_none();
        let mut addresses = MediaAddresses::default();
        for asks_onvif in [asks_onvif_first, !asks_onvif_first] {
            let urls = if asks_onvif {
                addresses = self.addresses(request).await?;
                addresses.picture.clone().into_iter().collect()
            } else {
                of_vendor.clone()
            };
            for url in urls {
                if let Found::Picture(picture) = self.at(&url, (request, writer)).await? {
                    self.places.remember(key, Place::Picture(url));
                    return Ok(*picture);
                }
            }
        }
        let camera = shown(&request.source.url);
        let Some(stream) = addresses.stream else {
            return Err(Fault::passing(format!(
                "{camera} has no picture where others have theirs: name its address in `snapshot`"
            )));
        };
        let frame = self.frame(&stream, request, (writer, transcoder)).await?;
        self.places.remember(key, Place::Stream(stream));
        Ok(frame)
    }

    /// The addresses of the vendor, or of all vendors.
    fn targets(&self, request: &PictureRequest) -> Vec<Url> {
        let source = &request.source;
        let login = source
            .login
            .as_ref()
            .map(|login| PictureLogin { user: &login.user, password: &login.password });
        let targets = picture_targets(request.vendor, request.camera.as_ref(), login);
        targets.iter().filter_map(|target| source.url.join(target).ok()).collect()
    }

    /// What ONVIF says of the device. A device that does not speak it has no addresses.
    pub(super) async fn addresses(
        &self,
        request: &PictureRequest,
    ) -> Result<MediaAddresses, Fault> {
        let source = &request.source;
        let media =
            OnvifMedia { clients: &self.clients, base: &source.url, login: source.login.as_ref() };
        let number = request.camera.as_ref().and_then(|camera| camera.number.as_deref());
        let channel = number.and_then(|number| number.parse().ok()).unwrap_or(1);
        match media.addresses(channel).await {
            Ok(addresses) => Ok(addresses),
            // The users of ONVIF may be others than those of the web server, so this says nothing of the login.
            Err(NoAddresses::Fault(_)) => Ok(MediaAddresses::default()),
            Err(NoAddresses::Camera(error @ CameraError::LoginRefused { .. })) => Err(error.into()),
            Err(NoAddresses::Camera(_)) => Ok(MediaAddresses::default()),
        }
    }

    /// The client for the address that an alarm names: the device's own, if it is the same server and may be a picture.
    /// Anything else of the device is asked for without a login.
    fn client_of_given(&self, request: &PictureRequest, given: &Url) -> Arc<CameraClient> {
        let source = &request.source;
        let is_same = given.origin() == source.url.origin() && may_be_picture(given);
        let own = is_same.then(|| self.clients.of(&source.url, source.login.as_ref())).flatten();
        own.unwrap_or_else(|| CameraClients::stranger(given))
    }

    /// Asks at one address of the device.
    async fn at(
        &self,
        url: &Url,
        (request, writer): (&PictureRequest, &ArrivalWriter),
    ) -> Result<Found, Fault> {
        let client = self.clients.of(url, request.source.login.as_ref());
        let client = client.ok_or_else(|| Fault::passing("pictures come by http and https"))?;
        self.get(&client, &target_of(url), (request, writer)).await
    }

    /// Asks at one address, again if the device is busy.
    async fn get(
        &self,
        client: &CameraClient,
        target: &str,
        (request, writer): (&PictureRequest, &ArrivalWriter),
    ) -> Result<Found, Fault> {
        for tried in 1..=TRIES_MAX {
            let answer = client.ask(&Question::get(target, ANSWER_TIME)).await?;
            match read(answer, request, writer).await? {
                Found::Busy if tried < TRIES_MAX => sleep(BUSY_PAUSE * tried).await,
                Found::Refused => {
                    client.refuse_login();
                    let reason = format!("{} refuses the password", client.address());
                    return Err(Fault { reason, is_final: true });
                }
                Found::Forbidden => {
                    let reason =
                        format!("{} forbids it (403): is the account locked?", client.address());
                    return Err(Fault::passing(reason));
                }
                found => return Ok(found),
            }
        }
        Ok(Found::Busy)
    }

    /// A frame of a stream, by ffmpeg.
    async fn frame(
        &self,
        url: &Url,
        request: &PictureRequest,
        (writer, transcoder): (&ArrivalWriter, Option<&Transcoder>),
    ) -> Result<Fetched, Fault> {
        let stream = live_stream(url, request)?;
        let frame = needed(transcoder)?.frame(&stream).await?;
        into_blob(frame.path(), frame.size(), FileForm::Jpeg, (request, writer)).await
    }

    /// A clip of the device's stream, by ffmpeg.
    pub(super) async fn clip(
        &self,
        request: &PictureRequest,
        length: Duration,
        (writer, transcoder): (&ArrivalWriter, Option<&Transcoder>),
    ) -> Result<Fetched, Fault> {
        let source = &request.source;
        let known = source.stream.clone().or_else(|| Some(source.url.clone()).filter(is_stream));
        let url = match known {
            Some(url) => url,
            None => self.addresses(request).await?.stream.ok_or_else(|| {
                let camera = shown(&source.url);
                Fault::passing(format!("{camera} names no stream: name its address in `stream`"))
            })?,
        };
        let stream = live_stream(&url, request)?;
        let clip = needed(transcoder)?.clip(&stream, length).await?;
        into_blob(clip.path(), clip.size(), FileForm::Mp4, (request, writer)).await
    }
}

/// Reads an answer: into a blob if it is a picture. Status and type are not believed: devices answer 200 to a wrong login,
/// and call a picture text.
async fn read(
    mut answer: Answer<'_>,
    request: &PictureRequest,
    writer: &ArrivalWriter,
) -> Result<Found, Fault> {
    let mut first = Vec::new();
    while first.len() < 4 {
        match answer.piece().await? {
            Some(piece) => first.extend_from_slice(&piece),
            None => break,
        }
    }
    let Some(form) = FileForm::of_picture(&first) else {
        return Ok(why_not(answer, first).await);
    };
    let begun = writer.begin_fetched(request, form, PICTURE_BYTES_USUAL).await;
    let mut blob = begun.map_err(|error| Fault::storing(&error))?;
    blob.write(&first).map_err(|error| Fault::storing(&error))?;
    while let Some(piece) = answer.piece().await? {
        if blob.size() + piece.len() as u64 > PICTURE_BYTES_MAX {
            return Ok(Found::Nothing("its picture has more than 20 MB".to_owned()));
        }
        blob.write(&piece).map_err(|error| Fault::storing(&error))?;
        if blob.must_wait() {
            blob.keep_pace().await;
        }
    }
    Ok(Found::Picture(Box::new((blob, form))))
}

/// Why an answer is no picture.
async fn why_not(answer: Answer<'_>, first: Vec<u8>) -> Found {
    let status = answer.status;
    let rest = answer.whole(REASON_BYTES_MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&[first, rest].concat()).to_lowercase();
    // ISAPI's "Device Error", which passes; 6 says that the picture is elsewhere.
    if status == 503 || text.contains("<statuscode>3<") {
        return Found::Busy;
    }
    // Reolink's words for a wrong password, with status 200.
    if text.contains("login failed") || text.contains("password wrong") {
        return Found::Refused;
    }
    if status == 403 {
        return Found::Forbidden;
    }
    Found::Nothing(format!("it answers {status} without a picture"))
}

/// Copies a file that ffmpeg made into a blob.
async fn into_blob(
    path: &Path,
    size: u64,
    form: FileForm,
    (request, writer): (&PictureRequest, &ArrivalWriter),
) -> Result<Fetched, Fault> {
    let begun = writer.begin_fetched(request, form, size).await;
    let mut blob = begun.map_err(|error| Fault::storing(&error))?;
    let opened = std::fs::File::open(path).map_err(|error| Fault::storing(&error))?;
    let copied = blocking(move || {
        let mut file = std::io::BufReader::with_capacity(CHUNK_BYTES, opened);
        loop {
            let piece = std::io::BufRead::fill_buf(&mut file)?;
            if piece.is_empty() {
                return Ok(blob);
            }
            blob.write(piece)?;
            let taken = piece.len();
            std::io::BufRead::consume(&mut file, taken);
        }
    });
    let copied: std::io::Result<BlobWriter> = copied.await;
    copied.map(|blob| (blob, form)).map_err(|error| Fault::storing(&error))
}

fn live_stream(url: &Url, request: &PictureRequest) -> Result<LiveStream, Fault> {
    let login = request.source.login.as_ref();
    let login = login.map(|login| (login.user.as_str(), login.password.as_str()));
    Ok(LiveStream::new(url, login)?)
}

fn needed(transcoder: Option<&Transcoder>) -> Result<&Transcoder, Fault> {
    transcoder.ok_or_else(|| Fault::passing("ffmpeg is not there, which reads streams"))
}

fn is_stream(url: &Url) -> bool {
    matches!(url.scheme(), "rtsp" | "rtsps")
}

/// Scheme, host and port.
fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}
