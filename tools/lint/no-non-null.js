/**
 * Lint rule: `!` asserts that a value exists but checks nothing. It is allowed only for elements of
 * number arrays, where a check would slow inner loops. Elsewhere use `elementAt` and `defined`
 * (src/checked.ts).
 */
import ts from 'typescript';

const NUMBER = ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike | ts.TypeFlags.Undefined;

/** Whether a node is an element of an array of numbers. */
function isNumber(node, services) {
  if (node.type !== 'MemberExpression' || !node.computed) return false;
  const checker = services.program.getTypeChecker();
  const element = checker.getIndexTypeOfType(
    services.getTypeAtLocation(node.object),
    ts.IndexKind.Number,
  );
  if (!element) return false;
  const parts = element.isUnion() ? element.types : [element];
  return parts.every((part) => (part.flags & NUMBER) !== 0);
}

export default {
  meta: {
    type: 'problem',
    schema: [],
    messages: { unchecked: 'Use elementAt or defined of src/checked.ts, which check.' },
  },
  create(context) {
    const services = context.sourceCode.parserServices;
    return {
      TSNonNullExpression(node) {
        if (!isNumber(node.expression, services)) context.report({ node, messageId: 'unchecked' });
      },
    };
  },
};
