//! Tables that turn the next bits of a block into a symbol (RFC 1951 section 3.2.2).

use crate::deflate::symbols::{DISTANCE_BASE, DISTANCE_EXTRA, LENGTH_BASE, LENGTH_EXTRA};
use crate::error::Failure;

/// Longest code.
pub const MAX_CODE_BITS: usize = 15;

/// Bits that are looked up at once. A longer code is looked up in a second table, behind the first.
const LITERAL_BITS: u32 = 10;
const DISTANCE_BITS: u32 = 8;
/// The first table and as many second ones as a code can need, rounded up.
const LITERAL_ENTRIES: usize = 1344;
const DISTANCE_ENTRIES: usize = 416;

/// What an entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A byte, or for the code of code lengths a symbol.
    Literal = 0,
    /// A length or a distance, to which extra bits are added.
    Base = 1,
    /// The end of the block.
    End = 2,
    /// A second table.
    Link = 3,
}

/// `value << 16 | kind << 8 | extra bits << 4 | length of the code`; zero where no code begins with these bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry(u32);

impl Entry {
    const NONE: Self = Self(0);

    const fn new(kind: Kind, value: u16, extra: u8) -> Self {
        Self((value as u32) << 16 | (kind as u32) << 8 | (extra as u32) << 4)
    }

    /// Bits of the code; 0 where there is none.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 & 15
    }

    /// Bits behind the code that belong to it.
    #[inline]
    pub const fn extra(self) -> u32 {
        self.0 >> 4 & 15
    }

    /// What it stands for.
    #[inline]
    pub const fn kind(self) -> Kind {
        match self.0 >> 8 & 3 {
            0 => Kind::Literal,
            1 => Kind::Base,
            2 => Kind::End,
            _ => Kind::Link,
        }
    }

    /// The byte, or what the extra bits are added to.
    #[inline]
    pub const fn value(self) -> usize {
        (self.0 >> 16) as usize
    }

    /// That of a literal or a length; the last two symbols stand for nothing.
    const fn literal(symbol: usize) -> Option<Self> {
        match symbol {
            0..=255 => Some(Self::new(Kind::Literal, symbol as u16, 0)),
            256 => Some(Self::new(Kind::End, 0, 0)),
            257..=285 => {
                let slot = symbol - 257;
                let (base, extra) = (LENGTH_BASE[slot], LENGTH_EXTRA[slot]);
                Some(Self::new(Kind::Base, base, extra))
            }
            _ => None,
        }
    }

    /// That of a distance; the last two symbols stand for nothing.
    const fn distance(symbol: usize) -> Option<Self> {
        match symbol {
            0..=29 => {
                let (base, extra) = (DISTANCE_BASE[symbol], DISTANCE_EXTRA[symbol]);
                Some(Self::new(Kind::Base, base, extra))
            }
            _ => None,
        }
    }
}

/// The tables of a block.
#[derive(Clone, Debug)]
pub struct Tables {
    literals: [Entry; LITERAL_ENTRIES],
    distances: [Entry; DISTANCE_ENTRIES],
    /// Whether these are the fixed codes.
    fixed: bool,
}

impl Tables {
    /// Tables without codes.
    pub const fn new() -> Self {
        Self {
            literals: [Entry::NONE; LITERAL_ENTRIES],
            distances: [Entry::NONE; DISTANCE_ENTRIES],
            fixed: false,
        }
    }

    /// Makes these the tables of the fixed codes (section 3.2.6).
    pub fn set_fixed(&mut self) {
        if self.fixed {
            return;
        }
        let mut lengths = [8; 288];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        let made =
            fill(&mut self.literals, LITERAL_BITS, &lengths, Entry::literal).and_then(|()| {
                fill(
                    &mut self.distances,
                    DISTANCE_BITS,
                    &[5; 32],
                    Entry::distance,
                )
            });
        debug_assert_eq!(made, Ok(()));
        self.fixed = true;
    }

    /// Makes these the tables of codes with the given lengths.
    ///
    /// # Errors
    /// Where no block can have such codes.
    pub fn set(&mut self, literals: &[u8], distances: &[u8]) -> Result<(), Failure> {
        self.fixed = false;
        if literals[256] == 0 {
            // The block could not end.
            return Err(Failure::InvalidCompression);
        }
        fill(&mut self.literals, LITERAL_BITS, literals, Entry::literal)?;
        fill(
            &mut self.distances,
            DISTANCE_BITS,
            distances,
            Entry::distance,
        )
    }

    /// Makes the first table that of the code in which code lengths are written; `None` of the lengths may be left out.
    ///
    /// # Errors
    /// Where the code is not complete.
    pub fn set_length_codes(&mut self, lengths: &[u8; 19]) -> Result<(), Failure> {
        self.fixed = false;
        if lengths.iter().all(|length| *length == 0) || is_incomplete(lengths) {
            return Err(Failure::InvalidCompression);
        }
        let entry_of = |symbol| Some(Entry::new(Kind::Literal, symbol as u16, 0));
        fill(&mut self.literals, LITERAL_BITS, lengths, entry_of)
    }

