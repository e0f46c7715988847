//! The mails that are sent: a picture in a multipart mail, as cameras write it.
//! The large part is built once; only a short head differs from mail to mail.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What every picture begins with once it is base64, with the quote that JSON puts before it.
/// The quote is no letter of base64, so random pictures never contain this by chance.
pub(crate) const PICTURE_IN_JSON: &[u8] = b"\"/9j/";

/// The end of DATA without the CRLF that ends the mail's last line (RFC 5321, section 4.1.1.4).
pub(crate) const DOT: &[u8] = b".\r\n";

/// RFC 2045, section 6.8: base64 lines of at most 76 letters, which is 57 bytes.
const LINE_LETTERS: usize = 76;
const LINE_PICTURE_BYTES: usize = 57;
const LINE_MAIL_BYTES: usize = LINE_LETTERS + 2;

/// Start of image and the JFIF segment's marker; end of image.
const JPEG_START: [u8; 4] = [0xFF, 0xD8, 0xFF, 0xE0];
const JPEG_END: [u8; 2] = [0xFF, 0xD9];

const BOUNDARY: &str = "----=_tipoff_bench_5f0c";

/// What all mails of a run have in common: the end of the head, text and picture, the dot.
pub(crate) struct Mail(Vec<u8>);

impl Mail {
    /// A mail with a picture of so many bytes.
    pub(crate) fn with_picture(bytes: usize) -> Self {
        let letters = STANDARD.encode(picture(bytes));
        let mut mail = format!(
            "To: <alarm@mailrise.xyz>\r\n\
             Date: Mon, 5 Jan 2026 06:07:08 +0000\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\r\n\
             \r\n\
             --{BOUNDARY}\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             \r\n\
             Motion was detected.\r\n\
             --{BOUNDARY}\r\n\
             Content-Type: image/jpeg; name=\"motion.jpg\"\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"motion.jpg\"\r\n\
             \r\n"
        )
        .into_bytes();
        for line in letters.as_bytes().chunks(LINE_LETTERS) {
            mail.extend_from_slice(line);
            mail.extend_from_slice(b"\r\n");
        }
        mail.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        mail.extend_from_slice(DOT);
        Self(mail)
    }

    /// A mail of about so many bytes in all.
    pub(crate) fn of_size(bytes: usize) -> Self {
        Self::with_picture(bytes / LINE_MAIL_BYTES * LINE_PICTURE_BYTES)
    }

    /// Everything after the head, with the dot.
    pub(crate) fn with_dot(&self) -> &[u8] {
        &self.0
    }

    /// Everything after the head up to the dot.
    pub(crate) fn without_dot(&self) -> &[u8] {
        self.0.strip_suffix(DOT).unwrap_or(&self.0)
    }
}

/// What makes the mail another one than the mail before.
pub(crate) fn head(camera: usize, number: u64) -> String {
    format!(
        "From: <camera{camera}@bench.example>\r\n\
         Message-ID: <{number}.{camera}@bench.example>\r\n\
         Subject: Motion {number}\r\n"
    )
}

/// Bytes that do not compress, between the marks that make them a JPEG to whoever looks.
fn picture(bytes: usize) -> Vec<u8> {
    // A fixed seed: every run sends the same.
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    let noise = std::iter::repeat_with(move || {
        // Marsaglia's xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let inner = bytes.saturating_sub(JPEG_START.len() + JPEG_END.len());
    let mut picture = Vec::with_capacity(bytes);
    picture.extend_from_slice(&JPEG_START);
    picture.extend(noise.flatten().take(inner));
    picture.extend_from_slice(&JPEG_END);
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_size_asked_for_and_the_marks_of_a_jpeg() {
        let picture = picture(60_000);
        assert_eq!(picture.len(), 60_000);
        assert!(picture.starts_with(&JPEG_START) && picture.ends_with(&JPEG_END));
        assert!(format!("\"{}", STANDARD.encode(&picture)).as_bytes().starts_with(PICTURE_IN_JSON));
    }

    #[test]
    fn a_mail_is_crlf_lines_of_bounded_length_with_a_single_dot_line_at_the_end() {
        let mail = Mail::with_picture(60_000);
        let text = std::str::from_utf8(mail.with_dot()).unwrap();
        let lines: Vec<&str> = text.split_inclusive("\r\n").collect();
        let (last, before) = lines.split_last().unwrap();
        assert_eq!(last.as_bytes(), DOT);
        for line in before {
            let line = line.strip_suffix("\r\n").unwrap();
            assert!(line.len() <= LINE_LETTERS && !line.starts_with('.') && !line.contains('\n'));
        }
        assert_eq!([mail.without_dot(), DOT].concat(), mail.with_dot());
    }

    #[test]
    fn the_picture_comes_out_of_the_mail_as_it_went_in() {
        let mail = Mail::with_picture(1_000);
        let text = std::str::from_utf8(mail.with_dot()).unwrap();
        let letters = text.split("\r\n\r\n").nth(3).unwrap();
        let letters = letters.split("\r\n--").next().unwrap().replace("\r\n", "");
        assert_eq!(STANDARD.decode(letters).unwrap(), picture(1_000));
    }

    #[test]
    fn a_mail_of_a_size_is_within_a_kilobyte_of_it() {
        let bytes = Mail::of_size(25_000_000).with_dot().len();
        assert!(bytes.abs_diff(25_000_000) < 1_000, "{bytes}");
    }

    #[test]
    fn no_two_mails_are_the_same() {
        assert_ne!(head(1, 1), head(1, 2));
        assert_ne!(head(1, 1), head(2, 1));
    }
}
