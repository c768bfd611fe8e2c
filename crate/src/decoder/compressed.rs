//! Compressed messages (RFC 7692 section 7.2.2): payload → unmask → inflate → text or pieces.
//!
//! Nothing is delivered from the chunk: what came out of the inflater is collected first, a text or a message that is wanted
//! whole until it is complete, a stream until the chunk is used up or a piece is full.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Decoder, Frame, Kind, Stage};
use crate::error::Failure;
use crate::header::{Header, MAX_HEADER_BYTES};
use crate::inflate::{Benches, Inflater};
use crate::limits::INFLATE_BYTES_PER_TURN;
use crate::mask;
use crate::opcode::{Opcode, RSV, RSV1};
use crate::sink::{BinaryMode, Flow, Payload, Sink};

/// Pieces of a stream are not made longer than this.
const MAX_PIECE_BYTES: usize = 64 * 1024;

/// Most bytes that come out of the inflater at once, rounded up: what a piece has to have room for.
const MAX_INFLATED_BYTES: usize = 16 * 1024;

/// How the peer compresses, as it was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InflateSettings {
    /// The peer's matches reach back 2^n bytes at most, n from 8 to 15.
    pub window_bits: u8,
    /// Whether its messages may refer to those before them.
    pub context_takeover: bool,
}

/// What the decoders of a thread share to inflate.
#[derive(Debug, Default)]
pub struct InflatePool {
    benches: Benches,
    /// Inflaters of decoders that keep none between messages, by their window bits less 8.
    spare: [Vec<Inflater>; 8],
}

/// More than this many of a size are not kept: they are in use only while a message comes.
const MAX_SPARE_INFLATERS: usize = 8;

impl InflatePool {
    fn take(&mut self, window_bits: u8) -> Inflater {
        let spare = self.spare[usize::from(window_bits) - 8].pop();
        spare.unwrap_or_else(|| Inflater::new(window_bits))
    }

    fn give(&mut self, window_bits: u8, mut inflater: Inflater) {
        let spare = &mut self.spare[usize::from(window_bits) - 8];
        if spare.len() < MAX_SPARE_INFLATERS {
            inflater.reset();
            spare.push(inflater);
        }
    }
}

/// What a decoder has where permessage-deflate was agreed on.
#[derive(Debug)]
pub(super) struct Inflation {
    settings: InflateSettings,
    pool: Rc<RefCell<InflatePool>>,
    /// The peer's history; none before the first message, and between messages that do not refer to each other.
    inflater: Option<Inflater>,
    /// Bytes at the front of the chunk that are unmasked and not used.
    ready: usize,
    /// Whether the inflater has something to do without further input.
    more: bool,
    /// Why the connection is failed once what came out before is delivered.
    failure: Option<Failure>,
    /// What is left to be inflated behind the payload.
    tail: &'static [u8],
    /// Bytes of the message that have come out.
    length: u64,
    /// Bytes that have gone in and come out in this call.
    taken: usize,
    given: usize,
}

impl Inflation {
    pub(super) fn new(settings: InflateSettings, pool: Rc<RefCell<InflatePool>>) -> Self {
        Self {
            settings,
            pool,
            inflater: None,
            ready: 0,
            more: false,
            failure: None,
            tail: &[],
            length: 0,
            taken: 0,
            given: 0,
        }
    }

    /// Begins a call of `feed`.
    pub(super) const fn begin_turn(&mut self) {
        (self.taken, self.given) = (0, 0);
    }

    /// Bytes that have gone in and come out since.
    pub(super) const fn turn(&self) -> (usize, usize) {
        (self.taken, self.given)
    }

    /// Whether the turn is used up.
    const fn is_spent(&self) -> bool {
        self.taken >= INFLATE_BYTES_PER_TURN || self.given >= INFLATE_BYTES_PER_TURN
    }

    /// Whether something can be done without another byte.
    pub(super) const fn has_rest(&self) -> bool {
        self.more || self.ready != 0
    }

