//! Which of the messages that are too large to compare all of them are, and what is known of compressed answers.

use std::cmp::Ordering;

use crate::deflate::Inflater;
use crate::failure::Failure;
use crate::frames::Mask;
use crate::messages::Messages;
use crate::random::Random;

/// One message in so many, of those that are not all compared, is.
const SAMPLE_ONE_IN: usize = 64;

/// Chooses at random what is compared in full, and counts it. All connections share one.
#[derive(Debug)]
pub struct Sampler {
    random: Random,
    until_next: usize,
    compared: u64,
    inflater: Inflater,
    /// By the message's place: the compressed answer that was found to be right.
    right: Vec<Box<[u8]>>,
    deflated: Deflated,
}

/// Compressed answers: how many, and how many bytes they were.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deflated {
    count: u64,
    bytes: u64,
}

impl Deflated {
    /// Bytes of the payload of an answer, on average.
    pub fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.bytes as f64 / self.count as f64)
    }
}

impl Sampler {
    /// One that begins anywhere.
    pub fn new(mut random: Random) -> Self {
        let until_next = random.below(SAMPLE_ONE_IN);
        Self {
            random,
            until_next,
            compared: 0,
            inflater: Inflater::default(),
            right: Vec::new(),
            deflated: Deflated::default(),
        }
    }

    /// How many messages were compared in full.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// Whether the next message is to be compared. Gaps are drawn, not every message's fate: so most messages cost a decrement.
    pub fn choose(&mut self) -> bool {
        if self.until_next > 0 {
            self.until_next -= 1;
            return false;
        }
        self.until_next = self.random.below(2 * SAMPLE_ONE_IN - 1);
        true
    }

    /// Counts messages that were.
    pub fn count_compared(&mut self, count: u64) {
        self.compared += count;
    }

    /// Counts a compressed answer.
    pub fn count_deflated(&mut self, bytes: usize) {
        self.deflated.count += 1;
        self.deflated.bytes += bytes as u64;
    }

    /// The compressed answers so far.
    pub fn deflated(&self) -> Deflated {
        self.deflated
    }

    /// Compares a compressed answer that refers to none before it. A server mostly compresses the same message to the same bytes: then
    /// they need not be inflated again.
    pub fn compare_deflated(
        &mut self,
        deflated: &[u8],
        messages: &Messages,
        index: usize,
    ) -> Result<(), Failure> {
        self.right.resize_with(messages.count(), Box::default);
        if deflated.is_empty() || *self.right[index] != *deflated {
            self.inflater.forget();
            compare_inflated(&mut self.inflater, deflated, messages, index)?;
            self.right[index] = deflated.into();
        }
        self.compared += 1;
        Ok(())
    }

    /// A masking key for a frame that could not be prepared.
    pub fn mask(&mut self) -> Mask {
        self.random.bytes()
    }
}

/// Inflates an answer and compares it in full.
pub fn compare_inflated(
    inflater: &mut Inflater,
    deflated: &[u8],
    messages: &Messages,
    index: usize,
) -> Result<(), Failure> {
    let size = messages.size();
    let came = inflater
        .inflate(deflated, size)
        .map_err(|what| Failure::new(format!("expected a message, got {what}")))?;
    if came == messages.payload(index) {
        return Ok(());
    }
    let what = match came.len().cmp(&size) {
        Ordering::Greater => "a longer one".to_owned(),
        Ordering::Less => format!("one of {}", came.len()),
        Ordering::Equal => "another content".to_owned(),
    };
    let text = format!("expected a compressed message of {size} bytes, got {what}");
    Err(Failure::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_in_64_is_chosen_at_gaps_that_differ() {
        let mut sampler = Sampler::new(Random::from_seed(11));
        let chosen: Vec<usize> = (0..64_000).filter(|_| sampler.choose()).collect();
        assert!(
            (900..1100).contains(&chosen.len()),
            "{} of 64,000",
            chosen.len()
        );
        let mut gaps: Vec<usize> = chosen.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_unstable();
        gaps.dedup();
        assert!(gaps.len() > 100 && gaps.iter().all(|gap| (1..=127).contains(gap)));
    }
}
