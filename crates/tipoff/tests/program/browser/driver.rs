//! A browser, driven by WebDriver (<https://www.w3.org/TR/webdriver2/>) through chromedriver.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::harness::wait_for;

/// The key under which WebDriver tells of elements (section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Browsers are large: one at a time.
static TURN: Mutex<()> = Mutex::new(());

/// The size of what looks at a page.
#[derive(Clone, Copy, Debug)]
pub enum Screen {
    Phone,
    Desktop,
}

pub struct Browser {
    driver: Child,
    url: String,
    _profile: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// A driver, its port, and the lines that it prints; `None` if it ended.
fn start_driver() -> Option<(Child, u16, Lines<BufReader<ChildStdout>>)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.by_ref().find_map(|line| {
        let line = line.unwrap();
        line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok()
    });
    if port.is_none() {
        driver.wait().unwrap();
    }
    Some((driver, port?, lines))
}

impl Browser {
    pub fn open(screen: Screen) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        // It sometimes ends before it serves, on a busy machine.
        let (driver, port, lines) = (0..3).find_map(|_| start_driver()).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let mut options = json!({});
        match screen {
            Screen::Phone => {
                options["mobileEmulation"] = json!({
                    "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0 },
                });
            }
            Screen::Desktop => arguments.push("--window-size=1280,900".to_owned()),
        }
        options["args"] = json!(arguments);
        let root = format!("http://127.0.0.1:{port}/session");
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let session = ask("POST", &root, &wanted);
        let url = format!("{root}/{}", session["sessionId"].as_str().unwrap());
        Self { driver, url, _profile: profile, _turn: turn }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        ask("POST", &format!("{}/{path}", self.url), body)
    }

    pub fn go(&self, address: &str) {
        self.post("url", &json!({ "url": address }));
    }

    pub fn address(&self) -> String {
        ask("GET", &format!("{}/url", self.url), &Value::Null).as_str().unwrap().to_owned()
    }

    /// What a function's body returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What a function's body hands to `done`.
    pub fn run_async(&self, script: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1];\n{script}");
        self.post("execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression is true.
    pub fn until(&self, what: &str, expression: &str) {
        wait_for(what, || {
            (self.run(&format!("return Boolean({expression})")) == json!(true)).then_some(())
        });
    }

    /// Waits until the page shows this text.
    pub fn reads(&self, text: &str) {
        self.until(text, &format!("document.body?.innerText.includes({})", json!(text)));
    }

    fn element(&self, css: &str) -> String {
        wait_for(css, || {
            let found = self.post("elements", &json!({ "using": "css selector", "value": css }));
            Some(found[0][ELEMENT].as_str()?.to_owned())
        })
    }

    pub fn click(&self, css: &str) {
        let element = self.element(css);
        // A person scrolls until what is wanted is free of the bars.
        let middle = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        let it = json!([{ ELEMENT: element }]);
        self.post("execute/sync", &json!({ "script": middle, "args": it }));
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into a field that is emptied first.
    pub fn write(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.post(&format!("element/{element}/clear"), &json!({}));
        self.post(&format!("element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses a key anywhere.
    pub fn press(&self, key: char) {
        let press = |kind: &str| json!({ "type": kind, "value": key.to_string() });
        let actions = json!([{ "type": "key", "id": "keys",
            "actions": [press("keyDown"), press("keyUp")] }]);
        self.post("actions", &json!({ "actions": actions }));
    }

    /// Becomes somebody who was never here.
    pub fn forget(&self) {
        ask("DELETE", &format!("{}/cookie", self.url), &Value::Null);
    }

    /// What the page said to its console that is an error.
    pub fn errors(&self) -> Vec<String> {
        let log = self.post("se/log", &json!({ "type": "browser" }));
        let severe = log.as_array().into_iter().flatten().filter(|line| line["level"] == "SEVERE");
        severe.map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A command of the browser's debugger.
    pub fn debug(&self, command: &str, parameters: Value) -> Value {
        self.post("goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// Runs this script in each page that is opened from now on, before the page's own.
    pub fn run_first(&self, script: &str) {
        let parameters = json!({ "source": script });
        self.post(
            "goog/cdp/execute",
            &json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": parameters }),
        );
    }

    /// Changes the size of what looks at pages.
    pub fn resize(&self, width: u32, height: u32) {
        let parameters = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.post(
            "goog/cdp/execute",
            &json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": parameters }),
        );
    }

    /// Light or dark, as the reader's system says.
    pub fn prefer(&self, scheme: &str) {
        let parameters =
            json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.post(
            "goog/cdp/execute",
            &json!({ "cmd": "Emulation.setEmulatedMedia", "params": parameters }),
        );
    }

    /// A picture of the page from its beginning to its end, kept where `TIPOFF_SCREENSHOTS` says.
    pub fn picture_whole(&self, name: &str) {
        let Some(folder) = std::env::var_os("TIPOFF_SCREENSHOTS") else {
            return;
        };
        let parameters = json!({ "captureBeyondViewport": true });
        let command = json!({ "cmd": "Page.captureScreenshot", "params": parameters });
        let png = self.post("goog/cdp/execute", &command);
        let png = base64::prelude::BASE64_STANDARD.decode(png["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), png).unwrap();
    }

    /// A picture of the page, kept where `TIPOFF_SCREENSHOTS` says.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("TIPOFF_SCREENSHOTS") else {
            return;
        };
        let png = ask("GET", &format!("{}/screenshot", self.url), &Value::Null);
        let png = base64::prelude::BASE64_STANDARD.decode(png.as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), png).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser goes with its session, and the driver after it.
        let _ = Command::new("curl").args(["-s", "-m", "10", "-X", "DELETE", &self.url]).output();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// One command; what it gives.
fn ask(method: &str, url: &str, body: &Value) -> Value {
    let mut command = Command::new("curl");
    command.args(["-s", "-m", "60", "-X", method, url]).stdout(Stdio::piped());
    if !body.is_null() {
        command.args(["-H", "Content-Type: application/json", "--data-binary", "@-"]);
    }
    let mut curl = command.stdin(Stdio::piped()).spawn().unwrap();
    curl.stdin.take().unwrap().write_all(body.to_string().as_bytes()).unwrap();
    let output = curl.wait_with_output().unwrap();
    let mut answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no answer to {method} {url}"));
    let value = answer["value"].take();
    assert!(value["error"].is_null(), "{method} {url}: {value}");
    value
}
