//! The decoder: the bytes of one connection, in whatever cuts → events (RFC 6455 sections 5 and 8.1).
//!
//! ```text
//! Header ──► Ask ──► Payload ──► Header          Ask: only binary messages that are not here whole, or compressed
//!   │                  │  ├─────► BinaryEnd ──► Header
//!   │                  │  └─────► Tail ──► Header          the end of a compressed message
//!   └──── a close frame, or a broken rule ────► Done, which discards
//! ```
//!
//! Payloads are unmasked in the chunk itself. A frame that is wholly in the chunk is delivered from there; only texts and
//! control frames in several pieces are copied, once. Of a header that is cut at most 13 bytes are kept.

mod compressed;

use std::cell::RefCell;
use std::rc::Rc;

use crate::close;
use crate::error::Failure;
use crate::header::{Header, MAX_HEADER_BYTES, Role};
use crate::limits::{
    Limits, MAX_COUNTABLE_BYTES, MAX_RESERVED_BYTES, TINY_FRAGMENT_BYTES, max_compressed_bytes,
};
use crate::mask::{self, Key};
use crate::opcode::Opcode;
use crate::sink::{BinaryMode, Flow, Payload, Sink};
use crate::utf8::{self, Validator};

use compressed::Inflation;
pub use compressed::{InflatePool, InflateSettings};

/// What the decoder waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The next header, or the rest of it.
    Header,
    /// The answer how the binary message that begins with `frame` is wanted.
    Ask,
    /// Nothing: the answer is here, and `frame` is to be held against the limits.
    Answered,
    /// The payload of `frame`.
    Payload,
    /// The event for the end of a streamed binary message could not be delivered yet.
    BinaryEnd,
    /// Nothing: the payload of a compressed message is complete, and the rest comes out of the inflater.
    Tail,
    /// Nothing: a close frame came, or the connection is failed.
    Done,
}

/// The message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

/// The frame whose payload is being read.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    /// Payload bytes still to come.
    left: u64,
    /// Rotated to the next payload byte.
    key: Key,
}

/// How far [`Decoder::feed`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the chunk that are done with. Less than all of it only where the sink stopped the decoder.
    pub consumed: usize,
    /// Whether another call, with the rest of the chunk, has something to do. That rest may be empty.
    pub more: bool,
}

/// A streaming parser for one connection. It owns what it has of incomplete messages.
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    limits: Limits,
    stage: Stage,
    frame: Frame,
    /// The fragmented (or not yet complete) message under way.
    message: Option<Kind>,
    /// How it is wanted, if it is binary.
    mode: BinaryMode,
    /// Whether it is compressed.
    compressed: bool,
    /// Payload lengths that the headers of this message have declared.
    declared: u64,
    /// Tiny fragments of this message.
    fragments: u32,
    validator: Validator,
    ascii: bool,
    header: [u8; MAX_HEADER_BYTES],
    header_length: u8,
    /// The text so far, valid as far as it goes. Of a compressed message whatever came out of the inflater.
    text: Vec<u8>,
    /// The payload so far of a control frame that is cut.
    control: Vec<u8>,
    /// There where permessage-deflate was agreed on.
    inflation: Option<Box<Inflation>>,
}

impl Decoder {
    /// A decoder at the start of a connection.
    pub const fn new(role: Role, limits: Limits) -> Self {
        Self {
            role,
            limits,
            stage: Stage::Header,
            frame: Frame {
                opcode: Opcode::Continuation,
                fin: false,
                left: 0,
                key: Key::NONE,
            },
            message: None,
            mode: BinaryMode::Stream,
            compressed: false,
            declared: 0,
            fragments: 0,
            validator: Validator::new(),
            ascii: true,
            header: [0; MAX_HEADER_BYTES],
            header_length: 0,
            text: Vec::new(),
            control: Vec::new(),
            inflation: None,
        }
    }

