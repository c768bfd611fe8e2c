//! What the system knows of the server: CPU time and memory, read from /proc, of a process and its descendants.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A process by its number.
pub type Pid = u32;

/// CPU time of every thread so far, in nanoseconds.
#[derive(Debug, Default)]
pub struct CpuTimes(HashMap<(Pid, Pid), u64>);

impl CpuTimes {
    /// CPU seconds used since `earlier`. Threads that ended in between are not counted, new ones are.
    pub fn seconds_since(&self, earlier: &Self) -> f64 {
        let used = |(thread, &time): (&(Pid, Pid), &u64)| {
            time.saturating_sub(earlier.0.get(thread).copied().unwrap_or(0))
        };
        self.0.iter().map(used).sum::<u64>() as f64 / 1e9
    }
}

/// A process under observation. Everything is `None` where nothing can be known.
#[derive(Debug)]
pub struct Observed {
    proc: PathBuf,
    pid: Option<Pid>,
}

impl Observed {
    /// Observes a process, if one is given and the system has /proc.
    ///
    /// # Errors
    /// There is no such process.
    pub fn new(pid: Option<Pid>) -> Result<Self, Failure> {
        Self::under(Path::new("/proc"), pid)
    }

    fn under(proc: &Path, pid: Option<Pid>) -> Result<Self, Failure> {
        let pid = pid.filter(|_| proc.join("self").exists());
        match pid {
            Some(pid) if !proc.join(pid.to_string()).exists() => Err(Failure::new(format!(
                "--server-pid: there is no process {pid}"
            ))),
            _ => Ok(Self {
                proc: proc.to_owned(),
                pid,
            }),
        }
    }

    /// CPU time used so far.
    pub fn cpu(&self) -> Option<CpuTimes> {
        self.pid?;
        let mut times = CpuTimes::default();
        for pid in self.tree() {
            for thread in self.threads(pid) {
                if let Some(time) = self.cpu_of(pid, thread) {
                    times.0.insert((pid, thread), time);
                }
            }
        }
        Some(times)
    }

    /// Bytes of memory that are resident now.
    pub fn resident_bytes(&self) -> Option<u64> {
        self.sum_of_status("VmRSS:")
    }

    /// The most that were resident since `reset_peak`, or, where that is not allowed, since the start.
    pub fn peak_bytes(&self) -> Option<u64> {
        self.sum_of_status("VmHWM:")
    }

    /// Lets the peak begin at what is resident now.
    pub fn reset_peak(&self) {
        for pid in self.tree() {
            // proc(5): 5 resets the peak resident set size. Without permission the peak is that since the start.
            let _ = fs::write(self.path(pid, "clear_refs"), "5");
        }
    }

    fn path(&self, pid: Pid, file: &str) -> PathBuf {
        self.proc.join(pid.to_string()).join(file)
    }

    /// The process and its descendants.
    fn tree(&self) -> Vec<Pid> {
        let mut tree: Vec<Pid> = self.pid.into_iter().collect();
        let mut next = 0;
        while let Some(&pid) = tree.get(next) {
            for thread in self.threads(pid) {
                let children = self.path(pid, &format!("task/{thread}/children"));
                tree.extend(numbers(&fs::read_to_string(children).unwrap_or_default()));
            }
            next += 1;
        }
        tree
    }

    fn threads(&self, pid: Pid) -> Vec<Pid> {
        let entries = fs::read_dir(self.path(pid, "task"))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect()
    }

    /// In nanoseconds: exactly where the kernel keeps scheduler statistics, else by clock ticks.
    fn cpu_of(&self, pid: Pid, thread: Pid) -> Option<u64> {
        let read = |file| fs::read_to_string(self.path(pid, &format!("task/{thread}/{file}"))).ok();
        let exact = read("schedstat").and_then(|text| text.split(' ').next()?.parse().ok());
        exact.or_else(|| {
            let nanos_per_tick = 1_000_000_000 / rustix::param::clock_ticks_per_second();
            Some(ticks(&read("stat")?)? * nanos_per_tick)
        })
    }

    fn sum_of_status(&self, field: &str) -> Option<u64> {
        self.pid?;
        let status = |pid| kibibytes(&fs::read_to_string(self.path(pid, "status")).ok()?, field);
        Some(self.tree().into_iter().filter_map(status).sum::<u64>() * 1024)
    }
}

fn numbers(text: &str) -> impl Iterator<Item = Pid> {
    text.split_whitespace().filter_map(|word| word.parse().ok())
}

/// `utime` and `stime` of proc(5)'s stat. The name of the program, in parentheses, may contain anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// A field of proc(5)'s status.
fn kibibytes(status: &str, field: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(field))?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 75 0 0 20 0 11 0 900 1 2";

    /// A /proc with process 42 of two threads, the second of which has a child, 43.
    fn proc(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("loadgen-{}-{name}", std::process::id()));
        let files = [
            ("self", ""),
            (
                "42/status",
                "Name:\tnode\nVmHWM:\t  3000 kB\nVmRSS:\t  2000 kB\n",
            ),
            ("42/task/42/schedstat", "1500000000 47080 1\n"),
            ("42/task/42/children", ""),
            ("42/task/44/stat", STAT),
            ("42/task/44/children", "43 "),
            (
                "43/status",
                "Name:\tnode\nVmHWM:\t  30 kB\nVmRSS:\t  20 kB\n",
            ),
            ("43/task/43/schedstat", "250000000 1 1\n"),
            ("43/task/43/children", ""),
        ];
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_name_of_a_program_does_not_disturb() {
        assert_eq!(ticks(STAT), Some(325));
        assert_eq!(ticks("42 (node"), None);
    }

    #[test]
    fn memory_is_that_of_all_processes() {
        let root = proc("memory");
        let observed = Observed::under(&root, Some(42)).unwrap();
        assert_eq!(observed.resident_bytes(), Some(2020 * 1024));
        assert_eq!(observed.peak_bytes(), Some(3030 * 1024));
        observed.reset_peak();
        assert_eq!(fs::read_to_string(root.join("43/clear_refs")).unwrap(), "5");
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn cpu_time_is_that_of_all_threads() {
        let root = proc("cpu");
        let observed = Observed::under(&root, Some(42)).unwrap();
        let nothing = CpuTimes::default();
        let before = observed.cpu().unwrap();
        // 325 ticks of a hundredth of a second, as on every Linux there is.
        let expected = 1.5 + 3.25 + 0.25;
        assert!((before.seconds_since(&nothing) - expected).abs() < 1e-9);

        fs::write(root.join("42/task/42/schedstat"), "1600000000 47080 1\n").unwrap();
        fs::remove_dir_all(root.join("43")).unwrap();
        fs::create_dir_all(root.join("42/task/45")).unwrap();
        fs::write(root.join("42/task/45/schedstat"), "20000000 1 1\n").unwrap();
        let after = observed.cpu().unwrap();
        assert!((after.seconds_since(&before) - 0.12).abs() < 1e-9);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn without_proc_nothing_is_known() {
        let observed = Observed::under(Path::new("/nowhere"), Some(1)).unwrap();
        assert!(observed.cpu().is_none());
        assert_eq!(observed.resident_bytes(), None);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        let root = proc("missing");
        assert!(Observed::under(&root, Some(7)).is_err());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn this_process_has_used_time_and_memory() {
        let observed = Observed::new(Some(std::process::id())).unwrap();
        assert!(observed.cpu().unwrap().seconds_since(&CpuTimes::default()) > 0.0);
        assert!(observed.resident_bytes().unwrap() > 0);
        assert!(observed.peak_bytes() >= observed.resident_bytes());
    }
}
