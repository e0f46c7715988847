//! Which vendor's camera is at an address, by what it answers to strangers. No password is needed for it, so the password is
//! tried at one place only: cameras lock the account after some wrong ones.

use super::{SETUPS, SetupEntry, SetupRequest};

/// An answer to a request without a login.
#[derive(Clone, Copy, Debug)]
pub struct FindAnswer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// All `WWW-Authenticate`, one a line.
    pub challenges: &'a str,
    /// The body, or its beginning.
    pub body: &'a str,
}

impl FindAnswer<'_> {
    /// Whether the realm of a challenge begins with one of these.
    fn has_realm(&self, beginnings: &[&str]) -> bool {
        self.challenges.split("realm=").skip(1).any(|rest| {
            let realm = rest.trim_start_matches(['"', ' ']);
            beginnings.iter().any(|it| realm.starts_with(it))
        })
    }
}

/// Finds the vendor. Pulled as a [`super::SetupSession`] is.
#[derive(Default)]
pub struct Finder {
    /// The requests that were answered: the first is the start page.
    answered: usize,
    /// Whether a stranger may see nothing at all: then a 401 says nothing of a path.
    is_closed: bool,
    /// The signs of each vendor, in the order of the list.
    signs: Vec<(u32, &'static str)>,
}

/// A realm of the vendor's.
const REALM: u32 = 4;
/// A path that only the vendor has.
const PATH: u32 = 2;

impl Finder {
    /// The next request, which is sent without a login; `None` at the end.
    pub fn next_request(&self) -> Option<SetupRequest> {
        match self.answered.checked_sub(1) {
            None => Some(SetupRequest::get("/")),
            Some(at) => SETUPS.get(at).map(|entry| SetupRequest::get(entry.probe)),
        }
    }

    /// Takes its answer. An address that does not answer has no vendor.
    pub fn answer(&mut self, answer: &FindAnswer<'_>) {
        match self.answered.checked_sub(1).and_then(|at| SETUPS.get(at)) {
            None => {
                self.is_closed = answer.status == 401;
                self.signs = SETUPS.iter().map(|entry| (0, entry.name)).collect();
                for (entry, (signs, _)) in SETUPS.iter().zip(&mut self.signs) {
                    *signs += realm_signs(entry, answer);
                }
            }
            Some(entry) => {
                let path = (entry.recognises)(answer) || (answer.status == 401 && !self.is_closed);
                let found = realm_signs(entry, answer) + if path { PATH } else { 0 };
                if let Some((signs, _)) = self.signs.get_mut(self.answered - 1) {
                    *signs += found;
                }
            }
        }
        self.answered += 1;
    }

    /// The vendors that it may be, the likeliest first. A camera that shows strangers nothing may be any whose login does not
    /// tell the password.
    pub fn vendors(&self) -> Vec<&'static str> {
        let tells = |name: &str| SETUPS.iter().any(|it| it.name == name && it.tells_password);
        let mut signs = self.signs.clone();
        signs.sort_by_key(|(signs, _)| std::cmp::Reverse(*signs));
        let is_known = signs.iter().any(|(signs, _)| *signs > 0);
        let fits = |(signs, name): &(u32, &'static str)| {
            *signs > 0 || (!is_known && self.is_closed && !tells(name))
        };
        signs.into_iter().filter(fits).map(|(_, name)| name).collect()
    }
}

fn realm_signs(entry: &SetupEntry, answer: &FindAnswer<'_>) -> u32 {
    if answer.has_realm(entry.realms) { REALM } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vendors of a camera that answers like this: path, status, challenge, body; 404 elsewhere.
    fn found(answers: &[(&str, u16, &str, &str)]) -> Vec<&'static str> {
        let mut finder = Finder::default();
        while let Some(request) = finder.next_request() {
            let known = answers.iter().find(|it| it.0 == "*" || request.target.starts_with(it.0));
            let (_, status, challenges, body) = known.copied().unwrap_or(("", 404, "", ""));
            finder.answer(&FindAnswer { status, challenges, body });
        }
        finder.vendors()
    }

    #[test]
    fn a_path_that_wants_a_login_shows_the_vendor() {
        let digest = r#"Digest realm="a8b7c6", nonce="1""#;
        assert_eq!(found(&[("/ISAPI/", 401, digest, "")]), ["Hikvision"]);
        assert_eq!(found(&[("/cgi-bin/magicBox.cgi", 401, digest, "")]), ["Dahua"]);
        let refusal = r#"[{"cmd":"GetDevInfo","code":1,"error":{"detail":"please login first","rspCode":-6}}]"#;
        assert_eq!(found(&[("/cgi-bin/api.cgi", 200, "", refusal)]), ["Reolink"]);
        assert_eq!(found(&[]), [""; 0]);
    }

    #[test]
    fn a_realm_shows_the_vendor_of_a_camera_that_is_closed_to_strangers() {
        let realm = |realm: &str| format!("Digest qop=\"auth\", realm=\"{realm}\", nonce=\"1\"");
        assert_eq!(found(&[("*", 401, &realm("IP Camera(C1234)"), "")]), ["Hikvision"]);
        assert_eq!(found(&[("*", 401, &realm("Login to 7A01B2"), "")]), ["Dahua"]);
        // Nothing says which: each may be tried, one after the other.
        assert_eq!(found(&[("*", 401, &realm("webserver"), "")]), ["Dahua", "Hikvision"]);
    }
}