    /// Lets RSV1 mark compressed messages from here on, and inflates them.
    pub fn set_inflate(&mut self, settings: InflateSettings, pool: Rc<RefCell<InflatePool>>) {
        self.inflation = Some(Box::new(Inflation::new(settings, pool)));
    }

    /// Bytes that the last [`Self::feed`] has put into the inflater, and that came out.
    pub fn inflated_bytes(&self) -> (usize, usize) {
        self.inflation
            .as_ref()
            .map_or((0, 0), |inflation| inflation.turn())
    }

    /// Bytes held of a text message that is not complete, or of a compressed one.
    pub const fn pending_bytes(&self) -> usize {
        self.text.len()
    }

    /// Bytes to come of the frame of a binary message that is being read and is not compressed; else none.
    pub fn payload_left(&self) -> u64 {
        let is_piece = self.stage == Stage::Payload
            && self.message == Some(Kind::Binary)
            && !self.compressed
            && !self.frame.opcode.is_control();
        if is_piece { self.frame.left } else { 0 }
    }

    /// Bytes of memory taken for incomplete messages.
    pub const fn reserved_bytes(&self) -> usize {
        self.text.capacity() + self.control.capacity()
    }

    /// Parses `chunk`, unmasking it in place, until it is used up or the sink stops. After a stop the caller comes again
    /// with the rest of the chunk, and nothing is lost or repeated.
    pub fn feed<S: Sink>(&mut self, chunk: &mut [u8], sink: &mut S) -> Progress {
        let mut at = 0;
        if let Some(inflation) = &mut self.inflation {
            inflation.begin_turn();
        }
        loop {
            let flow = match self.stage {
                Stage::Header => {
                    if at == chunk.len() {
                        break;
                    }
                    self.read_header(chunk, &mut at, sink)
                }
                Stage::Ask => match sink.binary_begin() {
                    Some(mode) => {
                        self.answer(mode);
                        Flow::Continue
                    }
                    None => Flow::Stop,
                },
                Stage::Answered => self.count_frame(sink),
                Stage::Payload => {
                    if at == chunk.len() && self.frame.left != 0 && !self.inflates() {
                        break;
                    }
                    if self.compressed && !self.frame.opcode.is_control() {
                        self.read_compressed(chunk, &mut at, sink)
                    } else {
                        self.read_payload(chunk, &mut at, sink)
                    }
                }
                Stage::Tail => self.read_tail(sink),
                Stage::BinaryEnd => {
                    self.stage = Stage::Header;
                    sink.binary_end()
                }
                Stage::Done => break,
            };
            if flow == Flow::Stop {
                break;
            }
        }
        if self.stage == Stage::Done {
            at = chunk.len();
        }
        Progress {
            consumed: at,
            more: at < chunk.len()
                || self.inflates()
                || match self.stage {
                    Stage::Ask | Stage::Answered | Stage::BinaryEnd | Stage::Tail => true,
                    // A compressed frame that a stop has kept from coming to its end.
                    Stage::Payload => self.frame.left == 0,
                    Stage::Header | Stage::Done => false,
                },
        }
    }

    /// Whether the inflater has something to do without further bytes.
    fn inflates(&self) -> bool {
        self.compressed
            && self
                .inflation
                .as_ref()
                .is_some_and(|inflation| inflation.has_rest())
    }

    /// Says how the binary message is wanted that the sink was asked for and did not know. Does nothing at other times.
    pub fn answer(&mut self, mode: BinaryMode) {
        if self.stage == Stage::Ask {
            self.mode = mode;
            self.stage = Stage::Answered;
        }
    }

