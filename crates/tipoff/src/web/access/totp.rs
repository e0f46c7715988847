//! One-time codes: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 s, which every authenticator app supports.
//!
//! A code works once: the spool stores the last step, and refuses it and older ones. Wrong codes are limited for each user,
//! not for each address, because an attacker who gets here knows the password and may have many addresses.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
use subtle::ConstantTimeEq;
use tipoff_model::Timestamp;
use tipoff_spool::{Digest, User, UserId};

use super::users::attempt_key;
use super::{Access, AccessError, LoginSource, NewLogin, OwnAccount, digest};
use crate::runtime::lock::lock;

/// Seconds that a code is shown (RFC 6238, section 4.1).
const STEP_S: i64 = 30;
/// Steps before and after the present one that are taken, for clocks that differ (section 5.2).
const STEPS_AROUND: i64 = 1;
/// Digits of a code.
const DIGITS: usize = 6;
/// 10 to the power of [`DIGITS`].
const MODULUS: u32 = 1_000_000;
/// Bytes of a secret: as many as SHA-1 gives (RFC 4226, section 4, R6).
const SECRET_BYTES: usize = 20;
/// Recovery codes made with a secret.
const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code: 80 bits.
const RECOVERY_BYTES: usize = 10;
/// Seconds in which the code must follow the right password.
const TICKET_S: i64 = 300;
/// Maximum number of wrong codes of one user in [`CODES_PERIOD`], from all addresses.
const CODES_MAX: u32 = 10;
const CODES_PERIOD: Duration = Duration::from_secs(15 * 60);

/// What a user types into an authenticator app.
#[derive(Debug)]
pub(crate) struct Enrolment {
    /// The secret in base32.
    pub(crate) secret: String,
    /// The same as an `otpauth:` URI.
    pub(crate) uri: String,
}

/// Wrong codes of each user, counted apart for known browsers: somebody who knows only the password keeps nobody out who
/// has logged in before. At most two entries for each user with codes.
#[derive(Default)]
pub(super) struct CodeAttempts(Mutex<HashMap<(UserId, bool), (u32, Instant)>>);

impl CodeAttempts {
    /// Counts an attempt before it is checked. The error is the number of seconds to wait.
    fn count(&self, user: UserId, is_known: bool, now: Instant) -> Result<(), u64> {
        let mut table = lock(&self.0);
        let (count, since) = table.entry((user, is_known)).or_insert((0, now));
        let age = now.saturating_duration_since(*since);
        if age >= CODES_PERIOD {
            (*count, *since) = (0, now);
        }
        if *count >= CODES_MAX {
            return Err(CODES_PERIOD.saturating_sub(age).as_secs() + 1);
        }
        *count += 1;
        Ok(())
    }

    /// Forgets the attempts after a right code.
    fn succeeded(&self, user: UserId, is_known: bool) {
        lock(&self.0).remove(&(user, is_known));
    }
}

impl Access {
    /// Signed proof that the password was right. It expires, and is void once the password changes.
    pub(super) fn ticket(&self, user: &User) -> String {
        self.ticket_until(user, self.now().as_ms() / 1000 + TICKET_S)
    }

    fn ticket_until(&self, user: &User, until_s: i64) -> String {
        let hash = user.password.as_deref().unwrap_or_default();
        let id = user.id.0;
        format!("{id}.{until_s}.{}", self.sign(&format!("code/{id}/{until_s}/{hash}")))
    }

    /// Logs in with the code that follows a right password.
    pub(super) async fn enter_code(
        &self,
        ticket: &str,
        code: &str,
        source: &LoginSource,
    ) -> Result<NewLogin, AccessError> {
        let user = self.user_of(ticket).await?.ok_or(AccessError::Expired)?;
        self.check_code(&user, code, source).await?;
        self.begin_login(&user, source).await
    }

    /// The user of a valid ticket.
    async fn user_of(&self, ticket: &str) -> Result<Option<User>, AccessError> {
        let mut parts = ticket.splitn(3, '.').map(str::parse::<i64>);
        let (Some(Ok(id)), Some(Ok(until_s))) = (parts.next(), parts.next()) else {
            return Ok(None);
        };
        let users = self.0.spool.users().await?;
        let Some(user) = users.into_iter().find(|user| user.id == UserId(id)) else {
            return Ok(None);
        };
        let expected = self.ticket_until(&user, until_s);
        let is_ours: bool = expected.as_bytes().ct_eq(ticket.as_bytes()).into();
        Ok((is_ours && self.now().as_ms() / 1000 < until_s).then_some(user))
    }

    /// Uses up a one-time code, or a recovery code.
    async fn check_code(
        &self,
        user: &User,
        code: &str,
        source: &LoginSource,
    ) -> Result<(), AccessError> {
        // Whoever logged in meanwhile without codes needs none.
        let Some(secret) = &user.totp else {
            return Ok(());
        };
        // The ticket shows that the password was right: what others guess at the address does not count here.
        let is_known = self.known_browser(user, source).is_some();
        self.0.codes.count(user.id, is_known, Instant::now()).map_err(AccessError::TooMany)?;
        let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        let is_right = match step_of(secret, &code, self.now()) {
            Some(step) => self.0.spool.use_totp_step(user.id, step).await?,
            None if code.len() > DIGITS => {
                self.0.spool.use_recovery_code(user.id, recovery_digest(user.id, &code)).await?
            }
            None => false,
        };
        if !is_right {
            self.report_wrong(source.address);
            tracing::warn!(peer = %source.address, user = %user.name, "A one-time code was wrong.");
            return Err(AccessError::WrongCode);
        }
        self.0.codes.succeeded(user.id, is_known);
        Ok(())
    }

