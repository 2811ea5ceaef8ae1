/**
 * Every word of the page in English. This object is the type that the other languages satisfy.
 *
 * Wording: docs/style.md. Functions take values, not prepared strings, so that each language writes
 * its own numbers and order.
 */
import { errorTable, type ErrorCode, type ErrorValues } from '../errors.ts';
import type { Restarted } from '../state/study-store.ts';
import { bosEn } from './bos.en.ts';
import { methodsEn, type StageKind } from './methods.en.ts';
import { numbers } from '../language/numbers.ts';

const n = numbers('en');
const s = (count: number) => (count === 1 ? '' : 's');

interface Estimate {
  share: number;
  low: number;
  high: number;
}
interface Band {
  first: number;
  last: number;
}
/** One decimal if the ends of the interval would otherwise look equal. */
const digits = ({ low, high }: Estimate) => (high - low < 0.015 ? 1 : 0);
const percent = (s: Estimate, v = s.share) => `${n.fixed(100 * v, digits(s))}\u00a0%`;
/** "layer 3 gets", "layers 0 and 5–7 get". */
const layers = (bands: readonly Band[]) => {
  const one = bands.every((b) => b.first === b.last) && bands.length === 1;
  const list = bands.map((b) => (b.first === b.last ? b.first : `${b.first}–${b.last}`));
  return one ? `layer ${list.join()} gets` : `layers ${list.join(' and ')} get`;
};

/** A duration in the unit that suits its size. */
const seconds = (v: number) =>
  v < 10 ? `${n.fixed(v, 1)} s` : v < 120 ? `${n.whole(v)} s` : `${n.whole(v / 60)} min`;
const { size } = n;

