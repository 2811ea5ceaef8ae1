/**
 * Runs in the page before its own scripts. It records when the important states are painted (ms
 * since navigation), tasks of 50 ms or more on the main thread, and the engine's memory reports.
 */
const seen = {
  measuring: null,
  firstCell: null,
  firstSweep: null,
  done: null,
  tasks: [],
  memory: null,
  eventMessages: 0,
};
globalThis.pageBench = seen;

new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries())
    seen.tasks.push({ start: startTime, duration });
}).observe({ type: 'longtask', buffered: true });

/** Callbacks of a frame run before its paint; the task after them runs after the paint. */
function mark(name) {
  seen[name] = 0;
  requestAnimationFrame(() =>
    setTimeout(() => {
      seen[name] = performance.now();
    }),
  );
}

new MutationObserver(() => {
  const status = document.querySelector('.status .bold')?.textContent ?? '';
  if (seen.measuring === null && status.startsWith('Measuring')) mark('measuring');
  if (seen.firstCell === null && document.querySelector('#map .cell[data-module]:not(.void)'))
    mark('firstCell');
  if (
    seen.firstCell !== null &&
    seen.firstSweep === null &&
    !document.querySelector('#map .cell[data-module].void')
  )
    mark('firstSweep');
  if (seen.done === null && status.startsWith('Measured')) mark('done');
}).observe(document, {
  subtree: true,
  childList: true,
  characterData: true,
  attributes: true,
  attributeFilter: ['class'],
});

globalThis.Worker = class extends Worker {
  constructor(...args) {
    super(...args);
    this.addEventListener('message', ({ data }) => {
      if (data.kind === 'study') {
        seen.memory = data.memory;
        seen.eventMessages++;
      }
    });
  }
};
