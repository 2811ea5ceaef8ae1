/** Every word the page shows, in Japanese, typed by `en.ts`. Proper names stay in Latin letters. */
import type { Words } from './en.ts';
import { errorTableJa } from './errors-ja.ts';
import { bosJa } from './bos.ja.ts';
import { methodsJa } from './methods.ja.ts';
import { numbers } from '../language/numbers.ts';
import { spaced } from '../language/spaced.ts';

const n = numbers('ja');
const seconds = (v: number) =>
  v < 10 ? `${n.fixed(v, 1)}秒` : v < 120 ? `${n.whole(v)}秒` : `${n.whole(v / 60)}分`;
const { size } = n;
interface Estimate {
  share: number;
  low: number;
  high: number;
}
/** One decimal if the ends of the interval would otherwise look equal. */
const digits = ({ low, high }: Estimate) => (high - low < 0.015 ? 1 : 0);
const percent = (s: Estimate, v = s.share) => `${n.fixed(100 * v, digits(s))}\u00a0%`;
const unitName = { ranks: 'ランク', parameters: 'パラメーター' };

export const ja = {
  locale: 'ja',
  question: 'このモデルのどこにアダプターのランクを割り当てるべきか。',
  skip: 'マップへ移動',
  article: '解説：手法、限界、出典',
  close: '閉じる',
  cancel: 'キャンセル',
  partFailed: 'ページのこの部分でエラーが発生しました。ほかの部分は引き続き使えます。',
  pageFailed: 'ページでエラーが発生しました。結果は保存されています。再読み込みしてください。',
  reload: '再読み込み',
  size,
  seconds,

  header: {
    copyLink: 'リンクをコピー',
    copied: 'コピーしました',
    export: 'エクスポート',
    present: 'プレゼン表示',
    leavePresent: 'プレゼン表示を終了',
    menu: 'メニュー',
    help: 'ヘルプ',
    otherLanguage: 'English',
    otherLocale: 'en',
  },
  methods: methodsJa,
  runControls: {
    label: '実行操作',
    reset: 'リセット',
    play: '実行',
    pause: '一時停止',
    step: 'ステップ',
    experiment: '実験',
  },
  status: {
    starting: '準備中',
    loading: 'ランタイムとモデルを読み込み中',
    loaded: (done: number, total: number) =>
      total
        ? `${n.fixed(done / 1e6, 1)} / ${n.fixed(total / 1e6, 1)} MB`
        : `${n.fixed(done / 1e6, 1)} MB`,
    opening: 'モデルを準備中',
    openingPhase: {
      compile: 'グラフをブロックに分割しています。',
      sessions: 'ブロックの種類ごとにセッションを作成しています。',
      'self-test': '分割前のモデルの出力と比較しています。',
    },
    ready: '準備完了',
    waiting: 'このタブが表示されると開始します。',
    clean: '摂動なしの順伝播を計算しています。',
    measuring: (what: string) => `測定中（${what}）`,
    measuringOther: (what: string) => `比較対象のマップを測定中（${what}）`,
    where: (layer: number | null, left: number | null) =>
      `${layer === null ? methodsJa.passing : `第${layer}層。`}${left === null ? '' : `残り約${seconds(left)}。`}`,
    left: (left: number) => `残り約${seconds(left)}`,
    paused: (layer: number, role: string, what: string) =>
      `第${layer}層 ${role} で一時停止中（${what}）`,
    probing: (layer: number, role: string) => `第${layer}層 ${role} を測定中`,
    pausing: '一時停止しています',
    finishing: (layer: number) => `第${layer}層の測定を終えるまで待っています。`,
    pausedStart: '最初の測定の前で一時停止中',
    step: (layer: number, role: string) =>
      `「ステップ」で次のモジュール（第${layer}層 ${role}）を測定します。`,
    stepStart: '「ステップ」で1モジュールを測定し、「実行」で再開します。',
    done: (modules: number, what: string) => `${n.whole(modules)}モジュールを測定済み（${what}）`,
    doneNext: (time: number | null, more: string | null) =>
      `${time === null ? '' : `${seconds(time)}。`}${more ? `「実行」で${more}を追加すると、信頼区間がより狭くなります。` : '設定を変更すると、もう一度測定できます。'}`,
    doneShort: (what: string) => `測定済み（${what}）`,
    moreShort: (more: string | null) => (more ? `「実行」で${more}を追加` : ''),
    doneCpu: 'このブラウザーでは WebGPU を使えないため、CPU で計算しました。',
    changed: (what: string) => `設定を変更：${what}`,
    changedNext: 'マップは前回の結果です。「実行」で新しい設定を測定します。',
    stopped: (what: string) => `停止しました（${what}）`,
    canResume: (repeats: number) => `反復${repeats}回分の結果は保持されています。`,
    recorded: '記録済みの結果',
    recordedNote: 'このブラウザーでは測定できません。別の環境で測定した数値を表示しています。',
    failed: 'モデルが選択されていません',
    failedNote: 'モデルを選んでください。',
  },
  chips: {
    memory: (used: number, limit: number) =>
      limit ? `${n.whole(used / 1e6)} / ${n.whole(limit / 1e6)} MB` : `${n.whole(used / 1e6)} MB`,
    memoryShort: (used: number) => `${n.whole(used / 1e6)} MB`,
    memoryName: 'メモリー使用量',
    memoryDevice: '重み、キャッシュした活性値、作業領域',
    memoryHeap: 'WebAssembly ヒープ',
    weightForm: {
      float32:
        '量子化された重みは、上限の4分の1に収まるため、一度だけ float32 に展開して保持します。',
      packed: '重みは保存形式のまま保持します。量子化された重みは、積の計算のたびに展開します。',
    },
    seed: (v: number) => `シード${v}`,
    cpu: 'CPU (WASM)',
    cpuShort: 'CPU',
    gpu: 'WebGPU',
    none: 'エンジンなし',
    recorded: (date: string, device: string) => `記録：${date}、${device}`,
    stopped: 'エンジン停止',
    provider: '実行プロバイダー',
    threads: (count: number) => `${count}スレッド`,
    oneThread:
      'サーバーがクロスオリジン分離のヘッダーを送信しないため、WebAssembly は1スレッドで動作します。',
    software: 'ソフトウェア実装のため、CPU より低速',
    unavailable: 'このブラウザーでは使用不可',
    selfTest: '読み込み時のセルフテスト',
    passed: '合格',
    differs: '不一致',
    allowed: (v: string) => `許容値 ${v}`,
    use: '使用する',
    inUse: '使用中',
  },
  banner: {
    fromLink: 'リンクから',
    changed: (what: string) => `設定を変更：${what}。`,
    back: 'リンクの設定に戻す',
    unchecked: 'マップ：未測定',
    noResult: '設定のみ（結果なし）',
    reproduced: (equal: number, of: number) =>
      `マップ：再現（ランク${n.whole(of)}個のうち${n.whole(equal)}個が一致）`,
    close: (open: number) => `マップ：ほぼ一致（ランク${n.whole(open)}個が信頼区間内で相違）`,
    differs: (count: number, of: number) =>
      `マップ：不一致（ランク${n.whole(of)}個のうち${n.whole(count)}個が相違）`,
    otherModel: 'マップ：不一致（モデルファイルが相違）',
    otherText: 'マップ：不一致（テキストが相違）',
    closeValues: (difference: number) =>
      `マップ：ほぼ一致（ランクは同一、重要度の差は ${n.significant(100 * difference)} % 以内）`,
    damaged: (where: string) => `リンクの ${where} が壊れているため、既定値を使います。`,
    textOmitted: 'リンクにテキストが含まれていないため、既定のテキストを使います。',
    needsFiles: (name: string) =>
      `このリンクの作成に使われた ${name} は同梱されていません。そのファイルを選択するか、同梱モデルを使ってください。`,
    needsFetched: (name: string): [string, string] => [
      'このリンクには ',
      ` の ${name} が必要です。`,
    ],
    lookAt: '確認する',
    chooseFiles: 'ファイルを選択…',
    useBundled: '同梱モデルを使う',
    lostOnce: ({ what, repeat, onCpu }) =>
      `${what === 'gpu' ? 'GPU' : 'エンジン'}が停止しました。${onCpu ? 'CPU に切り替え、' : ''}${repeat === null ? '保存済みの状態' : `反復${repeat}`}から再開します。`,
    lostTwice: 'エンジンが2回停止しました。',
    lostAsk: (repeats: number) =>
      `反復${repeats}回分の結果は保持されています。CPU で再開しますか？`,
    continueCpu: 'CPU で再開',
    tryAgain: '再試行',
    dismiss: '閉じる',
    selfTestCpu: 'CPU を使います。',
  },

  base: {
    label: 'モデルの状態',
    why: '枝刈りまたは圧縮を選ぶと、該当するタブの設定で先に処理します。',
    names: { 'as-is': '元のモデル', pruned: '枝刈り済み', compressed: '圧縮済み' },
    chip: { pruned: '枝刈り済みモデル', compressed: '圧縮済みモデル' },
    measured: (what, base) => `${what}、${base === 'pruned' ? '枝刈り' : '圧縮'}済みモデル`,
    making: { pruned: 'モデルを枝刈り中', compressed: 'モデルを圧縮中' },
    share: (v) => `${n.whole(100 * v)} % 完了`,
  },
  bos: bosJa,
  sidebar: {
    label: '実験の設定',
    preset: 'プリセット',
    custom: 'カスタム設定',
    model: 'モデル',
    change: '変更…',
    text: 'テキスト',
    edit: '編集…',
    shape: (layers: number, columns: number) => `${layers} × ${columns}`,
    tokens: (sequences: number, length: number) => `${sequences} × ${length}トークン`,
    ownText: '自分のテキスト',
    ids: 'トークン ID',
    method: '測定手法',
    meanRank: '平均ランク',
    meanRankName: '平均ランク（1モジュールあたりの予算）',
    afterRepeat: 'ランクは反復1回の後に表示されます。',
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
      full: number;
      of: number;
    }) =>
      `予算${n.whole(budget)}${unitName[unit]}のうち${n.whole(spent)}を割り当て${full === of ? '（全モジュールがフルランク）' : left > 0 ? `（${rounding === 'floor' ? '端数の切り捨て' : '整数化'}により${n.whole(left)}の余り）` : left < 0 ? `（最小ランクにより${n.whole(-left)}の超過）` : ''}${full > 0 && full < of ? `。フルランクは${n.whole(full)}モジュール` : ''}`,
    seed: 'シード',
    advanced: '詳細設定',
    noise: 'ノイズ',
    noiseStd: 'モジュールごとの std(W)',
    noiseFixed: 'σ を固定',
    sigma: 'σ',
    sequences: '系列数',
    length: '系列長（トークン数）',
    rounding: '端数処理',
    floor: '切り捨て',
    exact: '最大剰余',
    unit: '予算の単位',
    ranks: 'ランク',
    parameters: 'パラメーター',
    rMin: '最小ランク',
    rMax: '最大ランク',
    default: (v: string) => `既定値 ${v}`,
    results: '結果',
    noResults: 'まだありません。直近の20件を保存します。',
    compareTwo: '2つを比較',
    compareThese: '比較',
    agreement: (of: string) => `手法の一致（${of}）`,
    running: '実行中',
    pausedNow: '一時停止中',
    now: 'たった今',
    ago: (minutes: number) =>
      minutes < 1
        ? 'たった今'
        : minutes < 60
          ? `${minutes}分前`
          : minutes < 2880
            ? `${n.whole(minutes / 60)}時間前`
            : `${n.whole(minutes / 1440)}日前`,
    stays: 'このデバイスの外には送信されません。',
    undo: '元に戻す',
    redo: 'やり直す',
    why: {
      noise: '重みに加える摂動の大きさ。',
      rounding: '切り捨ては論文の規則です。最大剰余は最大剰余法で予算を使い切ります。',
      unit: 'モジュールの大きさが異なるため、ランクが同じでもパラメーター数は異なります。',
    },
  },

  training: {
    text: '学習用テキスト',
    own: '自分のテキスト',
    placeholder: 'テキストを貼り付けてください。',
    paste: '学習に使うテキストを貼り付けるか、入力してください。',
    take: 'このテキストで学習',
    file: '.txt を開く…',
    stays: '末尾の1割を検証に使います。テキストはこのデバイスの外には送信されません。',
    steps: 'ステップ数',
    batch: 'バッチサイズ（系列数）',
    length: '系列長（トークン数）',
    learningRate: '学習率',
    maxNorm: '勾配ノルムの上限',
    evaluateEvery: '評価の間隔（ステップ）',
    heldSequences: '検証用の系列数',
    settings: '設定',
    need: (needed: number, allowed: number) =>
      needed > allowed
        ? `モデルのほかに約 ${size(needed)} が必要で、このデバイスの上限 ${size(allowed)} を超えます。`
        : `モデルのほかに約 ${size(needed)} が必要です（上限 ${size(allowed)}）。`,
  },
  adapters: {
    title: 'アダプター',
    parameters: (count: number, head: boolean) =>
      `${n.whole(count)}パラメーター${head ? '（lm_head を含む）' : ''}`,
    name: (name: string) =>
      (({ imported: 'インポート', train: '学習済み' }) as Record<string, string>)[name] ??
      name.replace(/^race\//, '比較レース：').replace(/^train\/lora-/, 'LoRA ランク'),
    onMap: 'マップに表示',
    judge: '評価',
    judging: '評価中…',
    save: 'PEFT 形式で保存',
    trainOn: '追加学習',
    trainOnNote: '現在の値を初期値として、比較レースで学習します。',
    loss: (base: number, adapted: number) =>
      `検証損失：アダプターなし ${n.fixed(base, 3)}、あり ${n.fixed(adapted, 3)}（nat/トークン）`,
    shown: (name: string) => `アダプター「${name}」のランク`,
    back: '測定したランクに戻る',
    scale: 'ランク（アダプターの平均ランク比）',
    multiple: '平均ランク比',
    ranks: 'アダプターのランク',
    cell: (layer: number, role: string, rank: number) =>
      `第${layer}層 ${role}、アダプターのランク${rank}`,
  },
  /** Choices of studies, where a change is named. */
  values: {
    nf4: 'NF4（4ビット）',
    'as-is': 'ファイルのまま',
    full: '1〜b のすべて',
    frozen: 'b のみ',
    fresh: '新しいアダプター',
    given: 'インポートしたアダプター',
    listed: 'モジュールごとに指定',
    uniform: '均等',
    map: 'マップの割り当て',
    drawUniform: '一様分布',
    drawGeometric: '幾何分布（低ランクを多めに）',
    newest: '最後に学習したもの',
    ownRank: 'アダプターのランク',
    cut: (text: string) => (text.length > 14 ? `「${text.slice(0, 13)}…」` : `「${text}」`),
  },
  studies: {
    paused: '一時停止中',
    pausedNote: '「実行」で再開します。',
    stopped: '停止しました',
    canResume: 'ここまでの結果は保存されています。',
    again: '設定を変更すると、もう一度実行できます。',
    changed: '「実行」を押すと、新しい設定で実行します。',
  },
  finding: {
    layers: (where, bands, s) =>
      `ランクの ${percent(s)} が${{ early: '入力側', middle: '中間', late: '出力側', ends: '両端' }[where]}の${bands.map((b) => `第${b.first === b.last ? b.first : `${b.first}〜${b.last}`}層`).join('と')}に集中しています。`,
    role: (role, s) => `ランクの ${percent(s)} が ${role} に集中しています。`,
    hot: (layer, role, s) =>
      `ランクの ${percent(s)} が第${layer}層 ${role} の1か所に集中しています。`,
    flat: (s) => `ランクはほぼ均等です。${percent(s)} を移すと均等になります。`,
    none: 'ランクに有意な傾向はありません。',
    sure: (meanRank, s, uniform) =>
      `平均ランク${n.short(meanRank)}での 95 % 信頼区間：${n.fixed(100 * s.low, digits(s))}〜${percent(s, s.high)}${uniform === undefined ? '' : `（均等なら ${n.fixed(100 * uniform, uniform < 0.1 ? 1 : 0)} %）`}。`,
    noneSure: '反復を増やすと信頼区間が狭まります。',
    largest: (layer: number, role: string, ranks: string) =>
      `最大のランク：第${layer}層 ${role}（${ranks}）。`,
  },
  map: {
    title: 'ランクの割り当て先',
    subtitle: (method: string, what: string) => `${method}、${what}`,
    attention: 'アテンション',
    mlp: 'MLP',
    other: 'その他',
    layer: '層',
    mean: '平均',
    perLayer: '層ごとのランク',
    uniform: (rank: number) => `均等 ${n.short(rank)}`,
    vsUniform: '均等との差',
    table: '表',
    map: 'マップ',
    svg: 'SVG',
    csv: 'CSV',
    importance: '重要度',
    ofMean: '（平均比）',
    vsLegend: '平均ランクとの差',
    notProbed: '未測定',
    probing: '測定中',
    rank: 'ランク',
    soFar: '暫定ランク',
    certainty: {
      whole: { one: '確定', several: '未確定', count: '確定したランクの数' },
      partial: {
        one: 'ランク1つ',
        several: 'ランク複数',
        count: '信頼区間に含まれるランクが1つだけのモジュール数',
      },
    },
    findingAfter: () => '結論は3回目の後に表示されます。',
    findingNext: () => '結論はこの回の後に表示されます。',
    findingNeeds: '結論には3回以上の反復が必要です。',
    findingEnd: '結論は完了後に表示されます。',
    fillSoFar: '濃さは、これまでの測定での平均比です。',
    ranksMove: (done: string) => `${done}が完了。ランクはまだ変わることがあります。`,
    emptyTitle: '1つのセルがモデルの線形層1つを表します。',
    emptyHow: '行は層（上が入力側）、列は層内のモジュール。',
    sure: (settled: number, of: number, at: string) =>
      `${at}の時点で、ランク${n.whole(of)}個のうち${n.whole(settled)}個が確定。`,
    surePartial: (one: number, of: number, at: string) =>
      `${at}の時点で、信頼区間${n.whole(of)}個のうち${n.whole(one)}個はランクを1つだけ含みます。`,
    sumsName: '層ごとのランクの合計',
    cellName: (c: {
      layer: number;
      role: string;
      ranks: string | null;
      certainty: string;
      multiple: number | null;
    }) =>
      `第${c.layer}層 ${c.role}、${c.multiple === null ? '未測定' : `${c.ranks === null ? '' : `ランク${c.ranks}、${c.certainty}、`}平均の${n.fixed(c.multiple, 1)}倍`}`,
    barsName: (layers: number) =>
      `全${layers}層の層ごとのランク（アテンション、MLP の順）。線は均等に割り当てた場合。`,
    gridName: (layers: number, columns: number) =>
      `重要度とランク（${layers}層 × ${columns}モジュール）`,
    rows: (count: number) => `${n.whole(count)}行、重要度の高い順。CSV には全桁を出力します。`,
    ranksPerLayer: '層ごとのランク',
    column: {
      layer: '層',
      module: 'モジュール',
      disagreement: '不一致度',
      multiple: '平均比',
      rank: 'ランク',
      interval: '95 %',
      parameters: 'パラメーター',
    },
  },
  strip: {
    title: (layer: number, role: string) => `第${layer}層 ${role}`,
    disagreement: '不一致度',
    multiple: '平均比',
    rank: 'ランク',
    parameters: 'パラメーター',
    repeats: (count: number) => `反復${count}回`,
    afterRepeat: '反復1回の後',
    soFar: '暫定',
    none: '–',
    hint: 'セルにポインターを合わせるか、矢印キーで移動。Enter で詳細を表示。',
  },

  panel: {
    label: '測定結果',
    byLayer: '層ごと',
    convergence: '収束',
    tabs: '測定結果の表示',
    layerTitle: '層ごとの重要度',
    layerEmpty: 'アテンションと MLP の曲線がここに表示されます。',
    layerEmptyNote: '各点は層内のモジュールの平均と 95 % 信頼区間です。',
    layerAxis: '層',
    importanceAxis: '平均比',
    layerFinding: (group: string, layer: number, multiple: number) =>
      spaced(
        `最も重要なのは第${layer}層の${group}で、モジュール平均の${n.fixed(multiple, 1)}倍です。`,
      ),
    layerNote: '層内のモジュールの平均。縦棒は反復から求めた 95 % 信頼区間（t 分布）',
    layerNoteOne: '層内のモジュールの平均。信頼区間は3回目の後に表示',
    convergenceTitle: '測定の収束',
    convergenceAxis: '反復',
    errorAxis: '標準誤差（重要度に対する %）',
    median: '中央値',
    worst: '最大',
    convergenceEmpty: '反復が2回以上必要です。',
    convergenceEmptyNote:
      '重要度の標準誤差は2回目の後に表示され、反復数の平方根に反比例して小さくなります。',
    convergenceFinding: (percent: number) =>
      `半数のモジュールで、重要度の標準誤差は ${n.fixed(percent, percent < 10 ? 1 : 0)} % 以内です。`,
    convergenceNote: '値は標準誤差。半分にするには4倍の反復が必要',
    roleTitle: 'モジュールの種類ごと',
    roleColumns: {
      type: '種類',
      multiple: '平均比',
      share: 'ランクの割合',
      parameters: 'パラメーター',
    },
    chart: 'グラフ',
    roleNote: 'ランクが同じでも、大きいモジュールほどパラメーター数は多くなります。',
    cleanLoss: (loss: number, perplexity: number) =>
      `摂動なしでの損失：${n.fixed(loss, 2)} nat/トークン（パープレキシティ ${n.fixed(perplexity, 1)}）`,
  },

  modulePanel: {
    weights: '重み',
    noiseA: 'ノイズ A',
    delta: '初期化した B·A',
    pictureName: (what: string) => `${what}の図`,
    perturbed: (value: string) => `この重みに摂動を加えると、不一致度は ${value} になります。`,
    waiting: 'このモジュールを測定中…',
    when: (text: string) => `最初の系列の最後のトークン：${text}`,
    steps: {
      weights: '重み',
      noiseA: 'ノイズ A',
      noiseB: 'ノイズ B',
      logits: 'ロジット',
      sum: 'l1 距離',
      all: '反復の平均',
    },
    clean: '摂動なし',
    more: (count: number) => `ほか${n.whole(count)}個`,
    whole: (value: string, positions: number) => `全${n.whole(positions)}位置の平均：${value}`,
    rule: (r: {
      mean: string;
      repeats: number;
      multiple: string;
      meanRank: string;
      rank: number;
      /** Whether floor(mean rank × multiple) gives the rank. */
      formula: boolean;
    }) => {
      const head = `反復${r.repeats}回の平均 ${r.mean} は、モジュール平均の${r.multiple}倍`;
      return r.formula
        ? `${head}。ランクは floor(${r.meanRank} × ${r.multiple}) = ${r.rank}`
        : `${head}。ランクは${r.rank}`;
    },
    why: '説明',
    repeatsAxis: '不一致度',
    repeatsNote: '点の下の線は平均の 95 % 信頼区間',
    repeatsName: (values: string) => `各反復の値：${values}`,
    noRepeats: 'このモジュールはまだ測定されていません。',
    whys: {
      weights: {
        text: 'ファイルから逆量子化した W の先頭の値（行優先）。',
        source: 'src/model/weights.ts',
      },
      noiseA: {
        text: 'W と同じ形状で、標準偏差が W と等しい正規ノイズ。シード、モジュール、サンプル番号、要素番号からすべての値が決まるため、どの環境でも同じになります。',
        source: 'AdaRank, section 3; src/device/random.ts',
      },
      noiseB: {
        text: '独立な2つ目のノイズ。元のモデルではなく、摂動を加えた2つのモデルどうしを比べます。',
        source: 'AdaRank, section 3; methods.md §3',
      },
      logits: {
        text: '元の重みと、摂動を加えた2つの重みでの、確率が最も高い次トークンのロジット。',
        source: 'src/engine/engine.ts',
      },
      sum: {
        text: '差の絶対値の、語彙全体にわたる和。摂動を加えても出力が変わらないモジュールのランクは0です。',
        source: 'AdaRank, equation 3',
      },
      all: {
        text: '反復の平均を全モジュールの平均で割り、平均ランクを掛けます。',
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
    title: '2つの結果の差',
    subtitle: 'ランクの差（2つ目 − 1つ目）',
    panel: '2つの結果の比較',
    finding: (changed: number, of: number, meanRank: number) =>
      changed === 0
        ? `平均ランク${n.short(meanRank)}では、${n.whole(of)}モジュールすべてのランクが同じです。`
        : `平均ランク${n.short(meanRank)}では、${n.whole(of)}モジュールのうち${n.whole(changed)}個のランクが変わります。`,
    how: (changed: number, moved: number | null) =>
      `${moved === null ? '反復が少なく、信頼区間のない結果があります。' : changed === 0 ? '点は変化なし。' : moved === 0 ? 'そのうち、95 % 信頼区間が重ならないものはありません。' : `そのうち${n.whole(moved)}個（太字）は 95 % 信頼区間が重なりません。`}最下行は列ごとの差の合計。`,
    order: (rho: number) => `順位相関：スピアマンの ρ = ${n.correlation(rho)}。`,
    a: '1つ目',
    b: '2つ目',
    same: 'ほかの設定はすべて同じ。',
    allSame: '設定はすべて同じ。',
    legend: 'ランクの差（2つ目 − 1つ目）',
    part: '変化あり、信頼区間が重ならない',
    overlap: '変化あり、信頼区間が重なる',
    unchanged: '同じランク',
    others: 'その他',
    net: '合計',
    rankOf: (which: string) => `${which}のランク`,
    status: '2つの結果を比較中',
    statusNote: '実行中のものはありません。',
    scatterName: (rho: number) =>
      `1つ目のランク（横軸）と2つ目のランク（縦軸）。スピアマンの ρ = ${n.correlation(rho)}。`,
    fromLink: 'リンク',
    here: 'この環境',
  },

  picker: {
    title: 'モデルを選択',
    drop: 'モデルのフォルダーまたはファイルをここにドロップ',
    pickFolder: 'フォルダーを選択…',
    pickFiles: 'ファイルを選択…',
    dropNote:
      'ONNX にエクスポートしたデコーダー（config.json と tokenizer.json が必要）、または現在のモデルの PEFT アダプター（zip か2つのファイル）。ファイルはこのデバイスの外には送信されません。',
    bundled: 'このページに同梱',
    modules: 'モジュール',
    file: 'サイズ',
    loaded: '読み込み済み',
    inspect: '内容を確認',
    inspecting: 'ヘッダーを読み込み中…',
    facts: (modules: number, width: number, tokens: number) =>
      `${n.whole(modules)}モジュール、隠れ次元${n.whole(width)}、語彙${n.whole(tokens)}トークン。`,
    layers: (layers: number, columns: number) => `${layers}層 × ${columns}`,
    load: (bytes: number) => `${size(bytes)} を読み込む`,
    needs: (needed: number, limit: number) =>
      `${n.fixed(limit / 1e9, 1)} GB のうち ${n.fixed(needed / 1e9, needed < 1e9 ? 2 : 1)} GB が必要です。`,
    allowed: (limit: number) => `上限 ${n.fixed(limit / 1e9, 1)} GB`,
    parts: { weights: '重み', activations: '活性値', workspace: '作業領域' },
    batch: (sequences: number, length: number) => `${sequences} × ${length}トークン`,
    blocks: (size: number) => `ブロックサイズ${size}`,
    dialect: { optimum: 'optimum 形式', genai: 'GenAI ビルダー形式' } as Record<string, string>,
    barName: (parts: string) => `メモリー：${parts}`,
    empty: 'ドロップした項目にファイルが見つかりません。',
  },
  text: {
    title: '測定用テキスト',
    intro:
      '重みに摂動を加えたモデルにこのテキストを入力して測定します。テキストはこのデバイスの外には送信されません。',
    choose: '選択',
    preview: '冒頭',
    own: '自分のテキスト',
    paste: 'テキストを貼り付けるか、入力してください。.txt ファイルのドロップもできます。',
    file: '.txt ファイルを開く…',
    use: 'このテキストを使う',
    counting: 'トークン数を計算中…',
    counted: (tokens: number, sequences: number, length: number) =>
      `${n.whole(tokens)}トークン。測定では ${sequences} × ${length} トークンを使います。`,
    binary: (name: string) => `${name} はテキストファイルではありません`,
    plain: 'テキストファイルを選択してください。',
    shorter: (max: number) => `${n.whole(max)}文字までにしてください。`,
  },
  export: {
    save: '保存',
    title: 'エクスポート',
    intro: '数値は全桁。実験の設定とモデルのハッシュ付き',
    result: '結果（JSON）',
    resultNote: 'すべての測定値、標準誤差、ランク。コマンドラインの入出力と同じ形式',
    ranks: 'ランク表（CSV）',
    spec: '設定（JSON）',
    map: 'マップ（SVG）',
    command: 'この測定を再現するコマンド',
    copyCommand: 'コピー',
    notYet: '測定の完了後に使えます。',
    link: 'リンク',
    linkText: '自分のテキストを含める',
    linkTextNote: (count: number) =>
      `${n.whole(count)}文字。含めない場合、リンクを開く人にも同じテキストが必要です。`,
    linkReady: 'このリンクをコピー',
    linkResult: 'リンクを開いた人が検証できるように、結果のダイジェストを含みます',
  },
  help: {
    title: 'ヘルプ',
    intro: [
      'LoRA アダプターは、凍結した重みに加える2つの細長い行列です。ランクはその内側の次元数です。このページでは、モデルのどの線形層に高いランクを割り当てるべきかを調べます。',
      'AdaRank は、1つの線形層の重みにノイズで2通りの摂動を加え、2つのモデルの予測の差を測定します。差が大きい線形層ほど、高いランクを割り当てます。',
      '数値はすべて、このデバイス上のこのページで測定したものです。入力したテキストは外部に送信されません。',
    ],
    tour: 'ツアーを開始（操作しながら学ぶ8枚のカード）',
    read: 'マップの読み方',
    readItems: [
      '行は層（上が入力側）、列はモジュールの種類です。',
      '濃さは重要度の平均比です。目盛りの1は、均等なランクが仮定する値です。',
      '太字のランクは確定しています（これまでの反復で、95 % 信頼区間に含まれるランクが1つだけ）。5–7 は未確定です。反復を増やすと、どちらも変わることがあります。',
      'マゼンタは、現在処理中の箇所だけを示します。',
    ],
    keys: 'キーボードショートカット',
    keysOn: '1文字のショートカットを使う',
    keyList: [
      ['K', '実行、一時停止'],
      ['S', 'ステップ：1モジュールを測定、または実験を1ステップ進める'],
      ['R', '表示をリセット（設定とシードは変更しない）'],
      ['M', 'マップへ移動'],
      ['[ ]', '平均ランクを下げる、上げる'],
      ['T', '表とマップの切り替え'],
      ['V', '均等との差を表示'],
      ['P', 'プレゼン表示：文字を大きくし、設定を隠す'],
      ['?', 'このヘルプを表示'],
      ['N', 'ツアーの次のカード'],
      ['Ctrl Z', '元に戻す（Shift を加えるとやり直す）'],
      [
        '← ↑ → ↓',
        'マップ内を移動（Home、End、PgUp、PgDn も使用可）。Enter でモジュールの詳細を表示',
      ],
    ] as [string, string][],
    glossary: '用語',
    about: 'ソースコードとライセンス',
    aboutText: 'Rank Atlas は自由ソフトウェアです（Apache-2.0）。AdaRank：arXiv 2408.09015。',
  },
  texts: {
    stories: '検証用の抜粋',
    'atlas-heldout': '検証用のページ',
    'jargon-train': 'ジャーゴンファイル',
    'jargon-eval': 'ジャーゴンファイル（検証用）',
    'opticks-train': 'ニュートン『光学』',
    'opticks-eval': 'ニュートン『光学』（検証用）',
  } as Record<string, string>,
  changes: {
    model: 'モデル',
    base: 'モデルの状態',
    text: 'テキスト',
    bos: 'テキストの前（BOS）',
    sequences: '系列数',
    length: '系列長',
    seed: 'シード',
    'method.name': '測定手法',
    'method.signs': '逆伝播の回数',
    'method.perToken': '符号を付ける範囲',
    'method.variant': '比較対象',
    'method.noise': 'ノイズ',
    'method.repeats': '反復回数',
    'method.vocabularySample': '語彙のサンプル数',
    'allocation.meanRank': '平均ランク',
    'allocation.rounding': '端数処理',
    'allocation.unit': '予算の単位',
    'allocation.rMin': '最小ランク',
    'allocation.rMax': '最大ランク',
    'train.method': '学習手法',
    'train.ranks': '最大ランク',
    'train.base': '重み',
    'train.scale': 'スケール',
    'train.start': '初期値',
    'train.compare': '比較用 LoRA',
    'compress.task': 'タスク',
    'compress.plain': '一般テキスト',
    'compress.scoring': '選択肢の集計',
    'compress.samples': '選択用サンプル',
    'compress.test': 'テスト用サンプル',
    'compress.rowBlocks': '行ブロック数',
    'compress.split': 'ブロックの分割',
    'compress.ranking': '候補の順位付け',
    'compress.trials': '試す候補数',
    'compress.checks': '小さな除去',
    'compress.laser': 'LASER の探索',
    'prune.sparsity': 'スパース率',
    'prune.rounds': 'ラウンド数',
    'prune.score': '重みの評価基準',
    'prune.pattern': 'パターン',
    'prune.beta': '類似度の β',
    'prune.meanRank': '最初の平均ランク',
    'prune.mostRank': '最大ランク',
    'prune.rankBy': 'ランクの決定基準',
    'prune.samples': 'キャリブレーション用の系列数',
    'prune.baselines': '比較手法',
    'training.train': '学習用テキスト',
    'training.held': '検証用テキスト',
    'training.length': '学習の系列長',
    'training.heldSequences': '検証用の系列数',
    'training.steps': 'ステップ数',
    'training.batch': 'バッチサイズ',
    'training.learningRate': '学習率',
    'training.warmup': 'ウォームアップ',
    'training.decay': '学習率の減衰',
    'training.beta1': 'AdamW の β₁',
    'training.beta2': 'AdamW の β₂',
    'training.epsilon': 'AdamW の ε',
    'training.weightDecay': '重み減衰',
    'training.maxNorm': '勾配ノルムの上限',
    'training.evaluateEvery': '評価の間隔',
    'samples.prompt': 'プロンプト',
    'samples.tokens': 'トークン数',
    'samples.temperature': '温度',
    'samples.topP': 'top p',
    'samples.adapter': 'アダプター',
    'samples.rank': '使うランク',
    'agree.methods': '手法',
    'race.entries': 'エントリー',
    'race.meanRanks': '平均ランク',
    'race.seeds': 'シード数',
    'race.equal': 'そろえる量',
    'race.sequences': '測定に使う系列数',
  } as Record<string, string>,
  change: (name: string, from: string, to: string) => `${name} ${from} → ${to}`,
  named: (name: string, value: string) => `${name} ${value}`,
  error: (code, values) => errorTableJa[code](values),
} satisfies Words;
