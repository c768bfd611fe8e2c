//! Compressing and decompressing messages of JSON, each with those before it as its context, or each alone. The time is that
//! of a message.

// criterion_group! makes a public function without documentation.
#![allow(missing_docs)]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nodejs_websocket::deflate::{self, Deflater, Settings, Then, Workshop};
use nodejs_websocket::inflate::{Benches, Inflater, TAIL};

const SETTINGS: Settings = Settings {
    level: 6,
    window_bits: 15,
    memory_level: 8,
};

/// Bytes of different messages, so many that none of them is still in the window when it comes again.
const ALL_BYTES: usize = 1024 * 1024;

/// Messages of `length` bytes: records with random numbers and words.
fn messages(length: usize) -> Vec<Vec<u8>> {
    let words = [
        "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel",
    ];
    let mut state = 12_345u32;
    let mut random = move || {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        state >> 8
    };
    let mut message = || {
        let mut text = String::new();
        while text.len() < length {
            let (id, time, price) = (random(), random() % 1_000_000, random() % 5_000_000);
            let (user, tag) = (words[random() as usize % 8], words[random() as usize % 8]);
            let whole = price / 100;
            let _ = write!(
                text,
                r#"{{"id":{id},"time":"2026-01-01T{time}Z","price":{whole}.{:02},"user":"{user}","tags":["{tag}"]}},"#,
                price % 100,
            );
        }
        text.truncate(length);
        text.into_bytes()
    };
    (0..ALL_BYTES / length).map(|_| message()).collect()
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compression");
    for (name, length) in [
        ("256 B", 256),
        ("1 KiB", 1024),
        ("16 KiB", 16 * 1024),
        ("64 KiB", 64 * 1024),
    ] {
        let messages = messages(length);
        let (mut workshop, mut deflater) = (Workshop::new(), Deflater::new(SETTINGS));
        let mut output = vec![0; deflate::bound(length)];
        group.throughput(Throughput::Bytes(length as u64));
        let mut next = 0;
        group.bench_function(format!("deflate {name}"), |bencher| {
            bencher.iter(|| {
                next = (next + 1) % messages.len();
                let message = black_box(&messages[next]);
                deflater.deflate(&mut workshop, message, &mut output, Then::End)
            });
        });
        let mut deflater = Deflater::new(SETTINGS);
        group.bench_function(format!("deflate {name} alone"), |bencher| {
            bencher.iter(|| {
                next = (next + 1) % messages.len();
                let message = black_box(&messages[next]);
                deflater.reset();
                deflater.deflate(&mut workshop, message, &mut output, Then::End)
            });
        });
        // The first round is not what the rest refer to: all of it is read again and again from an empty history.
        let mut deflater = Deflater::new(SETTINGS);
        let mut compress = |message: &Vec<u8>| {
            let written = deflater.deflate(&mut workshop, message, &mut output, Then::End);
            [&output[..written], &TAIL].concat()
        };
        let payloads: Vec<Vec<u8>> = messages.iter().map(&mut compress).collect();
        let (mut inflater, mut benches) = (Inflater::new(SETTINGS.window_bits), Benches::default());
        let mut next = 0;
        group.bench_function(format!("inflate {name}"), |bencher| {
            bencher.iter(|| {
                if next == payloads.len() {
                    next = 0;
                    inflater.reset();
                }
                let mut input = payloads[next].as_slice();
                let mut came = 0;
                loop {
                    let piece = inflater.inflate(&mut benches, input).expect("a stream");
                    came += piece.bytes.len();
                    input = &input[piece.consumed..];
                    if !piece.more {
                        break;
                    }
                }
                assert_eq!(came, length);
                next += 1;
            });
        });
    }
    group.finish();
}

criterion_group!(compression, benches);
criterion_main!(compression);
