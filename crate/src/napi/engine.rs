//! The decoders of one environment, and the functions that JavaScript calls on them.
//!
//! JavaScript names a decoder by its slot and passes integers; what happened comes back as records. No function here calls
//! into JavaScript, so a borrow of the engine never meets another.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ptr;
use std::rc::Rc;

use napi::sys;

use super::deflate::Deflaters;
use super::raw::{Call, Env, Memory, Value, contain};
#[cfg(native_transport)]
use super::reactor::{Host, Place};
use super::records::{Held, Records, WORDS_PER_RECORD};
use super::slots::Slots;
use super::text;
use crate::decoder::{Decoder, InflatePool, InflateSettings};
use crate::header::Role;
use crate::limits::Limits;
use crate::sink::BinaryMode;

/// The chunk's memory is not what it was, or not what it should be.
const BAD_MEMORY: i32 = -1;
/// There is no such decoder.
const NO_DECODER: i32 = -2;

/// Set in the answer of `feed` where another call has something to do; the number of records is below it.
const MORE: i32 = 1 << 16;

struct Slot {
    decoder: Decoder,
    held: VecDeque<Held>,
    /// Tells it from those that had its slot before.
    generation: u32,
    /// Where the rest of the payload it reads is received.
    #[cfg(native_transport)]
    place: Option<Place>,
}

/// The state of one environment: made when the module is loaded, dropped when the environment ends.
pub struct FrameEngine {
    slots: Slots<Box<Slot>>,
    /// Memory that JavaScript has registered for records. The references keep it alive.
    records: Vec<(Memory, sys::napi_ref)>,
    text: text::Scratch,
    next_generation: u32,
    inflate: Rc<RefCell<InflatePool>>,
    pub(super) deflaters: Deflaters,
    /// The native transport; null where there is none.
    #[cfg(native_transport)]
    pub reactor: *mut Host,
}

impl FrameEngine {
    pub fn new() -> Self {
        Self {
            slots: Slots::default(),
            records: Vec::new(),
            text: text::Scratch::new(),
            next_generation: 0,
            inflate: Rc::default(),
            deflaters: Deflaters::default(),
            #[cfg(native_transport)]
            reactor: ptr::null_mut(),
        }
    }

    fn create(&mut self, role: Role, limits: Limits, inflate: Option<InflateSettings>) -> u32 {
        self.next_generation = self.next_generation.wrapping_add(1);
        let mut decoder = Decoder::new(role, limits);
        if let Some(settings) = inflate {
            decoder.set_inflate(settings, Rc::clone(&self.inflate));
        }
        self.slots.insert(Box::new(Slot {
            decoder,
            held: VecDeque::new(),
            generation: self.next_generation,
            #[cfg(native_transport)]
            place: None,
        }))
    }

    fn slot(&mut self, index: u32) -> Option<&mut Slot> {
        self.slots.get_mut(index).map(Box::as_mut)
    }

    /// A decoder's slot and generation, for `parse`.
    #[cfg(native_transport)]
    pub fn identity(&mut self, index: u32) -> Option<(u32, u32)> {
        self.slot(index).map(|slot| (index, slot.generation))
    }

    /// Parses `chunk`, which begins at `base` of some memory, into `words`. Returns the number of records and whether there
    /// is more; `None` where the decoder was freed.
    #[cfg(native_transport)]
    pub fn parse(
        &mut self,
        (index, generation): (u32, u32),
        words: &mut [u32],
        chunk: &mut [u8],
        base: usize,
    ) -> Option<(usize, bool)> {
        let slot = self
            .slot(index)
            .filter(|slot| slot.generation == generation)?;
        let mut records = Records::new(words, &mut slot.held, base);
        let progress = slot.decoder.feed(chunk, &mut records);
        let count = records.finish(
            progress.consumed,
            slot.decoder.pending_bytes(),
            slot.decoder.inflated_bytes(),
        );
        Some((count, progress.more))
    }

    /// Has the rest of the payload that a decoder reads received into `place`, which has to be as long as that.
    #[cfg(native_transport)]
    pub fn set_place(&mut self, index: u32, place: Place) -> bool {
        let Some(slot) = self.slot(index) else {
            return false;
        };
        let fits = slot.decoder.payload_left() == place.length() as u64;
        slot.place = fits.then_some(place);
        fits
    }

