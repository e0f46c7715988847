#![allow(missing_docs, clippy::unwrap_used)]
#[path = "../tests/common/mod.rs"]
mod common;
use common::*;
use tipoff_channels::*;
use tipoff_model::*;
use std::sync::Arc;
use std::time::Instant;
#[tokio::main]
async fn main() {
    let server = tipoff_testkit::webhook::Webhook::start_with(false).await.unwrap();
    let ch: Arc<dyn Channel> = Arc::from(channel("webhook", &[("url", text(&server.url()))]));
    let tg = tipoff_testkit::telegram::Telegram::start_with(tipoff_testkit::telegram::Options{decode:false,keep_bytes:false,flood:false}).await.unwrap();
    let t: Arc<dyn Channel> = Arc::from(channel("telegram", &[("api", text(&tg.url())),("token", text(tipoff_testkit::telegram::TOKEN)),("chat",text("123456789"))]));
    let mut jpeg = jpeg(64,48); jpeg.resize(60_000, 0);
    for (name, ch, n) in [("warm", &ch, 16), ("webhook", &ch, 4000), ("telegram", &t, 4000)] {
        let start = Instant::now();
        let mut tasks = Vec::new();
        for _ in 0..16 {
            let ch = ch.clone(); let jpeg = jpeg.clone();
            tasks.push(tokio::spawn(async move {
                let mut story = Story::new().file("p.jpg","image/jpeg",MediaKind::Picture,jpeg);
                let files = story.files();
                let mut lat = Vec::new();
                for _ in 0..n/16 {
                    let s = Instant::now();
                    let context = Context{files:&files,memory:&[],alert:&story.alert};
                    for m in messages(&story.alert,&ch.abilities()) { delivered(&ch.send(&m,&context).await); }
                    lat.push(s.elapsed());
                }
                lat
            }));
        }
        let mut lat = Vec::new();
        for t in tasks { lat.extend(t.await.unwrap()); }
        lat.sort();
        println!("{name}: {:.0}/s, median {:?}", n as f64 / start.elapsed().as_secs_f64(), lat[lat.len()/2]);
    }
    let mut story = Story::new().file("p.jpg","image/jpeg",MediaKind::Picture,jpeg);
    let files = story.files();
    let mut lat = Vec::new();
    for _ in 0..200 { let s = Instant::now(); let context = Context{files:&files,memory:&[],alert:&story.alert}; ch.send(&messages(&story.alert,&ch.abilities())[0],&context).await; lat.push(s.elapsed()); }
    lat.sort(); println!("alone: median {:?}", lat[100]);
}
