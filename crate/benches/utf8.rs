//! Validating UTF-8, whole and in pieces, with the standard library beside it.

// criterion_group! makes a public function without documentation.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nodejs_websocket::utf8::{Validator, is_valid};

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("utf8");
    for (name, character) in [
        ("ascii", "a"),
        ("latin", "né"),
        ("cjk", "日"),
        ("emoji", "😀"),
    ] {
        for length in [64, 1024, 65_536] {
            let text = character.repeat(length / character.len());
            let bytes = text.as_bytes();
            group.throughput(Throughput::Bytes(bytes.len() as u64));
            group.bench_function(
                BenchmarkId::new(format!("whole {name}"), length),
                |bencher| {
                    bencher.iter(|| is_valid(black_box(bytes)));
                },
            );
            group.bench_function(BenchmarkId::new(format!("std {name}"), length), |bencher| {
                bencher.iter(|| std::str::from_utf8(black_box(bytes)).is_ok());
            });
            group.bench_function(
                BenchmarkId::new(format!("pieces {name}"), length),
                |bencher| {
                    bencher.iter(|| {
                        let mut validator = Validator::new();
                        black_box(bytes)
                            .chunks(1021)
                            .all(|piece| validator.feed(piece).is_ok())
                    });
                },
            );
        }
    }
    group.finish();
}

criterion_group!(utf8, benches);
criterion_main!(utf8);
