//! Splits a phrase into words and marks the names among them. It knows scripts and punctuation, but no event.
//!
//! Names are text in quotes, in `[…]` and `<…>`, addresses, and the words behind a preposition of place ("on
//! Channel A1", "from Doorbell", "auf der Terrasse") up to the next punctuation mark. A phrase is cut into segments
//! at colons, dashes between spaces and similar marks: `West end: Motion detected` has two.

/// Characters of a phrase that are read.
pub(crate) const CHARS_MAX: usize = 400;
/// Longest quoted name in characters. A mark without its partner in this distance is no quote.
const QUOTED_CHARS_MAX: usize = 80;
/// The word that replaces a quoted name or an address.
pub(crate) const GAP: &str = "\u{1}";
/// The word that replaces a comma, which ends a name but not a segment.
pub(crate) const COMMA: &str = ",";

/// A word in lower case, without accents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Whether it belongs to a name.
    pub(crate) named: bool,
}

/// A part of a phrase between punctuation marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) words: Vec<Word>,
    /// Whether it was in `[…]`: a tag or a name.
    pub(crate) tag: bool,
}

/// Prepositions of place, origin and author, which names follow. Missing are those that are another word in one of
/// the other languages: `an`, `door`, `van`, `de`, `di`, `para`, `по`.
#[rustfmt::skip]
pub(crate) const PREPOSITIONS: &[&str] = &[
    "@", "am", "at", "au", "auf", "aus", "aux", "bei", "beim", "bij", "by", "chez", "da", "dal",
    "dalla", "dans", "depuis", "desde", "devant", "durch", "em", "en", "from", "im", "in", "na",
    "nas", "near", "nel", "nella", "od", "on", "op", "par", "pela", "pelo", "por", "presso",
    "przez", "przy", "su", "sul", "sulla", "sur", "um", "vanaf", "vom", "von", "vor", "w", "we",
    "z", "à", "в", "во", "из", "на", "от", "с", "со", "у", "через",
];

/// Words behind a preposition that begin no name: "at least one person".
const NO_NAMES: &[&str] = &["all", "first", "last", "least", "once"];

/// The segments of a phrase. `names` says whether prepositions begin names; in a vendor's field they do not.
pub(crate) fn segments(phrase: &str, names: bool) -> Vec<Segment> {
    let mut reader = Reader { names, ..Reader::default() };
    let phrase = phrase.replace("S.M.A.R.T", "SMART");
    let chars: Vec<char> = phrase.chars().take(CHARS_MAX).collect();
    let mut at = 0;
    while let Some(&character) = chars.get(at) {
        at += reader.take(&chars, at, character);
    }
    reader.end_segment();
    reader.segments
}

/// The state of reading a phrase.
#[derive(Default)]
struct Reader {
    /// The complete segments.
    segments: Vec<Segment>,
    /// The current segment.
    segment: Segment,
    /// The current word.
    word: String,
    /// Whether the current word is of a script without spaces.
    ideographic: bool,
    /// Whether the current word belongs to a name.
    in_name: bool,
    /// Whether prepositions begin names.
    names: bool,
}

impl Reader {
    /// Reads the character at an index and returns the number of characters that are used up.
    fn take(&mut self, chars: &[char], at: usize, character: char) -> usize {
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied();
        let after = chars.get(at + 1).copied();
        if let Some(length) = quoted(chars, at, before) {
            self.gap();
            return length;
        }
        if starts_chunk(before) && is_address(chars.get(at..).unwrap_or_default()) {
            self.gap();
            return chunk(chars.get(at..).unwrap_or_default()).count();
        }
        match mark(character, before, after) {
            // "errors: 0" is a count and no name.
            CharRole::Break if character == ':' && is_zero(chars.get(at + 1..)) => self.end_word(),
            CharRole::Letter => self.letter(character),
            CharRole::Nothing => {}
            CharRole::Space => self.end_word(),
            CharRole::At => {
                self.end_word();
                self.push("@");
            }
            CharRole::Comma => {
                self.end_word();
                self.in_name = false;
                self.push(COMMA);
            }
            CharRole::Break => self.end_segment(),
            CharRole::Open => {
                self.end_segment();
                self.segment.tag = true;
            }
        }
        1
    }

    /// Adds a letter. A change of script ends the word.
    fn letter(&mut self, character: char) {
        let ideographic = is_ideographic(character);
        if ideographic != self.ideographic {
            self.end_word();
            self.ideographic = ideographic;
        }
        fold(character, &mut self.word);
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            let word = std::mem::take(&mut self.word);
            self.push(&word);
        }
    }

    /// Adds a word. A preposition begins a name with the word behind it.
    fn push(&mut self, word: &str) {
        // "at least one" begins no name.
        if self.in_name && NO_NAMES.contains(&word) && self.is_behind_preposition() {
            self.in_name = false;
        }
        // "à" keeps its accent: it is a preposition, "a" an article.
        self.segment.words.push(Word { text: word.to_owned(), named: self.in_name });
        self.in_name |= self.names && PREPOSITIONS.contains(&word);
    }

    /// Whether the last word is the preposition that begins the current name.
    fn is_behind_preposition(&self) -> bool {
        self.segment.words.last().is_some_and(|word| !word.named)
    }

    /// Adds the word for a quoted name or an address.
    fn gap(&mut self) {
        self.end_word();
        self.segment.words.push(Word { text: GAP.to_owned(), named: true });
    }

    fn end_segment(&mut self) {
        self.end_word();
        self.in_name = false;
        let segment = std::mem::take(&mut self.segment);
        if !segment.words.is_empty() {
            self.segments.push(segment);
        }
    }
}

