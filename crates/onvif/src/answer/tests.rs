use super::*;
use crate::request::Operation;

const CAMERA: &str = "http://192.168.1.64/onvif/device_service";

fn envelope(body: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><env:Envelope xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\">\
         <env:Body>{body}</env:Body></env:Envelope>"
    )
    .into_bytes()
}

fn time(text: &str) -> Timestamp {
    parse_time(text).unwrap()
}

#[test]
fn the_clock_is_read_in_utc_or_else_in_local_time() {
    let clock = |name: &str, second: u32| {
        envelope(&format!(
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:TimeZone><tt:TZ>CET-1</tt:TZ>\
             </tt:TimeZone><tt:{name}><tt:Time><tt:Hour>14</tt:Hour><tt:Minute>3</tt:Minute>\
             <tt:Second>{second}</tt:Second></tt:Time><tt:Date><tt:Year>2026</tt:Year><tt:Month>10</tt:Month>\
             <tt:Day>5</tt:Day></tt:Date></tt:{name}></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        ))
    };
    for name in ["UTCDateTime", "LocalDateTime"] {
        let read = system_time(200, &clock(name, 20));
        assert_eq!(read, Ok(time("2026-10-05T14:03:20Z")), "{name}");
    }
    assert_eq!(system_time(200, &clock("UTCDateTime", 60)), Ok(time("2026-10-05T14:03:59Z")));
    assert_eq!(system_time(200, &clock("UTCDateTime", 300)), Err(Fault::Malformed));
    assert_eq!(system_time(200, &clock("Other", 20)), Err(Fault::Malformed));
}

#[test]
fn a_camera_says_what_it_is() {
    let answer = envelope(
        "<tds:GetDeviceInformationResponse><tds:Manufacturer>HIKVISION</tds:Manufacturer>\
         <tds:Model>DS-2CD2386G2-IU</tds:Model><tds:FirmwareVersion>V5.7.14 build 231028</tds:FirmwareVersion>\
         <tds:SerialNumber>DS-1</tds:SerialNumber><tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>",
    );
    let read = device_information(200, &answer).unwrap();
    assert_eq!((read.manufacturer.as_str(), read.model.as_str()), ("HIKVISION", "DS-2CD2386G2-IU"));
    assert_eq!((read.serial.as_str(), read.hardware.as_str()), ("DS-1", "88"));
    assert_eq!(read.firmware, "V5.7.14 build 231028");
}

#[test]
fn services_are_found_and_their_addresses_repaired() {
    let expected = Services {
        media: Some("http://192.168.1.64/onvif/Media".to_owned()),
        events: Some("http://192.168.1.64:8000/onvif/Events".to_owned()),
    };
    let answer = envelope(
        "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>http://0.0.0.0/d</tt:XAddr></tt:Device>\
         <tt:Events><tt:XAddr>http://0.0.0.0:8000/onvif/Events</tt:XAddr></tt:Events>\
         <tt:Media><tt:XAddr>http://10.0.0.1/onvif/Media</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>",
    );
    assert_eq!(capabilities(200, &answer, CAMERA), Ok(expected.clone()));
    let service = |namespace: &str, address: &str| {
        format!(
            "<tds:Service><tds:Namespace>http://www.onvif.org/{namespace}/wsdl</tds:Namespace>\
             <tds:XAddr>{address}</tds:XAddr></tds:Service>"
        )
    };
    let list = [
        service("ver20/media", "http://192.168.1.64/onvif/Media2"),
        service("ver10/media", "http://192.168.1.64/onvif/Media"),
        service("ver10/events", "http://192.168.1.64:8000/onvif/Events"),
    ];
    let answer = format!("<tds:GetServicesResponse>{}</tds:GetServicesResponse>", list.concat());
    assert_eq!(services(200, &envelope(&answer), CAMERA), Ok(expected));
    let nothing = envelope("<tds:GetServicesResponse/>");
    assert_eq!(services(200, &nothing, CAMERA), Ok(Services::default()));
}

#[test]
fn profiles_have_tokens_and_sizes_and_are_bounded() {
    let profile = "<trt:Profiles fixed=\"true\" token=\"Profile_1\"><tt:Name>main</tt:Name>\
        <tt:VideoSourceConfiguration token=\"v\"><tt:SourceToken>VideoSource_1</tt:SourceToken>\
        </tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration><tt:Resolution><tt:Width>2560</tt:Width>\
        <tt:Height>1440</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles>";
    let answer = format!(
        "<trt:GetProfilesResponse>{profile}<trt:Profiles/>{}</trt:GetProfilesResponse>",
        "<trt:Profiles token=\"x\"/>".repeat(PROFILES_MAX)
    );
    let read = profiles(200, &envelope(&answer)).unwrap();
    assert_eq!(read.len(), PROFILES_MAX);
    let expected = Profile {
        token: "Profile_1".to_owned(),
        name: "main".to_owned(),
        source: Some("VideoSource_1".to_owned()),
        size: Some((2560, 1440)),
    };
    assert_eq!(read[0], expected);
    assert_eq!(read[1], Profile { token: "x".to_owned(), ..Profile::default() });
}

