//! `cargo run -p suyuan-samples -- data-samples`

use std::path::PathBuf;
use std::process::ExitCode;

use suyuan_samples::sample_city;

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("data-samples"), PathBuf::from);
    match sample_city().write(&folder.join("binjiang")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(4)
        }
    }
}
