//! Reolink, by its HTTP API: a webhook, where the camera has `supportWebhook`. Source: reolink_aio 0.21 (`api.py`: login,
//! abilities, `GetWebHook`, `SetWebHook`, `TestWebHook`). Mail and FTP are not set up: which of their keys a model wants is
//! known of too few models.

use serde_json::{Value, json};

use super::{
    CameraIdentity, CameraSetup, FindAnswer, Planned, SetupAnswer, SetupChange, SetupEntry,
    SetupFault, SetupGoal, SetupLogin, SetupPlan, SetupRequest, Write, it_answers, words,
};

pub(super) const ENTRY: SetupEntry = SetupEntry {
    name: "Reolink",
    probe: "/cgi-bin/api.cgi?cmd=GetDevInfo",
    // To strangers: `[{"cmd":"GetDevInfo","code":1,"error":{"detail":"please login first","rspCode":-6}}]`.
    recognises: |answer: &FindAnswer<'_>| answer.body.contains("\"rspCode\""),
    realms: &[],
    tells_password: true,
    begin: |goal, login| Box::new(Reolink::new(goal, login)),
};

/// Characters of a token that becomes a part of an address.
const TOKEN_CHARS_MAX: usize = 64;
/// Webhooks of a camera that are read.
const HOOKS_MAX: usize = 32;
/// The `indexEnable` of a place that nobody uses.
const NOT_USED: i64 = -1;

/// What is read next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Login,
    Identity,
    Abilities,
    Hooks,
    Done,
}

/// A place for a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct WebHook {
    index: i64,
    /// 1: on, 0: off, -1: not used.
    enable: i64,
    url: String,
    is_custom: bool,
}

impl WebHook {
    fn is_free(&self) -> bool {
        self.enable == NOT_USED || self.url.is_empty()
    }
}

struct Reolink {
    goal: SetupGoal,
    login: SetupLogin,
    step: Step,
    token: Option<String>,
    identity: CameraIdentity,
    channels: i64,
    hooks: Vec<WebHook>,
}

impl Reolink {
    fn new(goal: SetupGoal, login: SetupLogin) -> Self {
        let identity = CameraIdentity::default();
        let hooks = Vec::new();
        Self { goal, login, step: Step::Login, token: None, identity, channels: 1, hooks }
    }

    fn url(&self) -> String {
        format!("http://{}:{}{}", self.goal.host, self.goal.port, self.goal.path)
    }

    /// A command with its parameters.
    fn command(&self, command: &str, parameters: &Value) -> SetupRequest {
        let token = self.token.as_deref().map(|token| format!("&token={token}"));
        let target = format!("/cgi-bin/api.cgi?cmd={command}{}", token.unwrap_or_default());
        let body = json!([{ "cmd": command, "action": 0, "param": parameters }]).to_string();
        SetupRequest { method: "POST", target, content_type: Some("application/json"), body }
    }

    fn read_login(&mut self, answer: &SetupAnswer<'_>) -> Result<(), SetupFault> {
        let answer = answer_of("Login", answer).ok_or(SetupFault::OtherVendor)?;
        let token = answer.value.as_ref().and_then(|it| text(it, "/Token/name"));
        let is_token = |token: &String| {
            (1..=TOKEN_CHARS_MAX).contains(&token.len())
                && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        self.token = Some(token.filter(is_token).ok_or(SetupFault::LoginRefused)?);
        Ok(())
    }

    fn read_identity(&mut self, answer: &SetupAnswer<'_>) {
        let value = answer_of("GetDevInfo", answer).and_then(|it| it.value).unwrap_or_default();
        let shown = |key: &str| words(&text(&value, &format!("/DevInfo/{key}"))?);
        self.channels = number(&value, "/DevInfo/channelNum").unwrap_or(1);
        self.identity = CameraIdentity {
            vendor: ENTRY.name,
            model: shown("model"),
            name: shown("name"),
            firmware: shown("firmVer"),
        };
    }

    fn read_abilities(answer: &SetupAnswer<'_>) -> Result<(), SetupFault> {
        let value = answer_of("GetAbility", answer).and_then(|it| it.value).unwrap_or_default();
        let places = ["/Ability/supportWebhook/ver", "/Ability/abilityChn/0/supportWebhook/ver"];
        if places.iter().any(|place| number(&value, place).is_some_and(|version| version > 0)) {
            return Ok(());
        }
        let why = "This model or firmware has no webhook. Use its mail or FTP page.";
        Err(SetupFault::camera(why))
    }

    fn read_hooks(&mut self, answer: &SetupAnswer<'_>) -> Result<(), SetupFault> {
        let value = answer_of("GetWebHook", answer).and_then(|it| it.value);
        let unreadable = || SetupFault::camera("The camera's list of webhooks cannot be read.");
        let value = value.ok_or_else(unreadable)?;
        let hook = |it: &Value| {
            Some(WebHook {
                index: number(it, "/index")?,
                enable: number(it, "/indexEnable")?,
                url: text(it, "/hookUrl").unwrap_or_default(),
                is_custom: number(it, "/bCustom").unwrap_or(0) != 0,
            })
        };
        let hooks = value.pointer("/WebHook").and_then(Value::as_array).ok_or_else(unreadable)?;
        self.hooks = hooks.iter().take(HOOKS_MAX).filter_map(hook).collect();
        Ok(())
    }

    /// The webhook that is Tipoff's already, else one that nobody uses.
    fn hook(&self) -> Result<&WebHook, SetupFault> {
        let prefix = format!("http://{}:{}/h/", self.goal.host, self.goal.port);
        let ours = self.hooks.iter().find(|hook| hook.url.starts_with(&prefix));
        let free = || self.hooks.iter().find(|hook| hook.is_free());
        ours.or_else(free).ok_or_else(|| {
            SetupFault::camera(
                "All webhooks of the camera are in use, and Tipoff takes nobody's place. Remove one in the camera's page, \
                 under Surveillance > Push > For developers.",
            )
        })
    }
}

impl CameraSetup for Reolink {
    fn look(&mut self) -> Option<SetupRequest> {
        let SetupLogin { user, password } = &self.login;
        Some(match self.step {
            Step::Login => self
                .command("Login", &json!({ "User": { "userName": user, "password": password } })),
            Step::Identity => self.command("GetDevInfo", &json!({})),
            Step::Abilities => self.command("GetAbility", &json!({ "User": { "userName": user } })),
            Step::Hooks => self.command("GetWebHook", &json!({ "channel": 0 })),
            Step::Done => return None,
        })
    }

