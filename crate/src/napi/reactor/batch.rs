//! What the connections that are ready have, received, parsed and written down for JavaScript.

#[cfg(target_os = "linux")]
use rustix::io::Errno;

use super::Host;
use super::slab;
use crate::napi::records::WORDS_PER_RECORD;
use crate::reactor::{Readiness, Received};

/// Words before the first entry: `[end of the entries, slabs kept, slabs to replace if kept, slabs to replace]`.
/// JavaScript writes the second.
const HEAD_WORDS: usize = 8;
/// An entry without its records: `[slot, kind and slab, start, end, consumed, pending bytes, records, more]`.
const ENTRY_WORDS: usize = 8;
/// Of these, what stands before the part that the records' own head fills.
const ENTRY_OWN_WORDS: usize = 4;
/// What one connection may say in a batch.
const MAX_RECORDS: usize = 256;
const MAX_ENTRY_WORDS: usize = ENTRY_WORDS + MAX_RECORDS * WORDS_PER_RECORD;
/// What comes at once from one connection makes two entries at most, and there may be one that it is writable.
const MAX_CONNECTION_WORDS: usize = ENTRY_WORDS + 2 * MAX_ENTRY_WORDS;
/// How often JavaScript is entered for one batch: there are not more entries.
pub const MAX_CALLS: usize = 32 * 1024 / ENTRY_WORDS;
/// Bytes after which a batch is delivered: what was read is still in the cache then.
const BATCH_BYTES: usize = 128 * 1024;
/// Connections that one listener takes in for a batch.
#[cfg(target_os = "linux")]
const MAX_ACCEPTED: usize = 64;

/// What an entry says.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Entry {
    /// Bytes at start..end of the slab, parsed: records follow.
    Parsed,
    /// Bytes at start..end of the slab, for which there is no decoder.
    Raw,
    /// The peer has ended its side.
    End,
    /// The connection is lost; `start` is the number of the error.
    Failed,
    /// The socket has room.
    Writable,
    /// `end` bytes in the place that the decoder has for them, parsed: records follow, the first of them for those bytes.
    Placed,
    /// A listener has taken in the connection with the number `start`; `end` is 1 where its descriptor is one of the last.
    #[cfg(target_os = "linux")]
    Accepted,
    /// A listener cannot take in those that wait.
    #[cfg(target_os = "linux")]
    Refused,
}

/// Writes an entry but for its records, of which there are none yet. Returns its length.
fn write(words: &mut [u32], slot: u32, kind: u32, start: usize, end: usize) -> usize {
    words[..ENTRY_OWN_WORDS].copy_from_slice(&[slot, kind, start as u32, end as u32]);
    words[6] = 0;
    ENTRY_WORDS
}

/// Writes how many records an entry has, and whether there is more. Returns the length of the entry.
fn finish(words: &mut [u32], (count, more): (usize, bool)) -> usize {
    words[6] = count as u32;
    words[7] = u32::from(more);
    ENTRY_WORDS + count * WORDS_PER_RECORD
}

impl Host {
    /// Reads what the connections that are ready have, as far as there is room, and writes it down. Returns whether there
    /// is anything for JavaScript.
    ///
    /// # Safety
    /// A handle scope is open, and no JavaScript runs meanwhile.
    pub(super) unsafe fn collect(&mut self, mut may_fetch: bool) -> bool {
        // SAFETY: made for this and kept to itself by the JavaScript of this package, which does not run now.
        let words = unsafe { self.words.as_mut_slice::<u32>() };
        // SAFETY: passed on from the caller.
        unsafe { self.slabs.begin(self.env) };
        let mut at = HEAD_WORDS;
        let mut bytes = 0;
        while at + MAX_CONNECTION_WORDS <= words.len() && bytes < BATCH_BYTES {
            let Some(ready) = self.reactor.next_ready(may_fetch) else {
                break;
            };
            // Once a turn: what is ready again behind that has its turn after the others.
            may_fetch = false;
            if ready.writable {
                at += write(&mut words[at..], ready.slot, Entry::Writable as u32, 0, 0);
            }
            if ready.readable {
                #[cfg(target_os = "linux")]
                if self.is_listener(ready.slot) {
                    at += self.accept(ready.slot, &mut words[at..at + MAX_CONNECTION_WORDS]);
                    continue;
                }
                // SAFETY: passed on from the caller.
                let Some(length) = (unsafe { self.read(ready, &mut words[at..]) }) else {
                    break;
                };
                at += length.0;
                bytes += length.1;
            }
        }
        let (if_kept, always) = self.slabs.wanted();
        words[0] = at as u32;
        words[1] = 0;
        words[2] = if_kept;
        words[3] = always;
        at != HEAD_WORDS || always != 0
    }

