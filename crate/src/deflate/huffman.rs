//! Prefix codes of limited length (RFC 1951 section 3.2.2).

use super::bits::BitWriter;

/// Longest code of literals, lengths and distances.
pub const MAX_CODE_BITS: usize = 15;

/// The codes of an alphabet of `N` symbols, as they are written: their first bit in the lowest place.
#[derive(Clone, Copy, Debug)]
pub struct Codes<const N: usize> {
    /// The code of each symbol.
    pub codes: [u16; N],
    /// Its length in bits; 0 where the symbol does not occur.
    pub lengths: [u8; N],
}

impl<const N: usize> Codes<N> {
    /// No symbol has a code.
    pub const EMPTY: Self = Self {
        codes: [0; N],
        lengths: [0; N],
    };

    /// Finds the lengths, none above `limit`, that make a message with these counts short.
    pub fn set_lengths(&mut self, counts: &[u32; N], limit: usize) {
        // Sorted by count, symbols of one count by their number. A count fits in 23 bits: no block has more symbols.
        let mut leaves = [0u32; N];
        let mut used = 0;
        for (symbol, &count) in counts.iter().enumerate() {
            if count != 0 {
                leaves[used] = count << 9 | symbol as u32;
                used += 1;
            }
        }
        self.lengths = [0; N];
        let leaves = &mut leaves[..used];
        match leaves {
            [] => {}
            // A code has one bit at least.
            [only] => self.lengths[(*only & 0x1ff) as usize] = 1,
            _ => {
                leaves.sort_unstable();
                let mut numbers = [0u32; MAX_CODE_BITS + 1];
                count_lengths(leaves, limit, &mut numbers);
                // The rarest symbols get the longest codes.
                let mut leaves = leaves.iter();
                for length in (1..=limit).rev() {
                    for leaf in leaves.by_ref().take(numbers[length] as usize) {
                        self.lengths[(leaf & 0x1ff) as usize] = length as u8;
                    }
                }
            }
        }
    }

    /// Writes the code of a symbol.
    #[inline]
    pub const fn add(&self, writer: &mut BitWriter<'_>, symbol: usize) {
        writer.add(self.codes[symbol] as u64, self.lengths[symbol] as u32);
    }

    /// Numbers the codes: by length, then by symbol.
    pub fn set_codes(&mut self) {
        let mut next = [0u16; MAX_CODE_BITS + 2];
        for length in self.lengths {
            next[usize::from(length) + 1] += 1;
        }
        next[1] = 0;
        for length in 1..MAX_CODE_BITS {
            next[length + 1] = (next[length + 1] + next[length]) << 1;
        }
        // next[n] is the first code of n bits, less one step: each length starts where twice the shorter ones end.
        for (code, &length) in self.codes.iter_mut().zip(&self.lengths) {
            if length != 0 {
                let number = &mut next[usize::from(length)];
                *code = number.reverse_bits() >> (16 - length);
                *number += 1;
            }
        }
    }
}

/// How many symbols get a code of each length. `leaves` are sorted by their count, which stands above nine bits.
fn count_lengths(leaves: &[u32], limit: usize, numbers: &mut [u32; MAX_CODE_BITS + 1]) {
    const MOST: usize = 288;
    let used = leaves.len();
    // Both the leaves and the nodes made of them come in the order of their weights, so the two lightest are always at the
    // front of one or the other (van Leeuwen). A node remembers its children's number among the nodes.
    let (mut weights, mut parents) = ([0u32; MOST], [0u16; MOST]);
    let (mut leaf, mut node) = (0, 0);
    let nodes = used - 1;
    let mut leaf_parents = [0u16; MOST];
    for made in 0..nodes {
        let mut weight = 0;
        for _ in 0..2 {
            if leaf < used && (node == made || leaves[leaf] >> 9 <= weights[node]) {
                weight += leaves[leaf] >> 9;
                leaf_parents[leaf] = made as u16;
                leaf += 1;
            } else {
                weight += weights[node];
                parents[node] = made as u16;
                node += 1;
            }
        }
        weights[made] = weight;
    }
    // From the root down: the depth of a node is that of its parent and one.
    let mut depths = [0u8; MOST];
    for node in (0..nodes - 1).rev() {
        depths[node] = depths[usize::from(parents[node])] + 1;
    }
    let mut excess = 0;
    for parent in &leaf_parents[..used] {
        let depth = usize::from(depths[usize::from(*parent)]) + 1;
        if depth > limit {
            excess += 1;
        }
        numbers[depth.min(limit)] += 1;
    }
    if excess == 0 {
        return;
    }
    // Codes cut to the limit take more room than there is: a shorter one is made longer by a bit, which makes room for one
    // of the longest beside it, until all fit.
    let mut taken: u32 = (1..=limit).map(|n| numbers[n] << (limit - n)).sum();
    while taken > 1 << limit {
        let shorter = (1..limit).rev().find(|n| numbers[*n] != 0);
        let shorter = shorter.expect("more codes than their length has room for");
        numbers[shorter] -= 1;
        numbers[shorter + 1] += 2;
        numbers[limit] -= 1;
        taken -= 1;
    }
}
