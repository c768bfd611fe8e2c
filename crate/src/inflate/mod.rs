//! DEFLATE in (RFC 1951), as messages of permessage-deflate are decompressed (RFC 7692 section 7.2.2).
//!
//! An [`Inflater`] takes a message in whatever cuts and gives it out in pieces. It has a window of exactly the size that was
//! agreed, and refuses what refers to something before it, so what comes out depends on the bytes only. Between messages it
//! holds the window and nothing else, and that grows with what has come.

mod symbols;
mod tables;
#[cfg(test)]
mod tests;

use crate::error::Failure;
use tables::{LengthTable, Tables};

/// What the sender has left out at the end of each message (RFC 7692 section 7.2.1).
pub const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Up to sixteen bytes are copied at a time, which may write behind the last one.
const PADDING_BYTES: usize = 16;

const LENGTH_CODES: usize = 19;
const LENGTH_CODE_ORDER: [usize; LENGTH_CODES] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
const MAX_LITERALS: usize = 286;
const MAX_DISTANCES: usize = 30;

/// What comes next in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The three bits in front of a block.
    Header,
    /// The two lengths of a stored block, once the rest of a byte is skipped.
    StoredLength,
    /// This many bytes of a stored block.
    Stored(usize),
    /// How many code lengths a dynamic block has.
    Counts,
    /// The lengths of the code that they are written in.
    LengthCodes,
    /// They themselves.
    Lengths,
    /// Literals and matches.
    Symbols,
    /// The rest of a match: its length and its distance.
    Copy(usize, usize),
}

/// What is read of the header of a dynamic block.
#[derive(Clone, Debug)]
struct Lengths {
    literals: usize,
    distances: usize,
    length_codes: usize,
    /// How many are read.
    read: usize,
    all: [u8; MAX_LITERALS + MAX_DISTANCES],
}

/// What is needed while a block is read.
#[derive(Clone, Debug)]
struct Bench {
    /// Whether the block has the fixed codes. If not, `tables` are those of its own.
    is_fixed: bool,
    tables: Tables,
    length_table: LengthTable,
    lengths: Lengths,
}

/// What inflaters need only while a message comes, kept for the next. A thread has one.
#[derive(Debug, Default)]
pub struct Benches(Vec<Box<Bench>>);

/// More than this many are not kept.
const MAX_KEPT_BENCHES: usize = 16;

impl Benches {
    fn take(&mut self) -> Box<Bench> {
        self.0.pop().unwrap_or_else(|| {
            Box::new(Bench {
                is_fixed: false,
                tables: Tables::new(),
                length_table: LengthTable::new(),
                lengths: Lengths {
                    literals: 0,
                    distances: 0,
                    length_codes: 0,
                    read: 0,
                    all: [0; MAX_LITERALS + MAX_DISTANCES],
                },
            })
        })
    }

    fn give(&mut self, bench: Option<Box<Bench>>) {
        if self.0.len() < MAX_KEPT_BENCHES {
            self.0.extend(bench);
        }
    }
}

/// Bits that were read from the input and not used.
#[derive(Clone, Copy, Debug, Default)]
struct Bits {
    bits: u64,
    count: u32,
}

impl Bits {
    /// Takes as many bytes from the start of `input` as there is room for.
    #[inline]
    fn refill(&mut self, input: &mut &[u8]) {
        if let Some(word) = input.first_chunk() {
            self.bits |= u64::from_le_bytes(*word) << self.count;
            let taken = (63 - self.count) / 8;
            *input = &input[taken as usize..];
            self.count += 8 * taken;
            // What stands above the count would be added twice.
            self.bits &= (1 << self.count) - 1;
            return;
        }
        while self.count < 56
            && let [byte, rest @ ..] = *input
        {
            self.bits |= u64::from(*byte) << self.count;
            self.count += 8;
            *input = rest;
        }
    }

