//! Small by rule: a file of code has up to 400 lines besides its tests, a function up to 70.

use crate::tree::File;

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// What is too long.
pub(crate) fn check(files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        if !is_test(&file.path) {
            let lines = code(&file.text).lines().count();
            if lines > FILE_LINES_MAX {
                faults.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", file.path));
            }
        }
        for (name, line, length) in functions(&file.text) {
            if length > FUNCTION_LINES_MAX {
                faults.push(format!(
                    "{}:{line}: {name} has {length} lines, at most {FUNCTION_LINES_MAX}",
                    file.path,
                ));
            }
        }
    }
    faults
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.ends_with("/contract.rs")
        || path.starts_with("crates/testkit/")
}

/// The file up to its inline tests.
fn code(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests {").and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Each function's name, first line and length. Reads what rustfmt writes: a function ends with
/// the first closing brace at the indentation of its beginning.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines.iter().skip(index).position(|line| *line == end);
        if let Some(length) = length {
            found.push((name.to_owned(), index + 1, length + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let trimmed = line.trim_start();
    if trimmed.ends_with(';') || trimmed.ends_with('}') {
        return None;
    }
    let mut words = trimmed.split(' ');
    let before_fn = ["pub", "pub(crate)", "pub(super)", "async", "const", "extern"];
    words.by_ref().find(|word| !before_fn.contains(word)).filter(|word| *word == "fn")?;
    words.next()?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> File {
        File { path: path.to_owned(), text }
    }

    #[test]
    fn a_file_may_have_as_many_lines_as_the_limit_and_tests_besides() {
        let tests = "\n#[cfg(test)]\nmod tests {\n}\n";
        let at = file("crates/a/src/lib.rs", "//\n".repeat(FILE_LINES_MAX) + tests);
        let over = file("crates/a/src/lib.rs", "//\n".repeat(FILE_LINES_MAX + 1) + tests);
        let test = file("crates/a/tests/all.rs", "//\n".repeat(FILE_LINES_MAX + 1));
        assert!(check(&[at, test]).is_empty());
        assert_eq!(check(&[over]).len(), 1);
    }

    #[test]
    fn a_function_may_have_as_many_lines_as_the_limit() {
        let function = |lines| {
            let body = "        a();\n".repeat(lines - 2);
            file("a.rs", format!("impl A {{\n    pub(crate) async fn long<T>(\n{body}    }}\n}}\n"))
        };
        assert!(check(&[function(FUNCTION_LINES_MAX)]).is_empty());
        let faults = check(&[function(FUNCTION_LINES_MAX + 1)]);
        assert_eq!(faults, ["a.rs:2: long has 71 lines, at most 70"]);
    }
}
