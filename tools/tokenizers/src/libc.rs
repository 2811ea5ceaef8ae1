//! The C library functions that Oniguruma calls, so that the module has no imports.

use std::alloc::{Layout, alloc as allocate, dealloc, realloc as reallocate};
use std::ffi::{c_char, c_int, c_void};

/// Each block is preceded by its size. The header has 16 bytes to preserve alignment.
const HEAD: usize = 16;

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size + HEAD, HEAD).expect("a block of memory too large")
}

unsafe fn body(block: *mut u8, size: usize) -> *mut c_void {
    if block.is_null() {
        return block.cast();
    }
    unsafe {
        block.cast::<usize>().write(size);
        block.add(HEAD).cast()
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    unsafe { body(allocate(layout(size)), size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(count: usize, each: usize) -> *mut c_void {
    let size = count.checked_mul(each).expect("a block of memory too large");
    unsafe { body(std::alloc::alloc_zeroed(layout(size)), size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(pointer: *mut c_void) {
    if !pointer.is_null() {
        unsafe {
            let block = pointer.cast::<u8>().sub(HEAD);
            dealloc(block, layout(block.cast::<usize>().read()));
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(pointer: *mut c_void, size: usize) -> *mut c_void {
    if pointer.is_null() {
        return unsafe { malloc(size) };
    }
    unsafe {
        let block = pointer.cast::<u8>().sub(HEAD);
        let old = layout(block.cast::<usize>().read());
        body(reallocate(block, old, layout(size).size()), size)
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const c_char) -> usize {
    let mut length = 0;
    while unsafe { *text.add(length) } != 0 {
        length += 1;
    }
    length
}

#[unsafe(no_mangle)]
unsafe extern "C" fn strcmp(left: *const c_char, right: *const c_char) -> c_int {
    let mut at = 0;
    loop {
        let (a, b) = unsafe { (*left.add(at) as u8, *right.add(at) as u8) };
        if a != b || a == 0 {
            return c_int::from(a) - c_int::from(b);
        }
        at += 1;
    }
}
