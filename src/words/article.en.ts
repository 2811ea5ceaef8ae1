/**
 * The words of the article, in English. This object is the type of the other languages. A text
 * marks terms of the glossary as `[text](key)`. Numbers are those of docs/ (`article.test.ts`).
 */
export const articleEn = {
  title: 'What this page measures',
  contents: 'Contents',
  newTab: '(opens in a new tab)',
  where: 'where',
  meaning: 'meaning',
  formula: 'Formula',
  now: 'on this page',
  show: (name: string) => `Show “${name}” on the page`,
  ofModule: (value: string, layer: number, role: string) => `${value} (layer ${layer} ${role})`,
  rank: {
    title: 'What an adapter’s rank is',
    text: [
      'A [LoRA](lora) [adapter](adapter) adds the product of two thin matrices to a frozen weight W. The [rank](rank) is their inner dimension.',
      'One rank of a [module](module) costs in + out parameters. A higher rank can express more changes of W. The [budget](budget) is limited, so the question is which modules need more rank than others. The usual answer is [uniform](uniform): the same rank everywhere.',
    ],
  },
  measured: {
    title: 'What is measured',
    text: [
      '[AdaRank](adarank) adds Gaussian noise to the weight of one module, twice and independently. Each noisy copy is a [perturbation](perturbation). The [disagreement](disagreement) is the [l1](l1) distance between the [logits](logits) of the two perturbed models. It is the module’s [importance](importance), in logits per token.',
    ],
    rule: [
      'Ranks are proportional to importance. The paper’s rule rounds down. It leaves a part of the budget unspent and can give rank 0, which means no adapter.',
    ],
    certainty: [
      'One value is noisy, so every module is measured in several [repeats](repeat). Within a [sweep](sweep), each value is divided by the mean over all modules. The 95 % interval (Student’s t) of these [multiples](multiple) gives a range of ranks. A rank is [settled](settled) if the range is one integer.',
      'A [finding](finding) is shown only if its interval excludes no effect, under cross-validation over the sweeps.',
    ],
    settled: (settled: number, of: number) => `Settled now: ${settled} of ${of} ranks.`,
  },
  probe: {
    title: 'Our probe: the map from gradients',
    text: [
      'The [Jacobian probe](jacobian) predicts the disagreement to first order. The signs u are random, one per logit. One backward pass from the signed sum of the logits gives the norm for every module. The estimator is Hutchinson’s. Its use for ranks is ours, without a published source.',
      'The gradient of a weight is never formed: its norm follows from the products of the module’s inputs and output gradients. The method [combined](combined) joins the probe with a few sampled repeats.',
    ],
    found: [
      'On SmolLM2-135M, four backward passes reach [Spearman](spearman) 0.943 with AdaRank in 1/93 of the time of five AdaRank draws.',
      'The interval of the probe does not include the error of the first order. On the bundled model, nominal 95 % intervals of 8 passes contain AdaRank’s own value in only 46 to 53 % of the modules.',
    ],
  },
  studies: {
    title: 'The studies',
    found: 'Found here',
  },
  ofStudy: {
    race: {
      title: 'Race: do the ranks lower the loss?',
      text: [
        'Every [entry](entry) trains LoRA adapters with its own ranks, on the same data and [seeds](seed). Budgets are equal in parameters, so every entry has about the same number. The result is the [loss](loss) on [held-out](heldOut) text, in [nats](nat) per token. An entry wins only if its paired difference to every other entry excludes zero.',
      ],
      found: [
        'With each at its own best learning rate, AdaRank and uniform ranks do not differ significantly. At one rate for both, more rank for important modules acts like a higher rate: AdaRank is better at 0.004 and worse at 0.03.',
      ],
    },
    agree: {
      title: 'Agreement: do importance methods agree?',
      text: [
        'Each method orders the modules. [Spearman’s ρ](spearman) compares two orders: 1 is the same order, 0 is no relation. It compares orders only, because the units of the methods differ.',
      ],
      found: [
        'On the bundled model, Spearman with AdaRank is 0.994 (Jacobian), 0.601 (Fisher) and 0.303 (EVA).',
      ],
    },
    train: {
      title: 'Slider: can one training run serve every rank?',
      text: [
        '[QDyLoRA](qdylora) draws a rank b in every [step](step) and trains the first b rows of A and columns of B, over a base in [NF4](nf4). Afterwards the adapter works at every rank: the first b rows and columns are the adapter of rank b.',
      ],
      found: [
        'The paper’s claim that QDyLoRA at its best rank beats a LoRA trained at one rank did not reproduce here: 3.587 against 3.527 nats per token.',
      ],
    },
    prune: {
      title: 'Prune: which weights can go?',
      text: [
        '[LoSA](losa) prunes in rounds and trains [masked](mask) adapters in between. The layers with the largest [reconstruction error](reconstructionError) get the most rank. The score of a weight is [Wanda](wanda)’s: its magnitude times the norm of its input.',
      ],
      found: [
        'Half of the weights can go, at loss 3.677 after fine-tuning. One-shot pruning with [masked LoRA](maskedLora) is better, 3.653. Zeros make nothing faster in a browser.',
      ],
    },
    compress: {
      title: 'Compress: does removing components help?',
      text: [
        'Compress to Impress splits a weight into [singular components](component). One backward pass predicts how the loss changes when the components after the first k are removed. The best candidates are tried, one after another.',
      ],
      found: [
        'Not on the bundled model: accuracy on other samples stays at 81.0 %, and the loss on plain text rises by 0.237 nats per token.',
      ],
    },
    samples: {
      title: 'Text: what does the model write?',
      text: [
        'The base and the adapted model continue the same prompt. The [temperature](temperature) divides the logits before softmax. At temperature 0 the likeliest token is always taken.',
      ],
      found: [],
    },
  },
  result: {
    title: 'What we found',
    text: [
      'Does the allocation matter? On the bundled model it matters less than the learning rate. Differences in held-out loss, in nats per token, with 95 % intervals over five seeds, at equal parameters and mean rank 1:',
    ],
    head: ['Difference', 'Opticks', 'Jargon File'],
    rows: [
      [
        'AdaRank minus uniform, each at its own best rate',
        '−0.008 [−0.020, +0.005]',
        '−0.013 [−0.040, +0.015]',
      ],
      [
        'AdaRank minus uniform, both at rate 0.004',
        '−0.065 [−0.089, −0.042]',
        '−0.033 [−0.047, −0.018]',
      ],
      [
        'AdaRank minus uniform, both at rate 0.03',
        '+0.245 [+0.142, +0.348]',
        '+0.256 [+0.172, +0.340]',
      ],
      [
        'uniform at its best rate minus uniform at rate 0.004',
        '−0.185 [−0.252, −0.117]',
        '−0.100 [−0.114, −0.087]',
      ],
    ],
    after: [
      'The best rates were chosen on the same held-out text. No interval is corrected for multiple comparisons.',
    ],
  },
  limits: {
    title: 'Limits',
    items: [
      'Importance is measured on a short text. Another text can give another map.',
      'A perturbation as large as std(W) is not a training step. The map shows sensitivity, not the gain from training. The race measures the gain.',
      'A finding of a race holds for its learning rate and its number of steps.',
      'Only decoder-only models with one [residual stream](residualStream) are supported.',
      'The bundled model has 3.5 million parameters. Results on it need not hold for large models.',
    ],
  },
  papers: {
    title: 'Papers and code',
    builtOn: ' (LASER, on which it builds; no public code of its own)',
    note: 'Nothing is requested from these addresses until you follow a link.',
  },
  cite: {
    title: 'Source, licence and citation',
    source: 'Source code',
    licence:
      'Rank Atlas is free software under the Apache License 2.0. The licences of the packages in this page are in',
    bibtex: 'BibTeX',
    methods: 'Methods paragraph',
    methodsNote: 'Written from the run in view, with its settings.',
    notYet: 'Available when a run is done.',
    copy: 'Copy',
    copied: 'Copied',
  },
  /** Sentences of the methods paragraph. Values are strings in the language's number format. */
  methods: {
    comma: ', ',
    space: ' ',
    measured: (v: { modules: string; model: string; hash: string; version: string }) =>
      `The importance of ${v.modules} linear layers of ${v.model} (SHA-256 ${v.hash}) was measured with Rank Atlas ${v.version}.`,
    method: (v: { method: string; about: string; counts: string }) =>
      `Method: ${v.method}, ${v.counts}. ${v.about}`,
    batch: (v: { sequences: string; length: string; text: string; hash: string; seed: string }) =>
      `The batch had ${v.sequences} sequences of ${v.length} tokens of ${v.text} (SHA-256 of the token ids ${v.hash}); the seed was ${v.seed}.`,
    settings: (list: string) => `Further settings: ${list}.`,
    provider: (v: { runtime: string; provider: string }) =>
      `The computation ran on ONNX Runtime ${v.runtime} (${v.provider}).`,
    study: (v: { study: string; list: string }) => `Study “${v.study}”: ${v.list}.`,
    command: (command: string) => `The command \`${command}\` repeats the measurement.`,
  },
  symbols: {
    W: 'the frozen weight of the module',
    x: 'its input',
    y: 'its output',
    A: 'the adapter’s matrices, A and B',
    B: 'the adapter’s second matrix',
    scale: 'the scale of the change, 2 at every rank in races and pruning',
    rank: 'rank of module i',
    meanRank: 'mean rank, the budget per module',
    modules: 'number of modules',
    disagreement: 'importance of module i, in logits per token',
    positions: 'token positions of the batch',
    vocabulary: 'tokens in the vocabulary',
    length: 'tokens per sequence',
    logits: 'logit of token v at position t',
    noise: 'Gaussian noise of the shape of W',
    sigma: 'standard deviation of the noise',
    repeats: 'repeats of every module',
    multiple: 'multiple of module i; 1 is the mean module',
    signs: 'random signs, −1 or +1',
    size: 'parameters of one rank of module i',
    loss: 'loss, in nats per token',
    tokens: 'number of predicted tokens',
    order: 'places of the modules in the order of method a',
    rho: 'agreement of two methods, −1 to 1',
    drawn: 'the drawn rank, at most',
    alpha: 'α of the adapter',
    mask: 'the mask: 1 is retained. Final sparsity',
    norm: 'norm of input k over the calibration text',
    singular: 'singular value j',
    slope: 'gradient of the loss at singular value j',
    retained: 'number of retained components',
    temperature: 'temperature',
  },
};

export type ArticleWords = Omit<typeof articleEn, 'symbols'> & {
  symbols: Record<keyof (typeof articleEn)['symbols'], string>;
};
