/**
 * `!` says "this is there" and checks nothing. It is allowed for one number of an array of numbers,
 * where a check would cost inner loops their speed; elsewhere `elementAt` and `defined`
 * (src/checked.ts) check.
 */
import ts from 'typescript';

const NUMBER = ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike | ts.TypeFlags.Undefined;

/** An element of an array whose elements are all numbers. */
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
