import { useEffect, useId, useState } from 'preact/hooks';
import {
  asDay,
  changed,
  type Condition,
  filterable,
  fits,
  isNumber,
  kindOf,
  MOST_LETTERS,
  read,
  readTyped,
  write,
} from '../filters';
import { titleOf } from '../format';
import type { Key } from '../text';
import { typed } from '../values';
import type { Field, LayerInfo } from '../wire';
import { useMatched } from './Filtered';
import { useChoices, useLive, useSession, useSpeech } from './page';
import { Swatch } from './Swatch';

/** What is asked of each field of a layer. Choices apply at once, what is typed on Enter or when its input is left. */
export function FilterForm({ id, layer }: { id: string; layer: LayerInfo }) {
  const session = useSession();
  const { filters } = useChoices();
  const { say, lang } = useSpeech();
  const matched = useMatched(layer);
  const [isTooLong, setTooLong] = useState(false);
  const ask = (field: Field) => (text: string) => {
    const next = changed(session.choices.value.filters, layer.id, field.name, text);
    const fit = fits(layer, next[layer.id] ?? {});
    setTooLong(!fit);
    if (fit) session.choices.set({ filters: next });
  };
  return (
    <form
      id={id}
      class="filter"
      aria-label={say('filter_of', { layer: titleOf(layer.title, lang) })}
      onSubmit={(event) => event.preventDefault()}
    >
      {filterable(layer).map((field) => {
        const text = filters[layer.id]?.[field.name];
        const props = { layer, field, condition: read(field, text), ask: ask(field) };
        const Part = PARTS[kindOf(field)];
        return <Part key={field.name} {...props} />;
      })}
      {isTooLong && (
        <p class="note bad" role="alert">
          {say('filter_too_long')}
        </p>
      )}
      <p class="note" role="status">
        {matched && say('filter_matched', matched)}
      </p>
    </form>
  );
}

interface PartProps {
  layer: LayerInfo;
  field: Field;
  condition: Condition | null;
  /** Asks something else of the field, as the address has it. */
  ask: (text: string) => void;
}

const PARTS = { codes: Codes, range: Range, truth: Truth, piece: Piece };

function Codes({ layer, field, condition, ask }: PartProps) {
  const { lang } = useSpeech();
  const chosen = condition?.kind === 'codes' ? condition.codes : [];
  // As it was first: a list that closes with the last choice in it would be gone from under the pointer.
  const [open] = useState(chosen.length > 0 || field.name === layer.category);
  const title = titleOf(field.title, lang);
  const toggle = (code: string) => {
    const codes = chosen.includes(code) ? chosen.filter((one) => one !== code) : [...chosen, code];
    ask(write({ kind: 'codes', codes }));
  };
  return (
    <details open={open} data-filter={field.name}>
      <summary>
        {title}{' '}
        <span class="badge" hidden={chosen.length === 0}>
          {chosen.length}
        </span>
      </summary>
      <fieldset aria-label={title}>
        {field.codes?.map((code) => (
          <label key={code.code} class="key">
            <input
              type="checkbox"
              value={code.code}
              checked={chosen.includes(code.code)}
              onChange={() => toggle(code.code)}
            />
            {code.colour && <Swatch symbol={layer.symbol} colour={code.colour} />}
            {titleOf(code, lang)}
          </label>
        ))}
      </fieldset>
    </details>
  );
}

function Truth({ field, condition, ask }: PartProps) {
  const { say, lang } = useSpeech();
  const now = condition ? write(condition) : '';
  const choices: [string, Key][] = [
    ['', 'filter_any'],
    ['yes', 'yes'],
    ['no', 'no'],
  ];
  const title = titleOf(field.title, lang);
  return (
    <div class="part" data-filter={field.name}>
      <span>{title}</span>
      <fieldset class="segments" aria-label={title}>
        {choices.map(([text, key]) => (
          <button key={key} type="button" value={text} aria-pressed={now === text} onClick={() => ask(text)}>
            {say(key)}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

function Piece({ field, condition, ask }: PartProps) {
  const { say, lang } = useSpeech();
  const [text, type] = useTyped(condition?.kind === 'piece' ? condition.piece : '');
  return (
    <label class="part" data-filter={field.name}>
      <span>
        {titleOf(field.title, lang)} <small>{say('filter_contains')}</small>
      </span>
      <input
        type="text"
        autocomplete="off"
        enterKeyHint="search"
        maxLength={MOST_LETTERS}
        value={text}
        onInput={({ currentTarget }) => type(currentTarget.value)}
        onChange={({ currentTarget }) => ask(currentTarget.value.trim())}
      />
    </label>
  );
}

/** Numbers as they are written in the language, or days. */
function Range({ field, condition, ask }: PartProps) {
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  const writing = { lang, timeZone: catalogue.time_zone };
  const shown = (end: string | null) => typed(asDay(field), end, writing);
  const range = condition?.kind === 'range' ? condition : { from: null, to: null };
  const [from, typeFrom] = useTyped(shown(range.from));
  const [to, typeTo] = useTyped(shown(range.to));
  const [fault, setFault] = useState<Key | null>(null);
  useEffect(() => setFault(null), [range.from, range.to]);
  const note = useId();
  const take = () => {
    const found = readTyped(field, [from, to], writing.timeZone);
    setFault('fault' in found ? found.fault : null);
    if ('value' in found) ask(found.value);
  };
  const end = (name: Key, text: string, type: (text: string) => void) => {
    const props = {
      value: text,
      'aria-invalid': fault !== null,
      'aria-describedby': note,
      onInput: ({ currentTarget }: { currentTarget: { value: string } }) => type(currentTarget.value),
      onChange: take,
    };
    const inputMode = field.type === 'integer' ? 'numeric' : 'decimal';
    return (
      <label>
        <span>{say(name)}</span>
        {isNumber(field) ? (
          <input type="text" inputMode={inputMode} autocomplete="off" enterKeyHint="search" {...props} />
        ) : (
          <input type="date" {...props} />
        )}
      </label>
    );
  };
  return (
    <fieldset class="part" data-filter={field.name}>
      <legend>
        {titleOf(field.title, lang)}
        {field.unit && <small> ({field.unit})</small>}
      </legend>
      <div class="pair">
        {end('filter_from', from, typeFrom)}
        {end('filter_to', to, typeTo)}
      </div>
      <p id={note} class="note bad" role="alert">
        {fault && say(fault)}
      </p>
    </fieldset>
  );
}

/** What stands in an input until it is taken; anew where something else is chosen. */
function useTyped(chosen: string): [string, (text: string) => void] {
  const [text, type] = useState(chosen);
  const [before, setBefore] = useState(chosen);
  // Not in an effect, which could come after the first letter.
  if (before !== chosen) {
    setBefore(chosen);
    type(chosen);
  }
  return [text, type];
}