    /// The next `count` bits, once they are here.
    #[inline]
    fn take(&mut self, count: u32) -> Option<usize> {
        if self.count < count {
            return None;
        }
        let bits = self.bits & ((1 << count) - 1);
        self.bits >>= count;
        self.count -= count;
        Some(bits as usize)
    }
}

/// Why a call came to its end: the input is used up, or the piece is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Input,
    Output,
}

/// What a call of [`Inflater::inflate`] has done.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'inflater> {
    /// Bytes of the input that are used.
    pub consumed: usize,
    /// Whether another call, with the rest of the input, has something to do. That rest may be empty.
    pub more: bool,
    /// What came out, in the order of the message. May be empty.
    pub bytes: &'inflater mut [u8],
}

/// A message in the making: where its bytes come from and where they go.
#[derive(Debug)]
pub struct Inflater {
    /// History, then room for a piece, then padding.
    window: Vec<u8>,
    /// How much history there is room for.
    room: usize,
    /// Largest distance.
    reach: usize,
    /// Bytes of `window` in use.
    end: usize,
    /// The first byte that matches may use.
    floor: usize,
    mode: Mode,
    /// Whether the block is the last of its stream. What follows is another stream (RFC 7692 section 7.2.3.5).
    last_block: bool,
    bits: Bits,
    bench: Option<Box<Bench>>,
    /// The stream is broken, and what came out before has been given out.
    broken: bool,
}

impl Inflater {
    /// A decompressor without history, for distances up to 2^`window_bits`.
    ///
    /// # Panics
    /// When these are not 8 to 15.
    pub fn new(window_bits: u8) -> Self {
        assert!((8..=15).contains(&window_bits));
        Self {
            window: vec![0; window_bytes(0)],
            room: 0,
            reach: 1 << window_bits,
            end: 0,
            floor: 0,
            mode: Mode::Header,
            last_block: false,
            bits: Bits::default(),
            bench: None,
            broken: false,
        }
    }

    /// Bytes that an inflater for such distances takes between messages at most.
    pub const fn reserved_bytes(window_bits: u8) -> usize {
        size_of::<Self>() + window_bytes(1 << window_bits)
    }

    /// Forgets what came: nothing may refer to it. Between messages only.
    pub fn reset(&mut self) {
        self.floor = self.end;
    }

