/**
 * The rules of all supported operators, by `domain::name` (standard ONNX operators without a
 * domain).
 */
import { elementwise } from './elementwise.ts';
import { generators } from './generators.ts';
import { layout } from './layout.ts';
import { products } from './products.ts';
import { reductions } from './reductions.ts';
import type { Rule } from './rule.ts';
import { selection } from './selection.ts';

export const rules: ReadonlyMap<string, Rule> = new Map(
  [elementwise, generators, layout, products, reductions, selection].flatMap((table) =>
    Object.entries(table),
  ),
);

export const ruleKey = (domain: string, op: string): string => (domain ? `${domain}::${op}` : op);
