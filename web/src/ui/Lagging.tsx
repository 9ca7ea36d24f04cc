import { titleOf } from '../format';
import { lagOf } from '../lagging';
import type { LayerInfo } from '../wire';
import { useChoices, useLive, useSpeech } from './page';

/** A sign by a layer that cannot be read at the moment. */
export function LaggingSign({ layer }: { layer: LayerInfo }) {
  const { say } = useSpeech();
  const lag = lagOf(layer);
  return lag && <Sign label={say(`${lag}_sign`)} title={say(lag)} />;
}

/** The same in words. */
export function LaggingNote({ layer }: { layer: LayerInfo }) {
  const { say } = useSpeech();
  const lag = lagOf(layer);
  return lag && <p class="note lagging">{say(lag)}</p>;
}

/** On the map, for the panel may be closed: which of the chosen layers cannot be read, until they can. */
export function Lagging() {
  const { catalogue } = useLive();
  const { layers: on, count } = useChoices();
  const { say, lang } = useSpeech();
  const chosen = catalogue.layers.filter(({ id }) => on.includes(id) || id === count);
  const said = (['lagging', 'unread'] as const).flatMap((lag) => {
    const names = chosen.filter((layer) => lagOf(layer) === lag).map(({ title }) => titleOf(title, lang));
    return names.length > 0 ? [say(`${lag}_layers`, { names: names.join(', ') })] : [];
  });
  return (
    <div class="lags" role="status" data-lags={said.length > 0}>
      {said.map((words) => (
        <p key={words} class="pill">
          <Sign /> {words}
        </p>
      ))}
    </div>
  );
}

function Sign({ label, title }: { label?: string; title?: string }) {
  return (
    <svg class="sign" viewBox="0 0 16 16" role={label ? 'img' : undefined} aria-label={label} aria-hidden={!label}>
      {title && <title>{title}</title>}
      <path d="M8 1 15.6 15H.4Z" />
      <path class="stroke" d="M8 6v4.4m0 1.2v1.6" />
    </svg>
  );
}
