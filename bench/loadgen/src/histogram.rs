//! Counts of spans by size, log-linear (as in `HdrHistogram`): constant memory, and a bounded relative error.
//!
//! Each power of two is divided into 128 buckets, so that a bucket is at most 1/128 of its values wide. A percentile is reported as
//! the middle of its bucket, which is off by at most 1/256, 0.4 %.

use crate::clock::Nanos;
use crate::json::Value;

/// Buckets per power of two, as a power of two.
const PRECISION_BITS: u32 = 7;
const BUCKETS_PER_OCTAVE: usize = 1 << PRECISION_BITS;
const BUCKETS: usize = (64 - PRECISION_BITS as usize + 1) * BUCKETS_PER_OCTAVE;

/// The histogram.
#[derive(Debug)]
pub struct Histogram {
    counts: Box<[u64]>,
    total: u64,
    max: Nanos,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS].into_boxed_slice(),
            total: 0,
            max: 0,
        }
    }
}

impl Histogram {
    /// Counts `count` spans of the same size.
    pub fn record(&mut self, span: Nanos, count: u64) {
        self.counts[bucket_of(span)] += count;
        self.total += count;
        self.max = self.max.max(span);
    }

    /// How many spans were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many spans were at least so long, to the precision of a bucket.
    pub fn at_least(&self, span: Nanos) -> u64 {
        self.counts[bucket_of(span)..].iter().sum()
    }

    /// The longest span, exactly.
    pub fn max(&self) -> Nanos {
        self.max
    }

    /// The span that `share` (0 to 1) of all are not longer than; 0 if there are none.
    pub fn percentile(&self, share: f64) -> Nanos {
        let rank = ((share * self.total as f64).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle_of(bucket).min(self.max);
            }
        }
        0
    }

    /// Median, tail and maximum in microseconds; null without a single span.
    pub fn report(&self) -> Value {
        if self.total == 0 {
            return Value::Null;
        }
        let micros = |span: Nanos| Value::Number(span as f64 / 1000.0);
        Value::Object(vec![
            ("p50", micros(self.percentile(0.5))),
            ("p99", micros(self.percentile(0.99))),
            ("p999", micros(self.percentile(0.999))),
            ("max", micros(self.max)),
        ])
    }
}

/// Below 256 a bucket is one value; above, the 7 bits after the leading one choose it.
fn bucket_of(span: Nanos) -> usize {
    let shift = (span | 1).ilog2().saturating_sub(PRECISION_BITS);
    shift as usize * BUCKETS_PER_OCTAVE + (span >> shift) as usize
}

fn middle_of(bucket: usize) -> Nanos {
    if bucket < 2 * BUCKETS_PER_OCTAVE {
        return bucket as Nanos;
    }
    let shift = bucket / BUCKETS_PER_OCTAVE - 1;
    let least = ((bucket - shift * BUCKETS_PER_OCTAVE) as Nanos) << shift;
    least + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn every_span_is_reported_within_half_a_percent() {
        let mut random = Random::from_seed(1);
        for _ in 0..100_000 {
            let span = random.bits() >> random.below(64);
            let reported = middle_of(bucket_of(span));
            let error = reported.abs_diff(span) as f64 / (span.max(1)) as f64;
            assert!(error <= 1.0 / 256.0, "{span} is reported as {reported}");
        }
    }

    #[test]
    fn buckets_grow_with_the_span_and_stay_in_bounds() {
        let mut spans: Vec<Nanos> = (0..64)
            .flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1])
            .collect();
        spans.push(Nanos::MAX);
        spans.sort_unstable();
        assert!(spans.is_sorted_by_key(|&span| bucket_of(span)));
        assert!(bucket_of(Nanos::MAX) < BUCKETS);
    }

    #[test]
    fn percentiles_agree_with_a_sorted_list() {
        let mut random = Random::from_seed(2);
        let mut spans: Vec<Nanos> = (0..20_000)
            .map(|_| 1_000 + (random.bits() >> (34 + random.below(20))))
            .collect();
        let mut histogram = Histogram::default();
        for &span in &spans {
            histogram.record(span, 1);
        }
        spans.sort_unstable();
        for share in [0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let rank = ((share * spans.len() as f64).ceil() as usize).max(1);
            let exact = spans[rank - 1];
            let error = histogram.percentile(share).abs_diff(exact) as f64 / exact as f64;
            assert!(error <= 0.01, "p{share} of {exact} is off by {error}");
        }
        assert_eq!(histogram.max(), spans[spans.len() - 1]);
    }

    #[test]
    fn spans_counted_together_are_spans_counted_one_by_one() {
        let (mut together, mut single) = (Histogram::default(), Histogram::default());
        for span in [5, 700, 80_000] {
            together.record(span, span);
            (0..span).for_each(|_| single.record(span, 1));
        }
        assert_eq!(together.counts, single.counts);
        assert_eq!(together.report(), single.report());
        assert_eq!(together.at_least(700), 80_700);
    }

    #[test]
    fn no_span_has_no_percentiles() {
        assert_eq!(Histogram::default().report(), Value::Null);
    }
}
