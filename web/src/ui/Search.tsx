import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { distance, titleOf } from '../format';
import { formerly, hitView } from '../hits';
import type { Hit, SearchAnswer } from '../wire';
import { useLive, useSession, useSpeech } from './page';
import { Swatch } from './Swatch';

/** After the last key, milliseconds: whoever types quickly asks once. */
const PAUSE_MS = 120;

/** Finds units and features by name, while it is typed. Arrows choose, Enter goes there, Escape ends. */
export function Search() {
  const session = useSession();
  const { say } = useSpeech();
  const [text, setText] = useState('');
  const [answer, setAnswer] = useState<SearchAnswer | null>(null);
  const [chosen, setChosen] = useState(0);
  const [open, setOpen] = useState(false);
  const list = useId();
  const latest = useRef('');
  latest.current = text;
  useEffect(() => {
    if (!/[\p{L}\p{N}]/u.test(text)) {
      setAnswer(null);
      return;
    }
    const timer = setTimeout(() => {
      void session.search(text).then((found) => {
        if (!found || latest.current !== text) return;
        setAnswer(found);
        setChosen(0);
      });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, session]);
  const hits = answer?.features ?? [];
  const go = (hit: Hit | undefined) => {
    if (!hit) return;
    setOpen(false);
    session.goTo(hit, hitView(hit));
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && hits.length) {
      event.preventDefault();
      setOpen(true);
      setChosen((chosen + step + hits.length) % hits.length);
    } else if (event.key === 'Escape') {
      if (open) setOpen(false);
      else setText('');
    }
  };
  const shown = open && answer !== null;
  return (
    <search class="card search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          go(hits[chosen]);
        }}
      >
        <input
          name="search"
          type="search"
          role="combobox"
          list={undefined}
          autocomplete="off"
          spellcheck={false}
          maxLength={100}
          value={text}
          aria-label={say('search')}
          placeholder={say('search_hint')}
          aria-expanded={shown}
          aria-controls={list}
          aria-autocomplete="list"
          aria-activedescendant={shown && hits[chosen] ? `${list}-${chosen}` : undefined}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onKeyDown={onKey}
        />
      </form>
      <ul id={list} role="listbox" class="hits" hidden={!shown} aria-label={say('search')}>
        {hits.map((hit, index) => (
          <li
            key={hit.id}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === chosen}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => go(hit)}
          >
            <HitLine hit={hit} />
          </li>
        ))}
      </ul>
      <p class="note" role="status">
        {shown && hits.length === 0 && say('search_none')}
        {shown && answer.more && say('search_more')}
        {shown && answer.incomplete.length > 0 && ` ${say('search_incomplete')}`}
      </p>
    </search>
  );
}

function HitLine({ hit: { properties: found } }: { hit: Hit }) {
  const { catalogue } = useLive();
  const { say, lang } = useSpeech();
  if (found.type === 'unit') {
    const former = formerly(found);
    return (
      <>
        <span class="grow">
          {found.name} <small>{found.parents.map(({ full_name }) => full_name).join(', ')}</small>
          {former !== null && (
            <small class="former">{former ? say('search_became', { names: former }) : say('search_former')}</small>
          )}
        </span>
        <small>{found.code}</small>
      </>
    );
  }
  const layer = catalogue.layers.find(({ id }) => id === found.layer);
  return (
    <>
      {layer && <Swatch symbol={layer.symbol} colour={layer.colour} />}
      <span class="grow">
        {found.name} <small>{[titleOf(found.layer_title, lang), found.unit_name].filter(Boolean).join(' · ')}</small>
      </span>
      {found.distance_m !== null && <small class="count">{distance(found.distance_m, lang)}</small>}
    </>
  );
}
