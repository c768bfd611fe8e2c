//! Which of the messages that are too large to compare all of them are.

use crate::frames::Mask;
use crate::random::Random;

/// One message in so many, of those that are not all compared, is.
const SAMPLE_ONE_IN: usize = 64;

/// Chooses at random what is compared in full, and counts it. All connections share one.
#[derive(Debug)]
pub struct Sampler {
    random: Random,
    until_next: usize,
    compared: u64,
}

impl Sampler {
    /// One that begins anywhere.
    pub fn new(mut random: Random) -> Self {
        let until_next = random.below(SAMPLE_ONE_IN);
        Self {
            random,
            until_next,
            compared: 0,
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

    /// A masking key for a frame that could not be prepared.
    pub fn mask(&mut self) -> Mask {
        self.random.bytes()
    }
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
