//! The two halves of a connection: the publisher, which any task can use, and the event loop, which one
//! task runs.

use std::sync::Arc;
use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Packet, Publish, PublishOptions, QoS,
    SubscribeReasonCode,
};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// Time limit for DISCONNECT.
const FAREWELL_TIME: Duration = Duration::from_secs(1);

/// The connection ended before the broker acknowledged a message.
#[derive(Debug)]
pub(super) struct ConnectionLost;

/// A publisher and its event loop.
pub(super) fn halves(client: AsyncClient, events: EventLoop) -> (Publisher, EventPump) {
    let over = Arc::new(watch::Sender::new(false));
    let line = Publisher { client, given_up: Arc::default(), over: Arc::clone(&over) };
    (line, EventPump { events, over })
}

/// Publishes and subscribes on a connection, from any task.
#[derive(Clone)]
pub(super) struct Publisher {
    client: AsyncClient,
    /// Wakes the task that keeps the connection, so that it makes a new one.
    given_up: Arc<Notify>,
    /// Whether nobody runs the connection any more. `rumqttc` does not end the waits of messages that are
    /// still in its queue then.
    over: Arc<watch::Sender<bool>>,
}

impl Publisher {
    /// Publishes with QoS 1, and waits until the broker has acknowledged it.
    pub(super) async fn publish(
        &self,
        topic: &str,
        retain: bool,
        payload: Vec<u8>,
    ) -> Result<(), ConnectionLost> {
        let options = PublishOptions::at_least_once().retain(retain);
        let publishing = async {
            let notice = self.client.publish_tracked(topic, payload, options).await;
            notice
                .map_err(|_| ConnectionLost)?
                .wait_completion_async()
                .await
                .map_err(|_| ConnectionLost)
        };
        self.unless_over(publishing).await
    }

    /// Subscribes with QoS 1. Returns whether the broker allows it (section 3.9.3).
    pub(super) async fn subscribe(&self, topic: &str) -> Result<bool, ConnectionLost> {
        let subscribing = async {
            let notice = self.client.subscribe_tracked(topic, QoS::AtLeastOnce).await;
            notice.map_err(|_| ConnectionLost)?.wait_async().await.map_err(|_| ConnectionLost)
        };
        let answer = self.unless_over(subscribing).await?;
        let allowed = |code: &SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(_));
        Ok(answer.return_codes.iter().all(allowed))
    }

    /// Runs `doing`, and ends it when the connection is over.
    async fn unless_over<T>(
        &self,
        doing: impl Future<Output = Result<T, ConnectionLost>>,
    ) -> Result<T, ConnectionLost> {
        let mut over = self.over.subscribe();
        tokio::select! {
            biased;
            done = doing => done,
            _ = over.wait_for(|over| *over) => Err(ConnectionLost),
        }
    }

    /// Reports that the broker stopped answering, so that the task that keeps the connection makes a new
    /// one.
    pub(super) fn give_up(&self) {
        self.given_up.notify_one();
    }

    /// Waits until [`Self::give_up`] is called.
    pub(super) async fn given_up(&self) {
        self.given_up.notified().await;
    }
}

/// The connection's event loop. Nothing is sent or received unless [`Self::run`] is polled.
pub(super) struct EventPump {
    events: EventLoop,
    over: Arc<watch::Sender<bool>>,
}

impl Drop for EventPump {
    fn drop(&mut self) {
        self.over.send_replace(true);
    }
}

impl EventPump {
    /// Runs until the next event.
    pub(super) async fn poll(&mut self) -> Result<Event, ConnectionError> {
        self.events.poll().await
    }

    /// Runs until the connection ends. Returns the reason. `receive` gets each message.
    pub(super) async fn run(&mut self, mut receive: impl FnMut(&Publish)) -> ConnectionError {
        loop {
            match self.poll().await {
                Ok(Event::Incoming(Packet::Publish(publish))) => receive(&publish),
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }

    /// Disconnects, so that the broker does not publish the last will.
    pub(super) async fn leave(mut self, line: Publisher) {
        if line.client.disconnect_now().await.is_ok() {
            let _ = timeout(FAREWELL_TIME, self.run(|_| {})).await;
        }
    }
}
