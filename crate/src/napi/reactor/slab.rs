//! Receive memory: two slabs of JavaScript's, one for connections that send little and one for those that send much.
//!
//! A message that is a view keeps its whole slab alive, so that only large ones come from a large slab. JavaScript says
//! after each batch which slabs a view was taken of; the room of the others is used again.

use std::ptr;

use napi::sys;

use crate::napi::raw::{Env, Memory, Value, typed_array};

/// From this many bytes in one receive on a connection is served from the large slab.
pub const LARGE_BYTES: usize = 16 * 1024;

/// What is received at once from one connection at most; with room for the headers of messages of a round length.
pub const MAX_WINDOW: usize = 257 * 1024;

/// What one connection may take of a slab in a batch, and the least that is worth a system call.
const WINDOW: [usize; 2] = [LARGE_BYTES, MAX_WINDOW];
const LEAST: [usize; 2] = [4 * 1024, 64 * 1024];

#[derive(Clone, Copy)]
struct Slab {
    reference: sys::napi_ref,
    /// Valid from `begin` until JavaScript runs.
    memory: Memory,
    /// What is taken of it; and what was when the batch began.
    used: usize,
    base: usize,
    /// Somebody found no room in this batch.
    is_missed: bool,
}

impl Default for Slab {
    fn default() -> Self {
        Self {
            reference: ptr::null_mut(),
            memory: Memory::EMPTY,
            used: 0,
            base: 0,
            is_missed: false,
        }
    }
}

#[derive(Default)]
pub struct Slabs([Slab; 2]);

impl Slabs {
    /// Puts a fresh slab in place.
    ///
    /// # Safety
    /// `value` is a Uint8Array of the running callback of `env`.
    pub unsafe fn replace(&mut self, env: Env, index: usize, value: Value) {
        let slab = &mut self.0[index & 1];
        if !slab.reference.is_null() {
            // SAFETY: made below, in the same environment.
            unsafe { sys::napi_delete_reference(env, slab.reference) };
        }
        *slab = Slab {
            reference: super::reference(env, value),
            ..Slab::default()
        };
    }

    /// Looks where the slabs are: JavaScript may have detached their memory since, by transferring a view it was given.
    ///
    /// # Safety
    /// A handle scope of `env` is open.
    pub unsafe fn begin(&mut self, env: Env) {
        for slab in &mut self.0 {
            slab.base = slab.used;
            slab.is_missed = false;
            slab.memory = Memory::EMPTY;
            if slab.reference.is_null() {
                continue;
            }
            let mut value = ptr::null_mut();
            // SAFETY: the reference belongs to `env`.
            let status =
                unsafe { sys::napi_get_reference_value(env, slab.reference, &raw mut value) };
            if status == sys::Status::napi_ok && !value.is_null() {
                let memory = typed_array(env, value, sys::TypedarrayType::uint8_array);
                slab.memory = memory.unwrap_or(Memory::EMPTY);
            }
        }
    }

    /// The index of the slab for a connection, and the room it is given there: its offset and the memory.
    pub fn room<'batch>(&mut self, is_large: bool) -> Option<(u32, usize, &'batch mut [u8])> {
        let index = usize::from(is_large);
        let slab = &mut self.0[index];
        let left = slab.memory.length.saturating_sub(slab.used);
        if left < LEAST[index] {
            slab.is_missed = true;
            return None;
        }
        // SAFETY: what lies behind `used` was shown to nobody; no JavaScript runs until the batch is collected.
        let memory = unsafe { slab.memory.as_mut_slice::<u8>() };
        let end = slab.used + left.min(WINDOW[index]);
        Some((index as u32, slab.used, &mut memory[slab.used..end]))
    }

    /// Counts bytes of the last `room` as taken.
    pub fn take(&mut self, index: u32, count: usize) {
        self.0[index as usize].used += count;
    }

    /// A bit for each slab that has to be replaced: if what was taken in this batch is kept; and in any case.
    pub fn wanted(&self) -> (u32, u32) {
        let (mut if_kept, mut always) = (0, 0);
        for (index, slab) in self.0.iter().enumerate() {
            let least = LEAST[index];
            if slab.used > slab.base && slab.memory.length - slab.used < least {
                if_kept |= 1 << index;
            }
            if slab.is_missed && slab.memory.length.saturating_sub(slab.base) < least {
                always |= 1 << index;
            }
        }
        (if_kept, always)
    }

    /// The batch is delivered. `kept` has a bit for each slab of which something is still referred to.
    pub fn end(&mut self, kept: u32) {
        for (index, slab) in self.0.iter_mut().enumerate() {
            // A slab that JavaScript has replaced meanwhile begins at zero, its base too.
            if kept & 1 << index == 0 {
                slab.used = slab.base;
            }
        }
    }
}
