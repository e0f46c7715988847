use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;

use super::*;
use crate::net::limit::{ConnectionLimiter, ConnectionLimits};

fn handle() -> ConnectionHandle {
    let places = ConnectionLimits { total: 1, per_address: 1, ceiling: 1, newest_wins: true };
    let connections = ConnectionLimiter::new(places, Arc::default());
    connections.admit([127, 0, 0, 1].into()).unwrap().handle()
}

fn connection(buffer: usize) -> (DuplexStream, Connection<DuplexStream>) {
    let (client, server) = duplex(buffer);
    (client, Connection::new(server, handle()))
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_stands_still_ends_and_one_that_moves_goes_on() {
    let (mut client, mut connection) = connection(64);
    for _ in 0..3 {
        tokio::time::advance(STANDSTILL_MAX - Duration::from_secs(1)).await;
        client.write_all(b"x").await.unwrap();
        assert_eq!(connection.read_u8().await.unwrap(), b'x');
    }
    let error = connection.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

/// For how long somebody is written to who reads so many bytes at a time, each time after so many seconds.
async fn is_written_to(bytes: usize, every_s: u64, for_s: u64) -> bool {
    let (mut client, mut connection) = connection(bytes.min(1_024));
    let reader = tokio::spawn(async move {
        let mut buffer = vec![0; bytes];
        let end = Instant::now() + Duration::from_secs(for_s);
        while Instant::now() < end {
            tokio::time::sleep(Duration::from_secs(every_s)).await;
            // What it sends meanwhile is no reason to wait for it.
            let _ = timeout(Duration::from_millis(1), client.write(b"x")).await;
            if client.read_exact(&mut buffer).await.is_err() {
                return false;
            }
        }
        true
    });
    let mut input = [0; 64];
    loop {
        tokio::select! {
            written = connection.write_all(&[0; 8_192]) => if written.is_err() { break },
            () = std::future::poll_fn(|_| Poll::<()>::Pending) => {}
        }
        let mut read = ReadBuf::new(&mut input);
        let _ = std::future::poll_fn(|context| {
            let _ = Pin::new(&mut connection).poll_read(context, &mut read);
            Poll::Ready(())
        })
        .await;
    }
    drop(connection);
    reader.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn who_reads_too_slowly_is_given_up_and_a_slow_phone_is_not() {
    assert!(!is_written_to(1, 29, 3_600).await, "a byte now and then");
    assert!(!is_written_to(1_024, 1, 3_600).await, "a kilobyte a second");
    assert!(is_written_to(3_072, 1, 3_600).await, "three of them");
}
