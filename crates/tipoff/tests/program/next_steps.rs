//! `tipoff` alone, and the options and variables that go before the file.

use crate::harness::{Home, Server, mail, send};
use crate::hook::Hook;
use crate::users::{OWNER, with_password};

/// What `tipoff` alone says. It ends as any command line that names no subcommand.
fn said(home: &Home) -> String {
    let output = home.command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty(), "programs that read it get nothing");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn without_a_subcommand_it_says_what_there_is_and_what_to_do_next() {
    let hook = Hook::start();
    let home = Home::new("");
    let text = said(&home);
    assert!(text.contains("no channel yet") && text.contains("does not run"), "{text}");
    assert!(text.contains("tipoff init --config ") && text.contains("tipoff run"), "{text}");
    assert!(!home.data_dir().exists(), "it only looks");

    home.configure("[smtp]\nidel = 5\n");
    let text = said(&home);
    assert!(text.contains("1 fault in ") && text.contains("tipoff check"), "{text}");

    home.configure(&hook.channel());
    let server = home.start();
    let text = said(&home);
    assert!(text.contains("1 channel\n") && text.contains("runs with"), "{text}");
    assert!(text.contains("no password yet") && text.contains("password --link"), "{text}");
    with_password(&home, &["password"], OWNER);
    let text = said(&home);
    assert!(!text.contains("no password yet") && text.contains("incidents list"), "{text}");
    server.stop();
}

#[test]
fn options_and_variables_replace_the_addresses_of_the_file() {
    // Nothing may listen on this address of the file.
    let home = Home::new("[smtp]\nlisten = [\"192.0.2.1:25\"]\n");
    let mut command = home.command(&["run", "--smtp-listen", "127.0.0.1:0,127.0.0.1:0"]);
    command.env("TIPOFF_SMTP_LISTEN", "192.0.2.1:26").env("TIPOFF_FTP_LISTEN", "off");
    let server = Server::start(command);
    assert_eq!((server.smtp.len(), server.ftp.len()), (2, 0));
    for port in &server.smtp {
        assert!(send(*port, "camera@example.com", &mail("Motion", &[])).starts_with("250"));
    }
    server.stop();

    let mut command = home.command(&["check"]);
    let output = command.env("TIPOFF_SMTP_LISTEN", "localhost:25").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("`TIPOFF_SMTP_LISTEN`") && error.contains("not a name"), "{error}");
}

#[test]
fn the_other_subcommands_know_the_addresses_of_the_running_tipoff() {
    // The options of `run` go before the file, and before the defaults.
    let home =
        Home::new("[http]\nlisten = \"192.0.2.1:80\"\n[smtp]\nlisten = [\"192.0.2.1:25\"]\n");
    let options = ["--smtp-listen", "127.0.0.1:0", "--ftp-listen", "127.0.0.1:0"];
    let words = [&["run"], &options[..], &["--http-listen", "127.0.0.1:0"]].concat();
    let server = Server::start(home.command(&words));
    let url = format!("http://{}/", server.http);
    assert!(home.run(&["password", "--link"]).starts_with(&format!("{url}setup?key=")));
    assert!(said(&home).contains(&url), "{}", said(&home));
    for (words, to) in
        [(&["send", "--json"][..], server.smtp[0]), (&["send", "--ftp", "--json"], server.ftp[0])]
    {
        assert_eq!(home.json(words)["server"], to.to_string());
    }
    server.stop();

    // After its end they go by the file again.
    let output = home.command(&["password", "--link"]).output().unwrap();
    let link = String::from_utf8(output.stdout).unwrap();
    assert!(
        link.starts_with("http://192.0.2.1/") || link.starts_with("http://192.0.2.1:80/"),
        "{link}"
    );
}

#[test]
fn lists_have_the_same_name_everywhere() {
    let home = Home::new("");
    let server = home.start();
    for what in ["incidents", "devices", "channels", "sessions", "users", "token"] {
        assert_eq!(home.json(&[what, "list", "--json"]), serde_json::json!([]), "{what}");
    }
    for (words, part) in [
        (&["users", "remove", "joe"][..], "there is no user \"joe\": `tipoff users list`"),
        (&["token", "--revoke", "9"], "there is no token 9: `tipoff token --list`"),
    ] {
        let output = home.command(words).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8(output.stderr).unwrap().contains(part), "{words:?}");
    }
    server.stop();
}
