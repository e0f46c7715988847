//! Where an ONVIF camera has its pictures and its stream: asked for once, for a channel.

use std::time::Duration;

use tipoff_camera::{CameraError, Login, Question};
use tipoff_model::Timestamp;
use tipoff_onvif::answer::{self, Profile};
use tipoff_onvif::{Fault, Operation, Reference, UsernameToken};
use url::Url;

use super::asking::{DEVICE_SERVICE, random};
use super::clients::CameraClients;

/// Longest wait for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// Largest answer: profiles of a recorder are long.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// The addresses of one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MediaAddresses {
    /// Of a picture of now; `None` if the camera gives none.
    pub(super) picture: Option<Url>,
    /// Of the stream over RTSP.
    pub(super) stream: Option<Url>,
}

/// Why the addresses are not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAddresses {
    #[error(transparent)]
    Camera(#[from] CameraError),
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A camera that is asked.
pub(super) struct OnvifMedia<'a> {
    pub(super) clients: &'a CameraClients,
    /// The address in the configuration.
    pub(super) base: &'a Url,
    pub(super) login: Option<&'a Login>,
}

impl OnvifMedia<'_> {
    /// Asks for the addresses of a channel, counted from 1.
    pub(super) async fn addresses(&self, channel: usize) -> Result<MediaAddresses, NoAddresses> {
        let device = self.base.join(DEVICE_SERVICE).map_err(|_| Fault::Malformed)?;
        let ask = |operation, address, created| self.ask(operation, address, created);
        let (status, body) = ask(Operation::GetSystemDateAndTime, &device, None).await?;
        let camera_time = answer::system_time(status, &body)?;
        let created = Some(camera_time);
        let host = self.base.host_str().unwrap_or_default();
        let (status, body) = ask(Operation::GetCapabilities, &device, created).await?;
        let services = match answer::capabilities(status, &body, host) {
            Ok(services) => services,
            Err(Fault::NotAuthorized) => return Err(Fault::NotAuthorized.into()),
            // Newer cameras have only the newer question.
            Err(_) => {
                let (status, body) = ask(Operation::GetServices, &device, created).await?;
                answer::services(status, &body, host)?
            }
        };
        let media = services
            .media
            .and_then(|media| Url::parse(&media).ok())
            .unwrap_or_else(|| device.clone());
        let (status, body) = ask(Operation::GetProfiles, &media, created).await?;
        let profiles = answer::profiles(status, &body)?;
        let Some(profile) = profile_of(&profiles, channel) else {
            return Err(Fault::NotSupported.into());
        };
        let uri = async |operation| {
            let (status, body) = ask(operation, &media, created).await?;
            match answer::uri(status, &body, host) {
                Ok(uri) => Ok(Url::parse(&uri).ok()),
                Err(Fault::NotAuthorized) => Err(NoAddresses::from(Fault::NotAuthorized)),
                Err(_) => Ok(None),
            }
        };
        let picture = uri(Operation::GetSnapshotUri(profile.token.clone())).await?;
        let stream = uri(Operation::GetStreamUri(profile.token.clone())).await?;
        Ok(MediaAddresses { picture, stream })
    }

    /// Sends one request; `created` is the time by the camera's clock, `None` for a question that needs no login.
    async fn ask(
        &self,
        operation: Operation,
        address: &Url,
        created: Option<Timestamp>,
    ) -> Result<(u16, Vec<u8>), NoAddresses> {
        let token = self.login.zip(created).map(|(login, created)| UsernameToken {
            user: &login.user,
            password: &login.password,
            nonce: random(),
            created,
        });
        let request = operation.request(&Reference::to(address.as_str()), token.as_ref(), random());
        let client = self.clients.of(address, self.login).ok_or(Fault::Malformed)?;
        let content_type = request.content_type();
        let question = Question {
            method: "POST",
            target: address.path(),
            body: request.body.as_bytes(),
            content_type: Some(&content_type),
            time: ANSWER_TIME,
        };
        let answer = client.ask(&question).await?;
        let status = answer.status;
        Ok((status, answer.whole(ANSWER_BYTES_MAX).await?))
    }
}

/// The first profile of a channel: of each video source the main stream comes first.
fn profile_of(profiles: &[Profile], channel: usize) -> Option<&Profile> {
    let mut sources: Vec<Option<&str>> = Vec::new();
    for profile in profiles {
        let source = profile.source.as_deref();
        if !sources.contains(&source) {
            sources.push(source);
            if sources.len() == channel {
                return Some(profile);
            }
        }
    }
    profiles.first().filter(|_| channel == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_has_the_first_profile_of_its_source() {
        let profile = |token: &str, source: &str| Profile {
            token: token.to_owned(),
            source: Some(source.to_owned()),
            ..Profile::default()
        };
        let profiles = [profile("a", "0"), profile("b", "0"), profile("c", "1"), profile("d", "1")];
        let token = |channel| profile_of(&profiles, channel).map(|it| it.token.as_str());
        assert_eq!((token(1), token(2), token(3)), (Some("a"), Some("c"), None));
        assert_eq!(profile_of(&[], 1), None);
    }
}
