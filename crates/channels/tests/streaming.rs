//! Large files pass through, and memory stays as it is.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use common::{Story, channel, delivered, send_all, text};
use tipoff_model::MediaKind;
use tipoff_testkit::telegram::{CHAT, Options, TOKEN, Telegram};
use tipoff_testkit::webhook::Webhook;

const MB: u64 = 1 << 20;

/// The most memory that this process ever had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn a_file_of_49_mb_needs_little_memory() {
    let options = Options { keep_bytes: false, ..Options::default() };
    let telegram = Telegram::start_with(options).await.unwrap();
    let webhook = Webhook::start_with(false).await.unwrap();
    let values = [("api", text(&telegram.url())), ("token", text(TOKEN)), ("chat", text(CHAT))];
    let to_telegram = channel("telegram", &values);
    let to_webhook = channel("webhook", &[("url", text(&webhook.url())), ("secret", text("k"))]);
    let story = |size| Story::new().zeros("f.bin", "x/y", MediaKind::File, size);
    // Everything that is made once is made now.
    for channel in [&to_telegram, &to_webhook] {
        delivered(&send_all(&**channel, story(MB)).await[0]);
    }

    let before = peak();
    for channel in [&to_telegram, &to_webhook] {
        delivered(&send_all(&**channel, story(49 * MB)).await[0]);
    }
    // The stand-in for Telegram keeps 10 MB of what may be a picture.
    let grown = peak() - before;
    assert!(grown < 32 * MB, "{} MB more", grown / MB);

    let sent = telegram.log().all().pop().unwrap();
    assert_eq!((sent.method.as_str(), sent.files[0].size), ("sendDocument", 49 * MB));
    assert!(webhook.log().all()[1].body_bytes > 49 * MB * 4 / 3);
}