    /// Decompresses from the start of `input` until that is used up or a piece is full.
    ///
    /// # Errors
    /// Where the stream breaks the format. The inflater cannot be used any more.
    pub fn inflate(&mut self, benches: &mut Benches, input: &[u8]) -> Result<Piece<'_>, Failure> {
        if self.broken {
            return Err(Failure::InvalidCompression);
        }
        self.make_room();
        let start = self.end;
        let mut bench = self.bench.take().unwrap_or_else(|| benches.take());
        let mut rest = input;
        let result = self.run(&mut bench, &mut rest);
        self.bench = Some(bench);
        // However the input is cut, what comes out before the stream breaks is given out.
        let more = match result {
            Ok(stop) => stop == Stop::Output,
            Err(failure) if self.end == start => return Err(failure),
            Err(_) => {
                self.broken = true;
                true
            }
        };
        Ok(Piece {
            consumed: input.len() - rest.len(),
            more,
            bytes: &mut self.window[start..self.end],
        })
    }

    /// Makes room for half a piece at least: by forgetting what is too far back, and where that is not enough by growing.
    fn make_room(&mut self) {
        let left = self.window.len() - PADDING_BYTES - self.end;
        if left >= piece_bytes(self.room) / 2 {
            return;
        }
        let kept = (self.end - self.floor).min(self.reach);
        let gone = self.end - kept;
        self.window.copy_within(gone..self.end, 0);
        self.end = kept;
        self.floor = self.floor.saturating_sub(gone);
        if kept > self.room {
            self.room = kept.next_power_of_two();
            let more = window_bytes(self.room) - self.window.len();
            self.window.reserve_exact(more);
            self.window.resize(window_bytes(self.room), 0);
        }
    }

    /// What is to be inflated behind the payload of a message: what its sender has left out. A stream that has ended by a
    /// last block lacks nothing.
    ///
    /// # Errors
    /// Where it has ended anywhere else than before the length of a stored block: what is left out is that of an empty one.
    pub fn tail(&self) -> Result<&'static [u8], Failure> {
        match self.mode {
            Mode::Header if self.last_block => Ok(&[]),
            Mode::StoredLength if self.bits.count == 0 => Ok(&TAIL),
            _ => Err(Failure::InvalidCompression),
        }
    }

    /// Ends the message, once all is inflated, [`Self::tail`] too.
    ///
    /// # Errors
    /// Where it has ended within a block.
    pub fn finish(&mut self, benches: &mut Benches) -> Result<(), Failure> {
        benches.give(self.bench.take());
        if self.mode != Mode::Header {
            return Err(Failure::InvalidCompression);
        }
        if self.last_block {
            self.last_block = false;
            self.floor = self.end;
        } else if self.bits.count != 0 {
            return Err(Failure::InvalidCompression);
        }
        self.bits = Bits::default();
        Ok(())
    }

    fn run(&mut self, bench: &mut Bench, input: &mut &[u8]) -> Result<Stop, Failure> {
        loop {
            let stop = match self.mode {
                Mode::Header => self.header(bench, input)?,
                Mode::StoredLength => self.stored_length(input)?,
                Mode::Stored(left) => self.stored(left, input),
                Mode::Counts => self.counts(&mut bench.lengths, input)?,
                Mode::LengthCodes => self.length_codes(bench, input)?,
                Mode::Lengths => self.lengths(bench, input)?,
                Mode::Symbols => {
                    let tables = if bench.is_fixed {
                        Tables::fixed()
                    } else {
                        &bench.tables
                    };
                    self.fast_symbols(tables, input)?;
                    match self.mode {
                        Mode::Symbols => self.symbols(tables, input)?,
                        _ => None,
                    }
                }
                Mode::Copy(length, distance) => {
                    self.mode = Mode::Symbols;
                    self.copy(length, distance);
                    let full = matches!(self.mode, Mode::Copy(..));
                    full.then_some(Stop::Output)
                }
            };
            if let Some(stop) = stop {
                return Ok(stop);
            }
        }
    }

    fn header(&mut self, bench: &mut Bench, input: &mut &[u8]) -> Result<Option<Stop>, Failure> {
        if self.last_block {
            // The stream has ended, in the middle of a byte perhaps.
            self.bits.take(self.bits.count % 8);
        }
        self.bits.refill(input);
        if self.last_block && self.bits.count != 0 {
            // Another one follows, and does not refer to it.
            self.last_block = false;
            self.floor = self.end;
        }
        let Some(bits) = self.bits.take(3) else {
            return Ok(Some(Stop::Input));
        };
        self.last_block = bits & 1 == 1;
        self.mode = match bits >> 1 {
            0 => {
                self.bits.take(self.bits.count % 8);
                Mode::StoredLength
            }
            1 => {
                bench.is_fixed = true;
                Mode::Symbols
            }
            2 => Mode::Counts,
            _ => return Err(Failure::InvalidCompression),
        };
        Ok(None)
    }

    fn stored_length(&mut self, input: &mut &[u8]) -> Result<Option<Stop>, Failure> {
        self.bits.refill(input);
        let Some(lengths) = self.bits.take(32) else {
            return Ok(Some(Stop::Input));
        };
        let length = lengths & 0xffff;
        if length ^ 0xffff != lengths >> 16 {
            return Err(Failure::InvalidCompression);
        }
        self.mode = if length == 0 {
            Mode::Header
        } else {
            Mode::Stored(length)
        };
        Ok(None)
    }

    fn stored(&mut self, mut left: usize, input: &mut &[u8]) -> Option<Stop> {
        let room = self.window.len() - PADDING_BYTES - self.end;
        let mut room = room.min(left);
        while room > 0
            && let Some(byte) = self.bits.take(8)
        {
            self.window[self.end] = byte as u8;
            self.end += 1;
            left -= 1;
            room -= 1;
        }
        let count = room.min(input.len());
        let (bytes, rest) = input.split_at(count);
        self.window[self.end..self.end + count].copy_from_slice(bytes);
        self.end += count;
        left -= count;
        *input = rest;
        if left == 0 {
            self.mode = Mode::Header;
            return None;
        }
        self.mode = Mode::Stored(left);
        Some(if rest.is_empty() && self.bits.count < 8 {
            Stop::Input
        } else {
            Stop::Output
        })
    }

    fn counts(
        &mut self,
        lengths: &mut Lengths,
        input: &mut &[u8],
    ) -> Result<Option<Stop>, Failure> {
        self.bits.refill(input);
        let Some(counts) = self.bits.take(14) else {
            return Ok(Some(Stop::Input));
        };
        lengths.literals = 257 + (counts & 31);
        lengths.distances = 1 + (counts >> 5 & 31);
        lengths.length_codes = 4 + (counts >> 10);
        if lengths.literals > MAX_LITERALS || lengths.distances > MAX_DISTANCES {
            return Err(Failure::InvalidCompression);
        }
        lengths.all[..LENGTH_CODES].fill(0);
        lengths.read = 0;
        self.mode = Mode::LengthCodes;
        Ok(None)
    }

    fn length_codes(
        &mut self,
        bench: &mut Bench,
        input: &mut &[u8],
    ) -> Result<Option<Stop>, Failure> {
        let lengths = &mut bench.lengths;
        while lengths.read < lengths.length_codes {
            if self.bits.count < 3 {
                self.bits.refill(input);
            }
            let Some(length) = self.bits.take(3) else {
                return Ok(Some(Stop::Input));
            };
            lengths.all[LENGTH_CODE_ORDER[lengths.read]] = length as u8;
            lengths.read += 1;
        }
        if let Some(codes) = lengths.all.first_chunk() {
            bench.length_table.set(codes)?;
        }
        lengths.read = 0;
        self.mode = Mode::Lengths;
        Ok(None)
    }

    fn lengths(&mut self, bench: &mut Bench, input: &mut &[u8]) -> Result<Option<Stop>, Failure> {
        let Bench {
            is_fixed,
            tables,
            length_table,
            lengths,
        } = bench;
        let all = lengths.literals + lengths.distances;
        while lengths.read < all {
            // The longest are 7 bits and 7 more.
            if self.bits.count < 14 {
                self.bits.refill(input);
            }
            let entry = length_table.look_up(self.bits.bits);
            let symbol = entry.value();
            let (extra, least) = match symbol {
                ..=15 => (0, 1),
                16 => (2, 3),
                17 => (3, 3),
                _ => (7, 11),
            };
            if self.bits.count < entry.bits() + extra {
                return Ok(Some(Stop::Input));
            }
            self.bits.take(entry.bits());
            if symbol < 16 {
                lengths.all[lengths.read] = symbol as u8;
                lengths.read += 1;
                continue;
            }
            let count = least + self.bits.take(extra).unwrap_or_default();
            let length = match (symbol, lengths.read) {
                (16, 0) => return Err(Failure::InvalidCompression),
                (16, read) => lengths.all[read - 1],
                _ => 0,
            };
            let Some(run) = lengths.all[..all].get_mut(lengths.read..lengths.read + count) else {
                return Err(Failure::InvalidCompression);
            };
            run.fill(length);
            lengths.read += count;
        }
        *is_fixed = false;
        let (literals, distances) = lengths.all[..all].split_at(lengths.literals);
        tables.set(literals, distances)?;
        self.mode = Mode::Symbols;
        Ok(None)
    }
}

/// History, room for a piece, padding.
const fn window_bytes(history: usize) -> usize {
    history + piece_bytes(history) + PADDING_BYTES
}

/// How much room for output there is behind so much history.
const fn piece_bytes(history: usize) -> usize {
    if history <= 16 * 1024 {
        4 * 1024
    } else {
        8 * 1024
    }
}