    /// Reads one header, from the chunk or, where it is cut, from the bytes kept.
    #[inline]
    fn read_header<S: Sink>(&mut self, chunk: &mut [u8], at: &mut usize, sink: &mut S) -> Flow {
        let in_message = self.message.is_some();
        if self.header_length == 0 {
            match Header::parse(&chunk[*at..], self.role, in_message) {
                Ok(Some(header)) => {
                    *at += header.size;
                    return self.begin_frame(&header, chunk, at, sink);
                }
                Ok(None) => {}
                Err(failure) => match self.parse_marked(&chunk[*at..], failure) {
                    Ok(Some(header)) => {
                        *at += header.size;
                        return self.begin_compressed(&header, sink);
                    }
                    Ok(None) => {}
                    Err(failure) => return self.fail(failure, sink),
                },
            }
        }
        // The chunk ends within the header. Byte by byte, so that nothing behind it is taken.
        while *at < chunk.len() {
            self.header[usize::from(self.header_length)] = chunk[*at];
            self.header_length += 1;
            *at += 1;
            let bytes = &self.header[..usize::from(self.header_length)];
            match Header::parse(bytes, self.role, in_message) {
                Ok(Some(header)) => {
                    self.header_length = 0;
                    return self.begin_frame(&header, chunk, at, sink);
                }
                Ok(None) => {}
                Err(failure) => match self.parse_marked(bytes, failure) {
                    Ok(Some(header)) => {
                        self.header_length = 0;
                        return self.begin_compressed(&header, sink);
                    }
                    Ok(None) => {}
                    Err(failure) => return self.fail(failure, sink),
                },
            }
        }
        Flow::Continue
    }

