//! A second machine: a network namespace with one cable to ours that can be pulled.

use super::daemon::Launch;
use super::process::{AT_ONCE, Process};
use super::{SOON, skipped};
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

static NUMBER: AtomicU8 = AtomicU8::new(0);

pub struct Host {
    name: String,
    cable: String,
    /// Our end of the cable.
    here: Ipv4Addr,
    /// Takes the namespace away even if the test is killed.
    _standing: Process,
}

impl Host {
    /// Makes one; `None`, and a word about it, where that is not allowed.
    pub fn make() -> Option<Self> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let id = std::process::id() % 10_000;
        let (name, cable) = (format!("overture-{id}-{number}"), format!("ovt{id}n{number}"));
        // One /30 of the range for tests of networks (RFC 2544): nothing else is there.
        let here = Ipv4Addr::new(198, 18, u8::try_from(id % 256).unwrap_or(0), number * 4 + 1);
        let there = Ipv4Addr::new(198, 18, u8::try_from(id % 256).unwrap_or(0), number * 4 + 2);
        let script = format!(
            "ip netns add {name} && ip link add {cable} type veth peer name eth0 netns {name} && \
             ip addr add {here}/30 dev {cable} && ip link set {cable} up && ip -n {name} addr add {there}/30 dev eth0 && \
             ip -n {name} link set eth0 up && ip -n {name} link set lo up && echo made && exec sleep 3600"
        );
        let at_end = format!("{AT_ONCE}; ip link del {cable} 2>/dev/null; ip netns del {name} 2>/dev/null");
        let standing = Process::start("a second host", Command::new("sh").args(["-c", &script]), &at_end);
        if standing.log().wait(SOON, |line| (line == "made").then_some(())).is_none() {
            skipped("network namespaces (root, and iproute2)");
            return None;
        }
        Some(Self { name, cable, here, _standing: standing })
    }

    /// What a program is started with to run there.
    pub fn launch(&self) -> Launch {
        Launch { prefix: ["ip", "netns", "exec", &self.name].map(str::to_owned).to_vec() }
    }

    /// Lets what listens on our loopback be reached from there; gives the address it has there.
    pub fn reach(&self, target: SocketAddr) -> SocketAddr {
        let socket = TcpListener::bind((self.here, 0)).expect("our end of the cable has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        std::thread::spawn(move || {
            for inner in socket.incoming().filter_map(Result::ok) {
                let Ok(outer) = TcpStream::connect(target) else { continue };
                let pair = (inner.try_clone(), outer.try_clone());
                let (Ok(inner_too), Ok(outer_too)) = pair else { continue };
                std::thread::spawn(move || pump(inner, outer));
                std::thread::spawn(move || pump(outer_too, inner_too));
            }
        });
        address
    }

    /// Pulls the cable: nothing comes through, and nobody is told.
    pub fn part(&self) {
        ip(&["-n", &self.name, "link", "set", "eth0", "down"]);
    }

    /// Puts it back.
    pub fn join(&self) {
        ip(&["-n", &self.name, "link", "set", "eth0", "up"]);
    }
}

fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).status();
    assert!(done.is_ok_and(|done| done.success()), "ip {arguments:?}");
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

impl Drop for Host {
    fn drop(&mut self) {
        for arguments in [["link", "del", &self.cable], ["netns", "del", &self.name]] {
            let _ = Command::new("ip").args(arguments).status();
        }
    }
}
