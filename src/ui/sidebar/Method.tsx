/** Choice of the importance method. Each shows its measured time on this device, if known. */
import { useMap } from '../../state/map-store.ts';
import { byMethod, METHODS } from '../../spec/method.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { timeOf } from '../../state/pace.ts';
import { useWords } from '../use-words.ts';

export function Method() {
  const words = useWords();
  const { names, of } = words.methods;
  const spec = useExperiment((e) => e.spec);
  const edit = useExperiment((e) => e.edit);
  // Re-render on results: a time appears with the first result of its method.
  useMap((m) => m.results);
  return (
    <fieldset className="methods">
      <legend className="label">{words.sidebar.method}</legend>
      {METHODS.map((name) => {
        const time = timeOf(byMethod(spec, name));
        return (
          <label key={name} className="row choice" title={of[name].what}>
            <input
              type="radio"
              name="method"
              value={name}
              checked={spec.method.name === name}
              onChange={() => edit((s) => byMethod(s, name), 'method')}
            />
            <span>{names[name]}</span>
            <small className="ink3 nowrap">
              {time === null ? of[name].pace : words.seconds(time)}
            </small>
          </label>
        );
      })}
      <p className="small ink2">{of[spec.method.name].what}</p>
    </fieldset>
  );
}
