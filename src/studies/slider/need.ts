/** What a training for every rank takes beside the model: an estimate of uniform ranks. */
import { nf4Bytes, trainingBytes } from '../../model/training-memory.ts';
import type { StudyNeed } from '../contract.ts';

export const sliderNeed: StudyNeed = ({ training: { batch: sequences, length }, slider }, model) =>
  trainingBytes(model, { sequences, length, ranks: model.modules.map(() => slider.rank) }, false) +
  (slider.base === 'nf4' ? nf4Bytes(model) : 0);
