//! The address that a device pushes to: whose it is, and what of it may be shown.

use tipoff_model::percent_decoded;

/// The first part of an address that has a device's password in it: `/h/PASSWORD[/anything]`.
const PREFIX: &str = "h";
/// What stands for a password in transcripts.
const MASKED: &str = "***";

/// The target of a request, as far as it concerns alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AlarmTarget {
    /// The password in the path, decoded; `None` without one.
    pub(super) password: Option<String>,
    /// The rest of the path, decoded; `/` if nothing else is in it.
    pub(super) path: String,
    /// The query, with secrets masked; empty without one.
    pub(super) query: String,
}

/// Names in a query whose values are secrets: devices put their own logins there.
const SECRETS: [&str; 9] =
    ["password", "passwd", "passwort", "pass", "pwd", "psw", "pw", "token", "secret"];

/// Whether a request with this path is an alarm: it begins with `/h`, or is one of the fixed paths of some devices.
pub(crate) fn is_alarm_path(path: &str) -> bool {
    let first = steps(path).next().unwrap_or_default();
    first.eq_ignore_ascii_case(PREFIX)
        || tipoff_vendors::is_alarm_path(path.trim_start_matches('/'))
}

/// Whether the first bytes of a connection are those of an alarm: `POST /h/…`.
pub(crate) fn begins_alarm(first: &[u8]) -> bool {
    let mut words = first.split(|byte| matches!(byte, b' ' | b'?' | b'\r' | b'\n'));
    let path = words.nth(1).and_then(|path| std::str::from_utf8(path).ok());
    path.is_some_and(is_alarm_path)
}

/// The steps of a path, without those that mean nothing.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|step| !step.is_empty() && *step != ".")
}

impl AlarmTarget {
    /// Reads a request's target, in origin form (RFC 9112, section 3.2.1). Some devices begin it with two slashes.
    pub(super) fn of(path: &str, query: Option<&str>) -> Self {
        let mut parts = steps(path).peekable();
        let has_prefix = parts.next_if(|step| step.eq_ignore_ascii_case(PREFIX)).is_some();
        let password = if has_prefix { parts.next().map(decoded) } else { None };
        let rest: Vec<String> = parts.map(decoded).collect();
        let query = masked_query(query.unwrap_or_default());
        Self { password, path: format!("/{}", rest.join("/")), query }
    }

    /// The target with the password masked, in origin form.
    pub(super) fn masked(&self) -> String {
        let path = self.masked_path();
        let path: String = path.chars().map(|it| if it.is_control() { '.' } else { it }).collect();
        match self.query.is_empty() {
            true => path,
            false => format!("{path}?{}", self.query),
        }
    }

    fn masked_path(&self) -> String {
        match &self.password {
            Some(_) if self.path == "/" => format!("/{PREFIX}/{MASKED}"),
            Some(_) => format!("/{PREFIX}/{MASKED}{}", self.path),
            None => self.path.clone(),
        }
    }

    /// The target for people, without the password. The query may hold another one, so only its length is shown.
    pub(super) fn shown(&self) -> String {
        let path = self.masked_path();
        match self.query.len() {
            0 => path,
            bytes => format!("{path}?({bytes} bytes)"),
        }
    }
}

/// A query in which the values of [`SECRETS`] are masked.
fn masked_query(query: &str) -> String {
    let masked = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if SECRETS.iter().any(|it| name.eq_ignore_ascii_case(it)) => {
            format!("{name}={MASKED}")
        }
        _ => pair.to_owned(),
    };
    query.split('&').map(masked).collect::<Vec<_>>().join("&")
}

/// Percent-encoding (RFC 3986, section 2.1) undone; what is no escape stays as it is.
fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&percent_decoded(text.as_bytes())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_from_the_path_and_never_shown() {
        for (path, query, password, rest, shown) in [
            ("/h/s3cret", None, Some("s3cret"), "/", "/h/***"),
            ("//h/s3cret/cam/1", None, Some("s3cret"), "/cam/1", "/h/***/cam/1"),
            ("/h/s%2fx%", Some("a=1"), Some("s/x%"), "/", "/h/***?(3 bytes)"),
            ("/h//s3cret", None, Some("s3cret"), "/", "/h/***"),
            ("/./H/s3cret/", None, Some("s3cret"), "/", "/h/***"),
            ("/h", None, None, "/", "/"),
            ("/h/", None, None, "/", "/"),
            (
                "/EventHttpUpload/keepalive",
                None,
                None,
                "/EventHttpUpload/keepalive",
                "/EventHttpUpload/keepalive",
            ),
        ] {
            let target = AlarmTarget::of(path, query);
            assert_eq!((target.password.as_deref(), &*target.path), (password, rest), "{path}");
            assert_eq!(target.shown(), shown, "{path}");
        }
    }

    #[test]
    fn alarms_have_their_own_paths() {
        for path in [
            "/h",
            "/h/x",
            "//h/x/y",
            "/EventHttpUpload/keepalive",
            "/H//x",
            "/NotificationInfo/KeepAlive",
        ] {
            assert!(is_alarm_path(path), "{path}");
        }
        for path in ["/", "/healthz", "/hx", "/devices", "/api/v1/h"] {
            assert!(!is_alarm_path(path), "{path}");
        }
    }

    #[test]
    fn secrets_in_a_query_are_masked() {
        let query = |query| AlarmTarget::of("/h", Some(query)).query;
        assert_eq!(query("usr=a&PWD=b%20c&x"), "usr=a&PWD=***&x");
        assert_eq!(query("event=person&password="), "event=person&password=***");
    }

    #[test]
    fn an_alarm_is_known_by_its_first_bytes() {
        for first in ["POST /h/x HTTP/1.1", "GET /h?a HTTP", "POST //h\r", "PUT /EventHttpUpload/k"]
        {
            assert!(begins_alarm(first.as_bytes()), "{first}");
        }
        for first in ["GET / HTTP/1.1", "POST /login", "POST", "", "\u{16}\u{3}\u{1}"] {
            assert!(!begins_alarm(first.as_bytes()), "{first}");
        }
    }
}
