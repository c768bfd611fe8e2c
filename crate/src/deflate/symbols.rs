//! The alphabets of a compressed block (RFC 1951 section 3.2.5).

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
