//! Which queries of the past the rules need before they plan. The spool runs them in the transaction that stores the
//! arrival, so each that is left out makes storing faster.

use tipoff_model::{Facts, NotifiedChannel, Past, PastQuery, RecentQuery, Timestamp};

use crate::{Judged, Rules};

/// A query for each channel that the plan may alert: those that a route sends the arrival to, and those that have a
/// first alert of its incident. Asks only for what the routes and the rate guard use.
pub(crate) fn queries(
    rules: &Rules,
    facts: &Facts<'_>,
    notified: &[NotifiedChannel],
    chosen_mode: Option<&(String, Timestamp)>,
) -> Vec<PastQuery> {
    // Without a past no cooldown runs and no hour is full: each route that matches sends to all its channels.
    let past = Past { chosen_mode: chosen_mode.cloned(), ..Past::default() };
    let judged = rules.judge(facts, &past);
    let is_new = |channel: &&String| !notified.iter().any(|it| it.channel == **channel);
    let new = rules.channels.iter().filter(is_new);
    let firsts = new.filter_map(|channel| query_of_first(rules, facts, channel, &judged));
    let subscribed = rules.subscribed(facts, notified).map(|channel| PastQuery {
        channel: channel.to_owned(),
        recent: recent(rules, channel, true, facts),
        ..PastQuery::default()
    });
    let follow_ups = notified.iter().map(|it| PastQuery {
        channel: it.channel.clone(),
        recent: recent(rules, &it.channel, false, facts),
        ..PastQuery::default()
    });
    let is_empty = |query: &PastQuery| {
        !query.last_first && query.firsts_since.is_none() && query.recent.is_none()
    };
    firsts.chain(subscribed).chain(follow_ups).filter(|query| !is_empty(query)).collect()
}

/// The query of a channel to which the incident is new; `None` if no route sends it there.
fn query_of_first(
    rules: &Rules,
    facts: &Facts<'_>,
    channel: &str,
    judged: &[Judged<'_>],
) -> Option<PastQuery> {
    let sending = || judged.iter().filter(|it| it.sends_to(channel)).map(|it| it.route);
    if !rules.routes.is_empty() && sending().next().is_none() {
        return None;
    }
    Some(PastQuery {
        channel: channel.to_owned(),
        last_first: sending().any(|route| route.cooldown.is_some()),
        firsts_since: sending().find_map(|route| route.firsts_needed_since(facts)),
        recent: recent(rules, channel, true, facts),
    })
}

/// The query of recent alerts; `None` for an archive, because nothing is suppressed on it.
fn recent(rules: &Rules, channel: &str, is_new: bool, facts: &Facts<'_>) -> Option<RecentQuery> {
    match rules.archives.iter().any(|archive| archive == channel) {
        true => None,
        false => rules.flood.past_needed(is_new, facts),
    }
}

#[cfg(test)]
mod tests;
