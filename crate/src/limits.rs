//! What a peer may make this endpoint hold.

/// At most this many bytes are reserved on the word of a length field; the rest grows as bytes arrive.
pub const MAX_RESERVED_BYTES: u64 = 64 * 1024;

/// A fragment shorter than this counts against [`Limits::max_fragments`]; a longer one pays for itself.
pub const TINY_FRAGMENT_BYTES: u64 = 64;

/// Payload lengths from 2^53 on are refused whatever the limits: JavaScript could not count them.
pub const MAX_COUNTABLE_BYTES: u64 = (1 << 53) - 1;

/// After so many bytes have gone into the inflater or come out of it, the decoder stops: a few bytes may become a thousand
/// times as many, and take the time that those take.
pub const INFLATE_BYTES_PER_TURN: usize = 64 * 1024;

/// How many bytes of payload a compressed message may have that may become `limit` bytes: what does not get shorter gets
/// a little longer.
pub const fn max_compressed_bytes(limit: u64) -> u64 {
    limit.saturating_add(limit / 16).saturating_add(1024)
}

/// The limits of one decoder. `u64::MAX` means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest text message, and longest binary message that is collected whole, in bytes.
    pub max_message_bytes: u64,
    /// Longest binary message that is streamed piece by piece, in bytes.
    pub max_stream_bytes: u64,
    /// How many fragments shorter than [`TINY_FRAGMENT_BYTES`] (empty ones too) one message may have.
    pub max_fragments: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: 2 * 1024 * 1024,
            max_stream_bytes: u64::MAX,
            max_fragments: 16_384,
        }
    }
}
