/** Runs an action of the user and shows its failure in the banner. */
import { failureOf } from './engine.ts';
import { useModel } from './model-store.ts';

export async function attempt(act: () => Promise<void>): Promise<void> {
  useModel.setState({ failure: null });
  try {
    await act();
  } catch (error) {
    useModel.setState({ failure: failureOf(error) });
  }
}
