//! Unmasking in place, by payload length.

// criterion_group! makes a public function without documentation.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nodejs_websocket::mask::{Key, apply, apply_is_ascii, copy};

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mask");
    let key = Key::new([0x37, 0xfa, 0x21, 0x3d]);
    for length in [32, 125, 1024, 65_536] {
        let source = vec![b'a'; length];
        let mut bytes = source.clone();
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(BenchmarkId::new("in place", length), |bencher| {
            bencher.iter(|| apply(black_box(&mut bytes), key));
        });
        group.bench_function(
            BenchmarkId::new("in place, ASCII found", length),
            |bencher| {
                bencher.iter(|| apply_is_ascii(black_box(&mut bytes), key));
            },
        );
        group.bench_function(BenchmarkId::new("copying", length), |bencher| {
            bencher.iter(|| copy(black_box(&source), black_box(&mut bytes), key));
        });
    }
    group.finish();
}

criterion_group!(mask, benches);
criterion_main!(mask);
