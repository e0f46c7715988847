//! FTP commands that were refused, and whether that was made good: a device that gives up after one has sent
//! nothing, and its owner must know why. Pure: it only follows what is said.

use super::transcript::Trouble;

/// A command is shown up to this many characters.
const COMMAND_CHARS_MAX: usize = 80;

/// A command that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    about: About,
    /// The command, its secrets masked.
    command: String,
    code: u16,
}

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// Where data connections go.
    Address,
    /// Folders.
    Folder,
    /// An upload and its name.
    File,
    /// How files are sent.
    Form,
    /// What is encrypted.
    Protection,
    /// Something else, such as a question.
    Other,
}

impl About {
    fn of(verb: &str) -> Self {
        match verb {
            "PORT" | "EPRT" | "PASV" | "EPSV" => Self::Address,
            "CWD" | "XCWD" | "CDUP" | "XCUP" | "MKD" | "XMKD" => Self::Folder,
            "STOR" | "STOU" | "APPE" | "RNTO" => Self::File,
            "TYPE" | "STRU" | "MODE" => Self::Form,
            "PROT" | "PBSZ" | "CCC" => Self::Protection,
            _ => Self::Other,
        }
    }
}

/// What a reply changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// This is wrong now.
    Refused(Trouble),
    /// What was refused before is possible.
    MadeGood,
    /// Nothing.
    None,
}

/// Follows commands and replies.
#[derive(Default)]
pub(super) struct Refusals {
    /// The command that is answered next.
    command: String,
    /// What was refused last and not made good.
    standing: Option<About>,
    /// Why an address was refused.
    foreign: Option<Trouble>,
}

impl Refusals {
    /// The device said this; its secrets are masked.
    pub(super) fn heard(&mut self, line: &str) {
        self.command = line.chars().take(COMMAND_CHARS_MAX).collect();
    }

    /// The address in its command is not its own.
    pub(super) fn foreign(&mut self, why: Trouble) {
        self.foreign = Some(why);
    }

    /// It is answered by this code.
    pub(super) fn answered(&mut self, code: u16, logged_in: bool) -> Change {
        let verb = self.command.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let about = About::of(&verb);
        match code {
            200..=399 if self.makes_good(&verb, about, code) => {
                self.standing = None;
                Change::MadeGood
            }
            // A login that fails is told otherwise.
            530 if verb == "PASS" => Change::None,
            530 => Change::Refused(Trouble::LoginMissing),
            // Told otherwise too.
            552 => Change::None,
            // No PORT and no PASV came before it, or a refused one, which stands. Other reasons are told
            // where they are known.
            425 if self.standing.is_none() => self.refused(About::Address, code),
            // Before the login there are guesses and scans, and how to encrypt.
            500..=599 if logged_in || ["AUTH", "PROT", "PBSZ"].contains(&&*verb) => {
                self.refused(about, code)
            }
            _ => Change::None,
        }
    }

    fn refused(&mut self, about: About, code: u16) -> Change {
        self.standing = Some(about);
        let refusal = Refusal { about, command: self.command.clone(), code };
        Change::Refused(self.foreign.take().unwrap_or(Trouble::Refused(refusal)))
    }

    /// A question that was answered by no is over when the device goes on. What it needs is good when it gets
    /// it in another way, or has transferred something.
    fn makes_good(&self, verb: &str, about: About, code: u16) -> bool {
        let says_nothing = ["QUIT", "NOOP", "ABOR"].contains(&verb);
        match self.standing {
            _ if says_nothing => false,
            None => false,
            Some(About::Other) => true,
            Some(standing) => standing == about || code == 226,
        }
    }
}

impl Refusal {
    /// Whether an upload is lost by it.
    pub(super) fn loses_an_upload(&self) -> bool {
        matches!(self.about, About::Address | About::File)
    }

