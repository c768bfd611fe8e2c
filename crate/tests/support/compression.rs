//! Messages through the deflater and the inflater, and zlib as a reference. The fuzz targets use it, too.

use nodejs_websocket::deflate::{self, Deflater, Then, Workshop};
use nodejs_websocket::error::Failure;
use nodejs_websocket::inflate::{Benches, Inflater};
use zlib_rs::{Inflate, InflateFlush, Status};

/// Compresses a message in parts of the given sizes, taken in turn.
pub fn compress(
    deflater: &mut Deflater,
    workshop: &mut Workshop,
    message: &[u8],
    sizes: &[usize],
) -> Vec<u8> {
    let mut output = Vec::new();
    let mut rest = message;
    let mut sizes = sizes.iter().cycle();
    loop {
        let (part, tail) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
        rest = tail;
        let start = output.len();
        output.resize(start + deflate::bound(part.len()), 0);
        let last = rest.is_empty();
        let then = if last { Then::End } else { Then::More };
        let length = deflater.deflate(workshop, part, &mut output[start..], then);
        assert!(
            length <= deflate::bound(part.len()) - 8,
            "{length} of {}",
            part.len()
        );
        output.truncate(start + length);
        if last {
            return output;
        }
    }
}

/// Decompresses a message in pieces of the given sizes, taken in turn.
pub fn decompress(
    inflater: &mut Inflater,
    benches: &mut Benches,
    payload: &[u8],
    sizes: &[usize],
) -> Result<Vec<u8>, Failure> {
    let mut output = Vec::new();
    let mut feed = |inflater: &mut Inflater, mut input: &[u8]| {
        loop {
            let piece = inflater.inflate(benches, input)?;
            output.extend_from_slice(piece.bytes);
            input = &input[piece.consumed..];
            if !piece.more {
                assert!(input.is_empty());
                return Ok(());
            }
        }
    };
    let mut rest = payload;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, tail) = rest.split_at(rest.len().min(*size));
        feed(inflater, part)?;
        rest = tail;
    }
    let tail = inflater.tail()?;
    feed(inflater, tail)?;
    inflater.finish(benches)?;
    Ok(output)
}

/// What zlib makes of a message that is the first of its connection.
#[derive(Debug, PartialEq, Eq)]
enum Reference {
    /// All is read, and this came out. Whether the message has ended within a block zlib does not say.
    Read(Vec<u8>),
    /// A last block has ended, before the message or with it. What follows it zlib does not read.
    Last,
    Refused,
}

fn reference(payload: &[u8], most: usize) -> Reference {
    let mut inflate = Inflate::new(false, 15);
    let mut output = vec![0; most];
    match inflate.decompress(payload, &mut output, InflateFlush::SyncFlush) {
        Ok(Status::Ok | Status::BufError) if inflate.total_in() == payload.len() as u64 => {
            output.truncate(inflate.total_out() as usize);
            Reference::Read(output)
        }
        Ok(Status::StreamEnd) => Reference::Last,
        other => {
            assert!(other.is_err(), "more came out than {most} bytes");
            Reference::Refused
        }
    }
}

/// The rest of stored blocks behind their headers: length, complement, content.
const ONE: [u8; 5] = [1, 0, 0xfe, 0xff, b'x'];
const TWO: [u8; 6] = [2, 0, 0xfd, 0xff, b'x', b'y'];

/// Holds what becomes of a payload, the first of its connection, against what zlib makes of it, and against other cuts.
pub fn check_against_zlib(payload: &[u8], cuts: &[usize]) {
    let inflate = |cuts: &[usize]| {
        let (mut inflater, mut benches) = (Inflater::new(15), Benches::default());
        decompress(&mut inflater, &mut benches, payload, cuts)
    };
    let whole = inflate(&[usize::MAX]);
    assert_eq!(inflate(cuts), whole);
    // A message ends before the length of a stored block: what is put there comes out as it is, and nothing else of it.
    let probed = |probe: &[u8]| reference(&[payload, probe].concat(), 1_000_000);
    match (probed(&ONE), whole.as_ref().ok()) {
        (Reference::Last, _) | (Reference::Refused, None) => {}
        (Reference::Read(read), Some(whole)) => assert_eq!(read, [whole, &b"x"[..]].concat()),
        (Reference::Read(read), None) => {
            let two = read.strip_suffix(b"x").map(|read| [read, b"xy"].concat());
            assert!(two.is_none_or(|two| probed(&TWO) != Reference::Read(two)));
        }
        (Reference::Refused, Some(whole)) => panic!("zlib refuses what became {whole:?}"),
    }
}
