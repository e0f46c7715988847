//! Extras: settings beside the text of a message, such as buttons, a priority or a sound. If the service refuses an
//! extra, the alert is sent without it, and the receipt says what the owner has to correct.

use tipoff_model::Verdict;

/// The extras that a message is sent without, and the service's reason.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// Keys of the settings, in the order in which they were left out.
    left_out: Vec<&'static str>,
    /// The service's words at the first refusal.
    said: String,
}

impl Extras {
    /// Whether the message still has the extra of the setting `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        !self.left_out.contains(&key)
    }

    /// The extras among `keys` that the message still has. `is_set` tells whether the channel or the alert sets one.
    pub(crate) fn present(
        &self,
        keys: &[&'static str],
        is_set: impl Fn(&str) -> bool,
    ) -> Vec<&'static str> {
        keys.iter().copied().filter(|key| is_set(key) && self.has(key)).collect()
    }

    /// Leaves out the extras of these settings, which the service refused with the words `said`. Returns whether
    /// any of them was still there: then the message is worth sending again.
    pub(crate) fn leave_out(&mut self, keys: &[&'static str], said: &str) -> bool {
        let before = self.left_out.len();
        for key in keys {
            if !self.left_out.contains(key) {
                self.left_out.push(key);
            }
        }
        let is_other = self.left_out.len() > before;
        if is_other && self.said.is_empty() {
            self.said = said.to_owned();
        }
        is_other
    }

    /// The verdict; if the message was accepted without extras, it names them.
    pub(crate) fn into_verdict(self, service: &str, mut verdict: Verdict) -> Verdict {
        if let (Verdict::Delivered(receipt), false) = (&mut verdict, self.left_out.is_empty()) {
            let keys: Vec<String> = self.left_out.iter().map(|key| format!("`{key}`")).collect();
            let (keys, said) = (keys.join(", "), self.said);
            receipt.repair = Some(format!(
                "sent without {keys}, which {service} did not take ({said}): correct it"
            ));
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::Receipt;

    use super::*;

    #[test]
    fn a_receipt_names_the_extras_left_out_and_the_first_reason() {
        let delivered = || Verdict::Delivered(Receipt::default());
        assert_eq!(Extras::default().into_verdict("Pigeon", delivered()), delivered());
        let mut extras = Extras::default();
        assert!(extras.has("sound"));
        assert!(extras.leave_out(&["sound"], "no such sound"));
        assert!(!extras.leave_out(&["sound"], "no such sound"));
        assert!(extras.leave_out(&["sound", "priority"], "odd"));
        assert!(!extras.has("sound") && !extras.has("priority"));
        let Verdict::Delivered(receipt) = extras.into_verdict("Pigeon", delivered()) else {
            panic!("it was delivered")
        };
        let told = "sent without `sound`, `priority`, which Pigeon did not take (no such sound): correct it";
        assert_eq!(receipt.repair.as_deref(), Some(told));
    }
}
