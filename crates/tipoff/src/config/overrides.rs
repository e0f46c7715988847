//! Settings that the command line and the environment give in place of the file: the data folder, and the addresses to listen on.
//!
//! The command line goes before the environment, and both before the file. A fault names the option or variable.

use std::net::SocketAddr;

use toml::Spanned;

use super::fault::Fault;
use super::mask::Span;
use super::reading::{Overrides, Reading};

/// A section whose `listen` can be overridden.
#[derive(Clone, Copy, Debug)]
pub(super) enum Listening {
    Smtp,
    Ftp,
    Http,
}

/// The word for no port at all.
pub(super) const OFF: &str = "off";

impl Listening {
    /// The option and the variable.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Smtp => ("--smtp-listen", "TIPOFF_SMTP_LISTEN"),
            Self::Ftp => ("--ftp-listen", "TIPOFF_FTP_LISTEN"),
            Self::Http => ("--http-listen", "TIPOFF_HTTP_LISTEN"),
        }
    }

    fn option(self, overrides: &Overrides) -> &[String] {
        match self {
            Self::Smtp => &overrides.smtp_listen,
            Self::Ftp => &overrides.ftp_listen,
            Self::Http => &overrides.http_listen,
        }
    }
}

/// The source of an address to listen on.
#[derive(Clone, Debug)]
pub(super) enum NamedBy {
    /// The file, at this place.
    File(Span),
    /// Nobody: it is the default.
    Default,
    /// This option or variable.
    Override(&'static str),
}

/// A listener, and what names its address.
#[derive(Clone, Debug)]
pub(super) struct Named<T> {
    pub(super) listener: T,
    pub(super) by: NamedBy,
}

impl<T> Named<T> {
    /// The address alone, for the check that no two listeners want one port.
    pub(super) fn at(&self, address: SocketAddr) -> Named<SocketAddr> {
        Named { listener: address, by: self.by.clone() }
    }
}

/// The listeners of a section: those of an override, else those of the file. A default has an empty span.
pub(super) fn listeners<T>(
    reading: &Reading<'_>,
    section: Listening,
    of_file: Vec<Spanned<T>>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<Named<T>> {
    let of_file = of_file.into_iter().map(|it| {
        let by = if it.span().is_empty() { NamedBy::Default } else { NamedBy::File(it.span()) };
        Named { listener: it.into_inner(), by }
    });
    let Some((name, texts)) = given(reading, section) else {
        return of_file.collect();
    };
    let read_one = |text: &String| match parse(text) {
        Ok(listener) => Some(Named { listener, by: NamedBy::Override(name) }),
        Err(reason) => {
            reading.fault(Fault::new(format!("`{name}`: \"{text}\" is no address: {reason}")));
            None
        }
    };
    texts.iter().filter_map(read_one).collect()
}

/// The override of a section with its name: the option, else the variable.
fn given(reading: &Reading<'_>, section: Listening) -> Option<(&'static str, Vec<String>)> {
    let (option, variable) = section.names();
    let texts = section.option(reading.overrides());
    if !texts.is_empty() {
        return Some((option, texts.iter().map(|text| text.trim().to_owned()).collect()));
    }
    let value = reading.variable(variable)?;
    Some((variable, value.split(',').map(|text| text.trim().to_owned()).collect()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, Faults};
    use super::*;

    const FILE: &str = "smtp.listen = \"127.0.0.1:1\"\nhttp.listen = \"127.0.0.1:2\"\n";

    fn parse(overrides: &Overrides, variables: &[(&str, &str)]) -> Result<Config, Faults> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, it)| (*it).to_owned())
        };
        Config::parse(Some(Path::new("t.toml").into()), FILE, Some(overrides), &variable)
    }

    fn smtp(texts: &[&str]) -> Overrides {
        let smtp_listen = texts.iter().map(|text| (*text).to_owned()).collect();
        Overrides { smtp_listen, ..Overrides::default() }
    }

    fn ports(config: &Config) -> Vec<u16> {
        config.smtp.listen.iter().map(|it| it.at.address.port()).collect()
    }

    #[test]
    fn an_option_goes_before_a_variable_and_both_before_the_file() {
        let variables = [("TIPOFF_SMTP_LISTEN", "0.0.0.0:25, smtps://0.0.0.0:465")];
        let none = Overrides::default();
        assert_eq!(ports(&parse(&none, &[]).unwrap()), [1]);
        let of_variable = parse(&none, &variables).unwrap();
        assert_eq!(ports(&of_variable), [25, 465]);
        assert!(of_variable.smtp.listen[1].at.tls);
        assert_eq!(ports(&parse(&smtp(&["0.0.0.0:26"]), &variables).unwrap()), [26]);
        assert_eq!(ports(&parse(&none, &[("TIPOFF_SMTP_LISTEN", "")]).unwrap()), [1], "unset");
    }

    #[test]
    fn off_closes_the_ports_of_ftp_and_http() {
        let off = [("TIPOFF_FTP_LISTEN", "off"), ("TIPOFF_HTTP_LISTEN", "off")];
        let config = parse(&Overrides::default(), &off).unwrap();
        assert!(config.ftp.listen.is_empty() && config.http.listen.is_none());
        let faults = parse(&smtp(&["off"]), &[]).unwrap_err().to_string();
        assert!(faults.contains("--smtp-listen"), "{faults}");
    }

    #[test]
    fn a_fault_names_the_option_or_the_variable() {
        let fault = |overrides: &Overrides, variables: &[(&str, &str)]| {
            parse(overrides, variables).unwrap_err().to_string()
        };
        let wrong = fault(&smtp(&["localhost:25"]), &[]);
        assert!(wrong.contains("`--smtp-listen`: \"localhost:25\" is no address"), "{wrong}");
        let none = Overrides::default();
        let wrong = fault(&none, &[("TIPOFF_FTP_LISTEN", "21")]);
        assert!(wrong.contains("`TIPOFF_FTP_LISTEN`") && wrong.contains("0.0.0.0:21"), "{wrong}");
        let twice = fault(&smtp(&["127.0.0.1:2"]), &[]);
        assert!(twice.contains("two listeners want port 2"), "{twice}");
        assert!(twice.contains("t.toml:2") && twice.contains("--smtp-listen"), "{twice}");
        let both = fault(&smtp(&["127.0.0.1:9"]), &[("TIPOFF_HTTP_LISTEN", "127.0.0.1:9")]);
        assert!(both.contains("`--smtp-listen` and `TIPOFF_HTTP_LISTEN`"), "{both}");
        let several = fault(&none, &[("TIPOFF_HTTP_LISTEN", "0.0.0.0:1,0.0.0.0:2")]);
        assert!(several.contains("only one address"), "{several}");
    }

    #[test]
    fn the_clash_of_an_address_that_is_overridden_is_no_fault() {
        let source = "smtp.listen = \"127.0.0.1:2\"\nhttp.listen = \"127.0.0.1:2\"\n";
        let parse = |it| Config::parse(None, source, it, &|_| None);
        assert!(parse(None).is_err());
        assert!(parse(Some(&smtp(&["127.0.0.1:3"]))).is_ok());
    }
}
