use super::*;

const HOSTS: &str = "/ISAPI/Event/notification/httpHosts";
const LINKAGE: &str = "/ISAPI/Event/triggers/VMD-1";

#[tokio::test]
async fn hikvision_takes_a_host_and_shows_it_again() {
    let camera = Camera::start(Options::of(Vendor::Hikvision)).await.unwrap();
    let mut client = Client::of(&camera).await;
    let list = client.get(HOSTS).await.text();
    assert_eq!(list.matches("<ipAddress>0.0.0.0</ipAddress>").count(), 3);
    let list = list.replacen("0.0.0.0", "192.168.1.10", 1).replacen(">/<", ">/h/abc?a&amp;b<", 1);
    assert!(client.send("PUT", HOSTS, &list).await.text().contains("<statusCode>1<"));
    let after = client.get(&format!("{HOSTS}/1")).await.text();
    assert!(after.contains("<ipAddress>192.168.1.10<") && after.contains("<url>/h/abc?a&amp;b<"));
    for (old, new) in [
        ("<id>1<", "<id>4<"),
        ("192.168.1.10", "camera.example"),
        (">80<", ">80000<"),
        (">HTTP<", ">http<"),
        ("</HttpHostNotificationList>", ""),
        ("/h/abc", "h/abc"),
    ] {
        let answer = client.send("PUT", HOSTS, &list.replacen(old, new, 1)).await;
        assert!(answer.text().contains("<statusCode>6<"), "{new}: {}", answer.text());
    }
    assert_eq!(client.get(&format!("{HOSTS}/1")).await.text(), after);
}

#[tokio::test]
async fn hikvision_tests_its_host() {
    let receiver = crate::webhook::Webhook::start().await.unwrap();
    let port = receiver.url().split(['/', ':']).nth(4).unwrap().to_owned();
    let camera = Camera::start(Options::of(Vendor::Hikvision)).await.unwrap();
    let mut client = Client::of(&camera).await;
    let host = client.get(&format!("{HOSTS}/1")).await.text();
    let host = host.replace("0.0.0.0", "127.0.0.1").replace(">80<", &format!(">{port}<"));
    client.send("PUT", &format!("{HOSTS}/1"), &host.replace(">/<", ">/h/abc<")).await;
    let answer = client.send("POST", &format!("{HOSTS}/1/test"), "").await.text();
    assert!(answer.contains("<errorDescription></errorDescription>"), "{answer}");
    assert_eq!(receiver.log().wait_for(1).await[0].target, "/h/abc");
    drop(receiver);
    let answer = client.send("POST", &format!("{HOSTS}/1/test"), "").await.text();
    assert!(answer.contains("connect server failed"), "{answer}");
}

#[tokio::test]
async fn hikvision_takes_the_linkage_of_an_event() {
    let camera = Camera::start(Options::of(Vendor::Hikvision)).await.unwrap();
    let mut client = Client::of(&camera).await;
    let trigger = client.get(LINKAGE).await.text();
    let center = "<EventTriggerNotification><id>center</id>\
         <notificationMethod>center</notificationMethod>\
         <notificationRecurrence>beginning</notificationRecurrence></EventTriggerNotification>";
    let end = "</EventTriggerNotificationList>";
    let with_center = trigger.replace(end, &format!("{center}{end}"));
    assert_eq!(client.send("PUT", LINKAGE, &with_center).await.status, 200);
    assert!(camera.setting(LINKAGE).unwrap().contains("<notificationMethod>center<"));
    let unknown = with_center.replace(">center<", ">pigeon<");
    assert_eq!(client.send("PUT", LINKAGE, &unknown).await.status, 400);
}

#[tokio::test]
async fn dahua_takes_settings_that_it_knows_all_or_none() {
    let camera = Camera::start(Options::of(Vendor::Dahua)).await.unwrap();
    let mut client = Client::of(&camera).await;
    let set = "/cgi-bin/configManager.cgi?action=setConfig";
    let server = "EventHttpUpload.UploadServerList[0]";
    let target = format!(
        "{set}&EventHttpUpload.Enable=true&{server}.Uploadpath=%2Fh%2Fabc&{server}.EventType[1]=AlarmLocal"
    );
    assert_eq!(client.get(&target).await.text(), "OK\r\n");
    let answer =
        client.get("/cgi-bin/configManager.cgi?action=getConfig&name=EventHttpUpload").await.text();
    assert!(answer.contains(&format!("table.{server}.Uploadpath=/h/abc\r\n")), "{answer}");
    assert!(answer.contains(&format!("table.{server}.EventType[1]=AlarmLocal\r\n")), "{answer}");
    let target = format!("{set}&EventHttpUpload.Enable=false&EventHttpUpload.Colour=red");
    assert_eq!(client.get(&target).await.status, 400);
    assert_eq!(camera.setting("EventHttpUpload.Enable").unwrap(), "true");
    let answer = client.get("/cgi-bin/configManager.cgi?action=getConfig&name=Event").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn cameras_say_what_they_are() {
    for (vendor, target, words) in [
        (Vendor::Hikvision, "/ISAPI/System/deviceInfo", "<model>DS-2CD2386G2-IU</model>"),
        (Vendor::Dahua, "/cgi-bin/magicBox.cgi?action=getDeviceType", "type=IPC-HDW2431T-AS-S2"),
        (Vendor::Dahua, "/cgi-bin/magicBox.cgi?action=getSystemInfo", "serialNumber=7A01"),
    ] {
        let camera = Camera::start(Options::of(vendor)).await.unwrap();
        let answer = Client::of(&camera).await.get(target).await.text();
        assert!(answer.contains(words), "{answer}");
    }
}

#[tokio::test]
async fn reolink_takes_settings_that_it_knows() {
    let camera = Camera::start(Options::of(Vendor::Reolink)).await.unwrap();
    let mut client = Client::of(&camera).await;
    let mut ask = async |command: &str, param: &str| {
        let target = format!("/cgi-bin/api.cgi?cmd={command}&user=admin&password=Pass-word%201");
        let body = format!("[{{\"cmd\":\"{command}\",\"action\":0,\"param\":{param}}}]");
        client.send("POST", &target, &body).await.text()
    };
    assert!(ask("GetDevInfo", "{}").await.contains("\"model\":\"RLC-810A\""));
    assert!(ask("GetAbility", "{}").await.contains("supportWebhook"));
    let hook = "{\"WebHook\":{\"channel\":0,\"index\":0,\"indexEnable\":1,\"hookUrl\":\"http://192.168.1.2/h/a\"}}";
    assert!(ask("SetWebHook", hook).await.contains("\"rspCode\":200"));
    assert!(ask("GetWebHook", "{\"channel\":0}").await.contains("http://192.168.1.2/h/a"));
    // It calls the address, and nobody is there.
    let nowhere = hook.replace("192.168.1.2", "127.0.0.1:9");
    assert!(ask("TestWebHook", &nowhere).await.contains("\"code\":1"));
    let email = "{\"Email\":{\"smtpServer\":\"192.168.1.2\",\"smtpPort\":2525,\"ssl\":0}}";
    assert!(ask("SetEmail", email).await.contains("\"code\":0"));
    assert!(camera.setting("Email").unwrap().contains("\"smtpServer\":\"192.168.1.2\""));
    assert!(
        ask("SetFtp", "{\"Ftp\":{\"server\":\"a\",\"colour\":1}}").await.contains("param error")
    );
    assert!(ask("GetFtp", "{}").await.contains("\"server\":\"\""));
    assert!(ask("GetPtz", "{}").await.contains("not support"));
}