/// Whether the value behind a colon is a zero.
fn is_zero(rest: Option<&[char]>) -> bool {
    let mut rest = rest.unwrap_or_default().iter().skip_while(|it| it.is_whitespace());
    rest.next() == Some(&'0') && rest.next().is_none_or(|it| !it.is_alphanumeric() && *it != '.')
}

/// What a character does to the words around it.
enum CharRole {
    /// It belongs to a word.
    Letter,
    /// It is dropped, and the word continues.
    Nothing,
    /// It ends a word.
    Space,
    /// An `@` alone: a preposition.
    At,
    /// It ends a name.
    Comma,
    /// It ends a segment.
    Break,
    /// It ends a segment and begins one that is a tag.
    Open,
}

/// The role of a character between its neighbours.
fn mark(character: char, before: Option<char>, after: Option<char>) -> CharRole {
    let is_space = |it: Option<char>| it.is_none_or(char::is_whitespace);
    let is_digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    match character {
        // Combining accents.
        '\u{300}'..='\u{36f}' => CharRole::Nothing,
        '@' if is_space(after) => CharRole::At,
        ',' | '，' | '、' if !is_digit(after) => CharRole::Comma,
        ':' if is_digit(before) && is_digit(after) => CharRole::Space,
        '-' if !(is_space(before) && is_space(after)) => CharRole::Space,
        '.' if !is_space(after) || before.is_some_and(|it| it.is_ascii_digit()) => CharRole::Space,
        '/' if !is_space(before) => CharRole::Space,
        '[' | '【' => CharRole::Open,
        ':' | '：' | '-' | '–' | '—' | '.' | '。' | '|' | ';' | '；' | '!' | '！' | '?' | '？'
        | '(' | ')' | '（' | '）' | ']' | '】' | '{' | '}' | '<' | '>' | '/' | '•' | '·' | '→' => {
            CharRole::Break
        }
        _ if character.is_alphanumeric() || character == 'ー' => CharRole::Letter,
        _ => CharRole::Space,
    }
}

/// Length in characters of the quoted name that begins here, with its quotes; `None` if none begins.
fn quoted(chars: &[char], at: usize, before: Option<char>) -> Option<usize> {
    let closing: &[char] = match chars.get(at)? {
        '"' => &['"'],
        '“' => &['”', '"'],
        '„' | '‚' => &['“', '”', '"', '‘', '’'],
        '«' => &['»'],
        '»' => &['«'],
        '‘' => &['’'],
        '`' => &['`', '\''],
        '\'' if starts_chunk(before) => &['\''],
        '「' => &['」'],
        '『' => &['』'],
        '《' => &['》'],
        '<' => &['>'],
        _ => return None,
    };
    let rest = chars.get(at + 1..)?.iter().take(QUOTED_CHARS_MAX);
    let length = rest.clone().enumerate().position(|(index, it)| {
        let after = chars.get(at + index + 2);
        // An apostrophe inside of a word closes no quote.
        closing.contains(it) && (*it != '\'' || after.is_none_or(|it| !it.is_alphanumeric()))
    })?;
    Some(length + 2)
}

/// Whether a quote or an address may begin behind this character.
fn starts_chunk(before: Option<char>) -> bool {
    before.is_none_or(|it| it.is_whitespace() || "([{<:".contains(it))
}

/// The characters up to the next space or closing bracket.
fn chunk(chars: &[char]) -> impl Iterator<Item = char> + '_ {
    chars.iter().copied().take_while(|it| !it.is_whitespace() && !")]>}".contains(*it))
}

/// Whether an e-mail address or URL begins here.
fn is_address(chars: &[char]) -> bool {
    let text: String = chunk(chars).take(QUOTED_CHARS_MAX).collect();
    let is_mail = text.split_once('@').is_some_and(|(user, host)| {
        let is_host = host.starts_with(|it: char| it.is_ascii_alphanumeric());
        !user.is_empty() && is_host
    });
    is_mail || text.contains("://")
}

/// Chinese and Japanese do without spaces; Korean has them.
pub(crate) fn is_ideographic(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Appends a character in lower case and without its accent, as the vocabulary is written.
fn fold(character: char, into: &mut String) {
    let narrow = match character {
        // Full-width letters of Japanese and Chinese devices.
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        _ => character,
    };
    for lower in narrow.to_lowercase() {
        match lower {
            'à' if into.is_empty() => into.push('à'),
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' => into.push('a'),
            'ç' | 'ć' | 'č' => into.push('c'),
            'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => into.push('e'),
            'í' | 'ì' | 'î' | 'ï' => into.push('i'),
            'ł' => into.push('l'),
            'ñ' | 'ń' => into.push('n'),
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ő' => into.push('o'),
            'ś' | 'š' | 'ş' => into.push('s'),
            'ú' | 'ù' | 'û' | 'ü' | 'ű' => into.push('u'),
            'ź' | 'ż' | 'ž' => into.push('z'),
            'ß' => into.push_str("ss"),
            'æ' => into.push_str("ae"),
            'ё' => into.push('е'),
            '\u{300}'..='\u{36f}' => {}
            other => into.push(other),
        }
    }
    // Only a word of one letter keeps its accent.
    if into.starts_with('à') && into.chars().count() > 1 {
        *into = into.replacen('à', "a", 1);
    }
}
