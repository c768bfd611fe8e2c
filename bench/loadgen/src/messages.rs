//! The messages of a run, prepared once: as a client sends them, masked, and as a server must send them back.
//!
//! They form a ring. All frames are equally long, so the bytes of an endless repetition of the ring are addressed by a count that only
//! grows: what a connection has written, and what it may write, are two such counts, and nothing is ever queued.

use std::ops::Range;

use crate::frames::{Opcode, write_frame};
use crate::payload::Kind;
use crate::random::Random;

/// The rings hold about as many bytes, so that small messages stay in the processor's cache.
const RING_BYTES: usize = 256 * 1024;
const COUNT: Range<usize> = 4..1024;

/// Comparing up to so long a message costs less than deciding whether to compare it.
const ALWAYS_COMPARED_BYTES: usize = 1024;

/// The ring of prepared messages.
#[derive(Debug)]
pub struct Messages {
    opcode: Opcode,
    size: usize,
    count: usize,
    masked: Box<[u8]>,
    expected: Box<[u8]>,
}

impl Messages {
    /// Prepares messages of `size` payload bytes, each with a content and a masking key of its own.
    pub fn prepare(kind: Kind, size: usize, random: &mut Random) -> Self {
        let count = (RING_BYTES / (size + 6)).clamp(COUNT.start, COUNT.end);
        let (mut masked, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let payload = kind.payload(size, random);
            write_frame(&mut masked, kind.opcode(), &payload, Some(random.bytes()));
            write_frame(&mut expected, kind.opcode(), &payload, None);
        }
        Self {
            opcode: kind.opcode(),
            size,
            count,
            masked: masked.into(),
            expected: expected.into(),
        }
    }

    /// Text or binary.
    pub fn opcode(&self) -> Opcode {
        self.opcode
    }

    /// Payload bytes of each message.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many different ones there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether every message is to be compared, or only a sample.
    pub fn all_compared(&self) -> bool {
        self.size <= ALWAYS_COMPARED_BYTES
    }

    /// Length of a client's frame.
    pub fn masked_frame(&self) -> usize {
        self.masked.len() / self.count
    }

    /// The bytes to send from `from` on, up to `until` or the ring's end.
    pub fn outgoing(&self, from: u64, until: u64) -> &[u8] {
        let start = (from % self.masked.len() as u64) as usize;
        let length = (until - from).min((self.masked.len() - start) as u64) as usize;
        &self.masked[start..start + length]
    }

    /// The payload of a message.
    pub fn payload(&self, index: usize) -> &[u8] {
        let frame = self.expected_frame();
        &self.expected[(index + 1) * frame - self.size..(index + 1) * frame]
    }

    /// How many messages, of those from `index` on, `chunk` begins with: whole, each in one frame, every byte as expected. Stops at the
    /// ring's end. A 0 says nothing: of larger messages not all bytes are to be compared, and the answer is always 0.
    pub fn whole_at_front(&self, index: usize, chunk: &[u8]) -> usize {
        if !self.all_compared() {
            return 0;
        }
        let frame = self.expected_frame();
        let messages = (chunk.len() / frame).min(self.count - index);
        let awaited = &self.expected[index * frame..(index + messages) * frame];
        if chunk[..messages * frame] == *awaited {
            messages
        } else {
            0
        }
    }

    /// Length of a server's frame, if it sends each message in one.
    pub fn expected_frame(&self) -> usize {
        self.expected.len() / self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 7] = [0, 32, 125, 126, 1024, 65_536, 1 << 20];

    #[test]
    fn outgoing_bytes_repeat_without_end() {
        for size in SIZES {
            let messages = Messages::prepare(Kind::Ascii, size, &mut Random::from_seed(6));
            let ring = (messages.masked_frame() * messages.count()) as u64;
            assert_eq!(messages.outgoing(0, ring), &*messages.masked);
            assert_eq!(
                messages.outgoing(7 * ring + 3, 9 * ring),
                &messages.masked[3..]
            );
            assert_eq!(messages.outgoing(ring - 1, ring + 1).len(), 1);
        }
    }

    #[test]
    fn a_payload_is_the_unmasked_one() {
        for size in SIZES {
            let messages = Messages::prepare(Kind::Binary, size, &mut Random::from_seed(7));
            let frame = messages.masked_frame();
            for index in 0..messages.count() {
                let masked = &messages.masked[index * frame..(index + 1) * frame];
                let (header, payload) = masked.split_at(frame - size);
                let key = &header[header.len() - 4..];
                let unmasked: Vec<u8> = payload
                    .iter()
                    .zip(key.iter().cycle())
                    .map(|(byte, key)| byte ^ key)
                    .collect();
                assert!(messages.payload(index) == unmasked);
            }
        }
    }

    #[test]
    fn whole_messages_are_found_up_to_the_end_of_the_ring_or_the_chunk() {
        let messages = Messages::prepare(Kind::Ascii, 32, &mut Random::from_seed(8));
        let last = messages.count() - 1;
        assert_eq!(
            messages.whole_at_front(0, &messages.expected[..34 * 5 + 33]),
            5
        );
        assert_eq!(
            messages.whole_at_front(last, &messages.expected[last * 34..]),
            1
        );
        assert_eq!(messages.whole_at_front(1, &messages.expected[..34]), 0);
    }
}
