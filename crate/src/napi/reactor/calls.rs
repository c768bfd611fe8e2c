//! The functions of the native transport that JavaScript calls. They check their arguments and never call back.

use std::os::fd::BorrowedFd;
use std::ptr;

use napi::sys;

use super::{Host, Place, Unavailable};
use crate::encoder::write_short_text;
use crate::napi::engine::{FrameEngine, enter};
use crate::napi::raw::{Call, Env, Value};
use crate::reactor::Connection;
use crate::request;

/// Libuv is not to be had.
const NO_UV: i32 = 1;

/// Set in the result of an entry of `flush`, beside the number of the error.
const FAILED: u32 = 1 << 31;

/// Words of an entry of `flush`: `[slot, start, end, result]`.
const SEND_WORDS: usize = 4;

pub(super) fn host(engine: &mut FrameEngine) -> Option<&mut Host> {
    // SAFETY: null, or the host that this environment's `open` leaked, which lives until after the engine is gone. One
    // thread uses it, and no function calls back into JavaScript while it has it.
    unsafe { engine.reactor.as_mut() }
}

pub(super) fn negative(error: rustix::io::Errno) -> i32 {
    -error.raw_os_error()
}

/// `reactorOpen(words, sends, texts, onBatch)` → 0, 1 without libuv, or a negative error number
pub unsafe extern "C" fn open(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<4>, engine: &mut FrameEngine| {
        let [words, sends, texts, on_batch] = call.arguments;
        let (Some(first), Some(second), Some(third)) =
            (call.words(0), call.words(1), call.words(2))
        else {
            return call.make_integer(-libc::EINVAL);
        };
        if !engine.reactor.is_null() {
            return call.make_integer(-libc::EALREADY);
        }
        let arrays = [(words, first), (sends, second), (texts, third)];
        // SAFETY: called by Node.js; the engine lives until the environment's cleanup.
        match unsafe { Host::open(call.env, engine, arrays, on_batch) } {
            Ok(host) => {
                engine.reactor = host;
                call.make_integer(0)
            }
            Err(Unavailable::NoUv) => call.make_integer(NO_UV),
            Err(Unavailable::Error(number)) => call.make_integer(number),
        }
    };
    // SAFETY: called by Node.js; `super::super::exports` made the function with the engine as data.
    unsafe { enter(env, info, body) }
}

