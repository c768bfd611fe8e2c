//! Where a decoder delivers what it has read.

use crate::error::Failure;

/// Whether the decoder may go on after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Return to the caller. The event counts as delivered.
    Stop,
}

/// How a binary message that is not here in one piece is wanted. The pieces come as `binary_data` in both cases; what differs
/// is the limit the message is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryMode {
    /// Put together by the receiver: `max_message_bytes` holds.
    Collect,
    /// Passed on piece by piece: `max_stream_bytes` holds.
    Stream,
}

/// The unmasked payload of an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload<'chunk> {
    /// It lies in the chunk.
    InChunk {
        /// Offset of the first byte in the chunk.
        start: usize,
        /// The bytes.
        bytes: &'chunk [u8],
    },
    /// It was put together from several pieces.
    Held(Vec<u8>),
}

impl Payload<'_> {
    /// The bytes, wherever they are.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::InChunk { bytes, .. } => bytes,
            Self::Held(bytes) => bytes,
        }
    }

    /// The payload less its first `count` bytes (all of them, where it is shorter).
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        match self {
            Self::InChunk { start, bytes } => {
                let count = count.min(bytes.len());
                Self::InChunk {
                    start: start + count,
                    bytes: &bytes[count..],
                }
            }
            Self::Held(mut bytes) => {
                bytes.drain(..count.min(bytes.len()));
                Self::Held(bytes)
            }
        }
    }
}

/// The receiver of a decoder's events, in the order of the bytes. The decoder is generic over it, so that delivery costs no
/// dynamic call.
pub trait Sink {
    /// A whole text message, valid UTF-8. `ascii` says whether all of it is ASCII.
    fn text(&mut self, text: Payload<'_>, ascii: bool) -> Flow;
    /// A whole binary message that arrived in one piece.
    fn binary(&mut self, message: Payload<'_>) -> Flow;
    /// The first header of a binary message that is not here in one piece. `None` stops the decoder until
    /// [`crate::decoder::Decoder::answer`] is called.
    fn binary_begin(&mut self) -> Option<BinaryMode>;
    /// A piece of a binary message, never empty.
    fn binary_data(&mut self, piece: Payload<'_>) -> Flow;
    /// The binary message that `binary_begin` announced is complete.
    fn binary_end(&mut self) -> Flow;
    /// A ping.
    fn ping(&mut self, payload: Payload<'_>) -> Flow;
    /// A pong.
    fn pong(&mut self, payload: Payload<'_>) -> Flow;
    /// A close frame; code 1005 where it has no payload. Nothing follows it.
    fn close(&mut self, code: u16, reason: Payload<'_>) -> Flow;
    /// The bytes break a rule or a limit. Nothing follows.
    fn failure(&mut self, failure: Failure) -> Flow;
}
