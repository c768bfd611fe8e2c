//! Tables that turn the next bits of a block into a symbol (RFC 1951 section 3.2.2).

use std::sync::LazyLock;

use crate::deflate::symbols::{DISTANCE_BASE, DISTANCE_EXTRA, LENGTH_BASE, LENGTH_EXTRA};
use crate::error::Failure;

/// Longest code.
pub const MAX_CODE_BITS: usize = 15;

/// Bits that are looked up at once. A longer code is looked up in a second table, behind the first.
pub const LITERAL_BITS: u32 = 10;
const DISTANCE_BITS: u32 = 8;
/// The first table and as many second ones as a code can need, rounded up.
const LITERAL_ENTRIES: usize = 1344;
const DISTANCE_ENTRIES: usize = 416;
/// No code of code lengths is longer: there is no second table.
const LENGTH_CODE_BITS: u32 = 7;

/// Most symbols of an alphabet.
const MAX_SYMBOLS: usize = 288;

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

/// `value << 16 | kind << 12 | extra bits << 8 | length of the code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry(u32);

impl Entry {
    /// Where no code begins with these bits, and for a symbol that stands for nothing: not a literal, and without bits.
    const NONE: Self = Self::new(Kind::Base, 0, 0);

    const fn new(kind: Kind, value: u16, extra: u8) -> Self {
        Self((value as u32) << 16 | (kind as u32) << 12 | (extra as u32) << 8)
    }

    /// Bits of the code; 0 where there is none.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 & 0xff
    }

    /// Bits behind the code that belong to it.
    #[inline]
    pub const fn extra(self) -> u32 {
        self.0 >> 8 & 15
    }

    /// What it stands for.
    #[inline]
    pub const fn kind(self) -> Kind {
        match self.0 >> 12 & 3 {
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
}

/// The entries of the literals and lengths, without the length of their code. The last two symbols stand for nothing.
const LITERALS: [Entry; MAX_SYMBOLS] = {
    let mut entries = [Entry::NONE; MAX_SYMBOLS];
    let mut symbol = 0;
    while symbol < 256 {
        entries[symbol] = Entry::new(Kind::Literal, symbol as u16, 0);
        symbol += 1;
    }
    entries[256] = Entry::new(Kind::End, 0, 0);
    let mut slot = 0;
    while slot < LENGTH_BASE.len() {
        entries[257 + slot] = Entry::new(Kind::Base, LENGTH_BASE[slot], LENGTH_EXTRA[slot]);
        slot += 1;
    }
    entries
};

/// The same of the distances.
const DISTANCES: [Entry; 32] = {
    let mut entries = [Entry::NONE; 32];
    let mut symbol = 0;
    while symbol < DISTANCE_BASE.len() {
        let (base, extra) = (DISTANCE_BASE[symbol], DISTANCE_EXTRA[symbol]);
        entries[symbol] = Entry::new(Kind::Base, base, extra);
        symbol += 1;
    }
    entries
};

/// The same of the code lengths and their runs.
const LENGTH_CODES: [Entry; 19] = {
    let mut entries = [Entry::NONE; 19];
    let mut symbol = 0;
    while symbol < entries.len() {
        entries[symbol] = Entry::new(Kind::Literal, symbol as u16, 0);
        symbol += 1;
    }
    entries
};

/// The tables of the fixed codes (section 3.2.6).
static FIXED: LazyLock<Tables> = LazyLock::new(|| {
    let mut lengths = [8; MAX_SYMBOLS];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    let mut tables = Tables::new();
    let made = tables.set(&lengths, &[5; 32]);
    debug_assert_eq!(made, Ok(()));
    tables
});

/// The tables of a block.
#[derive(Clone, Debug)]
pub struct Tables {
    literals: [Entry; LITERAL_ENTRIES],
    distances: [Entry; DISTANCE_ENTRIES],
}

impl Tables {
    /// Tables without codes.
    pub const fn new() -> Self {
        Self {
            literals: [Entry::NONE; LITERAL_ENTRIES],
            distances: [Entry::NONE; DISTANCE_ENTRIES],
        }
    }

    /// Those of the fixed codes.
    pub fn fixed() -> &'static Self {
        &FIXED
    }

    /// Makes these the tables of codes with the given lengths.
    ///
    /// # Errors
    /// Where no block can have such codes.
    pub fn set(&mut self, literals: &[u8], distances: &[u8]) -> Result<(), Failure> {
        if literals[256] == 0 {
            // The block could not end.
            return Err(Failure::InvalidCompression);
        }
        fill(&mut self.literals, LITERAL_BITS, literals, &LITERALS)?;
        fill(&mut self.distances, DISTANCE_BITS, distances, &DISTANCES)
    }

    /// The entry of the literal or length that begins with these bits.
    #[inline]
    pub fn literal(&self, bits: u64) -> Entry {
        look_up::<LITERAL_ENTRIES, LITERAL_BITS>(&self.literals, bits)
    }

    /// The same, if its code is no longer than [`LITERAL_BITS`]; otherwise an entry that is no literal.
    #[inline]
    pub fn short_literal(&self, bits: u64) -> Entry {
        self.literals[(bits & ((1 << LITERAL_BITS) - 1)) as usize]
    }

    /// The entry of the distance that begins with these bits.
    #[inline]
    pub fn distance(&self, bits: u64) -> Entry {
        look_up::<DISTANCE_ENTRIES, DISTANCE_BITS>(&self.distances, bits)
    }
}

