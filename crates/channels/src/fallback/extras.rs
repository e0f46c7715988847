//! What is set beside the words of a message, such as buttons, a priority or a sound: where a service does not
//! take it, the alert goes without it, and its owner is told what to correct. Knows no service.

use tipoff_model::Verdict;

/// What a message is sent without, and what the service said of it.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    left_out: Vec<&'static str>,
    said: String,
}

impl Extras {
    /// Whether the message has what is set under `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        !self.left_out.contains(&key)
    }

    /// Leaves out what is set under these keys, of which the service said this. Whether it was there before: then
    /// the message may be taken now.
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

    /// A verdict that says what was left out, where the message was taken without it.
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
    fn what_is_left_out_is_told_once_with_what_the_service_said_first() {
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
