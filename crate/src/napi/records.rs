//! Events as records of four words in memory that JavaScript reads: `[kind, a, b, c]`.
//!
//! `lib/engine/native/binding.ts` names the same kinds. Records start behind a head of four words,
//! `[consumed, pending bytes, bytes inflated, bytes that came out of it]`.

use std::collections::VecDeque;

use crate::error::Failure;
use crate::sink::{BinaryMode, Flow, Payload, Sink};

pub const WORDS_PER_RECORD: usize = 4;

/// What a record says. Ranges are offsets in the chunk.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Kind {
    /// a..b in the chunk, all of it ASCII.
    TextAscii,
    /// a..b in the chunk, valid UTF-8.
    TextUtf8,
    /// Fetched by `takeText` or `takeBytes`; a is 1 where all of it is ASCII.
    TextHeld,
    /// b bytes at a.
    Binary,
    BinaryBegin,
    /// b bytes at a.
    BinaryData,
    BinaryEnd,
    /// b bytes at a.
    Ping,
    /// Fetched by `takeBytes`.
    PingHeld,
    /// b bytes at a.
    Pong,
    /// Fetched by `takeBytes`.
    PongHeld,
    /// The reason is a..b in the chunk, the code c.
    Close,
    /// The reason is fetched by `takeText`, the code is c.
    CloseHeld,
    /// The failure with discriminant a.
    Failure,
    /// Fetched by `takeBytes`: the whole message that `BinaryBegin` has announced.
    BinaryHeld,
    /// Fetched by `takeBytes`.
    BinaryDataHeld,
}

/// A payload that is in no chunk and waits to be fetched.
#[derive(Default)]
pub struct Held {
    pub bytes: Vec<u8>,
    pub ascii: bool,
}

/// Writes records until the memory is full or JavaScript has to answer something.
pub struct Records<'call> {
    words: &'call mut [u32],
    /// Payloads that wait to be fetched, in the order of their records.
    held: &'call mut VecDeque<Held>,
    /// Offset in the chunk of the bytes being parsed.
    base: usize,
    count: usize,
}

impl<'call> Records<'call> {
    /// # Panics
    /// When `words` has no room for the head and one record.
    pub fn new(words: &'call mut [u32], held: &'call mut VecDeque<Held>, base: usize) -> Self {
        assert!(words.len() >= 2 * WORDS_PER_RECORD);
        Self {
            words,
            held,
            base,
            count: 0,
        }
    }

    /// Writes the head and returns the number of records.
    pub fn finish(self, consumed: usize, pending: usize, inflated: (usize, usize)) -> usize {
        self.words[0] = consumed as u32;
        self.words[1] = u32::try_from(pending).unwrap_or(u32::MAX);
        self.words[2] = inflated.0 as u32;
        self.words[3] = inflated.1 as u32;
        self.count
    }

    #[inline]
    fn push(&mut self, kind: Kind, a: usize, b: usize, c: u32) -> Flow {
        let at = WORDS_PER_RECORD * (self.count + 1);
        let record = &mut self.words[at..at + WORDS_PER_RECORD];
        record.copy_from_slice(&[kind as u32, a as u32, b as u32, c]);
        self.count += 1;
        if at + 2 * WORDS_PER_RECORD <= self.words.len() {
            Flow::Continue
        } else {
            Flow::Stop
        }
    }

    fn hold(&mut self, kind: Kind, bytes: Vec<u8>, ascii: bool, c: u32) -> Flow {
        self.held.push_back(Held { bytes, ascii });
        self.push(kind, usize::from(ascii), 0, c)
    }

    #[inline]
    fn bytes(&mut self, in_chunk: Kind, held: Kind, payload: Payload<'_>) -> Flow {
        match payload {
            Payload::InChunk { start, bytes } => {
                self.push(in_chunk, self.base + start, bytes.len(), 0)
            }
            Payload::Held(bytes) => self.hold(held, bytes, false, 0),
        }
    }
}

impl Sink for Records<'_> {
    #[inline]
    fn text(&mut self, text: Payload<'_>, ascii: bool) -> Flow {
        match text {
            Payload::InChunk { start, bytes } => {
                let kind = if ascii {
                    Kind::TextAscii
                } else {
                    Kind::TextUtf8
                };
                let start = self.base + start;
                self.push(kind, start, start + bytes.len(), 0)
            }
            Payload::Held(bytes) => self.hold(Kind::TextHeld, bytes, ascii, 0),
        }
    }

    #[inline]
    fn binary(&mut self, message: Payload<'_>) -> Flow {
        // One that is not in the chunk was announced by `binary_begin`.
        self.bytes(Kind::Binary, Kind::BinaryHeld, message)
    }

    fn binary_begin(&mut self) -> Option<BinaryMode> {
        self.push(Kind::BinaryBegin, 0, 0, 0);
        None
    }

    fn binary_data(&mut self, piece: Payload<'_>) -> Flow {
        self.bytes(Kind::BinaryData, Kind::BinaryDataHeld, piece)
    }

    fn binary_end(&mut self) -> Flow {
        self.push(Kind::BinaryEnd, 0, 0, 0)
    }

    fn ping(&mut self, payload: Payload<'_>) -> Flow {
        self.bytes(Kind::Ping, Kind::PingHeld, payload)
    }

    fn pong(&mut self, payload: Payload<'_>) -> Flow {
        self.bytes(Kind::Pong, Kind::PongHeld, payload)
    }

    fn close(&mut self, code: u16, reason: Payload<'_>) -> Flow {
        let code = u32::from(code);
        match reason {
            Payload::InChunk { start, bytes } => {
                let start = self.base + start;
                self.push(Kind::Close, start, start + bytes.len(), code)
            }
            Payload::Held(bytes) => self.hold(Kind::CloseHeld, bytes, false, code),
        }
    }

    fn failure(&mut self, failure: Failure) -> Flow {
        self.push(Kind::Failure, failure as usize, 0, 0)
    }
}
