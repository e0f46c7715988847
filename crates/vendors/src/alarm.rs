//! Reads the alarms that devices push over HTTP or MQTT, or give to those who ask. The rules of each vendor are in its
//! own file; here is what all of them share, the standard ONVIF, and what is read of unknown devices.
//!
//! It only labels: it alters no bytes, and never drops a picture. The documents come from the parser, which knows no
//! vendor. The wire formats are from published sources and from logs of their owners; each file names its own.

mod bounds;
pub(crate) mod codes;
mod generic;
pub(crate) mod onvif;
mod paths;
mod published;
mod view;

use tipoff_model::{AlarmReading, AlarmRequest};

use crate::VENDORS;
pub use paths::is_alarm_path;
pub use published::{MessageRules, ValuePath, published_alarms};
pub use view::AlarmView;
pub(crate) use view::{all, text_of};

/// Most alarms of one request. Of more only the number is kept.
pub const ALARMS_MAX: usize = 16;
/// Longest text of an alarm in bytes.
pub const ALARM_TEXT_BYTES_MAX: usize = 2048;

/// Reads a request by the rules of its vendor, then by those of ONVIF, else by common keys and words. A request that
/// no vendor recognises and that is no sign of life is an alarm, so that nothing is lost. A HEAD only asks whether somebody
/// is there (RFC 9110, section 9.3.2).
pub fn alarms(request: &AlarmRequest) -> AlarmReading {
    if request.method == "HEAD" {
        return AlarmReading::default();
    }
    let view = AlarmView::of(request);
    let by_vendor = || {
        VENDORS.iter().find_map(|vendor| {
            let reading = (vendor.alarm)(&view)?;
            Some(AlarmReading { vendor: Some(vendor.name), ..reading })
        })
    };
    let reading =
        by_vendor().or_else(|| onvif::read(&view)).unwrap_or_else(|| generic::read(&view));
    bounds::bounded(request, reading)
}
