//! Compares an upload with the earlier one of the same name, as long as their bytes are the same. Those are stored
//! already and not written again: tries that break off take no space, and a clip that is sent again and again as it
//! grows is one file.

use std::io::{self, Read};

use tipoff_model::AlertMedia;
use tipoff_spool::{BlobWriter, LocalBlob, MediaReader};

use super::append_claim::AppendClaim;

/// Bytes that are compared at once.
const STEP_BYTES: usize = 32 * 1024;

/// An earlier upload that a new one may bring more of, with its bytes on this machine: they are compared while the new
/// ones come.
#[derive(Clone, Debug)]
pub(super) struct EarlierUpload {
    pub(super) stored: AlertMedia,
    pub(super) bytes: LocalBlob,
}

/// The earlier upload, and how far the new one has the same bytes.
pub(super) struct ResendComparison {
    /// No other session may append to it meanwhile.
    pub(super) claim: AppendClaim,
    /// The earlier upload.
    pub(super) earlier: EarlierUpload,
    /// Reads the earlier upload, as far as it was compared.
    reader: MediaReader,
    buffer: Vec<u8>,
    /// Bytes that are the same.
    same: u64,
}

/// The result of comparing new bytes.
pub(super) enum Compared {
    /// All are the same.
    Same,
    /// So many are the same, and the earlier upload is at its end: the rest continues it.
    Longer(usize),
    /// So many are the same, and the rest differs.
    Other(usize),
}

impl ResendComparison {
    pub(super) fn new(claim: AppendClaim, earlier: EarlierUpload) -> io::Result<Self> {
        let reader = earlier.bytes.read(&earlier.stored.media)?;
        Ok(Self { claim, earlier, reader, buffer: Vec::new(), same: 0 })
    }

    /// Bytes that are the same so far.
    pub(super) fn size(&self) -> u64 {
        self.same
    }

    /// Whether all of the earlier upload came again.
    pub(super) fn is_at_end(&self) -> bool {
        self.same == self.earlier.stored.media.size
    }

    /// Compares the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<Compared> {
        let mut compared = 0;
        while let Some(rest) = bytes.get(compared..).filter(|rest| !rest.is_empty()) {
            if self.is_at_end() {
                return Ok(Compared::Longer(compared));
            }
            let count = rest.len().min(STEP_BYTES);
            self.buffer.resize(count, 0);
            let count = self.reader.read(&mut self.buffer)?;
            let (earlier, _) = self.buffer.split_at(count);
            if count == 0 || !rest.starts_with(earlier) {
                return Ok(Compared::Other(compared));
            }
            self.same += count as u64;
            compared += count;
        }
        Ok(Compared::Same)
    }

    /// Copies the bytes that are the same into another blob.
    pub(super) fn copy_same(&self, mut writer: BlobWriter) -> io::Result<BlobWriter> {
        let EarlierUpload { stored, bytes } = &self.earlier;
        let mut reader = bytes.read(&stored.media)?.take(self.same);
        let mut buffer = vec![0; STEP_BYTES];
        loop {
            let count = reader.read(&mut buffer)?;
            match buffer.get(..count) {
                Some(piece) if count > 0 => writer.write(piece)?,
                _ if writer.size() == self.same => return Ok(writer),
                _ => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tipoff_model::{ArrivalId, Encoding, Media, MediaKind, MediaPlace, Timestamp};

    use futures_util::FutureExt as _;
    use tipoff_spool::{Blobs, Sender};

    use super::*;
    use crate::receive::ftp::upload::append_claim::AppendClaims;

    fn stored(blobs: &Blobs, bytes: &[u8]) -> EarlierUpload {
        let mut writer = blobs.begin(Timestamp(0), "upload").unwrap();
        writer.write(bytes).unwrap();
        let blob = writer.finish().unwrap();
        let media = Media {
            name: "x".to_owned(),
            content_type: "text/plain".to_owned(),
            kind: MediaKind::File,
            range: 0..blob.size,
            encoding: Encoding::Identity,
            size: blob.size,
            whole: true,
            repeat: false,
            decoration: false,
        };
        let place = MediaPlace { arrival: ArrivalId(1), index: None };
        let stored = AlertMedia { media, place, blob: blob.name, url: None, clip: None };
        let sender = Sender::new([127, 0, 0, 1].into(), false);
        let bytes = blobs.local(&stored.blob, blob.size, sender).now_or_never().unwrap().unwrap();
        EarlierUpload { stored, bytes }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// However the new bytes are cut: what is taken as the same is, and with the rest it is all of them.
        #[test]
        fn nothing_is_lost_and_nothing_is_taken_for_the_same_that_differs(
            earlier in proptest::collection::vec(0_u8..2, 1..50),
            new in proptest::collection::vec(0_u8..2, 0..60),
            same in 0_usize..60,
            pieces in 1_usize..20,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let blobs = Blobs::open(folder.path(), "run").unwrap();
            let new: Vec<u8> = earlier.iter().take(same).copied().chain(new).collect();
            let stored = stored(&blobs, &earlier);
            let claim = AppendClaims::default().claim(ArrivalId(1)).unwrap();
            let mut comparison = ResendComparison::new(claim, stored).unwrap();
            let mut taken = 0;
            let mut ended = None;
            for piece in new.chunks(pieces) {
                match comparison.push(piece).unwrap() {
                    Compared::Same => taken += piece.len(),
                    Compared::Longer(count) => {
                        prop_assert!(comparison.is_at_end());
                        ended = Some((taken + count, true));
                    }
                    Compared::Other(count) => ended = Some((taken + count, false)),
                }
                if ended.is_some() {
                    break;
                }
            }
            let (begin, is_longer) = ended.unwrap_or((taken, false));
            prop_assert_eq!(comparison.size(), begin as u64);
            prop_assert_eq!(&earlier[..begin], &new[..begin]);
            prop_assert_eq!(is_longer, new.len() > earlier.len() && new.starts_with(&earlier));
            let writer = blobs.begin(Timestamp(0), "upload").unwrap();
            let part = comparison.copy_same(writer).unwrap().finish().unwrap();
            prop_assert_eq!(std::fs::read(blobs.path(&part.name).unwrap()).unwrap(), &new[..begin]);
        }
    }
}
