//! The login of a camera: which challenge is answered, and when a password counts as refused.

use std::fmt;

use http_auth::{PasswordClient, PasswordParams};

/// Paths that are remembered.
const PROVEN_MAX: usize = 16;
/// Longest `WWW-Authenticate` that is read, in bytes.
const CHALLENGE_BYTES_MAX: usize = 4 * 1024;

/// User and password of a camera. Neither its `Debug` form nor an error shows the password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What is known of a camera's challenges.
#[derive(Default)]
pub(crate) struct Challenges {
    /// Answers the latest challenge.
    latest: Option<PasswordClient>,
    /// Whether the latest challenge named an algorithm.
    names_algorithm: bool,
    /// Whether it has asked for Digest. Then Basic is not answered any more: whoever pretends to be the camera would
    /// learn the password.
    is_digest: bool,
    /// The paths at which the camera has taken the password.
    proven: Vec<String>,
    /// Whether it has refused the password.
    is_refused: bool,
}

/// What a 401 (RFC 9110, section 15.5.2) means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenged {
    /// The question is asked again, with an answer to this challenge.
    Answer,
    /// The password is wrong.
    Refused,
    /// The password was right before: this user may not ask for this.
    NotAllowed,
    /// The challenge cannot be answered.
    Unknown(String),
}

