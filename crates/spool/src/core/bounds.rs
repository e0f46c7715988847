//! What a sender may put into one row: recipients without end would fill the database. Pure.

use tipoff_model::Envelope;

/// Bytes of all recipients of a mail that are kept: a hundred of usual length.
const RECIPIENTS_BYTES_MAX: usize = 8 * 1024;
/// Bytes that are kept of each other name that a device sends.
const NAME_BYTES_MAX: usize = 1024;

/// Cuts names that are longer. Recipients beyond the limit are not kept.
pub(crate) fn bound(envelope: &mut Envelope) {
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
            proof: tipoff_model::LoginProof::default(),
        };
        bound(&mut envelope);
        assert_eq!(envelope.recipients.len(), 27);
        assert_eq!(envelope.login.unwrap().len(), NAME_BYTES_MAX);
        assert_eq!(envelope.greeting.unwrap().len(), NAME_BYTES_MAX);
        assert_eq!(envelope.sender, "camera@example.org");
    }
}
