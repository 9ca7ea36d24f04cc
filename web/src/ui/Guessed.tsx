import { number, titleOf } from '../format';
import { remapped } from '../imports';
import type { ColumnGuess, Guess, ImportReport, Mapping } from '../wire';
import { useLive, useSession, useSpeech } from './page';

/** Reference systems that senders in the province use; any other can be typed. */
const SYSTEMS = ['EPSG:4326', 'EPSG:4756', 'EPSG:5898', 'EPSG:9216', 'EPSG:3405', 'EPSG:3406'];
const ENCODINGS = ['utf-8', 'windows-1258', 'tcvn3', 'vni', 'utf-16le', 'utf-16be', 'windows-1252'];

/** How a file is understood, to be corrected: its reference system, each column, and the first rows. */
export function Guessed({ report, layer }: { report: ImportReport; layer: string }) {
  const session = useSession();
  const { say, lang } = useSpeech();
  const guess = report.guesses[0];
  if (!guess) return null;
  const change = (mapping: Mapping) => void session.imports.again({ mapping });
  const about = { format: guess.format, rows: number(report.rows, lang), crs: guess.crs };
  return (
    <section class="guess">
      <h3>{say('import_understood')}</h3>
      <p class="note">{say('import_format', about)}</p>
      <Reading guess={guess} change={change} />
      <table>
        <thead>
          <tr>
            <th>{say('import_column')}</th>
            <th>{say('import_goes_into')}</th>
            <th>{say('import_examples')}</th>
          </tr>
        </thead>
        <tbody>
          {guess.columns.map((column) => (
            <Column key={column.name} column={column} layer={layer} mapping={guess.mapping} change={change} />
          ))}
        </tbody>
      </table>
      <First report={report} />
    </section>
  );
}

function Reading({ guess, change }: { guess: Guess; change: (mapping: Mapping) => void }) {
  const { say } = useSpeech();
  const { mapping } = guess;
  const systems = SYSTEMS.includes(guess.crs) ? SYSTEMS : [guess.crs, ...SYSTEMS];
  return (
    <div class="reading">
      <label>
        {say('import_crs')}
        <select
          name="crs"
          value={guess.crs}
          onChange={({ currentTarget }) => change({ ...mapping, crs: currentTarget.value })}
        >
          {systems.map((system) => (
            <option key={system} value={system}>
              {system}
            </option>
          ))}
        </select>
      </label>
      <label>
        {say('import_encoding')}
        <select
          name="encoding"
          value={mapping.encoding ?? ''}
          onChange={({ currentTarget }) => {
            const { encoding: _, ...others } = mapping;
            change(currentTarget.value ? { ...others, encoding: currentTarget.value } : others);
          }}
        >
          <option value="">{say('import_guessed')}</option>
          {ENCODINGS.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Column({
  column,
  layer,
  mapping,
  change,
}: {
  column: ColumnGuess;
  layer: string;
  mapping: Mapping;
  change: (mapping: Mapping) => void;
}) {
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  const fields = catalogue.layers.find(({ id }) => id === layer)?.fields ?? [];
  const into = column.goes_into[0] ?? '';
  return (
    <tr data-column={column.name}>
      <th scope="row">{column.name}</th>
      <td>
        <select
          aria-label={`${say('import_goes_into')}: ${column.name}`}
          value={into}
          data-certain={column.is_certain}
          onChange={({ currentTarget }) => change(remapped(mapping, column.name, currentTarget.value))}
        >
          <option value="">{say('import_left_out')}</option>
          <option value="id">{say('id')}</option>
          <option value="source_id">{say('import_key')}</option>
          <option value="x">{say('import_easting')}</option>
          <option value="y">{say('import_northing')}</option>
          {into === 'x,y' && <option value="x,y">{say('import_position')}</option>}
          {fields.map((field) => (
            <option key={field.name} value={field.name}>
              {titleOf(field.title, lang)}
            </option>
          ))}
        </select>
      </td>
      <td class="examples">{column.examples.slice(0, 3).join(' · ')}</td>
    </tr>
  );
}

function First({ report }: { report: ImportReport }) {
  const { say } = useSpeech();
  const rows = report.first_rows;
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.values)))];
  if (rows.length === 0) return null;
  return (
    <details class="first">
      <summary>{say('import_first')}</summary>
      <table>
        <thead>
          <tr>
            {[say('import_line'), say('id'), 'lon', 'lat', ...names].map((name) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.line}>
              <td>{row.line}</td>
              <td>{row.id}</td>
              <td>{row.lon.toFixed(6)}</td>
              <td>{row.lat.toFixed(6)}</td>
              {names.map((name) => (
                <td key={name}>{row.values[name]}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
