//! Messages, hints and progress on standard error; the language of the user.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use suyuan::Language;

use crate::args::Progress;

/// How the program speaks.
pub struct Say {
    /// The user's language.
    pub language: Language,
    progress: Progress,
    bar: Option<ProgressBar>,
    /// Whether there is a file to be written besides.
    writes_file: bool,
    /// Whether nobody reads standard output any more.
    is_closed: AtomicBool,
}

/// What goes wrong on the command line.
#[derive(Debug)]
pub enum Fault {
    /// From the library.
    Suyuan(suyuan::Error),
    /// Wrong usage: the sentence in both languages.
    Usage(String, String),
    /// Input that cannot be used: the sentence in both languages.
    Input(String, String),
}

impl From<suyuan::Error> for Fault {
    fn from(error: suyuan::Error) -> Self {
        Self::Suyuan(error)
    }
}

impl From<suyuan::export::ExportError> for Fault {
    fn from(error: suyuan::export::ExportError) -> Self {
        Self::Suyuan(error.into())
    }
}

impl From<suyuan::read::ReadError> for Fault {
    fn from(error: suyuan::read::ReadError) -> Self {
        Self::Suyuan(error.into())
    }
}

impl Fault {
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Suyuan(error) => error.exit_code(),
            Self::Usage(..) => 2,
            Self::Input(..) => 3,
        }
    }
}

/// A number with the word for one or for many.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

impl Say {
    /// Finds the language: `SUYUAN_LANG`, then `LC_ALL`, then `LANG`.
    pub fn new(progress: Progress, writes_file: bool) -> Self {
        let locale = ["SUYUAN_LANG", "LC_ALL", "LANG"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty())
            .unwrap_or_default();
        let bar = (progress == Progress::Auto && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let language = Language::from_locale(&locale);
        Self { language, progress, bar, writes_file, is_closed: AtomicBool::new(false) }
    }

    /// The English or the Chinese text.
    pub fn pick<'a>(&self, english: &'a str, chinese: &'a str) -> &'a str {
        self.language.pick(english, chinese)
    }

    /// Tells that a step begins, or how far it is.
    pub fn step(&self, name: &str, done: Option<(usize, usize)>) {
        let text = match name {
            "read" => self.pick("reading", "读取数据"),
            "build" => self.pick("building the network", "构建管网"),
            "join" => self.pick("joining drainers", "关联排水户"),
            "trace" => self.pick("tracing", "溯源"),
            "write" => self.pick("writing", "写出结果"),
            "venues" => self.pick("checking venues", "场馆排查"),
            other => other,
        };
        if self.progress == Progress::Json {
            let line = match done {
                Some((done, all)) => {
                    serde_json::json!({"type": "progress", "step": name, "done": done, "of": all, "msg": text})
                }
                None => serde_json::json!({"type": "progress", "step": name, "msg": text}),
            };
            eprintln!("{line}");
        } else if let Some(bar) = &self.bar {
            bar.set_message(match done {
                Some((done, all)) => format!("{text} {done}/{all}"),
                None => text.to_owned(),
            });
        }
    }

    /// Takes the spinner away.
    pub fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// A line on standard error.
    pub fn note(&self, text: &str) {
        self.done();
        if self.progress == Progress::Json {
            eprintln!("{}", serde_json::json!({"type": "message", "msg": text}));
        } else {
            eprintln!("{text}");
        }
    }

    /// A warning on standard error.
    pub fn warning(&self, text: &str) {
        self.done();
        if self.progress == Progress::Json {
            eprintln!("{}", serde_json::json!({"type": "warning", "msg": text}));
        } else {
            eprintln!("{}{text}", self.pick("warning: ", "警告："));
        }
    }

    /// The sentence of what went wrong, and what to do about it.
    pub fn error(&self, fault: &Fault) {
        self.done();
        let (text, hint) = match fault {
            Fault::Suyuan(error) => (error.message(self.language), error.hint(self.language)),
            Fault::Usage(en, zh) | Fault::Input(en, zh) => (self.pick(en, zh).to_owned(), None),
        };
        if self.progress == Progress::Json {
            eprintln!("{}", serde_json::json!({"type": "error", "msg": text, "hint": hint}));
            return;
        }
        eprintln!("{}{text}", self.pick("error: ", "错误："));
        if let Some(hint) = hint {
            eprintln!("{}{hint}", self.pick("hint: ", "提示："));
        }
    }

    /// Warns of barriers that lie on the inside of a pipe: what was asked for, and the pipe.
    pub fn barriers_on_pipes(&self, barriers: &[(String, String)]) {
        for (barrier, pipe) in barriers {
            self.warning(&match self.language {
                Language::English => {
                    format!("barrier {barrier} lies on pipe {pipe}, which is shut as a whole")
                }
                Language::Chinese => {
                    format!("阻断位置 {barrier} 位于管段 {pipe} 上，整条管段按阻断处理")
                }
            });
        }
    }

    /// Tells that no pipe meets the condition that was given, if so.
    pub fn unmet(&self, condition: Option<&str>, unmet: bool) {
        let Some(condition) = condition.filter(|_| unmet) else { return };
        self.warning(&match self.language {
            Language::English => format!("no pipe meets --where {condition}: nothing is passed"),
            Language::Chinese => format!("没有管段符合 --where {condition}，无管段可通过"),
        });
    }

    /// A line of the answer on standard output. A closed pipe ends the program quietly, unless it has a file to write.
    pub fn answer(&self, text: &str) {
        self.done();
        if self.is_closed.load(Ordering::Relaxed) || writeln!(std::io::stdout(), "{text}").is_ok() {
            return;
        }
        if !self.writes_file {
            std::process::exit(0);
        }
        self.is_closed.store(true, Ordering::Relaxed);
    }
}

/// On an interrupt, removes what is half written beside the output and leaves with 130.
pub fn clean_up_when_interrupted(output: Option<&Path>) {
    let folder: Option<PathBuf> = output
        .map(|path| path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned());
    let suffix = format!(".{}.part", std::process::id());
    // Without a handler the default one ends the program just as surely.
    let _ = ctrlc::set_handler(move || {
        for entry in folder.iter().filter_map(|f| std::fs::read_dir(f).ok()).flatten().flatten() {
            if entry.file_name().to_string_lossy().ends_with(&suffix) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        std::process::exit(130);
    });
}
