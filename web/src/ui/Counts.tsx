import { useRef } from 'preact/hooks';
import { countTable } from '../api';
import { classes, colourFor } from '../breaks';
import { interval } from '../days';
import { day, number, titleOf } from '../format';
import { isRead } from '../lagging';
import type { Counts as CountsValue } from '../live';
import type { CountRow } from '../wire';
import { ClearFilter, Filtered, FilterWords } from './Filtered';
import { LaggingNote } from './Lagging';
import { CountClasses } from './Legend';
import { useChoices, useLive, useSession, useSpeech } from './page';

/** Which layer is counted by commune, with totals, what lies outside, and the whole table. */
export function Counts() {
  const session = useSession();
  const { catalogue, counts } = useLive();
  const choices = useChoices();
  const { count } = choices;
  const { say, lang } = useSpeech();
  const layer = catalogue.layers.find(({ id }) => id === count);
  const untimed = interval(choices) && layer && !layer.time;
  const select = useRef<HTMLSelectElement>(null);
  return (
    <section class="card">
      <h2>{say('counts')}</h2>
      <label class="line">
        <span class="hidden">{say('count_layer')}</span>
        <select
          name="count"
          ref={select}
          value={count ?? ''}
          onChange={({ currentTarget }) => session.choices.set({ count: currentTarget.value || null })}
        >
          <option value="">{say('none')}</option>
          {catalogue.departments.map((department) => {
            const layers = catalogue.layers.filter((layer) => layer.department === department.id);
            return (
              layers.length > 0 && (
                <optgroup key={department.id} label={titleOf(department.title, lang)}>
                  {layers.map((layer) => (
                    <option key={layer.id} value={layer.id}>
                      {titleOf(layer.title, lang)}
                    </option>
                  ))}
                </optgroup>
              )
            );
          })}
        </select>
      </label>
      {untimed && <p class="note">{say('no_time')}</p>}
      {layer && <LaggingNote layer={layer} />}
      {layer && (
        <div class="filtering">
          <Filtered layer={layer} />
          <ClearFilter layer={layer} after={() => select.current?.focus()} />
          <FilterWords layer={layer} />
        </div>
      )}
      {layer && isRead(layer) && !counts && <p class="note">{say('counting')}</p>}
      {count && counts && <Totals counts={counts} />}
    </section>
  );
}

function isUnit({ commune }: CountRow): boolean {
  return commune !== null && commune !== 'near' && commune !== 'outside';
}

function Totals({ counts }: { counts: CountsValue }) {
  const { say, lang } = useSpeech();
  const { rows, total } = counts.answer;
  const units = rows
    .filter(isUnit)
    .sort((a, b) => b.count - a.count || (a.commune ?? '').localeCompare(b.commune ?? ''));
  const among = classes(units.map((row) => row.count));
  const sum = (some: CountRow[]) =>
    number(
      some.reduce((all, row) => all + row.count, 0),
      lang,
    );
  const lines: [string, string, string][] = [
    ['total', say('total'), number(total, lang)],
    ['units', say('in_communes'), sum(units)],
    ['near', say('near'), sum(rows.filter(({ commune }) => commune === 'near'))],
    ['outside', say('outside'), sum(rows.filter(({ commune }) => commune === 'outside'))],
  ];
  return (
    <>
      <p class="note">{counts.stale ? say('counting') : say('as_of_units', { date: day(counts.as_of, lang) })}</p>
      <div class="numbers" data-stale={counts.stale}>
        <CountClasses counts={counts} />
        <dl class="totals">
          {lines.map(([key, title, value]) => (
            <div key={key} data-count={key}>
              <dt>{title}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <details class="table">
          <summary>{say('table')}</summary>
          <table>
            <tbody>
              {units.map((row) => (
                <tr key={row.commune}>
                  <td>
                    <span class="box" style={{ background: colourFor(row.count, among) }} />
                  </td>
                  <th scope="row">
                    {row.commune_name ?? row.commune} <small>{row.commune}</small>
                  </th>
                  <td class="count">{number(row.count, lang)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
        <a
          href={countTable(counts)}
          download={`${counts.layer}-${counts.as_of}${counts.filter ? '-filtered' : ''}.csv`}
        >
          {say('csv')}
        </a>
      </div>
    </>
  );
}
