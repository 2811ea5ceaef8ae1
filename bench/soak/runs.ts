/** Repeats short runs in one page to detect growing memory. */
import type { Site } from '../page-browser.ts';
import { measuredPlace, type Holding } from './place.ts';

/** After this number of runs the pools are full and nothing may grow. */
const SETTLED = 50;

export interface Runs {
  runs: number;
  /** What the page holds every 50 runs. */
  holdings: ({ run: number } & Holding)[];
  /** Whether all runs gave the ranks of the first. */
  same: boolean;
}

export async function manyRuns(
  site: Site,
  runs: number,
  log: (words: string) => void,
): Promise<Runs> {
  const { visit, place, first } = await measuredPlace(site);
  try {
    const holdings: Runs['holdings'] = [];
    let same = true;
    for (let run = 0; run < runs;) {
      const some = Math.min(SETTLED, runs - run);
      const cells = await place.page.evaluate(runAgain, some);
      same &&= cells.every((texts) => texts === first);
      run += some;
      holdings.push({ run, ...(await place.holding()) });
      log(`${run} of ${runs} runs, ${JSON.stringify(holdings.at(-1))}`);
    }
    return { runs, holdings, same };
  } finally {
    await visit.close();
  }
}

/**
 * Runs in the page: presses Reset and Play as soon as the previous run ends. Returns the texts of
 * the cells after each run.
 */
async function runAgain(times: number): Promise<string[]> {
  const press = (name: string) =>
    [...document.querySelectorAll('button')].find((b) => b.textContent === name)?.click();
  const until = (words: RegExp) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!words.test(document.querySelector('.status .bold')?.textContent ?? '')) return;
        observer.disconnect();
        resolve();
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      look();
    });
  const cells: string[] = [];
  for (let run = 0; run < times; run++) {
    press('Reset');
    await until(/^Ready$/);
    press('Play');
    await until(/^Measured/);
    cells.push(
      [...document.querySelectorAll('#map [data-module]')].map((cell) => cell.textContent).join(),
    );
  }
  return cells;
}
