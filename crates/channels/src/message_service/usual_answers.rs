//! The meaning of an answer to which the service's documentation gives none of its own. Services match their own
//! codes first and leave the rest to [`usual_result`].

use tipoff_model::{Receipt, Verdict};

use super::{FilesRefused, SendResult};
use crate::http::{Answer, repair, retry};

/// The meaning of an answer by its status alone (RFC 9110, section 15). `said` are the service's words without
/// secrets. If the message has files, a refusal may be about them: the message is then sent again without them.
pub(crate) fn usual_result(
    service: &str,
    answer: &Answer,
    said: &str,
    has_files: bool,
) -> SendResult {
    Ok(match answer.status {
        200..=299 => Verdict::Delivered(Receipt::default()),
        408 | 429 => asks_to_wait(service, answer, said),
        500.. => internal_error(service, answer, said),
        _ if has_files => return Err(FilesRefused(not_taken(service, said))),
        status => Verdict::Refused { error: format!("{service} answered {status}: {said}") },
    })
}

/// The service limits requests, or the request took too long: the channel waits as long as the service asks.
pub(crate) fn asks_to_wait(service: &str, answer: &Answer, said: &str) -> Verdict {
    retry(answer.retry_after, format!("{service} asks to wait: {said}"))
}

/// The service failed by itself: no setting and no message is wrong.
pub(crate) fn internal_error(service: &str, answer: &Answer, said: &str) -> Verdict {
    let status = answer.status;
    retry(answer.retry_after, format!("{service} has a fault of its own ({status}): {said}"))
}

/// What answers is another server, or a page of the right one: the address in the setting `key` is wrong.
pub(crate) fn other_server(expected: &str, key: &str, answer: &Answer, said: &str) -> Verdict {
    let status = answer.status;
    repair(format!("this is no {expected} ({status}, {said}): check `{key}`"))
}

/// The reason in the line that stands for a file which the service refused.
pub(crate) fn not_taken(service: &str, said: &str) -> String {
    format!("not taken by {service} ({said})")
}
