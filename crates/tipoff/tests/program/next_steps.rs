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
