//! A connection's bytes, over TCP or TLS. Nothing here blocks: what cannot be done now is `WouldBlock`.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use rustls::ClientConnection;

/// How much is read at once: enough for a whole batch, small enough to stay in the second-level cache.
const READ_BYTES: usize = 128 * 1024;

/// The longest TLS record, RFC 8446 section 5.2. So much may have been read before, and be completed now.
const MAX_RECORD_BYTES: usize = 5 + (1 << 14) + 256;

/// What `Stream::read` needs. TLS puts the records it read into the second half.
pub fn read_buffer() -> Box<[u8]> {
    vec![0; 2 * READ_BYTES].into_boxed_slice()
}

/// The stream.
#[derive(Debug)]
pub enum Stream {
    /// TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<Tls>),
}

impl Stream {
    /// Reads once from the system. Returns the bytes of the application, 0 of them at the end; all there are, so that with TLS nothing
    /// stays behind that no event would tell of.
    pub fn read<'a>(&mut self, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
        match self {
            Self::Plain(socket) => {
                let length = socket.read(&mut buffer[..READ_BYTES])?;
                Ok(&buffer[..length])
            }
            Self::Tls(tls) => tls.read(buffer),
        }
    }

    /// Hands over as much as can be taken now, at least one byte.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    /// Whether bytes that were taken wait for the socket to become writable.
    pub fn holds_output(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.connection.wants_write(),
        }
    }

    /// Writes what waits, as far as the socket takes it.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Plain(socket) => socket.as_fd(),
            Self::Tls(tls) => tls.socket.as_fd(),
        }
    }
}

/// TLS over a socket.
#[derive(Debug)]
pub struct Tls {
    /// The socket.
    pub socket: TcpStream,
    /// The state of TLS.
    pub connection: ClientConnection,
}

impl Tls {
    fn read<'a>(&mut self, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
        let (plain, records) = buffer.split_at_mut(READ_BYTES);
        let length = self.socket.read(&mut records[MAX_RECORD_BYTES..])?;
        if length == 0 {
            return Ok(&[]);
        }
        let mut records = &records[MAX_RECORD_BYTES..][..length];
        let mut have = 0;
        // The library takes a few KiB at a time, and no more while it holds plain text. Plain text is never longer than its records.
        while !records.is_empty() {
            self.connection.read_tls(&mut records)?;
            let state = self
                .connection
                .process_new_packets()
                .map_err(io::Error::other)?;
            let end = have + state.plaintext_bytes_to_read();
            self.connection.reader().read_exact(&mut plain[have..end])?;
            have = end;
        }
        self.flush()?;
        if have == 0 {
            return if self.peer_has_closed() {
                Ok(&[])
            } else {
                Err(io::ErrorKind::WouldBlock.into())
            };
        }
        Ok(&plain[..have])
    }

    /// After a `close_notify`.
    fn peer_has_closed(&mut self) -> bool {
        matches!(self.connection.reader().read(&mut [0]), Ok(0))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        if self.connection.wants_write() && !self.connection.is_handshaking() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = self.connection.writer().write(bytes)?;
        self.flush()?;
        if length == 0 {
            Err(io::ErrorKind::WouldBlock.into())
        } else {
            Ok(length)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
