//! Sets up a camera by its own API: sends the requests of a session of `tipoff_vendors::setup`, which decides all else.
//!
//! Each call is made anew, with the login that somebody has just typed: nothing of it is kept. A camera is asked for its
//! vendor first, without the login. Then the login is tried at one place; if it is refused, nothing else is tried.

use std::io::{self, Cursor};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use tipoff_camera::{CameraAddress, CameraClient, CameraError, Login, Question};
use tipoff_vendors::setup::{
    CameraIdentity, FindAnswer, Finder, SETUP_ANSWER_BYTES_MAX, SetupAnswer, SetupFault, SetupGoal,
    SetupLogin, SetupOutcome, SetupPlan, SetupRequest, SetupSession,
};
use tipoff_vendors::{PictureLogin, picture_targets};
use tokio::net::lookup_host;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

use super::discovery::{CameraInNetwork, CameraSearch};
use crate::media::thumbnail;
use crate::runtime::blocking::blocking;

/// Cameras that are set up at a time.
const AT_ONCE_MAX: usize = 4;
/// Longest wait for the answer to a stranger: an address without a camera is noticed soon.
const STRANGER_TIME: Duration = Duration::from_secs(5);
/// Longest wait for one answer: some cameras restart a service when they store a setting.
const ANSWER_TIME: Duration = Duration::from_secs(15);
/// Longest time for a camera altogether.
const WHOLE_TIME: Duration = Duration::from_secs(180);
/// Bytes of a start page that are read.
const PAGE_BYTES_MAX: usize = 256 << 10;
/// Bytes of a picture that are read.
const PICTURE_BYTES_MAX: usize = 20 << 20;
/// Addresses that are asked for a picture.
const PICTURE_TARGETS_MAX: usize = 3;
/// Width and height of the picture that is shown.
const SHOWN_PX: (u32, u32) = (640, 480);
/// Quality of the picture that is shown, of 100.
const SHOWN_QUALITY: u8 = 70;

/// Sets up cameras. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CameraSetups {
    search: CameraSearch,
    slots: Arc<Semaphore>,
    own_ports: Arc<[u16]>,
}

/// A camera, with the login that its owner has typed.
pub(crate) struct CameraToSetUp {
    /// Its address, as it was typed.
    pub(crate) address: String,
    pub(crate) login: Login,
    /// Where it is to send its alarms.
    pub(crate) goal: SetupGoal,
}

/// What would be changed at a camera.
pub(crate) struct PlannedSetup {
    pub(crate) camera: CameraIdentity,
    pub(crate) plan: SetupPlan,
    /// Identifies the changes: only what was shown is written.
    pub(crate) digest: String,
    /// What it sees now, as a JPEG.
    pub(crate) picture: Option<Vec<u8>>,
}

/// What was changed at a camera.
pub(crate) struct WrittenSetup {
    pub(crate) camera: CameraIdentity,
    /// The address of its web server, without a login.
    pub(crate) url: Url,
    /// Changes that were tried.
    pub(crate) changes: usize,
    pub(crate) outcome: SetupOutcome,
}

/// Why a camera is not set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSetup {
    /// The address cannot be asked.
    #[error("address: {0}")]
    Address(String),
    /// Others are being set up.
    #[error("several cameras are being set up: try again in a minute")]
    Busy,
    /// The camera is not as it was when the plan was shown.
    #[error("the camera's settings have changed meanwhile: look at the changes again")]
    OtherPlan,
    /// In words for its owner.
    #[error("{0}")]
    Camera(String),
}

impl From<CameraError> for NoSetup {
    fn from(error: CameraError) -> Self {
        Self::Camera(match error {
            CameraError::LoginRefused { .. } => {
                format!(
                    "{error}. It was tried once: cameras lock the account after some wrong passwords"
                )
            }
            error => error.to_string(),
        })
    }
}

/// Why a session with a camera ended early.
enum Ended {
    OtherVendor,
    For(NoSetup),
}

impl From<SetupFault> for Ended {
    fn from(fault: SetupFault) -> Self {
        match fault {
            SetupFault::OtherVendor => Self::OtherVendor,
            SetupFault::LoginRefused => Self::For(NoSetup::Camera(
                "the camera refuses the user or the password. It was tried once: cameras lock the account after some \
                 wrong passwords"
                    .to_owned(),
            )),
            SetupFault::Camera(words) => Self::For(NoSetup::Camera(words)),
        }
    }
}

impl CameraSetups {
    /// `own_ports` are those that this program listens on: it is not asked itself.
    pub(crate) fn new(own_ports: Vec<u16>) -> Self {
        let slots = Arc::new(Semaphore::new(AT_ONCE_MAX));
        Self { search: CameraSearch::default(), slots, own_ports: own_ports.into() }
    }

    /// Looks for cameras in the local network; `None` if somebody did so a moment ago.
    ///
    /// # Errors
    /// The system lets no datagrams out.
    pub(crate) async fn search(&self) -> io::Result<Option<Vec<CameraInNetwork>>> {
        self.search.search().await
    }

