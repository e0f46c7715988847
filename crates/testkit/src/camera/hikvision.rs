//! ISAPI of Hikvision. The shapes are those of hikvision_next's fixtures of a DS-2CD2386G2-IU with firmware V5.7.14.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;

use super::http::{Reply, Request};
use super::server::{self, Action};
use super::stream::StreamKind;
use super::xml::Element;
use super::{State, routes};
use crate::standin::lock;

/// What is wrong with the pictures of a camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureFault {
    /// Nothing.
    #[default]
    None,
    /// `statusCode` 6: pictures come from `/ISAPI/ContentMgmt/StreamingProxy` only, as on some recorders.
    OnlyByProxy,
    /// `statusCode` 3 at the first two requests.
    DeviceErrorTwice,
    /// 401, although the login is right.
    Unauthorized,
}

const NAMESPACE: &str = "http://www.hikvision.com/ver20/XMLSchema";
const HOSTS: &str = "/ISAPI/Event/notification/httpHosts";
const TRIGGERS: &str = "/ISAPI/Event/triggers";
const LINKAGE: &str = "/ISAPI/Event/triggers/VMD-1";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const CHANNELS: [&str; 2] = ["101", "102"];
/// Hosts that a camera has places for; recorders have one.
const HOSTS_MAX: usize = 3;

/// An event of the first channel.
pub(super) fn event(event_type: &str, state: &str) -> String {
    format!(
        "<EventNotificationAlert version=\"2.0\" xmlns=\"{NAMESPACE}\">\r\n\
         <ipAddress>192.168.1.64</ipAddress>\r\n<portNo>80</portNo>\r\n<protocol>HTTP</protocol>\r\n\
         <macAddress>14:92:3c:4f:f8:42</macAddress>\r\n<channelID>1</channelID>\r\n\
         <dateTime>2026-11-05T14:03:20+01:00</dateTime>\r\n<activePostCount>1</activePostCount>\r\n\
         <eventType>{event_type}</eventType>\r\n<eventState>{state}</eventState>\r\n\
         <eventDescription>{event_type} alarm</eventDescription>\r\n\
         <channelName>Yard</channelName>\r\n</EventNotificationAlert>\r\n"
    )
}

/// The XML by its path, as it is sold.
pub(super) fn settings() -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for id in 1..=HOSTS_MAX {
        settings.insert(format!("{HOSTS}/{id}"), unused_host(id));
    }
    let linkage = "<id>VMD-1</id><eventType>VMD</eventType>\
        <eventDescription>VMD Event trigger Information</eventDescription>\
        <videoInputChannelID>1</videoInputChannelID><dynVideoInputChannelID>1</dynVideoInputChannelID>\
        <EventTriggerNotificationList><EventTriggerNotification><id>record-1</id>\
        <notificationMethod>record</notificationMethod>\
        <notificationRecurrence>beginning</notificationRecurrence><videoInputID>1</videoInputID>\
        </EventTriggerNotification></EventTriggerNotificationList>";
    settings.insert(LINKAGE.to_owned(), document("EventTrigger", linkage));
    settings
}

fn unused_host(id: usize) -> String {
    let content = format!(
        "<id>{id}</id><url>/</url><protocolType>HTTP</protocolType>\
         <parameterFormatType>XML</parameterFormatType>\
         <addressingFormatType>ipaddress</addressingFormatType><ipAddress>0.0.0.0</ipAddress>\
         <portNo>80</portNo><userName></userName>\
         <httpAuthenticationMethod>none</httpAuthenticationMethod><httpBroken>false</httpBroken>"
    );
    element("HttpHostNotification", &content)
}

fn element(name: &str, content: &str) -> String {
    format!("<{name} version=\"2.0\" xmlns=\"{NAMESPACE}\">{content}</{name}>")
}

fn document(name: &str, content: &str) -> String {
    format!("{DECLARATION}{}", element(name, content))
}

