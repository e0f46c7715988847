//! Users and passwords for devices that people add: such as any camera takes.

use axum::http::StatusCode;

use super::problem::Problem;
use super::reader_language::text;

/// Letters and digits that nobody takes for another, and that every camera's field takes.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789W";
/// Some cameras cut what is longer than 16; 12 of 32 characters are 60 random bits.
const PASSWORD_CHARS: usize = 12;
/// Some cameras take no longer user.
const USER_CHARS_MAX: usize = 12;
/// How many users are tried for devices of one name.
const TRIES: u32 = 99;

/// A new password.
pub(super) fn password() -> Result<String, Problem> {
    let mut random = [0_u8; PASSWORD_CHARS];
    getrandom::fill(&mut random).map_err(|error| {
        tracing::error!(%error, "Could not get random numbers.");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, text("problem-no-random").to_string())
    })?;
    let character = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'x');
    Ok(random.iter().map(|byte| char::from(character(byte))).collect())
}

/// A character in Latin letters. German umlauts are spelled with two letters (DIN 5007-2), unlike in other languages.
fn latin(character: char) -> &'static str {
    match character {
        'ä' | 'Ä' => "ae",
        'ö' | 'Ö' => "oe",
        'ü' | 'Ü' => "ue",
        _ => any_ascii::any_ascii_char(character),
    }
}

/// Users for a device of this name, the best first. Cameras take Latin letters and digits only.
pub(super) fn users(name: &str) -> impl Iterator<Item = String> + use<> {
    let spelled: String = name.chars().map(latin).collect();
    let letters = spelled.chars().filter(char::is_ascii_alphanumeric);
    let plain: String =
        letters.map(|letter| letter.to_ascii_lowercase()).take(USER_CHARS_MAX - 2).collect();
    let stem = if plain.is_empty() { "camera".to_owned() } else { plain };
    (1..=TRIES).map(move |number| match number {
        1 => stem.clone(),
        _ => format!("{stem}{number}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_short_and_plain() {
        for (name, user) in [
            ("Front yard", "frontyard"),
            ("Überwachung hinten links", "ueberwachu"),
            ("Küche", "kueche"),
            ("Garçonnière", "garconnier"),
            ("Straße", "strasse"),
            ("前门", "qianmen"),
            ("Гараж", "garazh"),
            ("🚪", "door"),
            ("…", "camera"),
        ] {
            assert_eq!(users(name).next().as_deref(), Some(user));
        }
        assert!(users("Front yard at the house").all(|user| user.len() <= USER_CHARS_MAX));
        assert_eq!(users("x").nth(1).as_deref(), Some("x2"));
    }

    #[test]
    fn passwords_are_new_and_of_the_alphabet() {
        let (first, second) = (password().unwrap(), password().unwrap());
        assert_ne!(first, second);
        assert_eq!(first.len(), PASSWORD_CHARS);
        assert!(first.bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
