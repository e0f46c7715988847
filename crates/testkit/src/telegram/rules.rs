//! What a message may be, by the Bot API's documentation, and Telegram's words where it may not.

use std::io::Cursor;
use std::time::Instant;

use image::ImageReader;
use serde_json::Value;

use super::bot::Held;
use super::form::Form;
use super::{
    ApiError, CHANNEL, CHAT, GROUP, Options, SUPERGROUP, Sent, SentClip, SentFile, TOPIC, html,
    keyboard,
};

/// The size of a file, and of all files of a call together.
pub(super) const FILE_BYTES_MAX: u64 = 50 << 20;
/// The size of a picture.
pub(super) const PICTURE_BYTES_MAX: u64 = 10 << 20;
const TEXT_UTF16_MAX: usize = 4096;
const CAPTION_UTF16_MAX: usize = 1024;
const THUMBNAIL_PX_MAX: u32 = 320;
const THUMBNAIL_BYTES_MAX: u64 = 200_000;
const SIDES_PX_MAX: u32 = 10_000;
const RATIO_MAX: u32 = 20;

const COMMON: &[&str] = &[
    "chat_id",
    "message_thread_id",
    "disable_notification",
    "reply_parameters",
    "parse_mode",
    "caption",
];

/// The message that a call asks for. `known`: whether a message exists that can be replied to.
pub(super) fn check(
    method: &str,
    form: Form,
    options: &Options,
    known: &dyn Fn(i64) -> bool,
) -> Result<Sent, ApiError> {
    check_fields(method, &form)?;
    let chat = form.field("chat_id").unwrap_or_default().to_owned();
    if ![CHAT, GROUP, SUPERGROUP, CHANNEL].contains(&chat.as_str()) {
        return Err(ApiError::chat_not_found());
    }
    let topic = topic(&chat, &form)?;
    let reply_to = reply_to(&form, known)?;
    let silent = form.field("disable_notification") == Some("true");
    let (html, files) = match method {
        "sendMessage" => (field(&form, "text").to_owned(), Vec::new()),
        "sendMediaGroup" => album(&form)?,
        _ => (field(&form, "caption").to_owned(), single(method, &form)?),
    };
    let text = text(method, &html, &form)?;
    let mut files = files;
    for file in &mut files {
        check_file(file, options)?;
    }
    let keyboard = form.field("reply_markup").map(keyboard::check).transpose()?;
    let method = method.to_owned();
    let at = Instant::now();
    Ok(Sent { id: 0, method, chat, text, html, files, reply_to, topic, silent, keyboard, at })
}

/// The text and the file that an edit gives a message, where it gives any.
pub(super) fn edited(
    method: &str,
    form: &Form,
    held: &Held,
) -> Result<(Option<String>, Option<SentFile>), ApiError> {
    let own: &[&str] = match method {
        "editMessageText" => &["text", "parse_mode", "link_preview_options"],
        "editMessageCaption" => &["caption", "parse_mode"],
        "editMessageMedia" => &["media"],
        _ => &[],
    };
    for (name, _) in &form.fields {
        if !["chat_id", "message_id", "reply_markup"].contains(&name.as_str())
            && !own.contains(&name.as_str())
        {
            return Err(wrong(&format!("{method} has no parameter {name}")));
        }
    }
    match (method, held.kind.as_str()) {
        ("editMessageReplyMarkup", _) => Ok((None, None)),
        ("editMessageText", "text") => {
            let html = field(form, "text").to_owned();
            text("sendMessage", &html, form)?;
            Ok((Some(html), None))
        }
        ("editMessageText", _) => Err(wrong("there is no text in the message to edit")),
        ("editMessageCaption", "text") => Err(wrong("there is no caption in the message to edit")),
        ("editMessageCaption", _) => {
            let html = field(form, "caption").to_owned();
            text("sendPhoto", &html, form)?;
            Ok((Some(html), None))
        }
        _ => edited_media(form, held),
    }
}

/// "If a message is part of a message album, then it can be edited only to … a document for document
/// albums and to a photo or a video otherwise."
fn edited_media(form: &Form, held: &Held) -> Result<(Option<String>, Option<SentFile>), ApiError> {
    let entry: Value = serde_json::from_str(field(form, "media"))
        .map_err(|_| wrong("can't parse input media JSON object"))?;
    let text_of = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, media) = (text_of("type"), text_of("media"));
    let name = media.strip_prefix("attach://");
    let file = form.files.iter().find(|(key, _)| Some(key.as_str()) == name);
    let (_, file) = file.ok_or_else(|| wrong("wrong file identifier/HTTP URL specified"))?;
    let shown = ["photo", "video"];
    if held.album && shown.contains(&held.kind.as_str()) != shown.contains(&kind.as_str()) {
        return Err(wrong("message media can't be changed to another kind in an album"));
    }
    if held.kind == "text" && kind.is_empty() {
        return Err(wrong("there is no media in the message to edit"));
    }
    let html = text_of("caption");
    let plain = match text_of("parse_mode").as_str() {
        "HTML" => html::plain(&html)?,
        "" => html.clone(),
        _ => return Err(wrong("unsupported parse_mode")),
    };
    if plain.encode_utf16().count() > CAPTION_UTF16_MAX {
        return Err(wrong("message caption is too long"));
    }
    let clip = clip_of_entry(form, &entry)?;
    let mut file = SentFile { kind, clip, ..file.clone() };
    let options = Options { decode: true, keep_bytes: true, flood: false };
    check_file(&mut file, &options)?;
    Ok((Some(html), Some(file)))
}

