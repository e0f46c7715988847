//! A phrase as words, with what is a name in it marked.
//!
//! Names are not read: what stands in quotes, in `[…]` and `<…>`, addresses, and what stands behind a
//! preposition of place ("on Channel A1", "from Doorbell", "auf der Terrasse") up to the next
//! punctuation mark. A phrase is cut into segments at colons, dashes between spaces and the like:
//! `West end: Motion detected` has two.

/// A phrase is read up to here, in characters.
pub(crate) const CHARS_MAX: usize = 400;
/// A quoted name is at most this long, in characters; else the mark is no quote.
const QUOTED_CHARS_MAX: usize = 80;
/// The word that stands for a quoted name, an address or a comma.
pub(crate) const GAP: &str = "\u{1}";
/// The comma: ends a name, but not a segment.
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
    /// Whether it stood in `[…]`: a tag or a name.
    pub(crate) tag: bool,
}

/// Prepositions of place, origin and author, behind which names stand. Left out is what is another
/// word in one of the other languages: `an`, `door`, `van`, `de`, `di`, `para`, `по`.
pub(crate) const PREPOSITIONS: &[&str] = &[
    "@",
    "am",
    "at",
    "au",
    "auf",
    "aus",
    "aux",
    "bei",
    "beim",
    "bij",
    "by",
    "chez",
    "da",
    "dal",
    "dalla",
    "dans",
    "depuis",
    "desde",
    "devant",
    "durch",
    "em",
    "en",
    "from",
    "im",
    "in",
    "na",
    "nas",
    "near",
    "nel",
    "nella",
    "od",
    "on",
    "op",
    "par",
    "pela",
    "pelo",
    "por",
    "presso",
    "przez",
    "przy",
    "su",
    "sul",
    "sulla",
    "sur",
    "um",
    "vanaf",
    "vom",
    "von",
    "vor",
    "w",
    "we",
    "z",
    "à",
    "в",
    "во",
    "из",
    "на",
    "от",
    "с",
    "со",
    "у",
    "через",
];

/// Words behind a preposition that begin no name.
const NO_NAMES: &[&str] = &["all", "first", "last", "least", "once"];

/// The segments of a phrase. `names`: whether prepositions begin names.
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

#[derive(Default)]
struct Reader {
    segments: Vec<Segment>,
    segment: Segment,
    word: String,
    /// Whether the word is of a script without spaces.
    ideographic: bool,
    in_name: bool,
    names: bool,
}

impl Reader {
    /// Reads at a place; how many characters were used.
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

    fn push(&mut self, word: &str) {
        // "at least one" begins no name.
        if self.in_name && NO_NAMES.contains(&word) && self.is_behind_preposition() {
            self.in_name = false;
        }
        // "à" is a preposition, "a" an article.
        self.segment.words.push(Word { text: word.to_owned(), named: self.in_name });
        self.in_name |= self.names && PREPOSITIONS.contains(&word);
    }

    fn is_behind_preposition(&self) -> bool {
        self.segment.words.last().is_some_and(|word| !word.named)
    }

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

/// Whether nothing but a zero follows up to the next mark.
fn is_zero(rest: Option<&[char]>) -> bool {
    let mut rest = rest.unwrap_or_default().iter().skip_while(|it| it.is_whitespace());
    rest.next() == Some(&'0') && rest.next().is_none_or(|it| !it.is_alphanumeric() && *it != '.')
}

enum CharRole {
    Letter,
    Nothing,
    Space,
    At,
    Comma,
    Break,
    Open,
}

fn mark(character: char, before: Option<char>, after: Option<char>) -> CharRole {
    let is_space = |it: Option<char>| it.is_none_or(char::is_whitespace);
    let is_digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    match character {
        // Accents that stand alone.
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

/// How many characters a quoted name has that begins here, with its quotes.
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
        // An apostrophe within a word closes nothing.
        closing.contains(it) && (*it != '\'' || after.is_none_or(|it| !it.is_alphanumeric()))
    })?;
    Some(length + 2)
}

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

/// In lower case and without accents, as the vocabulary is written.
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
