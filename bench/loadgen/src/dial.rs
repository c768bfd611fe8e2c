//! Making connections, many of them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::deflate::Takeover;
use crate::failure::Failure;
use crate::stream::{Stream, Tls};
use crate::tls::TlsClient;

/// The system's range of ports for clients holds about 28,000 per address, and some are held for a minute after the end.
const CONNECTIONS_PER_SOURCE: usize = 8192;
/// 127.0.0.1 to 127.0.0.250 may be used.
const SOURCES: usize = 250;

/// Descriptors that are not connections.
const OTHER_DESCRIPTORS: usize = 64;

/// Where and how to connect.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The server's address.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// The compression that is offered to it, and must be accepted.
    pub deflate: Option<Takeover>,
}

/// Starts connections to one server.
#[derive(Debug)]
pub struct Dialer {
    address: SocketAddr,
    tls: Option<TlsClient>,
    deflate: Option<Takeover>,
    dialed: usize,
}

impl Dialer {
    /// For this server.
    pub fn new(target: Target) -> Result<Self, Failure> {
        let tls = if target.tls {
            Some(TlsClient::new(target.address.ip())?)
        } else {
            None
        };
        Ok(Self {
            address: target.address,
            tls,
            deflate: target.deflate,
            dialed: 0,
        })
    }

    /// The server's address, as a Host header says it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The compression that is offered.
    pub fn deflate(&self) -> Option<Takeover> {
        self.deflate
    }

    /// Starts a connection. What is written is `WouldBlock` until it is there, and an error if it is refused.
    pub fn dial(&mut self) -> io::Result<Stream> {
        let socket = loop {
            match self.connect() {
                // This address has no port left: on to the next one, once around.
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                    let next = self.dialed / CONNECTIONS_PER_SOURCE + 1;
                    if next >= SOURCES || self.source(next).is_none() {
                        return Err(error);
                    }
                    self.dialed = next * CONNECTIONS_PER_SOURCE;
                }
                outcome => break outcome?,
            }
        };
        self.dialed = (self.dialed + 1) % (SOURCES * CONNECTIONS_PER_SOURCE);
        match &self.tls {
            None => Ok(Stream::Plain(socket)),
            Some(tls) => {
                let connection = tls.connection().map_err(io::Error::other)?;
                Ok(Stream::Tls(Box::new(Tls { socket, connection })))
            }
        }
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let family = if self.address.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        if let Some(source) = self.source(self.dialed / CONNECTIONS_PER_SOURCE) {
            rustix::net::bind(&socket, &source)?;
        }
        match rustix::net::connect(&socket, &self.address) {
            Ok(()) | Err(Errno::INPROGRESS) => Ok(socket.into()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The address to connect from. The first is the system's choice; there are others only on the loopback interface.
    fn source(&self, number: usize) -> Option<SocketAddr> {
        let is_local = matches!(self.address.ip(), IpAddr::V4(address) if address.is_loopback());
        let host = Ipv4Addr::new(127, 0, 0, 1 + number as u8);
        (is_local && number > 0).then_some(SocketAddr::new(host.into(), 0))
    }
}

/// Lets this process have `connections` of them open.
pub fn allow_connections(connections: usize) -> Result<(), Failure> {
    let needed = (connections + OTHER_DESCRIPTORS) as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if let Some(maximum) = maximum.filter(|&maximum| maximum < needed) {
        return Err(Failure::new(format!(
            "{needed} open files are needed, the system allows {maximum} (ulimit -Hn)"
        )));
    }
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(needed),
            maximum,
        },
    )
    .map_err(|errno| Failure::of("raising the number of open files")(errno.into()))
}

/// Lets this process have as many connections open as the system allows.
pub fn allow_all_connections() -> Result<(), Failure> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    )
    .map_err(|errno| Failure::of("raising the number of open files")(errno.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialer(address: &str) -> Dialer {
        Dialer::new(Target {
            address: address.parse().unwrap(),
            tls: false,
            deflate: None,
        })
        .unwrap()
    }

    #[test]
    fn loopback_connections_come_from_several_addresses() {
        let dialer = dialer("127.0.0.1:80");
        assert_eq!(dialer.source(0), None);
        assert_eq!(dialer.source(1), Some("127.0.0.2:0".parse().unwrap()));
        assert_eq!(
            dialer.source(SOURCES - 1),
            Some("127.0.0.250:0".parse().unwrap())
        );
    }

    #[test]
    fn other_addresses_are_not_chosen_for_the_system() {
        assert_eq!(dialer("[::1]:80").source(3), None);
        assert_eq!(dialer("192.0.2.1:80").source(3), None);
    }

    #[test]
    fn the_limit_of_open_files_is_raised_as_far_as_it_goes() {
        let maximum = getrlimit(Resource::Nofile).maximum;
        allow_connections(1100).unwrap();
        assert!(
            getrlimit(Resource::Nofile)
                .current
                .is_none_or(|current| current >= 1100)
        );
        if let Some(maximum) = maximum {
            assert!(allow_connections(maximum as usize).is_err());
        }
    }
}
