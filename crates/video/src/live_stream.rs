//! The address of a live stream (RTSP) and its login.

use std::fmt;

use tipoff_model::{percent_decoded, percent_encoded};
use url::Url;

use crate::StreamError;

/// Port of RTSP (RFC 7826, section 22.9).
const RTSP_PORT: u16 = 554;
/// Port of RTSP by TLS (the same).
const RTSPS_PORT: u16 = 322;
/// The longest address, in bytes: ffmpeg's own limit of a part is 1024.
const ADDRESS_BYTES_MAX: usize = 1000;

/// A live stream of a camera. Only `address` has the login; it is not in any other text.
#[derive(Clone, PartialEq, Eq)]
pub struct LiveStream {
    url: Url,
    login: Option<StreamLogin>,
}

#[derive(Clone, PartialEq, Eq)]
struct StreamLogin {
    user: String,
    password: String,
}

impl LiveStream {
    /// The stream of an address that begins with `rtsp://` or `rtsps://`. `login` is a user and a password; those in
    /// the address count where it is `None`.
    pub fn new(url: &Url, login: Option<(&str, &str)>) -> Result<Self, StreamError> {
        let mut shown = url.clone();
        shown.set_fragment(None);
        let _ = (shown.set_username(""), shown.set_password(None));
        let is_rtsp = matches!(url.scheme(), "rtsp" | "rtsps") && url.host().is_some();
        let in_url = || {
            let text = |part: &str| String::from_utf8(percent_decoded(part.as_bytes())).ok();
            let user = text(url.username()).filter(|user| !user.is_empty())?;
            Some(StreamLogin { user, password: text(url.password().unwrap_or_default())? })
        };
        let given = login
            .map(|(user, password)| StreamLogin { user: user.into(), password: password.into() });
        let stream = Self { url: shown, login: given.or_else(in_url) };
        // ffmpeg takes the first colon as the end of the user.
        let has_colon = stream.login.as_ref().is_some_and(|login| login.user.contains(':'));
        let is_short = stream.address("").len() <= ADDRESS_BYTES_MAX;
        match is_rtsp && is_short && !has_colon {
            true => Ok(stream),
            false => Err(StreamError::BadAddress),
        }
    }

    /// Name and port of the server.
    pub(crate) fn server(&self) -> (&str, u16) {
        let usual = if self.url.scheme() == "rtsps" { RTSPS_PORT } else { RTSP_PORT };
        let host = self.url.host_str().unwrap_or_default();
        (host.trim_start_matches('[').trim_end_matches(']'), self.url.port().unwrap_or(usual))
    }

    /// The user of the login.
    pub(crate) fn user(&self) -> Option<&str> {
        Some(&self.login.as_ref()?.user)
    }

    /// The path, without its query.
    pub(crate) fn path(&self) -> &str {
        self.url.path()
    }

    /// The address with its login, for this server; `'` is escaped.
    pub(crate) fn address(&self, server: &str) -> String {
        let login = match &self.login {
            Some(StreamLogin { user, password }) => {
                format!("{}:{}@", percent_encoded(user), percent_encoded(password))
            }
            None => String::new(),
        };
        let query = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let (scheme, path) = (self.url.scheme(), self.url.path());
        format!("{scheme}://{login}{server}{path}{query}").replace('\'', "%27")
    }

    /// `text` without this stream's password, as it is and as it is in the address.
    pub(crate) fn without_password(&self, text: &str) -> String {
        let Some(login) = self.login.as_ref().filter(|login| !login.password.is_empty()) else {
            return text.to_owned();
        };
        text.replace(&percent_encoded(&login.password), "…").replace(&login.password, "…")
    }
}

impl fmt::Display for LiveStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.url.scheme(), self.url.host_str().unwrap_or_default())?;
        self.url.port().map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl fmt::Debug for LiveStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LiveStream({self}{})", self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(url: &str, login: Option<(&str, &str)>) -> Result<LiveStream, StreamError> {
        LiveStream::new(&Url::parse(url).unwrap(), login)
    }

    #[test]
    fn an_address_has_its_login_escaped() {
        let made = |url, login| stream(url, login).unwrap().address("192.0.2.1:554");
        assert_eq!(
            made("rtsp://cam/a'b?c='d#e", Some(("adm in", "p@s:'/ö\n"))),
            "rtsp://adm%20in:p%40s%3A%27%2F%C3%B6%0A@192.0.2.1:554/a%27b?c=%27d"
        );
        assert_eq!(made("rtsp://u:p%2F@cam/x", None), "rtsp://u:p%2F@192.0.2.1:554/x");
        assert_eq!(made("rtsp://u:p@cam/x", Some(("v", "q"))), "rtsp://v:q@192.0.2.1:554/x");
        assert_eq!(made("rtsps://cam", None), "rtsps://192.0.2.1:554");
    }

    #[test]
    fn a_server_has_the_usual_port_or_its_own() {
        let server = |url| {
            let stream = stream(url, None).unwrap();
            let (host, port) = stream.server();
            (host.to_owned(), port)
        };
        assert_eq!(server("rtsp://cam/"), ("cam".to_owned(), 554));
        assert_eq!(server("rtsps://[::1]/"), ("::1".to_owned(), 322));
        assert_eq!(server("rtsp://cam:8554/"), ("cam".to_owned(), 8554));
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        let long = format!("rtsp://cam/{}", "x".repeat(ADDRESS_BYTES_MAX));
        for url in ["http://cam/", "rtsp:cam", long.as_str()] {
            assert!(matches!(stream(url, None), Err(StreamError::BadAddress)), "{url}");
        }
        assert!(stream("rtsp://cam/", Some(("a:b", "c"))).is_err());
    }

    #[test]
    fn no_text_has_the_password() {
        let stream = stream("rtsp://user:s%2Fcret@cam:8554/x", None).unwrap();
        assert_eq!(format!("{stream} {stream:?}"), "rtsp://cam:8554 LiveStream(rtsp://cam:8554/x)");
        assert_eq!(stream.without_password("a s/cret b s%2Fcret"), "a … b …");
    }
}