    /// Reads what is set at a camera, and plans the changes. Nothing is written.
    ///
    /// # Errors
    /// The camera cannot be asked, or not be set up.
    pub(crate) async fn plan(&self, camera: &CameraToSetUp) -> Result<PlannedSetup, NoSetup> {
        let _slot = self.slots.try_acquire().map_err(|_| NoSetup::Busy)?;
        in_time(async {
            let client = self.client(camera).await?;
            let mut session = looked(&client, camera).await?;
            leave(&client, &mut session).await;
            let identity = session.identity().clone();
            let picture = picture(&client, &camera.login, identity.vendor).await;
            let (plan, digest) = (session.plan().clone(), digest(&session, &camera.goal));
            Ok(PlannedSetup { camera: identity, plan, digest, picture })
        })
        .await
    }

    /// Makes the changes of the plan with this digest, reads everything again, and lets the camera send a test.
    ///
    /// # Errors
    /// As [`Self::plan`], or the camera would be changed in another way. Changes that the camera refused are no error but a
    /// part of the outcome.
    pub(crate) async fn write(
        &self,
        camera: &CameraToSetUp,
        planned: &str,
    ) -> Result<WrittenSetup, NoSetup> {
        let _slot = self.slots.try_acquire().map_err(|_| NoSetup::Busy)?;
        in_time(async {
            let client = self.client(camera).await?;
            let mut session = looked(&client, camera).await?;
            if digest(&session, &camera.goal) != planned {
                leave(&client, &mut session).await;
                return Err(NoSetup::OtherPlan);
            }
            session.write();
            let driven = drive(&client, &mut session).await;
            leave(&client, &mut session).await;
            match driven {
                Ok(()) => {}
                Err(Ended::For(error)) => return Err(error),
                Err(Ended::OtherVendor) => return Err(NoSetup::OtherPlan),
            }
            Ok(WrittenSetup {
                camera: session.identity().clone(),
                url: camera_url(&camera.address).map_err(NoSetup::Address)?,
                changes: session.plan().changes.len(),
                outcome: session.outcome().clone(),
            })
        })
        .await
    }

    /// A client for the camera at the number that its address has now. What is asked later is asked there.
    async fn client(&self, camera: &CameraToSetUp) -> Result<CameraClient, NoSetup> {
        let url = camera_url(&camera.address).map_err(NoSetup::Address)?;
        let unknown = || NoSetup::Address("it cannot be read".to_owned());
        let mut address = CameraAddress::of(&url).ok_or_else(unknown)?;
        let host = address.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let looking = timeout(STRANGER_TIME, lookup_host((host, address.port))).await;
        let found: Vec<SocketAddr> =
            looking.ok().and_then(Result::ok).into_iter().flatten().collect();
        let Some(first) = found.first() else {
            let host = address.host;
            let shown = format!("no device has the name {host}");
            return Err(NoSetup::Address(shown));
        };
        if found.iter().any(|it| self.own_ports.contains(&it.port()) && is_this_machine(it.ip())) {
            let own = "this is Tipoff itself, not a camera";
            return Err(NoSetup::Address(own.to_owned()));
        }
        address.host = match first.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Ok(CameraClient::new(address, Some(camera.login.clone())))
    }
}

/// The web address of a camera by what its owner typed: the number alone is enough. A path is left out.
fn camera_url(typed: &str) -> Result<Url, String> {
    let typed = typed.trim();
    let with_scheme = match typed.contains("://") {
        true => typed.to_owned(),
        false => format!("http://{typed}"),
    };
    let url = Url::parse(&with_scheme).ok().filter(Url::has_host);
    let mut url = url.ok_or("type the camera's address, such as 192.168.1.20")?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err("it must begin with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user and password have fields of their own".to_owned());
    }
    url.set_path("/");
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// Whether an address is one of this machine: the system binds no others.
fn is_this_machine(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified() || UdpSocket::bind((ip, 0)).is_ok()
}

async fn in_time<T>(work: impl Future<Output = Result<T, NoSetup>>) -> Result<T, NoSetup> {
    let late = |_| {
        let seconds = WHOLE_TIME.as_secs();
        NoSetup::Camera(format!("the camera was not finished within {seconds} s"))
    };
    timeout(WHOLE_TIME, work).await.map_err(late)?
}

/// A session that has read the camera and made a plan.
async fn looked(client: &CameraClient, camera: &CameraToSetUp) -> Result<SetupSession, NoSetup> {
    for vendor in vendors(client).await? {
        let login =
            SetupLogin { user: camera.login.user.clone(), password: camera.login.password.clone() };
        let Some(mut session) = SetupSession::begin(vendor, camera.goal.clone(), login) else {
            continue;
        };
        match drive(client, &mut session).await {
            Ok(()) => return Ok(session),
            Err(ended) => {
                leave(client, &mut session).await;
                // Of another vendor: the login was right, or was not asked for, and may be tried elsewhere.
                if let Ended::For(error) = ended {
                    return Err(error);
                }
            }
        }
    }
    let camera = client.address();
    Err(NoSetup::Camera(format!(
        "{camera} is no camera that Tipoff can set up: use the guide, and the camera's own page"
    )))
}

