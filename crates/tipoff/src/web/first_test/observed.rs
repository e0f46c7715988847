//! Reads the facts about the first test of a device: its arrivals, and the sessions that may be its attempts.

use std::collections::HashMap;
use std::time::Duration;

use tipoff_model::{DeviceId, LoginProof, Timestamp};
use tipoff_spool::{ArrivalLine, IncidentFilter, SessionLine, SessionOutcome, Speaker};

use super::super::AppState;
use super::super::api::sessions::{SessionQuery, find, read};
use super::super::problem::Problem;
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::Message;
use super::super::session_row::{SessionRow, row};
use super::{ArrivalFacts, Finding, PATIENCE, SessionFacts, finding, of_session};

/// Sessions that are read.
const SESSIONS: usize = 5;
/// Incidents that are read: one may hold only an empty file or a mail that broke off.
const INCIDENTS: u32 = 3;
/// Maximum age of a session that may be an attempt of the device: 15 minutes.
const LATELY: Duration = Duration::from_secs(900);

/// How long before the page was opened a session of an unknown device may be an attempt, too: one minute.
const SHORTLY: Duration = Duration::from_secs(60);

/// What the page shows.
pub(in super::super) struct Observed {
    /// The incident that shows that the device works, and when it came.
    pub(in super::super) works: Option<(i64, String)>,
    /// Whether anything arrived.
    pub(in super::super) has_arrived: bool,
    /// What to change.
    pub(in super::super) finding: Option<Message>,
    /// Whether nothing came for so long that the checklist is opened.
    pub(in super::super) nothing_came: bool,
    /// In how many seconds that may be so.
    pub(in super::super) look_again_s: Option<u64>,
    /// The latest sessions that may be attempts of this device.
    pub(in super::super) sessions: Vec<SessionRow>,
}

/// Reads what is known of the first test of the device with this user.
pub(in super::super) async fn observe(
    state: &AppState,
    clock: &ReaderClock,
    id: DeviceId,
    user: &str,
) -> Result<Observed, Problem> {
    let (mut arrivals, mut by_id, mut works) = (Vec::new(), HashMap::new(), None);
    let filter = IncidentFilter { device: Some(id), silent: true, ..IncidentFilter::default() };
    for incident in state.spool.incidents(&filter, INCIDENTS).await? {
        let detail = state.spool.incident(incident.id).await?;
        let facts: Vec<ArrivalFacts> = detail.arrivals.iter().rev().map(arrival).collect();
        if works.is_none() && facts.iter().any(ArrivalFacts::works) {
            works = Some((incident.id.0, clock.ago(incident.began_at)));
        }
        arrivals.extend(facts);
        by_id.extend(detail.arrivals.iter().map(|line| (line.id, arrival(line))));
    }
    let since = state.waits.since(id.0, clock.now());
    let (mut facts, mut rows) = (Vec::new(), Vec::new());
    for line in attempts(state, clock, id, user).await? {
        let latest = line.arrivals.last().and_then(|it| by_id.get(it)).copied();
        let session = SessionFacts { arrival: latest, ..session(state, &line, id, user).await };
        let text = of_session(&session, user).map(|finding| finding.text());
        let look = session.taken_for.is_some().then_some("wait");
        let row = row(&line, clock);
        rows.push(SessionRow { hint: text, look: look.unwrap_or(row.look), ..row });
        let is_own = line.device.as_ref().is_some_and(|(device, _)| *device == id.0)
            || line.login.as_deref() == Some(user);
        if line.began_at >= oldest(is_own, since, clock.now()) {
            facts.push(session);
        }
    }
    let waited = clock.now().since(since);
    let found = finding(waited, &facts, &arrivals, user);
    let nothing_came = found == Some(Finding::NothingCame);
    let may_look_again = facts.is_empty() && arrivals.is_empty() && !nothing_came;
    Ok(Observed {
        works,
        has_arrived: !arrivals.is_empty(),
        nothing_came,
        look_again_s: may_look_again.then(|| PATIENCE.saturating_sub(waited).as_secs() + 1),
        finding: found.map(|finding| finding.text()),
        sessions: rows,
    })
}

/// When a session may have begun to be an attempt of the device. Before its page showed what to type, only the device itself
/// could try it.
fn oldest(is_own: bool, opened: Timestamp, now: Timestamp) -> Timestamp {
    let lately = now.before(LATELY);
    if is_own { lately } else { lately.max(opened.before(SHORTLY)) }
}

fn arrival(line: &ArrivalLine) -> ArrivalFacts {
    ArrivalFacts {
        protocol: line.envelope.protocol,
        media: line.content.media.len(),
        bytes: line.blob.size,
        torn: line.torn,
        proven: line.envelope.proof != LoginProof::Unproven,
    }
}

/// The latest sessions that may be attempts of the device: its own, those with its user, those whose device is not known,
/// and those of another device without a login that is somebody's.
async fn attempts(
    state: &AppState,
    clock: &ReaderClock,
    id: DeviceId,
    user: &str,
) -> Result<Vec<SessionLine>, Problem> {
    let mut lines = find(state, &SessionQuery::default()).await?;
    lines.retain(|line| {
        let login = line.login.as_deref();
        match &line.device {
            Some((device, _)) if *device != id.0 && login != Some(user) => {
                // A login that is configured or was added belongs to its device.
                let is_known =
                    login.is_some_and(|login| state.directory.authenticator().knows_user(login));
                line.began_at >= clock.now().before(LATELY) && !is_known
            }
            _ => true,
        }
    });
    lines.truncate(SESSIONS);
    Ok(lines)
}

async fn session(state: &AppState, line: &SessionLine, id: DeviceId, user: &str) -> SessionFacts {
    // Of a session that brought nothing only the address is known, which another device may have had before.
    let is_strange = |device: i64| device != id.0 && !line.arrivals.is_empty();
    let other = line.device.as_ref().filter(|(device, _)| is_strange(*device));
    let other = other.filter(|_| line.login.as_deref() != Some(user));
    let commands = match line.outcome {
        SessionOutcome::Nothing => commands(state, line.id).await,
        _ => Vec::new(),
    };
    SessionFacts {
        protocol: line.protocol,
        outcome: line.outcome,
        hint: line.hint.clone(),
        login: line.login.clone(),
        taken_for: other.map(|(_, name)| name.clone()),
        arrival: None,
        commands,
    }
}

/// The commands of a session, without their arguments. None if it is no longer stored.
async fn commands(state: &AppState, id: i64) -> Vec<String> {
    let Ok(detail) = read(state, id).await else { return Vec::new() };
    let said = detail.lines.iter().filter(|line| line.speaker == Speaker::Device);
    let verb = |text: &str| text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    said.map(|line| verb(&line.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_did_before_the_page_was_opened_is_no_attempt() {
        let at = |minutes: i64| Timestamp::from_ms(minutes * 60_000);
        assert_eq!(oldest(true, at(100), at(105)), at(90));
        assert_eq!(oldest(false, at(100), at(105)), at(99));
        assert_eq!(oldest(false, at(100), at(140)), at(125));
    }
}
