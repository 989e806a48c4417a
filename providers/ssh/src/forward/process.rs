//! ssh processes of this user on this host: found by what they were started with, ended without ever hitting another.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_secs(3);

/// A living ssh client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pid: i32,
    /// When it began, in clock ticks after the boot of this host: with the pid, what no other process has.
    start: u64,
    /// What it was started with.
    pub(super) arguments: Vec<String>,
}

impl Process {
    /// All of this user.
    pub(super) fn all() -> Vec<Process> {
        let own = fs::metadata("/proc/self").map(|m| m.uid()).ok();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|e| e.file_name().to_str()?.parse().ok());
        pids.filter(|pid: &i32| fs::metadata(format!("/proc/{pid}")).map(|m| m.uid()).ok() == own)
            .filter_map(Process::read)
            .collect()
    }

    fn read(pid: i32) -> Option<Process> {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let arguments: Vec<String> =
            line.split(|b| *b == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let program = arguments.first()?;
        if program.rsplit('/').next() != Some("ssh") {
            return None;
        }
        let (state, start) = state(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        // One that has ended and was not waited for is dead.
        (!matches!(state, 'Z' | 'X')).then_some(Process { pid, start, arguments })
    }

    /// `PID START`, as [`Process::named`] takes it.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.pid, self.start)
    }

    /// The process that had this name, if it still lives.
    pub(super) fn named(name: &str) -> Option<Process> {
        let (pid, _) = name.split_once(' ')?;
        Process::read(pid.parse().ok()?).filter(|p| p.name() == name)
    }

    /// Ends it and waits for its end. A pid that another process has by now is left alone: the signal goes to a handle
    /// on the process, and what the handle is on is looked at after it was opened.
    pub(super) fn end(&self) -> io::Result<()> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(()) };
        let handle = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(rustix::io::Errno::SRCH) => return Ok(()),
            Err(e) => return Err(e.into()),
        };
        if Process::read(self.pid).as_ref() != Some(self) {
            return Ok(());
        }
        for signal in [Signal::TERM, Signal::KILL] {
            match pidfd_send_signal(&handle, signal) {
                Ok(()) => {}
                Err(rustix::io::Errno::SRCH) => return Ok(()),
                Err(e) => return Err(e.into()),
            }
            let limit = Timespec { tv_sec: GRACE.as_secs().cast_signed(), tv_nsec: 0 };
            if poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&limit))? > 0 {
                return Ok(());
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("process {} does not end", self.pid)))
    }
}

/// The state and the start time of proc_pid_stat(5); the name before them may hold anything.
fn state(stat: &str) -> Option<(char, u64)> {
    let rest = stat.rsplit_once(')')?.1;
    let mut words = rest.split_whitespace();
    Some((words.next()?.chars().next()?, words.nth(18)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(state(stat), Some(('S', 4711)));
    }

    /// A pid that was given to another process in between is not signalled.
    #[test]
    fn another_process_under_the_same_pid_is_left_alone() {
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let pid = child.id().cast_signed();
        let stale = Process { pid, start: 1, arguments: vec!["ssh".into()] };
        stale.end().unwrap();
        assert!(child.try_wait().unwrap().is_none(), "it lives");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
