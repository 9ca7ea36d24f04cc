import { useEffect, useRef } from 'preact/hooks';
import { QUALITY_TABLE } from '../api';
import { day, instant, number, percent, titleOf } from '../format';
import { findings, type Part, parts, type QualityView, SHARES, type Share, standing } from '../quality';
import type { Key } from '../text';
import type { LayerQuality, Counted } from '../wire';
import { useLive, useSession, useSpeech } from './page';
import { QualityRows } from './QualityRows';

/** Of a hundred: the least part of a bar that is drawn. */
const LEAST_WIDTH = 5;

/** For the owners of layers: how old the rows are, what they lack, and which ones those are. */
export function Quality() {
  const { quality } = useLive();
  return quality && <Dialogue view={quality} />;
}

function Dialogue({ view }: { view: QualityView }) {
  const session = useSession();
  const { say, lang } = useSpeech();
  const dialog = useRef<HTMLDialogElement>(null);
  const { answer, failure, list } = view;
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  return (
    <dialog class="quality" ref={dialog} aria-labelledby="quality-title" onClose={() => session.quality.close()}>
      <header>
        <h2 id="quality-title">{say('quality')}</h2>
        <button type="button" name="close" onClick={() => session.quality.close()}>
          {say('close')}
        </button>
      </header>
      <div class="body">
        {failure && (
          <p class="bad" role="alert">
            {say('quality_failed', { why: failure })}
          </p>
        )}
        {!answer && !failure && (
          <p class="note" role="status">
            {say('quality_asking')} <progress />
          </p>
        )}
        {answer && list && <QualityRows list={list} answer={answer} />}
        {answer && !list && (
          <>
            <p class="note">
              {say('quality_note', { date: day(answer.today, lang) })}{' '}
              <a href={QUALITY_TABLE} download={`quality-${answer.today}.csv`}>
                {say('quality_csv')}
              </a>
            </p>
            <Table layers={answer.layers} />
          </>
        )}
      </div>
    </dialog>
  );
}

function Table({ layers }: { layers: LayerQuality[] }) {
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  const groups = catalogue.departments
    .map(({ id, title }) => ({ id, title, layers: layers.filter(({ layer }) => layer.startsWith(`${id}.`)) }))
    .filter((group) => group.layers.length > 0);
  return (
    <table class="shares">
      <caption class="hidden">{say('quality')}</caption>
      <thead>
        <tr>
          <th scope="col">{say('quality_layer')}</th>
          <th scope="col">{say('quality_updated')}</th>
          <th scope="col" class="count">
            {say('quality_rows')}
          </th>
          {SHARES.map((share) => (
            <th key={share} scope="col">
              {say(`quality_${share}`)}
            </th>
          ))}
          <th scope="col">{say('quality_findings')}</th>
        </tr>
      </thead>
      {groups.map(({ id, title, layers: own }) => (
        <tbody key={id}>
          <tr class="group">
            <th scope="rowgroup" colSpan={8}>
              {titleOf(title, lang)}
            </th>
          </tr>
          {own.map((layer) => (
            <Line key={layer.layer} layer={layer} />
          ))}
        </tbody>
      ))}
    </table>
  );
}

function Line({ layer }: { layer: LayerQuality }) {
  const { say, lang } = useSpeech();
  const shares = parts(layer);
  return (
    <tr data-layer={layer.layer}>
      <th scope="row">{titleOf(layer.title, lang)}</th>
      <td data-title={say('quality_updated')}>
        <Updated layer={layer} />
      </td>
      <td data-title={say('quality_rows')} class="count">
        {number(layer.rows, lang)}
      </td>
      {SHARES.map((share) => {
        const found = shares.find((one) => one.share === share);
        return (
          <td key={share} data-title={say(`quality_${share}`)} data-share={share}>
            {found ? <Bar layer={layer} share={share} parts={found.parts} /> : <Nothing />}
          </td>
        );
      })}
      <td data-title={say('quality_findings')} class="findings">
        <Findings layer={layer} />
      </td>
    </tr>
  );
}