fn wrong(what: &str) -> ApiError {
    ApiError::new(400, &format!("Bad Request: {what}"))
}

fn field<'a>(form: &'a Form, name: &str) -> &'a str {
    form.field(name).unwrap_or_default()
}

/// Telegram overlooks what it does not know; a sender that writes it has made a mistake.
fn check_fields(method: &str, form: &Form) -> Result<(), ApiError> {
    let own: &[&str] = match method {
        "sendMessage" => &["text", "link_preview_options"],
        "sendVideo" => &["supports_streaming", "duration", "width", "height"],
        "sendDocument" => &["disable_content_type_detection"],
        "sendMediaGroup" => &["media"],
        _ => &[],
    };
    let has_keyboard = method != "sendMediaGroup";
    for (name, value) in &form.fields {
        if name == "reply_markup" && has_keyboard {
            continue;
        }
        if !COMMON.contains(&name.as_str()) && !own.contains(&name.as_str()) {
            return Err(wrong(&format!("{method} has no parameter {name}")));
        }
        if name.starts_with("disable_") && value != "true" && value != "false" {
            return Err(wrong(&format!("{name} is no flag")));
        }
    }
    Ok(())
}

fn topic(chat: &str, form: &Form) -> Result<Option<i64>, ApiError> {
    let Some(topic) = form.field("message_thread_id") else {
        return Ok(None);
    };
    match topic.parse() {
        Ok(topic) if chat == SUPERGROUP && topic == TOPIC => Ok(Some(topic)),
        _ => Err(wrong("message thread not found")),
    }
}

fn reply_to(form: &Form, known: &dyn Fn(i64) -> bool) -> Result<Option<i64>, ApiError> {
    let Some(reply) = form.field("reply_parameters") else {
        return Ok(None);
    };
    let reply: Value = serde_json::from_str(reply)
        .map_err(|_| wrong("can't parse reply parameters JSON object"))?;
    let number = reply.get("message_id").and_then(Value::as_i64);
    let number = number.ok_or_else(|| wrong("can't parse reply parameters JSON object"))?;
    let lenient = reply.get("allow_sending_without_reply").and_then(Value::as_bool) == Some(true);
    match known(number) {
        true => Ok(Some(number)),
        false if lenient => Ok(None),
        false => Err(wrong("message to be replied not found")),
    }
}

fn text(method: &str, html: &str, form: &Form) -> Result<String, ApiError> {
    let parsed = match form.field("parse_mode") {
        None if method != "sendMediaGroup" => html.trim().to_owned(),
        None | Some("HTML") => html::plain(html)?,
        Some(_) => return Err(wrong("unsupported parse_mode")),
    };
    let units = parsed.encode_utf16().count();
    if method != "sendMessage" {
        return match units {
            0..=CAPTION_UTF16_MAX => Ok(parsed),
            _ => Err(wrong("message caption is too long")),
        };
    }
    match units {
        0 => Err(wrong("message text is empty")),
        1..=TEXT_UTF16_MAX => Ok(parsed),
        _ => Err(wrong("message is too long")),
    }
}

fn single(method: &str, form: &Form) -> Result<Vec<SentFile>, ApiError> {
    let kind = method.trim_start_matches("send").to_ascii_lowercase();
    match form.files.as_slice() {
        [(name, file)] if *name == kind => {
            Ok(vec![SentFile { kind, clip: clip_of(form)?, ..file.clone() }])
        }
        [(name, file), (other, thumbnail)] | [(other, thumbnail), (name, file)]
            if *name == kind && other == "thumbnail" && kind == "video" =>
        {
            check_thumbnail(thumbnail)?;
            let clip = clip_of(form)?.map(|clip| SentClip { thumbnail: true, ..clip });
            Ok(vec![SentFile { kind, clip, ..file.clone() }])
        }
        _ => Err(wrong(&format!("there is no {kind} in the request"))),
    }
}