    /// Inflates from `input`, and appends what comes out to `output`, up to `limit` bytes of the message. Returns how many
    /// bytes of the input were used, and whether the message is longer than that.
    fn inflate(
        &mut self,
        input: &[u8],
        limit: u64,
        output: &mut Vec<u8>,
    ) -> Result<(usize, bool), Failure> {
        let pool = &mut *self.pool.borrow_mut();
        let window_bits = self.settings.window_bits;
        let inflater = self.inflater.get_or_insert_with(|| pool.take(window_bits));
        let piece = inflater.inflate(&mut pool.benches, input)?;
        self.more = piece.more;
        self.taken += piece.consumed;
        self.given += piece.bytes.len();
        let allowed = (limit - self.length).min(piece.bytes.len() as u64) as usize;
        let too_big = allowed < piece.bytes.len();
        self.length += allowed as u64;
        if output.capacity() - output.len() < allowed {
            // Doubled, but never far beyond what the message may become.
            let wanted = (2 * output.capacity() as u64).min(limit) as usize;
            output.reserve_exact(allowed.max(wanted.saturating_sub(output.len())));
        }
        output.extend_from_slice(&piece.bytes[..allowed]);
        Ok((piece.consumed, too_big))
    }

    /// Ends a message whose payload is inflated.
    fn finish(&mut self) -> Result<(), Failure> {
        let pool = &mut *self.pool.borrow_mut();
        if let Some(mut inflater) = self.inflater.take() {
            inflater.finish(&mut pool.benches)?;
            if self.settings.context_takeover {
                self.inflater = Some(inflater);
            } else {
                pool.give(self.settings.window_bits, inflater);
            }
        }
        Ok(())
    }
}

impl Decoder {
    /// Parses a header that broke a rule once more: RSV1 on the first frame of a data message is none where permessage-deflate
    /// was agreed on (RFC 7692 section 6). Apart from the others, so that frames that are not compressed do not pay for it.
    #[cold]
    pub(super) fn parse_marked(
        &self,
        bytes: &[u8],
        failure: Failure,
    ) -> Result<Option<Header>, Failure> {
        let opcode = Opcode::parse(bytes[0]);
        if self.inflation.is_none()
            || bytes[0] & RSV != RSV1
            || !matches!(opcode, Some(Opcode::Text | Opcode::Binary))
        {
            return Err(failure);
        }
        let mut unmarked = [0; MAX_HEADER_BYTES];
        let length = bytes.len().min(MAX_HEADER_BYTES);
        unmarked[..length].copy_from_slice(&bytes[..length]);
        unmarked[0] &= !RSV1;
        Header::parse(&unmarked[..length], self.role, self.message.is_some())
    }

    /// Begins a compressed message.
    pub(super) fn begin_compressed<S: Sink>(&mut self, header: &Header, sink: &mut S) -> Flow {
        self.frame = Frame {
            opcode: header.opcode,
            fin: header.fin,
            left: header.length,
            key: header.key,
        };
        self.compressed = true;
        if let Some(inflation) = &mut self.inflation {
            inflation.length = 0;
        }
        if header.opcode == Opcode::Binary {
            self.message = Some(Kind::Binary);
            self.stage = Stage::Ask;
            return Flow::Continue;
        }
        self.message = Some(Kind::Text);
        self.ascii = true;
        self.count_frame(sink)
    }

    /// Takes what the chunk has of the frame's payload, a slice at most, and inflates a piece of it.
    pub(super) fn read_compressed<S: Sink>(
        &mut self,
        chunk: &mut [u8],
        at: &mut usize,
        sink: &mut S,
    ) -> Flow {
        let Some(inflation) = &mut self.inflation else {
            return Flow::Continue;
        };
        if inflation.ready == 0 {
            let length = self.frame.left.min((chunk.len() - *at) as u64) as usize;
            let length = length.min(INFLATE_BYTES_PER_TURN);
            mask::apply(&mut chunk[*at..*at + length], self.frame.key);
            self.frame.left -= length as u64;
            self.frame.key = self.frame.key.after(length);
            inflation.ready = length;
        }
        if inflation.has_rest() {
            let input = &chunk[*at..*at + inflation.ready];
            return match self.inflate(input, sink) {
                Ok((used, flow)) => {
                    *at += used;
                    if let Some(inflation) = &mut self.inflation {
                        inflation.ready -= used;
                    }
                    flow
                }
                Err(failure) => self.fail(failure, sink),
            };
        }
        // The frame is complete.
        if !self.frame.fin {
            self.stage = Stage::Header;
        } else if self.declared == 0 {
            // "If the payload is empty": nothing is inflated, and the context stays what it is.
            return self.end_compressed(sink);
        } else {
            self.stage = Stage::Tail;
            let inflater = inflation.inflater.as_ref();
            match inflater.map_or(Ok(&[][..]), Inflater::tail) {
                Ok(tail) => inflation.tail = tail,
                Err(failure) => return self.fail(failure, sink),
            }
        }
        Flow::Continue
    }

