import { classes, ZERO_COLOUR } from '../breaks';
import { categoryField, number, titleOf } from '../format';
import { KIND_TINTS } from '../map/base';
import type { LayerInfo } from '../wire';
import { useChoices, useLive, useSpeech } from './page';
import { Swatch } from './Swatch';

/** What the colours on the map mean, for what is drawn now. */
export function Legend() {
  const { catalogue, counts } = useLive();
  const { layers: on, count } = useChoices();
  const { say } = useSpeech();
  const shown = catalogue.layers.filter(({ id }) => on.includes(id));
  return (
    <details class="legend" open={!matchMedia('(max-width: 760px)').matches}>
      <summary>{say('legend')}</summary>
      <div class="legend-body">
        {count && counts && <CountClasses />}
        {shown.map((layer) => (
          <LayerLegend key={layer.id} layer={layer} />
        ))}
        {shown.some(({ features, max_features }) => features > max_features) && (
          <p class="note">{say('counted_note')}</p>
        )}
        {!count && <Kinds />}
      </div>
    </details>
  );
}

/** The tints of units. */
function Kinds() {
  const { say } = useSpeech();
  return (
    <div>
      <h3>{say('kinds')}</h3>
      {KIND_TINTS.map(([kind, colour, text]) => (
        <p key={kind} class="key">
          <span class="box" style={{ background: colour }} />
          {say(text)}
        </p>
      ))}
    </div>
  );
}

function LayerLegend({ layer }: { layer: LayerInfo }) {
  const { lang } = useSpeech();
  const codes = categoryField(layer)?.codes?.filter(({ colour }) => colour) ?? [];
  const title = titleOf(layer.title, lang);
  if (codes.length === 0) {
    return (
      <p class="key">
        <Swatch symbol={layer.symbol} colour={layer.colour} />
        {title}
      </p>
    );
  }
  return (
    <div>
      <h3>{title}</h3>
      {codes.map((code) => (
        <p key={code.code} class="key">
          <Swatch symbol={layer.symbol} colour={code.colour ?? layer.colour} />
          {titleOf(code, lang)}
        </p>
      ))}
    </div>
  );
}

function CountClasses() {
  const { catalogue, counts } = useLive();
  const { say, lang } = useSpeech();
  const layer = catalogue.layers.find(({ id }) => id === counts?.layer);
  if (!counts || !layer) return null;
  const rows = counts.answer.rows.filter(({ commune }) => commune && commune !== 'near' && commune !== 'outside');
  return (
    <div class="classes">
      <h3>
        {say('counts')}: {titleOf(layer.title, lang)}
      </h3>
      <p class="key">
        <span class="box" style={{ background: ZERO_COLOUR }} />
        {say('zero')}
      </p>
      {classes(rows.map((row) => row.count)).map(({ from, to, colour }) => (
        <p key={from} class="key">
          <span class="box" style={{ background: colour }} />
          {from === to ? number(from, lang) : `${number(from, lang)} – ${number(to, lang)}`}
        </p>
      ))}
    </div>
  );
}
