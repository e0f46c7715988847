//! `[access]`: who may send without a login, and the login that all may share.
//!
//! Reads and checks the section; `receive/access.rs` applies it to each login. The login's fields are read here for
//! `[[device]]` as well.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use toml::Spanned;

use super::fault::Fault;
use super::key::{Key, ValueForm, list_of};
use super::mask::Span;
use super::reading::Reading;
use super::secret::Secret;
use super::section::Section;
use super::suggest::nearest;

/// The networks that no stranger is in: RFC 1918, loopback, link-local and RFC 4193. RFC 6598 (100.64.0.0/10) is
/// not: behind some providers strangers are in it.
const PRIVATE: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "::1/128",
    "fe80::/10",
    "fc00::/7",
];

/// Who may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Where devices may send without a login, and where any login is accepted.
    pub(crate) networks: Networks,
    /// Whether a known login is needed from everywhere, also from `networks`.
    pub(crate) require_login: bool,
    /// The user of the shared login. It proves that a device may send, and not which device it is.
    pub(crate) user: Option<String>,
    /// The password of the shared login; set if and only if `user` is.
    pub(crate) password: Option<Secret>,
}

/// A set of addresses; empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Networks {
    /// `"any"`: every address is in the set.
    any: bool,
    /// The networks that are named, without bits behind their prefix.
    nets: Vec<IpNet>,
}

impl Networks {
    /// Whether an address is in one of them. An IPv4 address may be mapped into IPv6 (RFC 4291, section 2.5.5.2), as a
    /// listener on `[::]` reports it.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.any || self.nets.iter().any(|net| net.contains(&address))
    }

    /// Whether an address is in a network that is named. `"any"` names no place: then the private networks count.
    pub(crate) fn names(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let is_in = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        is_in(&self.nets) || (self.any && is_in(&private()))
    }

    /// Whether no address is in the set.
    pub(crate) fn is_empty(&self) -> bool {
        !self.any && self.nets.is_empty()
    }

    /// Adds an entry of the list. The error suggests a word if one was mistyped.
    fn add(&mut self, text: &str) -> Result<(), String> {
        match text {
            "any" => self.any = true,
            "private" => self.nets.extend(private()),
            _ => self.nets.push(network(text).map_err(|reason| {
                let meant = nearest(text, ["private", "any"]);
                meant.map_or(reason, |meant| format!("did you mean \"{meant}\"?"))
            })?),
        }
        Ok(())
    }
}

/// The networks that `"private"` stands for.
fn private() -> Vec<IpNet> {
    PRIVATE.iter().filter_map(|net| network(net).ok()).collect()
}

/// The networks as the configuration lists them, between commas.
impl fmt::Display for Networks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any = self.any.then(|| "any".to_owned());
        let nets = self.nets.iter().map(ToString::to_string);
        formatter.write_str(&any.into_iter().chain(nets).collect::<Vec<_>>().join(", "))
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<T: IntoIterator<Item = IpNet>>(nets: T) -> Self {
        Self { any: false, nets: nets.into_iter().collect() }
    }
}

/// Reads a network or a single address: `"192.168.1.0/24"`, `"192.168.1.20"`. Bits behind the prefix are cleared,
/// because people write the address of their machine there.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    if let Ok(net) = text.parse::<IpNet>() {
        return Ok(net.trunc());
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let like = "write it like \"192.168.1.20\" or \"192.168.1.0/24\"";
    match text.split_once('/') {
        Some((address, _)) if address.parse::<IpAddr>().is_ok() => {
            Err("the number after the slash is 0 to 32, with IPv6 0 to 128".to_owned())
        }
        _ => Err(like.to_owned()),
    }
}

/// A user and a password, both or none.
pub(super) struct Login {
    pub(super) user: Option<Spanned<String>>,
    pub(super) password: Option<Secret>,
}

impl Login {
    /// Reads `user` and `password`. One without the other is a fault: a login without a password could be guessed, and
    /// a password without a user cannot be used.
    pub(super) fn read(
        section: &mut Section<'_>,
        user_example: &str,
        user_doc: &'static str,
    ) -> Self {
        let user = section.text("user", user_example, user_doc);
        let doc = "The password of the user.";
        let password = section.secret("password", "{ env = \"CAMERA_PASSWORD\" }", doc);
        match (section.has("user"), section.has("password")) {
            (true, false) => section.lonely("user", "password"),
            (false, true) => section.lonely("password", "user"),
            _ => {}
        }
        Self { user, password: password.map(Spanned::into_inner) }
    }
}

