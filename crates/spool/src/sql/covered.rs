//! The arrivals that a delivery covers, read for its alert.

use std::collections::HashSet;

use tipoff_model::{
    AlertMedia, ArrivalId, BlobName, Content, DeliveryId, Encoding, Event, IncidentId, Media,
    MediaKind, MediaPlace, Timestamp,
};

use super::statement::{Row, Sql, at, from_json, json, number, params};
use crate::Result;
use crate::core::alert::Words;
use crate::core::dedup;

/// Number of earlier arrivals of an incident that are looked up, so that a follow-up does not repeat
/// their words and pictures.
const EARLIER_MAX: u32 = 100;

/// The arrivals that a delivery covers.
pub(super) struct Covered {
    pub(super) words: Vec<Words>,
    pub(super) received_at: Option<Timestamp>,
    pub(super) media: Vec<AlertMedia>,
    pub(super) raw: Vec<AlertMedia>,
    pub(super) mails: Vec<AlertMedia>,
    pub(super) torn: bool,
    pub(super) by_mail: HashSet<ArrivalId>,
    pub(super) first: ArrivalId,
    pub(super) last: ArrivalId,
}

impl Default for Covered {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            received_at: None,
            media: Vec::new(),
            raw: Vec::new(),
            mails: Vec::new(),
            torn: false,
            by_mail: HashSet::new(),
            first: ArrivalId(0),
            last: ArrivalId(0),
        }
    }
}

impl Covered {
    pub(super) fn read(sql: &dyn Sql, delivery: DeliveryId) -> Result<Self> {
        let mut covered = Self::default();
        sql.rows(
            "SELECT arrival.id, received_at, torn, event, blob, bytes, content,
                    envelope ->> '$.protocol' = 'smtp'
             FROM delivery_arrival JOIN arrival ON arrival.id = delivery_arrival.arrival
             WHERE delivery_arrival.delivery = ?1 ORDER BY arrival.id",
            params![delivery.0],
            |row| covered.add(row),
        )?;
        Ok(covered)
    }

    fn add(&mut self, row: &Row<'_>) -> Result<()> {
        let arrival = ArrivalId(row.get(0)?);
        let received_at = at(row, 1)?;
        let event: String = row.get(3)?;
        let blob = BlobName(row.get(4)?);
        let bytes: i64 = row.get(5)?;
        let content: Content = from_json(row, 6)?;
        if self.words.is_empty() {
            self.first = arrival;
        }
        self.last = arrival;
        self.torn |= row.get::<bool>(2)?;
        self.received_at.get_or_insert(received_at);
        self.words.push(Words {
            event: Event::from_name(&event).unwrap_or_default(),
            subject: content.subject,
            text: content.text,
            details: content.details,
        });
        for (index, media) in (0_u32..).zip(content.media) {
            if !media.repeat && !media.decoration {
                let place = MediaPlace { arrival, index: Some(index) };
                self.media.push(AlertMedia {
                    media,
                    place,
                    blob: blob.clone(),
                    url: None,
                    clip: None,
                });
            }
        }
        let whole = raw_mail(arrival, blob, u64::try_from(bytes).unwrap_or(0));
        if content.unclear {
            self.raw.push(whole.clone());
        }
        if row.get(7)? {
            self.by_mail.insert(arrival);
            self.mails.push(whole);
        }
        Ok(())
    }

    /// The words of the incident's arrivals before these, the latest ones.
    pub(super) fn earlier_words(&self, sql: &dyn Sql, incident: IncidentId) -> Result<Vec<Words>> {
        let select =
            "SELECT event, content ->> '$.subject', content ->> '$.text', content ->> '$.details'
             FROM arrival WHERE incident = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
        let words = sql.rows(select, params![incident.0, self.first.0, EARLIER_MAX], |row| {
            let event: String = row.get(0)?;
            Ok(Words {
                event: Event::from_name(&event).unwrap_or_default(),
                subject: row.get(1)?,
                text: row.get(2)?,
                details: row.get(3)?,
            })
        })?;
        Ok(words)
    }

    /// Files that may repeat one that came by another protocol ([`dedup::may_repeat`]).
    pub(super) fn maybe_repeated(
        &self,
        sql: &dyn Sql,
        incident: IncidentId,
    ) -> Result<Vec<(MediaPlace, AlertMedia)>> {
        let sizes: Vec<u64> = self.media.iter().map(|stored| stored.media.size).collect();
        let select = "SELECT latest.id, blob, part.key, part.value, by_mail
             FROM (SELECT id, blob, content, envelope ->> '$.protocol' = 'smtp' AS by_mail
                   FROM arrival WHERE incident = ?1 AND id <= ?2
                   ORDER BY id DESC LIMIT ?3) AS latest, json_each(content, '$.media') AS part
             WHERE part.value ->> '$.size' IN (SELECT value FROM json_each(?4))";
        let mut pairs = Vec::new();
        let sizes = json(&sizes)?;
        sql.rows(select, params![incident.0, self.last.0, EARLIER_MAX, sizes], |row| {
            let place =
                MediaPlace { arrival: ArrivalId(row.get(0)?), index: Some(number(row, 2)?) };
            let (media, blob): (Media, _) = (from_json(row, 3)?, BlobName(row.get(1)?));
            let earlier = AlertMedia { media, place, blob, url: None, clip: None };
            let by_mail: bool = row.get(4)?;
            let repeats = self.media.iter().filter(|it| {
                let is_by_mail = self.by_mail.contains(&it.place.arrival);
                dedup::may_repeat((*it, is_by_mail), (&earlier, by_mail))
            });
            pairs.extend(repeats.map(|it| (it.place, earlier.clone())));
            Ok(())
        })?;
        Ok(pairs)
    }
}

/// The stored mail itself, as a file.
pub(super) fn raw_mail(arrival: ArrivalId, blob: BlobName, bytes: u64) -> AlertMedia {
    let media = Media {
        name: format!("mail-{arrival}.eml"),
        content_type: "message/rfc822".to_owned(),
        kind: MediaKind::File,
        range: 0..bytes,
        encoding: Encoding::Identity,
        size: bytes,
        whole: true,
        repeat: false,
        decoration: false,
    };
    AlertMedia { media, place: MediaPlace { arrival, index: None }, blob, url: None, clip: None }
}
