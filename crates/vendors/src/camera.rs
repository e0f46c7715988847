//! Decides which camera of a recorder a mail is about. Each camera of a recorder becomes a device of its own, so a
//! wrong answer here splits or mixes devices.
//!
//! The rule, for every vendor:
//!
//! - A **name** counts only if its owner chose it. `Camera 01`, `IPCamera 03`, `IPC`, `CH5`, `Channel 1`
//!   and a name that only repeats the number are factory names.
//! - A **recorder** writes its own name besides that of the camera, or numbers its channels (`A1`, `D4`,
//!   `IP-CH1`). The number is taken as it is written, without zeros before it, so that a channel
//!   stays the same whatever it reports and even if it is renamed.
//! - A **single camera** is a device and no channel: channel 1, or none, with a name of the factory is
//!   `None`. With a name that its owner chose, the name is kept and the number 1 is not: two single
//!   cameras that share a login are both channel 1.
//! - A number above 1 is a channel, whatever sends it (cameras with two lenses).

use tipoff_model::Camera;

/// Factory names of cameras and channels, without a number behind them, in lower case.
#[rustfmt::skip]
const FACTORY: &[&str] = &[
    "", "a", "cam", "camara", "camera", "canal", "ch", "chan", "channel", "d", "default", "device",
    "hd ip camera", "ip", "ip cam", "ip camera", "ip ch", "ip channel", "ipc", "ipcam", "ipcamera",
    "ip dome", "ipdome", "kamera", "kanal", "name", "network camera", "no name", "noname", "nvr",
    "video", "wifi ch", "камера", "канал", "摄像机", "监控点", "通道",
];
/// Longest name or number in characters. A longer one is cut.
const CHARS_MAX: usize = 64;

/// The channel of a recorder as a mail writes it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecorderChannel<'a> {
    /// `1`, `003`, `A1`, `IP-CH1`.
    pub(crate) number: Option<&'a str>,
    /// The name of the channel or its camera.
    pub(crate) name: Option<&'a str>,
    /// Whether a recorder certainly sent the mail.
    pub(crate) of_recorder: bool,
}

impl RecorderChannel<'_> {
    /// The camera, by the rule above.
    pub(crate) fn camera(self) -> Option<Camera> {
        let of_factory = self.name.and_then(factory_number);
        let number = self.number.map(plain_number).filter(|it| !it.is_empty());
        let chosen = self.name.map(cut).filter(|name| {
            let is_number = number.as_ref().is_some_and(|number| number.eq_ignore_ascii_case(name));
            !name.is_empty() && of_factory.is_none() && !is_number
        });
        // "Camera 03" contains the number if no field does.
        let number = number.or_else(|| of_factory.filter(|it| !it.is_empty()).map(plain_number));
        let is_first = number.as_deref().is_none_or(|number| number == "0" || number == "1");
        let number = number.filter(|_| self.of_recorder || !is_first);
        let camera = Camera { number, name: chosen };
        (camera.number.is_some() || camera.name.is_some()).then_some(camera)
    }
}

/// Whether a name is a factory name.
pub(crate) fn is_of_factory(name: &str) -> bool {
    factory_number(name).is_some()
}

/// The number behind a factory name, perhaps empty; `None` if the owner chose the name.
fn factory_number(name: &str) -> Option<&str> {
    let name = name.trim();
    let letters = name.trim_end_matches(|it: char| it.is_ascii_digit());
    let number = name.get(letters.len()..)?;
    let letters = letters.trim_end_matches([' ', '-', '_', '#', '.']).to_lowercase();
    let letters = letters.replace(['-', '_'], " ");
    FACTORY.contains(&letters.as_str()).then_some(number)
}

/// A number without leading zeros. A number with letters stays unchanged: `A1`.
fn plain_number(number: &str) -> String {
    let number = cut(number);
    let is_digits = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    match number.trim_start_matches('0') {
        _ if !is_digits => number,
        "" => "0".to_owned(),
        short => short.to_owned(),
    }
}

/// A name or number without control characters, cut at its limit.
fn cut(text: &str) -> String {
    text.trim().chars().filter(|it| !it.is_control()).take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(number: &str, name: &str, of_recorder: bool) -> (String, String) {
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let channel = RecorderChannel { number: some(number), name: some(name), of_recorder };
        let camera = channel.camera().unwrap_or_default();
        (camera.number.unwrap_or_default(), camera.name.unwrap_or_default())
    }

    #[test]
    fn a_single_camera_is_no_channel_unless_its_owner_named_it() {
        for (number, name, expected) in [
            ("1", "Camera 01", ("", "")),
            ("01", "IPCamera 01", ("", "")),
            ("", "IPC", ("", "")),
            ("1", "", ("", "")),
            ("", "CH01", ("", "")),
            ("0", "Channel 1", ("", "")),
            ("1", "IP-CAMERA", ("", "")),
            ("1", "Orto", ("", "Orto")),
            ("1", "Camera Garden", ("", "Camera Garden")),
            ("2", "Thermal", ("2", "Thermal")),
            ("", "Camera 02", ("2", "")),
        ] {
            let (number_found, name_found) = channel(number, name, false);
            assert_eq!((number_found.as_str(), name_found.as_str()), expected, "{number} {name}");
        }
    }

    #[test]
    fn a_recorders_channel_keeps_its_number() {
        for (number, name, expected) in [
            ("1", "Camera 01", ("1", "")),
            ("A1", "CAM 2 Garage", ("A1", "CAM 2 Garage")),
            ("D4", "D4", ("D4", "")),
            ("D4", "d4", ("D4", "")),
            ("003", "Depot", ("3", "Depot")),
            ("IP-CH1", "Front Yard", ("IP-CH1", "Front Yard")),
            ("0", "x", ("0", "x")),
            ("", "Gate", ("", "Gate")),
            (" ", "Gate", ("", "Gate")),
            ("000", "Gate", ("0", "Gate")),
            ("0A", "Gate", ("0A", "Gate")),
        ] {
            let (number_found, name_found) = channel(number, name, true);
            assert_eq!((number_found.as_str(), name_found.as_str()), expected, "{number} {name}");
        }
    }
}
