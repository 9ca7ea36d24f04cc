import { useEffect, useRef } from 'preact/hooks';
import { rowTable } from '../api';
import { number, titleOf, value } from '../format';
import type { RowList } from '../quality';
import { type Key, say as sayIn } from '../text';
import { vi } from '../text/vi';
import type { Lang, LayerInfo, QualityAnswer, QualityRow } from '../wire';
import { useLive, useSession, useSpeech } from './page';

/** Fields of a row that are shown beside its number; the table for a spreadsheet has all. */
const FIELDS = 4;

/** The rows behind a number, and the way to each of them on the map. */
export function QualityRows({ list, answer }: { list: RowList; answer: QualityAnswer }) {
  const session = useSession();
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  const back = useRef<HTMLButtonElement>(null);
  const layer = catalogue.layers.find(({ id }) => id === list.layer);
  const what = words(list, answer, lang);
  useEffect(() => back.current?.focus(), []);
  return (
    <section class="rows" data-of={list.of} data-count={list.count}>
      <h3>
        <button type="button" name="back" ref={back} onClick={() => session.quality.back()}>
          <span aria-hidden="true">‹</span> {say('quality_back')}
        </button>
        <span class="grow">
          {layer && titleOf(layer.title, lang)}
          <small>{say('quality_list', { count: number(list.count, lang), what })}</small>
        </span>
        <a href={rowTable(list.href)} download={`${list.layer}-${list.of}.csv`}>
          {say('quality_list_csv')}
        </a>
      </h3>
      {list.failure && (
        <p class="bad" role="alert">
          {say('quality_failed', { why: list.failure })}
        </p>
      )}
      {list.rows && layer && (list.rows.length > 0 || list.asking) && (
        <Rows layer={layer} list={list} rows={list.rows} />
      )}
      {list.rows?.length === 0 && !list.asking && <p class="note">{say('quality_no_rows')}</p>}
      {list.asking && (
        <p class="note" role="status">
          {say('quality_reading')} <progress />
        </p>
      )}
      {list.next && !list.asking && (
        <button type="button" name="more" onClick={() => void session.quality.more()}>
          {say('quality_more')}
        </button>
      )}
    </section>
  );
}

/** What the rows are, in words. */
function words({ layer, of }: RowList, { layers }: QualityAnswer, lang: Lang): string {
  const key = `of_${of}`;
  if (key in vi) return sayIn(lang, key as Key);
  const finding = layers.find((one) => one.layer === layer)?.findings.find(({ kind }) => kind === of);
  return finding ? `${titleOf(finding.title, lang)} (${titleOf(finding.advice, lang)})` : of;
}

function Rows({ layer, list, rows }: { layer: LayerInfo; list: RowList; rows: readonly QualityRow[] }) {
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  const format = { lang, timeZone: catalogue.time_zone, yes: say('yes'), no: say('no') };
  const fields = shownFields(layer, list.of);
  const leftOut = rows.some(({ properties }) => 'finding' in properties);
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{say('id')}</th>
          {fields.map((field) => (
            <th key={field.name} scope="col">
              {titleOf(field.title, lang)}
            </th>
          ))}
          <th scope="col">{say(leftOut ? 'quality_what' : 'quality_where')}</th>
          <th scope="col">
            <span class="hidden">{say('quality_show')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={row.id ?? `row ${index}`}>
            <th scope="row">{row.id ?? '–'}</th>
            {fields.map((field) => (
              <td key={field.name} data-title={titleOf(field.title, lang)}>
                {value(field, row.properties[field.name], format) ?? '–'}
              </td>
            ))}
            <td data-title={say(leftOut ? 'quality_what' : 'quality_where')}>
              {String(row.properties.finding ?? row.properties.unit ?? say('outside'))}
            </td>
            <td>
              <Show layer={layer.id} row={row} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The first fields of a layer, and those that quality is told by. */
function shownFields(layer: LayerInfo, of: string) {
  const [share] = of.split('_');
  const told = share === 'time' || of === 'future_date' ? layer.time : layer.category;
  const first = layer.fields.filter(({ name }, index) => index === 0 || name === told || name === layer.time);
  const others = layer.fields.filter((field) => !first.includes(field));
  return [...first, ...others].slice(0, FIELDS);
}

function Show({ layer, row: { id, geometry } }: { layer: string; row: QualityRow }) {
  const session = useSession();
  const { say } = useSpeech();
  if (!geometry) return null;
  return (
    <button
      type="button"
      class="quiet"
      name="show"
      aria-label={`${say('quality_show')}: ${id}`}
      onClick={() => session.show(layer, geometry.coordinates)}
    >
      {say('quality_show')}
    </button>
  );
}
