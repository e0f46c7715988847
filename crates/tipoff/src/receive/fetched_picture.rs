//! Stores a picture or a clip that was fetched for an alarm: in the incident of the alarm, as an arrival of its own.

use tipoff_model::{Content, MediaKind};
use tipoff_spool::{BlobWriter, DedupPolicy, NewArrival, Sender, SpoolError, Stored};

use super::arrival_writer::{ArrivalWriter, disk_error};
use super::pictures::PictureRequest;
use crate::media::whole_file;

/// The form of a file that is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileForm {
    Jpeg,
    Png,
    Mp4,
}

impl FileForm {
    /// The form of a picture that begins like this; `None` if it is none, whatever the device calls it.
    pub(crate) fn of_picture(first: &[u8]) -> Option<Self> {
        match first {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', ..] => Some(Self::Png),
            _ => None,
        }
    }

    /// The ending of its name, its type, and what it is to people.
    const fn names(self) -> (&'static str, &'static str, MediaKind) {
        match self {
            Self::Jpeg => ("jpg", "image/jpeg", MediaKind::Picture),
            Self::Png => ("png", "image/png", MediaKind::Picture),
            Self::Mp4 => ("mp4", "video/mp4", MediaKind::Video),
        }
    }
}

impl ArrivalWriter {
    /// A blob for a file of this form.
    ///
    /// # Errors
    /// There is no room for it.
    pub(crate) async fn begin_fetched(
        &self,
        request: &PictureRequest,
        form: FileForm,
        bytes_max: u64,
    ) -> Result<BlobWriter, SpoolError> {
        if !self.make_room_for_known(bytes_max).await {
            return Err(SpoolError::Full("there is no room for what was fetched".to_owned()));
        }
        let begun = self.spool.blobs().begin(self.clock.now(), form.names().0);
        let mut writer = begun.map_err(|error| disk_error(&error))?;
        writer.belongs_to(Sender::new(request.envelope.peer, true));
        Ok(writer)
    }

    /// Stores a file that has come whole. `number` counts those of its alarm from 1.
    pub(crate) async fn store_fetched(
        &self,
        request: &PictureRequest,
        (writer, form): (BlobWriter, FileForm),
        number: u32,
    ) -> Result<Stored, SpoolError> {
        let received_at = self.clock.now();
        let size = writer.size();
        let blob = writer.commit().await.map_err(|error| disk_error(&error))?;
        let (extension, content_type, kind) = form.names();
        let name = match form {
            FileForm::Mp4 => format!("clip.{extension}"),
            FileForm::Jpeg | FileForm::Png => format!("snapshot-{number}.{extension}"),
        };
        let content = Content {
            subject: String::new(),
            text: String::new(),
            media: vec![whole_file(name, content_type, kind, size)],
            unclear: false,
            details: None,
            camera: request.camera.clone(),
            late: false,
        };
        let arrival = NewArrival {
            event: request.event,
            housekeeping: false,
            vendor: request.vendor,
            device: request.device.clone(),
            envelope: request.envelope.clone(),
            content,
            blob,
            began_at: received_at,
            received_at,
            ready_at: received_at,
            torn: false,
            unacknowledged: false,
            digest: None,
            same_as: None,
            digests: Vec::new(),
            again: DedupPolicy::AfterTorn,
            tree: None,
        };
        let stored = match request.incident {
            Some(incident) => self.spool.store_in(incident, arrival).await?,
            None => self.spool.store(arrival).await?,
        };
        self.announce(&stored);
        Ok(stored)
    }
}
