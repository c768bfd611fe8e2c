//! The deflaters of one environment, and the functions that JavaScript calls on them.

use std::ptr;

use napi::sys;

use super::engine::{FrameEngine, enter};
use super::raw::{Call, Env, Value};
use super::slots::Slots;
use crate::deflate::{Deflater, Settings, Then, Workshop, bound};
use crate::inflate::Inflater;

/// The payload or the output is not what it should be.
const BAD_MEMORY: i32 = -1;
/// There is no such deflater.
const NO_DEFLATER: i32 = -2;

/// More than this many are not kept: they are in use only while a message is sent.
const MAX_SPARE: usize = 8;

struct Slot {
    settings: Settings,
    context_takeover: bool,
    /// The history; none before the first message, and between messages that do not refer to each other.
    deflater: Option<Deflater>,
}

/// All deflaters, and what they share.
#[derive(Default)]
pub struct Deflaters {
    slots: Slots<Slot>,
    /// Made when first needed.
    workshop: Option<Box<Workshop>>,
    /// Deflaters of connections that keep none between messages.
    spare: Vec<(Settings, Deflater)>,
}

impl Deflaters {
    /// A deflater without history.
    fn take(&mut self, settings: Settings) -> Deflater {
        match self.spare.iter().position(|spare| spare.0 == settings) {
            Some(at) => self.spare.swap_remove(at).1,
            None => Deflater::new(settings),
        }
    }

    fn deflate(&mut self, index: u32, input: &[u8], output: &mut [u8], then: Then) -> i32 {
        let Some(slot) = self.slots.get_mut(index) else {
            return NO_DEFLATER;
        };
        let (settings, keeps) = (slot.settings, slot.context_takeover);
        let deflater = slot.deflater.take();
        let mut deflater = deflater.unwrap_or_else(|| self.take(settings));
        let workshop = self.workshop.get_or_insert_default();
        let length = deflater.deflate(workshop, input, output, then);
        if keeps || then != Then::End {
            if let Some(slot) = self.slots.get_mut(index) {
                slot.deflater = Some(deflater);
            }
        } else if self.spare.len() < MAX_SPARE {
            deflater.reset();
            self.spare.push((settings, deflater));
        }
        length as i32
    }
}

/// The settings in arguments 0 to 2: level, memory level and window bits, each made to fit.
fn settings<const ARGUMENTS: usize>(call: &Call<ARGUMENTS>) -> Settings {
    Settings {
        level: call.integer(0).min(9) as u8,
        memory_level: call.integer(1).clamp(1, 9) as u8,
        window_bits: call.integer(2).clamp(8, 15) as u8,
    }
}

/// `inflaterBytes(windowBits)` → bytes that an inflater keeps between messages
pub unsafe extern "C" fn inflater_bytes(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, _: &mut FrameEngine| {
        let bits = call.integer(0).clamp(8, 15) as u8;
        call.make_number(Inflater::reserved_bytes(bits) as f64)
    };
    // SAFETY: called by Node.js; `super::exports` made the function with the engine as data.
    unsafe { enter(env, info, body) }
}

/// `deflaterBytes(level, memoryLevel, windowBits)` → bytes that a deflater keeps between messages
pub unsafe extern "C" fn deflater_bytes(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<3>, _: &mut FrameEngine| {
        call.make_number(settings(call).reserved_bytes() as f64)
    };
    // SAFETY: as in `inflater_bytes`.
    unsafe { enter(env, info, body) }
}

/// `createDeflater(level, memoryLevel, windowBits, contextTakeover)` → slot
pub unsafe extern "C" fn create_deflater(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<4>, engine: &mut FrameEngine| {
        let index = engine.deflaters.slots.insert(Slot {
            settings: settings(call),
            context_takeover: call.boolean(3),
            deflater: None,
        });
        call.make_number(f64::from(index))
    };
    // SAFETY: as in `inflater_bytes`.
    unsafe { enter(env, info, body) }
}

/// `deflate(slot, payload, start, end, output, then)` → bytes written to `output`, or a negative reason
pub unsafe extern "C" fn deflate(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<6>, engine: &mut FrameEngine| {
        let (start, end) = (call.integer(2) as usize, call.integer(3) as usize);
        let (Some(payload), Some(output)) = (call.bytes(1), call.bytes(4)) else {
            return call.make_integer(BAD_MEMORY);
        };
        if start > end
            || end > payload.length
            || output.length < bound(end - start)
            || payload.overlaps(output)
        {
            return call.make_integer(BAD_MEMORY);
        }
        // SAFETY: no JavaScript runs during the call, and the two do not overlap; memory shared with other threads is
        // refused before it comes here.
        let (payload, output) =
            unsafe { (payload.as_mut_slice::<u8>(), output.as_mut_slice::<u8>()) };
        let then = match call.integer(5) {
            0 => Then::More,
            1 => Then::Flush,
            _ => Then::End,
        };
        let input = &payload[start..end];
        let result = engine
            .deflaters
            .deflate(call.integer(0), input, output, then);
        call.make_integer(result)
    };
    // SAFETY: as in `inflater_bytes`.
    unsafe { enter(env, info, body) }
}

/// `releaseDeflater(slot)`: gives back the history
pub unsafe extern "C" fn release_deflater(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let slots = &mut engine.deflaters.slots;
        if let Some(slot) = slots.get_mut(call.integer(0)) {
            slot.deflater = None;
        }
        ptr::null_mut()
    };
    // SAFETY: as in `inflater_bytes`.
    unsafe { enter(env, info, body) }
}

/// `destroyDeflater(slot)`
pub unsafe extern "C" fn destroy_deflater(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        engine.deflaters.slots.remove(call.integer(0));
        ptr::null_mut()
    };
    // SAFETY: as in `inflater_bytes`.
    unsafe { enter(env, info, body) }
}

/// `deflaterCount()` → how many deflaters are alive
pub unsafe extern "C" fn deflater_count(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<0>, engine: &mut FrameEngine| {
        let deflaters = &engine.deflaters;
        call.make_number(deflaters.slots.len() as f64)
    };
    // SAFETY: as in `inflater_bytes`.
    unsafe { enter(env, info, body) }
}