    /// What to change.
    pub(super) fn hint(&self) -> String {
        let Self { command, code, about } = self;
        let advice = match about {
            About::Address => "switch it to passive FTP",
            About::Folder => {
                "choose a folder that it makes itself, or set `missing_folder = \"create\"` in `[ftp]`"
            }
            About::File if *code == 501 => "switch off in the device that uploads are resumed",
            About::File => "choose another folder or another form of file names in the device",
            About::Form => {
                "choose binary transfers in the device, without compression and in stream mode"
            }
            About::Protection => {
                "let the device encrypt control and data connections to their end, or neither"
            }
            About::Other => {
                "look in the transcript for what it wanted, and switch that off in the device"
            }
        };
        format!("It sent nothing after \"{command}\" was refused with {code}: {advice}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands at the end of a conversation.
    fn standing(said: &[(&str, u16)]) -> Option<String> {
        let mut refusals = Refusals::default();
        let mut standing = None;
        for (line, code) in said {
            refusals.heard(line);
            match refusals.answered(*code, true) {
                Change::Refused(Trouble::Refused(refusal)) => standing = Some(refusal.hint()),
                Change::Refused(trouble) => standing = Some(format!("{trouble:?}")),
                Change::MadeGood => standing = None,
                Change::None => {}
            }
        }
        standing
    }

    #[test]
    fn a_refusal_that_a_device_gives_up_at_stands() {
        for (said, word) in [
            (&[("PORT 1,2", 501), ("QUIT", 221)][..], "passive FTP"),
            (&[("EPRT |3|x|1|", 522), ("TYPE I", 200)], "passive FTP"),
            (&[("CWD /x", 550), ("PWD", 257), ("QUIT", 221)], "missing_folder"),
            (&[("MKD /x", 553)], "missing_folder"),
            (&[("STOR /x", 553), ("SIZE /x", 213)], "\"STOR /x\" was refused with 553"),
            (&[("MODE Z", 504), ("PASV", 227)], "binary"),
            (&[("PROT S", 536), ("TYPE I", 200)], "encrypt"),
            (&[("SIZE /clip.mp4", 550)], "\"SIZE /clip.mp4\""),
            (&[("RETR x", 550), ("NOOP", 200), ("QUIT", 221)], "transcript"),
            (&[("REST 5", 350), ("STOR x", 501)], "resumed"),
            (&[("STOR x", 425), ("QUIT", 221)], "passive FTP"),
            (&[("LIST", 530)], "LoginMissing"),
        ] {
            let hint = standing(said).unwrap();
            assert!(hint.contains(word), "{hint}");
        }
    }

    #[test]
    fn what_a_device_gets_round_is_no_problem() {
        for said in [
            &[("EPRT |2|::1|5|", 522), ("PORT 1,2,3,4,5,6", 200)][..],
            &[("EPSV 2", 522), ("PASV", 227)],
            &[("CWD /x", 550), ("MKD /x", 257)],
            &[("CWD /x", 550), ("STOR x", 150), ("STOR x", 226)],
            &[("MODE Z", 504), ("MODE S", 200)],
            &[("MODE Z", 504), ("LIST", 150), ("LIST", 226)],
            &[("SIZE x", 550), ("PASV", 227)],
            &[("HOST x", 500), ("PWD", 257), ("QUIT", 221)],
            &[("STOR x", 425), ("PASV", 227)],
            &[("AUTH GSSAPI", 504), ("USER x", 331)],
            &[("PASS ***", 530)],
            &[("STOR x", 150), ("STOR x", 552)],
        ] {
            assert_eq!(standing(said), None, "{said:?}");
        }
    }

    #[test]
    fn before_the_login_only_its_lack_is_told() {
        let mut refusals = Refusals::default();
        refusals.heard("***");
        assert_eq!(refusals.answered(500, false), Change::None);
        refusals.heard("AUTH X");
        assert!(matches!(refusals.answered(504, false), Change::Refused(Trouble::Refused(_))));
        refusals.heard("STOR x");
        assert_eq!(refusals.answered(530, false), Change::Refused(Trouble::LoginMissing));
    }

    #[test]
    fn a_long_command_is_cut() {
        let mut refusals = Refusals::default();
        refusals.heard(&format!("STOR {}", "x".repeat(1_000)));
        let Change::Refused(trouble) = refusals.answered(553, true) else { panic!() };
        assert!(format!("{trouble:?}").len() < 200);
    }
}
