/** Something a visitor asked for; what stops it is said above the page. */
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
