//! Asks one camera.

use std::sync::Mutex as StdMutex;
use std::sync::{MutexGuard as StdMutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::answer::{Answer, cause};
use crate::challenge::{Challenged, Challenges};
use crate::connection::Connection;
use crate::{CameraAddress, CameraError, Login};

/// Bytes of a refusal that are read, so that its connection can be used again.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;
/// Requests of one exchange: without a login, with it, and once more if the nonce was outdated.
const REQUESTS_MAX: usize = 3;

/// A question to a camera.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query, percent-encoded (RFC 9112, section 3.2.1).
    pub target: &'a str,
    /// The body; empty for none.
    pub body: &'a [u8],
    /// `Content-Type` of the body.
    pub content_type: Option<&'a str>,
    /// Longest wait for the head of the answer, with connection and login.
    pub time: Duration,
}

impl<'a> Question<'a> {
    /// A GET.
    pub fn get(target: &'a str, time: Duration) -> Self {
        Self { method: "GET", target, body: &[], content_type: None, time }
    }

    /// The path, without its query.
    fn path(&self) -> &'a str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// Asks one camera with one login.
pub struct CameraClient {
    address: CameraAddress,
    login: Option<Login>,
    challenges: StdMutex<Challenges>,
    /// The connection for questions, while none is asked.
    kept: Mutex<Option<Connection>>,
}

impl CameraClient {
    /// A client that has no connection yet.
    pub fn new(address: CameraAddress, login: Option<Login>) -> Self {
        Self { address, login, challenges: StdMutex::default(), kept: Mutex::default() }
    }

    /// The camera.
    pub fn address(&self) -> &CameraAddress {
        &self.address
    }

    /// Its login.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Whether the camera has asked for Digest: then the password is never sent in clear text, also not in an address.
    pub fn asks_for_digest(&self) -> bool {
        self.challenges().is_digest()
    }

    /// Notes that the camera has refused the password in a way that HTTP does not show. It is not used again.
    pub fn refuse_login(&self) {
        self.challenges().refuse();
    }

    /// Why the camera is not asked any more: it has refused the password.
    pub fn refusal(&self) -> Option<CameraError> {
        self.challenges().is_refused().then(|| self.login_refused())
    }

    /// Asks a question. Waits while another one is being answered.
    ///
    /// # Errors
    /// No answer came, or the login is wrong or missing. Any other status is an answer.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Answer<'_>, CameraError> {
        let asking = async {
            let mut kept = self.kept.lock().await;
            let mut connection = kept.take();
            let head = self.exchange(question, &mut connection).await?;
            Ok(self.answer(head, connection, Some(kept)))
        };
        self.in_time(question, asking).await
    }

