//! One block: which of the three forms is the shortest, and that (RFC 1951 section 3.2.3).

use super::bits::BitWriter;
use super::huffman::{Codes, MAX_CODE_BITS};
use super::symbols::{
    DISTANCE_BASE, DISTANCE_EXTRA, DISTANCES, END_OF_BLOCK, LENGTH_BASE, LENGTH_EXTRA, LITERALS,
    distance_slot, length_slot,
};
use super::tokens::Tokens;

/// Forms of a block, as its header names them. None is the last of its stream: a message ends otherwise.
const STORED: u64 = 0;
const FIXED: u64 = 1 << 1;
const DYNAMIC: u64 = 2 << 1;

/// Most bytes of a stored block.
const MAX_STORED_BYTES: usize = 0xffff;

/// The alphabet in which the code lengths of a dynamic block are written: lengths, and runs of them.
const LENGTH_CODES: usize = 19;
const LENGTH_CODE_ORDER: [usize; LENGTH_CODES] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
const MAX_LENGTH_CODE_BITS: usize = 7;
/// The previous length 3 to 6 times, zero 3 to 10 times, zero 11 to 138 times; extra bits of each.
const REPEAT: u8 = 16;
const ZEROS: u8 = 17;
const MANY_ZEROS: u8 = 18;

/// The codes of section 3.2.6.
const fn fixed_literal_bits(symbol: usize) -> u32 {
    match symbol {
        0..=143 | 280.. => 8,
        144..=255 => 9,
        _ => 7,
    }
}

/// Memory for making blocks, one at a time.
#[derive(Debug)]
pub struct BlockWriter {
    literals: Codes<LITERALS>,
    distances: Codes<DISTANCES>,
    length_codes: Codes<LENGTH_CODES>,
    /// The code lengths as symbols of that alphabet, each with its extra bits.
    runs: Vec<(u8, u8)>,
    fixed_literals: Codes<LITERALS>,
    fixed_distances: Codes<DISTANCES>,
}

impl BlockWriter {
    /// The fixed codes are made here.
    pub fn new() -> Self {
        let mut fixed_literals = Codes::EMPTY;
        for (symbol, length) in fixed_literals.lengths.iter_mut().enumerate() {
            *length = fixed_literal_bits(symbol) as u8;
        }
        fixed_literals.set_codes();
        let mut fixed_distances = Codes::EMPTY;
        fixed_distances.lengths = [5; DISTANCES];
        fixed_distances.set_codes();
        Self {
            literals: Codes::EMPTY,
            distances: Codes::EMPTY,
            length_codes: Codes::EMPTY,
            runs: Vec::new(),
            fixed_literals,
            fixed_distances,
        }
    }

    /// Writes `tokens`, which stand for `raw`, as a block.
    pub fn write(&mut self, writer: &mut BitWriter<'_>, tokens: &mut Tokens, raw: &[u8]) {
        tokens.literals[END_OF_BLOCK] = 1;
        let fixed: u32 = tokens.extra_bits
            + tokens.distances.iter().sum::<u32>() * 5
            + tokens
                .literals
                .iter()
                .enumerate()
                .map(|(symbol, count)| count * fixed_literal_bits(symbol))
                .sum::<u32>();
        let dynamic = if least_dynamic_bits(tokens) < fixed {
            self.plan_dynamic(tokens)
        } else {
            u32::MAX
        };
        let coded = fixed.min(dynamic);
        if stored_bits(raw.len(), writer.pending()) <= coded as usize + 3 {
            write_stored(writer, raw);
        } else if fixed <= dynamic {
            writer.put(FIXED, 3);
            write_tokens(
                writer,
                tokens,
                raw,
                &self.fixed_literals,
                &self.fixed_distances,
            );
        } else {
            self.literals.set_codes();
            self.distances.set_codes();
            self.length_codes.set_codes();
            self.write_code_lengths(writer);
            write_tokens(writer, tokens, raw, &self.literals, &self.distances);
        }
    }