/// A `ResponseStatus`.
pub(super) fn status(http: u16, url: &str, code: u32, text: &str, detail: &str) -> Reply {
    let content = format!(
        "<requestURL>{url}</requestURL><statusCode>{code}</statusCode>\
         <statusString>{text}</statusString><subStatusCode>{detail}</subStatusCode>"
    );
    Reply::xml(http, document("ResponseStatus", &content))
}

fn ok(url: &str) -> Reply {
    status(200, url, 1, "OK", "ok")
}

fn invalid(url: &str) -> Reply {
    status(400, url, 6, "Invalid XML Content", "badXmlContent")
}

pub(super) async fn answer(state: &State, request: &Request) -> Action {
    let path = request.path();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["ISAPI", "Event", "notification", "alertStream"]) => {
            Action::Stream(StreamKind::Hikvision, state.options.stream.heartbeat)
        }
        ("GET", ["ISAPI", "Streaming", "channels", channel, "picture"]) => {
            picture(state, path, channel, false).into()
        }
        ("GET", ["ISAPI", "ContentMgmt", "StreamingProxy", "channels", channel, "picture"]) => {
            picture(state, path, channel, true).into()
        }
        ("GET", ["ISAPI", "System", "deviceInfo"]) => Reply::xml(200, device_info()).into(),
        ("GET", ["ISAPI", "Event", "notification", "httpHosts"]) => {
            list(state, HOSTS, "HttpHostNotificationList").into()
        }
        ("GET", ["ISAPI", "Event", "triggers"]) => list(state, TRIGGERS, "EventTriggerList").into(),
        ("PUT", ["ISAPI", "Event", "notification", "httpHosts", ..])
        | ("PUT", ["ISAPI", "Event", "triggers", _]) => put(state, request).into(),
        ("POST", ["ISAPI", "Event", "notification", "httpHosts", id, "test"]) => {
            test_host(state, request, id).await.into()
        }
        ("GET", _) => match lock(&state.settings).get(path) {
            Some(xml) => Reply::xml(200, xml.clone()).into(),
            None => status(404, path, 4, "Invalid Operation", "notSupport").into(),
        },
        _ => status(403, path, 4, "Invalid Operation", "methodNotAllowed").into(),
    }
}

fn picture(state: &State, path: &str, channel: &str, is_proxy: bool) -> Reply {
    if !CHANNELS.contains(&channel) {
        return status(400, path, 4, "Invalid Operation", "notSupport");
    }
    match state.options.picture_fault {
        PictureFault::OnlyByProxy if !is_proxy => return invalid(path),
        PictureFault::Unauthorized => {
            return Reply::new(401, "text/html", "Unauthorized");
        }
        PictureFault::DeviceErrorTwice => {
            if state.picture_requests.fetch_add(1, Ordering::Relaxed) < 2 {
                return status(500, path, 3, "Device Error", "deviceError");
            }
        }
        PictureFault::None | PictureFault::OnlyByProxy => {}
    }
    routes::picture(state)
}

fn device_info() -> String {
    let content = "<deviceName>Yard</deviceName>\
        <deviceID>6aff4000-1f90-00b0-0000-14923c4ff842</deviceID>\
        <deviceDescription>IPCamera</deviceDescription><model>DS-2CD2386G2-IU</model>\
        <serialNumber>DS-2CD2386G2-IU20210101AAWRJ00000001</serialNumber>\
        <macAddress>14:92:3c:4f:f8:42</macAddress><firmwareVersion>V5.7.14</firmwareVersion>\
        <firmwareReleasedDate>build 231028</firmwareReleasedDate>\
        <deviceType>IPCamera</deviceType><manufacturer>hikvision</manufacturer>";
    document("DeviceInfo", content)
}

/// All documents below a path, as one.
fn list(state: &State, folder: &str, name: &str) -> Reply {
    let settings = lock(&state.settings);
    let below = settings.iter().filter(|(path, _)| path.starts_with(folder));
    let list: String = below.map(|(_, xml)| xml.trim_start_matches(DECLARATION)).collect();
    Reply::xml(200, document(name, &list))
}

