//! A native WebSocket echo server, to measure clients with: one thread; all frames that came with one read are answered with one write.

mod client;
mod echo;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::dial::allow_all_connections;
use crate::failure::Failure;
use crate::poller::{Interest, Poller};
use client::Client;
use echo::Output;

/// How much is read at once, and so answered with one write.
const READ_BYTES: usize = 128 * 1024;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;

/// Not a place in the list of clients.
const LISTENER: usize = usize::MAX;

/// The server.
pub struct Server {
    listener: TcpListener,
    poller: Poller,
    clients: Vec<Option<Client>>,
    /// Places in the list that are free.
    free: Vec<usize>,
    input: Box<[u8]>,
    output: Output,
}

impl Server {
    /// Listens; port 0 is any that is free.
    pub fn bind(address: SocketAddr) -> Result<Self, Failure> {
        allow_all_connections()?;
        let listener = listen(address).map_err(Failure::of("listening"))?;
        let poller = Poller::new()?;
        poller
            .add(&listener, LISTENER, Interest::Read)
            .map_err(Failure::of("epoll_ctl"))?;
        Ok(Self {
            listener,
            poller,
            clients: Vec::new(),
            free: Vec::new(),
            input: vec![0; READ_BYTES].into(),
            output: Output::with_room_for(READ_BYTES),
        })
    }

    /// Where it listens.
    pub fn port(&self) -> Result<u16, Failure> {
        Ok(self
            .listener
            .local_addr()
            .map_err(Failure::of("listening"))?
            .port())
    }

    /// Serves without end.
    pub fn run(mut self) -> Result<Infallible, Failure> {
        let mut ready = Vec::new();
        loop {
            self.poller.wait(None, &mut ready)?;
            for event in &ready {
                if event.token == LISTENER {
                    self.accept()?;
                } else {
                    self.attend(event.token);
                }
            }
        }
    }

    fn accept(&mut self) -> Result<(), Failure> {
        loop {
            let socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // Gone again before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(Failure::of("accepting")(error)),
            };
            let token = self.free.pop().unwrap_or(self.clients.len());
            if token == self.clients.len() {
                self.clients.push(None);
            }
            let watched = self.poller.add(&socket, token, Interest::Read);
            let client = Client::new(socket).and_then(|client| watched.map(|()| client));
            self.clients[token] = Some(client.map_err(Failure::of("accepting"))?);
        }
    }

    fn attend(&mut self, token: usize) {
        let Some(client) = &mut self.clients[token] else {
            return;
        };
        let before = client.interest();
        let outcome = client
            .attend(&mut self.input, &mut self.output)
            .and_then(|goes_on| {
                if goes_on && client.interest() != before {
                    self.poller
                        .modify(client.socket(), token, client.interest())?;
                }
                Ok(goes_on)
            });
        if let Err(error) = &outcome {
            eprintln!("loadgen: a client: {error}");
        }
        if !matches!(outcome, Ok(true)) {
            self.clients[token] = None;
            self.free.push(token);
        }
    }
}

/// As `TcpListener::bind`, which has a shorter queue.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}