impl Challenges {
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused
    }

    pub(crate) fn refuse(&mut self) {
        self.is_refused = true;
    }

    /// The value of `Authorization` for a request; `None` as long as no challenge is known.
    pub(crate) fn authorization(
        &mut self,
        login: &Login,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Option<String> {
        let params = PasswordParams {
            username: &login.user,
            password: &login.password,
            uri: target,
            method,
            body: Some(body),
        };
        let latest = self.latest.as_mut()?;
        let mut answer = latest.respond(&params).ok()?;
        // Some cameras want back what they named, also where the older form (RFC 2069) is answered without it.
        if self.names_algorithm && self.is_digest && !answer.contains("algorithm=") {
            answer.push_str(", algorithm=MD5");
        }
        Some(answer)
    }

    /// Whether the camera has asked for Digest.
    pub(crate) fn is_digest(&self) -> bool {
        self.is_digest
    }

    /// The camera has taken the password at this path.
    pub(crate) fn taken(&mut self, path: &str) {
        if self.proven.len() < PROVEN_MAX && !self.proven.iter().any(|proven| proven == path) {
            self.proven.push(path.to_owned());
        }
    }

    /// Reads the challenges of a 401. `answered_this` says that the refused request answered a challenge of the same
    /// exchange, so that an outdated nonce is no excuse, unless the camera says that it is one.
    /// `path` is what was asked for.
    pub(crate) fn challenged(
        &mut self,
        path: &str,
        values: &[&str],
        answered_this: bool,
    ) -> Challenged {
        let mut builder = PasswordClient::builder();
        for value in values.iter().filter(|value| value.len() <= CHALLENGE_BYTES_MAX) {
            builder = builder.challenges(value);
        }
        let client = match builder.build() {
            Ok(client) => client,
            Err(_) if answered_this => return self.wrong(path),
            Err(reason) => return Challenged::Unknown(reason),
        };
        let is_digest = matches!(client, PasswordClient::Digest(_));
        if self.is_digest && !is_digest {
            // Whoever asks so is not the camera, or wants what it must not get.
            self.is_refused |= answered_this;
            return Challenged::Unknown("it asked for Digest before, and for Basic now".to_owned());
        }
        let is_stale = matches!(&client, PasswordClient::Digest(digest) if digest.stale());
        let named = |value: &&str| value.to_ascii_lowercase().contains("algorithm");
        self.names_algorithm = values.iter().any(named);
        self.is_digest = is_digest;
        self.latest = Some(client);
        if answered_this && !is_stale {
            return self.wrong(path);
        }
        Challenged::Answer
    }

    fn wrong(&mut self, path: &str) -> Challenged {
        // Where it was taken before, it has been changed in the camera.
        if !self.proven.is_empty() && !self.proven.iter().any(|proven| proven == path) {
            return Challenged::NotAllowed;
        }
        self.is_refused = true;
        Challenged::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = r#"Digest realm="cam", nonce="n1", qop="auth", algorithm=MD5"#;

    fn login() -> Login {
        Login { user: "admin".to_owned(), password: "s3cret".to_owned() }
    }

    fn answer(challenges: &mut Challenges) -> String {
        challenges.authorization(&login(), "GET", "/a", b"").unwrap()
    }

    #[test]
    fn an_answered_challenge_that_comes_again_is_a_refusal() {
        let mut challenges = Challenges::default();
        assert_eq!(challenges.authorization(&login(), "GET", "/a", b""), None);
        assert_eq!(challenges.challenged("/a", &[DIGEST], false), Challenged::Answer);
        assert!(answer(&mut challenges).starts_with("Digest username=\"admin\""));
        assert_eq!(challenges.challenged("/a", &[DIGEST], true), Challenged::Refused);
        assert!(challenges.is_refused());
    }

    #[test]
    fn an_outdated_nonce_is_no_refusal() {
        let mut challenges = Challenges::default();
        challenges.challenged("/a", &[DIGEST], false);
        let stale = format!("{DIGEST}, stale=true");
        assert_eq!(challenges.challenged("/a", &[&stale], true), Challenged::Answer);
        // Without the sign: the nonce was of an earlier exchange.
        assert_eq!(challenges.challenged("/a", &[DIGEST], false), Challenged::Answer);
    }

    #[test]
    fn a_password_that_was_right_before_is_not_wrong_elsewhere() {
        let mut challenges = Challenges::default();
        challenges.challenged("/a", &[DIGEST], false);
        challenges.taken("/other");
        assert_eq!(challenges.challenged("/a", &[DIGEST], true), Challenged::NotAllowed);
        assert!(!challenges.is_refused());
        challenges.taken("/a");
        assert_eq!(
            challenges.challenged("/a", &[DIGEST], true),
            Challenged::Refused,
            "it was changed"
        );
    }

    #[test]
    fn digest_goes_before_basic_and_is_never_given_up() {
        let mut challenges = Challenges::default();
        challenges.challenged("/a", &[r#"Basic realm="x""#, DIGEST], false);
        assert!(answer(&mut challenges).starts_with("Digest"));
        let basic = challenges.challenged("/a", &[r#"Basic realm="x""#], false);
        assert!(matches!(basic, Challenged::Unknown(_)));
        let mut challenges = Challenges::default();
        challenges.challenged("/a", &[r#"Basic realm="x""#], false);
        assert_eq!(answer(&mut challenges), "Basic YWRtaW46czNjcmV0");
    }

    #[test]
    fn a_named_algorithm_is_named_back() {
        let mut challenges = Challenges::default();
        challenges.challenged("/a", &[r#"Digest realm="cam", nonce="n1", algorithm=MD5"#], false);
        assert!(answer(&mut challenges).ends_with("algorithm=MD5"));
        challenges.challenged("/a", &[r#"Digest realm="cam", nonce="n1""#], false);
        assert!(!answer(&mut challenges).contains("algorithm"));
        challenges.challenged("/a", &[&DIGEST.replace("MD5", "SHA-256")], false);
        assert!(answer(&mut challenges).contains("algorithm=SHA-256"));
    }

    #[test]
    fn nonsense_is_no_challenge() {
        for value in ["", "Digest", "Digest realm=", "Bearer x", "\u{7f}"] {
            let mut challenges = Challenges::default();
            let taken = challenges.challenged("/a", &[value], false);
            assert!(matches!(taken, Challenged::Unknown(_)), "{value}: {taken:?}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        assert!(!format!("{:?}", login()).contains("s3cret"));
    }
}
