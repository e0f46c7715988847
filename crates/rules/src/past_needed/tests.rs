//! What the rules need to know of the past.

use std::time::Duration;

use tipoff_model::{Event, Planner, RecentQuery};

use super::*;
use crate::testing::{at, device, facts, hours, rules, to_me, told};
use crate::{Conditions, RateGuard, Route, Rules};

/// The channel, whether its last first alert, its hour and its ten minutes are needed, of a query.
fn needed(rules: &Rules, facts: &Facts<'_>, notified: &[&str]) -> Vec<(String, [bool; 3])> {
    let queries = rules.past_needed(facts, &told(notified), None);
    let parts = |it: &PastQuery| [it.last_first, it.firsts_since.is_some(), it.recent.is_some()];
    queries.iter().map(|it| (it.channel.clone(), parts(it))).collect()
}

#[test]
fn no_more_of_the_past_is_needed_than_routes_and_the_rate_guard_use() {
    let device = device();
    let facts = facts(&device, at("2026-03-01T12:00:00Z"));
    let query = |channel: &str, parts| (channel.to_owned(), parts);
    let rate_only = [false, false, true];
    let (me, hook) = (query("me", rate_only), query("hook", rate_only));
    assert_eq!(needed(&rules(Vec::new()), &facts, &[]), [me.clone(), hook.clone()]);
    assert_eq!(needed(&rules(Vec::new()), &facts, &["hook"]), [me.clone(), hook]);
    let mine = to_me(Conditions::default());
    assert_eq!(needed(&rules(vec![mine.clone()]), &facts, &[]), [me]);
    let slow = Route { cooldown: Some(Duration::from_secs(60)), ..mine.clone() };
    let hourly = Route { per_hour: Some(2), ..mine.clone() };
    let at_night = Route { conditions: hours("22:00-06:00"), ..slow.clone() };
    assert_eq!(needed(&rules(vec![slow.clone()]), &facts, &[]), [query("me", [true, false, true])]);
    assert_eq!(needed(&rules(vec![slow, hourly]), &facts, &[]), [query("me", [true, true, true])]);
    assert!(needed(&rules(vec![at_night.clone()]), &facts, &[]).is_empty());
    assert_eq!(needed(&rules(vec![at_night]), &facts, &["gone"]), [query("gone", rate_only)]);
    let archive = Rules { archives: vec!["me".to_owned()], ..rules(vec![mine]) };
    assert!(needed(&archive, &facts, &["me"]).is_empty());
    let off = Rules { flood: RateGuard { alerts_max: 0 }, ..rules(Vec::new()) };
    assert!(needed(&off, &facts, &["me"]).is_empty());
    assert!(needed(&rules(Vec::new()), &Facts { muted: true, ..facts }, &["me"]).is_empty());
}

#[test]
fn the_past_that_is_needed_reaches_back_as_far_as_it_is_counted() {
    let device = device();
    let now = at("2026-03-01T12:00:00Z");
    let rules = rules(vec![Route { per_hour: Some(2), ..to_me(Conditions::default()) }]);
    let queries = |facts: &Facts<'_>| rules.past_needed(facts, &told(&["hook"]), None);
    let motion = facts(&device, now);
    let [me, hook] = queries(&motion).try_into().unwrap();
    assert_eq!(me.firsts_since, Some(now.before(Duration::from_secs(3600))));
    let expected = RecentQuery {
        since: now.before(Duration::from_secs(600)),
        of_address: true,
        counts_while_gathering: false,
    };
    assert_eq!(me.recent, Some(expected));
    assert_eq!(hook.recent, Some(RecentQuery { of_address: false, ..expected }));
    let [mail, _] = queries(&Facts { event: Event::Other, ..motion }).try_into().unwrap();
    assert_eq!(mail.recent, Some(RecentQuery { counts_while_gathering: true, ..expected }));
}
