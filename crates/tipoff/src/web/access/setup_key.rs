//! The key of the link that sets the first password: good for an hour, and once.

use std::net::IpAddr;
use std::time::Duration;

use subtle::ConstantTimeEq;
use tipoff_model::Timestamp;
use tipoff_spool::Spool;

use super::{Access, AccessError, digest, secret};

/// How long a link that sets the password can be used.
pub(crate) const SETUP_LASTS: Duration = Duration::from_secs(60 * 60);

impl Access {
    /// Whether this is the key of the latest link, unused and not expired.
    pub(super) async fn is_setup_key(&self, key: &str) -> Result<bool, AccessError> {
        let Some((expected, expires_at)) = self.0.spool.setup_key().await? else {
            return Ok(false);
        };
        // By a clock that was set back it would last longer than it was meant to.
        let left = expires_at.since(self.now());
        let in_time = !left.is_zero() && left <= SETUP_LASTS;
        Ok(in_time && bool::from(expected.ct_eq(&digest(key))))
    }

    /// Uses up the key; an error if it is of no use.
    pub(super) async fn take_setup_key(&self, key: &str, peer: IpAddr) -> Result<(), AccessError> {
        // Nobody guesses 256 random bits: the right key is taken whatever others try, at whichever address.
        if self.is_setup_key(key).await? && self.0.spool.take_setup_key(digest(key)).await? {
            return Ok(());
        }
        self.wrong_token(key, peer)?;
        Err(AccessError::NoKey)
    }
}

/// Makes the key that sets the password once within [`SETUP_LASTS`].
pub(crate) async fn make_setup_key(
    spool: &dyn Spool,
    now: Timestamp,
) -> Result<String, AccessError> {
    let key = secret()?;
    spool.set_setup_key(digest(&key), now.after(SETUP_LASTS)).await?;
    Ok(key)
}
