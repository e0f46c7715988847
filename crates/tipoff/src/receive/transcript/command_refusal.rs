//! What to change after an FTP command was refused, in words for the person at the device.
//!
//! `tipoff-ftp` names the cause; here it becomes the sentence of the session's page.

use tipoff_ftp::{CommandRefusal, RefusalCause};

/// What to change.
pub(super) fn hint(refusal: &CommandRefusal) -> String {
    let CommandRefusal { cause, command, code } = refusal;
    let advice = advice(*cause);
    format!("It sent nothing after \"{command}\" was refused with {code}: {advice}.")
}

const fn advice(cause: RefusalCause) -> &'static str {
    match cause {
        RefusalCause::LoginMissing => "set user and password in the device",
        RefusalCause::ForeignAddress(_) | RefusalCause::DataConnection => {
            "switch it to passive FTP"
        }
        RefusalCause::Folder => {
            "choose a folder that it makes itself, or set `missing_folder = \"create\"` in `[ftp]`"
        }
        RefusalCause::ResumeOffset => "switch off in the device that uploads are resumed",
        RefusalCause::FileName => {
            "choose another folder or another form of file names in the device"
        }
        RefusalCause::TransferMode => {
            "choose binary transfers in the device, without compression and in stream mode"
        }
        RefusalCause::Encryption => {
            "let the device encrypt control and data connections to their end, or neither"
        }
        RefusalCause::Other => {
            "look in the transcript for what it wanted, and switch that off in the device"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_says_what_to_change() {
        for (cause, command, code, words) in [
            (RefusalCause::LoginMissing, "LIST", 530, "set user and password"),
            (RefusalCause::DataConnection, "PORT 1,2", 501, "passive FTP"),
            (RefusalCause::Folder, "CWD /x", 550, "missing_folder"),
            (RefusalCause::ResumeOffset, "STOR x", 501, "resumed"),
            (RefusalCause::FileName, "STOR /x", 553, "\"STOR /x\" was refused with 553"),
            (RefusalCause::TransferMode, "MODE Z", 504, "binary"),
            (RefusalCause::Encryption, "PROT S", 536, "encrypt"),
            (RefusalCause::Other, "SIZE /clip.mp4", 550, "\"SIZE /clip.mp4\""),
            (RefusalCause::Other, "RETR x", 550, "transcript"),
        ] {
            let hint = hint(&CommandRefusal { cause, command: command.to_owned(), code });
            assert!(hint.contains(words), "{hint}");
        }
    }
}
