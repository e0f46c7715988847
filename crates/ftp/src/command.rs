//! A line of the client as a command.
//!
//! Reads leniently: verbs in any case, any white space around arguments, the X forms of RFC 775 (XMKD, XCWD …).
//! Decides nothing; `session.rs` does, also about requests of browsers that end up here.

/// A command with its argument. Paths are as they were received, in any encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    User(&'a [u8]),
    Pass(&'a [u8]),
    Acct,
    Rein,
    Quit,
    Auth(&'a [u8]),
    Pbsz(&'a [u8]),
    Prot(&'a [u8]),
    Ccc,
    Cwd(&'a [u8]),
    Cdup,
    Pwd,
    Mkd(&'a [u8]),
    Rmd(&'a [u8]),
    Dele(&'a [u8]),
    Rnfr(&'a [u8]),
    Rnto(&'a [u8]),
    Type(&'a [u8]),
    Stru(&'a [u8]),
    Mode(&'a [u8]),
    Port(&'a [u8]),
    Eprt(&'a [u8]),
    Pasv,
    Epsv(&'a [u8]),
    Rest(&'a [u8]),
    Allo,
    Stor(&'a [u8]),
    Stou(&'a [u8]),
    Appe(&'a [u8]),
    Retr(&'a [u8]),
    List(&'a [u8]),
    Nlst(&'a [u8]),
    Mlsd(&'a [u8]),
    Mlst(&'a [u8]),
    Stat(&'a [u8]),
    Size(&'a [u8]),
    Mdtm(&'a [u8]),
    Mfmt(&'a [u8]),
    Abor,
    Feat,
    Opts(&'a [u8]),
    Site(&'a [u8]),
    Clnt,
    Syst,
    Help,
    Noop,
    /// An empty line. Programs of small boards send one too many.
    Empty,
    /// A request over HTTP: a web page can make a browser send one to any port.
    Http,
    /// Bytes of a binary protocol.
    Binary,
    Unknown,
}

/// The methods of HTTP, and the first word of HTTP/2 (RFC 9110, section 9.3; RFC 5789; RFC 9113, section 3.4).
const HTTP_METHODS: [&[u8]; 10] = [
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"CONNECT", b"TRACE", b"PRI",
];

/// Bytes of the longest verb that is a command.
const VERB_BYTES_MAX: usize = 4;

/// Reads a line without its line end.
pub(crate) fn parse(line: &[u8]) -> Command<'_> {
    let line = line.trim_ascii();
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (verb, argument) = line.split_at_checked(end).unwrap_or((line, b""));
    let argument = argument.trim_ascii();
    if verb.is_empty() {
        return Command::Empty;
    }
    if verb.len() > VERB_BYTES_MAX {
        return foreign(line, verb);
    }
    match verb.to_ascii_uppercase().as_slice() {
        b"USER" => Command::User(argument),
        b"PASS" => Command::Pass(argument),
        b"ACCT" => Command::Acct,
        b"REIN" => Command::Rein,
        b"QUIT" => Command::Quit,
        b"AUTH" => Command::Auth(argument),
        b"PBSZ" => Command::Pbsz(argument),
        b"PROT" => Command::Prot(argument),
        b"CCC" => Command::Ccc,
        b"CWD" | b"XCWD" => Command::Cwd(argument),
        b"CDUP" | b"XCUP" => Command::Cdup,
        b"PWD" | b"XPWD" => Command::Pwd,
        b"MKD" | b"XMKD" => Command::Mkd(argument),
        b"RMD" | b"XRMD" => Command::Rmd(argument),
        b"DELE" => Command::Dele(argument),
        b"RNFR" => Command::Rnfr(argument),
        b"RNTO" => Command::Rnto(argument),
        b"TYPE" => Command::Type(argument),
        b"STRU" => Command::Stru(argument),
        b"MODE" => Command::Mode(argument),
        b"PORT" => Command::Port(argument),
        b"EPRT" => Command::Eprt(argument),
        b"PASV" => Command::Pasv,
        b"EPSV" => Command::Epsv(argument),
        b"REST" => Command::Rest(argument),
        b"ALLO" => Command::Allo,
        b"STOR" => Command::Stor(argument),
        b"STOU" => Command::Stou(argument),
        b"APPE" => Command::Appe(argument),
        b"RETR" => Command::Retr(argument),
        b"LIST" => Command::List(argument),
        b"NLST" => Command::Nlst(argument),
        b"MLSD" => Command::Mlsd(argument),
        b"MLST" => Command::Mlst(argument),
        b"STAT" => Command::Stat(argument),
        b"SIZE" => Command::Size(argument),
        b"MDTM" => Command::Mdtm(argument),
        b"MFMT" => Command::Mfmt(argument),
        b"ABOR" => Command::Abor,
        b"FEAT" => Command::Feat,
        b"OPTS" => Command::Opts(argument),
        b"SITE" => Command::Site(argument),
        b"CLNT" => Command::Clnt,
        b"SYST" => Command::Syst,
        b"HELP" => Command::Help,
        b"NOOP" => Command::Noop,
        _ => foreign(line, verb),
    }
}

/// What a line is whose verb is not a command of FTP.
fn foreign<'a>(line: &[u8], verb: &[u8]) -> Command<'a> {
    // A page may choose the method, but the browser ends the line with the version (RFC 9112, section 3).
    let last = line.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    let is_version = last.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case(b"HTTP/"));
    if is_version || HTTP_METHODS.iter().any(|method| verb.eq_ignore_ascii_case(method)) {
        return Command::Http;
    }
    // Control characters may be in a file name, but these lines have none. TURN over TCP has them (RFC 8656); a page can
    // make a browser begin that, too.
    let is_binary = line.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
    if is_binary { Command::Binary } else { Command::Unknown }
}

/// The path behind the options that some clients pass to LIST: `-la /folder`. FTP has no such options.
pub(crate) fn without_options(argument: &[u8]) -> &[u8] {
    let mut rest = argument;
    while rest.first() == Some(&b'-') {
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or_default().trim_ascii_start();
    }
    rest
}

/// The argument as a number.
pub(crate) fn number(argument: &[u8]) -> Option<u64> {
    std::str::from_utf8(argument).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_in_any_case_and_with_spaces() {
        assert_eq!(parse(b"stor  a b.jpg "), Command::Stor(b"a b.jpg"));
        assert_eq!(parse(b" xMkd x"), Command::Mkd(b"x"));
        assert_eq!(parse(b"CWD "), Command::Cwd(b""));
        assert_eq!(parse(b"QUIT\r"), Command::Quit);
        assert_eq!(parse(b""), Command::Empty);
        for http in
            ["GET / HTTP/1.1", "post /x HTTP/1.0", "Head", "PRI * HTTP/2.0", "X-Y / http/1.1"]
        {
            assert_eq!(parse(http.as_bytes()), Command::Http, "{http}");
        }
        assert_eq!(parse(b"STOR GET / HTTP/1.1"), Command::Stor(b"GET / HTTP/1.1"));
        assert_eq!(parse(b"\0\x03\0\x24"), Command::Binary);
        assert_eq!(parse(b"XYZZY"), Command::Unknown);
        assert_eq!(parse(b"STORE x"), Command::Unknown);
    }

    #[test]
    fn options_are_no_path() {
        assert_eq!(without_options(b"-la /x y"), b"/x y");
        assert_eq!(without_options(b"-l -a"), b"");
        assert_eq!(without_options(b"x -a"), b"x -a");
    }
}
