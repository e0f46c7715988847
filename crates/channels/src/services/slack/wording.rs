//! Words as Slack shows them ("Formatting message text" in Slack's documentation). Nothing that a
//! camera writes becomes a mention: those begin with a bracket, which is escaped.

use tipoff_model::Alert;

use crate::buttons::{self, Link};
use crate::{Message, chat_webhook, words};

/// Room for the links of actions, in UTF-16 units.
const LINKS_UTF16_MAX: usize = 2000;

/// Title, text and links; the title leads to the incident.
///
/// The links are no buttons: Slack reports a press on any button to the app, and shows a warning beside it
/// where the app takes no such reports (issue 869 of Slack's SDK for Node).
pub(super) fn text(message: &Message, alert: &Alert, links: &[Link<'_>]) -> String {
    let title = match (plain(&message.title), &alert.link) {
        (title, _) if title.is_empty() => title,
        (title, Some(link)) => {
            format!("*<{}|{title}>*", escaped(&chat_webhook::safe_address(link)))
        }
        (title, None) => format!("*{title}*"),
    };
    let text = words::below(&title, "\n", &plain(&message.text));
    let write = |link: &Link<'_>| {
        format!("<{}|{}>", escaped(&chat_webhook::safe_address(link.url)), plain(link.label))
    };
    let links = buttons::line(links, LINKS_UTF16_MAX, write);
    let between = if links.is_empty() { "" } else { "\n" };
    format!("{text}{between}{links}")
}

/// `text` without mentions and links of its own making; plain addresses become links.
fn plain(text: &str) -> String {
    chat_webhook::spelled(
        text,
        |address| format!("<{}>", escaped(address)),
        |sign, out| match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Some ways of posting still look for @channel and @here in plain text.
            '@' => chat_webhook::push_parted(sign, out),
            _ => out.push(sign),
        },
    )
}

/// An address within Slack's markup.
fn escaped(address: &str) -> String {
    address.replace('&', "&amp;")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nobody_is_called_and_addresses_are_links() {
        for (text, expected) in [
            ("<!channel> & <@U1|x>", "&lt;!channel&gt; &amp; &lt;@\u{200b}U1|x&gt;"),
            ("@here a", "@\u{200b}here a"),
            ("open https://h/a?b=1&c=2\nx", "open <https://h/a?b=1&amp;c=2>\nx"),
            ("http://h/><!here>|", "<http://h/%3E%3C!here%3E%7C>"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
