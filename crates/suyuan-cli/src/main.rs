//! The `suyuan` command: pollution shows at a river outfall; which door did it come from?
//!
//! Answers go to standard output; messages, progress and hints to standard error. Exit codes: 0 done, 1 done but empty or
//! with findings under `--strict`, 2 wrong usage, 3 input that cannot be used, 4 output that cannot be written, 130
//! interrupted.

mod args;
mod batch;
mod check;
mod demo;
mod lists;
mod network;
mod question_args;
mod questions;
mod say;
mod trace;
mod venues;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use say::Say;

fn main() -> ExitCode {
    keep_quiet_about_damaged_pages();
    let cli = Cli::parse();
    let say = Say::new(cli.progress, cli.command.output().is_some());
    say::clean_up_when_interrupted(cli.command.output());
    let result = match &cli.command {
        Command::Demo(args) => demo::run(args, &say),
        Command::Check(args) => check::run(args, &say),
        Command::Build(args) => network::build(args, &say),
        Command::Trace(args) => trace::run(args, &say),
        Command::Venues(args) => venues::run(args, &say),
        Command::Travel(args) => questions::travel::run(args, &say),
        Command::Path(args) => questions::path::run(args, &say),
        Command::Profile(args) => questions::profile::run(args, &say),
        Command::Common(args) => questions::common::run(args, &say),
        Command::Between(args) => questions::between::run(args, &say),
        Command::Locate(args) => questions::locate::run(args, &say),
        Command::Isolate(args) => questions::isolate::run(args, &say),
        Command::Accumulate(args) => questions::accumulate::run(args, &say),
        Command::Partition(args) => questions::partition::run(args, &say),
        Command::Formats => lists::formats(&say),
        Command::Dialects(args) => lists::dialects(args, &say),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// A page that no decoder expects is refused in a sentence like any other damage.
fn keep_quiet_about_damaged_pages() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(suyuan::read::DECODER) {
            told(panic);
        }
    }));
}
