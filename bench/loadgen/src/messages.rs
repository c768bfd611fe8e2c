//! The messages of a run, prepared once: as a client sends them, masked, and as a server must send them back.
//!
//! They form a ring. The bytes of an endless repetition of the ring are addressed by a count that only grows: what a connection has
//! written, and what it may write, are two such counts, and nothing is ever queued.

use std::ops::Range;

use crate::deflate::{Deflater, Takeover};
use crate::frames::{Opcode, write_frame, write_message};
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
    /// How the answers come compressed, if they do.
    deflate: Option<Takeover>,
    masked: Box<[u8]>,
    /// Where each masked frame starts, and where the last one ends.
    starts: Box<[usize]>,
    expected: Box<[u8]>,
}

impl Messages {
    /// Prepares messages of `size` payload bytes, each with a content and a masking key of its own.
    pub fn prepare(kind: Kind, size: usize, random: &mut Random) -> Self {
        let count = (RING_BYTES / (size + 6)).clamp(COUNT.start, COUNT.end);
        let (mut masked, mut expected) = (Vec::new(), Vec::new());
        let mut starts = vec![0];
        for _ in 0..count {
            let payload = kind.payload(size, random);
            write_frame(&mut masked, kind.opcode(), &payload, Some(random.bytes()));
            write_frame(&mut expected, kind.opcode(), &payload, None);
            starts.push(masked.len());
        }
        Self {
            opcode: kind.opcode(),
            size,
            count,
            deflate: None,
            masked: masked.into(),
            starts: starts.into(),
            expected: expected.into(),
        }
    }

    /// The same messages, sent compressed, and expected so.
    #[must_use]
    pub fn deflated(mut self, takeover: Takeover, random: &mut Random) -> Self {
        let mut deflater = Deflater::default();
        let (mut masked, mut starts) = (Vec::new(), vec![0]);
        for index in 0..self.count {
            let payload = deflater.deflate(self.payload(index));
            let mask = Some(random.bytes());
            write_message(&mut masked, self.opcode, true, &payload, mask);
            starts.push(masked.len());
        }
        self.deflate = Some(takeover);
        self.masked = masked.into();
        self.starts = starts.into();
        self
    }

    /// How the answers come compressed, if they do.
    pub fn deflate(&self) -> Option<Takeover> {
        self.deflate
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

    /// Where the frame of the message with this number begins, in the endless repetition of the ring.
    pub fn position(&self, number: u64) -> u64 {
        let (count, ring) = (self.count as u64, self.masked.len() as u64);
        number / count * ring + self.starts[(number % count) as usize] as u64
    }

    /// Where the frame that this position is within ends; the position itself if it is between two.
    pub fn end_of_frame(&self, position: u64) -> u64 {
        let within = position % self.masked.len() as u64;
        let index = self
            .starts
            .partition_point(|&start| (start as u64) < within);
        position - within + self.starts[index] as u64
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
        if self.deflate.is_some() || !self.all_compared() {
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
    use crate::deflate::Inflater;
    use crate::frames::{Header, HeaderReader};

    const SIZES: [usize; 7] = [0, 32, 125, 126, 1024, 65_536, 1 << 20];

    /// The header of a message's frame, and its payload without mask.
    fn sent(messages: &Messages, number: u64) -> (Header, Vec<u8>) {
        let (start, end) = (messages.position(number), messages.position(number + 1));
        let mut frame = messages.outgoing(start, end);
        let header = HeaderReader::default().read(&mut frame).unwrap().unwrap();
        let key = header.mask.unwrap();
        let unmasked = frame.iter().zip(key.iter().cycle());
        (header, unmasked.map(|(byte, key)| byte ^ key).collect())
    }

    #[test]
    fn compressed_messages_have_the_same_content() {
        let random = &mut Random::from_seed(8);
        for size in [0, 32, 1024, 65_536] {
            let messages =
                Messages::prepare(Kind::Json, size, random).deflated(Takeover::No, random);
            let mut inflater = Inflater::default();
            for number in [0, 1, messages.count() as u64 + 2] {
                let (header, deflated) = sent(&messages, number);
                assert!(header.compressed && header.fin);
                inflater.forget();
                let index = number as usize % messages.count();
                assert!(inflater.inflate(&deflated, size).unwrap() == messages.payload(index));
            }
        }
    }

    #[test]
    fn the_end_of_a_frame_is_the_start_of_the_next() {
        let random = &mut Random::from_seed(9);
        let messages = Messages::prepare(Kind::Json, 300, random).deflated(Takeover::No, random);
        let last = messages.count() as u64 - 1;
        for number in [0, 1, last, last + 1, 5 * last] {
            let (start, end) = (messages.position(number), messages.position(number + 1));
            assert_eq!(messages.end_of_frame(start), start);
            assert_eq!(messages.end_of_frame(start + 1), end);
            assert_eq!(messages.end_of_frame(end - 1), end);
        }
    }

    #[test]
    fn outgoing_bytes_repeat_without_end() {
        for size in SIZES {
            let messages = Messages::prepare(Kind::Ascii, size, &mut Random::from_seed(6));
            let ring = messages.position(messages.count() as u64);
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
            for index in 0..messages.count() {
                let (header, unmasked) = sent(&messages, index as u64);
                assert_eq!(header.length, size as u64);
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
