// Both packages find their files beside themselves, which pre-bundling would break.
export default {
  build: { target: 'es2022' },
  optimizeDeps: { exclude: ['onnxruntime-web', 'rank-atlas'] },
};
