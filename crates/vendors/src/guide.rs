//! Guides: what to type into which field of a device, with the labels of its own pages. One guide a vendor. The page
//! "Add a device" and the book (docs/vendors.md) show them. A guide knows nothing of this machine:
//! its caller fills in addresses, ports and logins.

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
pub(crate) mod xmeye;

use crate::VENDORS;

/// Longest password that every known device accepts. The FTP page of Hikvision keeps 16 bytes; four of them are
/// a reserve for an end mark and for devices that nobody has measured.
pub const PASSWORD_CHARS_MAX: usize = 12;
/// Longest user that every known device accepts: half of the shortest known fields, which have 32 bytes
/// (Hikvision, D-Link, XMEye).
pub const USER_CHARS_MAX: usize = 16;
/// Longest sender or recipient that every known device accepts: Hikvision keeps 48 bytes.
pub const ADDRESS_CHARS_MAX: usize = 47;
/// Characters of generated passwords and users. Some cameras pass them to a shell or into a URL, where anything
/// but letters and digits breaks; characters that look alike (0 O, 1 l I) are left out.
pub const ALPHABET: &str = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A value that depends on the machine that Tipoff runs on, or on the device's login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupValue {
    /// The address of the machine; the number, because DNS is often broken in cameras.
    Server,
    /// The address as a URL, `ftp://192.168.1.5/`.
    ServerUrl,
    /// The port of the receiver, by the protocol of the page.
    Port,
    /// The user that the device logs in with.
    User,
    /// The password of that user.
    Password,
    /// An address that only this device has: it becomes the device's name.
    Sender,
    /// Any address.
    Recipient,
    /// The device's own address for alarms, `http://192.168.1.5:8080/h/SECRET`.
    AlarmUrl,
    /// The path of that address, `/h/SECRET`, where host and port have fields of their own.
    AlarmPath,
}

/// What to type or choose in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldEntry {
    /// A value that depends on the machine or on the login.
    Value(SetupValue),
    /// A choice or a text in the words of the device's own page, which are shown as they are.
    Choice(&'static str),
    /// What to choose or to type, in our words.
    Words(&'static str),
}

/// A field of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Label of the field on the page.
    pub label: &'static str,
    /// What to type or choose in it.
    pub entry: FieldEntry,
}

/// Where the labels of a page come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// From the vendor's own page, at least on some models.
    OfVendor,
    /// The usual labels: the vendor's own are not known.
    Usual,
}

/// A page of a device on which the destination of mails, uploads or alarms is entered.
#[derive(Clone, Copy, Debug)]
pub struct SetupPage {
    /// The menu path to the page; `None` if it is not known.
    pub menu: Option<&'static str>,
    /// Where the labels come from.
    pub labels: Labels,
    /// Its fields, from top to bottom.
    pub fields: &'static [Field],
    /// The only port that the device uses, if its page has no field for the port.
    pub only_port: Option<u16>,
    /// Common mistakes on this page.
    pub notes: &'static [&'static str],
}

impl SetupPage {
    /// Whether all labels are the usual ones of [`OTHER`], so that they may be translated.
    #[must_use]
    pub fn has_usual_labels(&self) -> bool {
        let usual = |field: &Field| usual_labels().any(|label| label == field.label);
        self.labels == Labels::Usual && self.fields.iter().all(usual)
    }
}

/// How the devices of a vendor are set up.
#[derive(Clone, Copy, Debug)]
pub struct Guide {
    /// Other names that devices with the same pages are sold under.
    pub also: &'static [&'static str],
    /// The e-mail page; `None` if the devices send no mail.
    pub mail: Option<SetupPage>,
    /// The FTP page; `None` if the devices upload nothing.
    pub ftp: Option<SetupPage>,
    /// The page for alarms over HTTP; `None` if the devices push nothing, or nobody knows how.
    pub alarm: Option<SetupPage>,
    /// Whether some of the devices speak nothing newer than TLS 1.1, which Tipoff refuses.
    pub old_tls: bool,
    /// Longest password of its pages in characters; [`PASSWORD_CHARS_MAX`] if it is not known.
    pub password_chars_max: usize,
    /// Notes on all pages.
    pub notes: &'static [&'static str],
}

/// The name and the guide of a vendor.
#[derive(Clone, Copy, Debug)]
pub struct VendorGuide {
    /// The name that people know the vendor by.
    pub name: &'static str,
    /// How its devices are set up.
    pub guide: &'static Guide,
}

/// Vendors without a line in [`VENDORS`]: they have a guide, but their mails and files need no rules of their
/// own. In alphabetical order.
const GUIDES: &[VendorGuide] = &[
    VendorGuide { name: "ACTi", guide: &acti::GUIDE },
    VendorGuide { name: "Amcrest", guide: &amcrest::GUIDE },
    VendorGuide { name: "AVTech", guide: &avtech::GUIDE },
    VendorGuide { name: "Brother printers", guide: &brother::GUIDE },
    VendorGuide { name: "Dell iDRAC", guide: &dell::GUIDE },
    VendorGuide { name: "ESP32-CAM sketches", guide: &esp32_cam::GUIDE },
    VendorGuide { name: "HP printers", guide: &hp::GUIDE },
    VendorGuide { name: "TP-Link Tapo", guide: &tp_link::GUIDE },
    VendorGuide { name: "Trivision", guide: &trivision::GUIDE },
];

