//! Any bytes are answers of a camera: a subscription goes on or stops, and never asks another host. The first byte of each
//! piece is its status, and how long it took.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tipoff_model::Timestamp;
use tipoff_onvif::{CameraLogin, Delivery, Now, Step, Subscription, answer};

const CAMERA: &str = "http://camera.example/onvif/device_service";

fuzz_target!(|input: &[u8]| {
    let Some((&how, answers)) = input.split_first() else {
        return;
    };
    let camera = CameraLogin {
        address: CAMERA.to_owned(),
        user: "admin".to_owned(),
        password: "secret".to_owned(),
    };
    let delivery = match how & 1 {
        0 => Delivery::Pull,
        _ => Delivery::Push { consumer: "http://192.168.1.2/h/a".to_owned() },
    };
    let mut subscription = Subscription::new(camera, delivery);
    let mut now = Now { elapsed: Duration::ZERO, utc: Timestamp::from_ms(1_790_000_000_000) };
    for piece in answers.split(|byte| *byte == 0) {
        let (&how, body) = piece.split_first().unwrap_or((&0, &[]));
        let status = [200, 400, 401, 404, 500, 503][usize::from(how) % 6];
        read(status, body);
        match subscription.next_step(now, [how; 16]) {
            Some(Step::Send { request, .. }) => {
                assert!(request.address.contains("://camera.example"));
                now.elapsed += Duration::from_secs(u64::from(how >> 4));
                match how {
                    255 => subscription.failed(now),
                    _ => drop(subscription.answered(now, status, body)),
                }
            }
            Some(Step::Wait { until }) => now.elapsed = now.elapsed.max(until),
            Some(Step::Stopped(_)) => subscription.end(),
            None => panic!("an answer is due"),
        }
    }
});

fn read(status: u16, body: &[u8]) {
    let _ = (answer::system_time(status, body), answer::device_information(status, body));
    let _ = (answer::profiles(status, body), answer::pulled(status, body));
    let _ = (answer::services(status, body, CAMERA), answer::granted(status, body, CAMERA));
    if let Ok(address) = answer::uri(status, body, CAMERA) {
        assert!(address.contains("://camera.example"));
    }
}
