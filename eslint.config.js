import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import noNonNull from './tools/lint/no-non-null.js';

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'lib/',
      'api/',
      'node_modules/',
      'src/onnx/gen/',
      'src/device/gen/',
      'shaders/',
      'recipe/',
      'test/fixtures/added-study/',
      'test/fixtures/{exports,hostile,references,tokenizers}/',
    ],
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'react-hooks': hooks, atlas: { rules: { 'no-non-null': noNonNull } } },
    rules: {
      ...hooks.configs.recommended.rules,
      'atlas/no-non-null': 'error',
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unnecessary-condition': 'error',
    },
  },
  {
    rules: {
      'one-var': ['error', 'never'],
      // The formatter wraps code at 100 columns, but not comments.
      'max-len': [
        'error',
        {
          code: 100,
          ignoreUrls: true,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
        },
      ],
    },
  },
);
