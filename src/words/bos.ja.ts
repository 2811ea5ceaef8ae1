/** The words for the BOS before a text, in Japanese. */
import type { BosWords } from './bos.en.ts';

const otherwise =
  '（tokenizer_config.json の add_bos_token の指定は異なりますが、このトークナイザークラスでは無視されます）';

export const bosJa: BosWords = {
  label: 'テキストの前（BOS）',
  why: '系列の始まりを示すトークン。これがないと正しく予測できないモデルがあります。',
  names: { tokenizer: 'トークナイザーに従う', none: '置かない', always: '常に BOS を置く' },
  describe: ({ ids, tokens, by, passedOver }) => {
    if (by === 'ids') return 'トークン ID をそのまま使用（追加なし）';
    const rest = passedOver ? otherwise : '';
    if (ids.length === 0)
      return by === 'setting' ? 'BOS なし（設定）' : `BOS なし（${by} に指定なし）${rest}`;
    return `各系列の前に ${tokens.join(' ')}（${by === 'setting' ? '設定' : `${by} の指定`}）${rest}`;
  },
};
