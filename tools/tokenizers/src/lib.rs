//! Text to token ids and back by the reference library, as a WebAssembly module without imports.
//!
//! One instance holds one tokenizer. A function that gives bytes leaves them at `out_at()`, `out_length()` long.
//! A panic ends the instance; its message is left in the same place before.

mod libc;

use ahash::AHashSet;
use serde::Deserialize;
use serde_json::Value;
use std::cell::UnsafeCell;
use tokenizers::{ModelWrapper, Tokenizer};

/// Ids from here on are refused: no vocabulary in use has a tenth of this.
const MAX_ID: u32 = 1 << 22;
/// Steps back that one search for a pattern may take before it ends in a panic; the reference allows this many from every place.
const MAX_RETRIES: u32 = 10_000_000;

const DONE: u32 = 0;
const REFUSED: u32 = 1;

/// What the instance holds.
struct Instance {
    tokenizer: Option<Tokenizer>,
    added: AHashSet<u32>,
    vocabulary: u32,
    byte_level: bool,
    out: Vec<u8>,
}

/// One thread runs the module, one call at a time.
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

/// Room for `length` bytes of input, which the next call takes over.
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

/// Reads a tokenizer.json; DONE, or REFUSED with the reason.
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
    // Whole texts are wanted: what the file says of lengths is not applied.
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
        // Which of two tokens an id then means depends on chance.
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

/// The file with the settings of encoding that a ByteLevel decoder must have and never uses; None where none is missing.
/// Some files in use leave them out, and the library reads none of those.
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

/// The library passes over what the file says of the ids of added tokens, and numbers them itself: they must agree.
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
    // Which of two tokens that the normalizer makes alike is found in a text depends on the order of a hash table.
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

/// Gives the ids of a text in UTF-8, four bytes each, nothing added.
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

/// Gives the text of ids, four bytes each, special tokens included.
#[unsafe(no_mangle)]
unsafe extern "C" fn decode(at: *mut u8, length: usize) -> u32 {
    let bytes = unsafe { taken(at, length) };
    let ids: Vec<u32> = bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    match loaded().decode(&ids, false) {
        Ok(text) => give(text, DONE),
        Err(error) => give(error.to_string(), REFUSED),
    }
}

/// Gives one token as the vocabulary spells it, behind a byte that says how to read it: 0 as it stands (an added token),
/// 1 in the alphabet of bytes, 2 with ▁ for a space. REFUSED: there is none.
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

/// The library seeds its hash tables by chance; here they begin alike every time.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(at: *mut u8, length: usize) -> Result<(), getrandom::Error> {
    unsafe { at.write_bytes(0x5a, length) };
    Ok(())
}
