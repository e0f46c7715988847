//! The dashboard below a path, behind nginx: one that removes the path, one that passes it on, and one that shows it in a
//! frame, as Home Assistant's ingress does. Everything else on the proxy's host is a 404, and is written down.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::driver::{Browser, Screen};
use super::film::{assert_plays, film};
use super::{PASSWORD, enter, motion};
use crate::camera::upload;
use crate::harness::{Home, Server, require, wait_for};

const INGRESS: &str = "/api/hassio_ingress/aB3-_xYz";

struct Nginx {
    child: Child,
    address: SocketAddr,
    /// Requests for paths that are not below one of ours.
    astray: std::path::PathBuf,
}

impl Nginx {
    /// A port that is free now; nginx takes no port 0 that it would name.
    fn free_port() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    fn start(home: &Home, address: SocketAddr, server: &Server) -> Self {
        let (folder, astray) = (home.file("nginx"), home.file("astray.log"));
        std::fs::create_dir_all(&folder).unwrap();
        let tipoff = server.http;
        let file = format!(
            "daemon off;\nmaster_process off;\nworker_processes 1;\nerror_log stderr;\npid {0}/pid;\n\
             events {{ worker_connections 64; }}\nhttp {{\n\
             client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c;\n\
             uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;\naccess_log off;\n\
             proxy_http_version 1.1;\nproxy_set_header Host $http_host;\n\
             proxy_set_header X-Forwarded-For $remote_addr;\n\
             proxy_set_header X-Forwarded-Proto $scheme;\n\
             server {{\nlisten {address};\ndefault_type text/html;\n\
             location /kept/ {{ proxy_pass http://{tipoff}; }}\n\
             location /removed/ {{\nproxy_pass http://{tipoff}/;\n\
             proxy_set_header Host $http_host;\nproxy_set_header X-Forwarded-Prefix /removed;\n}}\n\
             location {INGRESS}/ {{\nproxy_pass http://{tipoff}/;\n\
             proxy_set_header Host $http_host;\nproxy_set_header X-Ingress-Path {INGRESS};\n}}\n\
             location = /house {{ return 200 '<iframe src=\"{INGRESS}/\"></iframe>'; }}\n\
             location = /stranger {{ return 200 '<iframe src=\"/kept/login\"></iframe>'; }}\n\
             location / {{ access_log {1}; return 404; }}\n}}\n}}\n",
            folder.display(),
            astray.display(),
        );
        let path = home.put("nginx.conf", file.as_bytes());
        let mut command = Command::new(require("nginx"));
        command.arg("-p").arg(&folder).arg("-c").arg(path);
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for("nginx", || TcpStream::connect(address).ok());
        Self { child, address, astray }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that is known to be below `/kept`, with nginx before it.
fn start() -> (Home, Server, Nginx) {
    let address = Nginx::free_port();
    let home = Home::new(&format!(
        "[incidents]\nquiet = \"1 h\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
         public_url = \"http://{address}/kept\"\ntrusted_proxies = [\"127.0.0.1\"]\n"
    ));
    let server = home.start();
    let nginx = Nginx::start(&home, address, &server);
    (home, server, nginx)
}

fn is_at(browser: &Browser, path: &str) {
    browser.until(path, &format!("location.pathname === '{path}'"));
}

/// A link to a part of the page that is open leads there, and loads nothing.
fn leads_within(browser: &Browser, css: &str) {
    browser.run("window.stillHere = true; history.replaceState(null, '', location.pathname)");
    browser.run(&format!("document.querySelector({}).click()", json!(css)));
    browser.until(css, "location.hash.length > 1 && window.stillHere");
}

/// What a page loads or saves, by the address in an attribute of an element.
fn answers(browser: &Browser, element: &str) {
    let status = browser.run_async(&format!(
        "fetch({element}).then(it => done(it.status), it => done(String(it)))"
    ));
    assert_eq!(status, json!(200), "{element}");
}

/// Everything that somebody does with the dashboard, below this path. `incident` is the next incident's number.
fn works_below(browser: &Browser, nginx: &Nginx, server: &Server, prefix: &str, incident: u32) {
    browser.go(&nginx.url(&format!("{prefix}/devices")));
    is_at(browser, &format!("{prefix}/login"));
    enter(browser, PASSWORD);
    is_at(browser, &format!("{prefix}/devices"));
    browser.click("a.brand");
    is_at(browser, &format!("{prefix}/"));
    browser.until("the live timeline", "document.querySelector('#live.on')");
    leads_within(browser, ".skip");
    let device = format!("yard{incident}");
    motion(server, &format!("{device}@example.com"), "Motion in the yard");
    let card = format!("#i{incident}");
    browser.until("the card", &format!("document.querySelector('{card} img')?.naturalWidth > 0"));

    browser.click(&format!("{card} a"));
    is_at(browser, &format!("{prefix}/incidents/{incident}"));
    browser.until("the picture", "document.querySelector('.reel img').naturalWidth > 0");
    answers(browser, "document.querySelector('#zip').href");
    answers(browser, "document.querySelector('figcaption a').href");

    upload(server.ftp[0], &device, "/a.avi", &film("a.avi", &["-c:v", "mjpeg", "-q:v", "9"]));
    upload(server.ftp[0], &device, "/b.jpg", &crate::ftp_uploads::picture(incident));
    browser.go(&nginx.url(&format!("{prefix}/incidents/{incident}")));
    assert_plays(browser, prefix);
    browser.until("all files", "document.querySelectorAll('.strip a').length === 3");
    leads_within(browser, ".strip li:last-child a");

    browser.click("a[href='settings']");
    is_at(browser, &format!("{prefix}/settings"));
    browser.write("form[data-api$='/tokens'] input[name=name]", "script");
    browser.click("#make_token");
    browser.reads("tip_");
    let scope = browser.run_async("navigator.serviceWorker.ready.then(it => done(it.scope))");
    assert_eq!(scope, json!(nginx.url(&format!("{prefix}/"))));
    let start = browser.run_async(
        "const manifest = document.querySelector('link[rel=manifest]').href;
        fetch(manifest).then(it => it.json()).then(it => done(new URL(it.start_url, manifest).pathname))",
    );
    assert_eq!(start, json!(format!("{prefix}/")));
    browser.click("#logout");
    is_at(browser, &format!("{prefix}/login"));
}

#[test]
fn the_dashboard_works_below_a_path_of_a_reverse_proxy() {
    let (_home, server, nginx) = start();
    let browser = Browser::open(Screen::Desktop);
    browser.go(&server.setup_link());
    is_at(&browser, "/kept/setup");
    enter(&browser, PASSWORD);
    browser.until("the timeline", "location.pathname === '/kept/'");
    browser.click("a[href='settings']");
    browser.click("#logout");
    is_at(&browser, "/kept/login");
    works_below(&browser, &nginx, &server, "/kept", 1);
    works_below(&browser, &nginx, &server, "/removed", 2);

    // Home Assistant's page shows it in a frame. Nobody else's page does.
    browser.go(&nginx.url("/house"));
    let frame = "document.querySelector('iframe').contentDocument";
    browser.until("the login", &format!("{frame}?.querySelector('input[name=password]')"));
    browser.run(&format!(
        "{frame}.querySelector('input[name=password]').value = '{PASSWORD}';
        {frame}.querySelector('form').submit()"
    ));
    browser.until("the timeline", &format!("{frame}?.querySelector('#live.on')"));
    browser.until("the cards", &format!("{frame}.querySelectorAll('.card').length === 2"));
    browser.run(&format!("{frame}.querySelector('#i1 a').click()"));
    browser.until("the picture", &format!("{frame}?.querySelector('.reel img')?.naturalWidth > 0"));
    browser.go(&nginx.url("/stranger"));
    browser.until("no frame", "document.querySelector('iframe').contentDocument === null");

    let astray = std::fs::read_to_string(&nginx.astray).unwrap_or_default();
    let astray: Vec<&str> = astray.lines().filter(|it| !it.contains("/favicon.ico")).collect();
    assert_eq!(astray, Vec::<&str>::new());
    let errors = browser.errors();
    let of_frame = |it: &&String| !it.contains("frame") && !it.contains("favicon.ico");
    assert_eq!(errors.iter().filter(of_frame).count(), 0, "{errors:?}");
}
