/** BOS の設定の言葉、日本語。 */
import type { BosWords } from './bos.en.ts';

const otherwise =
  '（tokenizer_config.json の add_bos_token は逆ですが、このトークナイザークラスでは無視されます）';

export const bosJa: BosWords = {
  label: 'テキストの前（BOS）',
  why: '系列の始まりを示すトークン。これがないとまともに予測できないモデルがあります。',
  names: { tokenizer: 'トークナイザーに従う', none: '置かない', always: '常に BOS を置く' },
  said: ({ ids, tokens, by, passedOver }) => {
    if (by === 'ids') return 'トークンIDをそのまま使用';
    const rest = passedOver ? otherwise : '';
    if (ids.length === 0)
      return by === 'setting' ? 'BOS なし（設定）' : `BOS なし（${by} に指定なし）${rest}`;
    return `各系列の前に ${tokens.join(' ')}（${by === 'setting' ? '設定' : `${by} の指定`}）${rest}`;
  },
};