/// The fields of sendVideo about the video.
fn clip_of(form: &Form) -> Result<Option<SentClip>, ApiError> {
    let number = |name: &str| match form.field(name).map(str::parse::<u32>) {
        Some(Ok(number)) if number > 0 => Ok(Some(number)),
        None => Ok(None),
        _ => Err(wrong(&format!("{name} is no number"))),
    };
    let told = (number("duration")?, number("width")?, number("height")?);
    Ok(match told {
        (Some(duration_s), Some(width_px), Some(height_px)) => {
            Some(SentClip { duration_s, width_px, height_px, thumbnail: false })
        }
        _ => None,
    })
}

/// The fields of an album about a video.
fn clip_of_entry(form: &Form, entry: &Value) -> Result<Option<SentClip>, ApiError> {
    let number = |key: &str| u32::try_from(entry.get(key)?.as_u64()?).ok();
    let (Some(duration_s), Some(width_px), Some(height_px)) =
        (number("duration"), number("width"), number("height"))
    else {
        return Ok(None);
    };
    let thumbnail = entry.get("thumbnail").and_then(Value::as_str);
    if let Some(name) = thumbnail {
        let name = name.strip_prefix("attach://");
        let file = form.files.iter().find(|(key, _)| Some(key.as_str()) == name);
        let (_, file) = file.ok_or_else(|| wrong("wrong file identifier/HTTP URL specified"))?;
        check_thumbnail(file)?;
    }
    Ok(Some(SentClip { duration_s, width_px, height_px, thumbnail: thumbnail.is_some() }))
}

fn check_thumbnail(file: &SentFile) -> Result<(), ApiError> {
    let sides = ImageReader::with_format(Cursor::new(&file.bytes), image::ImageFormat::Jpeg);
    match sides.into_dimensions() {
        Ok((width, height)) if width <= THUMBNAIL_PX_MAX && height <= THUMBNAIL_PX_MAX => {}
        _ => return Err(wrong("a thumbnail is a JPEG of at most 320 x 320")),
    }
    match file.size {
        0..THUMBNAIL_BYTES_MAX => Ok(()),
        _ => Err(wrong("a thumbnail is smaller than 200 kB")),
    }
}

fn album(form: &Form) -> Result<(String, Vec<SentFile>), ApiError> {
    let entries: Vec<Value> = serde_json::from_str(field(form, "media"))
        .map_err(|_| wrong("can't parse media JSON object"))?;
    let thumbnails = entries.iter().filter(|entry| entry.get("thumbnail").is_some()).count();
    if !(2..=10).contains(&entries.len()) || entries.len() + thumbnails != form.files.len() {
        return Err(wrong("an album has 2-10 items, each with its file"));
    }
    let entry_text = |entry: &Value, key: &str| {
        entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut files = Vec::new();
    for entry in &entries {
        let (kind, media) = (entry_text(entry, "type"), entry_text(entry, "media"));
        let name = media.strip_prefix("attach://");
        let file = form.files.iter().find(|(key, _)| Some(key.as_str()) == name);
        let (_, file) = file.ok_or_else(|| wrong("wrong file identifier/HTTP URL specified"))?;
        let clip = clip_of_entry(form, entry)?;
        files.push(SentFile { kind, clip, ..file.clone() });
    }
    let kinds = |allowed: &[&str]| files.iter().all(|file| allowed.contains(&file.kind.as_str()));
    if !kinds(&["photo", "video"]) && !kinds(&["document"]) {
        return Err(wrong("these types can't be mixed in an album"));
    }
    let captions: Vec<String> = entries.iter().map(|entry| entry_text(entry, "caption")).collect();
    let html: String = captions.concat();
    if captions.first() != Some(&html) {
        return Err(wrong("a caption that is not seen below the album"));
    }
    Ok((html, files))
}

fn check_file(file: &mut SentFile, options: &Options) -> Result<(), ApiError> {
    if file.size == 0 {
        return Err(wrong("file must be non-empty"));
    }
    if file.kind == "photo" {
        check_picture(file, options)?;
    }
    if !options.keep_bytes {
        file.bytes = Vec::new();
    }
    Ok(())
}

fn check_picture(file: &SentFile, options: &Options) -> Result<(), ApiError> {
    if file.size > PICTURE_BYTES_MAX {
        return Err(wrong(&format!(
            "file of size {} bytes is too big for a photo; the maximum size is {PICTURE_BYTES_MAX} \
             bytes",
            file.size
        )));
    }
    let unreadable = || wrong("IMAGE_PROCESS_FAILED");
    let reader = || ImageReader::new(Cursor::new(&file.bytes)).with_guessed_format();
    let sides = reader().ok().and_then(|reader| reader.into_dimensions().ok());
    let (width, height) = sides.ok_or_else(unreadable)?;
    let (long, short) = (width.max(height), width.min(height));
    if long + short > SIDES_PX_MAX || long > short * RATIO_MAX {
        return Err(wrong("PHOTO_INVALID_DIMENSIONS"));
    }
    if options.decode {
        reader().ok().and_then(|reader| reader.decode().ok()).ok_or_else(unreadable)?;
    }
    Ok(())
}
