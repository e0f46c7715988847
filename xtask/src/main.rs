//! Checks of the tree that the compiler does not make: sizes, the star, words, links, decisions.
//!
//! `cargo run -p xtask` prints what is wrong; `./test.sh` runs it. It changes nothing.

mod adr;
mod sizes;
mod star;
mod text;
mod tree;

use std::process::ExitCode;

use anyhow::Context as _;

fn main() -> anyhow::Result<ExitCode> {
    let root = tree::root().context("not in the project's folder")?;
    let files = tree::files(&root)?;
    let mut faults = sizes::check(&files);
    faults.extend(star::check(&root)?);
    faults.extend(text::check(&root, &files));
    faults.extend(adr::check(&files));
    for fault in &faults {
        println!("{fault}");
    }
    println!("tidy: {} files, {} faults", files.len(), faults.len());
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
