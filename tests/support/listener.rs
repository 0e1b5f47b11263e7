//! A loopback server of a test: a thread a connection, all of them ended with it.

use super::watch::Watch;
use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

#[derive(Default)]
struct Connections {
    over: bool,
    accepted: usize,
    open: BTreeMap<usize, TcpStream>,
}

impl Connections {
    /// Notes a connection under a new number; nothing once the server is over.
    fn take(&mut self, stream: &TcpStream) -> Option<usize> {
        self.accepted += 1;
        self.open.insert(self.accepted, stream.try_clone().ok()?);
        (!self.over).then_some(self.accepted)
    }
}

pub struct Listener {
    address: SocketAddr,
    connections: Watch<Connections>,
}

impl Listener {
    /// Serves every connection by `serve`, in a thread of its own, and closes it after; at a port that was chosen before, or 0 for any.
    pub fn start(port: u16, serve: impl Fn(&TcpStream) + Clone + Send + 'static) -> Self {
        let socket = TcpListener::bind(("127.0.0.1", port)).expect("the loopback has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        let connections = Watch::<Connections>::default();
        let known = connections.clone();
        std::thread::spawn(move || {
            for stream in socket.incoming().filter_map(Result::ok) {
                let Some(number) = known.with(|connections| connections.take(&stream)) else { return };
                let (serve, known) = (serve.clone(), known.clone());
                std::thread::spawn(move || {
                    serve(&stream);
                    let _ = stream.shutdown(Shutdown::Both);
                    known.with(|connections| connections.open.remove(&number));
                });
            }
        });
        Self { address, connections }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks all connections there are; new ones are served.
    pub fn hang_up(&self) {
        self.connections.with(|connections| {
            for stream in connections.open.values() {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.connections.with(|connections| connections.over = true);
        // The acceptor looks up when somebody knocks.
        let _ = TcpStream::connect(self.address);
        self.hang_up();
    }
}
