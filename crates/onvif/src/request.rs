//! Requests as SOAP 1.2 envelopes, with the headers of WS-Addressing that event services insist on.

use std::fmt;
use std::time::Duration;

use crate::time::written_duration;
use crate::token::UsernameToken;
use crate::xml::escaped;

/// The media type of SOAP 1.2; [`SoapRequest::content_type`] has what a request sends.
pub const CONTENT_TYPE: &str = "application/soap+xml; charset=utf-8";

const DEVICE: &str = "http://www.onvif.org/ver10/device/wsdl";
const MEDIA: &str = "http://www.onvif.org/ver10/media/wsdl";
const EVENTS: &str = "http://www.onvif.org/ver10/events/wsdl";
const SCHEMA: &str = "http://www.onvif.org/ver10/schema";
const NOTIFICATION: &str = "http://docs.oasis-open.org/wsn/b-2";
const NOTIFICATION_ACTIONS: &str = "http://docs.oasis-open.org/wsn/bw-2";
const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";

/// What a camera is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Its clock. Needs no login.
    GetSystemDateAndTime,
    /// Vendor, model, firmware, serial number.
    GetDeviceInformation,
    /// The addresses of its services, as all cameras say them.
    GetCapabilities,
    /// The addresses of its services, as newer cameras say them.
    GetServices,
    /// The profiles of its media service (version 1).
    GetProfiles,
    /// The address of a picture, by the token of a profile.
    GetSnapshotUri(String),
    /// The address of a stream over RTSP, by the token of a profile.
    GetStreamUri(String),
    /// A subscription whose events are pulled, for this long.
    CreatePullPointSubscription(Duration),
    /// Events, as soon as there are some, or after this long, and how many at most.
    PullMessages(Duration, u32),
    /// The state of everything, at a subscription.
    SetSynchronizationPoint,
    /// A subscription whose events are pushed to an address, for this long.
    Subscribe(String, Duration),
    /// A subscription goes on, for this long from now.
    Renew(Duration),
    /// A subscription ends.
    Unsubscribe,
}

impl Operation {
    /// The value of `wsa:Action`.
    pub fn action(&self) -> String {
        match self {
            Self::GetSystemDateAndTime => format!("{DEVICE}/GetSystemDateAndTime"),
            Self::GetDeviceInformation => format!("{DEVICE}/GetDeviceInformation"),
            Self::GetCapabilities => format!("{DEVICE}/GetCapabilities"),
            Self::GetServices => format!("{DEVICE}/GetServices"),
            Self::GetProfiles => format!("{MEDIA}/GetProfiles"),
            Self::GetSnapshotUri(_) => format!("{MEDIA}/GetSnapshotUri"),
            Self::GetStreamUri(_) => format!("{MEDIA}/GetStreamUri"),
            Self::CreatePullPointSubscription(_) => {
                format!("{EVENTS}/EventPortType/CreatePullPointSubscriptionRequest")
            }
            Self::PullMessages(..) => format!("{EVENTS}/PullPointSubscription/PullMessagesRequest"),
            Self::SetSynchronizationPoint => {
                format!("{EVENTS}/PullPointSubscription/SetSynchronizationPointRequest")
            }
            Self::Subscribe(..) => {
                format!("{NOTIFICATION_ACTIONS}/NotificationProducer/SubscribeRequest")
            }
            Self::Renew(_) => format!("{NOTIFICATION_ACTIONS}/SubscriptionManager/RenewRequest"),
            Self::Unsubscribe => {
                format!("{NOTIFICATION_ACTIONS}/SubscriptionManager/UnsubscribeRequest")
            }
        }
    }

    /// Whether it belongs to the event service, which wants the headers of WS-Addressing.
    fn is_of_events(&self) -> bool {
        matches!(
            self,
            Self::CreatePullPointSubscription(_)
                | Self::PullMessages(..)
                | Self::SetSynchronizationPoint
                | Self::Subscribe(..)
                | Self::Renew(_)
                | Self::Unsubscribe
        )
    }

