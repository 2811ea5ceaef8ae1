/**
 * Adds a step counter to a WebAssembly module, so that a caller can limit the steps of a call.
 *
 * The thread that runs WebAssembly cannot be interrupted, and a time limit would depend on the
 * machine. The module therefore gets a global `fuel`. Each function entry and loop iteration takes
 * 1 from it; each 64 bytes copied or filled at once take 1 more. Below zero the module traps. The
 * same work takes the same fuel on every machine.
 */

const TYPE = 1;
const IMPORT = 2;
const FUNCTION = 3;
const GLOBAL = 6;
const EXPORT = 7;
const CODE = 10;
const I32 = 0x7f;
const I64 = 0x7e;
const MUTABLE = 1;
const LOOP = 0x03;
const END = 0x0b;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;
const I64_CONST = 0x42;
const I64_SUB = 0x7d;

/**
 * Returns the metered module. Throws if it has imports: they would shift the indices of functions
 * and globals.
 */
export function metered(module) {
  const sections = sectionsOf(module);
  const content = (id) => sections.find((s) => s.id === id)?.content;
  if (content(IMPORT)) throw new Error('a module with imports cannot be metered');
  const fuel = reader(content(GLOBAL)).u32();
  const parameters = parameterCounts(content(TYPE));
  const types = functionTypes(content(FUNCTION));
  const changed = new Map([
    [GLOBAL, appended(content(GLOBAL), [I64, MUTABLE, I64_CONST, 0, END])],
    [EXPORT, appended(content(EXPORT), [4, ...Buffer.from('fuel'), 3, ...leb(fuel)])],
    [
      CODE,
      meteredCode(
        content(CODE),
        types.map((type) => parameters[type]),
        fuel,
      ),
    ],
  ]);
  return Buffer.concat([
    module.subarray(0, 8),
    ...sections.flatMap(({ id, content }) => sized(changed.get(id) ?? content, [id])),
  ]);
}

function meteredCode(code, parameters, fuel) {
  const read = reader(code);
  const bodies = Array.from({ length: read.u32() }, () => read.bytes(read.u32()));
  return Buffer.concat([
    Buffer.from(leb(bodies.length)),
    ...bodies.flatMap((body, i) => sized(meteredBody(body, parameters[i], fuel))),
  ]);
}

function meteredBody(body, parameters, fuel) {
  const read = reader(body);
  const groups = read.u32();
  let locals = parameters;
  for (let i = 0; i < groups; i++) {
    locals += read.u32();
    read.skip(1);
  }
  const f = leb(fuel);
  const n = leb(locals);
  const step = [
    GLOBAL_GET,
    ...f,
    I64_CONST,
    1,
    I64_SUB,
    GLOBAL_SET,
    ...f,
    GLOBAL_GET,
    ...f,
    I64_CONST,
    0,
    0x53 /* lt_s */,
    0x04 /* if */,
    0x40,
    0x00 /* unreachable */,
    END,
  ];
  // The byte count is on top of the stack and must stay there.
  const moved = [
    0x22 /* tee */,
    ...n,
    GLOBAL_GET,
    ...f,
    0x20 /* local.get */,
    ...n,
    0x41,
    6,
    0x76 /* shr_u */,
    0xad /* extend_u */,
    I64_SUB,
    GLOBAL_SET,
    ...f,
  ];
  // Add one local, for the byte count.
  const out = [
    Buffer.from(leb(groups + 1)),
    body.subarray(leb(groups).length, read.at),
    Buffer.from([1, I32, ...step]),
  ];
  let copied = read.at;
  while (read.at < body.length) {
    const at = read.at;
    const { loop, moves } = skipInstruction(read);
    if (!loop && !moves) continue;
    const cut = loop ? read.at : at;
    out.push(body.subarray(copied, cut), Buffer.from(loop ? step : moved));
    copied = cut;
  }
  return Buffer.concat([...out, body.subarray(copied)]);
}

/**
 * Advances to the next instruction. Returns whether this one begins a loop or moves bytes in bulk.
 */
function skipInstruction(read) {
  const op = read.byte();
  if (op >= 0x02 && op <= 0x04)
    read.leb(); // block, loop, if
  else if (op === 0x0e)
    for (let n = read.u32() + 1; n > 0; n--) read.leb(); // br_table
  else if (op === 0x11 || op === 0x13) {
    read.leb();
    read.leb();
  } // call_indirect
  else if (
    op === 0x0c ||
    op === 0x0d ||
    op === 0x10 ||
    op === 0x12 ||
    (op >= 0x20 && op <= 0x26) ||
    op === 0x3f ||
    op === 0x40 ||
    op === 0x41 ||
    op === 0x42 ||
    op === 0xd0 ||
    op === 0xd2
  )
    read.leb();
  else if (op === 0x1c)
    read.skip(read.u32()); // select with types
  else if (op >= 0x28 && op <= 0x3e) {
    read.leb();
    read.leb();
  } // load, store
  else if (op === 0x43) read.skip(4);
  else if (op === 0x44) read.skip(8);
  else if (op === 0xfc) {
    const which = read.u32();
    for (let n = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1][which]; n > 0; n--)
      read.leb();
    return { loop: false, moves: which === 10 || which === 11 }; // memory.copy, memory.fill
  } else if (op > 0xc4 || op === 0x27 || (op > 0x13 && op < 0x1a))
    throw new Error(`instruction 0x${op.toString(16)} is not known here`);
  return { loop: op === LOOP, moves: false };
}

function sectionsOf(module) {
  const read = reader(module);
  const sections = [];
  read.skip(8);
  while (read.at < module.length)
    sections.push({ id: read.byte(), content: read.bytes(read.u32()) });
  return sections;
}

function parameterCounts(content) {
  const read = reader(content);
  return Array.from({ length: read.u32() }, () => {
    read.skip(1);
    const parameters = read.u32();
    read.skip(parameters);
    read.skip(read.u32());
    return parameters;
  });
}

function functionTypes(content) {
  const read = reader(content);
  return Array.from({ length: read.u32() }, () => read.u32());
}

/** Appends an element to a vector. */
function appended(content, element) {
  const read = reader(content);
  const count = read.u32();
  return Buffer.concat([
    Buffer.from(leb(count + 1)),
    content.subarray(read.at),
    Buffer.from(element),
  ]);
}

const sized = (content, before = []) => [Buffer.from([...before, ...leb(content.length)]), content];

function reader(bytes) {
  const read = {
    at: 0,
    byte: () => bytes[read.at++],
    skip: (count) => {
      read.at += count;
    },
    bytes: (count) => bytes.subarray(read.at, (read.at += count)),
    leb: () => {
      while (bytes[read.at++] >= 0x80);
    },
    u32: () => {
      for (let value = 0, factor = 1; ; factor *= 128) {
        const byte = bytes[read.at++];
        value += (byte & 0x7f) * factor;
        if (byte < 0x80) return value;
      }
    },
  };
  return read;
}

function leb(value) {
  const out = [];
  for (; value >= 0x80; value >>>= 7) out.push((value & 0x7f) | 0x80);
  return [...out, value];
}
