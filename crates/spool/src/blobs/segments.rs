//! The list of an arrival's segments, as its blob's name has it.
//!
//! An object never grows: what is appended to an arrival becomes another object. A blob of one segment is named by it
//! (`DAY/RUN-1.upload`). The name of one with several is their list, each with its size in bytes, separated by spaces:
//! `DAY/RUN-1.upload 1000 DAY/RUN-1.upload_RUN-7 500`. The name of an appended segment begins with that of the first, by
//! which the arrival of each segment is found. Ranges of media count through all segments. A folder's blobs grow, so
//! each of them is one segment.

use std::ops::Range;

use tipoff_model::BlobName;

/// What stands before the own part of an appended segment's name. No other part of a name has it, and no store encodes it.
const APPENDED: char = '_';
/// Segments of one arrival: each append adds one, and all are read by name.
pub(crate) const SEGMENTS_MAX: usize = 256;

/// A part of an arrival's bytes that the store has under a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Its name in the store.
    pub(crate) name: String,
    /// Its size in bytes. `None` for the only segment of a blob: it ends where the object ends.
    pub(crate) bytes: Option<u64>,
}

/// The segments of a blob, in their order. A list that nobody here wrote gives none.
pub(crate) fn segments(blob: &BlobName) -> Vec<Segment> {
    let mut words = blob.0.split(' ');
    let mut all = Vec::new();
    while let Some(name) = words.next() {
        let bytes = match words.next() {
            Some(bytes) => match bytes.parse() {
                Ok(bytes) => Some(bytes),
                Err(_) => return Vec::new(),
            },
            None if all.is_empty() => None,
            None => return Vec::new(),
        };
        all.push(Segment { name: name.to_owned(), bytes });
    }
    all
}

/// The parts of the segments that a range of the blob has, in their order.
pub(crate) fn parts(blob: &BlobName, range: Range<u64>) -> Vec<(String, Range<u64>)> {
    let (mut parts, mut begin) = (Vec::new(), 0_u64);
    for Segment { name, bytes } in segments(blob) {
        let end = bytes.map_or(u64::MAX, |bytes| begin.saturating_add(bytes));
        let (from, to) = (range.start.max(begin), range.end.min(end));
        if from < to {
            parts.push((name, from - begin..to - begin));
        }
        begin = end;
    }
    parts
}

/// Name of the first segment, by which the row of an arrival is found.
pub(crate) fn first(name: &str) -> &str {
    name.split([' ', APPENDED]).next().unwrap_or_default()
}

/// The list to write into a row beside the first segment's name. `None` for a blob of one segment.
pub(crate) fn list(blob: &BlobName) -> Option<&str> {
    blob.0.contains(' ').then_some(&*blob.0)
}

/// Sum of the sizes of all segments but the last. `None` for a blob of one segment.
pub(crate) fn before_last(blob: &BlobName) -> Option<u64> {
    list(blob)?;
    let mut sizes: Vec<u64> = segments(blob).iter().filter_map(|segment| segment.bytes).collect();
    sizes.pop();
    Some(sizes.iter().fold(0, |sum: u64, size| sum.saturating_add(*size)))
}

/// Name of a segment that is appended; `unique` is a name of this run.
pub(super) fn appended_name(blob: &BlobName, unique: &str) -> String {
    format!("{}{APPENDED}{unique}", first(&blob.0))
}

/// The blob with one more segment behind its first `size` bytes. `None` if it does not end there or has too many.
pub(super) fn append(blob: &BlobName, size: u64, segment: &str, bytes: u64) -> Option<BlobName> {
    let mut all = segments(blob);
    if let [only] = &mut all[..] {
        only.bytes = Some(only.bytes.unwrap_or(size));
    }
    let end = all.iter().try_fold(0_u64, |sum, segment| sum.checked_add(segment.bytes?))?;
    if all.is_empty() || all.len() >= SEGMENTS_MAX || end != size {
        return None;
    }
    all.push(Segment { name: segment.to_owned(), bytes: Some(bytes) });
    let words = all.iter().map(|part| format!("{} {}", part.name, part.bytes.unwrap_or_default()));
    Some(BlobName(words.collect::<Vec<_>>().join(" ")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(sizes: &[u64]) -> BlobName {
        let mut blob = BlobName("2026-11-27/a-0.upload".to_owned());
        let mut size = sizes[0];
        for (number, bytes) in sizes.iter().enumerate().skip(1) {
            let name = appended_name(&blob, &format!("a-{number:x}"));
            blob = append(&blob, size, &name, *bytes).unwrap();
            size += bytes;
        }
        blob
    }

    #[test]
    fn a_blob_of_one_segment_is_its_name() {
        let blob = of(&[10]);
        assert_eq!((first(&blob.0), list(&blob), before_last(&blob)), (&*blob.0, None, None));
        assert_eq!(parts(&blob, 3..99), [(blob.0.clone(), 3..99)]);
        assert_eq!(parts(&blob, 3..3), []);
    }

    #[test]
    fn each_append_adds_one_segment() {
        let blob = of(&[10, 5]);
        assert_eq!(blob.0, "2026-11-27/a-0.upload 10 2026-11-27/a-0.upload_a-1 5");
        assert_eq!(first(&blob.0), "2026-11-27/a-0.upload");
        assert_eq!(first("2026-11-27/a-0.upload_a-1"), "2026-11-27/a-0.upload");
        assert_eq!((list(&blob), before_last(&blob)), (Some(&*blob.0), Some(10)));
        assert_eq!(append(&blob, 14, "x", 1), None, "not at its end");
        assert!(append(&blob, 15, "x", 1).is_some());
    }

    #[test]
    fn an_arrival_has_so_many_segments_at_most() {
        let blob = of(&[1; SEGMENTS_MAX]);
        assert_eq!(segments(&blob).len(), SEGMENTS_MAX);
        assert_eq!(append(&blob, SEGMENTS_MAX as u64, "x", 1), None);
    }

    #[test]
    fn a_list_that_is_damaged_has_no_segments() {
        for text in ["a b", "a 1 b", "a 1 b x", "a -1"] {
            assert_eq!(segments(&BlobName(text.to_owned())), [], "{text}");
        }
    }

    proptest! {
        /// However the bytes are split into segments.
        #[test]
        fn a_range_over_segments_has_the_bytes_of_the_range_over_one_blob(
            sizes in proptest::collection::vec(0_u64..9, 1..8),
            start in 0_u64..70,
            length in 0_u64..70,
        ) {
            let all: u64 = sizes.iter().sum();
            let blob = of(&sizes);
            let begins = |name: &str| {
                let index = segments(&blob).iter().position(|segment| segment.name == name).unwrap();
                sizes[..index].iter().sum::<u64>()
            };
            let bytes: Vec<u64> = parts(&blob, start..start + length)
                .into_iter()
                .flat_map(|(name, part)| {
                    let begin = begins(&name);
                    part.map(move |at| begin + at).collect::<Vec<_>>()
                })
                .filter(|at| *at < all)
                .collect();
            let expected: Vec<u64> = (start..start + length).filter(|at| *at < all).collect();
            prop_assert_eq!(bytes, expected);
        }
    }
}