    /// The memory where the rest of the payload is to be received that a decoder reads.
    ///
    /// # Safety
    /// A handle scope of the environment is open, and no JavaScript runs while the slice lives.
    #[cfg(native_transport)]
    pub unsafe fn room<'batch>(
        &mut self,
        (index, generation): (u32, u32),
    ) -> Option<&'batch mut [u8]> {
        let slot = self
            .slot(index)
            .filter(|slot| slot.generation == generation)?;
        // SAFETY: passed on from the caller.
        let room = unsafe { slot.place.as_ref()?.room() };
        if room.len() as u64 != slot.decoder.payload_left() {
            // It was transferred away, which the JavaScript of this package does not do.
            slot.place = None;
            return None;
        }
        Some(room)
    }

    /// Parses the first bytes of `room`, which were received there. As `parse`.
    #[cfg(native_transport)]
    pub fn parse_placed(
        &mut self,
        (index, generation): (u32, u32),
        words: &mut [u32],
        received: &mut [u8],
    ) -> Option<(usize, bool)> {
        let slot = self.slot(index)?;
        // Its last byte makes it the receiver's.
        slot.place = slot
            .place
            .take()
            .and_then(|place| place.after(received.len()));
        self.parse((index, generation), words, received, 0)
    }

    /// Parses `chunk` from `base` on.
    fn feed(
        &mut self,
        index: u32,
        records: u32,
        chunk: &mut [u8],
        base: usize,
        answer: u32,
    ) -> i32 {
        let Some((memory, _)) = self.records.get(records as usize).copied() else {
            return BAD_MEMORY;
        };
        let Some(slot) = self.slot(index) else {
            return NO_DECODER;
        };
        // SAFETY: a Uint32Array that the engine's own JavaScript made for this, that it never shows or transfers, and that
        // the reference keeps alive; JavaScript reads it only after this call.
        let words = unsafe { memory.as_mut_slice::<u32>() };
        match answer {
            1 => slot.decoder.answer(BinaryMode::Collect),
            2 => slot.decoder.answer(BinaryMode::Stream),
            _ => {}
        }
        let mut records = Records::new(words, &mut slot.held, base);
        let progress = slot.decoder.feed(&mut chunk[base..], &mut records);
        let count = records.finish(
            progress.consumed,
            slot.decoder.pending_bytes(),
            slot.decoder.inflated_bytes(),
        );
        count as i32 | if progress.more { MORE } else { 0 }
    }
}

/// Runs `body` with the call and the engine of its environment, and lets no panic out.
///
/// # Safety
/// `env` and `info` are those Node.js passed to the callback; the function was made with a `FrameEngine` as data.
pub unsafe fn enter<const ARGUMENTS: usize>(
    env: Env,
    info: sys::napi_callback_info,
    body: impl FnOnce(&Call<ARGUMENTS>, &mut FrameEngine) -> Value,
) -> Value {
    contain(env, || {
        // SAFETY: passed on from the caller.
        let call = unsafe { Call::<ARGUMENTS>::new(env, info) };
        // SAFETY: the engine lives until the environment's cleanup, after which no JavaScript runs. One thread runs it, and
        // no function calls back into JavaScript while it has the engine, so this is the only reference.
        let engine = unsafe { &mut *call.data::<FrameEngine>() };
        body(&call, engine)
    })
}

/// A length or a count that JavaScript gives as a number, `Infinity` meaning no limit.
fn limit(value: f64) -> u64 {
    // The cast saturates, and takes NaN for zero.
    #[allow(clippy::cast_sign_loss)]
    if value == f64::INFINITY {
        u64::MAX
    } else {
        value as u64
    }
}

/// `createDecoder(isServer, maxMessageBytes, maxStreamBytes, maxFragments, windowBits, contextTakeover)` → slot
pub unsafe extern "C" fn create_decoder(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<6>, engine: &mut FrameEngine| {
        let role = if call.boolean(0) {
            Role::Server
        } else {
            Role::Client
        };
        let inflate = match call.integer(4) {
            bits @ 8..=15 => Some(InflateSettings {
                window_bits: bits as u8,
                context_takeover: call.boolean(5),
            }),
            _ => None,
        };
        let index = engine.create(
            role,
            Limits {
                max_message_bytes: limit(call.number(1)),
                max_stream_bytes: limit(call.number(2)),
                max_fragments: u32::try_from(limit(call.number(3))).unwrap_or(u32::MAX),
            },
            inflate,
        );
        call.make_number(f64::from(index))
    };
    // SAFETY: called by Node.js; `super::exports` made the function with the engine as data.
    unsafe { enter(env, info, body) }
}

