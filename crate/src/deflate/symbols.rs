//! The alphabets of a compressed block (RFC 1951 section 3.2.5) and what a block is made of.

/// Shortest and longest match that the format can say.
pub const MIN_MATCH_BYTES: usize = 3;
/// See [`MIN_MATCH_BYTES`].
pub const MAX_MATCH_BYTES: usize = 258;

/// Literals, the end of the block, and lengths. The last two never occur, but the fixed codes count them.
pub const LITERALS: usize = 288;
/// Distances.
pub const DISTANCES: usize = 30;
/// The symbol that ends a block.
pub const END_OF_BLOCK: usize = 256;

/// Extra bits of the lengths from symbol 257 on.
pub const LENGTH_EXTRA: [u8; 29] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
/// Shortest length that each symbol from 257 on stands for.
pub const LENGTH_BASE: [u16; 29] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
];
/// Extra bits of the distances.
pub const DISTANCE_EXTRA: [u8; DISTANCES] = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
];
/// Shortest distance that each symbol stands for.
pub const DISTANCE_BASE: [u16; DISTANCES] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
];

/// The length symbol less 257 of each length less 3.
const LENGTH_SLOTS: [u8; 256] = {
    let mut slots = [0; 256];
    let mut slot = 0;
    while slot < LENGTH_BASE.len() {
        let mut at = LENGTH_BASE[slot] as usize - MIN_MATCH_BYTES;
        while at < slots.len() {
            slots[at] = slot as u8;
            at += 1;
        }
        slot += 1;
    }
    slots
};

/// The length symbol less 257.
#[inline]
pub const fn length_slot(length: usize) -> usize {
    LENGTH_SLOTS[length - MIN_MATCH_BYTES] as usize
}

/// The distance symbol: two for each number of bits.
#[inline]
pub const fn distance_slot(distance: usize) -> usize {
    let last = distance as u32 - 1;
    if last < 4 {
        return last as usize;
    }
    let bits = last.ilog2();
    (2 * bits + (last >> (bits - 1) & 1)) as usize
}

/// A literal, or a match: its length in the low nine bits, its distance above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(u32);

impl Token {
    /// The distance; 0 for a literal.
    #[inline]
    pub const fn distance(self) -> usize {
        (self.0 >> 9) as usize
    }

    /// The literal, or the length.
    #[inline]
    pub const fn value(self) -> usize {
        (self.0 & 0x1ff) as usize
    }
}

/// Most tokens of a block.
pub const MAX_TOKENS: usize = 16 * 1024;

/// The tokens of the block being made, and how often each symbol occurs in it.
#[derive(Debug)]
pub struct Tokens {
    list: Vec<Token>,
    /// Occurrences of literals and lengths.
    pub literals: [u32; LITERALS],
    /// Occurrences of distances.
    pub distances: [u32; DISTANCES],
    /// Extra bits of all matches.
    pub extra_bits: u32,
}

impl Tokens {
    /// No tokens.
    pub fn new() -> Self {
        Self {
            list: Vec::new(),
            literals: [0; LITERALS],
            distances: [0; DISTANCES],
            extra_bits: 0,
        }
    }

    /// Adds a literal.
    #[inline]
    pub fn literal(&mut self, byte: u8) {
        self.literals[usize::from(byte)] += 1;
        self.list.push(Token(byte.into()));
    }

    /// Adds a match.
    #[inline]
    pub fn copy(&mut self, length: usize, distance: usize) {
        let (length_slot, distance_slot) = (length_slot(length), distance_slot(distance));
        self.literals[END_OF_BLOCK + 1 + length_slot] += 1;
        self.distances[distance_slot] += 1;
        self.extra_bits +=
            u32::from(LENGTH_EXTRA[length_slot]) + u32::from(DISTANCE_EXTRA[distance_slot]);
        self.list
            .push(Token((distance as u32) << 9 | length as u32));
    }

    /// The tokens in order.
    pub fn as_slice(&self) -> &[Token] {
        &self.list
    }

    /// Whether the block is full.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.list.len() >= MAX_TOKENS
    }

    /// Begins the next block.
    pub fn clear(&mut self) {
        self.list.clear();
        self.literals = [0; LITERALS];
        self.distances = [0; DISTANCES];
        self.extra_bits = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_length_and_distance_has_the_symbol_that_stands_for_it() {
        for length in MIN_MATCH_BYTES..=MAX_MATCH_BYTES {
            let slot = length_slot(length);
            let above = length - usize::from(LENGTH_BASE[slot]);
            assert!(above < 1 << LENGTH_EXTRA[slot], "length {length}");
        }
        for distance in 1..=32_768 {
            let slot = distance_slot(distance);
            let above = distance - usize::from(DISTANCE_BASE[slot]);
            assert!(above < 1 << DISTANCE_EXTRA[slot], "distance {distance}");
        }
    }
}
