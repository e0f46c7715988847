//! Mail as the other end: a stand-in for a mail server that is in two minds.

use tipoff_testkit::email::{Act, Email, Mail, Options, Step};
use tokio::runtime::Runtime;

use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};

const ME: &str = "me@example.org";
const YOU: &str = "you@example.org";

/// The stand-in, with what it needs to run.
struct Post {
    server: Email,
    _runtime: Runtime,
}

impl Post {
    fn new() -> Self {
        let options = Options { start_tls: false, login: false, ..Options::default() };
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(Email::start(options)).unwrap();
        Self { server, _runtime: runtime }
    }

    fn channel(&self) -> String {
        format!(
            "[incidents]\nquiet = \"0 s\"\n[[channel]]\nname = \"post\"\ntype = \"email\"\n\
             server = \"{}\"\ntls = \"never\"\nfrom = \"cameras@example.org\"\n\
             to = [\"{ME}\", \"{YOU}\"]\n",
            self.server.url()
        )
    }

    fn wait_for(&self, count: usize) -> Vec<Mail> {
        wait_for(&format!("{count} mails"), || {
            Some(self.server.log().all()).filter(|mails| mails.len() >= count)
        })
    }
}

fn motion(server: &Server) {
    let reply = send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

fn wait_for_attempts(home: &Home, incident: i64, count: usize) {
    wait_for(&format!("{count} attempts at {incident}"), || {
        let attempts = &home.incident(incident)["deliveries"][0]["attempts"];
        (attempts.as_array()?.len() >= count).then_some(())
    });
}

#[test]
fn a_deferred_recipient_causes_no_second_copy_for_others() {
    let post = Post::new();
    post.server.act(Step::Recipient(YOU.to_owned()), Act::Say("451 4.7.1 greylisted"));
    let home = Home::new(&post.channel());
    let server = home.start();
    for count in 1..=3 {
        motion(&server);
        assert_eq!(post.wait_for(count).last().unwrap().to, [ME]);
    }
    // All three are tried again, and no alert keeps another waiting.
    for incident in 1..=3 {
        wait_for_attempts(&home, incident, 3);
    }
    assert_eq!(post.server.log().len(), 3, "at most one copy each");
    server.kill_now();
    assert!(!server.wait());
    let server = home.start();
    for incident in 1..=3 {
        wait_for_attempts(&home, incident, 4);
    }
    motion(&server);
    assert_eq!(post.wait_for(4).last().unwrap().to, [ME], "others go on");
    post.server.behave();
    let mut later: Vec<String> =
        post.wait_for(8).split_off(4).into_iter().flat_map(|it| it.to).collect();
    later.dedup();
    assert_eq!(later, [YOU]);
    for incident in 1..=4 {
        wait_for("the delivery", || {
            (home.incident(incident)["deliveries"][0]["state"] == "delivered").then_some(())
        });
    }
    assert_eq!(post.server.log().len(), 8);
    server.stop();
}
