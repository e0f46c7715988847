//! A folder of dialogues, each played in three cuts: what happens must be the same.

use std::fs;
use std::path::Path;

use super::{Dialog, Line, told};

/// The lines of a client up to the next action, cut into the pieces that arrive at a time.
pub type Cut<'a> = &'a dyn Fn(&[Vec<u8>]) -> Vec<Vec<u8>>;

/// Every dialogue of a folder with its name, in order; the error names the file and its line.
pub fn read(folder: &Path) -> Result<Vec<(String, Dialog)>, String> {
    let mut dialogs = Vec::new();
    let files = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for file in files {
        let path = file.map_err(|error| error.to_string())?.path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let told = |error: String| format!("{name}: {error}");
        let text = fs::read_to_string(&path).map_err(|error| told(error.to_string()))?;
        dialogs.push((name.clone(), Dialog::parse(&text).map_err(told)?));
    }
    dialogs.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(dialogs)
}

/// Plays each dialogue at once, line by line and byte by byte. Returns the differences from the file.
pub fn faults(
    dialogs: &[(String, Dialog)],
    play: impl Fn(&Dialog, Cut<'_>) -> Vec<Line>,
) -> String {
    let mut faults = Vec::new();
    for (name, dialog) in dialogs {
        let by_line = play(dialog, &<[Vec<u8>]>::to_vec);
        if let Err(fault) = dialog.compare(&by_line).and_then(|()| dialog.compare_order(&by_line)) {
            let happened: Vec<String> = by_line.iter().map(told).collect();
            faults.push(format!("{name}: {fault}\n  {}", happened.join("\n  ")));
        }
        let whole = of_server(play(dialog, &|lines| vec![lines.concat()]));
        let by_byte = of_server(play(dialog, &|lines| {
            lines.concat().iter().map(|&byte| vec![byte]).collect()
        }));
        if whole != of_server(by_line) || whole != by_byte {
            faults.push(format!("{name}: goes differently when it is cut differently"));
        }
    }
    faults.join("\n\n")
}

fn of_server(mut lines: Vec<Line>) -> Vec<Line> {
    lines.retain(|line| !matches!(line, Line::Client(_)));
    lines
}
