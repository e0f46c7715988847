//! What a vendor's subjects, bodies and file names mean, and what to type into its devices: one
//! file a vendor and a line in [`VENDORS`]. It labels; it never alters or drops anything.

mod apc;
mod axis;
mod camera;
mod d_link;
mod dahua;
mod details;
mod foscam;
mod fritzbox;
mod geovision;
pub mod guide;
mod hikvision;
mod hisilicon;
mod mail;
mod panasonic;
mod proxmox;
mod reolink;
mod swann;
mod synology;
mod truenas;
mod upload;
mod vivotek;
mod words;
mod yi;

use tipoff_model::{Camera, Content, Event};

use details::{MailFacts, MailForm};
pub use mail::MailView;
pub use upload::{Meaning, UploadedFile, is_temporary, lasting_name};

/// A vendor, or a family of vendors that build on the same firmware.
pub struct Vendor {
    /// The name that people know it by.
    pub name: &'static str,
    /// Whether a mail is from one of its devices.
    pub recognises: fn(&MailView<'_>) -> bool,
    /// What such a mail says.
    read: for<'a> fn(&MailView<'a>) -> VendorReading<'a>,
    /// The boilerplate of its mails.
    form: MailForm,
    /// The event that the name of an uploaded file tells; `None` if its devices name no file so.
    pub upload: fn(&UploadedFile<'_>) -> Option<Event>,
    /// How its devices are set up.
    pub guide: guide::Guide,
}

/// What a mail says, as its vendor's file understands it.
#[derive(Clone, Debug, Default)]
struct VendorReading<'a> {
    known: MailFacts<'a>,
    camera: Option<Camera>,
    /// The details, where the vendor's file makes them itself.
    details: Option<String>,
}

/// Every vendor, in alphabetical order. What tells one from the other does not overlap.
pub const VENDORS: &[Vendor] = &[
    apc::VENDOR,
    axis::VENDOR,
    d_link::VENDOR,
    dahua::VENDOR,
    foscam::VENDOR,
    fritzbox::VENDOR,
    geovision::VENDOR,
    hikvision::VENDOR,
    hisilicon::VENDOR,
    panasonic::VENDOR,
    proxmox::VENDOR,
    reolink::VENDOR,
    swann::VENDOR,
    synology::VENDOR,
    truenas::VENDOR,
    vivotek::VENDOR,
    yi::VENDOR,
];

/// What a mail says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailReading {
    /// The vendor of the device; `None` if nothing tells it.
    pub vendor: Option<&'static str>,
    /// What has happened; [`Event::Other`] if it is not known.
    pub event: Event,
    /// The recorder's channel that the mail is about. `None`: it is about the device itself.
    pub camera: Option<Camera>,
    /// What stands below an alert's title: the mail without its boilerplate, often empty. `None` if the
    /// vendor is not known: then subject and text are shown as they are.
    pub details: Option<String>,
}

/// Reads a mail. Of a long text the first 16 KB tell vendor, event and camera; the details hold what
/// stands behind them as it is.
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

/// What an uploaded file is, by its path and name.
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

/// The vendor whose devices name files so, where that can be told.
pub fn upload_vendor(upload: &UploadedFile<'_>) -> Option<&'static str> {
    VENDORS.iter().find(|vendor| (vendor.upload)(upload).is_some()).map(|vendor| vendor.name)
}

#[cfg(test)]
mod tests;