    /// Makes the codes for these tokens. Returns the bits that the block would take behind its first three.
    fn plan_dynamic(&mut self, tokens: &Tokens) -> u32 {
        self.literals.set_lengths(&tokens.literals, MAX_CODE_BITS);
        self.distances.set_lengths(&tokens.distances, MAX_CODE_BITS);
        let (literals, distances) = (self.literal_count(), self.distance_count());
        let mut lengths = [0; LITERALS + DISTANCES];
        lengths[..literals].copy_from_slice(&self.literals.lengths[..literals]);
        lengths[literals..literals + distances]
            .copy_from_slice(&self.distances.lengths[..distances]);
        self.runs.clear();
        find_runs(&lengths[..literals + distances], &mut self.runs);
        let mut counts = [0; LENGTH_CODES];
        let mut header = 5 + 5 + 4;
        for (symbol, _) in &self.runs {
            counts[usize::from(*symbol)] += 1;
            header += run_extra_bits(*symbol);
        }
        // This code has to be complete: one symbol alone is not.
        if counts.iter().filter(|count| **count != 0).count() == 1 {
            counts[usize::from(counts[0] != 0)] += 1;
        }
        self.length_codes.set_lengths(&counts, MAX_LENGTH_CODE_BITS);
        header += 3 * self.length_code_count() as u32;
        header
            + coded_bits(&counts, &self.length_codes.lengths)
            + tokens.extra_bits
            + coded_bits(&tokens.literals, &self.literals.lengths)
            + coded_bits(&tokens.distances, &self.distances.lengths)
    }

    /// How many literal and length symbols have to be told.
    fn literal_count(&self) -> usize {
        used(&self.literals.lengths).max(END_OF_BLOCK + 1)
    }

    /// How many distance symbols have to be told, one at least.
    fn distance_count(&self) -> usize {
        used(&self.distances.lengths).max(1)
    }

    /// How many code length symbols have to be told, four at least.
    fn length_code_count(&self) -> usize {
        let is_used = |symbol: &usize| self.length_codes.lengths[*symbol] != 0;
        let last = LENGTH_CODE_ORDER.iter().rposition(is_used);
        last.map_or(0, |last| last + 1).max(4)
    }

    /// The header of a dynamic block (section 3.2.7).
    fn write_code_lengths(&self, writer: &mut BitWriter<'_>) {
        let count = self.length_code_count();
        writer.add(DYNAMIC, 3);
        writer.add((self.literal_count() - 257) as u64, 5);
        writer.add((self.distance_count() - 1) as u64, 5);
        writer.put(count as u64 - 4, 4);
        for symbol in &LENGTH_CODE_ORDER[..count] {
            writer.put(self.length_codes.lengths[*symbol].into(), 3);
        }
        for (symbol, extra) in &self.runs {
            let at = usize::from(*symbol);
            let length = self.length_codes.lengths[at];
            writer.add(self.length_codes.codes[at].into(), length.into());
            writer.put(u64::from(*extra), run_extra_bits(*symbol));
        }
    }
}

/// A number of bits that no dynamic block with these tokens is below: the entropy of the symbols, rounded down, and the
/// least that the codes take to be told.
fn least_dynamic_bits(tokens: &Tokens) -> u32 {
    // Telling which of the many symbols occur takes more than this a symbol; it is not exact, and need not be.
    const HEADER_BITS: u32 = 14 + 3 * 12;
    const BITS_PER_SYMBOL: u32 = 2;
    let entropy = |counts: &[u32]| {
        let total: u32 = counts.iter().sum();
        let mut bits = 0;
        let mut symbols = 0;
        let log_total = log2_sixteenths(total.max(1));
        for count in counts.iter().filter(|count| **count != 0) {
            bits += count * (log_total - log2_sixteenths(*count)).max(16);
            symbols += 1;
        }
        bits / 17 + symbols * BITS_PER_SYMBOL
    };
    HEADER_BITS + tokens.extra_bits + entropy(&tokens.literals) + entropy(&tokens.distances)
}