export const en = {
  locale: 'en',
  question: 'Where in this model does an adapter’s rank belong?',
  skip: 'Skip to the map',
  article: 'About: methods, limits, sources',
  close: 'Close',
  cancel: 'Cancel',
  partFailed: 'This part of the page stopped working. The rest still works.',
  pageFailed: 'The page stopped working. Your results are saved. Reload to continue.',
  reload: 'Reload',
  size,
  seconds,

  header: {
    copyLink: 'Copy link',
    copied: 'Copied',
    export: 'Export',
    present: 'Present',
    leavePresent: 'Leave Present',
    menu: 'Menu',
    help: 'Help',
    otherLanguage: '日本語',
    otherLocale: 'ja',
  },
  methods: methodsEn,
  runControls: {
    label: 'Transport',
    reset: 'Reset',
    play: 'Play',
    pause: 'Pause',
    step: 'Step',
    experiment: 'Experiment',
  },
  status: {
    starting: 'Starting',
    loading: 'Loading runtime and model',
    loaded: (done: number, total: number) =>
      total
        ? `${n.fixed(done / 1e6, 1)} of ${n.fixed(total / 1e6, 1)} MB.`
        : `${n.fixed(done / 1e6, 1)} MB.`,
    opening: 'Opening the model',
    openingPhase: {
      compile: 'Cutting the graph into blocks.',
      sessions: 'Creating one session per block structure.',
      'self-test': 'Comparing with the original export.',
    },
    ready: 'Ready',
    waiting: 'Starts when this tab is visible.',
    clean: 'Running the clean pass.',
    measuring: (what: string) => `Measuring, ${what}`,
    measuringOther: (what: string) => `Measuring the map to compare with, ${what}`,
    where: (layer: number | null, left: number | null) =>
      `${layer === null ? methodsEn.passing : `Layer ${layer}.`}${left === null ? '' : ` About ${seconds(left)} left.`}`,
    left: (left: number) => `About ${seconds(left)} left`,
    paused: (layer: number, role: string, what: string) =>
      `Paused at layer ${layer} ${role}, ${what}`,
    probing: (layer: number, role: string) => `Probing layer ${layer} ${role}`,
    pausing: 'Pausing',
    finishing: (layer: number) => `Finishing layer ${layer}.`,
    pausedStart: 'Paused before the first probe',
    step: (layer: number, role: string) => `Step probes the next module: layer ${layer} ${role}.`,
    stepStart: 'Step probes one module. Play resumes.',
    done: (modules: number, what: string) => `Measured ${n.whole(modules)} modules, ${what}`,
    doneNext: (time: number | null, more: string | null) =>
      `${time === null ? '' : `${seconds(time)}. `}${more ? `Play adds ${more} for narrower intervals.` : 'Change a setting to measure again.'}`,
    doneShort: (what: string) => `Measured, ${what}`,
    moreShort: (more: string | null) => (more ? `Play adds ${more}` : ''),
    doneCpu: 'On the CPU: this browser has no WebGPU.',
    changed: (what: string) => `Changed: ${what}`,
    changedNext: 'The map shows the last run. Play measures with the new settings.',
    stopped: (what: string) => `Stopped at ${what}`,
    canResume: (repeats: number) => `The run can resume after ${repeats} repeat${s(repeats)}.`,
    recorded: 'A recorded run',
    recordedNote: 'This browser can’t run the model. These numbers were measured elsewhere.',
    failed: 'No model is open',
    failedNote: 'Choose a model to continue.',
  },
  chips: {
    memory: (used: number, limit: number) =>
      limit ? `${n.whole(used / 1e6)} of ${n.whole(limit / 1e6)} MB` : `${n.whole(used / 1e6)} MB`,
    memoryShort: (used: number) => `${n.whole(used / 1e6)} MB`,
    memoryName: 'Memory in use',
    memoryDevice: 'Weights, cached activations and workspace',
    memoryHeap: 'WebAssembly heap',
    weightForm: {
      float32:
        'Quantised weights are unpacked to float32 once: they fit into a quarter of the limit.',
      packed: 'Weights are held as stored. Quantised weights are unpacked inside each product.',
    },
    seed: (v: number) => `Seed ${v}`,
    cpu: 'CPU (WASM)',
    cpuShort: 'CPU',
    gpu: 'WebGPU',
    none: 'No engine',
    recorded: (date: string, device: string) => `Recorded ${date}, ${device}`,
    stopped: 'Engine stopped',
    provider: 'Execution provider',
    threads: (count: number) => (count === 1 ? 'One thread' : `${count} threads`),
    oneThread: 'This host sends no isolation headers, so WebAssembly has one thread.',
    software: 'Software adapter: slower than the CPU',
    unavailable: 'Not available in this browser',
    selfTest: 'Self-test at load',
    passed: 'passed',
    differs: 'differs',
    allowed: (v: string) => `tolerance ${v}`,
    use: 'Use',
    inUse: 'In use',
  },
  banner: {
    fromLink: 'From a link',
    changed: (what: string) => `Changed: ${what}.`,
    back: 'Back to the link',
    unchecked: 'Map not measured yet',
    noResult: 'Settings only, no result',
    reproduced: (equal: number, of: number) =>
      `Map reproduced: ${n.whole(equal)} of ${n.whole(of)} ranks equal`,
    close: (open: number) =>
      `Map close: ${n.whole(open)} rank${s(open)} differ${open === 1 ? 's' : ''} within the interval${s(open)}`,
    differs: (count: number, of: number) =>
      `Map differs: ${n.whole(count)} of ${n.whole(of)} ranks`,
    otherModel: 'Map differs: another model file',
    otherText: 'Map differs: another text',
    closeValues: (difference: number) =>
      `Map close: ranks equal, importances within ${n.significant(100 * difference)} %`,
    damaged: (where: string) => `The link is damaged at ${where}. The default is used there.`,
    textOmitted: 'The link omits its text. The default text is used.',
    needsFiles: (name: string) =>
      `This link was made with ${name}, which is not bundled. Choose its files, or use the bundled model.`,
    /** The host is shown between the two. */
    needsFetched: (name: string): [string, string] => [`This link needs ${name} from `, '.'],
    lookAt: 'Look at it',
    chooseFiles: 'Choose files…',
    useBundled: 'Use the bundled model',
    lostOnce: ({ what, repeat, onCpu }: Restarted) =>
      `The ${what === 'gpu' ? 'GPU' : 'engine'} stopped. The run resumes${onCpu ? ' on the CPU' : ''} from ${repeat === null ? 'its checkpoint' : `repeat ${repeat}`}.`,
    lostTwice: 'The engine stopped twice.',
    lostAsk: (repeats: number) =>
      `The run can resume after ${repeats} repeat${s(repeats)}. Continue on the CPU?`,
    continueCpu: 'Continue on the CPU',
    tryAgain: 'Try again',
    dismiss: 'Dismiss',
    selfTestCpu: 'The CPU is used instead.',
  },

  base: {
    label: 'Base model',
    why: 'A pruned or compressed base is made first, with the settings of that tab.',
    names: { 'as-is': 'original', pruned: 'pruned', compressed: 'compressed' },
    chip: { pruned: 'On the pruned model', compressed: 'On the compressed model' },
    measured: (what: string, base: 'pruned' | 'compressed') => `${what}, on the ${base} model`,
    making: { pruned: 'Pruning the model first', compressed: 'Compressing the model first' },
    share: (v: number) => `${n.whole(100 * v)} % done.`,
  },
  bos: bosEn,
  sidebar: {
    label: 'Experiment',
    preset: 'Preset',
    custom: 'Your settings',
    model: 'Model',
    change: 'Change…',
    text: 'Text',
    edit: 'Edit…',
    shape: (layers: number, columns: number) => `${layers} × ${columns}`,
    tokens: (sequences: number, length: number) => `${sequences} × ${length} tokens`,
    ownText: 'Your text',
    ids: 'Token ids',
    method: 'Measure by',
    meanRank: 'Mean rank',
    meanRankName: 'Mean rank, the budget per module',
    afterRepeat: 'Ranks appear after repeat 1.',
    spends: ({
      spent,
      budget,
      left,
      unit,
      rounding,
      full,
      of,
    }: {
      spent: number;
      budget: number;
      left: number;
      unit: 'ranks' | 'parameters';
      rounding: 'floor' | 'exact';
      /** Modules at full rank, of `of`. */
      full: number;
      of: number;
    }) =>
      `Spends ${n.whole(spent)} of ${n.whole(budget)} ${unit}${full === of ? '; every module is at full rank' : left > 0 ? `; ${rounding === 'floor' ? 'rounding down leaves' : 'whole ranks leave'} ${n.whole(left)}` : left < 0 ? `; the minimum rank needs ${n.whole(-left)} more` : ''}.${full > 0 && full < of ? ` At full rank: ${n.whole(full)} of ${n.whole(of)} modules.` : ''}`,
    seed: 'Seed',
    advanced: 'Advanced',
    noise: 'Noise',
    noiseStd: 'std(W) of each module',
    noiseFixed: 'A fixed σ',
    sigma: 'σ',
    sequences: 'Sequences',
    length: 'Tokens each',
    rounding: 'Rounding',
    floor: 'Down',
    exact: 'Exact',
    unit: 'Budget unit',
    ranks: 'ranks',
    parameters: 'parameters',
    rMin: 'Minimum rank',
    rMax: 'Maximum rank',
    default: (v: string) => `Default ${v}`,
    results: 'Results',
    noResults: 'None yet. The last 20 are saved.',
    compareTwo: 'Compare two',
    compareThese: 'Compare',
    agreement: (of: string) => `Agreement, ${of}`,
    running: 'running',
    pausedNow: 'paused',
    now: 'now',
    ago: (minutes: number) =>
      minutes < 1
        ? 'now'
        : minutes < 60
          ? `${minutes} min`
          : minutes < 2880
            ? `${n.whole(minutes / 60)} h`
            : `${n.whole(minutes / 1440)} d`,
    stays: 'Stays on this machine.',
    undo: 'Undo',
    redo: 'Redo',
    why: {
      noise: 'The standard deviation of the perturbation.',
      rounding: 'Down is the paper’s rule. Exact spends the whole budget by largest remainders.',
      unit: 'Modules differ in size, so equal ranks are not equal parameters.',
    },
  },

  training: {
    text: 'Train on',
    own: 'Your own text',
    placeholder: 'Paste your text.',
    paste: 'Paste or write the text to train on.',
    take: 'Train on this text',
    file: 'Open a .txt file…',
    stays: 'The last tenth is held out. Your text stays on this machine.',
    steps: 'Steps',
    batch: 'Sequences per step',
    length: 'Tokens each',
    learningRate: 'Learning rate',
    maxNorm: 'Max gradient norm',
    evaluateEvery: 'Evaluate every',
    heldSequences: 'Held-out sequences',
    settings: 'Settings',
    need: (needed: number, allowed: number) =>
      needed > allowed
        ? `Needs about ${size(needed)} in addition to the model, more than the ${size(allowed)} this device allows.`
        : `Needs about ${size(needed)} of ${size(allowed)}, in addition to the model.`,
  },
  adapters: {
    title: 'Adapters',
    parameters: (count: number, head: boolean) =>
      `${n.whole(count)} parameters${head ? ', with lm_head' : ''}`,
    name: (name: string) =>
      (({ imported: 'from files', train: 'from training' }) as Record<string, string>)[name] ??
      name.replace(/^race\//, 'race: ').replace(/^train\/lora-/, 'LoRA of rank '),
    onMap: 'On the map',
    judge: 'Judge',
    judging: 'Judging…',
    save: 'Save for PEFT',
    trainOn: 'Train on',
    trainOnNote: 'In the race, from its current values.',
    loss: (base: number, adapted: number) =>
      `Held-out loss ${n.fixed(base, 3)} without it, ${n.fixed(adapted, 3)} with it (nats per token).`,
    shown: (name: string) => `Ranks of the adapter “${name}”`,
    back: 'Back to the measured ranks',
    scale: 'Rank, × the adapter’s mean rank',
    multiple: '× its mean rank',
    ranks: 'rank in the adapter',
    cell: (layer: number, role: string, rank: number) =>
      `layer ${layer} ${role}, adapter of rank ${rank}`,
  },
  /** Values of settings in the description of a change. */
  values: {
    nf4: 'NF4, 4 bits',
    'as-is': 'as in the file',
    full: 'all ranks up to the drawn one',
    frozen: 'only the drawn rank',
    fresh: 'a new adapter',
    given: 'the imported adapter',
    listed: 'a list',
    uniform: 'the same everywhere',
    map: 'the map',
    drawUniform: 'uniformly',
    drawGeometric: 'low ranks more often',
    newest: 'The last adapter trained',
    ownRank: 'its own',
    cut: (text: string) => (text.length > 24 ? `“${text.slice(0, 23)}…”` : `“${text}”`),
  },
  studies: {
    paused: 'Paused',
    pausedNote: 'Play resumes.',
    stopped: 'Stopped',
    canResume: 'The run can resume from its checkpoint.',
    again: 'Change a setting to run it again.',
    changed: 'Play runs it with the new settings.',
  },
  finding: {
    layers: (where: 'early' | 'middle' | 'late' | 'ends', bands: readonly Band[], s: Estimate) =>
      `Rank belongs ${{ early: 'early', middle: 'in the middle', late: 'late', ends: 'at both ends' }[where]}: ${layers(bands)} ${percent(s)} of the ranks.`,
    role: (role: string, s: Estimate) =>
      `Rank belongs in ${role}: it gets ${percent(s)} of the ranks.`,
    hot: (layer: number, role: string, s: Estimate) =>
      `One hot spot: layer ${layer} ${role} gets ${percent(s)} of the ranks.`,
    flat: (s: Estimate) =>
      `The map is nearly flat: moving ${percent(s)} of the ranks makes them uniform.`,
    none: 'No pattern of the ranks is significant.',
    /** The interval of the share in the finding. `uniform`: that of uniform ranks. */
    sure: (meanRank: number, s: Estimate, uniform?: number) =>
      `At mean rank ${n.short(meanRank)}, 95 %: ${n.fixed(100 * s.low, digits(s))} to ${percent(s, s.high)}${uniform === undefined ? '' : `; uniform: ${n.fixed(100 * uniform, uniform < 0.1 ? 1 : 0)} %`}.`,
    noneSure: 'More repeats narrow the intervals.',
    largest: (layer: number, role: string, ranks: string) =>
      `Largest rank: layer ${layer} ${role}, ${ranks}.`,
  },
  map: {
    title: 'Where rank belongs',
    subtitle: (method: string, what: string) => `${method}, ${what}`,
    attention: 'attention',
    mlp: 'MLP',
    other: 'other',
    layer: 'layer',
    mean: 'mean',
    perLayer: 'ranks per layer',
    uniform: (rank: number) => `uniform ${n.short(rank)}`,
    vsUniform: 'vs uniform',
    table: 'Table',
    map: 'Map',
    svg: 'SVG',
    csv: 'CSV',
    importance: 'Importance',
    ofMean: ', × the mean module',
    vsLegend: 'Rank minus mean rank',
    notProbed: 'not probed yet',
    probing: 'being probed',
    rank: 'rank',
    soFar: 'rank so far',
    /**
     * `partial`: the intervals leave out an error of the method, so they settle nothing. `one`: the
     * interval contains one rank only.
     */
    certainty: {
      whole: { one: 'settled', several: 'not settled', count: 'ranks settled' },
      partial: { one: 'one rank', several: 'several ranks', count: 'intervals with one rank' },
    },
    findingAfter: (kind: StageKind) => `The finding appears after ${kind} 3.`,
    findingNext: (kind: StageKind) => `The finding appears after this ${kind}.`,
    findingNeeds: 'A finding needs at least 3 repeats.',
    findingEnd: 'The finding appears at the end.',
    fillSoFar: 'Fill shows the multiple of the mean so far.',
    ranksMove: (done: string) => `${done} done: ranks may still change.`,
    emptyTitle: 'Each cell is one linear layer of the model.',
    emptyHow: 'The input is on top. Rows are layers, columns are modules.',
    /** `at`: the measurement so far: "5 repeats". */
    sure: (settled: number, of: number, at: string) =>
      `At ${at}, ${n.whole(settled)} of ${n.whole(of)} ranks are settled.`,
    surePartial: (one: number, of: number, at: string) =>
      `At ${at}, ${n.whole(one)} of ${n.whole(of)} intervals contain one rank.`,
    sumsName: 'Ranks of each layer',
    cellName: (c: {
      layer: number;
      role: string;
      ranks: string | null;
      /** One of `certainty`. */
      certainty: string;
      multiple: number | null;
    }) =>
      `layer ${c.layer} ${c.role}, ${c.multiple === null ? 'not probed yet' : `${c.ranks === null ? '' : `rank ${c.ranks}, ${c.certainty}, `}${n.fixed(c.multiple, 1)} times mean`}`,
    barsName: (layers: number) =>
      `Ranks per layer, ${layers} layers: attention, then MLP, and the uniform budget as a line.`,
    gridName: (layers: number, columns: number) =>
      `Importance and rank, ${layers} layers by ${columns} modules`,
    rows: (count: number) => `${n.whole(count)} rows, highest first. CSV has full precision.`,
    ranksPerLayer: 'Ranks per layer',
    column: {
      layer: 'layer',
      module: 'module',
      disagreement: 'disagreement',
      multiple: '× the mean',
      rank: 'rank',
      interval: '95 %',
      parameters: 'parameters',
    },
  },
  strip: {
    title: (layer: number, role: string) => `Layer ${layer}, ${role}`,
    disagreement: 'Disagreement',
    multiple: '× the mean',
    rank: 'Rank',
    parameters: 'Parameters',
    repeats: (count: number) => `${count} repeat${s(count)}`,
    afterRepeat: 'after repeat 1',
    soFar: 'so far',
    none: '–',
    hint: 'Point at a cell, or move to it with the arrow keys. Enter opens it.',
  },

  panel: {
    label: 'What the run shows',
    byLayer: 'Layers',
    convergence: 'Certainty',
    tabs: 'Views of the run',
    layerTitle: 'Importance by layer',
    layerEmpty: 'Two curves will appear here: attention and MLP.',
    layerEmptyNote: 'Each point is a mean over the layer’s modules, with its 95 % interval.',
    layerAxis: 'layer',
    importanceAxis: '× the mean module',
    layerFinding: (group: string, layer: number, multiple: number) =>
      `${group} of layer ${layer} is highest, at ${n.fixed(multiple, 1)} times the mean module.`,
    layerNote: 'Mean over the modules of a layer; bars are 95 % t-intervals over repeats.',
    layerNoteOne: 'Mean over the modules of a layer. Intervals appear after repeat 3.',
    convergenceTitle: 'Certainty by repeats',
    convergenceAxis: 'repeats',
    errorAxis: 'standard error, % of importance',
    median: 'median module',
    worst: 'least certain',
    convergenceEmpty: 'No repeats to compare yet.',
    convergenceEmptyNote:
      'The standard error of each importance appears after repeat 2. It falls with the square root of the repeats.',
    convergenceFinding: (percent: number) =>
      `Half of the importances are known to within ${n.fixed(percent, percent < 10 ? 1 : 0)} %.`,
    convergenceNote: 'One standard error. Halving it takes four times the repeats.',
    roleTitle: 'By module type',
    roleColumns: {
      type: 'type',
      multiple: '× the mean',
      share: 'share of rank',
      parameters: 'parameters',
    },
    chart: 'Chart',
    roleNote: 'Equal ranks are not equal parameters: a rank costs more in a larger module.',
    cleanLoss: (loss: number, perplexity: number) =>
      `The unperturbed model’s loss on this text is ${n.fixed(loss, 2)} nats per token (perplexity ${n.fixed(perplexity, 1)}).`,
  },

  modulePanel: {
    weights: 'weights',
    noiseA: 'noise A',
    delta: 'fresh B·A',
    pictureName: (what: string) => `Picture of ${what}`,
    perturbed: (value: string) => `Perturbing these weights moves the logits by ${value}.`,
    waiting: 'Probing this module step by step…',
    when: (text: string) => `At the last token of the first sequence: ${text}`,
    steps: {
      weights: 'weights',
      noiseA: 'noise A',
      noiseB: 'noise B',
      logits: 'logits',
      sum: 'l1 sum',
      all: 'all repeats',
    },
    clean: 'clean',
    more: (count: number) => `and ${n.whole(count)} more`,
    whole: (value: string, positions: number) =>
      `Over all ${n.whole(positions)} positions the mean is ${value}.`,
    rule: (r: {
      mean: string;
      repeats: number;
      multiple: string;
      meanRank: string;
      rank: number;
      /** Whether floor(mean rank × multiple) gives the rank. */
      formula: boolean;
    }) => {
      const head = `mean of ${r.repeats} is ${r.mean}: ${r.multiple} × the mean module`;
      return r.formula
        ? `${head}, so floor(${r.meanRank} × ${r.multiple}) = ${r.rank}`
        : `${head}, so rank ${r.rank}`;
    },
    why: 'Why',
    repeatsAxis: 'disagreement',
    repeatsNote: '95 % interval of the mean below the dots.',
    repeatsName: (values: string) => `Repeats: ${values}`,
    noRepeats: 'This module has no repeats yet.',
    whys: {
      weights: {
        text: 'The first values of W, dequantised from the file, row by row.',
        source: 'src/model/weights.ts',
      },
      noiseA: {
        text: 'Gaussian noise of W’s shape, by default with W’s standard deviation. Seed, module, draw and index determine every value, so every machine gets the same noise.',
        source: 'AdaRank, section 3; src/device/random.ts',
      },
      noiseB: {
        text: 'A second, independent draw. The two perturbed models are compared with each other, not with the clean model.',
        source: 'AdaRank, section 3; methods.md §3',
      },
      logits: {
        text: 'The logits of the likeliest next tokens under the clean weights and under both perturbed weights.',
        source: 'src/engine/engine.ts',
      },
      sum: {
        text: 'The absolute differences, summed over the vocabulary. A module whose perturbation changes nothing gets no rank.',
        source: 'AdaRank, equation 3',
      },
      all: {
        text: 'The mean over repeats, divided by the mean over modules, times the mean rank.',
        source: 'AdaRank, algorithm 1; src/methods/allocation/allocate.ts',
      },
    },
    format: {
      float32: 'float32',
      float16: 'float16',
      nbits: (bits: number) => `int${bits}`,
      bnb4: (codebook: string) => codebook,
      int8: 'int8',
    },
  },

  compare: {
    title: 'Where the two differ',
    subtitle: 'second minus first, ranks',
    panel: 'Two results side by side',
    finding: (changed: number, of: number, meanRank: number) =>
      `${changed === 0 ? 'None' : n.whole(changed)} of ${n.whole(of)} ranks change at mean rank ${n.short(meanRank)}.`,
    /** `moved`: changed ranks whose intervals do not overlap; null: a result has no intervals. */
    how: (changed: number, moved: number | null) =>
      `${moved === null ? 'One of the results has too few repeats for intervals.' : changed === 0 ? 'Points: no change.' : `${moved === 0 ? 'The 95 % intervals of all of them overlap' : `For ${n.whole(moved)} of them, in bold, the 95 % intervals do not overlap`}.`} Bottom row: net change of the column.`,
    order: (rho: number) => `The two orders correlate with Spearman ${n.correlation(rho)}.`,
    a: 'First',
    b: 'Second',
    same: 'All other settings are equal.',
    allSame: 'All settings are equal.',
    legend: 'Rank, second minus first',
    part: 'changed, intervals do not overlap',
    overlap: 'changed, intervals overlap',
    unchanged: 'same rank',
    others: 'the others',
    net: 'net',
    rankOf: (which: string) => `rank in the ${which.toLowerCase()}`,
    status: 'Comparing two results',
    statusNote: 'Nothing is running.',
    scatterName: (rho: number) =>
      `Rank in the second result by rank in the first, Spearman ${n.correlation(rho)}.`,
    fromLink: 'In the link',
    here: 'Here',
  },

  picker: {
    title: 'Choose a model',
    drop: 'Drop the model’s folder or its files here.',
    pickFolder: 'Choose a folder…',
    pickFiles: 'Choose files…',
    dropNote:
      'A decoder exported to ONNX, with config.json and tokenizer.json in the same folder. Or a PEFT adapter of the open model, as a zip or its two files. Nothing leaves this machine.',
    bundled: 'Bundled with this page',
    modules: 'modules',
    file: 'size',
    loaded: 'loaded',
    inspect: 'Inspect',
    inspecting: 'Reading headers…',
    facts: (modules: number, width: number, tokens: number) =>
      `${n.whole(modules)} modules, width ${n.whole(width)}, ${n.whole(tokens)} tokens.`,
    layers: (layers: number, columns: number) => `${layers} layers × ${columns}`,
    load: (bytes: number) => `Load ${size(bytes)}`,
    needs: (needed: number, limit: number) =>
      `Needs ${n.fixed(needed / 1e9, needed < 1e9 ? 2 : 1)} of ${n.fixed(limit / 1e9, 1)} GB.`,
    allowed: (limit: number) => `${n.fixed(limit / 1e9, 1)} GB allowed here`,
    parts: { weights: 'weights', activations: 'activations', workspace: 'workspace' },
    batch: (sequences: number, length: number) => `${sequences} × ${length} tokens`,
    blocks: (size: number) => `blocks of ${size}`,
    dialect: { optimum: 'optimum export', genai: 'GenAI builder export' } as Record<string, string>,
    barName: (parts: string) => `Memory: ${parts}`,
    empty: 'The dropped items contain no files.',
  },
  text: {
    title: 'Text to measure on',
    intro:
      'The model reads this text while its weights are perturbed. The text stays on this machine.',
    choose: 'Choose',
    preview: 'Preview',
    own: 'Your own',
    paste: 'Paste or write text here, or drop a .txt file.',
    file: 'Open a .txt file…',
    use: 'Use this text',
    counting: 'Counting…',
    counted: (tokens: number, sequences: number, length: number) =>
      `${n.whole(tokens)} tokens; the run uses ${sequences} × ${length}.`,
    binary: (name: string) => `${name} is not plain text`,
    plain: 'Choose a text file.',
    shorter: (max: number) => `Use at most ${n.whole(max)} characters.`,
  },
  export: {
    save: 'Save',
    title: 'Export',
    intro: 'Full precision, with the spec and the model’s hash.',
    result: 'Result, JSON',
    resultNote:
      'Every draw, standard error and rank. The command line reads and writes the same format.',
    ranks: 'Rank table, CSV',
    spec: 'Spec, JSON',
    map: 'Map, SVG',
    command: 'Command that repeats the run',
    copyCommand: 'Copy',
    notYet: 'Available when the run is done.',
    link: 'Link',
    linkText: 'With your text',
    linkTextNote: (count: number) =>
      `${n.whole(count)} characters. Without it, the recipient needs the same text.`,
    linkReady: 'Copy this link',
    linkResult: 'With a digest of the result, so that the recipient can check it',
  },
  help: {
    title: 'Help',
    intro: [
      'A LoRA adapter is a pair of thin matrices added to a frozen weight. Its rank is their inner dimension. This page shows which of a model’s linear layers need a high rank.',
      'AdaRank perturbs one linear layer’s weights with noise, twice, and measures the distance between the two predictions. A layer with a larger distance gets more rank.',
      'Every number is measured in this page, on this machine. Your text never leaves it.',
    ],
    tour: 'Take the tour: 8 cards, each with something to do',
    read: 'Reading the map',
    readItems: [
      'A row is a layer; the input is on top. A column is a module type.',
      'Fill: importance as a multiple of the mean module. The tick at 1 is what uniform ranks assume.',
      'A bold number is settled: at the repeats so far, its 95 % interval contains one rank only. 5–7 is not settled. More repeats can change both.',
      'Magenta marks only what is running now.',
    ],
    keys: 'Keys',
    keysOn: 'Single-key shortcuts',
    keyList: [
      ['K', 'Play or pause'],
      ['S', 'Step: probe one module, or one step of a study'],
      ['R', 'Reset the view; settings and seed do not change'],
      ['M', 'Go to the map'],
      ['[ ]', 'Mean rank down, up'],
      ['T', 'Table or map'],
      ['V', 'Compare with uniform'],
      ['P', 'Present: larger type, without the form'],
      ['?', 'This help'],
      ['N', 'Next card of the tour'],
      ['Ctrl Z', 'Undo; with Shift, redo'],
      ['← ↑ → ↓', 'Move in the map; Home, End, PgUp, PgDn too; Enter opens a module'],
    ] as [string, string][],
    glossary: 'Glossary',
    about: 'Source and licence',
    aboutText: 'Rank Atlas is free software (Apache-2.0). AdaRank: arXiv 2408.09015.',
  },
  texts: {
    stories: 'Held-out passages',
    'atlas-heldout': 'Held-out pages',
    'jargon-train': 'Jargon File',
    'jargon-eval': 'Jargon File, held out',
    'opticks-train': 'Newton’s Opticks',
    'opticks-eval': 'Newton’s Opticks, held out',
  } as Record<string, string>,
  changes: {
    model: 'model',
    base: 'base model',
    text: 'text',
    bos: 'BOS',
    sequences: 'sequences',
    length: 'tokens each',
    seed: 'seed',
    'method.name': 'method',
    'method.signs': 'passes',
    'method.perToken': 'signs',
    'method.variant': 'comparison',
    'method.noise': 'noise',
    'method.repeats': 'repeats',
    'method.vocabularySample': 'vocabulary sample',
    'allocation.meanRank': 'mean rank',
    'allocation.rounding': 'rounding',
    'allocation.unit': 'budget',
    'allocation.rMin': 'minimum rank',
    'allocation.rMax': 'maximum rank',
    'train.method': 'training method',
    'train.ranks': 'largest ranks',
    'train.base': 'weights',
    'train.scale': 'scale',
    'train.start': 'initial adapter',
    'train.compare': 'separate LoRAs',
    'compress.task': 'task',
    'compress.plain': 'plain text',
    'compress.scoring': 'scoring',
    'compress.samples': 'selection samples',
    'compress.test': 'test samples',
    'compress.rowBlocks': 'row blocks',
    'compress.split': 'row split',
    'compress.ranking': 'ranking',
    'compress.trials': 'candidates tried',
    'compress.checks': 'small removals',
    'compress.laser': 'LASER search',
    'prune.sparsity': 'sparsity',
    'prune.rounds': 'rounds',
    'prune.score': 'pruning criterion',
    'prune.pattern': 'pattern',
    'prune.beta': 'similarity β',
    'prune.meanRank': 'first mean rank',
    'prune.mostRank': 'maximum rank',
    'prune.rankBy': 'ranks by',
    'prune.samples': 'calibration sequences',
    'prune.baselines': 'baselines',
    'training.train': 'training text',
    'training.held': 'held-out text',
    'training.length': 'tokens per training sequence',
    'training.heldSequences': 'held-out sequences',
    'training.steps': 'steps',
    'training.batch': 'sequences per step',
    'training.learningRate': 'learning rate',
    'training.warmup': 'warm-up',
    'training.decay': 'decay',
    'training.beta1': 'β₁ of AdamW',
    'training.beta2': 'β₂ of AdamW',
    'training.epsilon': 'ε of AdamW',
    'training.weightDecay': 'weight decay',
    'training.maxNorm': 'max gradient norm',
    'training.evaluateEvery': 'evaluated every',
    'samples.prompt': 'prompt',
    'samples.tokens': 'tokens',
    'samples.temperature': 'temperature',
    'samples.topP': 'top p',
    'samples.adapter': 'adapter',
    'samples.rank': 'rank in use',
    'agree.methods': 'methods',
    'race.entries': 'entries',
    'race.meanRanks': 'mean ranks',
    'race.seeds': 'seeds',
    'race.equal': 'equal budget in',
    'race.sequences': 'calibration sequences',
  } as Record<string, string>,
  change: (name: string, from: string, to: string) => `${name} ${from} to ${to}`,
  named: (name: string, value: string) => `${name} ${value}`,
  error: (code: ErrorCode, values: ErrorValues) =>
    (errorTable[code] as (v: ErrorValues) => string)(values),
};

export type Words = typeof en;
