//! The ONVIF services of a camera (ONVIF Core 23.06, Media 21.12): device, media (version 1) and events, with SOAP 1.2.
//! Stricter than cameras: namespaces, actions, addresses and the login must be right to the letter.

mod events;
mod token;

use std::time::Duration;

pub use self::events::Notification;
pub(super) use self::events::{Subscriptions, notify};
use super::State;
use super::http::{Reply, Request};
use super::xml::{Element, escaped};

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const DEVICE: &str = "http://www.onvif.org/ver10/device/wsdl";
const MEDIA: &str = "http://www.onvif.org/ver10/media/wsdl";
const EVENTS: &str = "http://www.onvif.org/ver10/events/wsdl";
const NOTIFICATION: &str = "http://docs.oasis-open.org/wsn/b-2";
const NOTIFICATION_ACTIONS: &str = "http://docs.oasis-open.org/wsn/bw-2";
const CONTENT_TYPE: &str = "application/soap+xml; charset=utf-8";
/// A namespace of our own for the parameter of a subscription's address.
const PARAMETERS: &str = "http://camera.example/event";

/// Which login the services want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnvifLogin {
    /// A UsernameToken.
    #[default]
    Token,
    /// A login of HTTP, no token.
    Http,
    /// Both.
    Both,
}

/// What the ONVIF interface of a camera is like.
#[derive(Clone, Debug, Default)]
pub struct Onvif {
    /// Which login it wants.
    pub login: OnvifLogin,
    /// Seconds that its clock is ahead of ours.
    pub clock_ahead_s: i64,
    /// The host that answers name, such as `0.0.0.0`; `None`: the right one.
    pub named_host: Option<String>,
    /// Whether it has no `GetCapabilities`.
    pub lacks_capabilities: bool,
    /// Whether it has no event service.
    pub lacks_events: bool,
    /// Whether events are pushed only.
    pub lacks_pull_point: bool,
    /// Whether it has no pictures.
    pub lacks_snapshots: bool,
    /// Whether it cannot renew subscriptions.
    pub lacks_renew: bool,
    /// Whether subscriptions share an address and are told apart by a reference parameter.
    pub has_parameters: bool,
    /// Subscriptions at one time; 0: 10.
    pub subscriptions_max: usize,
    /// The longest time of a subscription; `None`: an hour.
    pub duration_max: Option<Duration>,
    /// The longest time that `PullMessages` may ask to wait; longer ones are a fault. `None`: a minute.
    pub pull_timeout_max: Option<Duration>,
}

/// Whether a request is for these services.
pub(super) fn is_for(state: &State, request: &Request) -> bool {
    state.options.onvif.is_some() && request.path().starts_with("/onvif/")
}

/// Whether they want a login of HTTP.
pub(super) fn needs_http_login(state: &State) -> bool {
    let login = state.options.onvif.as_ref().map(|onvif| onvif.login);
    matches!(login, Some(OnvifLogin::Http | OnvifLogin::Both))
}

/// Why a request is not answered.
pub(super) struct Refused {
    status: u16,
    /// The codes from the outside in.
    codes: Vec<&'static str>,
    reason: String,
    detail: String,
}

impl Refused {
    fn sender(subcode: &'static str, reason: &str) -> Self {
        let codes = vec!["s:Sender", subcode];
        Self { status: 400, codes, reason: reason.to_owned(), detail: String::new() }
    }

    fn receiver(subcode: &'static str, reason: &str) -> Self {
        Self { status: 500, codes: vec!["s:Receiver", subcode], ..Self::sender(subcode, reason) }
    }

    fn invalid(reason: &str) -> Self {
        Self::sender("ter:InvalidArgVal", reason)
    }

    fn not_supported() -> Self {
        let codes = vec!["s:Receiver", "ter:ActionNotSupported"];
        Self { codes, ..Self::receiver("", "Optional Action Not Implemented") }
    }

    fn unknown_subscription() -> Self {
        let detail = format!(
            "<r:ResourceUnknownFault xmlns:r=\"http://docs.oasis-open.org/wsrf/r-2\" xmlns:bf=\"http://docs.oasis-open.org/wsrf/bf-2\">\
             <bf:Timestamp>{}</bf:Timestamp></r:ResourceUnknownFault>",
            "2026-10-05T14:03:20Z"
        );
        Self { detail, ..Self::sender("ter:InvalidArgVal", "unknown subscription") }
    }

