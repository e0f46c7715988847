//! The buttons below a message: InlineKeyboardMarkup and InlineKeyboardButton of the Bot API.

use serde_json::Value;

use super::ApiError;

/// InlineKeyboardButton: "Data to be sent in a callback query …, 1-64 bytes".
const DATA_BYTES_MAX: usize = 64;
/// What the server takes of one message.
const BUTTONS_MAX: usize = 100;

/// A keyboard as it was sent.
pub(super) fn check(text: &str) -> Result<Value, ApiError> {
    let wrong = |what: &str| ApiError::new(400, &format!("Bad Request: {what}"));
    let keyboard: Value =
        serde_json::from_str(text).map_err(|_| wrong("can't parse reply keyboard markup JSON"))?;
    let rows = keyboard.get("inline_keyboard").and_then(Value::as_array);
    let rows = rows.ok_or_else(|| wrong("object expected as reply markup"))?;
    let mut count = 0;
    for row in rows {
        let row = row.as_array().ok_or_else(|| wrong("inline keyboard row must be an Array"))?;
        if row.is_empty() {
            return Err(wrong("an inline keyboard row is empty"));
        }
        for button in row {
            check_button(button)?;
        }
        count += row.len();
    }
    match count {
        0..=BUTTONS_MAX => Ok(keyboard),
        _ => Err(wrong("reply markup is too long")),
    }
}

fn check_button(button: &Value) -> Result<(), ApiError> {
    let wrong = |what: &str| {
        Err(ApiError::new(400, &format!("Bad Request: can't parse inline keyboard button: {what}")))
    };
    let Some(fields) = button.as_object() else {
        return wrong("InlineKeyboardButton must be an Object");
    };
    if fields.get("text").and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
        return wrong("Field \"text\" must be of type String");
    }
    let url = fields.get("url").map(|url| url.as_str().unwrap_or_default());
    let data = fields.get("callback_data").map(|data| data.as_str().unwrap_or_default());
    if fields.len() != 2 {
        return wrong("exactly one of the optional fields must be used");
    }
    match (url, data) {
        (Some(url), None) if !is_linkable(url) => Err(ApiError::new(
            400,
            &format!("Bad Request: inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"),
        )),
        (None, Some(data)) if !(1..=DATA_BYTES_MAX).contains(&data.len()) => {
            Err(ApiError::new(400, "Bad Request: BUTTON_DATA_INVALID"))
        }
        (Some(_), None) | (None, Some(_)) => Ok(()),
        _ => wrong("Text buttons are unallowed in the inline keyboard"),
    }
}

/// As the server's own library checks it: a host without a dot is refused.
fn is_linkable(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| host.contains('.') || host.starts_with('['))
}

/// All buttons of a keyboard.
pub(super) fn buttons(keyboard: &Value) -> impl Iterator<Item = &Value> {
    let rows = keyboard.get("inline_keyboard").and_then(Value::as_array);
    rows.into_iter().flatten().filter_map(Value::as_array).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keyboards_of_the_documentation_are_taken() {
        let of = |button: &str| check(&format!("{{\"inline_keyboard\":[[{button}]]}}"));
        let data =
            |length| format!("{{\"text\":\"a\",\"callback_data\":\"{}\"}}", "d".repeat(length));
        assert!(of(&data(64)).is_ok() && of(&data(1)).is_ok());
        assert!(of(&data(65)).is_err() && of(&data(0)).is_err());
        assert!(of(r#"{"text":"a","url":"http://10.0.0.1:8080/x"}"#).is_ok());
        for wrong in [
            r#"{"text":"a","url":"http://nas:8080/"}"#,
            r#"{"text":"a","url":"ftp://a.example/"}"#,
            r#"{"text":"","callback_data":"x"}"#,
            r#"{"text":"a"}"#,
            r#"{"text":"a","callback_data":"x","url":"http://a.example/"}"#,
            "[]",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(check("{}").is_err() && check("{\"inline_keyboard\":[[]]}").is_err());
    }
}
