import { useEffect, useState } from 'preact/hooks';
import * as api from '../api';
import { addDays } from '../days';
import { categoryField, codeName, day, degrees, dms, number, titleOf, value } from '../format';
import { takesEdits } from '../lagging';
import type { Pick } from '../map/pick';
import type { LayerInfo, LocatedUnit } from '../wire';
import { Filtered } from './Filtered';
import { useLive, useSession, useSpeech } from './page';
import { Swatch } from './Swatch';
import { Units } from './Units';

/** What a click found, one at a time. All values are text: nothing of the data is read as HTML. */
export function PopupBody({ picks, zoomTo }: { picks: Pick[]; zoomTo: (pick: Pick) => void }) {
  const { say } = useSpeech();
  const [index, setIndex] = useState(0);
  const pick = picks[index] ?? picks[0];
  if (!pick) return null;
  const turn = (by: number) => setIndex((index + by + picks.length) % picks.length);
  return (
    <div class="popup">
      {pick.kind === 'feature' && <Feature pick={pick} />}
      {pick.kind === 'cells' && <Cells pick={pick} zoomTo={() => zoomTo(pick)} />}
      {pick.kind === 'unit' && <Unit pick={pick} />}
      {picks.length > 1 && (
        <nav class="pager">
          <button type="button" aria-label={say('previous')} onClick={() => turn(-1)}>
            ‹
          </button>
          <span aria-live="polite">{say('of', { index: String(index + 1), count: String(picks.length) })}</span>
          <button type="button" aria-label={say('next')} onClick={() => turn(1)}>
            ›
          </button>
        </nav>
      )}
    </div>
  );
}

function Feature({ pick: { layer, properties, lon, lat } }: { pick: Extract<Pick, { kind: 'feature' }> }) {
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  const format = { lang, timeZone: catalogue.time_zone, yes: say('yes'), no: say('no') };
  const category = categoryField(layer);
  const code = category && properties[category.name];
  const colour = category?.codes?.find((one) => one.code === code)?.colour ?? layer.colour;
  const rows = layer.fields.flatMap((field) => {
    const shown = value(field, properties[field.name], format);
    return shown === null ? [] : [{ name: field.name, title: titleOf(field.title, lang), shown }];
  });
  return (
    <>
      <div class="head">
        <h3>
          <Swatch symbol={layer.symbol} colour={colour} />
          {titleOf(layer.title, lang)}
        </h3>
        <Correct layer={layer} id={properties.id} />
      </div>
      <dl>
        {rows.map(({ name, title, shown }) => (
          <div key={name} data-field={name}>
            <dt>{title}</dt>
            <dd>{shown}</dd>
          </div>
        ))}
        <div data-field="id">
          <dt>{say('id')}</dt>
          <dd>{String(properties.id ?? '')}</dd>
        </div>
      </dl>
      <Chain lon={lon} lat={lat} code={properties.unit} />
      <p class="coordinates">
        {degrees(lon, lat)}
        <br />
        {dms(lon, lat)}
      </p>
    </>
  );
}

/** Opens the form, where the layer takes edits and nothing else is being edited. */
function Correct({ layer, id }: { layer: LayerInfo; id: unknown }) {
  const session = useSession();
  const live = useLive();
  const { say } = useSpeech();
  if (!takesEdits(live, layer.id) || live.editing || !Number.isSafeInteger(id)) return null;
  return (
    <button type="button" name="correct" onClick={() => void session.edits.correct(layer, Number(id))}>
      {say('edit_correct')}
    </button>
  );
}

/**
 * The units of a feature. `code` is the commune that the server joined it with; the names come from its position, which in a
 * tile is rounded, so they are shown only where they agree.
 */
function Chain({ lon, lat, code }: { lon: number; lat: number; code?: unknown }) {
  const session = useSession();
  const { say, lang } = useSpeech();
  const [units, setUnits] = useState<LocatedUnit[] | null>(null);
  const { asOf } = session;
  useEffect(() => {
    const ending = new AbortController();
    setUnits(null);
    api.locate({ lon, lat, as_of: asOf }, ending.signal).then(
      (located) => setUnits(located.units),
      () => undefined,
    );
    return () => ending.abort();
  }, [lon, lat, asOf]);
  const commune = units?.find(({ level }) => level === 'commune');
  const agreed = code === undefined || commune?.code === code;
  return (
    <div class="chain">
      <h4>{say('locate_units', { date: day(asOf, lang) })}</h4>
      {units && agreed && <Units units={units} />}
      {!(units && agreed) && code !== undefined && <p>{String(code)}</p>}
    </div>
  );
}

function Cells({ pick, zoomTo }: { pick: Extract<Pick, { kind: 'cells' }>; zoomTo: () => void }) {
  const { say, lang } = useSpeech();
  const { layer, count, byCode } = pick;
  const category = categoryField(layer);
  const rest = count - byCode.reduce((sum, [, some]) => sum + some, 0);
  return (
    <>
      <h3>
        <Swatch symbol={layer.symbol} colour={layer.colour} />
        {titleOf(layer.title, lang)}
        <Filtered layer={layer} />
      </h3>
      <p class="big">{say('records', { count: number(count, lang) })}</p>
      {byCode.length > 0 && (
        <dl>
          {byCode.map(([code, some]) => (
            <div key={code} data-code={code}>
              <dt>{codeName(category?.codes, code, lang)}</dt>
              <dd>{number(some, lang)}</dd>
            </div>
          ))}
          {rest > 0 && (
            <div data-code="">
              <dt>{say('other')}</dt>
              <dd>{number(rest, lang)}</dd>
            </div>
          )}
        </dl>
      )}
      <button type="button" class="wide" onClick={zoomTo}>
        {say('zoom_in')}
      </button>
    </>
  );
}

function Unit({ pick: { properties, lon, lat } }: { pick: Extract<Pick, { kind: 'unit' }> }) {
  const { catalogue, counts } = useLive();
  const { say, lang } = useSpeech();
  const text = (name: string) => (properties[name] === undefined ? null : String(properties[name]));
  const code = text('code');
  const rows: [string, string | null][] = [
    [say('kind'), text('kind')],
    [say('code'), code],
    [say('valid'), validity(text('valid_from'), text('valid_to'), { say, lang })],
  ];
  const layer = catalogue.layers.find(({ id }) => id === counts?.layer);
  if (counts && layer && !counts.stale) {
    const row = counts.answer.rows.find(({ commune }) => commune === code);
    rows.push([titleOf(layer.title, lang), number(row?.count ?? 0, lang)]);
  }
  return (
    <>
      <h3>{text('full_name') ?? text('name')}</h3>
      <dl>
        {rows.map(([title, shown]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{shown}</dd>
          </div>
        ))}
      </dl>
      <Chain lon={lon} lat={lat} />
    </>
  );
}

function validity(from: string | null, to: string | null, { say, lang }: ReturnType<typeof useSpeech>): string {
  const words: string[] = [];
  if (from) words.push(say('valid_since', { from: day(from, lang) }));
  if (to) words.push(say('valid_until', { to: day(addDays(to, -1), lang) }));
  return words.join(' ') || say('valid_always');
}