/// Sixteen times the binary logarithm, rounded down: that of the leading bits, between powers of two along the chord.
fn log2_sixteenths(number: u32) -> u32 {
    let whole = number.ilog2();
    let fraction = (u64::from(number) << 4 >> whole) as u32 - 16;
    whole * 16 + fraction
}

fn stored_bits(length: usize, pending: u32) -> usize {
    let blocks = length.div_ceil(MAX_STORED_BYTES).max(1);
    // Three bits, what fills the byte, and two lengths.
    (8 - (pending as usize + 3) % 8) % 8 + 3 + 8 * length + 40 * blocks - 8
}

pub fn write_stored(writer: &mut BitWriter<'_>, raw: &[u8]) {
    for part in raw.chunks(MAX_STORED_BYTES) {
        writer.put(STORED, 3);
        writer.align();
        let length = part.len() as u64;
        writer.put(length | (length ^ 0xffff) << 16, 32);
        writer.copy(part);
    }
}

fn write_tokens(
    writer: &mut BitWriter<'_>,
    tokens: &Tokens,
    raw: &[u8],
    literals: &Codes<LITERALS>,
    distances: &Codes<DISTANCES>,
) {
    let mut rest = raw;
    for sequence in tokens.sequences() {
        let (run, behind) = rest.split_at(sequence.literals());
        write_literals(writer, run, literals);
        let (length, distance) = (sequence.length(), sequence.distance());
        rest = &behind[length..];
        // 15 + 5 + 15 + 13 bits at most, behind up to seven that wait.
        let slot = length_slot(length);
        literals.add(writer, END_OF_BLOCK + 1 + slot);
        let above = length - usize::from(LENGTH_BASE[slot]);
        writer.add(above as u64, LENGTH_EXTRA[slot].into());
        let slot = distance_slot(distance);
        distances.add(writer, slot);
        let above = distance - usize::from(DISTANCE_BASE[slot]);
        writer.add(above as u64, DISTANCE_EXTRA[slot].into());
        writer.flush();
    }
    write_literals(writer, rest, literals);
    literals.add(writer, END_OF_BLOCK);
    writer.flush();
}

/// Three at a time: 45 bits at most, behind up to seven that wait.
#[inline]
fn write_literals(writer: &mut BitWriter<'_>, run: &[u8], literals: &Codes<LITERALS>) {
    for part in run.chunks(3) {
        for byte in part {
            literals.add(writer, usize::from(*byte));
        }
        writer.flush();
    }
}

/// Bits of all occurrences.
fn coded_bits(counts: &[u32], lengths: &[u8]) -> u32 {
    let bits = |(count, length): (&u32, &u8)| count * u32::from(*length);
    counts.iter().zip(lengths).map(bits).sum()
}

/// How many symbols there are up to the last that has a code.
fn used(lengths: &[u8]) -> usize {
    let last = lengths.iter().rposition(|length| *length != 0);
    last.map_or(0, |last| last + 1)
}

const fn run_extra_bits(symbol: u8) -> u32 {
    match symbol {
        REPEAT => 2,
        ZEROS => 3,
        MANY_ZEROS => 7,
        _ => 0,
    }
}

/// Writes `lengths` as lengths and runs, each with its extra bits.
fn find_runs(lengths: &[u8], runs: &mut Vec<(u8, u8)>) {
    let mut rest = lengths;
    while let [first, ..] = *rest {
        let count = rest.iter().take_while(|length| **length == first).count();
        rest = &rest[count..];
        let mut left = count;
        if first != 0 {
            runs.push((first, 0));
            left -= 1;
        }
        while left >= 3 {
            let (symbol, run) = match (first, left) {
                (0, 11..) => (MANY_ZEROS, left.min(138)),
                (0, _) => (ZEROS, left),
                _ => (REPEAT, left.min(6)),
            };
            let least = if symbol == MANY_ZEROS { 11 } else { 3 };
            runs.push((symbol, (run - least) as u8));
            left -= run;
        }
        for _ in 0..left {
            runs.push((first, 0));
        }
    }
}
