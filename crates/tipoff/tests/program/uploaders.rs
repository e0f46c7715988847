//! Real FTP clients, each in every mode that it has.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::ftp_uploads::{arrivals, picture};
use crate::harness::{Home, Server, require, succeeded, wait_for};

/// The second port is TLS from the start: an address that was heard plain on a port is greeted
/// plain there the next time.
const PORTS: &str = "[ftp]\nlisten = [\"127.0.0.1:0\", \"ftps://127.0.0.1:0\"]\n";

struct Scene {
    home: Home,
    server: Server,
    uploads: u32,
}

fn scene() -> Scene {
    let home = Home::new(PORTS);
    let server = home.start();
    Scene { home, server, uploads: 0 }
}

impl Scene {
    fn plain(&self) -> SocketAddr {
        self.server.ftp[0]
    }

    fn port(&self) -> String {
        self.plain().port().to_string()
    }

    /// A file of this name that is like no other.
    fn file(&mut self, name: &str) -> Vec<u8> {
        self.uploads += 1;
        let bytes = picture(self.uploads);
        self.home.put(name, &bytes);
        bytes
    }

    /// A command in the folder of the files.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(require(program));
        command.current_dir(self.home.file("")).env("HOME", self.home.file(""));
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).stdin(Stdio::null()).output().unwrap();
        succeeded(&output);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a program with this on its standard input; all that it said.
    fn script(&self, program: &str, arguments: &[&str], script: &str) -> String {
        let mut command = self.command(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        succeeded(&output);
        let [out, error] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        format!("{out}{error}")
    }

    /// The latest upload is this file, whole, at this path.
    fn arrived(&self, path: &str, bytes: &[u8]) {
        let count = self.uploads as usize;
        let all = wait_for(&format!("{path}, upload {count}"), || {
            Some(arrivals(&self.home)).filter(|all| all.len() >= count)
        });
        let last = &all[count - 1];
        assert_eq!(last["envelope"]["path"], path);
        assert_eq!(
            (&last["torn"], last["size"].as_u64()),
            (&false.into(), Some(bytes.len() as u64))
        );
        let blob = self.home.data_dir().join("blobs").join(last["blob"].as_str().unwrap());
        assert_eq!(std::fs::read(blob).unwrap(), bytes, "{path}");
    }
}

#[test]
fn curl() {
    let mut scene = scene();
    let (plain, tls) = (scene.plain(), scene.server.ftp[1]);
    // Not active with TLS: curl 7.88 says PROT P there and sends plain text.
    for (number, (scheme, address, options)) in [
        ("ftp", plain, &[][..]),
        ("ftp", plain, &["--disable-epsv"]),
        ("ftp", plain, &["-P", "-"]),
        ("ftp", plain, &["-P", "-", "--disable-eprt"]),
        ("ftp", plain, &["--ssl-reqd", "-k"]),
        ("ftps", tls, &["-k"]),
        ("ftp", plain, &["--ftp-method", "nocwd"]),
        ("ftp", plain, &["--ftp-method", "singlecwd"]),
    ]
    .into_iter()
    .enumerate()
    {
        let bytes = scene.file("x.jpg");
        let url = format!("{scheme}://cam:x@{address}/a/{number}/x.jpg");
        let base = ["-sS", "--ftp-create-dirs", "-T", "x.jpg", url.as_str()];
        scene.run("curl", &[&base, options].concat());
        scene.arrived(&format!("/a/{number}/x.jpg"), &bytes);
        scene.run("curl", &[&["-sS", "-o", "back.jpg", url.as_str()], options].concat());
        assert_eq!(std::fs::read(scene.home.file("back.jpg")).unwrap(), bytes);
        let folder = format!("{scheme}://cam:x@{address}/a/{number}/");
        let list = scene.run("curl", &[&["-sS", "--list-only", folder.as_str()], options].concat());
        assert_eq!(list.trim_end(), "x.jpg");
    }
    // Appended, renamed, deleted.
    let bytes = scene.file("y.bin");
    let url = format!("ftp://cam:x@{plain}/y.bin");
    scene.home.put("half.bin", &bytes[..100]);
    scene.run("curl", &["-sS", "-T", "half.bin", &url]);
    scene.run("curl", &["-sS", "-C", "-", "-T", "y.bin", &url]);
    scene.arrived("/y.bin", &bytes);
    let root = format!("ftp://cam:x@{plain}/");
    scene.run("curl", &["-sS", &root, "-Q", "RNFR y.bin", "-Q", "RNTO z.bin", "-Q", "DELE z.bin"]);
    scene.arrived("/z.bin", &bytes);
    scene.server.stop();
}

