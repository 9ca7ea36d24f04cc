import { useEffect, useId, useRef } from 'preact/hooks';
import { changed, nameOf, POSITION } from '../draft';
import type { Editing } from '../edits';
import { titleOf } from '../format';
import { keepWho, keptWho, MOST_WHO } from '../who';
import { Ask } from './Ask';
import { FieldInput, PositionInput, refused } from './EditField';
import { LaggingNote } from './Lagging';
import { useLive, useSession, useSpeech } from './page';

/** The form of a feature that is added or corrected. It lies over the panel, beside the map that its place is shown on. */
export function Edit() {
  const { editing } = useLive();
  return editing && editing.step !== 'placing' && <Form editing={editing} />;
}

function Form({ editing }: { editing: Editing }) {
  const session = useSession();
  const { say, lang } = useSpeech();
  const form = useRef<HTMLFormElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const { layer, id, step, placing } = editing;
  useEffect(() => {
    title.current?.focus();
    // Later: while a question is open, nothing else can have the focus.
    return () => setTimeout(() => document.querySelector<HTMLElement>('.maplibregl-canvas')?.focus());
  }, []);
  // To what is wrong, once that is drawn.
  const after = (saving: Promise<void>) =>
    void saving.then(() => setTimeout(() => (form.current ? focusFault(form.current) : undefined)));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    after(session.edits.save(unfinished(event.currentTarget as HTMLFormElement)));
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented || editing.asking) return;
    event.preventDefault();
    if (placing) session.edits.move(false);
    else session.edits.leave();
  };
  return (
    <section
      class="edit"
      role="dialog"
      aria-labelledby="edit-title"
      data-step={step}
      data-placing={placing}
      onKeyDown={onKey}
    >
      <div class="title">
        <h2 id="edit-title" tabIndex={-1} ref={title}>
          {say(id === null ? 'edit_adding' : 'edit_correcting', { layer: titleOf(layer.title, lang) })}{' '}
          {id !== null && <small>{say('edit_id', { id: String(id) })}</small>}
        </h2>
        <button
          type="button"
          class="quiet"
          name="close"
          aria-label={say('close')}
          onClick={() => session.edits.leave()}
        >
          <span aria-hidden="true">✕</span>
        </button>
      </div>
      <form ref={form} noValidate onSubmit={submit} aria-busy={step === 'saving'}>
        <div class="body" inert={step === 'saving'}>
          <Lags editing={editing} />
          <Failure editing={editing} />
          {step === 'reading' && (
            <p class="note" role="status">
              {say('edit_reading')} <progress />
            </p>
          )}
          {(step === 'open' || step === 'saving') && <Parts editing={editing} />}
        </div>
        <Buttons editing={editing} />
      </form>
      <Questions editing={editing} remove={() => after(session.edits.remove())} />
    </section>
  );
}

function focusFault(form: HTMLElement): void {
  const fault = form.querySelector<HTMLElement>('[aria-invalid="true"]') ?? form.querySelector<HTMLElement>('.failure');
  fault?.focus();
}

/** Inputs of which only a part is filled in, such as the day of a date: to the page their value is empty. */
function unfinished(form: HTMLFormElement): string[] {
  const inputs = [...form.elements].filter((element) => element instanceof HTMLInputElement);
  return inputs.filter(({ validity }) => validity.badInput).map((input) => input.dataset.field ?? '');
}

function Lags({ editing: { layer } }: { editing: Editing }) {
  const { catalogue } = useLive();
  const now = catalogue.layers.find(({ id }) => id === layer.id);
  return now && <LaggingNote layer={now} />;
}

function Failure({ editing: { failure, step } }: { editing: Editing }) {
  const session = useSession();
  const { say } = useSpeech();
  if (!failure) return null;
  return (
    <div class="failure" role="alert" tabIndex={-1}>
      <p>{step === 'unread' ? say('edit_unread', { why: refused(failure, say) }) : refused(failure, say)}</p>
      {step === 'unread' && (
        <button type="button" name="again" onClick={() => void session.edits.again()}>
          {say('retry')}
        </button>
      )}
    </div>
  );
}

function Parts({ editing }: { editing: Editing }) {
  const { catalogue } = useLive();
  const { say } = useSpeech();
  const { layer, base, draft } = editing;
  const differs = changed(layer.fields, base, draft, catalogue.time_zone);
  return (
    <>
      <p class="note">{say('edit_required_note')}</p>
      <PositionInput editing={editing} differs={differs.includes(POSITION)} />
      {layer.fields.map((field) => (
        <FieldInput key={field.name} field={field} editing={editing} differs={differs.includes(field.name)} />
      ))}
      <Who />
    </>
  );
}

function Who() {
  const { say } = useSpeech();
  const note = useId();
  return (
    <div class="part who">
      <label>
        <span>{say('edit_who')}</span>
        <input
          type="text"
          name="who"
          autocomplete="name"
          maxLength={MOST_WHO}
          defaultValue={keptWho()}
          aria-describedby={note}
          onInput={({ currentTarget }) => keepWho(currentTarget.value)}
        />
      </label>
      <small id={note}>{say('edit_who_note')}</small>
    </div>
  );
}

function Buttons({ editing: { id, step } }: { editing: Editing }) {
  const session = useSession();
  const { say } = useSpeech();
  const busy = step !== 'open';
  return (
    <div class="buttons">
      {id !== null && (
        <button
          type="button"
          class="quiet bad"
          name="remove"
          disabled={busy}
          onClick={() => session.edits.ask('remove')}
        >
          {say('edit_remove')}
        </button>
      )}
      <span class="grow" />
      <button type="button" name="cancel" disabled={step === 'saving'} onClick={() => session.edits.leave()}>
        {say('edit_cancel')}
      </button>
      <button type="submit" class="main" name="save" disabled={busy}>
        {say(step === 'saving' ? 'edit_saving' : 'edit_save')}
      </button>
    </div>
  );
}

/** What is asked before something is lost. */
function Questions({ editing, remove }: { editing: Editing; remove: () => void }) {
  const session = useSession();
  const { say, lang } = useSpeech();
  const { asking, layer, id, base } = editing;
  const stay = () => session.edits.ask(null);
  if (asking === 'leave') {
    const words = { question: say('edit_leave_ask'), yes: say('edit_leave_yes'), no: say('edit_leave_no') };
    return <Ask name="leave" {...words} agreed={() => session.edits.close()} refused={stay} />;
  }
  if (asking !== 'remove') return null;
  const name = nameOf(layer.fields, base) ?? say('edit_id', { id: String(id) });
  const question = say('edit_remove_ask', { name, layer: titleOf(layer.title, lang), id: String(id) });
  const words = { question, yes: say('edit_remove_yes'), no: say('edit_remove_no') };
  return <Ask name="remove" {...words} agreed={remove} refused={stay} />;
}
