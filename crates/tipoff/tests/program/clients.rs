//! Real clients, each as it is commonly called.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::harness::{Home, PICTURE, Server, mail, require, succeeded, wait_for};
use crate::hook::{Hook, files};

const LOGIN: &str = "[access]\nuser = \"front\"\npassword = \"s3cret\"\n";

struct Scene {
    hook: Hook,
    home: Home,
    server: Server,
}

fn scene(configuration: &str) -> Scene {
    let hook = Hook::start();
    let home = Home::new(&format!("{configuration}\n{}", hook.channel()));
    let server = home.start();
    Scene { hook, home, server }
}

impl Scene {
    /// The one alert that arrived: with the picture, whole.
    fn picture_arrived(&self) {
        let alerts = self.hook.wait_for(1);
        assert_eq!(files(&alerts[0]), [PICTURE]);
        assert_eq!(alerts[0]["kind"], "first");
    }
}

fn run(command: &mut Command) {
    succeeded(&command.output().unwrap());
}

/// Runs a command with this on its standard input.
fn run_with_input(command: &mut Command, input: &[u8]) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    succeeded(&child.wait_with_output().unwrap());
}

fn swaks(scene: &Scene, extra: &[&str]) {
    let picture = scene.home.put("cat.jpg", PICTURE);
    run(Command::new(require("swaks"))
        .args(["--server", "127.0.0.1", "--port", &scene.server.port()])
        .args(["--from", "cam1@example.com", "--to", "me@example.com"])
        .args(["--header", "Subject: Motion", "--body", "Something moved."])
        .args(["--attach-type", "image/jpeg", "--attach"])
        .arg(format!("@{}", picture.display()))
        .args(extra));
    scene.picture_arrived();
}

#[test]
fn swaks_plain() {
    let scene = scene("");
    swaks(&scene, &[]);
    let alert = &scene.hook.alerts()[0];
    assert_eq!(alert["subject"], "Motion");
    assert_eq!(alert["text"], "Something moved.");
    assert_eq!(alert["device"], "cam1");
}

#[test]
fn swaks_logs_in_with_each_mechanism() {
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
        let scene = scene(&format!("{LOGIN}require_login = true\n"));
        swaks(&scene, &["--auth", mechanism, "--auth-user", "front", "--auth-password", "s3cret"]);
    }
}

#[test]
fn swaks_with_starttls_and_with_tls_from_the_start() {
    let scene = scene("[smtp]\nlisten = [\"127.0.0.1:0\"]\n");
    swaks(&scene, &["--tls"]);
    let scene = self::scene("[smtp]\nlisten = [\"smtps://127.0.0.1:0\"]\n");
    swaks(&scene, &["--tlsc"]);
}

#[test]
fn tls_from_the_start_on_the_plain_port() {
    let scene = scene("");
    let file = scene.home.put("mail.eml", &mail("Motion", &[PICTURE]));
    // A client that is slow to begin, as on a busy machine, may need a second try.
    wait_for("the mail to be taken", || {
        let mut curl = Command::new(require("curl"));
        curl.args(["--silent", "--insecure", "--mail-from", "a@example.com", "--mail-rcpt"])
            .args(["me@example.com", "--upload-file"])
            .arg(&file)
            .arg(format!("smtps://127.0.0.1:{}/camera", scene.server.port()));
        curl.status().unwrap().success().then_some(())
    });
    scene.picture_arrived();
}

#[test]
fn swaks_pipelined() {
    let scene = scene("");
    swaks(&scene, &["--pipeline"]);
}

fn curl(scene: &Scene, url: &str, extra: &[&str]) {
    let file = scene.home.put("mail.eml", &mail("Motion", &[PICTURE]));
    run(Command::new(require("curl"))
        .args(["--silent", "--show-error", "--insecure"])
        .arg(format!("{url}:{}/camera", scene.server.port()))
        .args(["--mail-from", "cam1@example.com", "--mail-rcpt", "me@example.com"])
        .arg("--upload-file")
        .arg(file)
        .args(extra));
    scene.picture_arrived();
}

#[test]
fn curl_plain_with_login_with_starttls_and_with_tls() {
    curl(&scene(""), "smtp://127.0.0.1", &[]);
    curl(&scene(LOGIN), "smtp://127.0.0.1", &["--user", "front:s3cret"]);
    curl(&scene(""), "smtp://127.0.0.1", &["--ssl-reqd"]);
    curl(&scene("[smtp]\nlisten = [\"smtps://127.0.0.1:0\"]\n"), "smtps://127.0.0.1", &[]);
}

