//! Checks of the tree that the compiler does not make: sizes, the star, layers, words, links, decisions, changes.
//!
//! `cargo run -p xtask` prints what is wrong and changes nothing; `./test.sh` runs it.
//! `cargo run -p xtask -- changelog` shows the next section of the changelog, or writes it.

mod adr;
mod changelog;
mod layers;
mod modules;
mod msrv;
mod orphans;
mod sizes;
mod star;
mod text;
mod tree;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

fn main() -> anyhow::Result<ExitCode> {
    let root = tree::root().context("not in the project's folder")?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        None => tidy(&root),
        Some((task, rest)) if task == "changelog" => {
            changelog::run(&root, rest)?;
            Ok(ExitCode::SUCCESS)
        }
        Some((task, _)) => bail!("unknown task {task}: there is `changelog`, and no task is tidy"),
    }
}

/// Prints what is wrong with the tree.
fn tidy(root: &Path) -> anyhow::Result<ExitCode> {
    let files = tree::files(root)?;
    let mut faults = sizes::check(&files);
    faults.extend(star::check(root)?);
    faults.extend(layers::check(root, &files)?);
    faults.extend(text::check(root, &files));
    faults.extend(adr::check(&files));
    faults.extend(changelog::check(&files));
    faults.extend(msrv::check(&files));
    faults.extend(orphans::check(&files));
    for fault in &faults {
        println!("{fault}");
    }
    println!("tidy: {} files, {} faults", files.len(), faults.len());
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
