import { classes, ZERO_COLOUR } from '../breaks';
import { read } from '../filters';
import { categoryField, number, titleOf } from '../format';
import { isRead } from '../lagging';
import type { Counts } from '../live';
import { KIND_TINTS } from '../map/base';
import type { LayerInfo } from '../wire';
import { useChoices, useSpeech } from './page';
import { Swatch } from './Swatch';

/*
 * What the colours on the map mean stands in the panel, beside what switches them on. Nothing of it lies on the map: at the
 * scale of the whole country it would cover Hoàng Sa or Trường Sa.
 */

/** The colours of a layer's categories, of those that are asked for; none where they are listed elsewhere already. */
export function Categories({ layer, listed }: { layer: LayerInfo; listed: boolean }) {
  const { filters } = useChoices();
  const { lang, say } = useSpeech();
  const field = categoryField(layer);
  const asked = field && read(field, filters[layer.id]?.[field.name]);
  const isAsked = (code: string) => asked?.kind !== 'codes' || asked.codes.includes(code);
  const codes = listed ? [] : (field?.codes?.filter(({ code, colour }) => colour && isAsked(code)) ?? []);
  return (
    <div class="legend">
      {codes.map((code) => (
        <p key={code.code} class="key">
          <Swatch symbol={layer.symbol} colour={code.colour ?? layer.colour} />
          {titleOf(code, lang)}
        </p>
      ))}
      {isRead(layer) && layer.features > layer.max_features && <p class="note">{say('counted_note')}</p>}
    </div>
  );
}

/** The classes of the counts that colour the communes. */
export function CountClasses({ counts }: { counts: Counts }) {
  const { say, lang } = useSpeech();
  const rows = counts.answer.rows.filter(({ commune }) => commune && commune !== 'near' && commune !== 'outside');
  return (
    <div class="legend classes">
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

/** The tints of units, while nothing is counted. */
export function Kinds() {
  const { say } = useSpeech();
  return (
    <div class="legend kinds" title={say('kinds')}>
      {KIND_TINTS.map(([kind, colour, text]) => (
        <p key={kind} class="key">
          <span class="box" style={{ background: colour }} />
          {say(text)}
        </p>
      ))}
    </div>
  );
}