/// Stores XML that a client wrote, if the camera would understand it.
fn put(state: &State, request: &Request) -> Reply {
    let path = request.path();
    let Ok(root) = Element::parse(&request.text()) else { return invalid(path) };
    let mut settings = lock(&state.settings);
    let changes: Option<Vec<(String, String)>> = match root.name.as_str() {
        "HttpHostNotificationList" if path == HOSTS => {
            root.children.iter().map(|host| Some((host_path(host)?, host.xml()))).collect()
        }
        "HttpHostNotification" => host_path(&root).map(|path| vec![(path, root.xml())]),
        "EventTrigger" if is_linkage(&root, path) => Some(vec![(path.to_owned(), root.xml())]),
        _ => None,
    };
    let fits = |changes: &Vec<(String, String)>| {
        let is_known = changes.iter().all(|(name, _)| settings.contains_key(name));
        let is_here = path == HOSTS || changes.iter().all(|(name, _)| name == path);
        is_known && is_here && !changes.is_empty()
    };
    match changes.filter(fits) {
        Some(changes) => {
            if !state.options.ignores_settings {
                settings.extend(changes);
            }
            ok(path)
        }
        None => invalid(path),
    }
}

/// Where a host is stored; `None` if it is not one that the camera takes.
fn host_path(host: &Element) -> Option<String> {
    let text = |name: &str| host.child(name).map(|child| child.text.as_str());
    let one_of = |name: &str, values: &[&str]| text(name).is_some_and(|it| values.contains(&it));
    let address_fits = match text("addressingFormatType")? {
        "ipaddress" => text("ipAddress").is_some_and(|it| it.parse::<IpAddr>().is_ok()),
        "hostname" => text("hostName").is_some_and(|it| !it.is_empty()),
        _ => false,
    };
    let fits = host.name == "HttpHostNotification"
        && address_fits
        && one_of("protocolType", &["HTTP", "HTTPS"])
        && one_of("parameterFormatType", &["XML", "JSON"])
        && one_of("httpAuthenticationMethod", &["none", "MD5digest", "basic"])
        && text("portNo").is_some_and(|it| it.parse::<u16>().is_ok_and(|port| port > 0))
        && text("url").is_some_and(|it| it.starts_with('/') && it.len() <= 127);
    fits.then(|| format!("{HOSTS}/{}", text("id").unwrap_or_default()))
}

fn is_linkage(trigger: &Element, path: &str) -> bool {
    let text = |element: &Element, name: &str| element.child(name).map(|it| it.text.clone());
    let id = text(trigger, "id").unwrap_or_default();
    let Some(list) = trigger.child("EventTriggerNotificationList") else { return false };
    let methods = ["record", "center", "email", "FTP", "beep", "IO", "LightAudioAlarm"];
    let fits = |it: &Element| {
        let method = text(it, "notificationMethod").unwrap_or_default();
        it.name == "EventTriggerNotification"
            && text(it, "id").is_some_and(|id| !id.is_empty())
            && methods.contains(&method.as_str())
    };
    path.ends_with(&format!("/triggers/{id}"))
        && text(trigger, "eventType").is_some()
        && list.children.iter().all(fits)
}

/// Sends a request to a host that events go to, and says whether it answered.
async fn test_host(state: &State, request: &Request, id: &str) -> Reply {
    let path = request.path();
    let stored = lock(&state.settings).get(&format!("{HOSTS}/{id}")).cloned();
    // The body may describe the host to test; without one it is the stored one.
    let xml = if request.body.is_empty() { stored } else { Some(request.text()) };
    let host = xml.and_then(|xml| Element::parse(&xml).ok());
    let Some(host) = host.filter(|host| host_path(host).is_some()) else { return invalid(path) };
    let text = |name: &str| host.child(name).map(|it| it.text.clone()).unwrap_or_default();
    let address = if text("ipAddress").is_empty() { text("hostName") } else { text("ipAddress") };
    let authority = format!("{address}:{}", text("portNo"));
    let error = match server::post(&authority, &text("url"), "application/xml", "").await {
        Ok(()) => String::new(),
        Err(_) => "connect server failed".to_owned(),
    };
    let content = format!("<errorDescription>{error}</errorDescription>");
    Reply::xml(200, document("HttpHostTestResult", &content))
}