    /// Takes a header that kept the rules: holds it against the limits, and delivers the frame if it is here whole.
    #[inline]
    fn begin_frame<S: Sink>(
        &mut self,
        header: &Header,
        chunk: &mut [u8],
        at: &mut usize,
        sink: &mut S,
    ) -> Flow {
        self.frame = Frame {
            opcode: header.opcode,
            fin: header.fin,
            left: header.length,
            key: header.key,
        };
        let whole = header.length <= (chunk.len() - *at) as u64;
        self.stage = Stage::Payload;
        match header.opcode {
            Opcode::Text => {
                if header.length > self.limits.max_message_bytes.min(MAX_COUNTABLE_BYTES) {
                    return self.fail(Failure::MessageTooBig, sink);
                }
                if header.fin && whole {
                    return self.whole_text(chunk, at, sink);
                }
                self.message = Some(Kind::Text);
                self.ascii = true;
                let flow = self.count_frame(sink);
                if self.stage == Stage::Payload {
                    self.text
                        .reserve_exact(header.length.min(MAX_RESERVED_BYTES) as usize);
                }
                flow
            }
            Opcode::Binary => {
                let limit = self
                    .limits
                    .max_message_bytes
                    .min(self.limits.max_stream_bytes);
                if header.fin && whole && header.length <= limit {
                    self.stage = Stage::Header;
                    return sink.binary(self.take_whole(chunk, at));
                }
                self.message = Some(Kind::Binary);
                self.stage = Stage::Ask;
                Flow::Continue
            }
            Opcode::Continuation => self.count_frame(sink),
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                if whole {
                    let payload = self.take_whole(chunk, at);
                    return self.end_control(payload, sink);
                }
                Flow::Continue
            }
        }
    }

    /// Longest that the message may become.
    fn message_limit(&self) -> u64 {
        match (self.message, self.mode) {
            (Some(Kind::Binary), BinaryMode::Stream) => self.limits.max_stream_bytes,
            _ => self.limits.max_message_bytes,
        }
    }

    /// Holds the frame just begun against the limits of its message, before memory is taken, and goes on to its payload.
    fn count_frame<S: Sink>(&mut self, sink: &mut S) -> Flow {
        let length = self.frame.left;
        let mut limit = self.message_limit();
        if self.compressed {
            limit = max_compressed_bytes(limit);
        }
        self.declared = self.declared.saturating_add(length);
        if length > MAX_COUNTABLE_BYTES || self.declared > limit {
            return self.fail(Failure::MessageTooBig, sink);
        }
        let fragment = !self.frame.fin || self.frame.opcode == Opcode::Continuation;
        if fragment && length < TINY_FRAGMENT_BYTES {
            self.fragments += 1;
            if self.fragments > self.limits.max_fragments {
                return self.fail(Failure::TooManyFragments, sink);
            }
        }
        self.stage = Stage::Payload;
        Flow::Continue
    }

    /// Takes what the chunk has of the frame's payload.
    fn read_payload<S: Sink>(&mut self, chunk: &mut [u8], at: &mut usize, sink: &mut S) -> Flow {
        let start = *at;
        let length = self.frame.left.min((chunk.len() - start) as u64) as usize;
        let key = self.frame.key;
        let piece = &mut chunk[start..start + length];
        *at += length;
        self.frame.left -= length as u64;
        self.frame.key = key.after(length);
        let ended = self.frame.left == 0;
        if self.frame.opcode.is_control() {
            mask::apply(piece, key);
            self.control.extend_from_slice(piece);
            if ended {
                let payload = Payload::Held(std::mem::take(&mut self.control));
                return self.end_control(payload, sink);
            }
            return Flow::Continue;
        }
        if ended {
            self.stage = Stage::Header;
        }
        if self.message == Some(Kind::Text) {
            let ascii = mask::apply_is_ascii(piece, key);
            let valid = if ascii {
                self.validator.feed_ascii(piece)
            } else {
                self.validator.feed(piece)
            };
            let last = ended && self.frame.fin;
            if valid.is_err() || (last && !self.validator.is_complete()) {
                return self.fail(Failure::InvalidUtf8, sink);
            }
            self.ascii &= ascii;
            self.text.extend_from_slice(piece);
            if last {
                self.end_message();
                return sink.text(Payload::Held(std::mem::take(&mut self.text)), self.ascii);
            }
            return Flow::Continue;
        }
        mask::apply(piece, key);
        if ended && self.frame.fin {
            self.end_message();
            self.stage = Stage::BinaryEnd;
        }
        if length == 0 {
            return Flow::Continue;
        }
        sink.binary_data(Payload::InChunk {
            start,
            bytes: piece,
        })
    }

    /// Delivers a text message that is one frame and wholly in the chunk.
    #[inline]
    fn whole_text<S: Sink>(&mut self, chunk: &mut [u8], at: &mut usize, sink: &mut S) -> Flow {
        let start = *at;
        *at += self.frame.left as usize;
        let bytes = &mut chunk[start..*at];
        let ascii = mask::apply_is_ascii(bytes, self.frame.key);
        if !ascii && !utf8::is_valid(bytes) {
            return self.fail(Failure::InvalidUtf8, sink);
        }
        self.stage = Stage::Header;
        sink.text(Payload::InChunk { start, bytes }, ascii)
    }

    /// Takes the payload of a frame that is wholly in the chunk.
    #[inline]
    fn take_whole<'chunk>(&self, chunk: &'chunk mut [u8], at: &mut usize) -> Payload<'chunk> {
        let start = *at;
        *at += self.frame.left as usize;
        let bytes = &mut chunk[start..*at];
        mask::apply(bytes, self.frame.key);
        Payload::InChunk { start, bytes }
    }

    fn end_control<S: Sink>(&mut self, payload: Payload<'_>, sink: &mut S) -> Flow {
        self.stage = Stage::Header;
        match self.frame.opcode {
            Opcode::Ping => sink.ping(payload),
            Opcode::Pong => sink.pong(payload),
            _ => match close::parse(payload.bytes()) {
                Ok(code) => {
                    self.discard();
                    sink.close(code, payload.skip(2))
                }
                Err(failure) => self.fail(failure, sink),
            },
        }
    }

    fn end_message(&mut self) {
        self.message = None;
        self.compressed = false;
        self.declared = 0;
        self.fragments = 0;
    }

    #[cold]
    fn fail<S: Sink>(&mut self, failure: Failure, sink: &mut S) -> Flow {
        self.discard();
        sink.failure(failure)
    }

    /// Whatever follows is discarded unread, and nothing is held for it.
    fn discard(&mut self) {
        self.stage = Stage::Done;
        self.text = Vec::new();
        self.control = Vec::new();
        self.compressed = false;
        self.inflation = None;
    }
}
