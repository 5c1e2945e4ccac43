//! Running a plugin's command: bytes in, bytes out, and an end in bounded time and memory whatever the command does.
//!
//! Contract: the command runs in a process group of its own, which ends when the command does, when time is up, when it
//! writes too much, or at an interrupt. Only the end of standard error is kept. A process that has left the group cannot
//! hold the run up: its pipes are abandoned.

use process_wrap::std::CommandWrap;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Most bytes of an answer.
pub const LONGEST_ANSWER: usize = 64 << 20;
/// Bytes kept of standard error.
const STDERR_TAIL: usize = 4096;
/// Lines shown of standard error.
const STDERR_LINES: usize = 20;
/// How long the output of a command that has ended may stay open in other processes' hands.
const GRACE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(5);

/// What bounds a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// Time from start to end.
    pub timeout: Duration,
    /// Set by an interrupt.
    pub stop: &'a AtomicBool,
}

/// A command that ran to its end.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// A command that did not: why, and the end of its standard error.
#[derive(Debug)]
pub struct Trouble {
    pub what: String,
    pub stderr: String,
}

enum Event {
    Answer(Vec<u8>),
    TooLong,
    Errors(Vec<u8>),
}

/// Runs `program` with `input` on its standard input.
pub fn run(
    program: &Path,
    arguments: &[String],
    folder: Option<&Path>,
    input: Vec<u8>,
    limits: Limits,
) -> Result<Finished, Trouble> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = folder {
        command.env("POLYAUDIT_PLUGIN_FOLDER", folder);
    }
    let mut wrapped = CommandWrap::from(command);
    #[cfg(unix)]
    wrapped.wrap(process_wrap::std::ProcessGroup::leader());
    #[cfg(windows)]
    wrapped.wrap(process_wrap::std::JobObject);
    let cannot = |e: std::io::Error| Trouble { what: format!("it cannot be run: {e}"), stderr: String::new() };
    let mut child = wrapped.spawn().map_err(cannot)?;

    let (sender, events) = channel();
    if let Some(mut stdin) = child.stdin().take() {
        // A command may answer without reading all of its input; that is no failure of its own.
        thread::spawn(move || drop(stdin.write_all(&input)));
    }
    if let Some(stdout) = child.stdout().take() {
        let sender = sender.clone();
        thread::spawn(move || read_answer(stdout, &sender));
    }
    if let Some(stderr) = child.stderr().take() {
        thread::spawn(move || read_errors(stderr, &sender));
    }

    let deadline = Instant::now() + limits.timeout;
    let (mut answer, mut errors, mut ended) = (None, vec![], None);
    let what = loop {
        match events.recv_timeout(POLL) {
            Ok(Event::Answer(bytes)) => answer = Some(bytes),
            Ok(Event::TooLong) => break format!("it wrote more than {} MiB", LONGEST_ANSWER >> 20),
            Ok(Event::Errors(tail)) => errors = tail,
            // Both streams are closed: nothing is left to do but to wait for the end.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(POLL),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if ended.is_none() {
            match child.try_wait() {
                Ok(Some(status)) => {
                    // What it started and left behind ends with it. Best effort: mostly there is nothing left.
                    let _ = child.start_kill();
                    ended = Some((status, Instant::now()));
                }
                Ok(None) => {}
                Err(e) => break format!("it cannot be waited for: {e}"),
            }
        }
        if let Some((status, at)) = ended {
            if answer.is_some() {
                let stderr = tail(collect(&events, errors));
                return Ok(Finished { status, stdout: answer.unwrap_or_default(), stderr });
            }
            if at.elapsed() > GRACE {
                break "it ended, but left a process behind that holds its output open".into();
            }
        }
        if limits.stop.load(Ordering::Relaxed) {
            break "interrupted".into();
        }
        if Instant::now() >= deadline {
            let seconds = limits.timeout.as_secs_f64();
            break format!("no answer within {seconds} s; it was ended (--plugin-timeout gives it more time)");
        }
    };
    let _ = child.start_kill();
    let _ = child.try_wait();
    Err(Trouble { what, stderr: tail(collect(&events, errors)) })
}

/// The end of standard error, where it closes soon.
fn collect(events: &Receiver<Event>, mut errors: Vec<u8>) -> Vec<u8> {
    let until = Instant::now() + Duration::from_millis(200);
    while errors.is_empty()
        && let Some(left) = until.checked_duration_since(Instant::now())
    {
        match events.recv_timeout(left) {
            Ok(Event::Errors(tail)) => {
                errors = tail;
                break;
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    errors
}

fn read_answer(stdout: impl Read, sender: &Sender<Event>) {
    let mut bytes = vec![];
    // An output that breaks off is judged by what came, and by the exit status.
    let _ = stdout.take(LONGEST_ANSWER as u64 + 1).read_to_end(&mut bytes);
    let event = if bytes.len() > LONGEST_ANSWER { Event::TooLong } else { Event::Answer(bytes) };
    let _ = sender.send(event);
}

fn read_errors(mut stderr: impl Read, sender: &Sender<Event>) {
    let (mut kept, mut buffer) = (vec![], [0; 8192]);
    loop {
        match stderr.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                kept.extend_from_slice(&buffer[..n]);
                kept.drain(..kept.len().saturating_sub(STDERR_TAIL));
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let _ = sender.send(Event::Errors(kept));
}

/// The last lines, with what could steer a terminal made visible.
fn tail(bytes: Vec<u8>) -> String {
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines[lines.len().saturating_sub(STDERR_LINES)..].iter().map(|line| {
        let visible =
            |c: char| if c.is_control() && c != '\t' { c.escape_default().to_string() } else { c.to_string() };
        line.chars().map(visible).collect::<String>()
    });
    shown.collect::<Vec<_>>().join("\n")
}
