//! What was compressed before, and where the bytes to come have stood in it.
//!
//! Positions are counted modulo 65,536, twice the largest window. A table may name positions that are long gone, those of
//! another message even: whether bytes match is always decided by comparing them, within the history that may be used. So
//! the tables are never cleared and never moved.

use super::search::{Effort, LONG_KEY_BYTES, SHORT_KEY_BYTES, Search};
use super::symbols::Tokens;

/// The eight bytes that are read at a time may reach behind the last one.
const PADDING_BYTES: usize = 8;

/// Fewer bytes of ASCII say little about what is worth looking for.
const MIN_LONG_KEY_STEP: usize = 1000;

/// A window of history with its tables.
#[derive(Debug)]
pub struct Matcher {
    /// History, then room for a step, then padding.
    window: Vec<u8>,
    /// Bytes of it in use.
    end: usize,
    /// The first byte that matches may use.
    floor: usize,
    /// Position of the first byte of `window`.
    base: u16,
    /// The first byte of `window` that is not in the tables.
    unlisted: usize,
    /// How many bytes are looked up, here and in the steps before.
    key_bytes: usize,
    /// The last position of each hash.
    heads: Vec<u16>,
    /// The position before with the same hash, at each position modulo the window's size.
    links: Vec<u16>,
}

impl Matcher {
    /// A matcher without history, for distances up to 2^`window_bits` (8 to 15), with 2^`hash_bits` heads.
    pub fn new(window_bits: u8, hash_bits: u8) -> Self {
        let size = 1 << window_bits;
        Self {
            window: vec![0; size + step_bytes(window_bits) + PADDING_BYTES],
            end: 0,
            floor: 0,
            base: 0,
            unlisted: 0,
            key_bytes: SHORT_KEY_BYTES,
            heads: vec![0; 1 << hash_bits],
            links: vec![0; size],
        }
    }

    /// Bytes of memory taken.
    pub const fn reserved_bytes(window_bits: u8, hash_bits: u8) -> usize {
        let size = 1usize << window_bits;
        size + step_bytes(window_bits) + PADDING_BYTES + 2 * (1 << hash_bits) + 2 * size
    }

    /// Forgets the history.
    pub fn forget(&mut self) {
        self.floor = self.end;
        self.key_bytes = SHORT_KEY_BYTES;
    }

    /// How many bytes [`Self::push`] takes at most.
    fn room(&self) -> usize {
        self.window.len() - PADDING_BYTES - self.links.len()
    }

    /// Appends the start of `input`, as much as a step takes. Returns where it lies in the window.
    fn push(&mut self, input: &[u8]) -> usize {
        let length = input.len().min(self.room());
        let capacity = self.window.len() - PADDING_BYTES;
        if self.end + length > capacity {
            // Only as much as a distance can reach is kept.
            let gone = self.end - self.links.len();
            self.window.copy_within(gone..self.end, 0);
            self.base = self.base.wrapping_add(gone as u16);
            self.end -= gone;
            self.floor = self.floor.saturating_sub(gone);
            self.unlisted = self.unlisted.saturating_sub(gone);
        }
        let start = self.end;
        self.end += length;
        self.window[start..self.end].copy_from_slice(&input[..length]);
        start
    }

    /// Makes tokens of the start of `input` until it is used up or the block is full. Returns how many bytes they stand for.
    pub fn tokenize(&mut self, input: &[u8], effort: Effort, tokens: &mut Tokens) -> usize {
        let mut done = 0;
        while done < input.len() && !tokens.is_full() {
            let start = self.push(&input[done..]);
            self.key_bytes = self.key_bytes_for(start);
            let mut search = Search {
                window: &self.window,
                heads: &mut self.heads,
                links: &mut self.links,
                base: self.base,
                floor: self.floor,
                end: self.end,
                key_bytes: self.key_bytes,
            };
            search.list(self.unlisted, start);
            let stop = search.tokenize(start, effort, tokens);
            self.unlisted = search.unlistable().min(stop);
            // A full block leaves a rest of the step, which is pushed again.
            self.end = stop;
            done += stop - start;
        }
        done
    }

    /// How many bytes to look up in the step that begins at `start`. In ASCII, which is JSON mostly, members and values recur
    /// whole: matches of four bytes hardly pay, and those who search for five do it several times as fast. In text of other
    /// scripts four bytes are two letters or less.
    fn key_bytes_for(&self, start: usize) -> usize {
        let step = &self.window[start..self.end];
        if !step.is_ascii() {
            SHORT_KEY_BYTES
        } else if step.len() >= MIN_LONG_KEY_STEP {
            LONG_KEY_BYTES
        } else {
            self.key_bytes
        }
    }
}

/// Room for input behind the history: little, and yet enough that moving the history costs nothing in comparison.
const fn step_bytes(window_bits: u8) -> usize {
    match window_bits {
        ..=13 => 4 * 1024,
        14 => 8 * 1024,
        _ => 16 * 1024,
    }
}