    fn looked(&mut self, answer: &SetupAnswer<'_>) -> Result<(), SetupFault> {
        self.step = match self.step {
            Step::Login => {
                self.read_login(answer)?;
                Step::Identity
            }
            Step::Identity => {
                self.read_identity(answer);
                Step::Abilities
            }
            Step::Abilities => {
                Self::read_abilities(answer)?;
                Step::Hooks
            }
            Step::Hooks => {
                self.read_hooks(answer)?;
                Step::Done
            }
            Step::Done => Step::Done,
        };
        Ok(())
    }

    fn look_again(&mut self) {
        self.step = Step::Hooks;
    }

    fn identity(&self) -> &CameraIdentity {
        &self.identity
    }

    fn plan(&self) -> Result<Planned, SetupFault> {
        let hook = self.hook()?;
        let mut planned = Planned::default();
        if hook.url != self.url() || hook.enable != 1 || hook.is_custom {
            let from = match (hook.is_free(), hook.enable) {
                (true, _) => "not used",
                (false, 1) => "Tipoff, another path or content",
                (false, _) => "Tipoff, off",
            };
            let number = hook.index + 1;
            let what = format!("Webhook {number}");
            planned.plan.changes.push(SetupChange {
                what,
                from: from.to_owned(),
                to: self.goal.shown(),
            });
            let parameters = json!({ "WebHook": {
                "channel": 0, "index": hook.index, "indexEnable": 1, "hookUrl": self.url(), "bCustom": 0, "hookBody": "",
            } });
            let request = self.command("SetWebHook", &parameters);
            planned.writes.push(Write { request, otherwise: None });
        }
        let mut notes = vec![
            "The camera calls the webhook only while its push notifications are on, for the kinds of alarms and at the times \
             that are set there."
                .to_owned(),
        ];
        if self.channels > 1 {
            notes.push("Only the first channel is set up.".to_owned());
        }
        planned.plan = SetupPlan { notes, ..planned.plan };
        Ok(planned)
    }

    fn written(&self, answer: &SetupAnswer<'_>) -> Result<(), String> {
        taken("SetWebHook", answer)
    }

    fn test(&self) -> Option<SetupRequest> {
        let parameters = json!({ "WebHook": {
            "alarmChannel": 0, "type": 3, "source": "hook", "hookUrl": self.url(), "bCustom": 0, "hookBody": "",
        } });
        Some(self.command("TestWebHook", &parameters))
    }

    fn tested(&self, answer: &SetupAnswer<'_>) -> Result<(), String> {
        taken("TestWebHook", answer)
    }

    /// A camera has few places for those who are logged in.
    fn leave(&mut self) -> Option<SetupRequest> {
        let request = self.token.is_some().then(|| self.command("Logout", &json!({})));
        self.token = None;
        request
    }
}

/// An answer to one command.
struct CommandAnswer {
    /// `None` if the command failed.
    value: Option<Value>,
    /// The camera's words for a failure.
    detail: Option<String>,
}

/// The answer to a command; `None` if it is none of this API.
fn answer_of(command: &str, answer: &SetupAnswer<'_>) -> Option<CommandAnswer> {
    let answers: Value = serde_json::from_str(answer.body).ok()?;
    let first = answers.get(0)?;
    // Some firmware answers failures with another name.
    let has_error = first.get("error").is_some_and(Value::is_object);
    let is_this = has_error || text(first, "/cmd").as_deref() == Some(command);
    let code = number(first, "/code").filter(|_| is_this)?;
    let detail = text(first, "/error/detail").as_deref().and_then(words);
    let value = first.get("value").cloned().unwrap_or_default();
    Some(CommandAnswer { value: Some(value).filter(|_| code == 0), detail })
}

/// The text at a place (RFC 6901).
fn text(value: &Value, place: &str) -> Option<String> {
    value.pointer(place)?.as_str().map(str::to_owned)
}

/// The number at a place.
fn number(value: &Value, place: &str) -> Option<i64> {
    value.pointer(place)?.as_i64()
}

fn taken(command: &str, answer: &SetupAnswer<'_>) -> Result<(), String> {
    match answer_of(command, answer) {
        Some(CommandAnswer { value: Some(value), .. })
            if number(&value, "/rspCode") == Some(200) =>
        {
            Ok(())
        }
        Some(CommandAnswer { detail: Some(detail), .. }) => Err(detail),
        _ => Err(it_answers(answer)),
    }
}
