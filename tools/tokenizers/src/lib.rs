//! The reference tokenizer library as a WebAssembly module without imports: text to token ids and
//! back.
//!
//! One instance holds one tokenizer. A function that returns bytes stores them at `out_at()`, with
//! length `out_length()`. A panic ends the instance and stores its message there first.

mod libc;

use ahash::AHashSet;
use serde::Deserialize;
use serde_json::Value;
use std::cell::UnsafeCell;
use tokenizers::{ModelWrapper, Tokenizer};

/// Ids from here on are refused. No vocabulary in use has a tenth of this number.
const MAX_ID: u32 = 1 << 22;
/// Number of retries of one pattern search before it panics. The reference allows this number from
/// every start position.
const MAX_RETRIES: u32 = 10_000_000;

const DONE: u32 = 0;
const REFUSED: u32 = 1;

/// The state of the instance.
struct Instance {
    tokenizer: Option<Tokenizer>,
    added: AHashSet<u32>,
    vocabulary: u32,
    byte_level: bool,
    out: Vec<u8>,
}

/// Sound because one thread runs the module, one call at a time.
struct Single(UnsafeCell<Option<Instance>>);
unsafe impl Sync for Single {}

static INSTANCE: Single = Single(UnsafeCell::new(None));

fn instance() -> &'static mut Instance {
    let instance = unsafe { &mut *INSTANCE.0.get() };
    instance.get_or_insert_with(|| Instance {
        tokenizer: None,
        added: AHashSet::new(),
        vocabulary: 0,
        byte_level: false,
        out: Vec::new(),
    })
}

fn give(bytes: impl Into<Vec<u8>>, status: u32) -> u32 {
    instance().out = bytes.into();
    status
}

fn loaded() -> &'static Tokenizer {
    instance().tokenizer.as_ref().expect("no tokenizer is loaded")
}

/// Allocates `length` bytes of input. The next call takes ownership of them.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    instance().out = Vec::new();
    let mut bytes = std::mem::ManuallyDrop::new(Vec::<u8>::with_capacity(length));
    bytes.as_mut_ptr()
}

unsafe fn taken(at: *mut u8, length: usize) -> Vec<u8> {
    unsafe { Vec::from_raw_parts(at, length, length) }
}