    fn reply(&self) -> Reply {
        let code = self.codes.iter().rev().fold(String::new(), |inner, code| {
            let subcode = match inner.is_empty() {
                true => inner,
                false => format!("<s:Subcode>{inner}</s:Subcode>"),
            };
            format!("<s:Value>{code}</s:Value>{subcode}")
        });
        let detail = match self.detail.is_empty() {
            true => String::new(),
            false => format!("<s:Detail>{}</s:Detail>", self.detail),
        };
        let fault = format!(
            "<s:Fault><s:Code>{code}</s:Code><s:Reason><s:Text xml:lang=\"en\">{}</s:Text></s:Reason>{detail}</s:Fault>",
            escaped(&self.reason)
        );
        Reply::new(self.status, CONTENT_TYPE, envelope(&fault))
    }
}

fn envelope(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xmlns:s=\"{SOAP}\" xmlns:wsa=\"{ADDRESSING}\" \
         xmlns:wsnt=\"{NOTIFICATION}\" xmlns:tev=\"{EVENTS}\" xmlns:tds=\"{DEVICE}\" xmlns:trt=\"{MEDIA}\" \
         xmlns:tt=\"http://www.onvif.org/ver10/schema\" xmlns:ter=\"http://www.onvif.org/ver10/error\" \
         xmlns:tns1=\"http://www.onvif.org/ver10/topics\"><s:Body>{content}</s:Body></s:Envelope>"
    )
}

/// A request whose envelope and login are right.
pub(super) struct Call<'a> {
    pub(super) options: &'a Onvif,
    pub(super) path: &'a str,
    pub(super) header: Element,
    pub(super) operation: Element,
}

impl Call<'_> {
    /// The address of a path as the camera names it.
    pub(super) fn named(&self, state: &State, path: &str) -> String {
        let host = self.options.named_host.clone();
        let host = host.unwrap_or_else(|| state.address.ip().to_string());
        format!("http://{host}:{}{path}", state.address.port())
    }
}

pub(super) async fn answer(state: &State, request: &Request) -> Reply {
    let options = state.options.onvif.clone().unwrap_or_default();
    let answered = match read(state, &options, request) {
        Ok(call) => perform(state, &call).await,
        Err(refused) => Err(refused),
    };
    match answered {
        Ok(content) => Reply::new(200, CONTENT_TYPE, envelope(&content)),
        Err(refused) => refused.reply(),
    }
}

fn read<'a>(state: &State, options: &'a Onvif, request: &'a Request) -> Result<Call<'a>, Refused> {
    let content_type = request.header("content-type").unwrap_or_default();
    if request.method != "POST" || !content_type.starts_with("application/soap+xml") {
        return Err(Refused::sender("ter:WellFormed", "no SOAP 1.2"));
    }
    let root = Element::parse(&request.text())
        .map_err(|error| Refused::sender("ter:WellFormed", &error))?;
    let children: Vec<&Element> = root.children.iter().collect();
    let (header, body) = match children.as_slice() {
        [header, body] if header.name == "Header" && body.name == "Body" => (*header, *body),
        _ => return Err(Refused::sender("ter:WellFormed", "no header and body")),
    };
    let is_soap = [&root, header, body].iter().all(|it| it.namespace == SOAP);
    let [operation] = body.children.as_slice() else {
        return Err(Refused::sender("ter:WellFormed", "not one operation"));
    };
    if !is_soap || root.name != "Envelope" {
        return Err(Refused::sender("ter:Namespace", "no envelope of SOAP 1.2"));
    }
    let (header, operation) = (header.clone(), operation.clone());
    // Access class PRE_AUTH: a client needs the clock for its login.
    if operation.name != "GetSystemDateAndTime" && options.login != OnvifLogin::Http {
        token::check(state, &header)?;
    }
    Ok(Call { options, path: request.path(), header, operation })
}

async fn perform(state: &State, call: &Call<'_>) -> Result<String, Refused> {
    let operation = &call.operation;
    match (call.path, operation.namespace.as_str()) {
        ("/onvif/device_service", DEVICE) => device(state, call),
        ("/onvif/media_service", MEDIA) => media(state, call),
        (_, EVENTS | NOTIFICATION) if !call.options.lacks_events => {
            events::perform(state, call).await
        }
        _ => Err(Refused::not_supported()),
    }
}

