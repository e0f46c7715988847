//! Any datagram is an answer to a probe, or none: addresses are at its sender, and texts have no control characters.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use tipoff_onvif::discovery::{probe_matches, sadp_answer};

fuzz_target!(|datagram: &[u8]| {
    let sender = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 64));
    for camera in probe_matches(datagram, sender) {
        for address in &camera.addresses {
            assert!(address.contains("://192.168.1.64"));
        }
        for text in [camera.name, camera.hardware, camera.location, camera.mac].iter().flatten() {
            assert!(!text.is_empty() && text.len() <= 128 && !text.contains(char::is_control));
        }
    }
    if let Some(camera) = sadp_answer(datagram) {
        for text in [camera.model, camera.serial, camera.mac, camera.firmware].iter().flatten() {
            assert!(!text.is_empty() && !text.contains(char::is_control));
        }
    }
});