/// The table of the code in which code lengths are written.
#[derive(Clone, Debug)]
pub struct LengthTable([Entry; 1 << LENGTH_CODE_BITS]);

impl LengthTable {
    /// A table without codes.
    pub const fn new() -> Self {
        Self([Entry::NONE; 1 << LENGTH_CODE_BITS])
    }

    /// Makes this the table of a code with the given lengths, none above seven.
    ///
    /// # Errors
    /// Where the code is not complete.
    pub fn set(&mut self, lengths: &[u8; 19]) -> Result<(), Failure> {
        if count(lengths).1 > 0 {
            return Err(Failure::InvalidCompression);
        }
        fill(&mut self.0, LENGTH_CODE_BITS, lengths, &LENGTH_CODES)
    }

    /// The entry of the code length or run that begins with these bits.
    #[inline]
    pub fn look_up(&self, bits: u64) -> Entry {
        self.0[bits as usize & ((1 << LENGTH_CODE_BITS) - 1)]
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
        counts[usize::from(length & 15)] += 1;
    }
    counts[0] = 0;
    let taken = |(length, count): (usize, &u16)| i32::from(*count) << (MAX_CODE_BITS - length);
    let left = (1 << MAX_CODE_BITS) - counts.iter().enumerate().map(taken).sum::<i32>();
    (counts, left)
}

/// Fills a table whose first part is looked up by `root` bits. `symbols` are the entries without their codes.
fn fill(table: &mut [Entry], root: u32, lengths: &[u8], symbols: &[Entry]) -> Result<(), Failure> {
    let (counts, left) = count(lengths);
    // Not all codes may be used only where there is a single one, or none.
    let is_single = counts[2..].iter().all(|count| *count == 0);
    if left < 0 || (left > 0 && !is_single) {
        return Err(Failure::InvalidCompression);
    }
    if left > 0 {
        table[..1 << root].fill(Entry::NONE);
        if let Some(symbol) = lengths.iter().position(|length| *length != 0) {
            for entry in table[..1 << root].iter_mut().step_by(2) {
                *entry = with_bits(symbols[symbol], 1);
            }
        }
        return Ok(());
    }
    let mut sorted = [0u16; MAX_SYMBOLS];
    let sorted = sort(lengths, &counts, &mut sorted);
    let mut codes = Codes { next: 0 };
    let mut rest = sorted.iter();
    // The table is made for the shortest codes, and doubled for each bit more: what is there stands for all that begin so.
    for length in 1..=root {
        let size = 1 << length;
        table.copy_within(..size / 2, size / 2);
        for symbol in rest.by_ref().take(counts[length as usize].into()) {
            let entry = with_bits(symbols[usize::from(*symbol)], length);
            table[codes.take(length)] = entry;
        }
    }
    // Second tables, each for the longest code that begins with the same bits.
    let (mut start, mut end, mut prefix) = (0, 1 << root, usize::MAX);
    let mask = (1 << root) - 1;
    for length in root + 1..=MAX_CODE_BITS as u32 {
        let count = usize::from(counts[length as usize]);
        for (nth, symbol) in rest.by_ref().take(count).enumerate() {
            let code = codes.take(length);
            if code & mask != prefix {
                prefix = code & mask;
                let mut width = length - root;
                let mut taken = count - nth;
                while taken < 1 << width {
                    width += 1;
                    taken = 2 * taken + usize::from(counts[(root + width) as usize]);
                }
                start = end;
                end += 1 << width;
                let link = Entry::new(Kind::Link, start as u16, width as u8);
                table[prefix] = with_bits(link, root);
            }
            let entry = with_bits(symbols[usize::from(*symbol)], length);
            let step = 1 << (length - root);
            for at in (start + (code >> root)..end).step_by(step) {
                table[at] = entry;
            }
        }
    }
    Ok(())
}

/// `entry` for a code of so many bits; none where it stands for nothing.
const fn with_bits(entry: Entry, bits: u32) -> Entry {
    if entry.0 == Entry::NONE.0 {
        entry
    } else {
        Entry(entry.0 | bits)
    }
}

/// The symbols that have a code, by its length, then by number: the order of the codes.
fn sort<'sorted>(
    lengths: &[u8],
    counts: &[u16; MAX_CODE_BITS + 1],
    sorted: &'sorted mut [u16; MAX_SYMBOLS],
) -> &'sorted [u16] {
    let mut next = [0u16; MAX_CODE_BITS + 2];
    for length in 1..=MAX_CODE_BITS {
        next[length + 1] = next[length] + counts[length];
    }
    for (symbol, length) in lengths.iter().enumerate() {
        if *length != 0 {
            let at = &mut next[usize::from(length & 15)];
            sorted[usize::from(*at)] = symbol as u16;
            *at += 1;
        }
    }
    &sorted[..next[MAX_CODE_BITS].into()]
}

/// Gives out the codes in their order, their first bit in the lowest place.
struct Codes {
    next: usize,
}

impl Codes {
    /// The next code, of `length` bits, which is not less than before.
    #[inline]
    fn take(&mut self, length: u32) -> usize {
        let code = self.next;
        // Adds one at the other end: the ones up to the highest zero become zeros. Behind the last code there is none.
        let zeros = code ^ ((1 << length) - 1);
        if let Some(bit) = zeros.checked_ilog2() {
            self.next = code & ((1 << bit) - 1) | 1 << bit;
        }
        code
    }
}
