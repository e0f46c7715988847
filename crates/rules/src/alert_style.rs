//! How the alerts of a route look: with or without a sound, with which files, in which words. Applied when an alert is
//! rendered for its channel.

use tipoff_model::{Alert, AlertMedia, MediaKind, Priority};

use crate::Template;

/// Which files of an alert are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Every one.
    #[default]
    All,
    /// The first picture, or the first video where there is no picture.
    First,
    /// The largest picture, which shows most, or the largest video.
    Best,
    /// None.
    None,
}

impl Choice {
    /// Every choice.
    pub const ALL: &[Self] = &[Self::All, Self::First, Self::Best, Self::None];

    /// The name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::First => "first",
            Self::Best => "best",
            Self::None => "none",
        }
    }
}

/// How the alerts of a route look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertStyle {
    /// Whether they come without a sound.
    pub silent: bool,
    /// How urgent they are; `None`: as the channel is configured.
    pub priority: Option<Priority>,
    /// Which files are sent.
    pub media: Choice,
    /// The title; `None`: the device and the event.
    pub title: Option<Template>,
    /// The text below the title; `None`: the words of the device.
    pub text: Option<Template>,
}

impl AlertStyle {
    /// Applies the style to `alert`. `time` is the local time of its receipt.
    ///
    /// # Errors
    /// A template failed. The alert then has its words as without a template; the rest of the style is applied.
    pub fn dress(
        &self,
        alert: &mut Alert,
        time: &jiff::ZonedDateTime,
    ) -> Result<(), minijinja::Error> {
        alert.manner.silent = self.silent;
        alert.manner.priority = self.priority;
        let write = |template: &Option<Template>| {
            template.as_ref().map(|template| template.write(alert, time)).transpose()
        };
        let words = write(&self.title).and_then(|title| Ok((title, write(&self.text)?)));
        choose(&mut alert.media, self.media);
        let (title, text) = words?;
        alert.manner.title = title.map(|title| title.replace('\n', " ").trim().to_owned());
        alert.manner.text = text;
        Ok(())
    }
}

/// Removes all but the chosen files. Pictures that are not complete are not chosen.
fn choose(media: &mut Vec<AlertMedia>, choice: Choice) {
    let is_whole = |it: &&AlertMedia| it.media.whole;
    let pictures = || {
        media
            .iter()
            .filter(is_whole)
            .filter(|it| matches!(it.media.kind, MediaKind::Picture | MediaKind::Animation))
    };
    let videos = || media.iter().filter(|it| it.media.kind == MediaKind::Video);
    let chosen = match choice {
        Choice::All => return,
        Choice::None => None,
        Choice::First => pictures().next().or_else(|| videos().next()),
        Choice::Best => {
            let size = |it: &&AlertMedia| it.media.size;
            pictures().max_by_key(size).or_else(|| videos().max_by_key(size))
        }
    };
    *media = chosen.cloned().into_iter().collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{alert, file};

    fn chosen(choice: Choice, media: Vec<AlertMedia>) -> Vec<String> {
        let mut media = media;
        choose(&mut media, choice);
        media.into_iter().map(|it| it.media.name).collect()
    }

    #[test]
    fn each_choice_has_a_name() {
        let names: Vec<_> = Choice::ALL.iter().map(|choice| choice.as_str()).collect();
        assert_eq!(names, ["all", "first", "best", "none"]);
    }

    #[test]
    fn files_are_chosen() {
        let all = || {
            vec![
                file("a.txt", MediaKind::File, 900),
                file("v.mp4", MediaKind::Video, 5_000),
                file("1.jpg", MediaKind::Picture, 10),
                file("2.jpg", MediaKind::Picture, 30),
                file("3.jpg", MediaKind::Picture, 20),
            ]
        };
        assert_eq!(chosen(Choice::All, all()).len(), 5);
        assert_eq!(chosen(Choice::First, all()), ["1.jpg"]);
        assert_eq!(chosen(Choice::Best, all()), ["2.jpg"]);
        assert!(chosen(Choice::None, all()).is_empty());
        let videos = || all().into_iter().take(2).collect::<Vec<_>>();
        assert_eq!(chosen(Choice::First, videos()), ["v.mp4"]);
        assert_eq!(chosen(Choice::Best, videos()), ["v.mp4"]);
        let mut torn = all();
        torn.iter_mut().for_each(|it| it.media.whole &= it.media.name != "2.jpg");
        assert_eq!(chosen(Choice::Best, torn), ["3.jpg"], "half a picture is not the best");
        let moving =
            || vec![file("v.mp4", MediaKind::Video, 9), file("1.gif", MediaKind::Animation, 1)];
        assert_eq!(chosen(Choice::First, moving()), ["1.gif"]);
        assert_eq!(chosen(Choice::Best, moving()), ["1.gif"]);
    }

    #[test]
    fn an_alert_is_dressed_and_counts_the_files_that_it_had() {
        let time: jiff::ZonedDateTime = "2026-11-24T22:05:09[UTC]".parse().unwrap();
        let manner = AlertStyle {
            silent: true,
            priority: Some(Priority::Urgent),
            media: Choice::First,
            title: Some("{{ device }}\n({{ title }})".parse().unwrap()),
            text: Some("{{ pictures }} at {{ time }} {{ link }}".parse().unwrap()),
        };
        let mut alert = alert();
        alert.media =
            vec![file("1.jpg", MediaKind::Picture, 1), file("2.jpg", MediaKind::Picture, 1)];
        alert.link = Some("https://tip.example/incidents/7".to_owned());
        manner.dress(&mut alert, &time).unwrap();
        assert!(alert.manner.silent);
        assert_eq!(alert.manner.priority, Some(Priority::Urgent));
        assert_eq!(alert.manner.title.as_deref(), Some("Yard (Motion)"));
        assert_eq!(
            alert.manner.text.as_deref(),
            Some("2 at 22:05 https://tip.example/incidents/7")
        );
        assert_eq!(alert.media.len(), 1);
    }
}
