//! Decoding 64 KiB chunks of masked frames. The time is that of one chunk; elements are messages.

// criterion_group! makes a public function without documentation.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nodejs_websocket::decoder::Decoder;
use nodejs_websocket::encoder;
use nodejs_websocket::error::Failure;
use nodejs_websocket::header::Role;
use nodejs_websocket::limits::Limits;
use nodejs_websocket::sink::{BinaryMode, Flow, Payload, Sink};

const CHUNK_BYTES: usize = 64 * 1024;

/// Counts the events, so that nothing is optimized away.
struct Counter(usize);

impl Counter {
    fn count(&mut self) -> Flow {
        self.0 += 1;
        Flow::Continue
    }
}

impl Sink for Counter {
    fn text(&mut self, _: Payload<'_>, _: bool) -> Flow {
        self.count()
    }
    fn binary(&mut self, _: Payload<'_>) -> Flow {
        self.count()
    }
    fn binary_begin(&mut self) -> Option<BinaryMode> {
        Some(BinaryMode::Stream)
    }
    fn binary_data(&mut self, _: Payload<'_>) -> Flow {
        self.count()
    }
    fn binary_end(&mut self) -> Flow {
        self.count()
    }
    fn ping(&mut self, _: Payload<'_>) -> Flow {
        self.count()
    }
    fn pong(&mut self, _: Payload<'_>) -> Flow {
        self.count()
    }
    fn close(&mut self, _: u16, _: Payload<'_>) -> Flow {
        self.count()
    }
    fn failure(&mut self, failure: Failure) -> Flow {
        panic!("{failure}");
    }
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decoder");
    let long = vec![0xc3; CHUNK_BYTES];
    let latin = "né".repeat(341);
    for (name, first, payload) in [
        ("32 B text", 0x81, &[b'a'; 32][..]),
        ("125 B binary", 0x82, &[0xc3; 125]),
        ("1 KiB ASCII text", 0x81, &[b'a'; 1024]),
        ("1 KiB non-ASCII text", 0x81, latin.as_bytes()),
        ("64 KiB binary", 0x82, &long),
    ] {
        let mut frame = vec![0; encoder::frame_size(payload.len(), true)];
        encoder::write_frame(&mut frame, first, payload, Some([0x37, 0xfa, 0x21, 0x3d]));
        let count = (CHUNK_BYTES / frame.len()).max(1);
        let chunk = frame.repeat(count);
        let mut decoder = Decoder::new(Role::Server, Limits::default());
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || chunk.clone(),
                |chunk| {
                    let mut counter = Counter(0);
                    decoder.feed(black_box(chunk), &mut counter);
                    assert_eq!(counter.0, count);
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(decoder, benches);
criterion_main!(decoder);
