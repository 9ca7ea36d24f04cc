import { titleOf } from '../format';
import type { Fault } from '../map/health';
import { type Key, say as sayIn } from '../text';
import type { Lang, LayerInfo } from '../wire';
import { useLive, useSession, useSpeech } from './page';

/** Says that something is loading; ends when the map is idle and all queries are answered. */
export function Loading() {
  const { busy, asking } = useLive();
  const { say } = useSpeech();
  const on = busy || asking > 0;
  return (
    <div class="loading" role="status" data-busy={on}>
      {on && (
        <>
          <span class="bar" />
          <span class="pill">{say('loading')}</span>
        </>
      )}
    </div>
  );
}

/** Says that changes on the server are not shown as they happen; faults say so in more words. */
export function Stale() {
  const { followed, faults } = useLive();
  const { say } = useSpeech();
  return (
    <div class="stale" role="status" data-stale={!followed}>
      {!followed && faults.size === 0 && <span class="pill">{say('stale')}</span>}
    </div>
  );
}

/** Names what could not be loaded, until it can be. */
export function Faults() {
  const session = useSession();
  const { faults, catalogue } = useLive();
  const { say, lang } = useSpeech();
  if (faults.size === 0) return null;
  const names = [...faults.values()].map((fault) => faultName(fault, catalogue.layers, lang));
  return (
    <div class="banner" role="alert">
      <p>
        <b>{say('failed', { names: names.join(', ') })}</b> {say('retrying')}
      </p>
      <button type="button" onClick={() => void session.health.retry()}>
        {say('retry')}
      </button>
    </div>
  );
}

/** `Vụ việc (máy chủ báo lỗi 503)`. */
export function faultName({ subject, status }: Fault, layers: readonly LayerInfo[], lang: Lang): string {
  const why = status === null ? sayIn(lang, 'away') : sayIn(lang, 'status', { status: String(status) });
  const layer = layers.find(({ id }) => id === subject);
  const name = layer ? titleOf(layer.title, lang) : sayIn(lang, subjectKey(subject));
  return `${name} (${why})`;
}

function subjectKey(subject: string): Key {
  switch (subject) {
    case 'subject_layers':
    case 'subject_count':
    case 'subject_locate':
    case 'subject_nearest':
    case 'subject_search':
    case 'subject_matched':
      return subject;
    default:
      return 'subject_units';
  }
}