    /// The content of the envelope's body.
    fn content(&self) -> String {
        match self {
            Self::GetSystemDateAndTime => format!("<GetSystemDateAndTime xmlns=\"{DEVICE}\"/>"),
            Self::GetDeviceInformation => format!("<GetDeviceInformation xmlns=\"{DEVICE}\"/>"),
            Self::GetCapabilities => format!(
                "<GetCapabilities xmlns=\"{DEVICE}\"><Category>All</Category></GetCapabilities>"
            ),
            Self::GetServices => format!(
                "<GetServices xmlns=\"{DEVICE}\"><IncludeCapability>false</IncludeCapability>\
                 </GetServices>"
            ),
            Self::GetProfiles => format!("<GetProfiles xmlns=\"{MEDIA}\"/>"),
            Self::GetSnapshotUri(token) => format!(
                "<GetSnapshotUri xmlns=\"{MEDIA}\"><ProfileToken>{}</ProfileToken></GetSnapshotUri>",
                escaped(token)
            ),
            Self::GetStreamUri(token) => format!(
                "<GetStreamUri xmlns=\"{MEDIA}\"><StreamSetup>\
                 <Stream xmlns=\"{SCHEMA}\">RTP-Unicast</Stream><Transport xmlns=\"{SCHEMA}\">\
                 <Protocol>RTSP</Protocol></Transport></StreamSetup>\
                 <ProfileToken>{}</ProfileToken></GetStreamUri>",
                escaped(token)
            ),
            Self::CreatePullPointSubscription(duration) => format!(
                "<CreatePullPointSubscription xmlns=\"{EVENTS}\"><InitialTerminationTime>{}\
                 </InitialTerminationTime></CreatePullPointSubscription>",
                written_duration(*duration)
            ),
            Self::PullMessages(timeout, limit) => format!(
                "<PullMessages xmlns=\"{EVENTS}\"><Timeout>{}</Timeout>\
                 <MessageLimit>{limit}</MessageLimit></PullMessages>",
                written_duration(*timeout)
            ),
            Self::SetSynchronizationPoint => {
                format!("<SetSynchronizationPoint xmlns=\"{EVENTS}\"/>")
            }
            Self::Subscribe(consumer, duration) => format!(
                "<Subscribe xmlns=\"{NOTIFICATION}\"><ConsumerReference><wsa:Address>{}\
                 </wsa:Address></ConsumerReference><InitialTerminationTime>{}\
                 </InitialTerminationTime></Subscribe>",
                escaped(consumer),
                written_duration(*duration)
            ),
            Self::Renew(duration) => format!(
                "<Renew xmlns=\"{NOTIFICATION}\"><TerminationTime>{}</TerminationTime></Renew>",
                written_duration(*duration)
            ),
            Self::Unsubscribe => format!("<Unsubscribe xmlns=\"{NOTIFICATION}\"/>"),
        }
    }

    /// The request to this address. `message_id` is random; `login` is not needed for the camera's clock.
    pub fn request(
        &self,
        to: &Reference,
        login: Option<&UsernameToken<'_>>,
        message_id: [u8; 16],
    ) -> SoapRequest {
        let mut header = login.map(UsernameToken::header).unwrap_or_default();
        if self.is_of_events() {
            header.push_str(&format!(
                "<wsa:Action s:mustUnderstand=\"1\">{}</wsa:Action>\
                 <wsa:MessageID>urn:uuid:{}</wsa:MessageID>\
                 <wsa:ReplyTo><wsa:Address>{ADDRESSING}/anonymous</wsa:Address></wsa:ReplyTo>\
                 <wsa:To s:mustUnderstand=\"1\">{}</wsa:To>{}",
                self.action(),
                uuid(message_id),
                escaped(&to.address),
                to.parameters,
            ));
        }
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:wsa=\"{ADDRESSING}\">\
             <s:Header>{header}</s:Header><s:Body>{}</s:Body></s:Envelope>",
            self.content(),
        );
        SoapRequest { address: to.address.clone(), action: self.action(), body }
    }
}

/// A random UUID of these bytes (RFC 9562, version 4).
pub(crate) fn uuid(bytes: [u8; 16]) -> String {
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf000 << 64) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
    let digits = format!("{number:032x}");
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

/// Where a request goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// The address, already repaired.
    pub address: String,
    /// Headers that the camera wants back with each request, as XML: some cameras tell subscriptions apart by them.
    pub(crate) parameters: String,
}

impl Reference {
    /// A reference without parameters.
    pub fn to(address: impl Into<String>) -> Self {
        Self { address: address.into(), parameters: String::new() }
    }
}

/// A request to POST.
#[derive(Clone, PartialEq, Eq)]
pub struct SoapRequest {
    /// The address, always at the camera's host.
    pub address: String,
    /// The operation.
    pub action: String,
    /// The envelope. It has the user's name and a digest of the password: not for logs.
    pub body: String,
}

