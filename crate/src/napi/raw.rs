//! The few N-API calls the binding makes, each wrapped once.
//!
//! They are called directly because the calls that happen per chunk are counted in tens of nanoseconds: an owned wrapper
//! of a typed array alone costs more than parsing a small frame.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::sys;

pub use sys::{napi_env as Env, napi_value as Value};

/// What a function was called with. Lives as long as the call.
pub struct Call<const ARGUMENTS: usize> {
    pub env: Env,
    pub arguments: [Value; ARGUMENTS],
    data: *mut c_void,
}

impl<const ARGUMENTS: usize> Call<ARGUMENTS> {
    /// Reads the arguments; missing ones are `undefined`.
    ///
    /// # Safety
    /// `env` and `info` are those that Node.js passed to the callback being run.
    pub unsafe fn new(env: Env, info: sys::napi_callback_info) -> Self {
        let mut count = ARGUMENTS;
        let mut arguments = [ptr::null_mut(); ARGUMENTS];
        let mut data = ptr::null_mut();
        // SAFETY: the caller vouches for `env` and `info`; `count` is the room in `arguments`, which N-API fills up with
        // undefined.
        unsafe {
            sys::napi_get_cb_info(
                env,
                info,
                &raw mut count,
                arguments.as_mut_ptr(),
                ptr::null_mut(),
                &raw mut data,
            );
        }
        Self {
            env,
            arguments,
            data,
        }
    }

    /// The pointer that the function was made with.
    pub fn data<T>(&self) -> *mut T {
        self.data.cast()
    }

    /// Argument `index` as an integer; zero where it is not a number.
    pub fn integer(&self, index: usize) -> u32 {
        let mut value = 0;
        // SAFETY: an argument of this call, in its environment; another type is reported by the status and leaves zero.
        unsafe { sys::napi_get_value_uint32(self.env, self.arguments[index], &raw mut value) };
        value
    }

    /// Argument `index` as a number; NaN where it is not one.
    pub fn number(&self, index: usize) -> f64 {
        let mut value = f64::NAN;
        // SAFETY: as in `integer`.
        unsafe { sys::napi_get_value_double(self.env, self.arguments[index], &raw mut value) };
        value
    }

    /// Argument `index` as a boolean; false where it is not one.
    pub fn boolean(&self, index: usize) -> bool {
        let mut value = false;
        // SAFETY: as in `integer`.
        unsafe { sys::napi_get_value_bool(self.env, self.arguments[index], &raw mut value) };
        value
    }