fn device(state: &State, call: &Call<'_>) -> Result<String, Refused> {
    let named = |path: &str| call.named(state, path);
    let events = !call.options.lacks_events;
    match call.operation.name.as_str() {
        "GetSystemDateAndTime" => {
            let time = state.subscriptions.now(call.options).strftime(
                "<tt:Time><tt:Hour>%-H</tt:Hour><tt:Minute>%-M</tt:Minute><tt:Second>%-S</tt:Second></tt:Time>\
                 <tt:Date><tt:Year>%Y</tt:Year><tt:Month>%-m</tt:Month><tt:Day>%-d</tt:Day></tt:Date>",
            );
            Ok(format!(
                "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType>\
                 <tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime>{time}</tt:UTCDateTime>\
                 </tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
            ))
        }
        "GetDeviceInformation" => Ok("<tds:GetDeviceInformationResponse><tds:Manufacturer>Example</tds:Manufacturer>\
             <tds:Model>EX-1</tds:Model><tds:FirmwareVersion>1.2.3</tds:FirmwareVersion><tds:SerialNumber>EX100001\
             </tds:SerialNumber><tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>"
            .to_owned()),
        "GetCapabilities" if !call.options.lacks_capabilities => {
            let events = match events {
                true => format!(
                    "<tt:Events><tt:XAddr>{}</tt:XAddr><tt:WSPullPointSupport>true</tt:WSPullPointSupport></tt:Events>",
                    named("/onvif/event_service")
                ),
                false => String::new(),
            };
            Ok(format!(
                "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>{}</tt:XAddr></tt:Device>{events}\
                 <tt:Media><tt:XAddr>{}</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>",
                named("/onvif/device_service"),
                named("/onvif/media_service"),
            ))
        }
        "GetServices" if call.operation.child("IncludeCapability").is_some() => {
            let service = |namespace: &str, path: &str| {
                format!(
                    "<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{}</tds:XAddr></tds:Service>",
                    named(path)
                )
            };
            let mut list = service(DEVICE, "/onvif/device_service");
            list.push_str(&service(MEDIA, "/onvif/media_service"));
            if events {
                list.push_str(&service(EVENTS, "/onvif/event_service"));
            }
            Ok(format!("<tds:GetServicesResponse>{list}</tds:GetServicesResponse>"))
        }
        _ => Err(Refused::not_supported()),
    }
}

fn media(state: &State, call: &Call<'_>) -> Result<String, Refused> {
    let operation = &call.operation;
    let has_profile = operation.text_at(&["ProfileToken"]) == Some("Profile_1");
    match operation.name.as_str() {
        "GetProfiles" => Ok("<trt:GetProfilesResponse><trt:Profiles token=\"Profile_1\" fixed=\"true\">\
             <tt:Name>mainStream</tt:Name><tt:VideoSourceConfiguration token=\"VideoSourceToken\">\
             <tt:SourceToken>VideoSource_1</tt:SourceToken></tt:VideoSourceConfiguration>\
             <tt:VideoEncoderConfiguration token=\"VideoEncoderToken_1\"><tt:Resolution><tt:Width>2560</tt:Width>\
             <tt:Height>1440</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles>\
             </trt:GetProfilesResponse>"
            .to_owned()),
        "GetSnapshotUri" | "GetStreamUri" if !has_profile => {
            Err(Refused::sender("ter:InvalidArgVal", "no such profile"))
        }
        "GetSnapshotUri" if !call.options.lacks_snapshots => {
            Ok(media_uri("GetSnapshotUri", &call.named(state, "/snap.jpg?channel=1&size=max")))
        }
        "GetStreamUri" => {
            let setup = operation.child("StreamSetup");
            let text = |path: &[&str]| setup.and_then(|setup| setup.text_at(path));
            if text(&["Stream"]) != Some("RTP-Unicast")
                || text(&["Transport", "Protocol"]) != Some("RTSP")
            {
                return Err(Refused::sender("ter:InvalidStreamSetup", "no such stream"));
            }
            let address = call.named(state, "/live/1").replacen("http", "rtsp", 1);
            Ok(media_uri("GetStreamUri", &address))
        }
        _ => Err(Refused::not_supported()),
    }
}

fn media_uri(operation: &str, address: &str) -> String {
    format!(
        "<trt:{operation}Response><trt:MediaUri><tt:Uri>{}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>\
         <tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:{operation}Response>",
        escaped(address)
    )
}

/// Checks the headers that event services insist on (WS-Addressing 1.0, SOAP Binding).
fn check_addressing(state: &State, call: &Call<'_>, action: &str) -> Result<(), Refused> {
    let header = |name: &str| {
        let found = call.header.child(name).filter(|it| it.namespace == ADDRESSING);
        found.map(|it| it.text.as_str())
    };
    if header("Action") != Some(action) {
        return Err(Refused::sender("wsa:ActionMismatch", "another action"));
    }
    if header("MessageID").is_none_or(|id| !id.starts_with("urn:uuid:")) {
        return Err(Refused::sender("wsa:MessageAddressingHeaderRequired", "no MessageID"));
    }
    let to = header("To").unwrap_or_default();
    let path = to.splitn(4, '/').nth(3).unwrap_or_default();
    if !to.contains(&state.address.to_string()) || format!("/{path}") != call.path {
        return Err(Refused::sender("wsa:DestinationUnreachable", "To is not this address"));
    }
    Ok(())
}