    /// Asks for a stream, on a connection of its own.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn open(&self, question: &Question<'_>) -> Result<Answer<'_>, CameraError> {
        let asking = async {
            let mut connection = None;
            let head = self.exchange(question, &mut connection).await?;
            Ok(self.answer(head, connection, None))
        };
        self.in_time(question, asking).await
    }

    /// Asks without a login. A 401 is an answer too, whose challenges say what kind of camera it is.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ask_as_stranger(
        &self,
        question: &Question<'_>,
    ) -> Result<Answer<'_>, CameraError> {
        let asking = async {
            let mut kept = self.kept.lock().await;
            let mut connection = kept.take();
            let head = self.send(question, None, &mut connection).await?;
            Ok(self.answer(head, connection, Some(kept)))
        };
        self.in_time(question, asking).await
    }

    async fn in_time<T>(
        &self,
        question: &Question<'_>,
        asking: impl Future<Output = Result<T, CameraError>>,
    ) -> Result<T, CameraError> {
        let silent = |_| CameraError::Silent { camera: self.address.clone(), time: question.time };
        timeout(question.time, asking).await.map_err(silent)?
    }

    fn answer<'a>(
        &'a self,
        head: Response<Incoming>,
        connection: Option<Connection>,
        kept: Option<tokio::sync::MutexGuard<'a, Option<Connection>>>,
    ) -> Answer<'a> {
        let field = |name| {
            let value = head.headers().get(name);
            value.and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let challenges = head.headers().get_all(header::WWW_AUTHENTICATE).into_iter();
        let challenges = challenges.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
        Answer {
            status: head.status().as_u16(),
            content_type: field(header::CONTENT_TYPE),
            challenges: challenges.join("\n"),
            date: field(header::DATE),
            camera: &self.address,
            body: head.into_body(),
            connection,
            kept,
        }
    }

    /// Sends a question, and answers the camera's challenge.
    async fn exchange(
        &self,
        question: &Question<'_>,
        connection: &mut Option<Connection>,
    ) -> Result<Response<Incoming>, CameraError> {
        let mut answers_this = false;
        for _ in 0..REQUESTS_MAX {
            if let Some(refusal) = self.refusal() {
                return Err(refusal);
            }
            let authorization = self.login.as_ref().and_then(|login| {
                let Question { method, target, body, .. } = question;
                self.challenges().authorization(login, method, target, body)
            });
            let has_login = authorization.is_some();
            let head = self.send(question, authorization, connection).await?;
            if head.status() != hyper::StatusCode::UNAUTHORIZED {
                if has_login {
                    self.challenges().taken(question.path());
                }
                return Ok(head);
            }
            let Some(login) = &self.login else {
                return Err(CameraError::LoginMissing { camera: self.address.clone() });
            };
            let challenged = self.challenged(question.path(), &head, answers_this && has_login);
            answers_this = true;
            drain(head.into_body(), connection).await;
            match challenged {
                Challenged::Answer => {}
                Challenged::Refused => return Err(self.login_refused()),
                Challenged::NotAllowed => {
                    let path = question.path().to_owned();
                    let (camera, user) = (self.address.clone(), login.user.clone());
                    return Err(CameraError::NotAllowed { camera, user, path });
                }
                Challenged::Unknown(reason) => {
                    let camera = self.address.clone();
                    return Err(CameraError::UnknownChallenge { camera, reason });
                }
            }
        }
        self.challenges().refuse();
        let reason = "it calls each answer outdated".to_owned();
        Err(CameraError::UnknownChallenge { camera: self.address.clone(), reason })
    }

    fn challenged(&self, path: &str, head: &Response<Incoming>, answers_this: bool) -> Challenged {
        let values = head.headers().get_all(header::WWW_AUTHENTICATE);
        let values: Vec<&str> = values.iter().filter_map(|value| value.to_str().ok()).collect();
        self.challenges().challenged(path, &values, answers_this)
    }

    /// Sends one request. A kept connection that the camera has closed is replaced.
    async fn send(
        &self,
        question: &Question<'_>,
        authorization: Option<String>,
        connection: &mut Option<Connection>,
    ) -> Result<Response<Incoming>, CameraError> {
        let mut request = self.request(question, authorization)?;
        if let Some(kept) = connection {
            let is_read_only = question.method == "GET";
            if kept.is_usable().await {
                let again = request.clone();
                match kept.send(request).await {
                    Ok(head) => return Ok(head),
                    // The camera closed it before the question came; what changes nothing is asked again.
                    Err(_) if is_read_only => request = again,
                    Err(error) => return Err(self.broken(&error)),
                }
            }
        }
        let unreachable = |error: std::io::Error| {
            let reason = error.to_string();
            CameraError::Unreachable { camera: self.address.clone(), reason }
        };
        let opened = connection.insert(Connection::open(&self.address).await.map_err(unreachable)?);
        opened.send(request).await.map_err(|error| self.broken(&error))
    }

    fn request(
        &self,
        question: &Question<'_>,
        authorization: Option<String>,
    ) -> Result<Request<Full<Bytes>>, CameraError> {
        let bad = |_| CameraError::BadQuestion(question.target.to_owned());
        let method = Method::from_bytes(question.method.as_bytes()).map_err(|_| bad(()))?;
        let mut request = Request::builder()
            .method(method)
            .uri(question.target)
            .header(header::HOST, self.address.authority())
            .header(header::ACCEPT, "*/*");
        if let Some(content_type) = question.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::try_from(authorization).map_err(|_| bad(()))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let body = Full::new(Bytes::copy_from_slice(question.body));
        request.body(body).map_err(|_| bad(()))
    }

    fn login_refused(&self) -> CameraError {
        let user = self.login.as_ref().map(|login| login.user.clone()).unwrap_or_default();
        CameraError::LoginRefused { camera: self.address.clone(), user }
    }

    fn broken(&self, error: &hyper::Error) -> CameraError {
        CameraError::Broken { camera: self.address.clone(), reason: cause(error) }
    }

    fn challenges(&self) -> StdMutexGuard<'_, Challenges> {
        self.challenges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the rest of an answer, so that the next question can be asked on its connection.
async fn drain(mut body: Incoming, connection: &mut Option<Connection>) {
    let mut bytes = 0;
    while let Some(open) = connection {
        match open.frame(&mut body).await {
            None => return,
            Some(Ok(frame)) => bytes += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) => bytes = usize::MAX,
        }
        if bytes > REFUSAL_BYTES_MAX {
            *connection = None;
        }
    }
}