/// `reactorAttach(fd)` → slot, or a negative error number
pub unsafe extern "C" fn attach(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let fd = i32::try_from(call.integer(0)).unwrap_or(-1);
        let Some(host) = host(engine).filter(|_| fd >= 0) else {
            return call.make_integer(-libc::EBADF);
        };
        // SAFETY: the descriptor of a socket that JavaScript holds open during this call. Where it is not, the system says
        // so, and nothing is kept but a duplicate.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        match host.reactor.attach(borrowed) {
            Ok(slot) => call.make_number(f64::from(slot)),
            Err(error) => call.make_integer(negative(error)),
        }
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorDetach(slot)`
pub unsafe extern "C" fn detach(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        if let Some(host) = host(engine) {
            host.reactor.detach(call.integer(0));
            host.freed();
        }
        ptr::null_mut()
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorShutdown(slot)`: sends FIN → 0, or a negative error number
pub unsafe extern "C" fn shutdown(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let connection = host(engine).and_then(|host| host.reactor.connection(call.integer(0)));
        let result = connection.map_or(Err(rustix::io::Errno::BADF), |one| one.shut_down());
        call.make_integer(result.err().map_or(0, negative))
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorCount()` → how many connections there are
pub unsafe extern "C" fn count(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<0>, engine: &mut FrameEngine| {
        call.make_number(host(engine).map_or(0, |host| host.reactor.count()) as f64)
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorDecoder(slot, decoder)`: what comes is parsed by that decoder, until it is freed
pub unsafe extern "C" fn decoder(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<2>, engine: &mut FrameEngine| {
        let decoder = engine.identity(call.integer(1));
        if let Some(host) = host(engine)
            && let Some(connection) = host.reactor.connection(call.integer(0))
        {
            connection.decoder = decoder;
        }
        ptr::null_mut()
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorInterest(slot, bits)`: 1 read, 2 write, 4 keep the loop alive → 0 or a negative error number
pub unsafe extern "C" fn interest(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<2>, engine: &mut FrameEngine| {
        let Some(host) = host(engine) else {
            return call.make_integer(-libc::EBADF);
        };
        let bits = call.integer(1);
        let (read, write, referenced) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
        let result = host
            .reactor
            .set_interest(call.integer(0), read, write, referenced);
        host.update_reference();
        call.make_integer(result.err().map_or(0, negative))
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorSlab(index, memory)`: receives go there from now on
pub unsafe extern "C" fn slab(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<2>, engine: &mut FrameEngine| {
        let index = call.integer(0) as usize;
        if let Some(host) = host(engine)
            && call.bytes(1).is_some()
        {
            // SAFETY: just checked to be such.
            unsafe { host.slabs.replace(call.env, index, call.arguments[1]) };
        }
        ptr::null_mut()
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorPlace(decoder, room)`: all that is to come of the payload that the decoder reads is received there → whether it is as long
pub unsafe extern "C" fn place(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<2>, engine: &mut FrameEngine| {
        // SAFETY: an argument of this call; the JavaScript of this package keeps the memory to itself.
        let place = unsafe { Place::new(call.env, call.arguments[1]) };
        let is_used = place.is_some_and(|place| engine.set_place(call.integer(0), place));
        call.make_boolean(is_used)
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorTexts(joined, count, slab, at)`: frames of so many entries of `texts`, one behind the other, to `slab` from `at` on
/// → 0, or a negative error number
///
/// An entry is the first byte of the frame and, above it, the number of UTF-16 units of its text in `joined`; the length of the
/// frame takes its place.
pub unsafe extern "C" fn texts(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<4>, engine: &mut FrameEngine| {
        let (Some(host), Some(slab)) = (host(engine), call.bytes(2)) else {
            return call.make_integer(-libc::EBADF);
        };
        // SAFETY: no JavaScript runs until this call returns; `texts` is kept to itself by the JavaScript of this package.
        let (slab, texts) =
            unsafe { (slab.as_mut_slice::<u8>(), host.texts.as_mut_slice::<u32>()) };
        let (count, mut at) = (call.integer(1) as usize, call.integer(3) as usize);
        let Some(texts) = texts.get_mut(..count) else {
            return call.make_integer(-libc::EINVAL);
        };
        let mut units: &[u16] = call.utf16(0, &mut host.units);
        for entry in texts {
            let (first, length) = (*entry as u8, (*entry >> 8) as usize);
            let Some((text, rest)) = units.split_at_checked(length) else {
                return call.make_integer(-libc::EINVAL);
            };
            units = rest;
            let size = slab
                .get_mut(at..)
                .and_then(|room| write_short_text(room, first, text));
            let Some(size) = size else {
                return call.make_integer(-libc::ENOBUFS);
            };
            *entry = size as u32;
            at += size;
        }
        call.make_integer(0)
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `parseRequest(chunk, words)` → whether the chunk begins with a perfect opening handshake; the words then say where its parts are
pub unsafe extern "C" fn parse_request(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<2>, _engine: &mut FrameEngine| {
        let (Some(chunk), Some(words)) = (call.bytes(0), call.words(1)) else {
            return call.make_boolean(false);
        };
        // SAFETY: no JavaScript runs until this call returns, and the two are of different types: no memory of one is the other's,
        // unless JavaScript made views of one buffer, which that of this package does not.
        let (chunk, words) = unsafe { (&*chunk.as_mut_slice::<u8>(), words.as_mut_slice::<u32>()) };
        let is_perfect = <&mut [u32; request::WORDS]>::try_from(words)
            .is_ok_and(|words| request::parse(chunk, words));
        call.make_boolean(is_perfect)
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorSend(slot, bytes, offset, more)` → how many bytes of the two were taken, or a negative error number
pub unsafe extern "C" fn send(env: Env, info: sys::napi_callback_info) -> Value {
    // SAFETY: as in `open`.
    unsafe { send_by(env, info, Connection::send) }
}

/// `reactorSendLast(slot, bytes, offset, more)`: as `reactorSend`, where `reactorShutdown` follows at once
pub unsafe extern "C" fn send_last(env: Env, info: sys::napi_callback_info) -> Value {
    // SAFETY: as in `open`.
    unsafe { send_by(env, info, Connection::send_last) }
}

/// # Safety
/// `env` and `info` are those of the running callback.
unsafe fn send_by(
    env: Env,
    info: sys::napi_callback_info,
    send: fn(&Connection, &[u8], &[u8]) -> rustix::io::Result<usize>,
) -> Value {
    let body = |call: &Call<4>, engine: &mut FrameEngine| {
        let connection = host(engine).and_then(|host| host.reactor.connection(call.integer(0)));
        let (Some(connection), Some(bytes)) = (connection, call.bytes(1)) else {
            return call.make_integer(-libc::EBADF);
        };
        let offset = call.integer(2) as usize;
        // SAFETY: no JavaScript runs until this call returns, and the kernel copies.
        let bytes = unsafe { &*bytes.as_mut_slice::<u8>() };
        let more = match call.bytes(3) {
            // SAFETY: as above; the two are only read.
            Some(more) => unsafe { &*more.as_mut_slice::<u8>() },
            None => &[],
        };
        // Memory that was detached since it was given is shorter than it was: what it held cannot be sent any more.
        let Some(bytes) = bytes.get(offset..).filter(|bytes| !bytes.is_empty()) else {
            return call.make_integer(-libc::EFAULT);
        };
        match send(connection, bytes, more) {
            Ok(count) => call.make_number(count as f64),
            Err(error) => call.make_integer(negative(error)),
        }
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}

/// `reactorFlush(count, slab)`: sends so many entries of `sends`, ranges of `slab` → how many were not taken whole
pub unsafe extern "C" fn flush(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<2>, engine: &mut FrameEngine| {
        let (Some(host), Some(slab)) = (host(engine), call.bytes(1)) else {
            return call.make_integer(-libc::EBADF);
        };
        // SAFETY: no JavaScript runs until this call returns; `sends` is kept to itself by the JavaScript of this package.
        let (slab, sends) = unsafe {
            (
                &*slab.as_mut_slice::<u8>(),
                host.sends.as_mut_slice::<u32>(),
            )
        };
        let count = call.integer(0) as usize;
        let mut incomplete = 0;
        for entry in sends.chunks_exact_mut(SEND_WORDS).take(count) {
            let range = entry[1] as usize..entry[2] as usize;
            let (Some(bytes), Some(connection)) =
                (slab.get(range), host.reactor.connection(entry[0]))
            else {
                entry[3] = FAILED | libc::EBADF.unsigned_abs();
                incomplete += 1;
                continue;
            };
            entry[3] = match connection.send(bytes, &[]) {
                Ok(sent) => sent as u32,
                Err(error) => FAILED | error.raw_os_error().unsigned_abs(),
            };
            if entry[3] as usize != bytes.len() {
                incomplete += 1;
            }
        }
        call.make_integer(incomplete)
    };
    // SAFETY: as in `open`.
    unsafe { enter(env, info, body) }
}
