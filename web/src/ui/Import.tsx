import { useEffect, useRef } from 'preact/hooks';
import { number, titleOf } from '../format';
import type { Importing } from '../imports';
import { Findings } from './Findings';
import { Guessed } from './Guessed';
import { useLive, useSession, useSpeech } from './page';

/** The dialogue of a file: how it is understood, what is wrong with it, and the ways to correct, write and undo. */
export function Import() {
  const { importing } = useLive();
  return importing && <Dialogue importing={importing} />;
}

function Dialogue({ importing }: { importing: Importing }) {
  const session = useSession();
  const { say } = useSpeech();
  const dialog = useRef<HTMLDialogElement>(null);
  const { step, report, failure } = importing;
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  const close = () => session.imports.close();
  return (
    <dialog class="import" ref={dialog} data-step={step} aria-label={say('import')} onClose={close}>
      <h2>
        {say('import')} <small>{importing.file.name}</small>
      </h2>
      <Target importing={importing} />
      <div class="body" aria-live="polite">
        {failure && (
          <p class="bad" role="alert">
            {failure}
          </p>
        )}
        <Progress importing={importing} />
        {report && step === 'looked' && (
          <>
            <Refusals refusals={report.refusals} />
            <Findings report={report} />
            <Guessed report={report} layer={importing.layer} />
          </>
        )}
        {report && (step === 'written' || step === 'undoing') && <Done report={report} />}
        {step === 'undone' && <p>{say('import_undone')}</p>}
      </div>
      <Buttons importing={importing} close={close} />
    </dialog>
  );
}

/** The layer that the file goes into. */
function Target({ importing }: { importing: Importing }) {
  const session = useSession();
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  return (
    <label class="line">
      <span>{say('import_into')}</span>
      <select
        name="import-layer"
        value={importing.layer}
        disabled={importing.step !== 'looked'}
        onChange={({ currentTarget }) => void session.imports.again({ layer: currentTarget.value })}
      >
        {catalogue.layers.map((layer) => (
          <option key={layer.id} value={layer.id}>
            {titleOf(layer.title, lang)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Progress({ importing: { step, progress } }: { importing: Importing }) {
  const { say, lang } = useSpeech();
  if (step !== 'looking' && step !== 'writing' && step !== 'undoing') return null;
  const key = step === 'looking' ? 'import_looking' : step === 'writing' ? 'import_writing' : 'import_undoing';
  return (
    <p class="note" role="status">
      {say(key)} {progress && say('import_rows_read', { count: number(progress.rows, lang) })}
      <progress />
    </p>
  );
}

function Refusals({ refusals }: { refusals: string[] }) {
  const { say } = useSpeech();
  if (refusals.length === 0) return null;
  return (
    <div class="bad" role="alert">
      <h3>{say('import_refused')}</h3>
      {refusals.map((refusal) => (
        <p key={refusal}>{refusal}</p>
      ))}
    </div>
  );
}

function Done({ report }: { report: NonNullable<Importing['report']> }) {
  const { say, lang } = useSpeech();
  const shown = (count: number | null) => number(count ?? 0, lang);
  const { added, changed, unchanged, rejected } = report;
  return (
    <>
      <p>
        {say('import_done', {
          added: shown(added),
          changed: shown(changed),
          unchanged: shown(unchanged),
          rejected: shown(rejected),
        })}
      </p>
      <Findings report={report} />
    </>
  );
}

function Buttons({ importing, close }: { importing: Importing; close: () => void }) {
  const session = useSession();
  const { say, lang } = useSpeech();
  const { step, report } = importing;
  const usable = report ? report.rows - report.rejected : 0;
  const ready = step === 'looked' && report !== null && report.refusals.length === 0 && usable > 0;
  const ended = step === 'written' || step === 'undone';
  return (
    <div class="buttons">
      {report && report.rejected > 0 && (step === 'looked' || step === 'written') && (
        <button type="button" class="quiet" name="rejects" onClick={() => void session.imports.rejects()}>
          {say('import_rejects', { count: number(report.rejected, lang) })}
        </button>
      )}
      {step === 'written' && report?.batch && (
        <button type="button" class="quiet" name="undo" onClick={() => void session.imports.undo()}>
          {say('import_undo')}
        </button>
      )}
      <button type="button" name="close" onClick={close}>
        {say(ended ? 'close' : 'import_cancel')}
      </button>
      {!ended && (
        <button type="button" class="main" name="write" disabled={!ready} onClick={() => void session.imports.write()}>
          {say('import_write', { count: number(usable, lang) })}
        </button>
      )}
    </div>
  );
}
