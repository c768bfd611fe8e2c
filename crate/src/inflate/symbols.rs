//! The literals and matches of a block (RFC 1951 section 3.2.5): with care where the input or the piece ends, fast elsewhere.

use super::tables::{Kind, MAX_CODE_BITS, Tables};
use super::{Bits, Inflater, Mode, PADDING_BYTES, Stop};
use crate::error::Failure;

impl Inflater {
    /// Reads literals and matches as long as there is input and room for any of them, which need not be looked at then.
    pub(super) fn fast_symbols(
        &mut self,
        tables: &Tables,
        input: &mut &[u8],
    ) -> Result<(), Failure> {
        // Three literals and a match, and what its copying writes behind it.
        const ROOM_BYTES: usize = 3 + 258 + PADDING_BYTES;
        // Twice eight bytes are read.
        const INPUT_BYTES: usize = 16;
        let (floor, reach) = (self.floor, self.reach);
        let window = self.window.as_mut_slice();
        let full = window.len() - ROOM_BYTES;
        let mut end = self.end;
        let mut rest = *input;
        let Bits {
            mut bits,
            mut count,
        } = self.bits;
        let result = loop {
            if rest.len() < INPUT_BYTES || end > full {
                break Ok(());
            }
            refill(&mut bits, &mut count, &mut rest);
            // 56 bits at least: three literals of 15 at most.
            let mut entry = tables.short_literal(bits);
            if entry.kind() == Kind::Literal {
                (bits, count) = (bits >> entry.bits(), count - entry.bits());
                window[end] = entry.value() as u8;
                end += 1;
                entry = tables.short_literal(bits);
                if entry.kind() == Kind::Literal {
                    (bits, count) = (bits >> entry.bits(), count - entry.bits());
                    window[end] = entry.value() as u8;
                    end += 1;
                    entry = tables.short_literal(bits);
                    if entry.kind() == Kind::Literal {
                        (bits, count) = (bits >> entry.bits(), count - entry.bits());
                        window[end] = entry.value() as u8;
                        end += 1;
                        continue;
                    }
                }
                refill(&mut bits, &mut count, &mut rest);
            }
            if entry.kind() == Kind::Link {
                entry = tables.literal(bits);
            }
            if entry.bits() == 0 {
                break Err(Failure::InvalidCompression);
            }
            if entry.kind() == Kind::Literal {
                (bits, count) = (bits >> entry.bits(), count - entry.bits());
                window[end] = entry.value() as u8;
                end += 1;
                continue;
            }
            if entry.kind() == Kind::End {
                (bits, count) = (bits >> entry.bits(), count - entry.bits());
                self.mode = Mode::Header;
                break Ok(());
            }
            // A match: 48 bits at most.
            let before = (bits, count, end);
            let code = bits >> entry.bits();
            let length = entry.value() + (code & ((1 << entry.extra()) - 1)) as usize;
            let taken = entry.bits() + entry.extra();
            (bits, count) = (bits >> taken, count - taken);
            let entry = tables.distance(bits);
            let code = bits >> entry.bits();
            let distance = entry.value() + (code & ((1 << entry.extra()) - 1)) as usize;
            let taken = entry.bits() + entry.extra();
            (bits, count) = (bits >> taken, count - taken);
            if entry.bits() == 0 || distance > reach.min(end - floor) {
                (bits, count, end) = before;
                break Err(Failure::InvalidCompression);
            }
            copy(window, end, length, distance);
            end += length;
        };
        *input = rest;
        // What stands above the count would be added twice.
        bits &= (1 << count) - 1;
        self.bits = Bits { bits, count };
        self.end = end;
        result
    }

    /// Reads literals and matches until the block ends, the input does, or the piece is full.
    pub(super) fn symbols(
        &mut self,
        tables: &Tables,
        input: &mut &[u8],
    ) -> Result<Option<Stop>, Failure> {
        let full = self.window.len() - PADDING_BYTES;
        let mut bits = self.bits;
        let mut end = self.end;
        let result = loop {
            if end == full {
                break Ok(Some(Stop::Output));
            }
            if bits.count < 48 {
                bits.refill(input);
            }
            let entry = tables.literal(bits.bits);
            if entry.bits() == 0 {
                // No code begins like that, unless what is missing of it is still to come.
                if bits.count >= MAX_CODE_BITS as u32 {
                    break Err(Failure::InvalidCompression);
                }
                break Ok(Some(Stop::Input));
            }
            if bits.count < entry.bits() {
                break Ok(Some(Stop::Input));
            }
            if entry.kind() == Kind::Literal {
                bits.bits >>= entry.bits();
                bits.count -= entry.bits();
                self.window[end] = entry.value() as u8;
                end += 1;
                continue;
            }
            // A match is taken whole, or left until all of it is here: 48 bits at most.
            let mut after = bits;
            after.take(entry.bits());
            if entry.kind() == Kind::End {
                bits = after;
                self.mode = Mode::Header;
                break Ok(None);
            }
            let Some(extra) = after.take(entry.extra()) else {
                break Ok(Some(Stop::Input));
            };
            let length = entry.value() + extra;
            let entry = tables.distance(after.bits);
            if entry.bits() == 0 && after.count >= MAX_CODE_BITS as u32 {
                break Err(Failure::InvalidCompression);
            }
            if entry.bits() == 0 || after.take(entry.bits()).is_none() {
                break Ok(Some(Stop::Input));
            }
            let Some(extra) = after.take(entry.extra()) else {
                break Ok(Some(Stop::Input));
            };
            let distance = entry.value() + extra;
            bits = after;
            if distance > self.reach.min(end - self.floor) {
                break Err(Failure::InvalidCompression);
            }
            self.end = end;
            self.copy(length, distance);
            end = self.end;
            if self.mode != Mode::Symbols {
                break Ok(Some(Stop::Output));
            }
        };
        self.bits = bits;
        self.end = end;
        result
    }

    /// Repeats what was `distance` bytes ago, as far as there is room; the rest is left to the next piece.
    #[inline]
    pub(super) fn copy(&mut self, length: usize, distance: usize) {
        let room = self.window.len() - PADDING_BYTES - self.end;
        let count = length.min(room);
        copy(&mut self.window, self.end, count, distance);
        self.end += count;
        if count < length {
            self.mode = Mode::Copy(length - count, distance);
        }
    }
}

/// Adds as many whole bytes as there is room for; at least 56 bits are there then. Above them stands what comes next, too,
/// which is added again and makes no difference. `input` has eight bytes at least.
#[inline]
fn refill(bits: &mut u64, count: &mut u32, input: &mut &[u8]) {
    if let Some(word) = input.first_chunk() {
        *bits |= u64::from_le_bytes(*word) << *count;
        let taken = (63 - *count) / 8;
        *input = &input[taken as usize..];
        *count += 8 * taken;
    }
}

/// Writes at `end` what was `distance` bytes before, `length` bytes, and up to [`PADDING_BYTES`] that are of no use.
#[inline]
fn copy(window: &mut [u8], end: usize, length: usize, distance: usize) {
    let (mut from, mut to, stop) = (end - distance, end, end + length);
    if distance >= 16 {
        while to < stop {
            window.copy_within(from..from + 16, to);
            (from, to) = (from + 16, to + 16);
        }
    } else if distance >= 8 {
        while to < stop {
            window.copy_within(from..from + 8, to);
            (from, to) = (from + 8, to + 8);
        }
    } else if distance == 1 {
        let byte = window[from];
        window[to..stop].fill(byte);
    } else {
        while to < stop {
            window[to] = window[from];
            (from, to) = (from + 1, to + 1);
        }
    }
}
