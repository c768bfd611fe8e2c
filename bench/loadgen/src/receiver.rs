//! Judges what a server sends on one connection: the prepared messages, in order, nothing else.
//!
//! The length of every message is checked. Of small messages every byte is; of larger ones a random sample is compared in full.
//! Fragments are put together, pings answered.
//!
//! Compressed messages are all inflated and compared where none refers to those before it. Where they do, that is done on a sample of the
//! connections, which have to inflate each; on the others only the frames are looked at.

use crate::deflate::{Inflater, Takeover, longest_deflated};
use crate::failure::Failure;
use crate::frames::{Header, HeaderReader, MAX_CONTROL_PAYLOAD, Opcode, write_frame};
use crate::messages::Messages;
use crate::sampler::{Sampler, compare_inflated};

/// One connection in so many inflates what refers to earlier messages.
const INFLATE_ONE_IN: usize = 4;

/// The message that comes in.
#[derive(Clone, Copy, Debug)]
struct Message {
    /// Payload bytes that came already.
    position: usize,
    /// Whether it is compared in full.
    compared: bool,
}

/// The incoming side of a connection.
#[derive(Debug)]
pub struct Receiver {
    /// Which of the prepared messages is awaited.
    index: usize,
    message: Option<Message>,
    header: HeaderReader,
    /// The frame that comes in, and how much of its payload is still to come.
    frame: Option<(Header, u64)>,
    /// What came of a control frame's payload.
    control: Vec<u8>,
    /// What came of a compressed message.
    deflated: Vec<u8>,
    /// Of a connection that inflates all messages in order.
    inflater: Option<Box<Inflater>>,
    may_inflate: bool,
}

impl Receiver {
    /// One that awaits the prepared messages from `index` on, on the connection with this number.
    pub fn new(index: usize, connection: usize) -> Self {
        let header = HeaderReader::default();
        Self {
            deflated: Vec::new(),
            inflater: None,
            may_inflate: connection.is_multiple_of(INFLATE_ONE_IN),
            index,
            message: None,
            header,
            frame: None,
            control: Vec::new(),
        }
    }

    /// Takes what was read. Returns how many messages it completes; pongs that are due are appended to `replies`.
    ///
    /// # Errors
    /// On everything that a correct server would not have sent.
    pub fn feed(
        &mut self,
        mut chunk: &[u8],
        messages: &Messages,
        sampler: &mut Sampler,
        replies: &mut Vec<u8>,
    ) -> Result<u32, Failure> {
        let mut completed = 0;
        while !chunk.is_empty() {
            let whole = self.skip_whole(&mut chunk, messages, sampler);
            completed += whole;
            if whole == 0 && self.feed_frame(&mut chunk, messages, sampler, replies)? {
                completed += 1;
            }
        }
        Ok(completed)
    }

    /// The short way: messages that are here in one piece, as they must be.
    fn skip_whole(&mut self, chunk: &mut &[u8], messages: &Messages, sampler: &mut Sampler) -> u32 {
        if self.message.is_some() || self.frame.is_some() || self.header.is_within() {
            return 0;
        }
        let whole = messages.whole_at_front(self.index, chunk);
        *chunk = &chunk[whole * messages.expected_frame()..];
        self.index = (self.index + whole) % messages.count();
        sampler.count_compared(whole as u64);
        whole as u32
    }

    /// Takes a header or (a part of) a payload from the front of `chunk`. Returns whether that completes a message.
    fn feed_frame(
        &mut self,
        chunk: &mut &[u8],
        messages: &Messages,
        sampler: &mut Sampler,
        replies: &mut Vec<u8>,
    ) -> Result<bool, Failure> {
        let (header, left) = match self.frame {
            Some((header, left)) => {
                let (payload, rest) = chunk.split_at(left.min(chunk.len() as u64) as usize);
                *chunk = rest;
                self.payload(header, payload, messages)?;
                (header, left - payload.len() as u64)
            }
            None => match self.header.read(chunk) {
                Ok(None) => return Ok(false),
                Ok(Some(header)) => {
                    self.begin_frame(header, messages, sampler)?;
                    (header, header.length)
                }
                Err(what) => return instead_of("a frame", &what),
            },
        };
        self.frame = Some((header, left));
        if left > 0 {
            return Ok(false);
        }
        self.frame = None;
        self.end_frame(header, messages, sampler, replies)
    }

