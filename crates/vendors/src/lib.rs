//! What a vendor's subjects, bodies and file names mean, and what to type into its devices: one
//! file a vendor and a line in [`VENDORS`]. It labels; it never alters or drops anything.

mod axis;
mod dahua;
mod foscam;
mod geovision;
pub mod guide;
mod hikvision;
mod hisilicon;
mod mail;
mod panasonic;
mod reolink;
mod swann;
mod upload;
mod vivotek;
mod words;
mod yi;

use tipoff_model::{Content, Event};

pub use mail::Mail;
pub use upload::{Meaning, Upload, is_temporary, lasting_name};

/// A vendor, or a family of vendors that build on the same firmware.
pub struct Vendor {
    /// What people know it by.
    pub name: &'static str,
    /// Whether a mail is from one of its devices.
    pub recognises: fn(&Mail<'_>) -> bool,
    /// What such a mail says has happened; none: it says nothing that is known.
    pub event: fn(&Mail<'_>) -> Option<Event>,
    /// What the name of an uploaded file says has happened; none: its devices name no file so.
    pub upload: fn(&Upload<'_>) -> Option<Event>,
    /// How its devices are set up.
    pub guide: guide::Guide,
}

/// Every vendor, in alphabetical order. What tells one from the other does not overlap.
pub const VENDORS: &[Vendor] = &[
    axis::VENDOR,
    dahua::VENDOR,
    foscam::VENDOR,
    geovision::VENDOR,
    hikvision::VENDOR,
    hisilicon::VENDOR,
    panasonic::VENDOR,
    reolink::VENDOR,
    swann::VENDOR,
    vivotek::VENDOR,
    yi::VENDOR,
];

/// What has happened, as far as the words tell.
pub fn event(content: &Content) -> Event {
    let mail = Mail::of(content);
    vendor_of(&mail)
        .and_then(|vendor| (vendor.event)(&mail))
        // Unknown makes are read by their subject; texts hold too many other words.
        .or_else(|| words::event_but(mail.subject, &[Event::Periodic]))
        .unwrap_or_default()
}

/// What an uploaded file is, by its path and name.
pub fn upload(upload: &Upload<'_>) -> Meaning {
    let artefact = upload.is_artefact();
    let event = if upload.is_test() {
        Event::Test
    } else if artefact {
        Event::Other
    } else {
        let by_vendor = VENDORS.iter().find_map(|vendor| (vendor.upload)(upload));
        let by_words = || words::event_but(upload.stem(), &[Event::Periodic, Event::Test]);
        by_vendor.or_else(by_words).unwrap_or_default()
    };
    Meaning { event, artefact }
}

/// Whose device names files so, where that can be told.
pub fn upload_vendor(upload: &Upload<'_>) -> Option<&'static str> {
    VENDORS.iter().find(|vendor| (vendor.upload)(upload).is_some()).map(|vendor| vendor.name)
}

/// Whose device a mail is from, where that can be told.
pub fn vendor(content: &Content) -> Option<&'static str> {
    vendor_of(&Mail::of(content)).map(|vendor| vendor.name)
}

fn vendor_of(mail: &Mail<'_>) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| (vendor.recognises)(mail))
}

#[cfg(test)]
mod tests;
