/** The page of the learning-rate experiment, written from its raw results alone. */
import type { LearningRates } from './learning-rates.ts';

export function learningRatesReport(file: LearningRates): string {
  return `${file.cells.length} of ${file.planned}\n`;
}
