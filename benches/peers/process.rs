//! What processes cost, from /proc.

use std::fs;

/// Clock ticks a second in /proc: Linux has shown 100 to programs on every machine since 2.6.
const TICKS: f64 = 100.0;

/// The fields of /proc/PID/stat behind the name, which may hold spaces: the first is the state.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn ticks(stat: &[String], places: std::ops::RangeInclusive<usize>) -> f64 {
    stat[places].iter().filter_map(|text| text.parse::<f64>().ok()).sum()
}

/// CPU seconds of a process and of its children that have ended.
pub fn cpu_seconds(pid: u32) -> f64 {
    // utime, stime, cutime, cstime
    stat(pid).map_or(0.0, |stat| ticks(&stat, 11..=14) / TICKS)
}

/// CPU seconds of a process with its living children and those that have ended: a PostgreSQL with all backends.
pub fn cpu_seconds_of_family(pid: u32) -> f64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let stats = pids.filter_map(stat).filter(|stat| stat[1] == pid.to_string());
    cpu_seconds(pid) + stats.map(|stat| ticks(&stat, 11..=14)).sum::<f64>() / TICKS
}

/// The process that started another.
pub fn parent(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

/// CPU seconds that the machine has worked.
pub fn machine_seconds() -> f64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first: Vec<f64> =
        text.lines().next().unwrap_or("").split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    // user, nice, system; then, after idle and the wait for disks, the interrupts
    [0, 1, 2, 5, 6].iter().filter_map(|index| first.get(*index)).sum::<f64>() / TICKS
}

/// A line of /proc/PID/status in MiB, such as `VmRSS`.
pub fn memory_mib(pid: u32, word: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(':')?.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / 1024.0)
}

/// Memory that the machine has left, MiB.
pub fn available_mib() -> f64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")?.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / 1024.0)
}
