//! A connection to a camera. Nothing runs beside whoever asks: the connection is driven while an answer is awaited.

use std::future::{Future, poll_fn};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustix::net::sockopt;
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::CameraAddress;

/// Longest time for a connection to be made, with TLS.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Bytes that are read at a time: thousands of streams are open at once.
const READ_BYTES: usize = 4 * 1024;
/// Fields that an answer may have.
const FIELDS_MAX: usize = 64;

/// A socket, with or without TLS.
trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// A connection on which nothing is heard for so long is tested, and then ends within some seconds if the camera is gone:
/// streams are silent for minutes.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(15);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;

/// The addresses of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// This machine's, as the camera sees it if nothing rewrites it.
    pub local: IpAddr,
    /// The camera's.
    pub camera: IpAddr,
}

/// A connection to a camera.
pub(crate) struct Connection {
    pub(crate) ends: Ends,
    sender: http1::SendRequest<Full<Bytes>>,
    driver: http1::Connection<TokioIo<Box<dyn Socket>>, Full<Bytes>>,
    has_ended: bool,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(camera: &CameraAddress) -> io::Result<Self> {
        let opening = async {
            let (socket, ends) = socket(camera).await?;
            let mut builder = http1::Builder::new();
            builder
                .ignore_invalid_headers_in_responses(true)
                .allow_spaces_after_header_name_in_responses(true)
                .allow_obsolete_multiline_headers_in_responses(true)
                .max_headers(FIELDS_MAX)
                .read_buf_exact_size(Some(READ_BYTES));
            let (sender, driver) =
                builder.handshake(TokioIo::new(socket)).await.map_err(io::Error::other)?;
            Ok(Self { ends, sender, driver, has_ended: false })
        };
        timeout(CONNECT_TIME, opening)
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Whether another question can be asked on it: the camera may have closed it meanwhile.
    pub(crate) async fn is_usable(&mut self) -> bool {
        poll_fn(|cx| {
            self.drive(cx);
            Poll::Ready(())
        })
        .await;
        !self.has_ended && self.sender.is_ready()
    }

    /// Sends a question and returns the head of the answer.
    pub(crate) async fn send(
        &mut self,
        question: Request<Full<Bytes>>,
    ) -> hyper::Result<Response<Incoming>> {
        let mut answer = Box::pin(self.sender.send_request(question));
        let (driver, has_ended) = (&mut self.driver, &mut self.has_ended);
        poll_fn(|cx| {
            if !*has_ended && Pin::new(&mut *driver).poll(cx).is_ready() {
                *has_ended = true;
            }
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// The next piece of a body; `None` at its end.
    pub(crate) async fn frame(
        &mut self,
        body: &mut Incoming,
    ) -> Option<hyper::Result<Frame<Bytes>>> {
        poll_fn(|cx| {
            if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
                return Poll::Ready(frame);
            }
            self.drive(cx);
            Pin::new(&mut *body).poll_frame(cx)
        })
        .await
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.has_ended && Pin::new(&mut self.driver).poll(cx).is_ready() {
            self.has_ended = true;
        }
    }
}

async fn socket(camera: &CameraAddress) -> io::Result<(Box<dyn Socket>, Ends)> {
    let socket = TcpStream::connect((camera.socket_host(), camera.port)).await?;
    socket.set_nodelay(true)?;
    sockopt::set_socket_keepalive(&socket, true)?;
    sockopt::set_tcp_keepidle(&socket, KEEPALIVE_AFTER)?;
    sockopt::set_tcp_keepintvl(&socket, KEEPALIVE_EVERY)?;
    sockopt::set_tcp_keepcnt(&socket, KEEPALIVE_PROBES)?;
    let ends = Ends { local: socket.local_addr()?.ip(), camera: socket.peer_addr()?.ip() };
    if !camera.is_tls {
        return Ok((Box::new(socket), ends));
    }
    let name = ServerName::try_from(camera.socket_host().to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(tls_config()?));
    Ok((Box::new(connector.connect(name, socket).await?), ends))
}

fn tls_config() -> io::Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(AnyCertificate(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// Takes any certificate: cameras sign their own, and make a new one when they are reset.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
