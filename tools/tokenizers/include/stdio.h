/*
 * Stubs for Oniguruma. It prints only in monitors and warnings, which are never enabled, its
 * version number, which is unused, and bytes in hexadecimal for its error messages.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
typedef void FILE;
#define stdout 0
#define fprintf(...) ((void)0)
#define fflush(file) ((void)0)
#define vsnprintf(...) (__builtin_trap(), 0)
#define snprintf(out, room, format, value, ...) hexadecimal(out, room, format, value)

/* Supports only the formats of regerror.c: "%02x" and "\\x%02x". */
static inline int hexadecimal(char *out, size_t room, const char *format, int value) {
  size_t at = 0;
  if (format[0] == '\\') {
    out[at++] = '\\';
    out[at++] = 'x';
  }
  for (int shift = 4; shift >= 0 && at + 1 < room; shift -= 4) out[at++] = "0123456789abcdef"[(value >> shift) & 15];
  out[at] = 0;
  return (int)at;
}