impl SoapRequest {
    /// The header `Content-Type`, with the operation (RFC 3902, section 2): some servers, such as the one of oxvif 0.17,
    /// choose the operation by it.
    pub fn content_type(&self) -> String {
        format!("{CONTENT_TYPE}; action=\"{}\"", self.action)
    }
}

impl fmt::Debug for SoapRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoapRequest")
            .field("address", &self.address)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::Timestamp;

    use super::*;
    use crate::xml::Element;

    fn all() -> Vec<Operation> {
        let duration = Duration::from_secs(600);
        vec![
            Operation::GetSystemDateAndTime,
            Operation::GetDeviceInformation,
            Operation::GetCapabilities,
            Operation::GetServices,
            Operation::GetProfiles,
            Operation::GetSnapshotUri("<&\">".to_owned()),
            Operation::GetStreamUri("a".to_owned()),
            Operation::CreatePullPointSubscription(duration),
            Operation::PullMessages(duration, 100),
            Operation::SetSynchronizationPoint,
            Operation::Subscribe("http://192.168.1.2:8080/h/a&b".to_owned(), duration),
            Operation::Renew(duration),
            Operation::Unsubscribe,
        ]
    }

    #[test]
    fn every_request_is_an_envelope_with_its_operation() {
        for operation in all() {
            let request = operation.request(&Reference::to("http://a/b?c&d"), None, [7; 16]);
            let root = Element::parse(request.body.as_bytes()).unwrap();
            let content = &root.child("Body").unwrap().children;
            assert_eq!(content.len(), 1);
            let name = content[0].local_name();
            assert!(request.action.trim_end_matches("Request").ends_with(&format!("/{name}")));
            let named = format!("charset=utf-8; action=\"{}\"", request.action);
            assert!(request.content_type().ends_with(&named));
            let action = root.text_at(&["Header", "Action"]);
            assert_eq!(action.is_some(), operation.is_of_events(), "{name}");
            if action.is_some() {
                assert_eq!(action, Some(request.action.as_str()));
                assert_eq!(root.text_at(&["Header", "To"]), Some("http://a/b?c&d"));
                let id = root.text_at(&["Header", "MessageID"]);
                assert_eq!(id, Some("urn:uuid:07070707-0707-4707-8707-070707070707"));
            }
        }
    }

    #[test]
    fn values_are_escaped_and_durations_written_in_seconds() {
        let body = |operation: Operation| {
            let request = operation.request(&Reference::to("http://a/"), None, [0; 16]);
            Element::parse(request.body.as_bytes()).unwrap()
        };
        let token = body(Operation::GetSnapshotUri("<&\">".to_owned()));
        assert_eq!(token.find("ProfileToken").unwrap().text(), "<&\">");
        let consumer = "http://192.168.1.2:8080/h/a&b";
        let root = body(Operation::Subscribe(consumer.to_owned(), Duration::from_secs(600)));
        let subscribe = root.find("Subscribe").unwrap();
        assert_eq!(subscribe.text_at(&["ConsumerReference", "Address"]), Some(consumer));
        assert_eq!(subscribe.text_at(&["InitialTerminationTime"]), Some("PT600S"));
        let pull = body(Operation::PullMessages(Duration::from_secs(60), 100));
        let pull = pull.find("PullMessages").unwrap();
        assert_eq!(pull.text_at(&["MessageLimit"]), Some("100"));
    }

    proptest::proptest! {
        #[test]
        fn user_and_password_break_no_envelope(user in "[ -~äß€\n\t]{0,30}", password in ".{0,30}") {
            let token = UsernameToken {
                user: &user,
                password: &password,
                nonce: [1; 16],
                created: Timestamp::from_ms(1_790_000_000_000),
            };
            let request =
                Operation::GetProfiles.request(&Reference::to("http://a/"), Some(&token), [0; 16]);
            let root = Element::parse(request.body.as_bytes()).unwrap();
            let path = ["Header", "Security", "UsernameToken"];
            let security = root.at(&path).unwrap();
            proptest::prop_assert_eq!(security.children.len(), 4);
            proptest::prop_assert_eq!(security.child("Username").unwrap().text(), user.trim());
            proptest::prop_assert!(root.at(&["Body", "GetProfiles"]).is_some());
        }
    }
}
