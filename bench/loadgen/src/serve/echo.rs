//! Turns a client's frames into the server's answer, as the bytes come: nothing is put together, so a large message flows through.
//!
//! Each frame comes back as it was, without mask: fragments as fragments, a ping as a pong.

use crate::frames::{Header, HeaderReader, MAX_HEADER, Mask, Opcode};

/// The answer to what was read. One for all clients.
#[derive(Debug)]
pub struct Output {
    bytes: Box<[u8]>,
    length: usize,
    header: Vec<u8>,
}

impl Output {
    /// For reads of so many bytes. The answer is not longer: its headers lack the masking key. But the head of a first frame may have
    /// come earlier, and the opening handshake may have to be answered before.
    pub fn with_room_for(input: usize) -> Self {
        let bytes = vec![0; input + MAX_HEADER + 512].into_boxed_slice();
        Self {
            bytes,
            length: 0,
            header: Vec::with_capacity(MAX_HEADER),
        }
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// What is in it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn push_header(&mut self, header: &Header) {
        let mut bytes = std::mem::take(&mut self.header);
        bytes.clear();
        header.write(&mut bytes);
        self.push(&bytes);
        self.header = bytes;
    }

    /// Appends a payload, unmasking it on the way.
    fn push_unmasked(&mut self, payload: &[u8], mask: Mask) {
        let output = &mut self.bytes[self.length..self.length + payload.len()];
        self.length += payload.len();
        let mask8 = u64::from_ne_bytes(std::array::from_fn(|index| mask[index % 4]));
        let mut words = payload.chunks_exact(8);
        let mut targets = output.chunks_exact_mut(8);
        for (word, target) in words.by_ref().zip(targets.by_ref()) {
            let word = u64::from_ne_bytes(std::array::from_fn(|index| word[index])) ^ mask8;
            target.copy_from_slice(&word.to_ne_bytes());
        }
        let rest = words.remainder().iter().zip(mask.iter().cycle());
        for ((byte, key), target) in rest.zip(targets.into_remainder()) {
            *target = byte ^ key;
        }
    }
}

/// The frame whose payload comes in.
#[derive(Debug)]
struct Frame {
    opcode: Opcode,
    left: u64,
    /// Rotated to the next byte.
    mask: Mask,
}

/// One client's frames.
#[derive(Debug, Default)]
pub struct Echo {
    header: HeaderReader,
    frame: Option<Frame>,
    over: bool,
}

impl Echo {
    /// Whether a close frame was answered: nothing more is said, or listened to.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Takes what was read, and appends the answer.
    ///
    /// # Errors
    /// Says what is wrong with a frame.
    pub fn feed(&mut self, mut input: &[u8], output: &mut Output) -> Result<(), String> {
        while !self.over {
            if let Some(frame) = &mut self.frame {
                let taken = frame.left.min(input.len() as u64) as usize;
                let (payload, rest) = input.split_at(taken);
                input = rest;
                output.push_unmasked(payload, frame.mask);
                frame.left -= taken as u64;
                if frame.left > 0 {
                    frame.mask.rotate_left(taken % 4);
                    return Ok(());
                }
                self.over = frame.opcode == Opcode::Close;
                self.frame = None;
            } else {
                let Some(header) = self.header.read(&mut input)? else {
                    return Ok(());
                };
                if header.compressed {
                    return Err("a compressed message".to_owned());
                }
                let mask = header.mask.ok_or("a frame without mask")?;
                self.frame = Some(Frame {
                    opcode: header.opcode,
                    left: header.length,
                    mask,
                });
                let opcode = if header.opcode == Opcode::Ping {
                    Opcode::Pong
                } else {
                    header.opcode
                };
                output.push_header(&Header {
                    opcode,
                    mask: None,
                    ..header
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::write_frame;
    use crate::random::Random;

    fn answer(echo: &mut Echo, input: &[u8]) -> Vec<u8> {
        let mut output = Output::with_room_for(input.len());
        echo.feed(input, &mut output).unwrap();
        output.bytes().to_vec()
    }

    #[test]
    fn frames_come_back_unmasked_whatever_the_cuts() {
        let mut random = Random::from_seed(10);
        for _ in 0..100 {
            let (mut input, mut expected) = (Vec::new(), Vec::new());
            for _ in 0..20 {
                let size = *random.one_of(&[0, 1, 7, 32, 125, 126, 1000, 70_000]);
                let mut payload = vec![0; size];
                random.fill(&mut payload);
                let opcode = *random.one_of(&[Opcode::Text, Opcode::Binary]);
                write_frame(&mut input, opcode, &payload, Some(random.bytes()));
                write_frame(&mut expected, opcode, &payload, None);
            }
            let mut echo = Echo::default();
            let mut answers = Vec::new();
            let mut rest = &input[..];
            while !rest.is_empty() {
                let longest = *random.one_of(&[3, 40, 5000]);
                let (chunk, after) = rest.split_at((1 + random.below(longest)).min(rest.len()));
                answers.extend(answer(&mut echo, chunk));
                rest = after;
            }
            assert!(answers == expected);
        }
    }

    #[test]
    fn a_ping_is_answered_and_a_close_frame_ends_it() {
        let mut input = Vec::new();
        write_frame(&mut input, Opcode::Ping, b"a", Some([1, 2, 3, 4]));
        write_frame(&mut input, Opcode::Close, &[3, 232], Some([1, 2, 3, 4]));
        write_frame(&mut input, Opcode::Text, b"too late", Some([1, 2, 3, 4]));
        let mut echo = Echo::default();
        assert_eq!(answer(&mut echo, &input), [0x8a, 1, b'a', 0x88, 2, 3, 232]);
        assert!(echo.is_over());
    }

    #[test]
    fn a_frame_without_mask_is_refused() {
        let mut output = Output::with_room_for(10);
        assert!(Echo::default().feed(&[0x81, 1, b'a'], &mut output).is_err());
    }
}