#[test]
fn msmtp_with_and_without_login() {
    for extra in [vec![], vec!["--auth=login", "--user=front", "--passwordeval=echo s3cret"]] {
        let scene = scene(LOGIN);
        let mut command = Command::new(require("msmtp"));
        command
            .args(["--file=/dev/null", "--host=127.0.0.1", "--tls=off", "--from=cam1@example.com"])
            .arg(format!("--port={}", scene.server.port()))
            .args(&extra)
            .arg("me@example.com");
        run_with_input(&mut command, &mail("Motion", &[PICTURE]));
        scene.picture_arrived();
    }
}

#[test]
fn python_smtplib_plain_and_with_starttls_and_login() {
    let script = "
import smtplib, ssl, sys
from email.message import EmailMessage
message = EmailMessage()
message['Subject'] = 'Bewegung im Garten \u{fc}ber Kamera 1'
message['From'] = 'cam1@example.com'
message['To'] = 'me@example.com'
message.set_content('Something moved.')
message.add_attachment(open(sys.argv[2], 'rb').read(), maintype='image', subtype='jpeg', filename='cat.jpg')
with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as server:
    if sys.argv[3] == 'tls':
        context = ssl._create_unverified_context()
        server.starttls(context=context)
        server.login('front', 's3cret')
    server.send_message(message)
";
    for tls in ["plain", "tls"] {
        let scene = scene(LOGIN);
        let picture = scene.home.put("cat.jpg", PICTURE);
        run(Command::new(require("python3"))
            .args(["-c", script, &scene.server.port()])
            .arg(picture)
            .arg(tls));
        scene.picture_arrived();
        assert_eq!(scene.hook.alerts()[0]["subject"], "Bewegung im Garten über Kamera 1");
    }
}

#[test]
fn nodemailer_plain_and_with_starttls_and_login() {
    let script = "
const [port, picture, tls] = process.argv.slice(1);
const transport = require('nodemailer').createTransport({
  host: '127.0.0.1', port: Number(port), secure: false, ignoreTLS: tls !== 'tls',
  tls: { rejectUnauthorized: false },
  ...(tls === 'tls' ? { auth: { user: 'front', pass: 's3cret' } } : {}),
});
transport.sendMail({
  from: 'cam1@example.com', to: 'me@example.com', subject: 'Motion', text: 'Something moved.',
  attachments: [{ filename: 'cat.jpg', path: picture }],
}).then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
";
    let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/../../node_modules");
    for tls in ["plain", "tls"] {
        let scene = scene(LOGIN);
        let picture = scene.home.put("cat.jpg", PICTURE);
        run(Command::new(require("node"))
            .env("NODE_PATH", modules)
            .args(["-e", script, &scene.server.port()])
            .arg(picture)
            .arg(tls));
        scene.picture_arrived();
    }
}

#[test]
fn postfix_smtp_source_with_many_connections() {
    let scene = scene("[incidents]\nquiet = \"0 s\"\n");
    run(Command::new(require("smtp-source"))
        .args(["-s", "8", "-m", "100", "-l", "20000", "-f", "cam1@example.com"])
        .args(["-t", "me@example.com"])
        .arg(format!("127.0.0.1:{}", scene.server.port())));
    assert_eq!(scene.hook.wait_for(100).len(), 100);
}

#[test]
fn tipoff_send_acts_as_a_camera() {
    let scene = scene(LOGIN);
    let picture = scene.home.put("cat.jpg", PICTURE);
    let to = format!("127.0.0.1:{}", scene.server.port());
    let said = scene.home.run(&[
        "send",
        "--to",
        &to,
        "--user",
        "front",
        "--password",
        "s3cret",
        "--picture",
        picture.to_str().unwrap(),
    ]);
    assert!(
        said.contains("AUTH PLAIN ***") && said.contains("The server has taken it: 250"),
        "{said}"
    );
    assert!(!said.contains("s3cret"));
    scene.picture_arrived();
    // And the picture that it draws.
    scene.home.run(&["send", "--to", &to, "--quiet", "--from", "other@example.com"]);
    let alerts = scene.hook.wait_for(2);
    assert!(files(&alerts[1])[0].starts_with(&[0xFF, 0xD8, 0xFF]));
}
