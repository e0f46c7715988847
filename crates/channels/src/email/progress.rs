//! How far an alert got whose mails not everybody has yet: so that nobody gets one twice.

use lettre::Address;
use tipoff_model::Alert;

use super::compose;
use super::header::Mailbox;
use crate::Context;

/// Under which it is remembered.
const SENT_MEMORY: &str = "sent";

/// How far an alert got that some recipients are still to be sent: as it is remembered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number of the mail that is next.
    number: usize,
    /// Who has got that one already.
    served: Vec<String>,
}

impl Progress {
    /// What is remembered of another alert is of no use.
    pub(super) fn read(context: &Context<'_>) -> Self {
        let key = compose::key(context.alert);
        let of_key = |(name, value): &(String, String)| {
            let mut words = value.split(' ');
            let is_it = name == SENT_MEMORY && words.next() == Some(&key);
            let number = words.next().and_then(|word| word.parse().ok()).filter(|_| is_it)?;
            Some(Self { number, served: words.map(str::to_owned).collect() })
        };
        context.memory.iter().find_map(of_key).unwrap_or_default()
    }

    pub(super) fn write(&self, alert: &Alert) -> (String, String) {
        let mut value = format!("{} {}", compose::key(alert), self.number);
        for address in &self.served {
            value = format!("{value} {address}");
        }
        (SENT_MEMORY.to_owned(), value)
    }

    /// Who has not got mail `number`.
    pub(super) fn missing(&self, number: usize, to: &[Mailbox]) -> Vec<Address> {
        let has = |address: &Address| match number.cmp(&self.number) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => self.served.contains(&address.to_string()),
            std::cmp::Ordering::Greater => false,
        };
        to.iter().map(|it| it.address.clone()).filter(|address| !has(address)).collect()
    }

    pub(super) fn note(&mut self, number: usize, served: &[Address]) {
        if self.number != number {
            *self = Self { number, served: Vec::new() };
        }
        self.served.extend(served.iter().map(Address::to_string));
    }

    pub(super) fn done(&mut self, number: usize) {
        *self = Self { number: number.saturating_add(1), served: Vec::new() };
    }
}
