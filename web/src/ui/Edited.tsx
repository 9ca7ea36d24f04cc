import { useEffect, useRef } from 'preact/hooks';
import type { Done as DoneValue } from '../edits';
import { titleOf } from '../format';
import { useLive, useSession, useSpeech } from './page';

/** Says that the next click is a place, and the other ways to tell one. */
export function Placing() {
  const session = useSession();
  const { editing } = useLive();
  const { say } = useSpeech();
  return (
    <div class="placing" role="status">
      {editing?.placing && (
        <div class="word">
          <p>
            <b>{say(editing.step === 'placing' ? 'edit_place_new' : 'edit_place_move')}</b>{' '}
            <span class="keys">{say('edit_place_keys')}</span>
          </p>
          {editing.step === 'placing' && (
            <button type="button" name="type-place" onClick={() => session.edits.typeInstead()}>
              {say('edit_place_type')}
            </button>
          )}
          <button type="button" name="no-place" onClick={() => session.edits.move(false)}>
            {say('edit_cancel')}
          </button>
        </div>
      )}
    </div>
  );
}

/** What was written last, with the way back. */
export function Done() {
  const session = useSession();
  const { done } = useLive();
  const { say } = useSpeech();
  const last = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // The button that was pressed is gone, and the focus with it.
    if (done?.step === 'undone' && document.activeElement === document.body) last.current?.focus();
  }, [done?.step]);
  return (
    <div class="done" role="status">
      {done && (
        <div class="word" data-done={done.what} data-step={done.step}>
          <Words done={done} />
          {done.step !== 'undone' && done.batch !== null && (
            <button
              type="button"
              name="undo"
              disabled={done.step === 'undoing'}
              onClick={() => void session.edits.undo()}
            >
              {say(done.step === 'undoing' ? 'edit_undoing' : 'edit_undo')}
            </button>
          )}
          <button
            type="button"
            name="forget"
            ref={last}
            aria-label={say('close')}
            onClick={() => session.edits.forget()}
          >
            <span aria-hidden="true">✕</span>
          </button>
        </div>
      )}
    </div>
  );
}

function Words({ done: { what, step, layer, id, name, failure } }: { done: DoneValue }) {
  const { say, lang } = useSpeech();
  const about = { name: name ?? say('edit_id', { id: String(id) }), layer: titleOf(layer.title, lang) };
  return (
    <p>
      {step === 'undone' ? say('edit_undone', about) : say(`edit_${what}`, about)}
      {failure && <span class="bad"> {say('edit_not_undone', { why: failure })}</span>}
    </p>
  );
}
