//! What a sender may make of one row: recipients without end would fill the database.

use tipoff_model::Envelope;

/// Bytes of all recipients of a mail that are kept: a hundred of usual length.
const RECIPIENTS_BYTES_MAX: usize = 8 * 1024;
/// Bytes of what else a device calls itself or a file, each.
const NAME_BYTES_MAX: usize = 1024;

/// Cuts what is longer. Recipients beyond the limit are not kept.
pub(super) fn bound(envelope: &mut Envelope) {
    let Envelope { login, greeting, sender, recipients, .. } = envelope;
    for text in login.iter_mut().chain(greeting.iter_mut()).chain([sender]) {
        cut(text);
    }
    let mut left = RECIPIENTS_BYTES_MAX;
    recipients.iter_mut().for_each(cut);
    recipients.retain(|recipient| {
        let fits = recipient.len() <= left;
        left = if fits { left - recipient.len() } else { 0 };
        fits
    });
}

fn cut(text: &mut String) {
    let end = text.floor_char_boundary(NAME_BYTES_MAX);
    text.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_bounded() {
        let mut envelope = Envelope {
            protocol: tipoff_model::Protocol::Smtp,
            peer: [127, 0, 0, 1].into(),
            login: Some("é".repeat(2_000)),
            greeting: Some("x".repeat(5_000)),
            sender: "camera@example.org".to_owned(),
            recipients: vec!["r".repeat(300); 100],
            tls: false,
            path: None,
        };
        bound(&mut envelope);
        assert_eq!(envelope.recipients.len(), 27);
        assert_eq!(envelope.login.unwrap().len(), NAME_BYTES_MAX);
        assert_eq!(envelope.greeting.unwrap().len(), NAME_BYTES_MAX);
        assert_eq!(envelope.sender, "camera@example.org");
    }
}
