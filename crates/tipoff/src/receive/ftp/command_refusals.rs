//! Follows which FTP commands were refused, and whether the device got what it wanted in another way. A device that gives
//! up after a refusal sends nothing, and its owner must know why. Pure: it sees commands and reply codes only.

use crate::receive::transcript::{CommandRefusal, CommandTopic, SessionProblem};

/// Characters of a command that are shown.
const COMMAND_CHARS_MAX: usize = 80;

/// What a reply changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The session has this problem now.
    Refused(SessionProblem),
    /// The device got what was refused before.
    MadeGood,
    /// Nothing.
    None,
}

/// The refusals of one session.
#[derive(Default)]
pub(super) struct CommandRefusals {
    /// The command that the next reply answers.
    command: String,
    /// The topic of the last refusal, unless the device got what it wanted since.
    open: Option<CommandTopic>,
    /// Why an address was refused.
    foreign: Option<SessionProblem>,
}

impl CommandRefusals {
    /// Takes a command of the device; its secrets are masked.
    pub(super) fn received(&mut self, line: &str) {
        self.command = line.chars().take(COMMAND_CHARS_MAX).collect();
    }

    /// The address in the command is not the device's own.
    pub(super) fn foreign(&mut self, why: SessionProblem) {
        self.foreign = Some(why);
    }

    /// Takes the code of the reply to the latest command.
    pub(super) fn replied(&mut self, code: u16, logged_in: bool) -> Change {
        let verb = self.command.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let topic = CommandTopic::of(&verb);
        match code {
            200..=399 if self.makes_good(&verb, topic, code) => {
                self.open = None;
                Change::MadeGood
            }
            // The login itself notes that it fails.
            530 if verb == "PASS" => Change::None,
            530 => Change::Refused(SessionProblem::LoginMissing),
            // The transfer notes that the file is too big.
            552 => Change::None,
            // No PORT and no PASV came before it. A refused one is noted already, and so are other reasons.
            425 if self.open.is_none() => self.refused(CommandTopic::Address, code),
            // Before the login, commands are guesses and scans, except those that set up encryption.
            500..=599 if logged_in || ["AUTH", "PROT", "PBSZ"].contains(&&*verb) => {
                self.refused(topic, code)
            }
            _ => Change::None,
        }
    }

    fn refused(&mut self, topic: CommandTopic, code: u16) -> Change {
        self.open = Some(topic);
        let refusal = CommandRefusal { topic, command: self.command.clone(), code };
        Change::Refused(self.foreign.take().unwrap_or(SessionProblem::Refused(refusal)))
    }

    /// Whether this reply settles the open refusal. A refused query is settled by the next command that succeeds;
    /// anything else by success with the same topic, or by a completed transfer.
    fn makes_good(&self, verb: &str, topic: CommandTopic, code: u16) -> bool {
        let is_neutral = ["QUIT", "NOOP", "ABOR"].contains(&verb);
        match self.open {
            _ if is_neutral => false,
            None => false,
            Some(CommandTopic::Other) => true,
            Some(open) => open == topic || code == 226,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hint that is left at the end of a session.
    fn standing(said: &[(&str, u16)]) -> Option<String> {
        let mut refusals = CommandRefusals::default();
        let mut standing = None;
        for (line, code) in said {
            refusals.received(line);
            match refusals.replied(*code, true) {
                Change::Refused(SessionProblem::Refused(refusal)) => {
                    standing = Some(refusal.hint())
                }
                Change::Refused(trouble) => standing = Some(format!("{trouble:?}")),
                Change::MadeGood => standing = None,
                Change::None => {}
            }
        }
        standing
    }

    #[test]
    fn a_refusal_after_which_a_device_gives_up_is_the_problem() {
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
    fn a_refusal_that_a_device_works_around_is_no_problem() {
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
    fn before_the_login_only_the_missing_login_is_noted() {
        let mut refusals = CommandRefusals::default();
        refusals.received("***");
        assert_eq!(refusals.replied(500, false), Change::None);
        refusals.received("AUTH X");
        assert!(matches!(
            refusals.replied(504, false),
            Change::Refused(SessionProblem::Refused(_))
        ));
        refusals.received("STOR x");
        assert_eq!(refusals.replied(530, false), Change::Refused(SessionProblem::LoginMissing));
    }

    #[test]
    fn a_long_command_is_cut() {
        let mut refusals = CommandRefusals::default();
        refusals.received(&format!("STOR {}", "x".repeat(1_000)));
        let Change::Refused(trouble) = refusals.replied(553, true) else { panic!() };
        assert!(format!("{trouble:?}").len() < 200);
    }
}
