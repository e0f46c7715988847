//! Locks that last until the end of a transaction: what one writer keeps apart in the embedded engine.

use crate::sql::statement::Lock;

/// The bits of the locks of devices: 5 in the upper byte. [`lock_statement`] repeats the number.
const OF_DEVICE: i64 = 5 << 56;

/// The statement that takes a lock, and its value. One for the device of something looks the device up as well.
pub(super) fn lock_statement(lock: Lock<'_>) -> (&'static str, i64) {
    let statement = match lock {
        Lock::Opening
        | Lock::Devices
        | Lock::Accounts
        | Lock::Arrival(_)
        | Lock::Device(_)
        | Lock::AuditLog => "SELECT pg_advisory_xact_lock(?1)",
        Lock::DeviceOfIncident(_) => {
            "SELECT pg_advisory_xact_lock(360287970189639680 | device) FROM incident WHERE id = ?1"
        }
        Lock::DeviceOfArrival(_) => {
            "SELECT pg_advisory_xact_lock(360287970189639680 | device)
             FROM arrival JOIN incident ON incident.id = arrival.incident WHERE arrival.id = ?1"
        }
        Lock::DeviceOfDelivery(_) => {
            "SELECT pg_advisory_xact_lock(360287970189639680 | incident.device)
             FROM delivery JOIN incident ON incident.id = delivery.incident WHERE delivery.id = ?1"
        }
    };
    (statement, number_of(lock))
}

/// The number of a lock. Locks of different kinds never have the same; two arrivals seldom do, and then one waits for
/// the other.
fn number_of(lock: Lock<'_>) -> i64 {
    // The upper byte tells the kinds apart. Numbers of rows never reach it.
    const KIND: u32 = 56;
    match lock {
        Lock::Opening => 1 << KIND,
        Lock::Devices => 2 << KIND,
        Lock::Accounts => 3 << KIND,
        Lock::AuditLog => 6 << KIND,
        Lock::Arrival(blob) => (4 << KIND) | (fnv(blob.as_bytes()) >> 8),
        Lock::Device(id) => OF_DEVICE | id,
        Lock::DeviceOfIncident(id) | Lock::DeviceOfArrival(id) | Lock::DeviceOfDelivery(id) => id,
    }
}

/// FNV-1a with 64 bits: the same in every version of the program.
fn fnv(bytes: &[u8]) -> i64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // The sign would not survive the shift of the caller.
    i64::try_from(hash >> 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_of_different_kinds_have_different_numbers() {
        let locks = [
            Lock::Opening,
            Lock::Devices,
            Lock::Accounts,
            Lock::AuditLog,
            Lock::Device(0),
            Lock::Device(7),
            Lock::Arrival("7"),
            Lock::Arrival("8"),
        ];
        let mut numbers: Vec<i64> = locks.into_iter().map(number_of).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), locks.len());
        assert!(numbers.iter().all(|number| *number > 0), "{numbers:?}");
        let (statement, _) = lock_statement(Lock::DeviceOfDelivery(7));
        assert!(statement.contains(&OF_DEVICE.to_string()));
    }
}