    fn begin_frame(
        &mut self,
        header: Header,
        messages: &Messages,
        sampler: &mut Sampler,
    ) -> Result<(), Failure> {
        let Header {
            fin,
            compressed,
            opcode,
            length,
            mask,
        } = header;
        if mask.is_some() {
            return instead_of("an unmasked frame", "a masked one");
        }
        if opcode.is_control() {
            if compressed {
                return instead_of("a control frame", "one with RSV1");
            }
            if !fin || length > MAX_CONTROL_PAYLOAD {
                let what = format!("one of {length} bytes, FIN {fin}");
                return instead_of("a control frame in one frame of at most 125 bytes", &what);
            }
            return Ok(());
        }
        let first = self.message.is_none();
        let awaited = if first {
            messages.opcode()
        } else {
            Opcode::Continuation
        };
        if opcode != awaited {
            return instead_of(&format!("a {awaited:?} frame"), &format!("{opcode:?}"));
        }
        let deflates = messages.deflate().is_some();
        if compressed != (first && deflates) {
            let (awaited, came) = if compressed {
                ("without", "with")
            } else {
                ("with", "without")
            };
            return instead_of(&format!("a frame {awaited} RSV1"), &format!("one {came}"));
        }
        let message = self.message.get_or_insert_with(|| Message {
            position: 0,
            compared: messages.all_compared() || sampler.choose(),
        });
        let longest = if deflates {
            longest_deflated(messages.size())
        } else {
            messages.size()
        };
        let (size, total) = (longest, (message.position as u64).saturating_add(length));
        if total > size as u64 || (fin && !deflates && total < size as u64) {
            let more = if fin { "" } else { " or more" };
            let at_most = if deflates { "at most " } else { "" };
            return instead_of(
                &format!("a message of {at_most}{size} bytes"),
                &format!("one of {total}{more}"),
            );
        }
        Ok(())
    }

    fn payload(
        &mut self,
        header: Header,
        payload: &[u8],
        messages: &Messages,
    ) -> Result<(), Failure> {
        if header.opcode.is_control() {
            self.control.extend_from_slice(payload);
            return Ok(());
        }
        let Some(message) = &mut self.message else {
            return Ok(());
        };
        let start = message.position;
        message.position += payload.len();
        if let Some(takeover) = messages.deflate() {
            if takeover == Takeover::No || self.may_inflate {
                self.deflated.extend_from_slice(payload);
            }
            return Ok(());
        }
        if !message.compared {
            return Ok(());
        }
        let awaited = &messages.payload(self.index)[start..start + payload.len()];
        if payload == awaited {
            return Ok(());
        }
        let at = payload
            .iter()
            .zip(awaited)
            .take_while(|(came, due)| came == due)
            .count();
        let place = start + at;
        instead_of(
            &format!(
                "{:#04x} as byte {place} of {}",
                awaited[at],
                messages.size()
            ),
            &format!("{:#04x}", payload[at]),
        )
    }

    /// Returns whether the frame completes a message.
    fn end_frame(
        &mut self,
        header: Header,
        messages: &Messages,
        sampler: &mut Sampler,
        replies: &mut Vec<u8>,
    ) -> Result<bool, Failure> {
        match header.opcode {
            Opcode::Close => {
                let what = format!("a close frame{}", close_text(&self.control));
                return instead_of("an answer", &what);
            }
            Opcode::Ping => {
                write_frame(replies, Opcode::Pong, &self.control, Some(sampler.mask()));
            }
            Opcode::Pong => {}
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                if !header.fin {
                    return Ok(false);
                }
                let message = self.message.take();
                if let Some(takeover) = messages.deflate() {
                    let bytes = message.map_or(0, |message| message.position);
                    self.end_deflated(takeover, bytes, messages, sampler)?;
                } else {
                    let compared = message.is_some_and(|message| message.compared);
                    sampler.count_compared(u64::from(compared));
                }
                self.index = (self.index + 1) % messages.count();
                return Ok(true);
            }
        }
        // An idle connection must not hold memory, and control frames are rare.
        self.control = Vec::new();
        Ok(false)
    }

    fn end_deflated(
        &mut self,
        takeover: Takeover,
        bytes: usize,
        messages: &Messages,
        sampler: &mut Sampler,
    ) -> Result<(), Failure> {
        sampler.count_deflated(bytes);
        match takeover {
            Takeover::No => sampler.compare_deflated(&self.deflated, messages, self.index)?,
            Takeover::Server if self.may_inflate => {
                let inflater = self.inflater.get_or_insert_default();
                compare_inflated(inflater, &self.deflated, messages, self.index)?;
                sampler.count_compared(1);
            }
            Takeover::Server => {}
        }
        self.deflated.clear();
        Ok(())
    }
}

fn instead_of<T>(awaited: &str, came: &str) -> Result<T, Failure> {
    Err(Failure::new(format!("expected {awaited}, got {came}")))
}

fn close_text(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            format!(" with code {code} \"{}\"", String::from_utf8_lossy(reason))
        }
        _ => " without a code".to_owned(),
    }
}
