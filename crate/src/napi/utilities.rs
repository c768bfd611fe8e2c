//! Masking and validation for JavaScript, on memory that its side has checked.

use std::ptr;

use napi::sys;

use super::raw::{Call, Env, Memory, Value, contain};
use crate::mask::{self, Key};
use crate::utf8;

/// The key in argument `index`, a Uint8Array of at least four bytes.
fn key<const ARGUMENTS: usize>(call: &Call<ARGUMENTS>, index: usize) -> Option<Key> {
    let memory = call.bytes(index)?;
    // SAFETY: read at once, while no JavaScript runs.
    let bytes = unsafe { memory.as_mut_slice::<u8>() };
    bytes.first_chunk().copied().map(Key::new)
}

fn mask_into(source: Memory, output: Memory, offset: usize, length: usize, key: Key) -> bool {
    let fits =
        |memory: Memory, from: usize| from <= memory.length && length <= memory.length - from;
    if !fits(source, 0) || !fits(output, offset) {
        return false;
    }
    if !source.overlaps(output) {
        // SAFETY: no JavaScript runs during the call, and the two do not overlap.
        let (source, output) =
            unsafe { (source.as_mut_slice::<u8>(), output.as_mut_slice::<u8>()) };
        mask::copy(&source[..length], &mut output[offset..], key);
        return true;
    }
    // SAFETY: no JavaScript runs during the call; each slice is dropped before the next is made.
    let copied = unsafe { source.as_mut_slice::<u8>() }[..length].as_ptr();
    // SAFETY: as above.
    let target = &mut unsafe { output.as_mut_slice::<u8>() }[offset..offset + length];
    if copied != target.as_ptr() {
        // SAFETY: `copied` is readable for `length` bytes, `target` writable for as many; `copy` lets them overlap.
        unsafe { ptr::copy(copied, target.as_mut_ptr(), length) };
    }
    mask::apply(target, key);
    true
}

/// `mask(source, mask, output, offset, length)` → whether the arguments fit together
pub unsafe extern "C" fn mask(env: Env, info: sys::napi_callback_info) -> Value {
    contain(env, || {
        // SAFETY: called by Node.js.
        let call = unsafe { Call::<5>::new(env, info) };
        let done = match (call.bytes(0), key(&call, 1), call.bytes(2)) {
            (Some(source), Some(key), Some(output)) => {
                let (offset, length) = (call.integer(3) as usize, call.integer(4) as usize);
                mask_into(source, output, offset, length, key)
            }
            _ => false,
        };
        call.make_boolean(done)
    })
}

/// `unmask(buffer, mask)` → whether the arguments were such
pub unsafe extern "C" fn unmask(env: Env, info: sys::napi_callback_info) -> Value {
    contain(env, || {
        // SAFETY: called by Node.js.
        let call = unsafe { Call::<2>::new(env, info) };
        let (Some(buffer), Some(key)) = (call.bytes(0), key(&call, 1)) else {
            return call.make_boolean(false);
        };
        // SAFETY: no JavaScript runs during the call; the key is a copy.
        mask::apply(unsafe { buffer.as_mut_slice() }, key);
        call.make_boolean(true)
    })
}

/// `isValidUTF8(buffer)` → whether it is; false for what is no Uint8Array
pub unsafe extern "C" fn is_valid_utf8(env: Env, info: sys::napi_callback_info) -> Value {
    contain(env, || {
        // SAFETY: called by Node.js.
        let call = unsafe { Call::<1>::new(env, info) };
        let valid = call.bytes(0).is_some_and(|buffer| {
            // SAFETY: no JavaScript runs during the call.
            utf8::is_valid(unsafe { buffer.as_mut_slice() })
        });
        call.make_boolean(valid)
    })
}