    /// The units of argument `index`, a string, in `memory`; empty where it is not a string.
    pub fn utf16<'memory>(
        &self,
        index: usize,
        memory: &'memory mut Vec<u16>,
    ) -> &'memory mut [u16] {
        let text = self.arguments[index];
        let mut length = 0;
        // SAFETY: an argument of this call, in its environment; without memory only the length is told.
        let status = unsafe {
            sys::napi_get_value_string_utf16(self.env, text, ptr::null_mut(), 0, &raw mut length)
        };
        if status != sys::Status::napi_ok {
            return &mut [];
        }
        // One more, for the zero that is written behind.
        if memory.len() <= length {
            memory.resize(length + 1, 0);
        }
        // SAFETY: as above; there is room for the length that is given.
        unsafe {
            sys::napi_get_value_string_utf16(
                self.env,
                text,
                memory.as_mut_ptr(),
                length + 1,
                &raw mut length,
            );
        }
        &mut memory[..length]
    }

    /// The memory of argument `index`, a Uint8Array. `None` where it is something else. Detached memory is empty.
    pub fn bytes(&self, index: usize) -> Option<Memory> {
        self.memory(index, sys::TypedarrayType::uint8_array)
    }

    /// The memory of argument `index`, a Uint32Array, its length in words.
    pub fn words(&self, index: usize) -> Option<Memory> {
        self.memory(index, sys::TypedarrayType::uint32_array)
    }

    fn memory(&self, index: usize, expected: sys::napi_typedarray_type) -> Option<Memory> {
        typed_array(self.env, self.arguments[index], expected)
    }

    pub fn make_number(&self, value: f64) -> Value {
        let mut result = ptr::null_mut();
        // SAFETY: `env` is that of the running callback.
        unsafe { sys::napi_create_double(self.env, value, &raw mut result) };
        result
    }

    pub fn make_integer(&self, value: i32) -> Value {
        let mut result = ptr::null_mut();
        // SAFETY: `env` is that of the running callback.
        unsafe { sys::napi_create_int32(self.env, value, &raw mut result) };
        result
    }

    pub fn make_boolean(&self, value: bool) -> Value {
        let mut result = ptr::null_mut();
        // SAFETY: `env` is that of the running callback.
        unsafe { sys::napi_get_boolean(self.env, value, &raw mut result) };
        result
    }

    /// A string of bytes that are Latin-1, ASCII among them. Null, with an exception pending, where it would be too long.
    pub fn make_latin1(&self, bytes: &[u8]) -> Value {
        let mut result = ptr::null_mut();
        // SAFETY: `bytes` is readable for its length and is copied.
        let status = unsafe {
            sys::napi_create_string_latin1(
                self.env,
                bytes.as_ptr().cast(),
                bytes.len() as isize,
                &raw mut result,
            )
        };
        self.made(status, result)
    }

    /// A string of UTF-16 units. Null, with an exception pending, where it would be too long.
    pub fn make_utf16(&self, units: &[u16]) -> Value {
        let mut result = ptr::null_mut();
        // SAFETY: `units` is readable for its length and is copied.
        let status = unsafe {
            sys::napi_create_string_utf16(
                self.env,
                units.as_ptr(),
                units.len() as isize,
                &raw mut result,
            )
        };
        self.made(status, result)
    }

    /// A Buffer with a copy of `bytes`.
    pub fn make_buffer(&self, bytes: &[u8]) -> Value {
        let mut result = ptr::null_mut();
        // SAFETY: `bytes` is readable for its length and is copied.
        let status = unsafe {
            sys::napi_create_buffer_copy(
                self.env,
                bytes.len(),
                bytes.as_ptr().cast(),
                ptr::null_mut(),
                &raw mut result,
            )
        };
        self.made(status, result)
    }

    fn made(&self, status: sys::napi_status, value: Value) -> Value {
        if status == sys::Status::napi_ok {
            value
        } else {
            throw(self.env, c"Out of memory for a string or a buffer");
            ptr::null_mut()
        }
    }
}

/// The memory of `value`, a typed array of that type. `None` where it is something else.
pub fn typed_array(env: Env, value: Value, expected: sys::napi_typedarray_type) -> Option<Memory> {
    let (mut kind, mut length, mut data) = (0, 0, ptr::null_mut());
    // SAFETY: a value that is alive in its environment; what is not a typed array is reported by the status.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    (status == sys::Status::napi_ok && kind == expected).then_some(Memory { data, length })
}

/// Where a typed array's elements are, as long as the call lasts and nothing calls into JavaScript.
#[derive(Clone, Copy)]
pub struct Memory {
    data: *mut c_void,
    /// In elements.
    pub length: usize,
}

impl Memory {
    #[cfg(native_transport)]
    pub const EMPTY: Self = Self {
        data: ptr::null_mut(),
        length: 0,
    };

    /// The elements.
    ///
    /// # Safety
    /// `T` is the element type; nothing else reads or writes the memory while the slice lives.
    pub unsafe fn as_mut_slice<'call, T>(self) -> &'call mut [T] {
        if self.length == 0 {
            // Empty and detached arrays have a null pointer.
            return &mut [];
        }
        // SAFETY: V8 keeps `length` aligned elements at `data`; the caller vouches for the rest.
        unsafe { std::slice::from_raw_parts_mut(self.data.cast(), self.length) }
    }

    /// Whether the two share bytes, if both have bytes as elements.
    pub fn overlaps(self, other: Self) -> bool {
        let (a, b) = (self.data as usize, other.data as usize);
        a < b + other.length && b < a + self.length
    }
}

// Where a panic aborts, no function can contain it.
#[cfg(not(panic = "unwind"))]
compile_error!("the binding to Node.js has to be built with panic = \"unwind\"");

/// Runs `body`; a panic becomes a JavaScript exception instead of crossing into C.
pub fn contain(env: Env, body: impl FnOnce() -> Value) -> Value {
    // Whatever `body` was changing when it panicked is not used again: JavaScript destroys a decoder that throws.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        throw(
            env,
            c"The native engine has failed; the connection cannot go on",
        );
        ptr::null_mut()
    })
}

pub fn throw(env: Env, message: &CStr) {
    // SAFETY: `env` is that of the running callback, `message` ends in NUL.
    unsafe { sys::napi_throw_error(env, ptr::null(), message.as_ptr()) };
}
