//! A Bot API server as a program, for tests of packages and images. A person has written to its bot.
//!
//! It prints its address, and then each message that it accepts as a line of JSON, until it is ended.

use std::io::{self, Write};

use serde_json::json;
use tipoff_testkit::telegram::{CHAT, Options, Telegram};

fn main() -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve())
}

async fn serve() -> io::Result<()> {
    let telegram = Telegram::start_with(Options::default()).await?;
    telegram.write(CHAT, "hello", "Ann");
    print(&telegram.url())?;
    for count in 1.. {
        let sent = telegram.log().wait_for(count).await;
        for message in sent.iter().skip(count - 1).take(1) {
            let files = message.files.iter();
            let files: Vec<_> =
                files.map(|it| json!({ "kind": it.kind, "size": it.size })).collect();
            let method = &message.method;
            print(&json!({ "method": method, "text": message.text, "files": files }).to_string())?;
        }
    }
    Ok(())
}

/// Prints a line at once, also into a file.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
