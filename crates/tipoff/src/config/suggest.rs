//! The known word that was probably meant by a mistyped one: keys, types of channels, names.

/// Limit of a word, in characters: the distance takes time by the product of both lengths.
const WORD_CHARS_MAX: usize = 64;

/// The nearest of `known`, if at most a third of the word's letters differ (at least one). Ignores case; of equally
/// near words, the first is returned.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    if word.len() > WORD_CHARS_MAX {
        return None;
    }
    let near_enough = (word.len() / 3).max(1);
    known
        .into_iter()
        .map(|known| (distance(&word, known), known))
        .filter(|(distance, _)| *distance <= near_enough)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The number of letters to insert, remove, replace or swap with their neighbour (optimal string alignment distance).
fn distance(word: &[char], known: &str) -> usize {
    let known: Vec<char> = known.to_lowercase().chars().collect();
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=word.len()).collect();
    for (index, letter) in known.iter().enumerate() {
        let mut row = vec![index + 1];
        for (column, other) in word.iter().enumerate() {
            let cell =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let replaced = cell(&last, column) + usize::from(letter != other);
            let mut least = replaced.min(cell(&last, column + 1) + 1).min(cell(&row, column) + 1);
            let (left, above) = (column.wrapping_sub(1), index.wrapping_sub(1));
            if word.get(left) == Some(letter) && known.get(above) == Some(other) {
                least = least.min(cell(&before_last, left).saturating_add(1));
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (word, known, expected) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 1)]
        {
            let word: Vec<char> = word.chars().collect();
            assert_eq!(distance(&word, known), expected, "{known}");
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["listen", "host_name", "idle"];
        assert_eq!(nearest("lisen", known), Some("listen"));
        assert_eq!(nearest("hostname", known), Some("host_name"));
        assert_eq!(nearest("Idle", known), Some("idle"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"x".repeat(65), known), None);
    }
}