/// Every vendor that has a guide, in alphabetical order.
#[must_use]
pub fn vendor_guides() -> Vec<VendorGuide> {
    let vendors =
        VENDORS.iter().map(|vendor| VendorGuide { name: vendor.name, guide: &vendor.guide });
    let mut guides: Vec<VendorGuide> = vendors.chain(GUIDES.iter().copied()).collect();
    guides.sort_by_key(|vendor| vendor.name.to_ascii_lowercase());
    guides
}

/// Finds the guide of a vendor by its name, or by another name that its devices are sold under.
#[must_use]
pub fn guide(name: &str) -> Option<&'static Guide> {
    let is_called = |it: &str| it.eq_ignore_ascii_case(name);
    let guides = vendor_guides();
    let by_name = guides.iter().find(|vendor| is_called(vendor.name));
    let by_other = || guides.iter().find(|vendor| vendor.guide.also.iter().any(|it| is_called(it)));
    by_name.or_else(by_other).map(|vendor| vendor.guide)
}

/// How a device of any other vendor is set up.
pub const OTHER: Guide = Guide { alarm: Some(ALARM), ..BASE };

/// The usual labels.
pub fn usual_labels() -> impl Iterator<Item = &'static str> {
    let pages = [MAIL.fields, FTP.fields, ALARM.fields].into_iter();
    pages.flatten().map(|field| field.label)
}

/// Base of the vendors' guides: mails and uploads with the usual labels.
pub(crate) const BASE: Guide = Guide {
    also: &[],
    mail: Some(MAIL),
    ftp: Some(FTP),
    alarm: None,
    old_tls: false,
    password_chars_max: PASSWORD_CHARS_MAX,
    notes: &["Save the page before you press its test button: many test what was saved."],
};

/// An e-mail page with the usual labels.
pub(crate) const MAIL: SetupPage = SetupPage {
    menu: None,
    labels: Labels::Usual,
    fields: &[
        fill("SMTP server", SetupValue::Server),
        fill("Port", SetupValue::Port),
        set("Encryption (SSL, TLS)", "none"),
        set("Authentication", "on"),
        fill("User name", SetupValue::User),
        fill("Password", SetupValue::Password),
        fill("Sender", SetupValue::Sender),
        fill("Recipient", SetupValue::Recipient),
        set("Attachment", "picture"),
    ],
    only_port: None,
    notes: &[],
};

/// An e-mail page without attachments, as printers, UPSs and servers have it.
pub(crate) const MAIL_OF_OTHERS: SetupPage = SetupPage {
    fields: match MAIL.fields {
        [fields @ .., _attachment] => fields,
        [] => &[],
    },
    ..MAIL
};

/// An FTP page with the usual labels.
pub(crate) const FTP: SetupPage = SetupPage {
    menu: None,
    labels: Labels::Usual,
    fields: &[
        fill("FTP server", SetupValue::Server),
        fill("Port", SetupValue::Port),
        set("Encryption (FTPS)", "none"),
        fill("User name", SetupValue::User),
        fill("Password", SetupValue::Password),
        set("Mode", "passive (PASV)"),
        set("Folder", "empty, or /"),
        set("What to upload", "pictures and videos"),
    ],
    only_port: None,
    notes: &[],
};

/// A page for alarms with the usual labels.
pub(crate) const ALARM: SetupPage = SetupPage {
    menu: None,
    labels: Labels::Usual,
    fields: &[
        fill("URL", SetupValue::AlarmUrl),
        choose("Method", "POST"),
        set("Content type", "JSON, or what the device offers"),
    ],
    only_port: None,
    notes: &[
        "If the device only calls the address, put what it means behind it: …/motion, …/person, \
         …/doorbell.",
        "A device whose content you write: title, text, event (such as person), image, camera.",
    ],
};

/// A page with the vendor's own labels.
pub(crate) const fn page(menu: &'static str, fields: &'static [Field]) -> SetupPage {
    SetupPage { menu: Some(menu), labels: Labels::OfVendor, fields, only_port: None, notes: &[] }
}

/// A field for a value of the machine or the login.
pub(crate) const fn fill(label: &'static str, value: SetupValue) -> Field {
    Field { label, entry: FieldEntry::Value(value) }
}

/// A field that is the same for everybody, with what to set in our words.
pub(crate) const fn set(label: &'static str, text: &'static str) -> Field {
    Field { label, entry: FieldEntry::Words(text) }
}

/// A field that is the same for everybody, with what to choose in the words of the page.
pub(crate) const fn choose(label: &'static str, text: &'static str) -> Field {
    Field { label, entry: FieldEntry::Choice(text) }
}
