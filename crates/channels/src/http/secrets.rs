//! Secrets of a channel, such as tokens and webhook addresses. An error text may quote an address or an answer, so
//! every text that a person may read passes [`Secrets::hide`] first.

use reqwest::Url;

use crate::words::{self, EXCERPT_UTF16_MAX};

/// Values that must never be shown. They are replaced in every error text.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Hides `secret` from now on.
    pub(crate) fn add(&mut self, secret: &str) {
        if !secret.is_empty() {
            self.0.push(secret.to_owned());
            // A secret that contains another one is replaced first, or a part of it would stay.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// Hides a value that may be a secret, unless it is too short to be one.
    pub(crate) fn add_value(&mut self, value: &str) {
        /// Shorter ones are words ("api", "v1", "json") that would turn an error into a riddle.
        const VALUE_BYTES_MIN: usize = 6;
        if value.len() >= VALUE_BYTES_MIN {
            self.add(value);
        }
    }

    /// Hides all parts of `url` that may be secrets: everything but the host.
    pub(crate) fn add_url(&mut self, url: &Url) {
        url.path().split('/').chain(url.query()).for_each(|part| self.add_value(part));
        url.query_pairs().for_each(|(_, value)| self.add_value(&value));
        self.add_login(url);
    }

    /// Those of the user and password in `url`.
    pub(crate) fn of_login(url: &Url) -> Self {
        let mut secrets = Self::default();
        secrets.add_login(url);
        secrets
    }

    /// Hides the user and the password in `url`.
    pub(crate) fn add_login(&mut self, url: &Url) {
        self.add(url.username());
        self.add(url.password().unwrap_or_default());
    }

    /// The beginning of `text` on one line, without secrets: a quotation in an error text, which is never empty. Secrets are
    /// replaced before the text is cut, or the beginning of one would stay.
    pub(crate) fn excerpt(&self, text: &str) -> String {
        match words::excerpt(&self.hide(text), EXCERPT_UTF16_MAX) {
            quoted if quoted.is_empty() => "no reason given".to_owned(),
            quoted => quoted,
        }
    }

    /// `text` without secrets.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "[hidden]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_an_address_but_its_host_is_hidden() {
        let url = "https://me:passphrase@example.org/api/services/T0PS3CRET?key=k3yk3yk3y&x=1";
        let mut secrets = Secrets::default();
        secrets.add_url(&Url::parse(url).unwrap());
        let hidden = secrets.hide(&format!("{url} and T0PS3CRET, k3yk3yk3y, passphrase"));
        for secret in ["passphrase", "T0PS3CRET", "k3yk3yk3y", "me:"] {
            assert!(!hidden.contains(secret), "{secret} in {hidden}");
        }
        assert!(hidden.contains("example.org/api/"), "{hidden}");
    }

    #[test]
    fn an_error_says_that_no_reason_is_given() {
        assert_eq!(Secrets::default().excerpt(" \r\n"), "no reason given");
    }

    #[test]
    fn a_secret_where_a_quotation_is_cut_leaves_nothing() {
        let mut secrets = Secrets::default();
        secrets.add("S3CRET");
        for before in EXCERPT_UTF16_MAX - 8..=EXCERPT_UTF16_MAX {
            let quoted = secrets.excerpt(&format!("{}S3CRET {0}", "x".repeat(before)));
            assert!(!quoted.contains('S') && quoted.ends_with('…'), "{quoted}");
        }
    }

    #[test]
    fn a_secret_within_a_secret_leaves_nothing() {
        let mut secrets = Secrets::default();
        secrets.add("abc");
        secrets.add("123:abc");
        secrets.add("");
        assert_eq!(secrets.hide("123:abc abc x"), "[hidden] [hidden] x");
    }
}
