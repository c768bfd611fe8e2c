//! DEFLATE out (RFC 1951), as messages of permessage-deflate are compressed (RFC 7692 section 7.2.1).
//!
//! A compressor of its own, because what there is pays for streams of megabytes: here a message of 256 bytes is the rule,
//! tens of thousands of connections keep a history each, and a call must not take long. So a [`Deflater`] holds a window and
//! its tables only. All else is a [`Workshop`], of which a thread has one. Nothing is cleared between messages.

mod bits;
mod block;
mod huffman;
mod matcher;
mod search;
pub(crate) mod symbols;
mod tokens;

use bits::{BitWriter, Carry, SLACK_BYTES};
use block::BlockWriter;
use matcher::Matcher;
use search::Effort;
use tokens::Tokens;

use crate::inflate::TAIL;

/// How to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// 0 (stored) to 9 (small), as zlib has them.
    pub level: u8,
    /// Distances reach back 2^n bytes, n from 8 to 15.
    pub window_bits: u8,
    /// The table of what occurred where has 2^(n + 6) entries, n from 1 to 9.
    pub memory_level: u8,
}

impl Settings {
    const fn hash_bits(self) -> u8 {
        self.memory_level + 6
    }

    /// Bytes that a [`Deflater`] with these settings takes.
    pub const fn reserved_bytes(self) -> usize {
        size_of::<Deflater>() + Matcher::reserved_bytes(self.window_bits, self.hash_bits())
    }

    const fn effort(self) -> Effort {
        let (candidates, long_candidates, enough, lazy, listed) = match self.level {
            ..=1 => (2, 1, 16, 0, 8),
            2 => (3, 2, 32, 0, 12),
            3 => (5, 3, 32, 0, 16),
            4 => (8, 4, 32, 16, 258),
            5 => (16, 5, 64, 16, 258),
            6 => (40, 6, 64, 20, 258),
            7 => (64, 16, 160, 96, 258),
            8 => (200, 50, 258, 258, 258),
            9.. => (600, 150, 258, 258, 258),
        };
        Effort {
            candidates,
            long_candidates,
            insists: self.level > 6,
            enough,
            lazy,
            listed,
        }
    }
}

/// What is needed to compress, but only while it is done.
#[derive(Debug)]
pub struct Workshop {
    tokens: Tokens,
    blocks: BlockWriter,
}

impl Workshop {
    /// Memory for one call at a time, about 100 KiB.
    pub fn new() -> Self {
        Self {
            tokens: Tokens::new(),
            blocks: BlockWriter::new(),
        }
    }
}

impl Default for Workshop {
    fn default() -> Self {
        Self::new()
    }
}

/// What follows the bytes that are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// More of them: what does not fill a byte yet is kept for the next call.
    More,
    /// A pause: whoever reads what was written so far can decompress all of it. It ends in 00 00 FF FF.
    Flush,
    /// The end of the message: a flush without those four bytes (RFC 7692 section 7.2.1).
    End,
}

/// The history of what one endpoint has sent, which its messages refer to.
#[derive(Debug)]
pub struct Deflater {
    effort: Effort,
    stored: bool,
    matcher: Matcher,
    /// Bits of the message under way that do not fill a byte yet.
    carry: Carry,
}

impl Deflater {
    /// A compressor without history.
    ///
    /// # Panics
    /// When a setting is out of its range.
    pub fn new(settings: Settings) -> Self {
        assert!(settings.level <= 9);
        assert!((8..=15).contains(&settings.window_bits));
        assert!((1..=9).contains(&settings.memory_level));
        Self {
            effort: settings.effort(),
            stored: settings.level == 0,
            matcher: Matcher::new(settings.window_bits, settings.hash_bits()),
            carry: Carry::default(),
        }
    }

    /// Forgets what was sent: what comes does not refer to it. Between messages only.
    pub fn reset(&mut self) {
        self.matcher.forget();
        self.carry = Carry::default();
    }

    /// Compresses the next part of a message into `output`. Returns how many bytes it became.
    ///
    /// # Panics
    /// When `output` is shorter than [`bound`] says.
    pub fn deflate(
        &mut self,
        workshop: &mut Workshop,
        input: &[u8],
        output: &mut [u8],
        then: Then,
    ) -> usize {
        let Workshop { tokens, blocks } = workshop;
        let mut writer = BitWriter::new(output, self.carry);
        if self.stored {
            block::write_stored(&mut writer, input);
        } else {
            let mut rest = input;
            while !rest.is_empty() {
                tokens.clear();
                let length = self.matcher.tokenize(rest, self.effort, tokens);
                let (raw, left) = rest.split_at(length);
                blocks.write(&mut writer, tokens, raw);
                rest = left;
            }
        }
        if then != Then::More {
            // An empty stored block: what is left out of it at the end of a message are its two lengths.
            writer.put(0, 3);
            writer.align();
        }
        if then == Then::Flush {
            writer.copy(&TAIL);
        }
        let (length, carry) = writer.finish();
        self.carry = carry;
        length
    }
}

/// Room that [`Deflater::deflate`] wants for `length` bytes of input; it fills less.
#[must_use]
pub const fn bound(length: usize) -> usize {
    // Blocks of at least `MAX_TOKENS` bytes, five bytes more than what they stand for, and bits before and behind them.
    length + 5 * (length / tokens::MAX_TOKENS + 1) + 3 + TAIL.len() + SLACK_BYTES
}
