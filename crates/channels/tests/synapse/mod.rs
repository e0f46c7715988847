//! A real Synapse for the tests: one for the whole file, on a free port, with all its files in a folder of
//! its own. It ends when the test program does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]
#![allow(unreachable_pub, reason = "it is no crate of its own")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

/// What the server takes of a file: less than the channel sends unasked, and more than it.
pub const UPLOAD_BYTES_MAX: u64 = 5 << 20;
/// The name that all its users and rooms have behind their colon.
pub const NAME: &str = "tipoff.test";
/// How long the server may take to come up, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const SECRET: &str = "tests only";
/// A name and 32 bytes in base64: nobody checks what it signs.
const SIGNING_KEY: &str = "ed25519 tests AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const PASSWORD: &str = "secret";

/// A running server.
pub struct Synapse {
    port: u16,
    folder: PathBuf,
    /// A shell that kills the server at the end of its input: when this program ends, however it does.
    _guard: Mutex<Child>,
}

/// Runs a test. They share one runtime, for they share the channels' connections to the server.
pub fn run(test: impl Future<Output = ()>) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap()).block_on(test);
}

/// The one server of this program, started at the first call.
pub fn synapse() -> &'static Synapse {
    static SYNAPSE: OnceLock<Synapse> = OnceLock::new();
    SYNAPSE.get_or_init(Synapse::start)
}

impl Synapse {
    fn start() -> Self {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
        assert!(python.exists(), "Synapse is missing: ./test.sh installs it");
        let folder = tempfile::tempdir().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        std::fs::write(folder.join("signing.key"), SIGNING_KEY).unwrap();
        std::fs::write(folder.join("log.yaml"), log_configuration(&folder)).unwrap();
        std::fs::write(folder.join("homeserver.yaml"), configuration(&folder, port)).unwrap();
        // The script also removes the folder, for nothing runs any more in this program by then.
        let script = "exec 3<&0; \"$0\" -m synapse.app.homeserver -c \"$1/homeserver.yaml\" & \
                      server=$!; cat <&3; kill -9 $server; wait; rm -r \"$1\"";
        let log = std::fs::File::create(folder.join("output")).unwrap();
        let guard = Command::new("sh")
            .args(["-c", script])
            .args([&python, &folder])
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { port, folder, _guard: Mutex::new(guard) };
        let end = Instant::now() + PATIENCE;
        while !server.is_healthy() {
            assert!(Instant::now() < end, "Synapse does not start:\n{}", server.output());
            std::thread::sleep(Duration::from_millis(50));
        }
        server.register_admin(&python);
        server
    }

    fn is_healthy(&self) -> bool {
        let Ok(mut line) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let mut answer = String::new();
        let _ = line.write_all(b"GET /health HTTP/1.0\r\n\r\n");
        let _ = line.read_to_string(&mut answer);
        answer.contains(" 200 ")
    }

