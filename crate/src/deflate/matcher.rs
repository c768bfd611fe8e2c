//! What was compressed before, and where the bytes to come have stood in it.
//!
//! Positions are counted modulo 65,536, twice the largest window. A table may name positions that are long gone, those of
//! another message even: whether bytes match is always decided by comparing them, within the history that may be used. So
//! the tables are never cleared and never moved.

use super::symbols::{MAX_MATCH_BYTES, Tokens};

/// Bytes that are looked up. A match of three bytes saves next to nothing.
const KEY_BYTES: usize = 4;

/// After a match this long the next position is searched with less effort still.
const GOOD_MATCH_BYTES: usize = 8;

/// The eight bytes that are compared at a time may reach behind the last one.
const PADDING_BYTES: usize = 8;

/// How hard to look, by level.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Candidates compared at each position.
    pub candidates: u32,
    /// A match this long is taken at once.
    pub enough: usize,
    /// After a match shorter than this the next position is tried as well; 0 never.
    pub lazy: usize,
    /// All positions within a match are listed unless it is longer than this.
    pub listed: usize,
}

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
    /// The last position of each hash.
    heads: Vec<u16>,
    /// The position before with the same hash, at each position modulo the window's size.
    links: Vec<u16>,
}

/// A match that was found; none where the length is less than `KEY_BYTES`.
#[derive(Clone, Copy)]
struct Match {
    length: usize,
    distance: usize,
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
            self.list(start);
            let stop = if effort.lazy == 0 {
                self.greedy(start, effort, tokens)
            } else {
                self.lazy(start, effort, tokens)
            };
            // A full block leaves a rest of the step, which is pushed again.
            self.end = stop;
            self.unlisted = self.unlisted.min(stop);
            done += stop - start;
        }
        done
    }

    /// Takes the first match of each position.
    fn greedy(&mut self, start: usize, effort: Effort, tokens: &mut Tokens) -> usize {
        let mut at = start;
        while at < self.end && !tokens.is_full() {
            let found = self.find(at, KEY_BYTES - 1, effort.candidates, effort.enough);
            at += self.emit(at, found, effort, tokens);
        }
        at
    }

    /// Takes a match unless the next position has a better one.
    fn lazy(&mut self, start: usize, effort: Effort, tokens: &mut Tokens) -> usize {
        let mut at = start;
        while at < self.end && !tokens.is_full() {
            let mut found = self.find(at, KEY_BYTES - 1, effort.candidates, effort.enough);
            while found.length >= KEY_BYTES && found.length < effort.lazy {
                let next = self.find(
                    at + 1,
                    found.length,
                    effort.candidates
                        / if found.length >= GOOD_MATCH_BYTES {
                            4
                        } else {
                            3
                        },
                    effort.enough,
                );
                if next.length <= found.length {
                    break;
                }
                tokens.literal(self.window[at]);
                at += 1;
                found = next;
            }
            at += self.emit(at, found, effort, tokens);
        }
        at
    }

    /// Adds the token of the byte or the bytes at `at`. Returns their number.
    #[inline]
    fn emit(&mut self, at: usize, found: Match, effort: Effort, tokens: &mut Tokens) -> usize {
        if found.length < KEY_BYTES {
            tokens.literal(self.window[at]);
            return 1;
        }
        tokens.copy(found.length, found.distance);
        if found.length <= effort.listed {
            self.list(at + found.length);
        } else {
            self.unlisted = at + found.length;
        }
        found.length
    }

    /// Looks for a match at `at` that is longer than `least`, and puts `at` into the tables.
    #[inline]
    fn find(&mut self, at: usize, least: usize, candidates: u32, enough: usize) -> Match {
        let mut best = Match {
            length: least.min(KEY_BYTES - 1),
            distance: 0,
        };
        let longest = (self.end - at.min(self.end)).min(MAX_MATCH_BYTES);
        if longest < KEY_BYTES || longest <= least {
            return best;
        }
        let mut shortest = least;
        let window = self.window.as_slice();
        let links = self.links.as_mut_slice();
        let size = links.len();
        let position = self.base.wrapping_add(at as u16);
        let key = load32(window, at);
        let heads = self.heads.as_mut_slice();
        let slot = hash(key, heads.len());
        let head = &mut heads[slot];
        let mut candidate = *head;
        *head = position;
        links[usize::from(position) & (size - 1)] = candidate;
        self.unlisted = at + 1;
        let reach = size.min(at - self.floor);
        let mut nearer = 0;
        // Longer than the best so far is only what has the bytes that end one further.
        let mut tails = &window[shortest - 3..];
        let mut tail = load32(tails, at);
        for _ in 0..candidates {
            let distance = usize::from(position.wrapping_sub(candidate));
            // Further and further back; what is not is a position that is gone.
            if distance <= nearer || distance > reach {
                break;
            }
            nearer = distance;
            let from = at - distance;
            if load32(tails, from) == tail {
                let length = match_length(window, from, at, longest);
                if length > shortest {
                    shortest = length;
                    best = Match { length, distance };
                    if length >= enough || length == longest {
                        break;
                    }
                    tails = &window[shortest - 3..];
                    tail = load32(tails, at);
                }
            }
            candidate = links[usize::from(candidate) & (size - 1)];
        }
        best
    }

    /// Puts all positions before `stop` into the tables that have bytes enough behind them.
    #[inline]
    fn list(&mut self, stop: usize) {
        let stop = stop.min((self.end + 1).saturating_sub(KEY_BYTES));
        if self.unlisted >= stop {
            return;
        }
        let (window, links, heads) = (
            self.window.as_slice(),
            self.links.as_mut_slice(),
            self.heads.as_mut_slice(),
        );
        let mask = links.len() - 1;
        let size = heads.len();
        let mut position = self.base.wrapping_add(self.unlisted as u16);
        for key in window[self.unlisted..stop + KEY_BYTES - 1].windows(KEY_BYTES) {
            let head = &mut heads[hash(load32(key, 0), size)];
            links[usize::from(position) & mask] = *head;
            *head = position;
            position = position.wrapping_add(1);
        }
        self.unlisted = stop;
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

/// Which of `heads`, a power of two, belongs to four bytes.
#[inline]
const fn hash(key: u32, heads: usize) -> usize {
    (key.wrapping_mul(0x9e37_79b1) >> (32 - heads.trailing_zeros())) as usize & (heads - 1)
}

#[inline]
fn load32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("padding"))
}

#[inline]
fn load64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("padding"))
}

/// How many bytes are alike, up to `longest`.
#[inline]
fn match_length(window: &[u8], from: usize, at: usize, longest: usize) -> usize {
    let mut length = 0;
    while length < longest {
        let difference = load64(window, from + length) ^ load64(window, at + length);
        if difference != 0 {
            return (length + difference.trailing_zeros() as usize / 8).min(longest);
        }
        length += 8;
    }
    longest
}