function Nothing() {
  const { say } = useSpeech();
  return (
    <span class="note" title={say('quality_no_field')}>
      <span aria-hidden="true">–</span>
      <span class="hidden">{say('quality_no_field')}</span>
    </span>
  );
}

function Updated({ layer }: { layer: LayerQuality }) {
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  const at = (text: string) => instant(text, lang, catalogue.time_zone);
  const { last_updated, last_confirmed, update_days } = layer;
  const stand = standing(layer, new Date());
  const badge =
    stand.kind === 'late'
      ? say('quality_late', { days: number(stand.days, lang) })
      : stand.kind === 'empty'
        ? say('quality_empty')
        : stand.kind === 'fresh'
          ? say('quality_fresh')
          : null;
  return (
    <>
      <span class="when">{last_updated ? at(last_updated) : say('quality_never')}</span>{' '}
      {badge && (
        <span class="standing" data-standing={stand.kind}>
          {badge}
        </span>
      )}
      <small>
        {update_days === null
          ? say('quality_unpromised')
          : say('quality_promised', { days: number(update_days, lang) })}
        {last_confirmed &&
          last_confirmed !== last_updated &&
          `; ${say('quality_confirmed', { time: at(last_confirmed) })}`}
      </small>
    </>
  );
}

/** How much of a layer has something: a bar, the share, and the rest as numbers that open their rows. */
function Bar({ layer, share, parts: all }: { layer: LayerQuality; share: Share; parts: Part[] }) {
  const { lang } = useSpeech();
  const good = all.find(({ tone }) => tone === 'good');
  const rest = all.filter(({ tone, number: { count } }) => tone !== 'good' && count > 0);
  // Drawn as a picture: the page's policy allows no style that is written into elements.
  let from = 0;
  const drawn = all.map(({ of, tone, number: { share: part } }) => {
    // Few of very many are seen all the same.
    const width = part ? Math.max(LEAST_WIDTH, 100 * part) : 0;
    const x = from;
    from += width;
    return <rect key={of} class={tone} x={x} width={width} height="8" />;
  });
  const whole = `0 0 ${Math.max(from, 1)} 8`;
  return (
    <>
      <span class="share">
        <svg viewBox={whole} preserveAspectRatio="none" aria-hidden="true" data-share={share}>
          {drawn}
        </svg>
        {good && <Count layer={layer} of={good.of} count={good.number} text={shareText(good.number, lang)} />}
      </span>
      {rest.map(({ of, number: count }) => (
        <Count key={of} layer={layer} of={of} count={count} />
      ))}
    </>
  );
}

function shareText({ share }: Counted, lang: 'vi' | 'en'): string {
  return share === null ? '–' : percent(share, lang);
}

/** A number that opens its rows. */
function Count({
  layer,
  of,
  count,
  text,
  what,
}: {
  layer: LayerQuality;
  of: string;
  count: Counted;
  text?: string;
  what?: string;
}) {
  const session = useSession();
  const last = useLive().quality?.last;
  const { say, lang } = useSpeech();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (last?.layer === layer.layer && last.of === of) button.current?.focus();
  }, []);
  const words = what ?? say(`of_${of}` as Key);
  const shown = text ?? `${number(count.count, lang)} ${words}`;
  if (count.count === 0) return <span class="zero">{shown}</span>;
  const label = say('quality_list_of', {
    count: number(count.count, lang),
    what: words,
    layer: titleOf(layer.title, lang),
  });
  return (
    <button
      type="button"
      class="quiet"
      ref={button}
      data-of={of}
      data-count={count.count}
      aria-label={label}
      title={label}
      onClick={() => void session.quality.list(layer.layer, of, count)}
    >
      {shown}
    </button>
  );
}

function Findings({ layer }: { layer: LayerQuality }) {
  const { say, lang } = useSpeech();
  const { told, said } = findings(layer);
  return (
    <>
      {told.map((finding) => (
        <Count key={finding.kind} layer={layer} of={finding.kind} count={finding} what={titleOf(finding.title, lang)} />
      ))}
      {told.length === 0 && <span class="note">{say(said ? 'quality_said' : 'quality_none')}</span>}
    </>
  );
}
