/**
 * Derives PyTorch names of linear layers from exported node names.
 *
 * optimum: `/model/layers.0/self_attn/q_proj/MatMul`; GenAI builder:
 * `/model/layers.0/attn/q_proj/MatMul_Q4`.
 */
import type { ModuleGroup, ModuleRole } from './modules.ts';

/**
 * Path of a node's module, or null if the name shows none. `prefix` is prepended to a path that
 * lost its first part.
 */
export function modulePath(node: string, genai: boolean, prefix = ''): string | null {
  const parts = node.replace(/^\/+/, '').split('/');
  if (parts.length < 2) return null;
  const path = parts
    .slice(0, -1)
    .map((p) => (genai && p === 'attn' ? 'self_attn' : p))
    .join('.');
  return layerOf(path) === null ? null : prefix + path;
}

/** Layer number in a path: its first numeric part. */
export function layerOf(path: string): number | null {
  const found = /(?:^|\.)(\d{1,4})\./.exec(path);
  return found ? Number(found[1]) : null;
}

/**
 * Returns the prefix that a path lacks. optimum drops the first module of some models from node
 * names (`/decoder/layers.0/…` for `model.decoder.layers.0…`), but not from parameter names.
 */
export function missingPrefix(path: string, parameters: Iterable<string>): string {
  const stem = /^(.*?\.)\d+\./.exec(path)?.[1];
  if (!stem) return '';
  for (const name of parameters) {
    const at = name.indexOf(stem);
    if (at === 0) return '';
    if (
      at > 0 &&
      name[at - 1] === '.' &&
      /^\d/.test(name.slice(at + stem.length)) &&
      /^[\w.]+$/.test(name.slice(0, at))
    )
      return name.slice(0, at);
  }
  return '';
}

const roles: readonly [RegExp, ModuleRole, number][] = [
  [/(^|\.)(q_proj|q|query|to_q|wq)$/, 'q', 0],
  [/(^|\.)(k_proj|k|key|to_k|wk)$/, 'k', 1],
  [/(^|\.)(v_proj|v|value|to_v|wv)$/, 'v', 2],
  [/(^|\.)(qkv_proj|c_attn|query_key_value|qkv|Wqkv|in_proj)$/, 'qkv', 0],
  [/(^|\.)(o_proj|out_proj|wo)$|(attn|attention)\.(c_proj|dense|proj)$/, 'o', 3],
  [/(^|\.)(gate_proj|w1)$/, 'gate', 4],
  [/(^|\.)(up_proj|w3)$/, 'up', 5],
  [/(^|\.)(gate_up_proj)$/, 'gate_up', 4],
  [/(^|\.)(down_proj|w2)$/, 'down', 6],
  [/(^|\.)(c_fc|fc1|fc_in|dense_h_to_4h|up)$/, 'fc', 4],
  [/mlp\.c_proj$|(^|\.)(fc2|fc_out|dense_4h_to_h)$/, 'proj', 6],
];

export function roleOf(path: string): { role: ModuleRole; order: number; group: ModuleGroup } {
  const found = roles.find(([pattern]) => pattern.test(path));
  const [role, order] = found ? [found[1], found[2]] : ['other' as const, 7];
  const group =
    order <= 3
      ? 'attention'
      : order <= 6
        ? 'mlp'
        : /attn|attention/.test(path)
          ? 'attention'
          : /mlp|ffn|feed_forward/.test(path)
            ? 'mlp'
            : 'other';
  return { role, order, group };
}