#[test]
fn lftp() {
    let mut scene = scene();
    let port = scene.port();
    let base = "set net:max-retries 1; set net:timeout 30; set ssl:verify-certificate no;";
    for (number, options) in [
        "set ftp:passive-mode on; set ftp:ssl-allow no",
        "set ftp:passive-mode off; set ftp:ssl-allow no",
        "set ftp:passive-mode on; set ftp:ssl-force yes; set ftp:ssl-protect-data yes",
        "set ftp:passive-mode on; set ftp:ssl-force yes; set ftp:ssl-protect-data no",
        "set ftp:passive-mode off; set ftp:ssl-force yes; set ftp:ssl-protect-data yes",
    ]
    .into_iter()
    .enumerate()
    {
        let bytes = scene.file("x.jpg");
        let script = format!(
            "{base} {options}; open -p {port} -u cam,x 127.0.0.1; mkdir -p d/{number}; \
             cd d/{number}; put x.jpg; get x.jpg -o back{number}.jpg; ls; quit"
        );
        let listing = scene.run("lftp", &["-c", &script]);
        assert!(listing.contains("x.jpg"), "{listing}");
        scene.arrived(&format!("/d/{number}/x.jpg"), &bytes);
        let back = scene.home.file(&format!("back{number}.jpg"));
        assert_eq!(std::fs::read(back).unwrap(), bytes);
    }
    // A folder, and a file that goes on.
    std::fs::create_dir_all(scene.home.file("tree/in")).unwrap();
    let bytes = scene.file("tree/in/m.jpg");
    let open = format!("{base} set ftp:ssl-allow no; open -p {port} -u cam,x 127.0.0.1;");
    scene.run("lftp", &["-c", &format!("{open} mirror -R tree up; quit")]);
    scene.arrived("/up/in/m.jpg", &bytes);
    let bytes = scene.file("long.bin");
    scene.home.put("long.bin", &bytes[..200]);
    scene.run("lftp", &["-c", &format!("{open} put long.bin; quit")]);
    scene.home.put("long.bin", &bytes);
    scene.run(
        "lftp",
        &["-c", &format!("{open} put -c long.bin; mv long.bin l2.bin; rm l2.bin; quit")],
    );
    scene.arrived("/l2.bin", &bytes);
    scene.server.stop();
}

#[test]
fn ncftpput() {
    let mut scene = scene();
    let port = scene.port();
    for (number, mode) in ["-F", "-E"].into_iter().enumerate() {
        let bytes = scene.file("x.jpg");
        let folder = format!("/n/{number}");
        let login = ["-u", "cam", "-p", "x", "-P", &port, mode, "-V"];
        let target = ["-m", "127.0.0.1", &folder, "x.jpg"];
        scene.run("ncftpput", &[&login[..], &target].concat());
        scene.arrived(&format!("{folder}/x.jpg"), &bytes);
        // Under a temporary name, then renamed.
        let bytes = scene.file("t.jpg");
        let target = ["-S", ".tmp", "127.0.0.1", "/", "t.jpg"];
        scene.run("ncftpput", &[&login[..], &target].concat());
        scene.arrived("/t.jpg", &bytes);
    }
    scene.server.stop();
}

/// The classic client, of the BSDs and of GNU: a script on its standard input.
fn classic(program: &str, modes: &[&str]) {
    let mut scene = scene();
    let port = scene.port();
    for (number, mode) in modes.iter().enumerate() {
        let bytes = scene.file("x.jpg");
        let script = format!(
            "open 127.0.0.1 {port}\nuser cam x\n{mode}\nbinary\nmkdir c{number}\ncd c{number}\n\
             put x.jpg\nls\nget x.jpg back{number}.jpg\nrename x.jpg y.jpg\ndelete y.jpg\nbye\n"
        );
        let said = scene.script(program, &["-n", "-v"], &script);
        assert!(said.contains("226 Stored"), "{said}");
        scene.arrived(&format!("/c{number}/y.jpg"), &bytes);
        let back = scene.home.file(&format!("back{number}.jpg"));
        assert_eq!(std::fs::read(back).unwrap(), bytes, "{said}");
    }
    scene.server.stop();
}

#[test]
fn tnftp() {
    classic("tnftp", &["epsv4 on", "epsv4 off", "passive off"]);
}