    fn output(&self) -> String {
        std::fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes the first user, who makes all others: by the shared secret, with Synapse's own program.
    fn register_admin(&self, python: &Path) {
        let made = Command::new(python.with_file_name("register_new_matrix_user"))
            .args(["-u", "admin", "-p", PASSWORD, "-a", "-c"])
            .arg(self.folder.join("homeserver.yaml"))
            .arg(self.url())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }

    /// The user who may do everything.
    pub async fn admin(&self) -> &User {
        static ADMIN: OnceCell<User> = OnceCell::const_new();
        ADMIN.get_or_init(|| self.login("admin")).await
    }

    /// A new user.
    pub async fn user(&self) -> User {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("user{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let path = format!("/_synapse/admin/v2/users/@{name}:{NAME}");
        self.admin().await.ask(Method::PUT, &path, json!({ "password": PASSWORD })).await;
        self.login(&name).await
    }

    async fn login(&self, name: &str) -> User {
        let who = json!({ "type": "m.id.user", "user": name });
        let body = json!({ "type": "m.login.password", "identifier": who, "password": PASSWORD });
        let made = ask(&self.url(), Method::POST, "/_matrix/client/v3/login", "", body).await;
        let text = |key: &str| made[key].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        User { server: self.url(), id: text("user_id"), token: text("access_token") }
    }
}

/// A user, logged in.
pub struct User {
    server: String,
    /// `@…:tipoff.test`.
    pub id: String,
    /// The access token.
    pub token: String,
}

impl User {
    /// Asks the server something as this user; whatever it answers.
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        ask(&self.server, method, path, &self.token, body).await
    }

    /// Makes a room; its ID.
    pub async fn room(&self, more: Value) -> String {
        let made = self.ask(Method::POST, "/_matrix/client/v3/createRoom", more).await;
        made["room_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// Invites somebody, or removes him (`kick`).
    pub async fn to(&self, room: &str, what: &str, whom: &User) {
        let path = format!("/_matrix/client/v3/rooms/{}/{what}", escaped(room));
        let answer = self.ask(Method::POST, &path, json!({ "user_id": whom.id })).await;
        assert_eq!(answer, json!({}));
    }

    /// Sets a state of a room.
    pub async fn set(&self, room: &str, kind: &str, content: Value) {
        let path = format!("/_matrix/client/v3/rooms/{}/state/{kind}/", escaped(room));
        let answer = self.ask(Method::PUT, &path, content).await;
        assert!(answer["event_id"].is_string(), "{answer}");
    }

    /// The messages in a room, the oldest first.
    pub async fn messages(&self, room: &str) -> Vec<Value> {
        let path = format!("/_matrix/client/v3/rooms/{}/messages?dir=f&limit=500", escaped(room));
        let answer = self.ask(Method::GET, &path, Value::Null).await;
        let events = answer["chunk"].as_array().unwrap_or_else(|| panic!("{answer}"));
        events.iter().filter(|event| event["type"] == "m.room.message").cloned().collect()
    }

    /// The bytes behind an `mxc://…` address.
    pub async fn download(&self, url: &Value) -> Vec<u8> {
        let place = url.as_str().unwrap().strip_prefix("mxc://").unwrap();
        let path = format!("{}/_matrix/client/v1/media/download/{place}", self.server);
        let answer = client().get(path).bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap().to_vec()
    }
}

async fn ask(server: &str, method: Method, path: &str, token: &str, body: Value) -> Value {
    let mut request = client().request(method, format!("{server}{path}")).bearer_auth(token);
    if !body.is_null() {
        request = request.body(body.to_string());
    }
    request.send().await.unwrap().json().await.unwrap()
}

fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::new()
    })
}

fn escaped(room: &str) -> String {
    room.replace('!', "%21").replace(':', "%3A")
}

/// No other server is asked, and nothing is rationed but where a test says so.
fn configuration(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    let plenty = "{ per_second: 10000, burst_count: 10000 }";
    format!(
        "server_name: {NAME}
listeners:
  - {{ port: {port}, type: http, bind_addresses: [127.0.0.1], resources: [{{ names: [client] }}] }}
database: {{ name: sqlite3, args: {{ database: {folder}/homeserver.db }} }}
log_config: {folder}/log.yaml
media_store_path: {folder}/media
signing_key_path: {folder}/signing.key
pid_file: {folder}/pid
registration_shared_secret: {SECRET}
macaroon_secret_key: {SECRET}
form_secret: {SECRET}
bcrypt_rounds: 4
report_stats: false
trusted_key_servers: []
federation_domain_whitelist: []
max_upload_size: {UPLOAD_BYTES_MAX}
presence: {{ enabled: false }}
rc_message: {plenty}
rc_registration: {plenty}
rc_login: {{ address: {plenty}, account: {plenty}, failed_attempts: {plenty} }}
rc_joins: {{ local: {plenty}, remote: {plenty} }}
rc_joins_per_room: {plenty}
rc_invites: {{ per_room: {plenty}, per_user: {plenty}, per_issuer: {plenty} }}
rc_room_creation: {plenty}
"
    )
}

fn log_configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "version: 1
handlers:
  file: {{ class: logging.FileHandler, filename: {folder}/output }}
root: {{ level: WARNING, handlers: [file] }}
"
    )
}