/// `destroyDecoder(slot)`
pub unsafe extern "C" fn destroy_decoder(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        engine.slots.remove(call.integer(0));
        ptr::null_mut()
    };
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// `decoderCount()` → how many decoders are alive
pub unsafe extern "C" fn decoder_count(env: Env, info: sys::napi_callback_info) -> Value {
    let body =
        |call: &Call<0>, engine: &mut FrameEngine| call.make_number(engine.slots.len() as f64);
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// `registerRecords(words)` → its number for `feed`, or -1
pub unsafe extern "C" fn register_records(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let words = call.words(0);
        let Some(memory) = words.filter(|words| words.length >= 2 * WORDS_PER_RECORD) else {
            return call.make_integer(BAD_MEMORY);
        };
        let mut reference = ptr::null_mut();
        // SAFETY: a typed array is an object; the reference is deleted with the engine.
        let status =
            unsafe { sys::napi_create_reference(env, call.arguments[0], 1, &raw mut reference) };
        if status != sys::Status::napi_ok {
            return call.make_integer(BAD_MEMORY);
        }
        engine.records.push((memory, reference));
        call.make_number((engine.records.len() - 1) as f64)
    };
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// `feed(slot, records, chunk, offset, answer)` → number of records, `MORE`, or a negative reason
pub unsafe extern "C" fn feed(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<5>, engine: &mut FrameEngine| {
        let offset = call.integer(3) as usize;
        let Some(memory) = call
            .bytes(2)
            .filter(|memory| offset <= memory.length && u32::try_from(memory.length).is_ok())
        else {
            return call.make_integer(BAD_MEMORY);
        };
        // SAFETY: the chunk belongs to the decoder, and no JavaScript runs until this call returns; memory shared with
        // other threads is refused before it comes here.
        let chunk = unsafe { memory.as_mut_slice::<u8>() };
        let (slot, records, answer) = (call.integer(0), call.integer(1), call.integer(4));
        let result = engine.feed(slot, records, chunk, offset, answer);
        call.make_integer(result)
    };
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// `payloadLeft(slot)` → how many bytes are to come of the binary frame being read, where it is not compressed; else 0
pub unsafe extern "C" fn payload_left(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let slot = engine.slot(call.integer(0));
        call.make_number(slot.map_or(0, |slot| slot.decoder.payload_left()) as f64)
    };
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// `takeText(slot)` → the text that the next record of its kind has announced
pub unsafe extern "C" fn take_text(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let held = engine
            .slot(call.integer(0))
            .and_then(|slot| slot.held.pop_front());
        let held = held.unwrap_or_default();
        if held.ascii {
            call.make_latin1(&held.bytes)
        } else {
            engine.text.make(call, &held.bytes)
        }
    };
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// `takeBytes(slot)` → a Buffer with the payload that the next record of its kind has announced
pub unsafe extern "C" fn take_bytes(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let held = engine
            .slot(call.integer(0))
            .and_then(|slot| slot.held.pop_front());
        call.make_buffer(&held.unwrap_or_default().bytes)
    };
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// `textSlice(chunk, start, end)` → the string of valid UTF-8 in the chunk, or undefined where there is no such range
pub unsafe extern "C" fn text_slice(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<3>, engine: &mut FrameEngine| {
        let range = call.integer(1) as usize..call.integer(2) as usize;
        let Some(memory) = call.bytes(0) else {
            return ptr::null_mut();
        };
        // SAFETY: no JavaScript runs until this call returns.
        let chunk = unsafe { memory.as_mut_slice::<u8>() };
        match chunk.get(range) {
            Some(bytes) => engine.text.make(call, bytes),
            None => ptr::null_mut(),
        }
    };
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// `measureText(text)` → how many bytes of UTF-8 the text is; it is kept for `writeText`
pub unsafe extern "C" fn measure_text(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<1>, engine: &mut FrameEngine| {
        let bytes = engine.text.measure(call, 0);
        call.make_number(bytes as f64)
    };
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// `writeText(output, offset)` → how many bytes of the text that was measured were written, or -1 where they do not fit
pub unsafe extern "C" fn write_text(env: Env, info: sys::napi_callback_info) -> Value {
    let body = |call: &Call<2>, engine: &mut FrameEngine| {
        let offset = call.integer(1) as usize;
        let written = call.bytes(0).and_then(|memory| {
            // SAFETY: no JavaScript runs until this call returns.
            let output = unsafe { memory.as_mut_slice::<u8>() };
            engine.text.write(output.get_mut(offset..)?)
        });
        call.make_number(written.map_or(-1.0, |bytes| bytes as f64))
    };
    // SAFETY: as in `create_decoder`.
    unsafe { enter(env, info, body) }
}

/// Drops the engine of an environment that ends.
///
/// # Safety
/// `data` is the engine that `super::exports` leaked for the environment, and this runs once.
pub unsafe extern "C" fn cleanup(data: *mut std::ffi::c_void) {
    // SAFETY: as above. The references to records go with the environment.
    let engine = unsafe { Box::from_raw(data.cast::<FrameEngine>()) };
    #[cfg(native_transport)]
    // SAFETY: null, or a host that is not closed yet.
    if let Some(host) = unsafe { engine.reactor.as_mut() } {
        host.forget_engine();
    }
    drop(engine);
}
