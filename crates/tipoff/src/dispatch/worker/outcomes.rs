//! The outcomes of a channel's attempts: recorded in the spool, shown in status, metrics and log, and judged for what
//! they say about the service.
//!
//! The worker calls [`ChannelWorker::finish`] when an attempt ends. Here an outage begins, grows and ends; `outage.rs`
//! and `backoff.rs` decide the pauses.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use tipoff_model::{DeliveryId, DeliveryState, IncidentId};
use tipoff_spool::{AttemptRecord, Share, SpoolError};

use super::{ChannelWorker, FAILURES_MAX, SPOOL_FAILED};
use crate::dispatch::attempt::{self, AttemptOutcome, ChannelHealth};
use crate::dispatch::backoff::{self, Backoff, Reason};
use crate::dispatch::in_flight::{self, EndedAttempt};
use crate::dispatch::outage::Outage;
use crate::runtime::events::LiveEvent;

impl ChannelWorker {
    /// Records how an attempt ended, and with it all others that have ended by now: they share a commit.
    pub(super) async fn finish(&mut self, ended: EndedAttempt) {
        let (mut records, mut has_ended) = (Vec::new(), false);
        let mut next = Some(ended);
        while let Some(EndedAttempt { outcome, began, is_stale, share }) = next {
            let AttemptOutcome { context, incident, record, health, repair } = outcome;
            if Arc::ptr_eq(&context, &self.context) {
                self.apply_health(&health, (record.delivery, &share), began, is_stale);
                self.apply_repair(repair);
            }
            self.count_failures(&record, &health);
            has_ended |= health == ChannelHealth::Ended;
            self.report(&record);
            records.push((incident, record));
            next = self.in_flight.try_join_next();
        }
        self.status.set_in_flight(self.in_flight.len());
        join_all(records.into_iter().map(|(incident, record)| self.record(incident, record))).await;
        if has_ended {
            self.context.common.remove_ended(&self.context.name).await;
        }
    }

    /// Tries until the spool has the record: otherwise the delivery would be made again. If another node has had the
    /// channel meanwhile, nothing is recorded: that node decides what is sent.
    async fn record(&self, incident: IncidentId, record: AttemptRecord) {
        while let Err(error) = self.context.common.spool.record(record.clone()).await {
            let channel = &self.context.name;
            if let (SpoolError::LeaseLost(_), Some(lease)) = (&error, &record.lease) {
                let delivery = record.delivery;
                tracing::warn!(channel, %delivery, "Another node has the channel; an attempt was not recorded.");
                return self.context.common.leases.lost(lease);
            }
            tracing::error!(channel, %error, "Could not record a delivery attempt; trying again.");
            tokio::time::sleep(SPOOL_FAILED).await;
        }
        let (delivery, state) = (record.delivery, record.state);
        let channel = self.context.name.clone();
        self.context.common.events.publish(LiveEvent::Delivery {
            delivery,
            incident,
            channel,
            state,
        });
    }

    /// Starts, extends or ends the outage by what the attempt at the delivery `of` its sender showed.
    fn apply_health(
        &mut self,
        health: &ChannelHealth,
        of: (DeliveryId, &Share),
        began: Instant,
        is_stale: bool,
    ) {
        match health {
            ChannelHealth::Fine => self.service_works(of.1, is_stale),
            ChannelHealth::Ended => {}
            ChannelHealth::Unknown => {
                // The next attempt may ask the service at once.
                if let Some(outage) = self.outage.as_mut().filter(|_| !is_stale) {
                    outage.backoff.ask_now(in_flight::now());
                }
            }
            ChannelHealth::Failing { reason, error } => {
                self.service_fails(*reason, error, began, is_stale);
                if let Some(outage) = self.outage.as_mut().filter(|_| !is_stale) {
                    outage.add_failed(of.0, of.1);
                }
            }
        }
    }

    /// A setting that the owner has to correct is logged once, and shown until the channel's settings change.
    fn apply_repair(&self, repair: Option<String>) {
        if let Some(repair) = repair
            && self.status.set_repair(&repair)
        {
            let channel = &self.context.name;
            tracing::warn!(channel, repair, "Alerts are delivered without something that is set.");
        }
    }

    /// Ends the outage, if there is one and the success shows that it is over.
    fn service_works(&mut self, share: &Share, is_stale: bool) {
        let is_over = |it: &mut Outage| !is_stale || it.backoff.ends_with_earlier_success();
        if let Some(outage) = self.outage.take_if(is_over) {
            self.quarantine.add(&outage, share, in_flight::now());
            tracing::info!(channel = self.context.name, "The channel works again.");
            self.in_flight.mark_all_stale();
            self.status.set_fine();
        }
    }

    /// Begins an outage, or extends the one that there is. Each error is logged once, not at every attempt.
    fn service_fails(&mut self, reason: Reason, error: &str, began: Instant, is_stale: bool) {
        let (now, chance) = (in_flight::now(), backoff::chance());
        if self.outage.as_ref().is_none_or(|outage| outage.error != error) && !is_stale {
            let channel = &self.context.name;
            tracing::warn!(channel, error, "The channel fails; its alerts wait.");
        }
        match &mut self.outage {
            // An attempt that hung since before the recovery says nothing.
            None if is_stale => return,
            None => {
                let backoff = Backoff::new(reason, began, now, chance);
                self.outage = Some(Outage::new(backoff, error));
                self.in_flight.mark_all_stale();
            }
            Some(outage) if is_stale => outage.backoff.fail_stale(reason, now),
            Some(outage) => {
                outage.backoff.fail(reason, began, now, chance);
                outage.error = error.to_owned();
            }
        }
        if let Some(Outage { backoff, error, .. }) = &self.outage {
            self.status.set_failing(backoff.failures(), error, backoff.wait(now));
        }
    }

    /// Counts how often a delivery itself fails: its pauses grow.
    fn count_failures(&mut self, record: &AttemptRecord, health: &ChannelHealth) {
        match (record.state, health) {
            (DeliveryState::Pending, ChannelHealth::Fine | ChannelHealth::Unknown) => {
                if self.failures.len() >= FAILURES_MAX {
                    self.failures.clear();
                }
                let failures = self.failures.entry(record.delivery).or_default();
                *failures = failures.saturating_add(1);
            }
            (DeliveryState::Pending, ChannelHealth::Failing { .. }) => {}
            _ => {
                self.failures.remove(&record.delivery);
                self.quarantine.remove(record.delivery);
            }
        }
    }

    /// Shows the attempt in metrics, status and log.
    fn report(&self, record: &AttemptRecord) {
        let channel = self.context.name.as_str();
        self.context.common.metrics.attempt(&self.context.metrics_name, record);
        self.status.set_last_attempt(record);
        attempt::log(channel, record);
    }
}
