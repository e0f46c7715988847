//! A power cut at the moment of each 250 and 226: what was acknowledged is there, with its bytes and its
//! deliveries (docs/spool.md). The spool's own test tries more states.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tipoff_model::{
    DeliveryState, Due, Facts, IncidentClass, NotifiedChannel, OpenIncident, Past, Plan, Planner,
};
use tipoff_spool::{Incidents, Spool, SqliteSpool};
use tipoff_testkit::power_cut::{self, Operation, Unsynced};

use crate::crash::{try_send, try_upload};
use crate::harness::{Home, PICTURE, Server, mail};

const CHANNEL: &str =
    "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n";
/// Clients that send at once.
const CLIENTS: usize = 4;

/// What was acknowledged until a moment.
#[derive(Default)]
struct Acknowledged {
    mails: BTreeSet<i64>,
    uploads: usize,
}

impl Acknowledged {
    /// Notes what a reply acknowledges; whether it does.
    fn note(&mut self, reply: &[u8]) -> bool {
        let reply = String::from_utf8_lossy(reply);
        if let Some(number) = reply.strip_prefix("250 2.0.0 Stored as ") {
            return self.mails.insert(number.trim_end().parse().unwrap());
        }
        let is_upload = reply.starts_with("226 Stored");
        self.uploads += usize::from(is_upload);
        is_upload
    }

    async fn check(&self, data: &Path) -> Result<(), String> {
        let spool = SqliteSpool::open(data, Arc::new(Nothing)).map_err(|it| it.to_string())?;
        spool.sweep_orphans().await.map_err(|it| it.to_string())?;
        let lines =
            spool.incidents(&Default::default(), 1000).await.map_err(|it| it.to_string())?;
        let (mut mails, mut uploads) = (BTreeSet::new(), 0);
        for line in lines {
            let detail = spool.incident(line.id).await.map_err(|it| it.to_string())?;
            let waits = detail.deliveries.iter().any(|it| it.state == DeliveryState::Pending);
            for arrival in detail.arrivals {
                let bytes = std::fs::read(spool.blobs().path(&arrival.blob.name).unwrap());
                let bytes = bytes.map_err(|error| format!("{}: {error}", arrival.blob.name))?;
                let is_whole = bytes.len() as u64 == arrival.blob.size && !bytes.contains(&b'\0');
                // A picture of an upload has zeros; it begins and ends as it was sent.
                let is_upload = bytes.starts_with(PICTURE) && bytes.ends_with(b"!");
                if !waits || !(is_whole || is_upload) {
                    let (there, size) = (bytes.len(), arrival.blob.size);
                    let states: Vec<_> = detail.deliveries.iter().map(|it| it.state).collect();
                    let name = &arrival.blob.name;
                    return Err(format!("{name}: {there} of {size} bytes, deliveries {states:?}"));
                }
                uploads += usize::from(is_upload);
                mails.insert(arrival.id.0);
            }
        }
        match self.mails.is_subset(&mails) && uploads >= self.uploads {
            true => Ok(()),
            false => Err(format!("{:?} of {:?}, {uploads} of {}", mails, self.mails, self.uploads)),
        }
    }
}

/// Nothing is stored by this test itself.
#[derive(Clone)]
struct Nothing;

impl Planner for Nothing {
    fn is_silent(&self, _: &Facts<'_>) -> bool {
        false
    }

    fn class(&self, _: &Facts<'_>) -> IncidentClass {
        IncidentClass::Alone
    }

    fn joins(&self, _: &Facts<'_>, _: &OpenIncident) -> bool {
        false
    }

    fn plan(&self, _: &Facts<'_>, _: &[NotifiedChannel], _: &Past) -> Plan {
        Plan { due: Vec::<Due>::new(), suppressed_reason: None }
    }
}

#[test]
fn acknowledged_mails_and_uploads_survive_a_power_cut() {
    let home =
        Home::new(&format!("video.convert = false\n[incidents]\nquiet = \"0 s\"\n{CHANNEL}"));
    std::fs::create_dir(home.data_dir()).unwrap();
    let trace = home.file("trace");
    let server = Server::start(power_cut::traced(&home.command(&["run"]), &trace));
    // The first of the day come at once.
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = &server;
            scope.spawn(move || {
                for number in 0..3 {
                    let name = format!("{client} {number}");
                    let reply = try_send(server.smtp[0], &mail(&name, &[PICTURE])).unwrap();
                    assert!(reply.starts_with("250"), "{reply}");
                    try_upload(server.ftp[0], &format!("{name}!")).unwrap();
                }
            });
        }
    });
    server.stop();

    let recording = power_cut::read(&trace, &home.data_dir(), &home.file("marks")).unwrap();
    let sent = recording.steps().iter().filter_map(|step| match &step.operation {
        Operation::Sent(reply) => Some((step.began, reply.clone())),
        _ => None,
    });
    let replies: Vec<_> = sent.filter(|(_, it)| Acknowledged::default().note(it)).collect();
    assert_eq!(replies.len(), CLIENTS * 3 * 2);
    let moments: Vec<_> = replies.iter().map(|(moment, _)| *moment).collect();
    let (mut acknowledged, mut replies) = (Acknowledged::default(), replies.into_iter());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    recording.cuts(&moments, |moment, cut| {
        let (at, reply) = replies.next().unwrap();
        assert!(at == moment && acknowledged.note(&reply));
        let random = (0..4).map(|seed| Unsynced::Random(moment as u64 * 4 + seed));
        for unsynced in [Unsynced::Lost, Unsynced::Zeros, Unsynced::Torn].into_iter().chain(random)
        {
            let rebuilt = tempfile::tempdir().unwrap();
            cut.rebuild(rebuilt.path(), unsynced).unwrap();
            let checked = runtime.block_on(acknowledged.check(rebuilt.path()));
            assert_eq!(checked, Ok(()), "a cut at moment {moment}, {unsynced:?}");
        }
    });
}
