import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { type Bound, partOf, POSITION, type Refusal } from '../draft';
import type { Editing } from '../edits';
import { number, titleOf, value } from '../format';
import { read, type Writing } from '../values';
import type { Field } from '../wire';
import { zoneName } from '../zone';
import { type Speech, useLive, useSession, useSpeech } from './page';

/** From this length on, letters, a text has room for several lines. */
const LONG_TEXT = 48;

/** A refusal in the page's language, as far as the server's words are in it. */
export function refused(refusal: Refusal, say: Speech['say']): string {
  return typeof refusal === 'string' ? say(refusal) : say('edit_refused', { said: refusal.said });
}

interface PartProps {
  editing: Editing;
  /** It is not as the server has it. */
  differs: boolean;
}

/** Where the feature is: moved on the map, or typed. */
export function PositionInput({ editing, differs }: PartProps) {
  const session = useSession();
  const { say } = useSpeech();
  const notes = useId();
  const move = useRef<HTMLButtonElement>(null);
  const { draft, placing, refusals } = editing;
  const placed = useRef(placing);
  useEffect(() => {
    // Back from the map.
    if (placed.current && !placing) move.current?.focus();
    placed.current = placing;
  }, [placing]);
  const axis = (name: 'lon' | 'lat', title: string) => (
    <label>
      <span>{title}</span>
      <input
        type="text"
        inputMode="decimal"
        autocomplete="off"
        name={name}
        value={draft[name]}
        aria-required="true"
        aria-invalid={POSITION in refusals}
        aria-describedby={notes}
        onInput={({ currentTarget }) => session.edits.typePlace({ [name]: currentTarget.value })}
      />
    </label>
  );
  return (
    <fieldset class="part" data-part={POSITION} data-differs={differs}>
      <legend>
        {say('edit_position')} <Star />
      </legend>
      <div class="pair">
        {axis('lon', say('edit_lon'))}
        {axis('lat', say('edit_lat'))}
      </div>
      <button type="button" name="move" ref={move} aria-pressed={placing} onClick={() => session.edits.move(!placing)}>
        {say(placing ? 'edit_moving' : 'edit_move')}
      </button>
      <Notes id={notes} name={POSITION} editing={editing} differs={differs} shown={(text) => text} />
    </fieldset>
  );
}

/** One field, by its type. */
export function FieldInput({ field, editing, differs }: PartProps & { field: Field }) {
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  const [input, notes] = [useId(), useId()];
  const { name } = field;
  const bound = editing.bounds[name];
  const writing = { lang, timeZone: catalogue.time_zone };
  return (
    <div class="part" data-part={name} data-differs={differs}>
      <label for={input}>
        {titleOf(field.title, lang)}
        {field.unit && <small> ({field.unit})</small>} {bound?.required && <Star />}
      </label>
      <Input id={input} notes={notes} field={field} editing={editing} />
      <Notes
        id={notes}
        name={name}
        editing={editing}
        differs={differs}
        shown={(text) => shownAs(field, text, writing, say)}
      >
        {hint(field, bound, writing, say)}
      </Notes>
    </div>
  );
}

function Star() {
  const { say } = useSpeech();
  return (
    <>
      <span aria-hidden="true">*</span>
      <span class="hidden">{say('edit_required')}</span>
    </>
  );
}

function Input({ id, notes, field, editing }: { id: string; notes: string; field: Field; editing: Editing }) {
  const session = useSession();
  const { say, lang } = useSpeech();
  const { name, type } = field;
  const text = partOf(editing.draft, name);
  const common = {
    id,
    name: `field-${name}`,
    'data-field': name,
    value: text,
    'aria-invalid': name in editing.refusals,
    'aria-required': editing.bounds[name]?.required ?? false,
    'aria-describedby': notes,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) => session.edits.type(name, currentTarget.value),
  };
  if (type === 'code' || type === 'boolean') {
    const options =
      type === 'code'
        ? (field.codes ?? []).map((code) => [code.code, titleOf(code, lang)])
        : [
            ['true', say('yes')],
            ['false', say('no')],
          ];
    // What is stored may be in no list; it stays unless something else is chosen.
    const known = text === '' || options.some(([code]) => code === text);
    return (
      <select {...common}>
        <option value="">{say('edit_no_value')}</option>
        {!known && <option value={text}>{say('edit_unknown_code', { code: text })}</option>}
        {options.map(([code, title]) => (
          <option key={code} value={code}>
            {title}
          </option>
        ))}
      </select>
    );
  }
  // Chosen by what was there first: an input that becomes another one while it is typed in would lose the focus.
  const before = partOf(editing.base, name);
  if (type === 'text' && (before.length > LONG_TEXT || /\n/.test(before))) return <textarea rows={3} {...common} />;
  switch (type) {
    case 'date':
      return <input type="date" {...common} />;
    case 'timestamp':
      return <input type="datetime-local" {...common} />;
    case 'integer':
    case 'real':
      return <input type="text" inputMode={type === 'real' ? 'decimal' : 'numeric'} autocomplete="off" {...common} />;
    default:
      return <input type="text" autocomplete="off" {...common} />;
  }
}

/** What a text of a field means, for people. */
function shownAs(field: Field, text: string, { lang, timeZone }: Writing, say: Speech['say']): string {
  const found = read(field, text, timeZone);
  if ('fault' in found) return text;
  return value(field, found.value, { lang, timeZone, yes: say('yes'), no: say('no') }) ?? say('edit_no_value');
}

/** What may be typed: bounds, and whose clock a time is read off. */
function hint(
  { type }: Field,
  bound: Bound | undefined,
  { lang, timeZone }: Writing,
  say: Speech['say'],
): string | null {
  if (type === 'timestamp') return say('edit_zone', { zone: zoneName(timeZone, new Date()) });
  const [min, max] = [bound?.min ?? null, bound?.max ?? null].map((one) => one !== null && number(one, lang, 6));
  if (min && max) return say('edit_between', { min, max });
  if (min) return say('edit_least', { min });
  return max ? say('edit_most', { max }) : null;
}

interface NotesProps extends PartProps {
  id: string;
  name: string;
  shown: (text: string) => string;
  children?: ComponentChildren;
}

/** What is to be known of a part: why it was refused, and what somebody else made of it. */
function Notes({ id, name, editing, differs, shown, children }: NotesProps) {
  const session = useSession();
  const { say } = useSpeech();
  const refusal = editing.refusals[name];
  const theirs = editing.theirs[name];
  return (
    <div id={id} class="notes">
      {children && <small>{children}</small>}
      {refusal && <p class="bad">{refused(refusal, say)}</p>}
      {theirs && differs && (
        <p class="theirs">
          {say('edit_theirs', { now: shown(partOf(editing.base, name)) })}{' '}
          <button type="button" class="quiet" name="take" onClick={() => session.edits.take(name)}>
            {say('edit_take')}
          </button>
        </p>
      )}
      {theirs && !differs && <p class="theirs">{say('edit_was', { was: shown(theirs.was) })}</p>}
    </div>
  );
}