    /// Makes a secret for one-time codes, which has no effect until a code confirms it. Asks for the password: a stolen login
    /// must not lock its owner out.
    pub(crate) async fn begin_totp(
        &self,
        account: &OwnAccount,
        password: &str,
    ) -> Result<Enrolment, AccessError> {
        let user = self.check_password(account, password).await?;
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(super::machine)?;
        self.0.spool.begin_totp(user.id, secret.to_vec()).await?;
        let secret = base32(&secret);
        let name = tipoff_model::percent_encoded(&user.name);
        let uri = format!(
            "otpauth://totp/Tipoff:{name}?secret={secret}&issuer=Tipoff&algorithm=SHA1&digits=6&period=30"
        );
        Ok(Enrolment { secret, uri })
    }

    /// Confirms the secret with a code. Returns the recovery codes, which are stored as digests only.
    pub(crate) async fn confirm_totp(
        &self,
        account: &OwnAccount,
        code: &str,
    ) -> Result<Vec<String>, AccessError> {
        let user = self.user(account.user).await?;
        let secret = user.totp_pending.as_deref().ok_or(AccessError::NothingPending)?;
        let attempt = self.own_attempt(&attempt_key(account), &account.source)?;
        let code: String = code.chars().filter(char::is_ascii_digit).collect();
        let Some(step) = step_of(secret, &code, self.now()) else {
            self.report_wrong(account.source.address);
            return Err(AccessError::WrongCode);
        };
        attempt.succeeded();
        let codes: Vec<String> =
            (0..RECOVERY_CODES).map(|_| recovery_code()).collect::<Result<_, _>>()?;
        let digests =
            codes.iter().map(|code| recovery_digest(user.id, &code.replace('-', ""))).collect();
        if !self.0.spool.confirm_totp(user.id, step, digests).await? {
            return Err(AccessError::NothingPending);
        }
        Ok(codes)
    }

    /// Turns one-time codes off.
    pub(crate) async fn end_totp(
        &self,
        account: &OwnAccount,
        password: &str,
    ) -> Result<(), AccessError> {
        let user = self.check_password(account, password).await?;
        self.0.spool.end_totp(user.id).await?;
        Ok(())
    }
}

/// The step whose code this is, near `now`. All steps are compared, so the time of the answer does not depend on the code.
fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let present = now.as_ms() / 1000 / STEP_S;
    let steps = present - STEPS_AROUND..=present + STEPS_AROUND;
    let mut found = None;
    for step in steps {
        if bool::from(code_at(secret, step).as_bytes().ct_eq(code.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

/// The code of a step (RFC 4226, section 5.3).
fn code_at(secret: &[u8], step: i64) -> String {
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or_default() & 0xf);
    let picked = bytes.iter().skip(offset).take(4);
    let number = picked.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    format!("{:0width$}", (number & 0x7fff_ffff) % MODULUS, width = DIGITS)
}

/// A recovery code such as `abcd-efgh-ijkl-mnop`.
fn recovery_code() -> Result<String, AccessError> {
    let mut random = [0; RECOVERY_BYTES];
    getrandom::fill(&mut random).map_err(super::machine)?;
    let text = base32(&random).to_ascii_lowercase();
    let groups: Vec<&str> =
        (0..text.len()).step_by(4).filter_map(|at| text.get(at..text.len().min(at + 4))).collect();
    Ok(groups.join("-"))
}

/// The digest of a recovery code. 80 random bits need no slow hash; the user is part of it, so that equal codes differ.
fn recovery_digest(user: UserId, code: &str) -> Digest {
    digest(&format!("recovery/{}/{}", user.0, code.to_ascii_lowercase()))
}

/// Base32 without padding (RFC 4648, section 6).
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut buffer, mut bits) = (String::new(), 0_u32, 0);
    let mut put = |five: u32| {
        let letter = ALPHABET.get((five & 31) as usize).copied().unwrap_or(b'A');
        text.push(char::from(letter));
    };
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            put(buffer >> bits);
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        put(buffer << (5 - bits));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC_SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(seconds * 1000)
    }

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(RFC_SECRET, seconds / STEP_S), code, "{seconds}");
            for (off, taken) in [(0, true), (-30, true), (30, true), (-90, false), (90, false)] {
                let found = step_of(RFC_SECRET, code, at(seconds + off));
                assert_eq!(found == Some(seconds / STEP_S), taken, "{seconds} {off}");
            }
        }
        assert_eq!(step_of(RFC_SECRET, "", at(59)), None);
        assert_eq!(step_of(RFC_SECRET, "2870820", at(59)), None);
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_is_that_of_the_rfc() {
        for (text, expected) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(text.as_bytes()), expected);
        }
        assert_eq!(recovery_code().unwrap().len(), 19);
    }

    #[test]
    fn ten_wrong_codes_close_the_door_for_a_while_from_wherever_they_come() {
        let (attempts, now) = (CodeAttempts::default(), Instant::now());
        for _ in 0..CODES_MAX {
            assert_eq!(attempts.count(UserId(1), false, now), Ok(()));
        }
        assert_eq!(attempts.count(UserId(1), false, now), Err(CODES_PERIOD.as_secs() + 1));
        assert_eq!(attempts.count(UserId(2), false, now), Ok(()));
        assert_eq!(
            attempts.count(UserId(1), true, now),
            Ok(()),
            "who was in before is not kept out"
        );
        assert_eq!(attempts.count(UserId(1), false, now + CODES_PERIOD), Ok(()));
    }
}
