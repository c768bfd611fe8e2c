//! A browser beside the load: asks an HTTP server in the process under load for a page at a fixed rate.
//!
//! Time runs from when a page should have been asked for. It is looked after between any two events of the load, so that the load
//! generator's own work is not taken for the server's: `look` costs a system call for each connection that waits for a page.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::clock::{Clock, Nanos, nanos};
use crate::dial::{Dialer, Target};
use crate::failure::{Failure, SILENCE_LIMIT};
use crate::handshake::{MAX_HEAD_BYTES, header, split_head};
use crate::histogram::Histogram;
use crate::json::Value;
use crate::measurement::Phase;
use crate::pacing::Schedule;
use crate::poller::{Interest, Poller};
use crate::stream::{Stream, read_buffer};

/// Connections that take turns: what waits on one does not hold up what is asked for on the next.
const CONNECTIONS: usize = 8;

/// From this number on the tokens of a poller are those of pages; their events only end a wait.
pub const FIRST_TOKEN: usize = 1 << 31;

/// The HTTP server, and how often it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Where it listens.
    pub address: SocketAddr,
    /// Pages per second.
    pub rate: f64,
}

/// A connection to the HTTP server.
#[derive(Debug)]
struct Visitor {
    stream: Stream,
    /// What has come of the page that comes next.
    response: Vec<u8>,
}

/// All of them, and what they have seen.
pub struct Pages {
    rate: f64,
    request: Vec<u8>,
    visitors: Vec<Visitor>,
    /// From the beginning of the window on.
    schedule: Option<Schedule>,
    latency: Histogram,
    answers: u64,
    heard: Nanos,
    buffer: Box<[u8]>,
}

impl Pages {
    /// Connects, and has `poller` end its waits when something comes.
    pub fn open(asked: Option<Asked>, poller: &Poller) -> Result<Option<Self>, Failure> {
        let Some(Asked { address, rate }) = asked else {
            return Ok(None);
        };
        let mut dialer = Dialer::new(Target {
            address,
            tls: false,
            deflate: None,
        })?;
        let visitors = (0..CONNECTIONS)
            .map(|number| {
                let stream = dialer.dial().map_err(Failure::of("connecting for pages"))?;
                poller
                    .add(&stream, FIRST_TOKEN + number, Interest::Read)
                    .map_err(Failure::of("epoll_ctl"))?;
                let response = Vec::new();
                Ok(Visitor { stream, response })
            })
            .collect::<Result<_, Failure>>()?;
        Ok(Some(Self {
            rate,
            request: format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes(),
            visitors,
            schedule: None,
            latency: Histogram::default(),
            answers: 0,
            heard: 0,
            buffer: read_buffer(),
        }))
    }

    /// Asks for the pages that are due while the window lasts, and reads those that have come.
    pub fn look(&mut self, clock: Clock, phase: Phase) -> Result<(), Failure> {
        if phase == Phase::WarmingUp {
            return Ok(());
        }
        let now = clock.now();
        let rate = self.rate;
        let schedule = self.schedule.get_or_insert_with(|| {
            self.heard = now;
            Schedule::new(rate, CONNECTIONS, now)
        });
        if phase == Phase::Measuring {
            while let Some((number, _)) = schedule.take_due(now) {
                if schedule.outstanding() == 1 {
                    self.heard = now;
                }
                // A request is short, and answered before the next on its connection leaves unless the server is in a bad way: it
                // always fits what the system keeps for a connection.
                match self.visitors[number].stream.write(&self.request) {
                    Ok(written) if written == self.request.len() => {}
                    Ok(_) => return Err(Failure::new("pages: a request left in pieces")),
                    Err(error) => return Err(Failure::of("asking for a page")(error)),
                }
            }
        }
        for (number, visitor) in self.visitors.iter_mut().enumerate() {
            if schedule.outstanding_on(number) == 0 {
                continue;
            }
            let count = visitor.receive(&mut self.buffer)?;
            if count > 0 {
                let now = clock.now();
                self.heard = now;
                self.answers += u64::from(count);
                schedule.answered(number, count, |intended| {
                    self.latency.record(now - intended, 1);
                })?;
            }
        }
        let is_owed = schedule.outstanding() > 0;
        if is_owed && now.saturating_sub(self.heard) > nanos(SILENCE_LIMIT) {
            let limit = SILENCE_LIMIT.as_secs();
            return Err(Failure::new(format!(
                "expected a page, got none for {limit} s"
            )));
        }
        Ok(())
    }

    /// How long may be slept before the next is due.
    pub fn longest_wait(&self, now: Nanos, phase: Phase) -> Duration {
        match &self.schedule {
            Some(schedule) if phase == Phase::Measuring => {
                Duration::from_nanos(schedule.next_due().saturating_sub(now))
            }
            _ => Duration::MAX,
        }
    }

    /// Whether pages that were asked for have not come.
    pub fn are_owed(&self) -> bool {
        self.schedule
            .as_ref()
            .is_some_and(|schedule| schedule.outstanding() > 0)
    }

    /// The figures.
    pub fn report(&self) -> Value {
        Value::Object(vec![
            ("rate", self.rate.into()),
            ("answers", self.answers.into()),
            ("latencyMicros", self.latency.report()),
        ])
    }
}

impl Visitor {
    /// Reads once. Returns how many pages that completes.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<u32, Failure> {
        match self.stream.read(buffer) {
            Ok([]) => Err(Failure::new("pages: the server has closed the connection")),
            Ok(bytes) => {
                self.response.extend_from_slice(bytes);
                self.take_pages()
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(Failure::of("reading a page")(error)),
        }
    }

    fn take_pages(&mut self) -> Result<u32, Failure> {
        let mut count = 0;
        while let Some((head, rest)) = split_head(&self.response) {
            let text = String::from_utf8_lossy(head);
            let status = text.lines().next().unwrap_or_default();
            if !status.starts_with("HTTP/1.1 200 ") {
                return Err(Failure::new(format!(
                    "pages: expected status 200, got \"{status}\""
                )));
            }
            let length = header(&text, "Content-Length").and_then(|text| text.parse().ok());
            let Some(length) = length else {
                return Err(Failure::new("pages: expected a Content-Length, got none"));
            };
            if rest.len() < length {
                break;
            }
            let end = head.len() + length;
            self.response.drain(..end);
            count += 1;
        }
        if count == 0 && self.response.len() > MAX_HEAD_BYTES {
            return Err(Failure::new("pages: expected a short page, got a long one"));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn visitor(response: &[u8]) -> Visitor {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stream = Stream::Plain(std::net::TcpStream::connect(address).unwrap());
        let response = response.to_vec();
        Visitor { stream, response }
    }

    const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";

    #[test]
    fn a_page_counts_when_it_is_whole() {
        for end in 0..PAGE.len() {
            assert_eq!(visitor(&PAGE[..end]).take_pages().unwrap(), 0);
        }
        let mut visitor = visitor(&[PAGE, PAGE, b"HTTP"].concat());
        assert_eq!(visitor.take_pages().unwrap(), 2);
        assert_eq!(visitor.response, b"HTTP");
    }

    #[test]
    fn what_is_no_page_is_told() {
        let long = vec![b'x'; MAX_HEAD_BYTES + 1];
        for (wrong, problem) in [
            (
                &b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"[..],
                "expected status 200",
            ),
            (b"HTTP/1.1 200 OK\r\n\r\n", "Content-Length"),
            (&long, "a short page"),
        ] {
            let told = visitor(wrong).take_pages().unwrap_err().to_string();
            assert!(told.contains(problem), "{told}");
        }
    }
}
