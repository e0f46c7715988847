//! What a vendor's subjects, bodies and file names mean: one file a vendor and a line in
//! [`VENDORS`]. It labels; it never alters or drops anything.

mod dahua;
mod foscam;
mod hikvision;
mod mail;
mod panasonic;
mod reolink;
mod swann;
mod vivotek;
mod words;

use tipoff_model::{Content, Event};

pub use mail::Mail;

/// A vendor, or a family of vendors that build on the same firmware.
pub struct Vendor {
    /// What people know it by.
    pub name: &'static str,
    /// Whether a mail is from one of its devices.
    pub recognises: fn(&Mail<'_>) -> bool,
    /// What such a mail says has happened; none: it says nothing that is known.
    pub event: fn(&Mail<'_>) -> Option<Event>,
}

/// Every vendor, in alphabetical order. What tells one from the other does not overlap.
pub const VENDORS: &[Vendor] = &[
    dahua::VENDOR,
    foscam::VENDOR,
    hikvision::VENDOR,
    panasonic::VENDOR,
    reolink::VENDOR,
    swann::VENDOR,
    vivotek::VENDOR,
];

/// What has happened, as far as the words tell.
pub fn event(content: &Content) -> Event {
    let mail = Mail::of(content);
    vendor_of(&mail)
        .and_then(|vendor| (vendor.event)(&mail))
        // Unknown makes are read by their subject; texts hold too many other words.
        .or_else(|| words::event(mail.subject))
        .unwrap_or_default()
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
