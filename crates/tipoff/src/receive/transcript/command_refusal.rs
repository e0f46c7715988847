//! An FTP command that was refused, in words for the person at the device.

/// A command that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::receive) struct CommandRefusal {
    /// What the device wanted by it.
    pub(in crate::receive) topic: CommandTopic,
    /// The command, its secrets masked.
    pub(in crate::receive) command: String,
    /// The reply's code.
    pub(in crate::receive) code: u16,
}

/// What a command sets up or asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::receive) enum CommandTopic {
    /// Where data connections go.
    Address,
    /// Folders.
    Folder,
    /// An upload and its name.
    File,
    /// How files are sent.
    Form,
    /// Encryption.
    Protection,
    /// Something else, such as a query.
    Other,
}

impl CommandTopic {
    /// The topic of a command, in upper case.
    pub(in crate::receive) fn of(verb: &str) -> Self {
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

impl CommandRefusal {
    /// Whether an upload is lost because of it.
    pub(super) fn loses_an_upload(&self) -> bool {
        matches!(self.topic, CommandTopic::Address | CommandTopic::File)
    }

    /// What to change.
    pub(in crate::receive) fn hint(&self) -> String {
        let Self { command, code, topic } = self;
        let advice = match topic {
            CommandTopic::Address => "switch it to passive FTP",
            CommandTopic::Folder => {
                "choose a folder that it makes itself, or set `missing_folder = \"create\"` in `[ftp]`"
            }
            CommandTopic::File if *code == 501 => {
                "switch off in the device that uploads are resumed"
            }
            CommandTopic::File => {
                "choose another folder or another form of file names in the device"
            }
            CommandTopic::Form => {
                "choose binary transfers in the device, without compression and in stream mode"
            }
            CommandTopic::Protection => {
                "let the device encrypt control and data connections to their end, or neither"
            }
            CommandTopic::Other => {
                "look in the transcript for what it wanted, and switch that off in the device"
            }
        };
        format!("It sent nothing after \"{command}\" was refused with {code}: {advice}.")
    }
}
