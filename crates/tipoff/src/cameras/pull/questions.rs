//! What cameras are asked: which kind one is, and its stream of events.

use std::time::Duration;

use tipoff_camera::{Answer, CameraClient, CameraError, Question};
use tipoff_onvif::{CONTENT_TYPE, Operation, Reference};

use super::error::PullError;
use crate::config::PullKind;

/// The longest wait for the head of an answer, with connection and login.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Bytes of an answer that is read whole.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Hikvision: what the camera is. Every user may ask for it.
const HIKVISION_DEVICE: &str = "/ISAPI/System/deviceInfo";
/// Hikvision: its events, as long as the connection lasts.
const HIKVISION_EVENTS: &str = "/ISAPI/Event/notification/alertStream";
/// Its signs of life come every ten seconds to some minutes.
const HIKVISION_SILENCE: Duration = Duration::from_secs(5 * 60);

/// Dahua: what the camera is (HTTP API v3.26, 4.6.1).
const DAHUA_DEVICE: &str = "/cgi-bin/magicBox.cgi?action=getDeviceType";
/// Dahua: the events of all channels, with a sign of life every 5 s (4.9.16).
const DAHUA_EVENTS: &str = "/cgi-bin/eventManager.cgi?action=attach&codes=[All]&heartbeat=5";
/// So many seconds without a sign of life.
const DAHUA_SILENCE: Duration = Duration::from_secs(20);

/// The stream of a camera.
pub(super) struct OpenStream<'a> {
    /// What was asked for.
    pub(super) target: &'static str,
    /// The stream.
    pub(super) answer: Answer<'a>,
    /// Silence after which the connection counts as broken.
    pub(super) silence: Duration,
}

/// Finds out which kind a camera is. Asks for one after the other, and not on when a password is refused.
/// `service` is the address of ONVIF's device service.
pub(super) async fn find(client: &CameraClient, service: &str) -> Result<PullKind, PullError> {
    let clock = Operation::GetSystemDateAndTime.request(&Reference::to(service), None, [0; 16]);
    let onvif = Question {
        method: "POST",
        target: path_of(service),
        body: clock.body.as_bytes(),
        content_type: Some(CONTENT_TYPE),
        time: ANSWER_TIME,
    };
    for (kind, question, mark) in [
        (PullKind::Hikvision, Question::get(HIKVISION_DEVICE, ANSWER_TIME), "DeviceInfo"),
        (PullKind::Dahua, Question::get(DAHUA_DEVICE, ANSWER_TIME), "type="),
        // It needs no login.
        (PullKind::Onvif, onvif, "GetSystemDateAndTimeResponse"),
    ] {
        match whole(client, &question).await {
            Ok((200, body)) if body.contains(mark) => return Ok(kind),
            // Some close the connection at an address that they do not know, or want a login of another kind there.
            Ok(_)
            | Err(
                CameraError::Broken { .. }
                | CameraError::TooLarge { .. }
                | CameraError::UnknownChallenge { .. }
                | CameraError::NotAllowed { .. },
            ) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let camera = client.address();
    Err(PullError::answered(format!(
        "{camera} has none of the interfaces that Tipoff asks for events: Hikvision's, Dahua's, ONVIF's. They may be \
         switched off in the camera"
    )))
}

/// The path of an address, with its query.
fn path_of(address: &str) -> &str {
    let after = address.split_once("://").map_or(address, |(_, after)| after);
    after.find('/').and_then(|at| after.get(at..)).unwrap_or("/")
}

/// Asks a Hikvision camera what it is: this proves the login. Intercoms refuse the login for their events, though it is
/// right.
pub(super) async fn prove_hikvision(client: &CameraClient) -> Result<(), PullError> {
    let (status, _) = whole(client, &Question::get(HIKVISION_DEVICE, ANSWER_TIME)).await?;
    match status {
        200 => Ok(()),
        404 => {
            let (camera, path) = (client.address(), HIKVISION_DEVICE);
            Err(PullError::answered(format!(
                "{camera} has no interface of Hikvision (404 for {path}): try `kind = \"auto\"`, or switch ISAPI on in \
                 the camera"
            )))
        }
        status => Err(refused(client, HIKVISION_DEVICE, status)),
    }
}

/// Opens the stream of a camera.
pub(super) async fn open(
    client: &CameraClient,
    kind: PullKind,
) -> Result<OpenStream<'_>, PullError> {
    let (target, silence) = match kind {
        PullKind::Dahua => (DAHUA_EVENTS, DAHUA_SILENCE),
        _ => (HIKVISION_EVENTS, HIKVISION_SILENCE),
    };
    let answer = match client.open(&Question::get(target, ANSWER_TIME)).await {
        Ok(answer) => answer,
        Err(CameraError::NotAllowed { camera, user, .. }) => {
            return Err(PullError::never(format!(
                "{camera} takes the login of the user \"{user}\", but gives it no events. Give the user all rights. \
                 Intercoms refuse everybody so: let them push their events instead"
            )));
        }
        Err(error) => return Err(error.into()),
    };
    match answer.status {
        200 => Ok(OpenStream { target, answer, silence }),
        status => Err(refused(client, target, status)),
    }
}

fn refused(client: &CameraClient, target: &str, status: u16) -> PullError {
    let (camera, path) = (client.address(), target.split('?').next().unwrap_or_default());
    PullError::answered(format!("{camera} answers {status} to {path}"))
}

/// Asks on a connection of its own, which is closed then: some cameras have one connection only.
async fn whole(
    client: &CameraClient,
    question: &Question<'_>,
) -> Result<(u16, String), CameraError> {
    let answer = client.open(question).await?;
    let status = answer.status;
    let silent = |_| CameraError::Silent { camera: client.address().clone(), time: question.time };
    let body = tokio::time::timeout(question.time, answer.whole(ANSWER_BYTES_MAX));
    let body = body.await.map_err(silent)??;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
