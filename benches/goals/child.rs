//! Processes of the benchmark: this program in another role, and what the kernel knows of a process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// This program in another role; it ends with its standard input.
pub struct Role {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Role {
    pub fn start(role: &str, arguments: &[String]) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = Command::new(program)
            .arg(format!("role:{role}"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        Self { child, orders, answers }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Says a line and reads the answer.
    pub fn ask(&mut self, order: &str) -> serde_json::Value {
        let orders = self.orders.as_mut().expect("the role still listens");
        orders.write_all(format!("{order}\n").as_bytes()).expect("the role still listens");
        self.told()
    }

    /// Reads the next line it says.
    pub fn told(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the role speaks");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("a role said `{line}`: {error}"))
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

/// CPU time of a process so far, in seconds; the kernel counts in hundredths.
pub fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name before may hold anything; behind its bracket stand the numbers.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Peak resident memory of a process, in MB.
pub fn memory(pid: u32) -> f64 {
    status(pid, "VmHWM:")
}

/// Resident memory of a process now, in MB.
pub fn resident(pid: u32) -> f64 {
    status(pid, "VmRSS:")
}

fn status(pid: u32, field: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
