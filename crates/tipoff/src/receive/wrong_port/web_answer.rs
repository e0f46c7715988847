//! The answer to a web request at a port for mail or uploads: where the pages and the receiver of alarms are.

use tipoff_model::Protocol;

use super::purpose;

/// Characters of a path that is repeated in the answer.
const PATH_CHARS_MAX: usize = 1024;

/// The answer to the request that begins with these bytes. It sends the client to the port for HTTP, with the same method
/// (307: RFC 9110, section 15.4.8), at the host that the request names; without a host or a port it only says what is wrong
/// (421, section 15.5.20).
pub(in crate::receive) fn web_answer(head: &[u8], of: Protocol, right: Option<u16>) -> String {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).filter(|path| is_path(path));
    let host = lines
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("host").then(|| bare_host(value.trim()))
        })
        .flatten();
    let here = purpose(of);
    let (status, location, text) = match (right, host) {
        (Some(port), Some(host)) => (
            "307 Temporary Redirect",
            format!("Location: http://{host}:{port}{}\r\n", path.unwrap_or("/")),
            format!("This port is for {here}. Web pages and alarms are at port {port}.\n"),
        ),
        (Some(port), None) => (
            "421 Misdirected Request",
            String::new(),
            format!("This port is for {here}. Web pages and alarms are at port {port}.\n"),
        ),
        (None, _) => {
            ("421 Misdirected Request", String::new(), format!("This port is for {here}.\n"))
        }
    };
    format!(
        "HTTP/1.1 {status}\r\n{location}Content-Type: text/plain\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Connection: close\r\n\r\n{text}",
        text.len(),
    )
}

/// Whether it is a path and nothing else: it becomes part of a header.
fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= PATH_CHARS_MAX
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A host without its port, if it is a name or an address.
fn bare_host(host: &str) -> Option<&str> {
    let bare = match host.strip_prefix('[') {
        Some(_) => host.get(..=host.find(']')?)?,
        None => host.split(':').next()?,
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    (!bare.is_empty() && bare.len() <= 253 && bare.bytes().all(is_host)).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_request_is_sent_to_the_right_port_with_its_path() {
        let answer = |head: &str, right| web_answer(head.as_bytes(), Protocol::Smtp, right);
        let location = |head: &str| {
            let answer = answer(head, Some(8080));
            let line = answer.lines().find_map(|line| line.strip_prefix("Location: "));
            line.map(str::to_owned)
        };
        for (head, expected) in [
            (
                "GET / HTTP/1.1\r\nHost: 192.168.1.10:2525\r\n\r\n",
                Some("http://192.168.1.10:8080/"),
            ),
            ("POST /h/x?a=b HTTP/1.1\r\nhost: cam\r\n\r\n", Some("http://cam:8080/h/x?a=b")),
            ("GET /a HTTP/1.1\r\nHost: [fe80::1]:25\r\n\r\n", Some("http://[fe80::1]:8080/a")),
            ("GET //evil.example HTTP/1.1\r\nHost: cam\r\n\r\n", Some("http://cam:8080/")),
            ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", None),
            ("GET / HTTP/1.1\r\n\r\nHost: cam\r\n", None),
            ("GET / HTTP/1.0\r\n\r\n", None),
            ("GET /\r", None),
        ] {
            assert_eq!(location(head).as_deref(), expected, "{head:?}");
        }
        let off = answer("GET / HTTP/1.1\r\nHost: cam\r\n\r\n", None);
        assert!(off.starts_with("HTTP/1.1 421 ") && !off.contains("Location"), "{off}");
        assert!(off.ends_with("\r\n\r\nThis port is for mail (SMTP).\n"), "{off}");
    }

    #[test]
    fn no_request_adds_a_header_to_the_answer() {
        for head in [
            "GET /\u{b}x HTTP/1.1\r\nHost: a\rSet-Cookie: x\r\n\r\n",
            "GET /a\u{1}b HTTP/1.1\nHost: x y\n\n",
        ] {
            let answer = web_answer(head.as_bytes(), Protocol::Ftp, Some(80));
            let (headers, _) = answer.split_once("\r\n\r\n").unwrap();
            assert!(!headers.contains("Set-Cookie") && !headers.contains('\u{1}'), "{answer}");
            assert!(headers.split("\r\n").all(|line| !line.contains(['\r', '\n'])), "{answer}");
        }
    }
}