    /// Inflates what the peer has left out at the end of the message.
    pub(super) fn read_tail<S: Sink>(&mut self, sink: &mut S) -> Flow {
        let Some(inflation) = &mut self.inflation else {
            return Flow::Continue;
        };
        let tail = inflation.tail;
        if tail.is_empty() && !inflation.more {
            return match inflation.finish() {
                Ok(()) => self.end_compressed(sink),
                Err(failure) => self.fail(failure, sink),
            };
        }
        match self.inflate(tail, sink) {
            Ok((used, flow)) => {
                if let Some(inflation) = &mut self.inflation {
                    inflation.tail = &tail[used..];
                }
                flow
            }
            Err(failure) => self.fail(failure, sink),
        }
    }

    /// Inflates a piece of `input`, checks it, and delivers it where it is part of a stream. Returns how many bytes were used.
    fn inflate<S: Sink>(&mut self, input: &[u8], sink: &mut S) -> Result<(usize, Flow), Failure> {
        let limit = self.message_limit();
        let Some(inflation) = &mut self.inflation else {
            return Ok((input.len(), Flow::Continue));
        };
        if let Some(failure) = inflation.failure {
            return Err(failure);
        }
        let start = self.text.len();
        let (used, failure) = match inflation.inflate(input, limit, &mut self.text) {
            Ok((used, false)) => (used, None),
            Ok((used, true)) => (used, Some(Failure::MessageTooBig)),
            Err(failure) => (0, Some(failure)),
        };
        let bytes = &self.text[start..];
        if self.message == Some(Kind::Text) {
            let ascii = bytes.is_ascii();
            let valid = if ascii {
                self.validator.feed_ascii(bytes)
            } else {
                self.validator.feed(bytes)
            };
            valid.map_err(|_| Failure::InvalidUtf8)?;
            self.ascii &= ascii;
        }
        let streamed = self.message == Some(Kind::Binary) && self.mode == BinaryMode::Stream;
        if let Some(failure) = failure {
            if !streamed || self.text.is_empty() {
                return Err(failure);
            }
            inflation.failure = Some(failure);
            inflation.more = true;
        }
        let spent = inflation.is_spent();
        let full = self.text.len() > MAX_PIECE_BYTES - MAX_INFLATED_BYTES;
        let idle = used == input.len() && !inflation.more;
        let due = full || idle || spent || failure.is_some();
        let mut flow = if spent { Flow::Stop } else { Flow::Continue };
        if streamed && due && !self.text.is_empty() {
            let piece = Payload::Held(std::mem::take(&mut self.text));
            if sink.binary_data(piece) == Flow::Stop {
                flow = Flow::Stop;
            }
        }
        Ok((used, flow))
    }

    /// Delivers the end of a compressed message.
    fn end_compressed<S: Sink>(&mut self, sink: &mut S) -> Flow {
        self.stage = Stage::Header;
        let kind = self.message;
        if kind == Some(Kind::Text) && !self.validator.is_complete() {
            return self.fail(Failure::InvalidUtf8, sink);
        }
        self.end_message();
        let held = Payload::Held(std::mem::take(&mut self.text));
        let flow = match (kind, self.mode) {
            (Some(Kind::Text), _) => sink.text(held, self.ascii),
            (_, BinaryMode::Collect) => sink.binary(held),
            (_, BinaryMode::Stream) => sink.binary_end(),
        };
        let spent = self
            .inflation
            .as_ref()
            .is_some_and(|inflation| inflation.is_spent());
        if spent { Flow::Stop } else { flow }
    }
}
