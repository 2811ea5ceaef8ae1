/** The small model that is part of the package. */
import listed from '../../public/models/index.json' with { type: 'json' };
import { elementAt } from '../checked.ts';

/** Its entry in the list of models: id, title, files. */
export const atlas3m = elementAt(listed, 0);
