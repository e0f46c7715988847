//! `tipoff schema` against a validator that editors and programs use (check-jsonschema).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::command_line::{ROOT, blocks, pages};
use crate::harness::{Home, succeeded};

/// The validator with the schema of the program.
struct Validator {
    program: PathBuf,
    schema: PathBuf,
}

impl Validator {
    fn new(home: &Home) -> Self {
        let program = Path::new(ROOT).join(".venv/workflows/bin/check-jsonschema");
        assert!(program.exists(), "check-jsonschema is not installed: ./test.sh installs it");
        let schema = home.put("schema.json", home.run(&["schema"]).as_bytes());
        Self { program, schema }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--color", "never", "--output-format", "json"]);
        command
    }

    fn check(&self, files: &[PathBuf]) -> Output {
        self.command().arg("--schemafile").arg(&self.schema).args(files).output().unwrap()
    }
}

#[test]
fn the_schema_is_one_and_takes_every_configuration_of_the_documentation() {
    let home = Home::new("");
    let validator = Validator::new(&home);
    succeeded(
        &validator.command().arg("--check-metaschema").arg(&validator.schema).output().unwrap(),
    );
    let mut files = vec![home.file("tipoff.toml")];
    files.push(home.put("example.toml", home.run(&["check", "--example"]).as_bytes()));
    for page in pages() {
        let text = std::fs::read_to_string(format!("{ROOT}/{page}")).unwrap();
        for block in blocks(&text, "toml") {
            files.push(home.put(&format!("{}.toml", files.len()), block.as_bytes()));
        }
    }
    assert!(files.len() > 30, "only {}", files.len());
    succeeded(&validator.check(&files));
}

/// Each has one fault that the schema knows.
const WRONG: &[&str] = &[
    "data_dri = \"/x\"",
    "[stmp]\nidle = \"5 s\"",
    "[smtp]\nidel = \"5 s\"",
    "[smtp]\nidle = 5",
    "[smtp]\nidle = \"soon\"",
    "[smtp]\nlisten = [{ address = \"0.0.0.0:1\", ehol = false }]",
    "[smtp]\nlisten = [{ ehlo = false }]",
    "[smtp]\ncertificate = { chain = \"a.pem\" }",
    "[spool.s3]\nregoin = \"x\"",
    "[device]\nname = \"x\"",
    "[[device]]\nuser = \"x\"",
    "[[device]]\nname = \"x\"\nmatch = { form = \"x\" }",
    "[[channel]]\ntoken = \"x\"",
    "[[channel]]\ntype = \"telegam\"\ntoken = \"x\"\nchat = 1",
    "[[channel]]\ntype = \"telegram\"\ntoken = \"x\"",
    "[[channel]]\ntype = \"telegram\"\ntoken = { evn = \"x\" }\nchat = 1",
    "[[channel]]\ntype = \"telegram\"\ntoken = \"x\"\nchat = 1\ntopics = 5",
    "[access]\nrequire_login = \"yes\"",
];

#[test]
fn the_schema_refuses_unknown_keys_and_wrong_values() {
    let home = Home::new("");
    let validator = Validator::new(&home);
    let put = |(number, text): (usize, &&str)| home.put(&format!("{number}.toml"), text.as_bytes());
    let files: Vec<PathBuf> = WRONG.iter().enumerate().map(put).collect();
    let said = validator.check(&files).stdout;
    let said: serde_json::Value = serde_json::from_slice(&said).unwrap();
    let faults = said["errors"].as_array().unwrap();
    for (file, text) in files.iter().zip(WRONG) {
        let is_named = |fault: &serde_json::Value| fault["filename"] == file.to_str().unwrap();
        assert!(faults.iter().any(is_named), "not refused:\n{text}");
    }
}