/// The vendors that the camera may be of, by what it answers to strangers.
async fn vendors(client: &CameraClient) -> Result<Vec<&'static str>, NoSetup> {
    let stranger = CameraClient::new(client.address().clone(), None);
    let mut finder = Finder::default();
    let mut answers = 0;
    while let Some(request) = finder.next_request() {
        let asked = question(&request, STRANGER_TIME);
        let (status, challenges, body) = match stranger.ask_as_stranger(&asked).await {
            Ok(answer) => {
                let (status, challenges) = (answer.status, answer.challenges.clone());
                (status, challenges, answer.whole(PAGE_BYTES_MAX).await.unwrap_or_default())
            }
            // A path that breaks the connection says nothing; a camera that is not there ends it.
            Err(_) if answers > 0 => (0, String::new(), Vec::new()),
            Err(error) => return Err(error.into()),
        };
        answers += 1;
        let body = String::from_utf8_lossy(&body);
        finder.answer(&FindAnswer { status, challenges: &challenges, body: &body });
    }
    Ok(finder.vendors())
}

/// Sends the requests of a session until there are none.
async fn drive(client: &CameraClient, session: &mut SetupSession) -> Result<(), Ended> {
    while let Some(request) = session.next_request()? {
        let (status, body) = match client.ask(&question(&request, ANSWER_TIME)).await {
            Ok(answer) => {
                let status = answer.status;
                let body = answer.whole(SETUP_ANSWER_BYTES_MAX).await;
                (status, body.map_err(|error| Ended::For(error.into()))?)
            }
            // The login is right, but not for this.
            Err(CameraError::NotAllowed { .. }) => (401, Vec::new()),
            Err(error) => return Err(Ended::For(error.into())),
        };
        let body = String::from_utf8_lossy(&body);
        session.answer(&SetupAnswer { status, body: &body })?;
    }
    Ok(())
}

/// Logs out, where the API has a login. What it answers changes nothing.
async fn leave(client: &CameraClient, session: &mut SetupSession) {
    if let Some(request) = session.leave() {
        let _ = client.ask(&question(&request, STRANGER_TIME)).await;
    }
}

fn question(request: &SetupRequest, time: Duration) -> Question<'_> {
    Question {
        method: request.method,
        target: &request.target,
        body: request.body.as_bytes(),
        content_type: request.content_type,
        time,
    }
}

/// What identifies a plan: camera, changes, and the secret path that is not shown.
fn digest(session: &SetupSession, goal: &SetupGoal) -> String {
    let changes = &session.plan().changes;
    let text = format!("{:?} {changes:?} {goal:?}", session.identity());
    blake3::hash(text.as_bytes()).to_hex().as_str().to_owned()
}

/// What the camera sees now. It is decoded and made anew, so what is shown is a picture.
async fn picture(client: &CameraClient, login: &Login, vendor: &str) -> Option<Vec<u8>> {
    let login = PictureLogin { user: &login.user, password: &login.password };
    for target in picture_targets(Some(vendor), None, Some(login)).iter().take(PICTURE_TARGETS_MAX)
    {
        let Ok(answer) = client.ask(&Question::get(target, STRANGER_TIME)).await else { continue };
        let reading = timeout(ANSWER_TIME, answer.whole(PICTURE_BYTES_MAX)).await;
        let Ok(Ok(bytes)) = reading else { continue };
        let made = blocking(move || {
            let picture = thumbnail::decode(Cursor::new(bytes)).map_err(io::Error::other)?;
            thumbnail::jpeg(&picture, SHOWN_PX.0, SHOWN_PX.1, SHOWN_QUALITY)
                .map_err(io::Error::other)
        });
        if let Ok(jpeg) = made.await {
            return Some(jpeg);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_an_address() {
        let shown = |typed: &str| camera_url(typed).map(|url| url.to_string());
        for (typed, url) in [
            (" 192.168.1.20 ", "http://192.168.1.20/"),
            ("cam.lan:8080", "http://cam.lan:8080/"),
            ("https://192.168.1.20/doc/page/login.asp?1#x", "https://192.168.1.20/"),
        ] {
            assert_eq!(shown(typed).unwrap(), url);
        }
        for typed in ["", "ftp://a/", "file:///etc/passwd", "http://u:p@a/", "rtsp://a/", "http://"]
        {
            assert!(shown(typed).is_err(), "{typed}");
        }
    }

    #[tokio::test]
    async fn this_programs_own_ports_are_not_asked() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let setups = CameraSetups::new(vec![port]);
        for host in ["127.0.0.1", "localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
            let camera = CameraToSetUp {
                address: format!("{host}:{port}"),
                login: Login { user: "admin".to_owned(), password: "x".to_owned() },
                goal: SetupGoal { host: "1.2.3.4".to_owned(), port: 1, path: "/h/x".to_owned() },
            };
            let refused = setups.plan(&camera).await.err();
            assert!(
                matches!(&refused, Some(NoSetup::Address(why)) if why.contains("itself")),
                "{host}"
            );
        }
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "nothing was asked");
    }
}
