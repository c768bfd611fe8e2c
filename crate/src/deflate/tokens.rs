//! What a block is made of: literals, and matches behind them.

use super::symbols::{
    DISTANCE_EXTRA, DISTANCES, END_OF_BLOCK, LENGTH_EXTRA, LITERALS, distance_slot, length_slot,
};

/// Most literals and matches of a block, but for the few by which the last match may go beyond.
pub const MAX_TOKENS: usize = 16 * 1024;

/// A match, and how many literals come before it. Their bytes stand in what was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    literals: u16,
    length: u16,
    distance: u16,
}

impl Sequence {
    /// How many literals come before the match.
    #[inline]
    pub const fn literals(self) -> usize {
        self.literals as usize
    }

    /// Bytes that the match stands for.
    #[inline]
    pub const fn length(self) -> usize {
        self.length as usize
    }

    /// How far back it is copied from.
    #[inline]
    pub const fn distance(self) -> usize {
        self.distance as usize
    }
}

/// The tokens of the block being made, and how often each symbol occurs in it.
#[derive(Debug)]
pub struct Tokens {
    sequences: Vec<Sequence>,
    /// Literals behind the last match.
    rest: usize,
    /// Literals and matches before them.
    count: usize,
    /// Occurrences of literals and lengths.
    pub literals: [u32; LITERALS],
    /// Occurrences of distances.
    pub distances: [u32; DISTANCES],
    /// Extra bits of all matches.
    pub extra_bits: u32,
}

impl Tokens {
    /// No tokens.
    pub const fn new() -> Self {
        Self {
            sequences: Vec::new(),
            rest: 0,
            count: 0,
            literals: [0; LITERALS],
            distances: [0; DISTANCES],
            extra_bits: 0,
        }
    }

    /// Counts a literal, which is told of later: by [`Self::copy`] or [`Self::pause`].
    #[inline]
    pub const fn literal(&mut self, byte: u8) {
        self.literals[byte as usize] += 1;
    }

    /// Adds a match behind so many literals.
    #[inline]
    pub fn copy(&mut self, literals: usize, length: usize, distance: usize) {
        let (length_slot, distance_slot) = (length_slot(length), distance_slot(distance));
        self.literals[END_OF_BLOCK + 1 + length_slot] += 1;
        self.distances[distance_slot] += 1;
        self.extra_bits +=
            u32::from(LENGTH_EXTRA[length_slot]) + u32::from(DISTANCE_EXTRA[distance_slot]);
        let literals = self.rest + literals;
        self.rest = 0;
        self.count += literals + 1;
        self.sequences.push(Sequence {
            literals: literals as u16,
            length: length as u16,
            distance: distance as u16,
        });
    }

    /// Adds literals that no match has followed yet.
    pub const fn pause(&mut self, literals: usize) {
        self.rest += literals;
    }

    /// The matches in order.
    pub fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// How many more there may be; 0 where the block is full.
    #[inline]
    pub const fn room(&self) -> usize {
        MAX_TOKENS.saturating_sub(self.count + self.rest)
    }

    /// Begins the next block.
    pub fn clear(&mut self) {
        self.sequences.clear();
        (self.rest, self.count) = (0, 0);
        self.literals = [0; LITERALS];
        self.distances = [0; DISTANCES];
        self.extra_bits = 0;
    }
}