    /// The entry of the literal, length or code length that begins with these bits.
    #[inline]
    pub fn literal(&self, bits: u64) -> Entry {
        look_up::<LITERAL_ENTRIES, LITERAL_BITS>(&self.literals, bits)
    }

    /// The entry of the distance that begins with these bits.
    #[inline]
    pub fn distance(&self, bits: u64) -> Entry {
        look_up::<DISTANCE_ENTRIES, DISTANCE_BITS>(&self.distances, bits)
    }
}

#[inline]
fn look_up<const ENTRIES: usize, const BITS: u32>(table: &[Entry; ENTRIES], bits: u64) -> Entry {
    let entry = table[(bits & ((1 << BITS) - 1)) as usize];
    if entry.kind() != Kind::Link {
        return entry;
    }
    let behind = bits >> BITS & ((1 << entry.extra()) - 1);
    table[entry.value() + behind as usize]
}

/// How many codes have each length, and the part of all codes of 15 bits that they leave; negative where it is not enough.
fn count(lengths: &[u8]) -> ([u16; MAX_CODE_BITS + 1], i32) {
    let mut counts = [0; MAX_CODE_BITS + 1];
    for length in lengths {
        counts[usize::from(*length)] += 1;
    }
    let taken = |(length, count): (usize, &u16)| i32::from(*count) << (MAX_CODE_BITS - length);
    let left = (1 << MAX_CODE_BITS) - counts.iter().enumerate().skip(1).map(taken).sum::<i32>();
    (counts, left)
}

fn is_incomplete(lengths: &[u8]) -> bool {
    count(lengths).1 > 0
}

/// Fills a table whose first part is looked up by `root` bits.
fn fill(
    table: &mut [Entry],
    root: u32,
    lengths: &[u8],
    entry_of: fn(usize) -> Option<Entry>,
) -> Result<(), Failure> {
    let (counts, left) = count(lengths);
    // Not all codes may be used only where there is a single one, or none.
    let longest = counts.iter().skip(1).rposition(|count| *count != 0);
    if left < 0 || (left > 0 && longest.is_some_and(|longest| longest > 0)) {
        return Err(Failure::InvalidCompression);
    }
    if left > 0 {
        table[..1 << root].fill(Entry::NONE);
    }
    let mut next = [0u16; MAX_CODE_BITS + 2];
    for length in 1..MAX_CODE_BITS {
        next[length + 1] = (next[length] + counts[length]) << 1;
    }
    let mut used = 1usize << root;
    // The second tables, by the bits they are looked up by in the first; made by the longest codes, which come last.
    for wide in [false, true] {
        if wide && longest.is_none_or(|longest| longest < root as usize) {
            break;
        }
        let mut next = next;
        if wide {
            link(table, root, lengths, &next, &mut used);
        }
        for (symbol, &length) in lengths.iter().enumerate() {
            if length == 0 {
                continue;
            }
            let code = &mut next[usize::from(length)];
            let reversed = usize::from(code.reverse_bits() >> (16 - length));
            *code += 1;
            let length = u32::from(length);
            if (length > root) != wide {
                continue;
            }
            let entry = entry_of(symbol).map_or(Entry::NONE, |entry| Entry(entry.0 | length));
            let (base, from, size) = if wide {
                let link = table[reversed & ((1 << root) - 1)];
                (link.value(), reversed >> root, 1 << link.extra())
            } else {
                (0, reversed, 1 << root)
            };
            let step = if wide { length - root } else { length };
            for at in (from..size).step_by(1 << step) {
                table[base + at] = entry;
            }
        }
    }
    Ok(())
}

/// Makes room for the second tables, each for the longest code that is looked up in it.
fn link(
    table: &mut [Entry],
    root: u32,
    lengths: &[u8],
    first: &[u16; MAX_CODE_BITS + 2],
    used: &mut usize,
) {
    let mut next = *first;
    let mut widths = [0u8; 1 << LITERAL_BITS];
    for &length in lengths.iter().filter(|length| **length != 0) {
        let code = &mut next[usize::from(length)];
        let reversed = usize::from(code.reverse_bits() >> (16 - length));
        *code += 1;
        if u32::from(length) > root {
            let width = &mut widths[reversed & ((1 << root) - 1)];
            *width = (*width).max(length - root as u8);
        }
    }
    for (at, &width) in widths.iter().enumerate().filter(|(_, width)| **width != 0) {
        let mut entry = Entry::new(Kind::Link, *used as u16, width);
        entry.0 |= root;
        table[at] = entry;
        *used += 1 << width;
    }
}
