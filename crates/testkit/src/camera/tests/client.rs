//! The smallest client that can log in. It knows Digest from RFC 7616, not from the code that checks it.

use md5::{Digest as _, Md5};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::camera::Camera;

pub(super) struct Client {
    stream: TcpStream,
    pub(super) user: String,
    pub(super) password: String,
    /// The last challenge.
    pub(super) challenge: Option<String>,
    pub(super) count: u32,
    /// Changes an `Authorization` header before it is sent.
    pub(super) change: fn(String) -> String,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The values of this header.
    pub(super) fn headers(&self, name: &str) -> Vec<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).collect()
    }
}

impl Client {
    pub(super) async fn of(camera: &Camera) -> Self {
        Self {
            stream: TcpStream::connect(camera.address()).await.unwrap(),
            user: "admin".to_owned(),
            password: "Pass-word 1".to_owned(),
            challenge: None,
            count: 0,
            change: |header| header,
        }
    }

    pub(super) async fn get(&mut self, target: &str) -> Answer {
        self.send("GET", target, "").await
    }

    /// Logs in at the first 401, and again if the nonce is stale.
    pub(super) async fn send(&mut self, method: &str, target: &str, body: &str) -> Answer {
        loop {
            let header = self.header(method, target);
            let answer = self.request(method, target, header.as_deref(), body).await;
            let challenge = answer.headers("WWW-Authenticate").into_iter().next();
            let Some(challenge) = challenge else { return answer };
            let may_repeat = header.is_none() || challenge.contains("stale=true");
            self.challenge = Some(challenge);
            self.count = 0;
            if !may_repeat {
                return answer;
            }
        }
    }

    pub(super) fn header(&mut self, method: &str, target: &str) -> Option<String> {
        let challenge = self.challenge.clone()?;
        if challenge.starts_with("Basic") {
            use base64::Engine as _;
            let pair = format!("{}:{}", self.user, self.password);
            return Some(format!(
                "Basic {}",
                base64::engine::general_purpose::STANDARD.encode(pair)
            ));
        }
        self.count += 1;
        let field = |name: &str| {
            let rest = challenge.split_once(&format!(" {name}="))?.1;
            let rest = rest.strip_prefix('"').unwrap_or(rest);
            rest.split(['"', ',']).next().map(str::to_owned)
        };
        let (realm, nonce) = (field("realm").unwrap(), field("nonce").unwrap());
        let algorithm = field("algorithm");
        let hex = |bytes: &[u8]| bytes.iter().map(|it| format!("{it:02x}")).collect::<String>();
        let hash = |text: String| match algorithm.as_deref() {
            Some("SHA-256") => hex(&Sha256::digest(text)),
            _ => hex(&Md5::digest(text)),
        };
        let mut secret = hash(format!("{}:{realm}:{}", self.user, self.password));
        if algorithm.as_deref() == Some("MD5-sess") {
            secret = hash(format!("{secret}:{nonce}:c0ffee"));
        }
        let what = hash(format!("{method}:{target}"));
        let mut header = format!(
            "Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{target}\"",
            self.user
        );
        let response = if field("qop").is_some() {
            let count = format!("{:08x}", self.count);
            header.push_str(&format!(", qop=auth, nc={count}, cnonce=\"c0ffee\""));
            hash(format!("{secret}:{nonce}:{count}:c0ffee:auth:{what}"))
        } else {
            if algorithm.as_deref() == Some("MD5-sess") {
                header.push_str(", cnonce=\"c0ffee\"");
            }
            hash(format!("{secret}:{nonce}:{what}"))
        };
        header.push_str(&format!(", response=\"{response}\""));
        if let Some(algorithm) = algorithm {
            header.push_str(&format!(", algorithm={algorithm}"));
        }
        if let Some(opaque) = field("opaque") {
            header.push_str(&format!(", opaque=\"{opaque}\""));
        }
        Some((self.change)(header))
    }

    pub(super) async fn request(
        &mut self,
        method: &str,
        target: &str,
        authorization: Option<&str>,
        body: &str,
    ) -> Answer {
        self.begin(method, target, authorization, body).await;
        let head = self.until("\r\n\r\n").await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.headers("Content-Length").remove(0).parse().unwrap();
        answer.body = vec![0; length];
        self.stream.read_exact(&mut answer.body).await.unwrap();
        answer
    }

    async fn begin(&mut self, method: &str, target: &str, login: Option<&str>, body: &str) {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nHost: camera\r\nContent-Length: {}\r\n",
            body.len()
        );
        if let Some(login) = login {
            request.push_str(&format!("Authorization: {login}\r\n"));
        }
        let request = format!("{request}\r\n{body}");
        self.stream.write_all(request.as_bytes()).await.unwrap();
    }

    /// Opens a stream; what it begins with, up to the end of its head.
    pub(super) async fn open(&mut self, target: &str) -> String {
        let header = self.header("GET", target);
        self.begin("GET", target, header.as_deref(), "").await;
        self.until("\r\n\r\n").await
    }

    /// Reads until these bytes.
    pub(super) async fn until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end.as_bytes()) {
            bytes.push(self.stream.read_u8().await.unwrap());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether the connection is reset now.
    pub(super) async fn is_reset(&mut self) -> bool {
        self.stream.read(&mut [0]).await.is_err()
    }
}
