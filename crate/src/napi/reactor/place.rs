//! Memory of JavaScript's for the rest of one payload: it is received there, and nowhere else.

use std::ptr;

use napi::sys;

use crate::napi::raw::{Env, Value, typed_array};

/// A Uint8Array, and how much of it is filled.
pub struct Place {
    env: Env,
    reference: sys::napi_ref,
    length: usize,
    filled: usize,
}

impl Place {
    /// The Uint8Array `value`, all of it to be filled. `None` where it is none, or empty.
    ///
    /// # Safety
    /// `value` belongs to the running callback of `env`. Until it is filled, or the place is dropped, nobody else writes or reads its
    /// memory.
    pub unsafe fn new(env: Env, value: Value) -> Option<Self> {
        let length = typed_array(env, value, sys::TypedarrayType::uint8_array)?.length;
        let reference = super::reference(env, value);
        (length != 0 && !reference.is_null()).then_some(Self {
            env,
            reference,
            length,
            filled: 0,
        })
    }

    /// How many bytes have room.
    pub const fn length(&self) -> usize {
        self.length - self.filled
    }

    /// The memory to fill, which is looked up: empty where it was transferred away.
    ///
    /// # Safety
    /// A handle scope is open, and no JavaScript runs while the slice lives.
    pub unsafe fn room<'batch>(&self) -> &'batch mut [u8] {
        let mut value = ptr::null_mut();
        // SAFETY: the reference belongs to `env`.
        let status =
            unsafe { sys::napi_get_reference_value(self.env, self.reference, &raw mut value) };
        if status != sys::Status::napi_ok || value.is_null() {
            return &mut [];
        }
        let Some(memory) = typed_array(self.env, value, sys::TypedarrayType::uint8_array) else {
            return &mut [];
        };
        // SAFETY: an array of bytes, which are nobody else's: see `new`; no JavaScript runs.
        let bytes = unsafe { memory.as_mut_slice::<u8>() };
        bytes.get_mut(self.filled..).unwrap_or_default()
    }

    /// What is left when the next `count` bytes are filled.
    pub fn after(mut self, count: usize) -> Option<Self> {
        self.filled += count;
        (self.filled < self.length).then_some(self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // SAFETY: made in `new`, in the same environment, which is alive: it drops the engine, and with it this, as it ends.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}
