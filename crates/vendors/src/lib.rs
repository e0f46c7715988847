//! Knows the vendors: what their subjects, texts and file names mean, and what to type into their devices. Each
//! vendor has one file and one line in [`VENDORS`]; no other crate branches on a vendor.
//!
//! It only labels: it names the vendor, the event, the camera and the details of a mail or an upload, and never
//! alters or drops one. A mail that no vendor recognises is read by common words of its subject (`words`).
//! Where a rule comes from is said with it: a manual, a real mail, or a log that its owner published.

mod alarm;
mod apc;
mod axis;
mod blue_iris;
mod camera;
mod d_link;
mod dahua;
mod details;
mod foscam;
mod frigate;
mod fritzbox;
mod geovision;
pub mod guide;
mod hanwha;
mod hikvision;
mod hisilicon;
mod instar;
mod lilin;
mod mail;
mod milesight;
mod panasonic;
mod pictures;
mod proxmox;
mod reolink;
pub mod setup;
mod shelly;
mod swann;
mod synology;
mod tp_link;
mod truenas;
mod unifi;
mod uniview;
mod upload;
mod vivotek;
mod words;
mod xmeye;
mod yi;

use tipoff_model::{AlarmReading, Camera, Content, Event};

pub use alarm::{
    ALARM_TEXT_BYTES_MAX, ALARMS_MAX, AlarmView, MessageRules, ValuePath, alarms, is_alarm_path,
    published_alarms,
};

use details::{MailFacts, MailForm};
pub use mail::MailView;
pub use pictures::{PictureLogin, picture_targets};
pub use upload::{Meaning, UploadedFile, is_temporary, lasting_name};

/// A vendor, or a family of vendors that build on the same firmware.
pub struct Vendor {
    /// The name that people know it by.
    pub name: &'static str,
    /// Whether a mail is from one of its devices.
    pub recognises: fn(&MailView<'_>) -> bool,
    /// Reads such a mail.
    read: for<'a> fn(&MailView<'a>) -> VendorReading<'a>,
    /// The boilerplate of its mails, which is left out of the details.
    form: MailForm,
    /// The event by the name of an uploaded file; `None` if its devices give no such names.
    pub upload: fn(&UploadedFile<'_>) -> Option<Event>,
    /// Reads an alarm of one of its devices; `None` if the alarm is not recognised. A sign of life is a reading
    /// without alarms.
    pub alarm: fn(&AlarmView<'_>) -> Option<AlarmReading>,
    /// Where its devices have a picture of this moment, the best first: paths with `{channel}` (from 1), `{index}` (from 0),
    /// `{name}`, `{user}` and `{password}`, as [`picture_targets`] fills them in.
    pictures: &'static [&'static str],
    /// How its devices are set up.
    pub guide: guide::Guide,
}

/// Base of a vendor whose mails and alarms are not recognised: its devices have free texts, or send files only.
const WITHOUT_MAILS: Vendor = Vendor {
    name: "",
    recognises: |_| false,
    read: |_| VendorReading::default(),
    form: MailForm::NONE,
    upload: |_| None,
    alarm: |_| None,
    pictures: &[],
    guide: guide::BASE,
};

/// What a mail says by the rules of its vendor.
#[derive(Clone, Debug, Default)]
struct VendorReading<'a> {
    /// Event and names, by which [`details::of`] decides which lines are news.
    known: MailFacts<'a>,
    /// The channel of a recorder, by the rule of [`mod@camera`].
    camera: Option<Camera>,
    /// The details, if the vendor's file writes them itself.
    details: Option<String>,
}

/// Every vendor, in alphabetical order. The first that recognises a mail or an alarm reads it; the signs of two vendors
/// do not overlap, which a test checks.
pub const VENDORS: &[Vendor] = &[
    apc::VENDOR,
    axis::VENDOR,
    blue_iris::VENDOR,
    d_link::VENDOR,
    dahua::VENDOR,
    foscam::VENDOR,
    frigate::VENDOR,
    fritzbox::VENDOR,
    geovision::VENDOR,
    hanwha::VENDOR,
    hikvision::VENDOR,
    hisilicon::VENDOR,
    instar::VENDOR,
    lilin::VENDOR,
    milesight::VENDOR,
    panasonic::VENDOR,
    proxmox::VENDOR,
    reolink::VENDOR,
    shelly::VENDOR,
    swann::VENDOR,
    synology::VENDOR,
    tp_link::VENDOR,
    truenas::VENDOR,
    unifi::VENDOR,
    uniview::VENDOR,
    vivotek::VENDOR,
    xmeye::VENDOR,
    yi::VENDOR,
];

/// What a mail says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailReading {
    /// The vendor of the device; `None` if it is not known.
    pub vendor: Option<&'static str>,
    /// The event; [`Event::Other`] if it is not known.
    pub event: Event,
    /// The channel of a recorder that the mail is about; `None` if it is about the device itself.
    pub camera: Option<Camera>,
    /// The text below the title of an alert: the mail without its boilerplate, often empty. `None` if the vendor is
    /// not known: then subject and text are shown unchanged.
    pub details: Option<String>,
}

/// Reads a mail. Vendor, event and camera are decided by the first 16 KB of a text; the details contain the rest of
/// a longer text unchanged.
pub fn read(content: &Content) -> MailReading {
    let mail = MailView::of(content);
    let Some(vendor) = VENDORS.iter().find(|vendor| (vendor.recognises)(&mail)) else {
        // Unknown vendors are read by their subject; texts hold too many other words.
        let event = words::subject(mail.subject).unwrap_or_default();
        return MailReading { event, ..MailReading::default() };
    };
    let VendorReading { known, camera, details } = (vendor.read)(&mail);
    MailReading {
        vendor: Some(vendor.name),
        event: known.event,
        camera,
        details: Some(details.unwrap_or_else(|| details::of(&mail, &vendor.form, &known))),
    }
}

/// The meaning of an uploaded file, by its path and name. The vendors' patterns come first, then common words of the
/// name; a name with "test" is a test only if it is small and no picture.
pub fn upload(upload: &UploadedFile<'_>) -> Meaning {
    let housekeeping = upload.is_housekeeping();
    let event = if upload.is_test() {
        Event::Test
    } else if housekeeping {
        Event::Other
    } else {
        let by_vendor = VENDORS.iter().find_map(|vendor| (vendor.upload)(upload));
        let by_words = || words::subject(upload.stem()).filter(|event| *event != Event::Test);
        by_vendor.or_else(by_words).unwrap_or_default()
    };
    Meaning { event, housekeeping }
}

/// A vendor's name as this crate writes it; `None` if it knows none of this name.
pub fn vendor_name(name: &str) -> Option<&'static str> {
    VENDORS.iter().map(|vendor| vendor.name).find(|known| *known == name)
}

/// The vendor whose devices give a file such a name; `None` if no pattern matches.
pub fn upload_vendor(upload: &UploadedFile<'_>) -> Option<&'static str> {
    VENDORS.iter().find(|vendor| (vendor.upload)(upload).is_some()).map(|vendor| vendor.name)
}

#[cfg(test)]
mod tests;
