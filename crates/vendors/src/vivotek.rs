//! Vivotek and those who build on it (4XEM, older D-Link): the text begins with a line such as
//! `*** Event snapshots: Motion detected ***` or `*** Periodic snapshots ***`.

use tipoff_model::Event;

use crate::{Mail, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor { name: "Vivotek", recognises, event };

fn recognises(mail: &Mail<'_>) -> bool {
    headline(mail).is_some() || mail.subject == "Periodic snapshots"
}

fn event(mail: &Mail<'_>) -> Option<Event> {
    words::event(headline(mail).unwrap_or(mail.subject))
}

fn headline<'a>(mail: &Mail<'a>) -> Option<&'a str> {
    let lines = mail.text.lines().map(str::trim);
    lines.filter_map(|line| line.strip_prefix("*** ")?.strip_suffix(" ***")).find(|headline| {
        headline.starts_with("Event snapshots") || headline.starts_with("Periodic snapshots")
    })
}
