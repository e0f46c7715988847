//! Which modules of a crate know which, read from its paths: `crate::…`, `super::…` and `self::…`.
//!
//! The rule: inside a folder, arrows between its children form no cycle. A parent may use its children, and a
//! child what its parent defines or re-exports: both are one room. An arrow from deep inside one child to deep
//! inside another counts between the two children. Tests are left out: `#[cfg(test)]`, and files of tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::File;

/// Names of files and folders that hold tests only.
const TESTS: &[&str] = &["tests", "testing", "contract"];

/// Arrows of one folder: from a child to a child, with the files that hold it.
pub(crate) type Arrows = BTreeMap<(String, String), BTreeSet<String>>;
/// A module's path from the root of its crate.
pub(crate) type Path = Vec<String>;

/// The arrows of each folder of the crate whose sources are below `source`, as `crates/smtp/src/`.
pub(crate) fn graph(files: &[File], source: &str) -> BTreeMap<Path, Arrows> {
    let modules: Vec<(Path, &File)> = files
        .iter()
        .filter_map(|file| Some((module(file.path.strip_prefix(source)?)?, file)))
        .collect();
    let known: BTreeSet<&[String]> = modules
        .iter()
        .flat_map(|(path, _)| (0..=path.len()).filter_map(|end| path.get(..end)))
        .collect();
    let mut graph: BTreeMap<Path, Arrows> = BTreeMap::new();
    for (from, file) in &modules {
        for used in uses(from, &file.text) {
            let end = (0..=used.len())
                .rev()
                .find(|end| used.get(..*end).is_some_and(|it| known.contains(it)));
            let to = used.get(..end.unwrap_or(0)).unwrap_or_default();
            let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
            if let (Some(a), Some(b)) = (from.get(shared), to.get(shared)) {
                let folder = from.get(..shared).unwrap_or_default().to_vec();
                let files =
                    graph.entry(folder).or_default().entry((a.clone(), b.clone())).or_default();
                files.insert(file.path.clone());
            }
        }
    }
    graph
}

/// The sets of children that know each other in a circle.
pub(crate) fn cycles(arrows: &Arrows) -> BTreeSet<BTreeSet<String>> {
    let reached = |start: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![start.to_owned()]);
        while let Some(at) = next.pop() {
            for ((_, to), _) in arrows.iter().filter(|((from, _), _)| *from == at) {
                if seen.insert(to.clone()) {
                    next.push(to.clone());
                }
            }
        }
        seen
    };
    let names: BTreeSet<&String> = arrows.keys().map(|(from, _)| from).collect();
    let all: BTreeMap<&String, _> = names.into_iter().map(|name| (name, reached(name))).collect();
    let circle = |name: &String| {
        let back = |it: &&String| all.get(it).is_some_and(|reached| reached.contains(name));
        all.get(name).into_iter().flatten().filter(back).cloned().collect::<BTreeSet<_>>()
    };
    all.keys().map(|name| circle(name)).filter(|circle| circle.len() > 1).collect()
}

/// The module that a file holds; none for tests and for other programs of the crate.
fn module(file: &str) -> Option<Path> {
    let mut path: Path = file.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if path.first().is_some_and(|it| it == "bin")
        || path.iter().any(|it| TESTS.contains(&it.as_str()))
    {
        return None;
    }
    if path.last().is_some_and(|it| ["mod", "lib", "main"].contains(&it.as_str())) {
        path.pop();
    }
    Some(path)
}

/// Every path that the module `at` uses, from the crate's root.
fn uses(at: &[String], text: &str) -> Vec<Path> {
    let tokens = without_tests(&tokens(text));
    let mut used = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let mut base = match *first {
            "crate" => Path::new(),
            "self" => at.to_vec(),
            "super" => parent(at),
            _ => continue,
        };
        while let ["::", "super", tail @ ..] = rest {
            base = parent(&base);
            rest = tail;
        }
        if let ["::", tail @ ..] = rest {
            rest = branch(tail, base, &mut used);
        }
    }
    used
}

fn parent(path: &[String]) -> Path {
    path.split_last().map(|(_, above)| above.to_vec()).unwrap_or_default()
}

/// Reads a path, or a tree of them in braces, behind `base`; what follows it is given back.
fn branch<'a, 'b>(tokens: &'b [&'a str], mut base: Path, used: &mut Vec<Path>) -> &'b [&'a str] {
    match tokens {
        ["{", inner @ ..] => {
            let mut rest = inner;
            loop {
                rest = match rest {
                    [] => return rest,
                    ["}", tail @ ..] => return tail,
                    [word, ..] if is_word(word) || *word == "{" => branch(rest, base.clone(), used),
                    [_, tail @ ..] => tail,
                };
            }
        }
        [word, tail @ ..] if is_word(word) => {
            base.push((*word).to_owned());
            match tail {
                ["::", tail @ ..] => branch(tail, base, used),
                ["as", _, tail @ ..] | tail => {
                    used.push(base);
                    tail
                }
            }
        }
        rest => {
            used.push(base);
            rest
        }
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphanumeric() || first == '_')
}

