//! `api.cgi` of Reolink. The commands and their fields are those that reolink_aio 0.21 uses; a wrong login in the address is
//! answered as its cameras do, with the status 200.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::http::{Reply, Request};
use super::server::{self, Action};
use super::{State, routes};
use crate::standin::lock;

/// The token of the one login.
const TOKEN: &str = "0123456789abcdef";

/// The settings by the names of their commands, as JSON.
pub(super) fn settings() -> BTreeMap<String, String> {
    let email = json!({"Email": {"enable": 0, "smtpServer": "smtp.example.com", "smtpPort": 465, "userName": "",
        "password": "", "addr1": "", "interval": "5 Minutes", "attachment": "picture", "ssl": 1}});
    let ftp = json!({"Ftp": {"enable": 0, "server": "", "port": 21, "userName": "", "password": "", "remoteDir": "",
        "interval": 30, "streamType": 0}});
    let hook = json!({"WebHook": [{"channel": 0, "index": 0, "indexEnable": 0, "hookUrl": "", "bCustom": 0,
        "hookBody": ""}]});
    let settings = [("Email", email), ("Ftp", ftp), ("WebHook", hook)];
    settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect()
}

/// Answers a request. The login is in its address, or was exchanged for a token, and is checked here.
pub(super) async fn answer(state: &State, request: &Request) -> Action {
    if request.path() != "/cgi-bin/api.cgi" {
        return Reply::not_found().into();
    }
    let command = request.parameter("cmd").unwrap_or_default();
    if command == "Login" {
        return log_in(state, request).into();
    }
    let account = lock(&state.account).clone();
    let user = request.parameter("user");
    let has_token = request.parameter("token").as_deref() == Some(TOKEN);
    let has_login = request.parameter("user").as_deref() == Some(&account.user)
        && request.parameter("password").as_deref() == Some(&account.password);
    {
        let mut logins = lock(&state.logins);
        if !(has_login || has_token) || logins.is_locked {
            if !logins.is_locked && user.is_some() {
                logins.fail(&account);
            }
            return error(&command, -6, "please login first").into();
        }
    }
    if command == "Snap" {
        return match request.parameter("channel").as_deref() {
            Some("0") => routes::picture(state).into(),
            _ => error(&command, -4, "param error").into(),
        };
    }
    if command == "TestWebHook" {
        return test(request).await.into();
    }
    perform(state, &command, request).into()
}

/// Exchanges user and password for a token.
fn log_in(state: &State, request: &Request) -> Reply {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |name: &str| body.pointer(&format!("/0/param/User/{name}")).and_then(Value::as_str);
    let account = lock(&state.account).clone();
    let mut logins = lock(&state.logins);
    if logins.is_locked || text("userName").is_none() {
        return error("Login", -5, "login failed");
    }
    if text("userName") == Some(&account.user) && text("password") == Some(&account.password) {
        return value("Login", &json!({"Token": {"leaseTime": 3600, "name": TOKEN}}));
    }
    logins.fail(&account);
    error("Login", -7, "login failed")
}

/// Calls a webhook, and says whether it answered.
async fn test(request: &Request) -> Reply {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let hook = body.pointer("/0/param/WebHook").cloned().unwrap_or_default();
    let url = hook.get("hookUrl").and_then(Value::as_str).unwrap_or_default();
    let is_test = hook.get("type") == Some(&json!(3)) && hook.get("source") == Some(&json!("hook"));
    let Some((host, path)) = url.strip_prefix("http://").and_then(|it| it.split_once('/')) else {
        return error("TestWebHook", -4, "param error");
    };
    let called = server::post(host, &format!("/{path}"), "application/json", "").await;
    match called.is_ok() && is_test {
        true => value("TestWebHook", &json!({"rspCode": 200})),
        false => error("TestWebHook", -46, "test failed"),
    }
}

/// An error, as JSON that says it is a page.
fn error(command: &str, code: i32, detail: &str) -> Reply {
    let body = json!([{"cmd": command, "code": 1, "error": {"rspCode": code, "detail": detail}}]);
    Reply::new(200, "text/html", body.to_string())
}

fn value(command: &str, value: &Value) -> Reply {
    let body = json!([{"cmd": command, "code": 0, "value": value}]);
    Reply::new(200, "text/html", body.to_string())
}

/// A command by its POST body: a list of one, as the address names it.
fn perform(state: &State, command: &str, request: &Request) -> Reply {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let first = body.get(0).filter(|it| it.get("cmd").and_then(Value::as_str) == Some(command));
    let (Some(first), "POST") = (first, request.method.as_str()) else {
        return error(command, -4, "param error");
    };
    let param = first.get("param").cloned().unwrap_or_default();
    match command {
        "GetDevInfo" => value(
            command,
            &json!({"DevInfo": {"model": "RLC-810A", "name": "Yard", "serial": "00000000000001", "channelNum": 1,
                "firmVer": "v3.1.0.956_22041503", "hardVer": "IPC_523128M8MP", "type": "IPC"}}),
        ),
        "GetAbility" => value(
            command,
            &json!({"Ability": {"supportWebhook": {"permit": 7, "ver": 1}, "email": {"permit": 6, "ver": 3},
                "ftp": {"permit": 6, "ver": 6}, "abilityChn": [{"snap": {"permit": 6, "ver": 1}}]}}),
        ),
        "Logout" => value(command, &json!({"rspCode": 200})),
        _ => match (command.strip_prefix("Get"), command.strip_prefix("Set")) {
            (Some(name), _) => match lock(&state.settings).get(name) {
                Some(text) => value(command, &serde_json::from_str(text).unwrap_or_default()),
                None => error(command, -9, "not support"),
            },
            (_, Some(name)) => set(state, command, name, &param),
            _ => error(command, -9, "not support"),
        },
    }
}

/// Changes the fields that are named; one that the camera does not have refuses all.
fn set(state: &State, command: &str, name: &str, param: &Value) -> Reply {
    let mut settings = lock(&state.settings);
    let Some(text) = settings.get_mut(name) else { return error(command, -9, "not support") };
    let mut stored: Value = serde_json::from_str(text).unwrap_or_default();
    let place = match name {
        "WebHook" => stored.pointer_mut("/WebHook/0"),
        _ => stored.pointer_mut(&format!("/{name}")),
    };
    let (Some(place), Some(new)) =
        (place.and_then(Value::as_object_mut), param.get(name).and_then(Value::as_object))
    else {
        return error(command, -4, "param error");
    };
    let is_known = |key: &String| key == "channel" || place.contains_key(key);
    if !new.keys().all(is_known) {
        return error(command, -4, "param error");
    }
    for (key, value) in new.iter().filter(|(key, _)| *key != "channel") {
        place.insert(key.clone(), value.clone());
    }
    if !state.options.ignores_settings {
        *text = stored.to_string();
    }
    value(command, &json!({"rspCode": 200}))
}