impl Section<'_> {
    /// Notes that one key of a pair is missing.
    fn lonely(&self, given: &str, missing: &str) {
        let title = format!("`{given}` without `{missing}`");
        let label = format!("add `{missing}`, or leave out both");
        self.fault(Fault::at(self.span_of(given), title).label(label));
    }
}

/// What the reference says of the section.
pub(super) const DOC: &str = "Which devices may send.";

/// The section with what is needed to check it against others.
pub(super) struct AccessDraft {
    pub(super) access: Access,
    /// The shared user with its place.
    pub(super) shared: Option<Spanned<String>>,
    /// The place of the setting by which nobody may send without a login; `None` if somebody may.
    closed_by: Option<Span>,
}

/// Reads the section.
pub(super) fn read(section: &mut Section<'_>) -> AccessDraft {
    let key = Key {
        name: "networks",
        form: ValueForm::List,
        without: list_of(&["private"]),
        doc: "The networks from which devices need no login, and in which Tipoff accepts any \
              login, because many devices insist on one: `\"private\"` (the addresses of home and \
              office networks), `\"any\"`, or networks such as `\"192.168.1.0/24\"`. A known login \
              is sufficient from anywhere.",
    };
    let mut networks = Networks::default();
    let given = section.list(&key);
    let empty = section.is_empty_list(key.name);
    let mut closed_by = empty.then(|| section.span_of(key.name));
    if given.is_none() {
        let _ = networks.add("private");
    }
    for text in given.iter().flatten() {
        section.parse(&key, text, |text| networks.add(text));
    }
    let require_login = section.flag(
        "require_login",
        false,
        "Whether a known login is required from all networks.",
    );
    if require_login {
        closed_by = Some(section.span_of("require_login"));
    }
    let Login { user, password } = Login::read(
        section,
        "camera",
        "The user of a login that all devices may share. A device with its own user is recognised \
         by that.",
    );
    let shared = user.clone();
    let user = user.map(Spanned::into_inner);
    AccessDraft { access: Access { networks, require_login, user, password }, shared, closed_by }
}

impl AccessDraft {
    /// Reports a configuration in which nobody could send: a login is needed, and neither `[access]` nor a device has
    /// one. It would start without an error and receive nothing.
    pub(super) fn check_open(&self, reading: &Reading<'_>, devices_log_in: bool) {
        let Some(span) = self.closed_by.clone() else {
            return;
        };
        if devices_log_in || self.access.password.is_some() {
            return;
        }
        let fault = Fault::at(span, "nobody could send: a login is needed, and there is none");
        let help = "add `user` and `password` to `[access]` or to a `[[device]]`";
        reading.fault(fault.label("because of this").help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(of: &[&str]) -> Networks {
        let mut networks = Networks::default();
        for text in of {
            networks.add(text).unwrap();
        }
        networks
    }

    #[test]
    fn private_is_what_no_stranger_is_in() {
        let private = networks(&["private"]);
        assert_eq!(private.nets.len(), PRIVATE.len());
        for (address, expected) in [
            ("10.1.2.3", true),
            ("172.15.255.255", false),
            ("172.16.0.0", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.168.1.20", true),
            ("127.0.0.1", true),
            ("169.254.7.7", true),
            ("100.63.255.255", false),
            ("100.64.0.0", false),
            ("100.127.255.255", false),
            ("100.128.0.0", false),
            ("8.8.8.8", false),
            ("::1", true),
            ("fe80::1", true),
            ("fd12::1", true),
            ("2001:db8::1", false),
            ("::ffff:192.168.1.20", true),
            ("::ffff:8.8.8.8", false),
        ] {
            assert_eq!(private.contains(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn others() {
        assert!(networks(&["any"]).contains("8.8.8.8".parse().unwrap()));
        assert!(!networks(&[]).contains("127.0.0.1".parse().unwrap()));
        let mixed = networks(&["192.0.2.7/24", "2001:db8::1"]);
        assert!(mixed.contains("192.0.2.200".parse().unwrap()));
        assert!(mixed.contains("2001:db8::1".parse().unwrap()));
        assert!(!mixed.contains("2001:db8::2".parse().unwrap()));
        let faulty = Networks::default().add("privat").unwrap_err();
        assert!(faulty.contains("\"private\""), "{faulty}");
        assert!(network("10.0.0.0/33").unwrap_err().contains("0 to 32"));
        assert!(network("home").unwrap_err().contains("like"));
    }
}