#[test]
fn inetutils_ftp() {
    // It begins active, and `passive` turns it round.
    classic("inetutils-ftp", &["status", "passive"]);
}

#[test]
fn busybox_ftpput() {
    let mut scene = scene();
    let port = scene.port();
    for path in ["x.jpg", "path/55M00S.jpg", "/deep/er/x.jpg"] {
        let bytes = scene.file("x.jpg");
        let login = ["ftpput", "-u", "cam", "-p", "x", "-P", &port, "127.0.0.1", path, "x.jpg"];
        scene.run("busybox", &login);
        scene.arrived(&format!("/{}", path.trim_start_matches('/')), &bytes);
        let get = ["ftpget", "-u", "cam", "-p", "x", "-P", &port, "127.0.0.1", "back.jpg", path];
        scene.run("busybox", &get);
        assert_eq!(std::fs::read(scene.home.file("back.jpg")).unwrap(), bytes);
    }
    scene.server.stop();
}

#[test]
fn python_ftplib() {
    let mut scene = scene();
    let bytes: Vec<Vec<u8>> = (0..6).map(|number| scene.file(&format!("{number}.jpg"))).collect();
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/uploaders/ftplib_client.py");
    scene.run("python3", &[script.to_str().unwrap(), &scene.port()]);
    for (number, bytes) in bytes.iter().enumerate() {
        scene.uploads = u32::try_from(number).unwrap() + 1;
        scene.arrived(&format!("/py/{number}.jpg"), bytes);
    }
    scene.server.stop();
}

#[test]
fn basic_ftp() {
    let mut scene = scene();
    let bytes: Vec<Vec<u8>> = (0..3).map(|number| scene.file(&format!("{number}.jpg"))).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/uploaders/basic_ftp.js");
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules");
    let mut command = scene.command("node");
    command.env("NODE_PATH", modules).arg(script);
    command.args([scene.port(), scene.server.ftp[1].port().to_string()]);
    succeeded(&command.output().unwrap());
    for (number, bytes) in bytes.iter().enumerate() {
        scene.uploads = u32::try_from(number).unwrap() + 1;
        scene.arrived(&format!("/js/{number}/{number}.jpg"), bytes);
    }
    scene.server.stop();
}

#[test]
fn over_ipv6() {
    let home = Home::new("[ftp]\nlisten = [\"[::1]:0\"]\n");
    let server = home.start();
    let mut scene = Scene { home, server, uploads: 0 };
    let address = scene.plain();
    for (number, options) in [&[][..], &["-P", "-"]].into_iter().enumerate() {
        let bytes = scene.file("x.jpg");
        let url = format!("ftp://cam:x@{address}/{number}.jpg");
        scene.run("curl", &[&["-sS", "-g", "-T", "x.jpg", url.as_str()], options].concat());
        scene.arrived(&format!("/{number}.jpg"), &bytes);
    }
    scene.server.stop();
}

/// It closes the control connection, then the data connection, and waits for no reply.
#[test]
fn ffmpeg() {
    let scene = scene();
    let address = scene.plain();
    let formats = [
        ("avi", "x.avi"),
        ("matroska", "x.mkv"),
        ("mpegts", "x.ts"),
        ("mp4", "x.mp4"),
        ("image2", "x.jpg"),
    ];
    for (format, name) in formats {
        let source = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1"];
        let codec = if format == "image2" { "mjpeg" } else { "mpeg4" };
        let mut target = vec!["-c:v", codec, "-f", format];
        match format {
            "mp4" => target.extend(["-movflags", "+frag_keyframe+empty_moov"]),
            "image2" => target.extend(["-frames:v", "1", "-update", "1"]),
            _ => {}
        }
        let url = format!("ftp://cam:x@{address}/{name}");
        let quiet = ["-hide_banner", "-loglevel", "error"];
        scene.run("ffmpeg", &[&quiet[..], &source, &target, &[&url]].concat());
    }
    let all = wait_for("all formats", || Some(arrivals(&scene.home)).filter(|all| all.len() == 5));
    for (arrival, (_, name)) in all.iter().zip(formats) {
        assert_eq!(arrival["envelope"]["path"], format!("/{name}"));
        let is_whole = &arrival["content"]["media"][0]["whole"];
        assert_eq!((&arrival["torn"], is_whole), (&false.into(), &true.into()), "{name}");
    }
    scene.server.stop();
}
