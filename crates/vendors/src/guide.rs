//! What to type into which field of a device, in the words of its own pages: one guide a maker.
//! It knows makers, never this machine: whoever shows a guide fills in addresses, ports and logins.

mod acti;
mod amcrest;
pub(crate) mod apc;
mod avtech;
mod brother;
pub(crate) mod d_link;
pub(crate) mod dahua;
mod dell;
mod esp32_cam;
mod hp;
mod tp_link;
mod trivision;
mod xmeye;

use crate::VENDORS;

/// Passwords that every known device takes: the FTP page of Hikvision keeps 16 bytes, and some are
/// left in hand for an end mark and for those that nobody has measured.
pub const PASSWORD_CHARS_MAX: usize = 12;
/// Users that every known device takes: the shortest known fields, those of Hikvision, D-Link and
/// XMEye, have 32 bytes. A half of it is as good.
pub const USER_CHARS_MAX: usize = 16;
/// Senders and recipients that every known device takes: Hikvision keeps 48 bytes.
pub const ADDRESS_CHARS_MAX: usize = 47;
/// What passwords and users are made of. Some cameras hand them to a shell or into a URL, where
/// anything but letters and digits breaks; and what looks alike (0 O, 1 l I) is typed wrong.
pub const ALPHABET: &str = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// What only this machine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Its address; the number, as cameras' DNS is often broken.
    Server,
    /// Its address as a URL, `ftp://192.168.1.5/`.
    ServerUrl,
    /// Where it listens, by the protocol of the page.
    Port,
    /// The user that the device logs in with.
    User,
    /// The password of that user.
    Password,
    /// An address that is the device's own: it becomes its name.
    Sender,
    /// Any address.
    Recipient,
}

/// What goes into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// What only this machine knows.
    Value(Value),
    /// What is the same everywhere: the choice to make, the box to tick.
    Fixed(&'static str),
}

/// A field of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is called there.
    pub label: &'static str,
    /// What goes into it.
    pub say: Say,
}

/// Whose words the labels of a page are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// The maker's, at least on some models.
    Makers,
    /// The usual ones: it is not known what the maker calls its fields.
    Usual,
}

/// A page on which a device is told where to send.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The way to it; none: not known.
    pub menu: Option<&'static str>,
    /// Whose words the labels are.
    pub words: Words,
    /// Its fields, from top to bottom.
    pub lines: &'static [Line],
    /// The only port that it takes, where none can be typed.
    pub only_port: Option<u16>,
    /// What people stumble over.
    pub notes: &'static [&'static str],
}

/// What there is to know for setting up the devices of a maker.
#[derive(Clone, Copy, Debug)]
pub struct Guide {
    /// Other names that the same pages are sold under.
    pub also: &'static [&'static str],
    /// Its e-mail page; none: it has none.
    pub mail: Option<Page>,
    /// Its FTP page; none: it has none.
    pub ftp: Option<Page>,
    /// Whether some of its devices speak nothing newer than TLS 1.1, which is refused here.
    pub old_tls: bool,
    /// How long a password may be on its pages; unknown: what all take.
    pub password_chars_max: usize,
    /// What is true for both pages.
    pub notes: &'static [&'static str],
}

/// A maker and its guide.
#[derive(Clone, Copy, Debug)]
pub struct Maker {
    /// What people know it by.
    pub name: &'static str,
    /// How its devices are set up.
    pub guide: &'static Guide,
}

/// Makers that have a guide and whose mails and files are read like anybody's, in alphabetical order.
const GUIDES: &[Maker] = &[
    Maker { name: "ACTi", guide: &acti::GUIDE },
    Maker { name: "Amcrest", guide: &amcrest::GUIDE },
    Maker { name: "AVTech", guide: &avtech::GUIDE },
    Maker { name: "Brother printers", guide: &brother::GUIDE },
    Maker { name: "Dell iDRAC", guide: &dell::GUIDE },
    Maker { name: "ESP32-CAM sketches", guide: &esp32_cam::GUIDE },
    Maker { name: "HP printers", guide: &hp::GUIDE },
    Maker { name: "TP-Link Tapo", guide: &tp_link::GUIDE },
    Maker { name: "Trivision", guide: &trivision::GUIDE },
    Maker { name: "XMEye", guide: &xmeye::GUIDE },
];

/// Every maker that has a guide, in alphabetical order.
#[must_use]
pub fn makers() -> Vec<Maker> {
    let vendors = VENDORS.iter().map(|vendor| Maker { name: vendor.name, guide: &vendor.guide });
    let mut makers: Vec<Maker> = vendors.chain(GUIDES.iter().copied()).collect();
    makers.sort_by_key(|maker| maker.name.to_ascii_lowercase());
    makers
}

/// The guide of a maker, by its name or another that its devices are sold under.
#[must_use]
pub fn guide(name: &str) -> Option<&'static Guide> {
    let is_called = |it: &str| it.eq_ignore_ascii_case(name);
    let makers = makers();
    let by_name = makers.iter().find(|maker| is_called(maker.name));
    let by_other = || makers.iter().find(|maker| maker.guide.also.iter().any(|it| is_called(it)));
    by_name.or_else(by_other).map(|maker| maker.guide)
}

/// How any other device is set up.
pub const OTHER: Guide = Guide {
    also: &[],
    mail: Some(MAIL),
    ftp: Some(FTP),
    old_tls: false,
    password_chars_max: PASSWORD_CHARS_MAX,
    notes: &["Save the page before you press its test button: many test what was saved."],
};

/// An e-mail page in the usual words.
pub(crate) const MAIL: Page = Page {
    menu: None,
    words: Words::Usual,
    lines: &[
        line("SMTP server", Value::Server),
        line("Port", Value::Port),
        set("Encryption (SSL, TLS)", "none"),
        set("Authentication", "on"),
        line("User name", Value::User),
        line("Password", Value::Password),
        line("Sender", Value::Sender),
        line("Recipient", Value::Recipient),
        set("Attachment", "picture"),
    ],
    only_port: None,
    notes: &[],
};

/// The same of what has no pictures to attach, or nothing else: printers, UPSs, servers.
pub(crate) const MAIL_OF_OTHERS: Page = Page {
    lines: match MAIL.lines {
        [lines @ .., _attachment] => lines,
        [] => &[],
    },
    ..MAIL
};

/// An FTP page in the usual words.
pub(crate) const FTP: Page = Page {
    menu: None,
    words: Words::Usual,
    lines: &[
        line("FTP server", Value::Server),
        line("Port", Value::Port),
        set("Encryption (FTPS)", "none"),
        line("User name", Value::User),
        line("Password", Value::Password),
        set("Mode", "passive (PASV)"),
        set("Folder", "empty, or /"),
        set("What to upload", "pictures and videos"),
    ],
    only_port: None,
    notes: &[],
};

/// A page in the maker's words.
pub(crate) const fn page(menu: &'static str, lines: &'static [Line]) -> Page {
    Page { menu: Some(menu), words: Words::Makers, lines, only_port: None, notes: &[] }
}

/// A field for what only this machine knows.
pub(crate) const fn line(label: &'static str, value: Value) -> Line {
    Line { label, say: Say::Value(value) }
}

/// A field for what is the same everywhere.
pub(crate) const fn set(label: &'static str, text: &'static str) -> Line {
    Line { label, say: Say::Fixed(text) }
}