#[test]
fn the_address_of_a_picture_is_at_the_camera() {
    let answer = envelope(
        "<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>http://169.254.1.1/pic?a=1&amp;b=2</tt:Uri>\
         <tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetSnapshotUriResponse>",
    );
    assert_eq!(uri(200, &answer, CAMERA).as_deref(), Ok("http://192.168.1.64/pic?a=1&b=2"));
    let empty = envelope("<trt:GetSnapshotUriResponse/>");
    assert_eq!(uri(200, &empty, CAMERA), Err(Fault::Malformed));
}

#[test]
fn a_granted_subscription_has_an_address_a_time_and_parameters() {
    let answer = envelope(
        "<tev:CreatePullPointSubscriptionResponse xmlns:dom0=\"http://www.axis.com/2009/event\">\
         <tev:SubscriptionReference><wsa5:Address>http://192.168.1.64/onvif/services</wsa5:Address>\
         <wsa5:ReferenceParameters><dom0:SubscriptionId>a&lt;5</dom0:SubscriptionId><undeclared:x>1</undeclared:x>\
         </wsa5:ReferenceParameters></tev:SubscriptionReference>\
         <wsnt:CurrentTime>1970-01-02T00:00:00Z</wsnt:CurrentTime>\
         <wsnt:TerminationTime>1970-01-02T00:10:00Z</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>",
    );
    let read = granted(200, &answer, CAMERA).unwrap();
    assert_eq!(read.duration, Some(Duration::from_secs(600)));
    let reference = read.reference.unwrap();
    assert_eq!(reference.address, "http://192.168.1.64/onvif/services");
    let request = Operation::Unsubscribe.request(&reference, None, [0; 16]);
    let header = "<p:SubscriptionId xmlns:p=\"http://www.axis.com/2009/event\" \
        wsa:IsReferenceParameter=\"true\">a&lt;5</p:SubscriptionId></s:Header>";
    assert!(request.body.contains(header), "{}", request.body);
}

#[test]
fn messages_are_counted_and_their_age_is_that_of_the_newest() {
    let pull = |now: &str, times: &[&str]| {
        let messages: Vec<String> = times
            .iter()
            .map(|time| {
                format!(
                    "<wsnt:NotificationMessage><wsnt:Topic>t</wsnt:Topic><wsnt:Message>\
                     <tt:Message UtcTime=\"{time}\"/></wsnt:Message></wsnt:NotificationMessage>"
                )
            })
            .collect();
        let answer = format!(
            "<tev:PullMessagesResponse><tev:CurrentTime>{now}</tev:CurrentTime>\
             <tev:TerminationTime>2026-10-05T14:13:20Z</tev:TerminationTime>{}</tev:PullMessagesResponse>",
            messages.concat()
        );
        pulled(200, &envelope(&answer)).unwrap()
    };
    let now = "2026-10-05T14:03:20Z";
    let (hour, minute) = ("2026-10-05T13:03:20Z", "2026-10-05T14:02:20Z");
    let age = |times: &[&str]| pull(now, times).age.map(|age| age.as_secs());
    assert_eq!(age(&[hour]), Some(3_600));
    assert_eq!(age(&[hour, minute, hour]), Some(60));
    assert_eq!(age(&[hour, "?"]), Some(0));
    assert_eq!(age(&[]), None);
    assert_eq!(pull("?", &[hour]).age, None);
    let read = pull(now, &[hour, hour]);
    assert_eq!((read.messages, read.duration), (2, Some(Duration::from_secs(600))));
}

proptest::proptest! {
    #[test]
    fn any_answer_is_read_or_a_fault(
        status in 100_u16..600,
        answer in "(<(s:Envelope|s:Body|s:Fault|Capabilities|UTCDateTime|Date|PullMessagesResponse|CurrentTime|a b='1')>|</a>|-?[0-9]{1,6}|[&é ]){0,30}",
    ) {
        let answer = answer.as_bytes();
        let _ = (system_time(status, answer), device_information(status, answer));
        let _ = (capabilities(status, answer, CAMERA), services(status, answer, CAMERA));
        let _ = (profiles(status, answer), uri(status, answer, CAMERA), done(status, answer));
        let _ = (granted(status, answer, CAMERA), pulled(status, answer));
    }
}
