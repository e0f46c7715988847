//! A shell without a socket: does what a session asks, and writes down what that was.

use std::collections::VecDeque;
use std::sync::Arc;

use tipoff_smtp::{Credentials, Denial, Profile, Session, SmtpReply, Step, StoreFailure};

/// The example of RFC 2195, section 2.
pub(crate) const CHALLENGE: &str = "<1896.697170952@postoffice.reston.mci.net>";

/// Something that the session did; bytes of content that came in pieces are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Reply(SmtpReply),
    Content(Vec<u8>),
    /// Any other step, by its name and what it holds.
    Deed(String),
}

/// The answers to give, each in its turn; when there are none left, good ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) login: VecDeque<bool>,
    pub(crate) mail: VecDeque<Option<Denial>>,
    pub(crate) stored: VecDeque<Option<StoreFailure>>,
}

pub(crate) struct Shell {
    pub(crate) session: Session,
    pub(crate) events: Vec<Event>,
    answers: Answers,
    arrivals: u32,
    message_bytes_max: u64,
    /// What the message under way may still have, to see that each has one beginning, one end and
    /// no more than it may.
    message_bytes_left: Option<u64>,
}

impl Shell {
    pub(crate) fn new(profile: Profile, tls: bool, answers: Answers) -> Self {
        let message_bytes_max = profile.message_bytes_max;
        let mut shell = Self {
            session: Session::new(Arc::new(profile), tls, CHALLENGE.to_owned()),
            events: Vec::new(),
            answers,
            arrivals: 0,
            message_bytes_max,
            message_bytes_left: None,
        };
        shell.push(&[]);
        shell
    }

    /// Does all that comes of these bytes. Until TLS has started, what is behind STARTTLS is lost.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.session.waiting() {
            return;
        }
        let mut input = bytes;
        // Every step takes a byte, or comes of a line or an answer that led to a few.
        let mut steps_left = 16 + 8 * bytes.len();
        while let Some(step) = self.session.next_step(&mut input) {
            self.perform(step);
            steps_left = steps_left.checked_sub(1).expect("the session comes to an end");
        }
        assert!(input.is_empty(), "what was pushed is taken or discarded");
        assert_eq!(
            self.session.in_message(),
            self.message_bytes_left.is_some(),
            "the session knows whether a message is under way",
        );
    }

    fn perform(&mut self, step: Step<'_>) {
        let event = match step {
            Step::Reply(reply) => {
                assert!(reply.ends_with(b"\r\n") && (200..600).contains(&reply.code()));
                Event::Reply(reply)
            }
            Step::Content(bytes) => {
                assert!(!bytes.is_empty());
                let left = self.message_bytes_left.expect("a message is under way");
                self.message_bytes_left = left.checked_sub(bytes.len() as u64);
                assert!(self.message_bytes_left.is_some(), "the limit holds");
                match self.events.last_mut() {
                    Some(Event::Content(begun)) => begun.extend_from_slice(&bytes),
                    _ => self.events.push(Event::Content(bytes.to_vec())),
                }
                return;
            }
            step => {
                self.answer(&step);
                Event::Deed(name(&step))
            }
        };
        self.events.push(event);
    }

    fn answer(&mut self, step: &Step<'_>) {
        match step {
            Step::Authenticate(_) => match self.answers.login.pop_front() {
                Some(false) => self.session.login_refused(),
                Some(true) | None => self.session.login_accepted(),
            },
            Step::Mail(_) => match self.answers.mail.pop_front().flatten() {
                Some(denial) => self.session.mail_denied(denial),
                None => self.session.mail_allowed(),
            },
            Step::Begin(_) => {
                let open = self.message_bytes_left.replace(self.message_bytes_max);
                assert!(open.is_none(), "one message at a time");
            }
            Step::End | Step::TooBig | Step::Aborted => {
                let open = self.message_bytes_left.take();
                assert!(open.is_some(), "what ends has begun");
            }
            _ => {}
        }
        if *step == Step::End {
            match self.answers.stored.pop_front().flatten() {
                Some(failure) => self.session.not_stored(failure),
                None => {
                    self.arrivals += 1;
                    self.session.stored(&self.arrivals.to_string());
                }
            }
        }
    }
}

fn name(step: &Step<'_>) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
    match step {
        Step::Reply(_) | Step::Content(_) => unreachable!("these are no deeds"),
        Step::Transcript(line) => format!("heard {line}"),
        Step::Authenticate(Credentials::Plain { user, password }) => {
            format!("login user={user} password={password}")
        }
        Step::Authenticate(Credentials::CramMd5 { user, challenge, digest }) => {
            format!("login user={user} challenge={challenge} digest={digest}")
        }
        Step::Mail(mail) => match mail.size {
            Some(size) => format!("mail {} size={size}", mail.address),
            None => format!("mail {}", mail.address),
        },
        Step::Begin(it) => format!(
            "begin from={} to={} greeting={} login={} tls={}",
            it.sender,
            it.recipients.join(","),
            or_none(&it.greeting),
            or_none(&it.login),
            if it.tls { "yes" } else { "no" },
        ),
        Step::End => "end".to_owned(),
        Step::TooBig => "too-big".to_owned(),
        Step::Aborted => "aborted".to_owned(),
        Step::StartTls => "start-tls".to_owned(),
        Step::Close => "close".to_owned(),
    }
}