/// The tokens without the items behind `#[cfg(test)]`.
fn without_tests<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    let (mut kept, mut rest) = (Vec::new(), tokens);
    while let Some((first, after)) = rest.split_first() {
        if let ["#", "[", "cfg", "(", "test", ")", "]", item @ ..] = rest {
            rest = behind_item(item);
        } else {
            kept.push(*first);
            rest = after;
        }
    }
    kept
}

/// What follows the item that `tokens` begin with: it ends with `;` or with its last brace.
fn behind_item<'a, 'b>(tokens: &'b [&'a str]) -> &'b [&'a str] {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate() {
        match *token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" if depth == 0 => return tokens.get(place..).unwrap_or_default(),
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 && ["}", ";"].contains(token) {
            return tokens.get(place + 1..).unwrap_or_default();
        }
    }
    &[]
}

/// Words, `::` and single signs, without comments and literals.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(length) = literal(rest) {
            length
        } else {
            let length = match rest.find(|it: char| !(it.is_alphanumeric() || it == '_')) {
                Some(0) if rest.starts_with("::") => 2,
                Some(0) => first.len_utf8(),
                Some(end) => end,
                None => rest.len(),
            };
            if !first.is_whitespace() {
                tokens.push(rest.get(..length).unwrap_or_default());
            }
            length
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

/// The length of the literal that `text` begins with, in bytes.
fn literal(text: &str) -> Option<usize> {
    if let Some(inner) = text.strip_prefix("r#\"") {
        return Some(inner.find("\"#").map_or(text.len(), |end| end + 5));
    }
    if let Some(inner) = text.strip_prefix("r\"") {
        return Some(inner.find('"').map_or(text.len(), |end| end + 3));
    }
    let quote = text.chars().next().filter(|first| ['"', '\''].contains(first))?;
    let inner = text.get(1..)?;
    // A lifetime has no second quote.
    let second = inner.chars().nth(1);
    if quote == '\'' && !inner.starts_with('\\') && second != Some('\'') {
        return None;
    }
    let mut is_escaped = false;
    for (place, sign) in inner.char_indices() {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if sign == quote => return Some(place + 2),
            _ => {}
        }
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    fn arrows(files: &[File], folder: &[&str]) -> Vec<String> {
        let folder: Path = folder.iter().map(|&it| it.to_owned()).collect();
        let graph = graph(files, "src/");
        let arrows = graph.get(&folder).into_iter().flat_map(BTreeMap::keys);
        arrows.map(|(from, to)| format!("{from} {to}")).collect()
    }

    #[test]
    fn arrows_are_read_from_every_kind_of_path() {
        let files = [
            file("src/main.rs", "mod a; mod b; mod c; use crate::a::X;"),
            file("src/a.rs", "use crate::{b::{self, Y}, c};\nuse super::d::Z as Q;"),
            file("src/a/deep.rs", "fn f() -> super::super::e::E { crate::Top }"),
            file("src/b/mod.rs", "use self::one::One; use super::Top;"),
            file("src/b/one.rs", "use super::two::Two;"),
            file("src/b/two.rs", "use super::Shared;"),
            file("src/c.rs", ""),
            file("src/d.rs", ""),
            file("src/e.rs", ""),
        ];
        assert_eq!(arrows(&files, &[]), ["a b", "a c", "a d", "a e"]);
        assert_eq!(arrows(&files, &["b"]), ["one two"]);
    }

    #[test]
    fn tests_comments_and_literals_are_no_arrows() {
        let text = "// crate::b::X\nconst A: &str = \"crate::b\"; const Q: char = '\"';\n\
            #[cfg(test)]\nuse crate::b::Y;\nfn f<'a>(it: &'a str) {}\n\
            #[cfg(test)]\nmod tests { use crate::b::{Z}; fn g() { crate::b::h() } }\n\
            const R: &str = r#\"\"crate::b\"#; use crate::c::C;";
        let files = [
            file("src/a.rs", text),
            file("src/a/tests.rs", "use crate::b::Y;"),
            file("src/testing.rs", "use crate::b::Y;"),
            file("src/b.rs", ""),
            file("src/c.rs", ""),
        ];
        assert_eq!(arrows(&files, &[]), ["a c"]);
    }

    #[test]
    fn a_circle_is_found_however_long_and_a_diamond_is_none() {
        let circles = |files: &[File]| {
            graph(files, "src/")
                .get(&Path::new())
                .map(cycles)
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
        };
        let mut files = vec![
            file("src/a.rs", "use crate::{b, c};"),
            file("src/b.rs", "use crate::d;"),
            file("src/c.rs", "use crate::d;"),
            file("src/d.rs", ""),
        ];
        assert!(circles(&files).is_empty());
        files.push(file("src/d/deep.rs", "use crate::a::A;"));
        let names = ["a", "b", "c", "d"].map(str::to_owned);
        assert_eq!(circles(&files), [BTreeSet::from(names)]);
    }
}
