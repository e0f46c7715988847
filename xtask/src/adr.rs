//! The pages of decisions in `docs/adr`: their form, and that they are found from the index and the map.

use crate::tree::File;

/// Where the pages are.
const FOLDER: &str = "docs/adr/";
/// The list of all pages.
const INDEX: &str = "docs/adr/README.md";
/// The page that names the decisions of each area.
const MAP: &str = "ARCHITECTURE.md";
/// The headings of a page, in this order.
const HEADINGS: &[&str] = &["Context", "Decision", "Alternatives", "Consequences"];

/// What is wrong with the pages.
pub(crate) fn check(files: &[File]) -> Vec<String> {
    let text_of = |path| files.iter().find(|file| file.path == path).map_or("", |file| &file.text);
    let (index, map) = (text_of(INDEX), text_of(MAP));
    let pages = files.iter().filter(|file| file.path.starts_with(FOLDER) && file.path != INDEX);
    let mut faults = Vec::new();
    for (number, page) in (1..).zip(pages) {
        let name = page.path.trim_start_matches(FOLDER);
        let mut fault = |message: String| faults.push(format!("{}: {message}", page.path));
        if !name.starts_with(&format!("{number:03}-")) || !name.ends_with(".md") {
            fault(format!("the next name is {number:03}-title.md"));
        }
        let mut lines = page.text.lines();
        let title = lines.next().unwrap_or_default().trim_start_matches("# ");
        if !title.starts_with(&format!("{number:03}: ")) {
            fault(format!("the first line is `# {number:03}: title`"));
        }
        let date = lines.nth(1).and_then(|line| line.strip_prefix("Date: ")).unwrap_or_default();
        if !is_date(date) {
            fault("the third line is `Date: YYYY-MM-DD`".to_owned());
        }
        let found: Vec<&str> =
            page.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        if found != HEADINGS {
            fault(format!("the headings are {}", HEADINGS.join(", ")));
        }
        for heading in empty(&page.text) {
            fault(format!("nothing stands below {heading}"));
        }
        let in_row =
            |line: &str| line.contains(&format!("[{title}]({name})")) && line.contains(date);
        if !index.lines().any(in_row) {
            fault(format!("{INDEX} has no row with [{title}]({name}) and the date"));
        }
        if !map.contains(&format!("]({FOLDER}{name})")) {
            fault(format!("{MAP} has no link to it"));
        }
    }
    faults
}

/// The headings with no text before the next one.
fn empty(text: &str) -> impl Iterator<Item = &str> {
    let sections = text.split("\n## ").skip(1);
    sections.filter_map(|section| {
        let (heading, rest) = section.split_once('\n').unwrap_or((section, ""));
        rest.trim().is_empty().then_some(heading)
    })
}

/// Whether this is a day, as in `2026-11-23`.
pub(crate) fn is_date(text: &str) -> bool {
    let is_form = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(is_form)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "001-one.md";

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    fn page() -> String {
        let section = |heading: &&str| format!("\n## {heading}\n\nText.\n");
        let sections: String = HEADINGS.iter().map(section).collect();
        format!("# 001: One\n\nDate: 2026-11-23\n{sections}")
    }

    fn faults(name: &str, page: &str) -> Vec<String> {
        let row = format!("| [001: One]({NAME}) | layout | 2026-11-23 |");
        let link = format!("[one]({FOLDER}{NAME})");
        let page = file(&format!("{FOLDER}{name}"), page);
        check(&[page, file(INDEX, &row), file(MAP, &link)])
    }

    #[test]
    fn a_page_in_form_has_no_fault() {
        assert_eq!(faults(NAME, &page()), [""; 0]);
    }

    #[test]
    fn a_page_out_of_form_has_a_fault() {
        let count = |page: &str| faults(NAME, page).len();
        assert_eq!(count(&page().replace("## Alternatives", "## Others")), 1);
        assert_eq!(count(&page().replace("## Context\n\nText.", "## Context\n")), 1);
        assert_eq!(count(&page().replace("2026-11-23", "23 November")), 2, "and the index differs");
        assert_eq!(count(&page().replace("001: One", "001: Two")), 1, "the index differs");
        assert_eq!(faults("002-one.md", &page()).len(), 3, "the name, the index and the map");
    }

    #[test]
    fn a_page_that_nothing_links_to_has_two_faults() {
        assert_eq!(check(&[file(&format!("{FOLDER}{NAME}"), &page())]).len(), 2);
    }
}
