//! What was compressed before, and where the bytes to come have stood in it.
//!
//! Positions are counted modulo 65,536, twice the largest window. A table may name positions that are long gone, those of
//! another message even: whether bytes match is always decided by comparing them, within the history that may be used. So
//! the tables are never cleared and never moved.
//!
//! They and the window are as large as what there is to refer to, and grow with it: a connection that has sent four messages
//! of a kilobyte keeps a fifth of what one takes that has filled its window.

use std::iter::repeat_n;

use super::search::{Effort, LONG_KEY_BYTES, SHORT_KEY_BYTES, Search};
use super::tokens::Tokens;

/// The eight bytes that are read at a time may reach behind the last one.
const PADDING_BYTES: usize = 8;

/// Room for input behind the history: little, and yet enough that moving the history costs nothing in comparison.
const STEP_BYTES: usize = 4 * 1024;

/// Fewer bytes of ASCII say little about what is worth looking for.
const MIN_LONG_KEY_STEP: usize = 1000;

/// The least reach that tables are made for.
const MIN_REACH: usize = 256;

/// A window of history with its tables.
#[derive(Debug)]
pub struct Matcher {
    /// The largest distance there is to be.
    max_reach: usize,
    /// Heads there are to be for that.
    max_heads: usize,
    /// History, then room for a step, then padding. Nothing before the first message, like the tables.
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
    /// The position before with the same hash, at each position modulo the reach, of which there is one for each.
    links: Vec<u16>,
}

impl Matcher {
    /// A matcher without history, for distances up to 2^`window_bits` (8 to 15), with 2^`hash_bits` heads at most.
    pub const fn new(window_bits: u8, hash_bits: u8) -> Self {
        Self {
            max_reach: 1 << window_bits,
            max_heads: 1 << hash_bits,
            window: Vec::new(),
            end: 0,
            floor: 0,
            base: 0,
            unlisted: 0,
            key_bytes: SHORT_KEY_BYTES,
            heads: Vec::new(),
            links: Vec::new(),
        }
    }

    /// Bytes of memory taken at most.
    pub const fn reserved_bytes(window_bits: u8, hash_bits: u8) -> usize {
        let reach = 1 << window_bits;
        window_bytes(reach) + 2 * heads(reach, 1 << hash_bits) + 2 * reach
    }

    /// Forgets the history.
    pub fn forget(&mut self) {
        self.floor = self.end;
        self.key_bytes = SHORT_KEY_BYTES;
    }

    /// The largest distance, as far as the tables have grown.
    const fn reach(&self) -> usize {
        self.links.len()
    }

    /// Makes window and tables large enough to look back over `bytes`, or as far as is agreed.
    fn grow_for(&mut self, bytes: usize) {
        if bytes <= self.reach() || self.reach() == self.max_reach {
            return;
        }
        let reach = bytes.clamp(MIN_REACH, self.max_reach).next_power_of_two();
        self.window = enlarged(&self.window, window_bytes(reach));
        // What has the hash of one head has that of several now, which all begin the chain of that one. And a link may be
        // looked up at any of its position's places: those that are not its own are those of positions that are gone.
        let heads = heads(reach, self.max_heads);
        if self.links.is_empty() {
            self.heads = vec![0; heads];
            self.links = vec![0; reach];
        } else {
            let each = heads / self.heads.len();
            let mut split = Vec::with_capacity(heads);
            for head in &self.heads {
                split.extend(repeat_n(*head, each));
            }
            self.heads = split;
            self.links = self.links.repeat(reach / self.reach());
        }
    }

    /// Appends the start of `input`, as much as a step takes. Returns where it lies in the window.
    fn push(&mut self, input: &[u8]) -> usize {
        let history = self.end - self.floor;
        self.grow_for(history + input.len());
        let length = input.len().min(STEP_BYTES);
        let capacity = self.window.len() - PADDING_BYTES;
        if self.end + length > capacity {
            // Only as much as a distance can reach is kept.
            let gone = self.end - history.min(self.reach());
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
        while done < input.len() && tokens.room() > 0 {
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

/// How many heads there are. More of them than positions would not make the chains shorter.
const fn heads(reach: usize, most: usize) -> usize {
    if reach < most { reach } else { most }
}

/// History, room for a step, padding.
const fn window_bytes(reach: usize) -> usize {
    reach + STEP_BYTES + PADDING_BYTES
}

/// `bytes` and zeros behind them, so many as to make `length`, in memory of just that size.
fn enlarged(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut enlarged = vec![0; length];
    enlarged[..bytes.len()].copy_from_slice(bytes);
    enlarged
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    /// Level 6 is as good as any here.
    const EFFORT: Effort = Effort {
        candidates: 40,
        long_candidates: 6,
        insists: false,
        enough: 64,
        lazy: 20,
        listed: 258,
    };

    fn taken(matcher: &Matcher) -> usize {
        let entries = matcher.heads.capacity() + matcher.links.capacity();
        matcher.window.capacity() + 2 * entries
    }

    fn send(matcher: &mut Matcher, messages: usize) {
        let mut tokens = Tokens::new();
        for _ in 0..messages {
            tokens.clear();
            assert_eq!(matcher.tokenize(&[b'-'; KIB], EFFORT, &mut tokens), KIB);
        }
    }

    #[test]
    fn memory_is_taken_as_there_is_history() {
        let mut matcher = Matcher::new(15, 14);
        assert_eq!(taken(&matcher), 0);
        send(&mut matcher, 4);
        assert!(taken(&matcher) <= 25 * KIB, "{}", taken(&matcher));
        send(&mut matcher, 28);
        assert_eq!(taken(&matcher), Matcher::reserved_bytes(15, 14));
        send(&mut matcher, 100);
        assert_eq!(taken(&matcher), Matcher::reserved_bytes(15, 14));
    }

    #[test]
    fn messages_without_history_take_no_more_than_one_of_them() {
        let mut matcher = Matcher::new(15, 14);
        send(&mut matcher, 1);
        let one = taken(&matcher);
        for _ in 0..200 {
            matcher.forget();
            send(&mut matcher, 1);
        }
        assert_eq!(taken(&matcher), one);
    }
}
