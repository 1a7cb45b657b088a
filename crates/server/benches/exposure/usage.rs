//! Time that passed, time on the processor, and memory, from `/proc`.

use std::time::Instant;

/// A moment.
pub struct Usage {
    at: Instant,
    cpu: f64,
}

impl Usage {
    /// This one.
    pub fn now() -> Self {
        Self { at: Instant::now(), cpu: cpu_secs() }
    }

    /// Says what has passed since, and is the next moment.
    pub fn told(&self, what: &str) -> Self {
        let now = Self::now();
        let wall = now.at.duration_since(self.at).as_secs_f64();
        println!("{what}: {wall:.2} s, {:.2} CPU s, peak {} MB", now.cpu - self.cpu, peak_kb() / 1024);
        now
    }
}

/// Of all threads, in the system's hundredths (`proc_pid_stat(5)`, fields 14 and 15).
fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum::<u64>();
    ticks as f64 / 100.0
}

fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
