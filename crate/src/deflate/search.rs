//! The search for what has occurred before, and the choice of what to make of it.
//!
//! Positions whose first bytes have the same hash form a chain, from the last back. A chain is followed for so many steps as
//! the effort says, and a match is put off by a byte where the next position has a better one (lazy matching).

use super::symbols::MAX_MATCH_BYTES;
use super::tokens::Tokens;

/// Bytes that are looked up, and the shortest match that is found. One of three bytes saves next to nothing.
pub const SHORT_KEY_BYTES: usize = 4;
/// The same where shorter matches do not pay.
pub const LONG_KEY_BYTES: usize = 5;

/// How hard to look, by level.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Candidates compared at each position, where the key is short.
    pub candidates: u32,
    /// The same where it is long.
    pub long_candidates: u32,
    /// Whether what had the same hash before is looked at even where the last that had it is something else. Mostly all of
    /// it is then: most positions have no match, and that is how to tell soon.
    pub insists: bool,
    /// A match this long is taken at once.
    pub enough: usize,
    /// After a match shorter than this the next position is tried as well; 0 never.
    pub lazy: usize,
    /// All positions within a match are listed unless it is longer than this.
    pub listed: usize,
}

/// A match that was found; none where the length is 0.
#[derive(Clone, Copy)]
struct Match {
    length: usize,
    distance: usize,
}

impl Match {
    const NONE: Self = Self {
        length: 0,
        distance: 0,
    };

    /// Whether it is worth a literal more than `other`, one byte before it. A byte of length counts as much as four bits of
    /// the distance.
    #[inline]
    const fn is_worth_a_literal(self, other: Self) -> bool {
        if self.length < other.length {
            return false;
        }
        let longer = 4 * (self.length - other.length) as u32;
        longer + other.distance.ilog2() > self.distance.ilog2() + 2
    }
}

/// The window and its tables while tokens are made of a step.
pub struct Search<'matcher> {
    pub window: &'matcher [u8],
    /// The last position of each hash; a power of two of them.
    pub heads: &'matcher mut [u16],
    /// The position before with the same hash, at each position modulo their number, which is that of the window's size.
    pub links: &'matcher mut [u16],
    /// Position of the first byte of `window`.
    pub base: u16,
    /// The first byte that matches may use.
    pub floor: usize,
    /// Where the step ends.
    pub end: usize,
    pub key_bytes: usize,
}

impl Search<'_> {
    /// Makes tokens from `start` on until the step ends or the block is full. Returns where that was. All before it is listed
    /// that can be.
    pub fn tokenize(&mut self, start: usize, effort: Effort, tokens: &mut Tokens) -> usize {
        let candidates = if self.key_bytes == LONG_KEY_BYTES {
            effort.long_candidates
        } else {
            effort.candidates
        };
        let stop = self.unlistable();
        let (mut at, mut run, mut room) = (start, start, tokens.room());
        while at < stop && at - run < room {
            let mut found = self.find(at, self.key_bytes - 1, candidates, effort);
            if found.length == 0 {
                tokens.literal(self.window[at]);
                at += 1;
                continue;
            }
            let mut listed = at + 1;
            while found.length < effort.lazy && listed < stop {
                // One that is as long may be nearer.
                let next = self.find(listed, found.length - 1, candidates / 2, effort);
                listed += 1;
                if !next.is_worth_a_literal(found) {
                    break;
                }
                tokens.literal(self.window[at]);
                at += 1;
                found = next;
            }
            tokens.copy(at - run, found.length, found.distance);
            at += found.length;
            (run, room) = (at, tokens.room());
            if found.length <= effort.listed {
                self.list(listed, at);
            }
        }
        while at < self.end && at - run < room {
            tokens.literal(self.window[at]);
            at += 1;
        }
        tokens.pause(at - run);
        at
    }

    /// From here on there are not bytes enough for a key.
    pub fn unlistable(&self) -> usize {
        (self.end + 1).saturating_sub(self.key_bytes)
    }

    /// Looks for a match at `at`, before [`Self::unlistable`], that is longer than `least`, and puts `at` into the tables.
    #[expect(
        clippy::inline_always,
        reason = "each of the two calls is a tenth faster"
    )]
    #[inline(always)]
    fn find(&mut self, at: usize, least: usize, candidates: u32, effort: Effort) -> Match {
        let window = self.window;
        let mask = self.links.len() - 1;
        let position = self.base.wrapping_add(at as u16);
        let slot = hash(load64(window, at), self.key_bytes, self.heads.len());
        let mut candidate = self.heads[slot];
        self.heads[slot] = position;
        self.links[usize::from(position) & mask] = candidate;
        let reach = (mask + 1).min(at - self.floor);
        let distance = usize::from(position.wrapping_sub(candidate));
        let distance = if distance.wrapping_sub(1) < reach {
            distance
        } else {
            0
        };
        // Two branches would be guessed wrong twice as often.
        let differs = load32(window, at - distance) ^ load32(window, at);
        if differs | u32::from(distance == 0) != 0 && !effort.insists {
            return Match::NONE;
        }
        let longest = (self.end - at).min(MAX_MATCH_BYTES);
        if longest <= least {
            return Match::NONE;
        }
        let enough = effort.enough.min(longest);
        let mut best = Match::NONE;
        let mut shortest = least;
        let mut nearer = 0;
        // Longer than the best so far is only what has the bytes that end one further.
        let mut tail = load32(window, at + shortest - 3);
        let mut left = candidates;
        while left > 0 {
            let distance = usize::from(position.wrapping_sub(candidate));
            // Further and further back; what is not is a position that is gone.
            if distance <= nearer || distance > reach {
                break;
            }
            nearer = distance;
            let from = at - distance;
            if load32(window, from + shortest - 3) == tail {
                let length = match_length(window, from, at, longest);
                if length > shortest {
                    best = Match { length, distance };
                    if length >= enough {
                        break;
                    }
                    shortest = length;
                    tail = load32(window, at + shortest - 3);
                }
            }
            candidate = self.links[usize::from(candidate) & mask];
            left -= 1;
        }
        best
    }

    /// Puts the positions from `start` to `stop` into the tables, as far as there are bytes enough behind them.
    #[inline]
    pub fn list(&mut self, start: usize, stop: usize) {
        let stop = stop.min(self.unlistable());
        if start >= stop {
            return;
        }
        let (mask, size) = (self.links.len() - 1, self.heads.len());
        let mut position = self.base.wrapping_add(start as u16);
        for key in self.window[start..stop + 7].windows(8) {
            let head = &mut self.heads[hash(load64(key, 0), self.key_bytes, size)];
            self.links[usize::from(position) & mask] = std::mem::replace(head, position);
            position = position.wrapping_add(1);
        }
    }
}

/// Which of `heads`, a power of two, belongs to the first bytes of a key.
#[inline]
const fn hash(key: u64, key_bytes: usize, heads: usize) -> usize {
    let key = key << (64 - 8 * key_bytes);
    let product = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (product >> (64 - heads.trailing_zeros())) as usize & (heads - 1)
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
    let read = longest.next_multiple_of(8);
    let old = window[from..from + read].chunks_exact(8);
    let new = window[at..at + read].chunks_exact(8);
    let mut length = 0;
    for (old, new) in old.zip(new) {
        let difference = load64(old, 0) ^ load64(new, 0);
        if difference != 0 {
            return (length + difference.trailing_zeros() as usize / 8).min(longest);
        }
        length += 8;
    }
    longest
}
