//! The HTTP API of Dahua and its OEMs (version 3.26 where it says something).

use std::collections::BTreeMap;
use std::time::Duration;

use super::http::{Reply, Request};
use super::server::Action;
use super::stream::StreamKind;
use super::{State, routes};
use crate::standin::lock;

/// The values by their full names, as the camera is sold.
pub(super) fn settings() -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for name in ["EventHttpUpload", "PictureHttpUpload"] {
        let values = [
            ("Enable", "false"),
            ("Type", "digest"),
            ("UploadServerList[0].Address", "192.168.0.108"),
            ("UploadServerList[0].Port", "80"),
            ("UploadServerList[0].HttpsEnable", "false"),
            ("UploadServerList[0].Uploadpath", "/"),
            ("UploadServerList[0].AuthEnable", "false"),
            ("UploadServerList[0].UserName", "admin"),
            ("UploadServerList[0].Password", ""),
            ("UploadServerList[0].EventType[0]", "VideoMotion"),
        ];
        for (key, value) in values {
            settings.insert(format!("{name}.{key}"), value.to_owned());
        }
    }
    let motion = [("Enable", "true"), ("EventHandler.MailEnable", "false")];
    for (key, value) in motion {
        settings.insert(format!("MotionDetect[0].{key}"), value.to_owned());
    }
    settings.insert("General.MachineName".to_owned(), "Yard".to_owned());
    settings
}

fn refused() -> Reply {
    Reply::text(400, "Error\r\nBad Request!\r\n")
}

pub(super) fn answer(state: &State, request: &Request) -> Action {
    let action = request.parameter("action");
    if request.method != "GET" {
        return refused().into();
    }
    match (request.path(), action.as_deref()) {
        ("/cgi-bin/snapshot.cgi", _) => picture(state, request).into(),
        ("/cgi-bin/eventManager.cgi", Some("attach")) => attach(request),
        ("/cgi-bin/magicBox.cgi", Some(action)) => about(action).into(),
        ("/cgi-bin/configManager.cgi", Some("getConfig")) => get(state, request).into(),
        ("/cgi-bin/configManager.cgi", Some("setConfig")) => set(state, request).into(),
        ("/cgi-bin/eventManager.cgi" | "/cgi-bin/magicBox.cgi", _)
        | ("/cgi-bin/configManager.cgi", _) => refused().into(),
        _ => Reply::not_found().into(),
    }
}

/// The one channel has the first number of this firmware; without a number it is meant as well.
fn picture(state: &State, request: &Request) -> Reply {
    let first = state.options.first_channel.to_string();
    match request.parameter("channel") {
        Some(channel) if channel != first => refused(),
        _ => routes::picture(state),
    }
}

fn attach(request: &Request) -> Action {
    let codes = request.parameter("codes").unwrap_or_default();
    let is_list = codes.len() > 2 && codes.starts_with('[') && codes.ends_with(']');
    let heartbeat = request.parameter("heartbeat").map(|seconds| seconds.parse::<u64>());
    match heartbeat {
        _ if !is_list => refused().into(),
        None => Action::Stream(StreamKind::Dahua, None),
        // "heartbeat: range 1 to 60 s" of the API.
        Some(Ok(seconds @ 1..=60)) => {
            Action::Stream(StreamKind::Dahua, Some(Duration::from_secs(seconds)))
        }
        Some(_) => refused().into(),
    }
}

fn about(action: &str) -> Reply {
    let text = match action {
        "getDeviceType" => "type=IPC-HDW2431T-AS-S2\r\n",
        "getSystemInfo" => {
            "appAutoStart=true\r\ndeviceType=IPC-HDW2431T-AS-S2\r\nhardwareVersion=1.00\r\n\
             processor=SSC327DE\r\nserialNumber=7A01B2CPAG00001\r\nupdateSerial=IPC-HX2XXX\r\n"
        }
        "getMachineName" => "name=Yard\r\n",
        "getVendor" => "vendor=Dahua\r\n",
        "getSoftwareVersion" => "version=2.800.0000016.0.R,build:2021-10-25\r\n",
        _ => return refused(),
    };
    Reply::text(200, text)
}

fn get(state: &State, request: &Request) -> Reply {
    let name = request.parameter("name").unwrap_or_default();
    let settings = lock(&state.settings);
    let fits = |key: &str| {
        key.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let values = settings.iter().filter(|(key, _)| !name.is_empty() && fits(key));
    let text: String = values.map(|(key, value)| format!("table.{key}={value}\r\n")).collect();
    if text.is_empty() { refused() } else { Reply::text(200, text) }
}

/// Takes all values or none: a name that the camera does not know refuses them. New entries of a list are known.
fn set(state: &State, request: &Request) -> Reply {
    let mut settings = lock(&state.settings);
    let changes: Vec<(String, String)> =
        request.query().into_iter().filter(|(key, _)| key != "action").collect();
    let is_known = |key: &String| {
        let without_numbers = |key: &str| key.replace(|it: char| it.is_ascii_digit(), "");
        settings.keys().any(|known| without_numbers(known) == without_numbers(key))
    };
    if changes.is_empty() || !changes.iter().all(|(key, _)| is_known(key)) {
        return refused();
    }
    if !state.options.ignores_settings {
        settings.extend(changes);
    }
    Reply::text(200, "OK\r\n")
}