    #[cfg(target_os = "linux")]
    fn is_listener(&mut self, slot: u32) -> bool {
        self.reactor
            .connection(slot)
            .is_some_and(|connection| connection.is_listener)
    }

    /// Takes in what waits at a listener, an entry for each. Returns their words.
    #[cfg(target_os = "linux")]
    fn accept(&mut self, listener: u32, words: &mut [u32]) -> usize {
        let mut length = 0;
        for entry in words.chunks_exact_mut(ENTRY_WORDS).take(MAX_ACCEPTED) {
            let (kind, slot, is_late) = match self.reactor.accept(listener) {
                Ok(accepted) => (Entry::Accepted, accepted.slot, accepted.is_late),
                Err(Errno::AGAIN) => break,
                Err(_) => (Entry::Refused, 0, false),
            };
            length += write(
                entry,
                listener,
                kind as u32,
                slot as usize,
                usize::from(is_late),
            );
            if matches!(kind, Entry::Refused) {
                break;
            }
        }
        if length > 0 {
            self.update_reference();
        }
        length
    }

    /// Reads from one connection and writes its entries. Returns the words and bytes of it, which are none where nothing
    /// came; `None` where there is no room.
    ///
    /// # Safety
    /// As for `collect`.
    unsafe fn read(&mut self, ready: Readiness, words: &mut [u32]) -> Option<(usize, usize)> {
        let slot = ready.slot;
        let connection = self.reactor.connection(slot)?;
        // SAFETY: the engine is there (`wake` has checked), lives as long as the environment, and nobody else has a
        // reference: no JavaScript runs.
        let engine = unsafe { &mut *self.engine };
        let decoder = connection.decoder;
        // SAFETY: passed on from the caller.
        let place = decoder.and_then(|decoder| unsafe { engine.room(decoder) });
        let place = place.unwrap_or_default();
        let placed = place.len().min(slab::MAX_WINDOW);
        let place = &mut place[..placed];
        // What follows the payload; there is nothing to be read of that while there is more of it than is read at once.
        let left = slab::MAX_WINDOW - placed;
        let (index, start, room) = match self.slabs.room(connection.is_large) {
            Some((index, start, room)) => {
                let length = room.len().min(left);
                (index, start, &mut room[..length])
            }
            None if placed == 0 => return None,
            None => Default::default(),
        };
        let received = if placed == 0 {
            connection.receive(room, &mut [])
        } else {
            connection.receive(place, room)
        };
        let count = match received {
            Received::Nothing => return Some((0, 0)),
            Received::End => {
                return Some((write(words, slot, Entry::End as u32, 0, 0), 0));
            }
            Received::Failed(error) => {
                let number = error.raw_os_error().unsigned_abs() as usize;
                return Some((write(words, slot, Entry::Failed as u32, number, 0), 0));
            }
            Received::Bytes(count) => count,
        };
        connection.is_large = count >= slab::LARGE_BYTES;
        let mut length = 0;
        let in_place = count.min(placed);
        if in_place > 0 {
            let entry = &mut words[..MAX_ENTRY_WORDS];
            length = write(entry, slot, Entry::Placed as u32, 0, in_place);
            let records = &mut entry[ENTRY_OWN_WORDS..];
            let received = &mut place[..in_place];
            if let Some(parsed) =
                decoder.and_then(|decoder| engine.parse_placed(decoder, records, received))
            {
                length = finish(entry, parsed);
            }
        }
        let in_slab = count - in_place;
        if in_slab > 0 {
            let entry = &mut words[length..length + MAX_ENTRY_WORDS];
            let records = &mut entry[ENTRY_OWN_WORDS..];
            let chunk = &mut room[..in_slab];
            let parsed = decoder.and_then(|decoder| engine.parse(decoder, records, chunk, start));
            let kind = match parsed {
                Some(_) => Entry::Parsed,
                None => Entry::Raw,
            };
            let kind = kind as u32 | index << 8;
            let own = write(entry, slot, kind, start, start + in_slab);
            length += parsed.map_or(own, |parsed| finish(entry, parsed));
            self.slabs.take(index, in_slab);
        }
        Some((length, count))
    }
}
