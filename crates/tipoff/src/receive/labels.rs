//! What is stored of an envelope: a device says what it likes there, and it stands in the database beside each mail.

use tipoff_model::Envelope;

/// The longest label in bytes: a path of RFC 5321, section 4.5.3.1.3.
const LABEL_BYTES_MAX: usize = 256;
/// Recipients that are stored by name; of more only their number.
const RECIPIENTS_MAX: usize = 20;

/// The envelope with labels of bounded length and number.
pub(super) fn bounded(envelope: Envelope) -> Envelope {
    let surplus = envelope.recipients.len().saturating_sub(RECIPIENTS_MAX);
    let mut recipients: Vec<String> =
        envelope.recipients.into_iter().take(RECIPIENTS_MAX).map(cut).collect();
    if surplus > 0 {
        recipients.push(format!("{surplus} more"));
    }
    Envelope {
        login: envelope.login.map(cut),
        greeting: envelope.greeting.map(cut),
        sender: cut(envelope.sender),
        recipients,
        ..envelope
    }
}

fn cut(mut label: String) -> String {
    label.truncate(label.floor_char_boundary(LABEL_BYTES_MAX));
    label.shrink_to_fit();
    label
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tipoff_model::Protocol;

    use super::*;

    fn envelope(recipients: usize, label: &str) -> Envelope {
        Envelope {
            protocol: Protocol::Smtp,
            peer: IpAddr::from([127, 0, 0, 1]),
            login: Some(label.to_owned()),
            greeting: Some(label.to_owned()),
            sender: label.to_owned(),
            recipients: vec![label.to_owned(); recipients],
            tls: false,
            path: None,
        }
    }

    #[test]
    fn an_envelope_takes_a_few_kilobytes_whatever_a_device_says() {
        let usual = envelope(RECIPIENTS_MAX, "camera@example.com");
        assert_eq!(bounded(usual.clone()), usual);
        let stored = bounded(envelope(100, &"ä".repeat(1_000)));
        assert_eq!(stored.sender, "ä".repeat(LABEL_BYTES_MAX / 2));
        assert_eq!(stored.recipients.len(), RECIPIENTS_MAX + 1);
        assert_eq!(stored.recipients[RECIPIENTS_MAX], "80 more");
        assert_eq!(stored.login, Some(stored.sender.clone()));
        assert_eq!(stored.greeting, Some(stored.sender));
    }
}
