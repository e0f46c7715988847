//! Why a camera did not do what it was asked for: faults of SOAP 1.1 and 1.2, and answers that are no SOAP.

use std::time::Duration;

use crate::time::parse_duration;
use crate::xml::Element;

/// Bytes of a reason that are kept.
const REASON_BYTES_MAX: usize = 200;

/// Codes of a login that was refused, without their prefixes, in lower case.
const LOGIN: &[&str] = &[
    "notauthorized",
    "sendernotauthorized",
    "failedauthentication",
    "failedcheck",
    "invalidsecurity",
    "invalidsecuritytoken",
    "unauthorized",
];
/// Codes of an operation that the camera does not have.
const UNSUPPORTED: &[&str] = &[
    "actionnotsupported",
    "optionalactionnotimplemented",
    "notsupported",
    "unknownaction",
    "methodnotfound",
    "notimplemented",
];
/// Codes of a subscription that the camera does not know, or knows no more.
const SUBSCRIPTION: &[&str] = &[
    "resourceunknownfault",
    "resourceunknown",
    "unabletogetmessagesfault",
    "invalidsubscription",
    "unabletodestroysubscriptionfault",
    "subscriptionnotfound",
];

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// User or password are wrong, the user may not do this, or the time in the login is too far from the camera's.
    #[error("the camera refuses the login")]
    NotAuthorized,
    /// The camera does not have this operation.
    #[error("the camera does not support this")]
    NotSupported,
    /// The subscription has ended, or never was.
    #[error("the camera does not know the subscription")]
    UnknownSubscription,
    /// `PullMessages` asked for more than the camera gives at once.
    #[error("the camera waits for a shorter time, or gives fewer messages")]
    PullLimits {
        /// The longest time that the camera waits for messages.
        timeout: Option<Duration>,
        /// The most messages that the camera gives.
        messages: Option<u32>,
    },
    /// The answer is an HTTP error without a fault.
    #[error("the camera answers with the HTTP status {0}")]
    Http(u16),
    /// The answer is no SOAP envelope.
    #[error("the camera's answer cannot be read")]
    Malformed,
    /// Another reason, in the camera's words.
    #[error("the camera refuses: {0}")]
    Other(String),
}

/// The content of an answer's body, or its fault.
pub(crate) fn content(status: u16, answer: &[u8]) -> Result<Element, Fault> {
    let by_status = || match status {
        401 | 403 => Fault::NotAuthorized,
        404 | 405 | 501 => Fault::NotSupported,
        200..300 => Fault::Malformed,
        status => Fault::Http(status),
    };
    let envelope = Element::parse(answer).map_err(|_| by_status())?;
    let body = envelope.child("Body").filter(|_| envelope.local_name() == "Envelope");
    let body = body.ok_or_else(by_status)?;
    if let Some(fault) = body.child("Fault") {
        return Err(match read(fault) {
            // A fault without a word of why: the status says more.
            Fault::Other(reason) if reason.is_empty() => by_status(),
            fault => fault,
        });
    }
    if (200..300).contains(&status) { Ok(envelope) } else { Err(by_status()) }
}