#[unsafe(no_mangle)]
extern "C" fn out_at() -> *const u8 {
    instance().out.as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn out_length() -> usize {
    instance().out.len()
}

/// Reads a tokenizer.json. Returns DONE, or REFUSED with the reason.
#[unsafe(no_mangle)]
unsafe extern "C" fn load(at: *mut u8, length: usize) -> u32 {
    std::panic::set_hook(Box::new(|panic| {
        give(panic.payload_as_str().unwrap_or("it stopped").as_bytes(), REFUSED);
    }));
    unsafe {
        onig_sys::onig_set_retry_limit_in_search(MAX_RETRIES.into());
    }
    match read(&unsafe { taken(at, length) }) {
        Ok(()) => DONE,
        Err(why) => give(why, REFUSED),
    }
}

fn read(json: &[u8]) -> Result<(), String> {
    let mut tokenizer = match Tokenizer::from_bytes(json) {
        Ok(tokenizer) => tokenizer,
        Err(error) => completed(json)
            .and_then(|json| Tokenizer::from_bytes(json).ok())
            .ok_or_else(|| error.to_string())?,
    };
    // Callers need whole texts, so truncation and padding of the file are disabled.
    tokenizer.with_truncation(None).map_err(|error| error.to_string())?;
    tokenizer.with_padding(None);

    if let ModelWrapper::BPE(model) = tokenizer.get_model()
        && model.dropout.is_some_and(|share| share > 0.0)
    {
        return Err("its model leaves out merges at random (dropout)".into());
    }
    check_added(json, &tokenizer)?;
    let vocabulary = tokenizer.get_vocab(true);
    let mut ids = AHashSet::with_capacity(vocabulary.len());
    for (token, id) in &vocabulary {
        let token: String = token.chars().take(40).collect();
        if *id >= MAX_ID {
            return Err(format!("the id of \"{token}\" is not below {MAX_ID}"));
        }
        // With a shared id, the token that the id means would depend on chance.
        if !ids.insert(*id) {
            return Err(format!("two tokens share the id {id}"));
        }
    }
    if ids.is_empty() {
        return Err("its vocabulary is empty".into());
    }
    let decoder = serde_json::to_string(&tokenizer.get_decoder()).map_err(|error| error.to_string())?;

    let instance = instance();
    instance.vocabulary = ids.iter().max().map_or(0, |id| id + 1);
    instance.added = tokenizer.get_added_tokens_decoder().into_keys().collect();
    instance.byte_level = decoder.contains("\"ByteLevel\"");
    instance.tokenizer = Some(tokenizer);
    Ok(())
}

/// The file with two settings added that ByteLevel decoders require but never use. None if nothing
/// is missing. Some published files omit these settings, and the library refuses them.
fn completed(json: &[u8]) -> Option<Vec<u8>> {
    fn complete(step: &mut Value) -> bool {
        let mut changed = false;
        if !step.is_object() {
            return false;
        }
        if step["type"] == "ByteLevel" {
            for setting in ["add_prefix_space", "trim_offsets"] {
                if step.get(setting).is_none() {
                    step[setting] = true.into();
                    changed = true;
                }
            }
        }
        if let Some(steps) = step.get_mut("decoders").and_then(Value::as_array_mut) {
            for inner in steps {
                changed |= complete(inner);
            }
        }
        changed
    }
    let mut whole: Value = serde_json::from_slice(json).ok()?;
    let decoder = whole.get_mut("decoder")?;
    complete(decoder).then(|| serde_json::to_vec(&whole).ok()).flatten()
}

#[derive(Deserialize)]
struct WithAdded {
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Added {
    id: u32,
    content: String,
}

/// The library ignores the ids of added tokens in the file and assigns its own. They must agree.
fn check_added(json: &[u8], tokenizer: &Tokenizer) -> Result<(), String> {
    let WithAdded { added_tokens } = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let mut seen = AHashSet::new();
    for Added { id, content } in &added_tokens {
        let short: String = content.chars().take(40).collect();
        if content.is_empty() {
            return Err(format!("the added token {id} has no text"));
        }
        if !seen.insert(content) {
            return Err(format!("the added token \"{short}\" is there twice"));
        }
        if tokenizer.token_to_id(content) != Some(*id) {
            return Err(format!("the added token \"{short}\" claims the id {id}, which is not its own"));
        }
    }
    // If the normalizer maps two tokens to the same text, hash-table order decides which one is
    // found.
    let mut forms = AHashSet::new();
    for (id, token) in tokenizer.get_added_tokens_decoder() {
        if token.normalized && !forms.insert(tokenizer.id_to_token(id)) {
            return Err("its normalizer makes two added tokens alike".into());
        }
    }
    Ok(())
}

/// All ids are below this number.
#[unsafe(no_mangle)]
extern "C" fn vocabulary() -> u32 {
    instance().vocabulary
}

/// Returns the ids of a UTF-8 text, four bytes each, without special tokens added.
#[unsafe(no_mangle)]
unsafe extern "C" fn encode(at: *mut u8, length: usize) -> u32 {
    let text = unsafe { String::from_utf8_unchecked(taken(at, length)) };
    match loaded().encode_fast(text, false) {
        Ok(encoding) => {
            let bytes: Vec<u8> = encoding.get_ids().iter().flat_map(|id| id.to_le_bytes()).collect();
            give(bytes, DONE)
        }
        Err(error) => give(error.to_string(), REFUSED),
    }
}

/// Returns the text of ids, four bytes each, including special tokens.
#[unsafe(no_mangle)]
unsafe extern "C" fn decode(at: *mut u8, length: usize) -> u32 {
    let bytes = unsafe { taken(at, length) };
    let ids: Vec<u32> = bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    match loaded().decode(&ids, false) {
        Ok(text) => give(text, DONE),
        Err(error) => give(error.to_string(), REFUSED),
    }
}

/// Returns one token as the vocabulary spells it, after a byte that gives the encoding: 0 plain
/// text (an added token), 1 the byte-level alphabet, 2 with ▁ for a space. REFUSED if there is no
/// such token.
#[unsafe(no_mangle)]
extern "C" fn token(id: u32) -> u32 {
    let Some(token) = loaded().id_to_token(id) else {
        return give("", REFUSED);
    };
    let instance = instance();
    let how = if instance.added.contains(&id) {
        0
    } else if instance.byte_level {
        1
    } else {
        2
    };
    let mut bytes = vec![how];
    bytes.extend(token.as_bytes());
    give(bytes, DONE)
}

/// A fixed seed for the library's hash tables, so that results are deterministic.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(at: *mut u8, length: usize) -> Result<(), getrandom::Error> {
    unsafe { at.write_bytes(0x5a, length) };
    Ok(())
}
