/**
 * A LoRA step over all linear layers of a Llama-shaped model in jax-js: forward, backward,
 * global-norm clipping and AdamW in one `jit`. The frozen weights and the text are random; the loss
 * must still fall.
 */

/**
 * `jax` is the library, initialised on its device. Returns a function that runs one step and
 * returns its loss.
 */
export function jaxStep({ jit, nn, numpy: np, valueAndGrad }, size) {
  const {
    layers,
    hidden,
    intermediate,
    heads,
    keyValueHeads,
    headDim,
    vocab,
    batch,
    length,
    rank,
    learningRate,
    maxNorm,
  } = size;

  let state = 1;
  /** Pseudorandom numbers from a fixed seed. Their exact values do not matter. */
  function random(rows, columns, std) {
    const x = new Float32Array(rows * columns);
    for (let i = 0; i < x.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      x[i] = (state / 2 ** 31 - 1) * std * Math.sqrt(3);
    }
    return np.array(x).reshape([rows, columns]);
  }

  const shapes = [
    ['q', hidden, heads * headDim],
    ['k', hidden, keyValueHeads * headDim],
    ['v', hidden, keyValueHeads * headDim],
    ['o', heads * headDim, hidden],
    ['gate', hidden, intermediate],
    ['up', hidden, intermediate],
    ['down', intermediate, hidden],
  ];
  const frozen = {
    embedding: random(vocab, hidden, 0.05),
    layers: Array.from({ length: layers }, () =>
      Object.fromEntries(shapes.map(([name, i, o]) => [name, random(i, o, 0.05)])),
    ),
  };
  let adapters = Array.from({ length: layers }, () =>
    Object.fromEntries(
      shapes.flatMap(([name, i, o]) => [
        [`${name}A`, random(i, rank, 1 / Math.sqrt(3 * i))],
        [`${name}B`, np.zeros([rank, o])],
      ]),
    ),
  );
  const zerosLike = () =>
    adapters.map((layer) =>
      Object.fromEntries(Object.entries(layer).map(([name, x]) => [name, np.zeros(x.shape)])),
    );
  let first = zerosLike();
  let second = zerosLike();

  const angles = Array.from(
    { length: length * headDim },
    (_, i) => Math.floor(i / headDim) * 10000 ** ((-2 * ((i % headDim) % (headDim / 2))) / headDim),
  );
  const tables = {
    cos: np.array(Float32Array.from(angles, Math.cos)).reshape([1, length, 1, headDim]),
    sin: np.array(Float32Array.from(angles, Math.sin)).reshape([1, length, 1, headDim]),
  };
  const ids = Int32Array.from({ length: batch * length }, (_, i) => (i * 7919) % vocab);
  const labels = Int32Array.from(ids, (_, i) => ids[(i + 1) % ids.length]);
  const text = { x: nn.oneHot(np.array(ids), vocab), y: nn.oneHot(np.array(labels), vocab) };

  const norm = (x) => x.ref.div(np.sqrt(np.square(x).mean(-1, { keepdims: true }).add(1e-5)));

  function rotated(x, { cos, sin }) {
    const [a, b] = np.split(x.ref, 2, 3);
    return x.mul(cos).add(np.concatenate([b.neg(), a], 3).mul(sin));
  }

  function loss(adapters, frozen, tables, text) {
    let x = np.matmul(text.x, frozen.embedding.ref);
    for (let l = 0; l < layers; l++) {
      const w = frozen.layers[l];
      const ad = adapters[l];
      const linear = (x, name) =>
        np
          .matmul(x.ref, w[name])
          .add(np.matmul(np.matmul(x, ad[`${name}A`]), ad[`${name}B`]).mul(2));
      const h = norm(x.ref);
      const split = (x, heads) => x.reshape([batch, length, heads, headDim]);
      const q = rotated(split(linear(h.ref, 'q'), heads), {
        cos: tables.cos.ref,
        sin: tables.sin.ref,
      });
      const k = rotated(split(linear(h.ref, 'k'), keyValueHeads), {
        cos: tables.cos.ref,
        sin: tables.sin.ref,
      });
      const v = split(linear(h, 'v'), keyValueHeads);
      const mixed = nn
        .dotProductAttention(q, k, v, { isCausal: true })
        .reshape([batch * length, heads * headDim]);
      x = x.add(linear(mixed, 'o'));
      const m = norm(x.ref);
      x = x.add(linear(nn.silu(linear(m.ref, 'gate')).mul(linear(m, 'up')), 'down'));
    }
    tables.cos.dispose();
    tables.sin.dispose();
    const logits = np.matmul(norm(x), frozen.embedding.transpose());
    return nn
      .logSoftmax(logits, -1)
      .mul(text.y)
      .sum()
      .mul(-1 / (batch * length));
  }

  /** Passes a tree on without giving up its references. */
  const kept = (tree) =>
    Array.isArray(tree)
      ? tree.map(kept)
      : 'ref' in tree
        ? tree.ref
        : Object.fromEntries(Object.entries(tree).map(([k, v]) => [k, kept(v)]));

  const step = jit((adapters, first, second, correction, frozen, tables, text) => {
    const [value, gradients] = valueAndGrad(loss)(kept(adapters), frozen, tables, text);
    let squares = np.array(0);
    for (const layer of gradients)
      for (const g of Object.values(layer)) squares = squares.add(np.square(g.ref).sum());
    const clip = np.minimum(np.array(maxNorm).div(np.sqrt(squares).add(1e-6)), 1);
    const [b1, b2] = [0.9, 0.999];
    const next = { adapters: [], first: [], second: [] };
    gradients.forEach((layer, l) => {
      for (const all of Object.values(next)) all.push({});
      for (const [name, raw] of Object.entries(layer)) {
        const g = raw.mul(clip.ref);
        const m = first[l][name].mul(b1).add(g.ref.mul(1 - b1));
        const v = second[l][name].mul(b2).add(np.square(g).mul(1 - b2));
        const change = m.ref
          .mul(correction[0].ref)
          .div(np.sqrt(v.ref.mul(correction[1].ref)).add(1e-8))
          .mul(learningRate);
        next.first[l][name] = m;
        next.second[l][name] = v;
        next.adapters[l][name] = adapters[l][name].sub(change);
      }
    });
    clip.dispose();
    for (const c of correction) c.dispose();
    return [value, next.adapters, next.first, next.second];
  });

  let count = 0;
  return async () => {
    count++;
    const correction = [np.array(1 / (1 - 0.9 ** count)), np.array(1 / (1 - 0.999 ** count))];
    const [value, a, m, v] = step(
      adapters,
      first,
      second,
      correction,
      kept(frozen),
      kept(tables),
      kept(text),
    );
    [adapters, first, second] = [a, m, v];
    const [loss] = await value.data();
    await adapters[0].qA.blockUntilReady();
    return loss;
  };
}