fn read(fault: &Element) -> Fault {
    if let Some(limits) = fault.find("PullMessagesFaultResponse") {
        return Fault::PullLimits {
            timeout: limits.text_at(&["MaxTimeout"]).and_then(parse_duration),
            messages: limits.text_at(&["MaxMessageLimit"]).and_then(|it| it.parse().ok()),
        };
    }
    // A code is a QName in a `Value`, or the name of an element in the detail.
    let codes: Vec<String> = fault
        .descendants()
        .flat_map(|element| match element.local_name() {
            "Value" | "faultcode" => element.text().rsplit(':').next(),
            name => Some(name),
        })
        .map(str::to_ascii_lowercase)
        .collect();
    let any = |known: &[&str]| codes.iter().any(|code| known.contains(&code.as_str()));
    let text = || fault.text_at(&["Reason", "Text"]).or_else(|| fault.text_at(&["faultstring"]));
    let reason = text().unwrap_or_default();
    let says = |words: &str| reason.to_ascii_lowercase().contains(words);
    if any(LOGIN) || says("not authorized") || says("unauthorized") {
        return Fault::NotAuthorized;
    }
    if any(SUBSCRIPTION) {
        return Fault::UnknownSubscription;
    }
    if any(UNSUPPORTED) {
        return Fault::NotSupported;
    }
    let reason: String = reason.chars().filter(|it| !it.is_control()).collect();
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    Fault::Other(reason.get(..end).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(status: u16, codes: &str, reason: &str, detail: &str) -> Fault {
        let answer = format!(
            "<s:Envelope><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>{codes}</s:Code>\
             <s:Reason><s:Text xml:lang=\"en\">{reason}</s:Text></s:Reason>{detail}</s:Fault>\
             </s:Body></s:Envelope>"
        );
        content(status, answer.as_bytes()).unwrap_err()
    }

    fn code(code: &str) -> String {
        format!("<s:Subcode><s:Value>{code}</s:Value></s:Subcode>")
    }

    #[test]
    fn faults_are_told_apart_by_their_codes() {
        let nested = "<s:Subcode><s:Value>ter:InvalidArgVal</s:Value><s:Subcode>\
            <s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Subcode>";
        let unknown =
            "<s:Detail><wsrf-r:ResourceUnknownFault><x/></wsrf-r:ResourceUnknownFault></s:Detail>";
        for (status, codes, reason, detail, expected) in [
            (400, code("ter:NotAuthorized"), "", "", Fault::NotAuthorized),
            (500, code("wsse:FailedAuthentication"), "", "", Fault::NotAuthorized),
            (200, nested.to_owned(), "", "", Fault::NotAuthorized),
            (400, String::new(), "Sender not Authorized", "", Fault::NotAuthorized),
            (500, code("ter:ActionNotSupported"), "x", "", Fault::NotSupported),
            (400, code("ter:x"), "x", unknown, Fault::UnknownSubscription),
            (500, code("ter:Busy"), "come\nback", "", Fault::Other("comeback".to_owned())),
            (401, String::new(), "", "", Fault::NotAuthorized),
            (500, String::new(), "", "", Fault::Http(500)),
        ] {
            assert_eq!(fault(status, &codes, reason, detail), expected, "{codes} {reason}");
        }
    }

    #[test]
    fn limits_of_pulling_are_read() {
        let detail = "<s:Detail><tev:PullMessagesFaultResponse><tev:MaxTimeout>PT20S</tev:MaxTimeout>\
            <tev:MaxMessageLimit>10</tev:MaxMessageLimit></tev:PullMessagesFaultResponse></s:Detail>";
        let timeout = Some(Duration::from_secs(20));
        assert_eq!(fault(500, "", "", detail), Fault::PullLimits { timeout, messages: Some(10) });
    }

    #[test]
    fn soap_1_1_and_plain_answers_are_faults_too() {
        let old = "<e:Envelope><e:Body><e:Fault><faultcode>ter:NotAuthorized</faultcode>\
            <faultstring>no</faultstring></e:Fault></e:Body></e:Envelope>";
        assert_eq!(content(500, old.as_bytes()), Err(Fault::NotAuthorized));
        for (status, answer, expected) in [
            (401, "<html>no</html>", Fault::NotAuthorized),
            (404, "", Fault::NotSupported),
            (503, "busy", Fault::Http(503)),
            (200, "<html/>", Fault::Malformed),
            (200, "", Fault::Malformed),
            (500, "<s:Envelope><s:Body/></s:Envelope>", Fault::Http(500)),
        ] {
            assert_eq!(content(status, answer.as_bytes()), Err(expected), "{answer}");
        }
    }

    #[test]
    fn a_reason_is_bounded() {
        let Fault::Other(reason) = fault(500, "", &"ä".repeat(500), "") else { panic!() };
        assert_eq!(reason.len(), REASON_BYTES_MAX);
    }
}
