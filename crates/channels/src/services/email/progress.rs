//! Which mails of an alert each recipient already has, so that nobody gets a mail twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use lettre::Address;
use tipoff_model::Alert;

use super::compose;
use super::header::Mailbox;
use crate::Context;

/// Key of the first memory slot. The others have a number behind it.
const SENT_MEMORY: &str = "sent";
/// Number of alerts whose progress is stored. Each waits for a recipient, for a day at most. Beyond the limit, a new
/// alert takes the slot of another one.
const SLOTS_MAX: usize = 256;

/// The memory slots of a channel. They are used in turn, so that a slot does not go to another alert while the
/// end of the alert before it is still being stored.
#[derive(Debug, Default)]
pub(super) struct MemorySlots(AtomicUsize);

impl MemorySlots {
    /// A slot that is free. If all are taken, another alert's slot.
    fn next(&self, memory: &[(String, String)]) -> String {
        let next = || name(self.0.fetch_add(1, Ordering::Relaxed) % SLOTS_MAX);
        let is_free = |slot: &String| !memory.iter().any(|(key, it)| key == slot && !it.is_empty());
        (0..SLOTS_MAX).map(|_| next()).find(is_free).unwrap_or_else(next)
    }
}

/// The memory key of a slot.
fn name(number: usize) -> String {
    match number {
        0 => SENT_MEMORY.to_owned(),
        number => format!("{SENT_MEMORY} {number}"),
    }
}

/// Whether a memory key is that of a slot.
fn is_slot(key: &str) -> bool {
    key.strip_prefix(SENT_MEMORY).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// The stored progress of an alert that some recipients do not have yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Its slot. `None` before it is stored.
    slot: Option<String>,
    /// Number of the next mail.
    number: usize,
    /// Recipients who already have that mail.
    served: Vec<String>,
}

impl Progress {
    /// The stored progress of the context's alert; a new one if there is none.
    pub(super) fn read(context: &Context<'_>) -> Self {
        let key = compose::key(context.alert);
        let of_key = |(name, value): &(String, String)| {
            let mut words = value.split(' ');
            let is_it = is_slot(name) && words.next() == Some(&key);
            let number = words.next().and_then(|word| word.parse().ok()).filter(|_| is_it)?;
            let served = words.map(str::to_owned).collect();
            Some(Self { slot: Some(name.clone()), number, served })
        };
        context.memory.iter().find_map(of_key).unwrap_or_default()
    }

    /// The pair to store, in a new slot if the alert has none.
    pub(super) fn write(&mut self, context: &Context<'_>, slots: &MemorySlots) -> (String, String) {
        let slot = self.slot.get_or_insert_with(|| slots.next(context.memory));
        (slot.clone(), write(context.alert, self.number, &self.served))
    }

    /// Clears the slot: all recipients have all mails, or were refused for good.
    pub(super) fn end(self) -> Vec<(String, String)> {
        self.slot.map(|slot| (slot, String::new())).into_iter().collect()
    }

    /// Recipients who do not have mail `number`.
    pub(super) fn missing(&self, number: usize, to: &[Mailbox]) -> Vec<Address> {
        let has = |address: &Address| match number.cmp(&self.number) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => self.served.contains(&address.to_string()),
            std::cmp::Ordering::Greater => false,
        };
        to.iter().map(|it| it.address.clone()).filter(|address| !has(address)).collect()
    }

    /// Mail `number` was sent to these recipients.
    pub(super) fn note(&mut self, number: usize, served: &[Address]) {
        if self.number != number {
            (self.number, self.served) = (number, Vec::new());
        }
        self.served.extend(served.iter().map(Address::to_string));
    }

    /// Mail `number` needs no further attempt.
    pub(super) fn done(&mut self, number: usize) {
        (self.number, self.served) = (number.saturating_add(1), Vec::new());
    }
}

/// The value of a slot: the alert's key, the number of the mail and the recipients, with spaces in between.
fn write(alert: &Alert, number: usize, served: &[String]) -> String {
    let head = format!("{} {number}", compose::key(alert));
    served.iter().fold(head, |value, address| format!("{value} {address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_that_wait_at_once_have_places_of_their_own() {
        let slots = MemorySlots::default();
        let mut memory: Vec<(String, String)> = Vec::new();
        for number in 0..SLOTS_MAX {
            let slot = slots.next(&memory);
            assert!(is_slot(&slot) && memory.iter().all(|(key, _)| *key != slot));
            memory.push((slot, format!("key-{number} 0 me@example.org")));
        }
        // After a restart the places are still taken; what ended makes room.
        let slots = MemorySlots::default();
        memory[7].1.clear();
        assert_eq!(slots.next(&memory), "sent 7");
        assert!(is_slot(&slots.next(&memory)), "one in the place of another");
        assert!(!is_slot("sentence"));
    }
}
