import { useId, useRef, useState } from 'preact/hooks';
import { interval } from '../days';
import { filterable } from '../filters';
import { number, titleOf } from '../format';
import { isRead, takesEdits } from '../lagging';
import type { LayerInfo, Title } from '../wire';
import { FilterForm } from './Filter';
import { ClearFilter, Filtered, FilterWords, useMatched } from './Filtered';
import { LaggingNote, LaggingSign } from './Lagging';
import { Categories } from './Legend';
import { useChoices, useLive, useSession, useSpeech } from './page';
import { Swatch } from './Swatch';

/** All layers by department, each on or off. */
export function Layers() {
  const session = useSession();
  const { catalogue } = useLive();
  const { layers: on } = useChoices();
  const { say } = useSpeech();
  const groups = catalogue.departments
    .map((department) => ({ department, layers: catalogue.layers.filter((one) => one.department === department.id) }))
    .filter(({ layers }) => layers.length > 0);
  return (
    <section class="card">
      <h2>
        {say('layers')}
        {on.length > 0 && (
          <button type="button" class="quiet" onClick={() => session.choices.set({ layers: [] })}>
            {say('all_off')}
          </button>
        )}
      </h2>
      {groups.map(({ department, layers }) => (
        <Department key={department.id} title={department.title} layers={layers} />
      ))}
      <button type="button" name="quality" aria-haspopup="dialog" onClick={() => void session.quality.open()}>
        {say('quality')}
      </button>
    </section>
  );
}

function Department({ title, layers }: { title: Title; layers: LayerInfo[] }) {
  const session = useSession();
  const { layers: on } = useChoices();
  const { say, lang } = useSpeech();
  const count = layers.filter(({ id }) => on.includes(id)).length;
  const all = count === layers.length;
  const ids = layers.map(({ id }) => id);
  const toggleAll = () => {
    const others = on.filter((id) => !ids.includes(id));
    session.choices.set({ layers: all ? others : [...others, ...ids] });
  };
  const name = titleOf(title, lang);
  return (
    <details class="department" open={count > 0 || undefined}>
      <summary>
        <span class="grow">{name}</span>
        <span class="badge" hidden={count === 0}>
          {count}
        </span>
        <input
          type="checkbox"
          aria-label={say('all_of', { department: name })}
          title={say('all_of', { department: name })}
          checked={all}
          ref={(box) => {
            if (box) box.indeterminate = count > 0 && !all;
          }}
          onClick={(event) => event.stopPropagation()}
          onChange={toggleAll}
        />
      </summary>
      <ul>
        {layers.map((layer) => (
          <LayerLine key={layer.id} layer={layer} />
        ))}
      </ul>
    </details>
  );
}

function LayerLine({ layer }: { layer: LayerInfo }) {
  const session = useSession();
  const choices = useChoices();
  const { say, lang } = useSpeech();
  const on = choices.layers.includes(layer.id);
  const all = { count: isRead(layer) ? number(layer.features, lang) : '–' };
  const matched = useMatched(layer);
  const part = on ? matched : null;
  const toggle = () => {
    const others = choices.layers.filter((id) => id !== layer.id);
    session.choices.set({ layers: on ? others : [...others, layer.id] });
  };
  const notes: string[] = [];
  if (on && interval(choices) && !layer.time) notes.push(say('no_time'));
  if (on && choices.view.zoom < layer.zoom.min) notes.push(say('zoom_in_to_see'));
  return (
    <li>
      <label>
        <input type="checkbox" data-layer={layer.id} checked={on} onChange={toggle} />
        <Swatch symbol={layer.symbol} colour={layer.colour} />
        <span class="grow">
          {titleOf(layer.title, lang)}
          {layer.classification !== 'public' && <span class="mark">{say(layer.classification)}</span>}
          <LaggingSign layer={layer} />
        </span>
        <span class="count" title={part ? say('filter_matched', part) : say('features', all)}>
          {part ? `${part.count} / ${part.all}` : all.count}
        </span>
      </label>
      {on && <LaggingNote layer={layer} />}
      {on && <Acts layer={layer} />}
      {notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
    </li>
  );
}

/** What can be done with a layer that is on, and what its colours mean. */
function Acts({ layer }: { layer: LayerInfo }) {
  const session = useSession();
  const live = useLive();
  const { say, lang } = useSpeech();
  const [filtering, setFiltering] = useState(false);
  const [clearings, setClearings] = useState(0);
  const [form, button] = [useId(), useRef<HTMLButtonElement>(null)];
  const title = titleOf(layer.title, lang);
  const cleared = () => {
    // What was typed and not taken goes too.
    setClearings(clearings + 1);
    button.current?.focus();
  };
  return (
    <>
      <div class="acts">
        {takesEdits(live, layer.id) && (
          <button
            type="button"
            class="quiet"
            name="add"
            aria-label={say('edit_add_to', { layer: title })}
            onClick={() => session.edits.add(layer)}
          >
            + {say('edit_add')}
          </button>
        )}
        {filterable(layer).length > 0 && (
          <button
            type="button"
            class="quiet"
            name="filter"
            ref={button}
            aria-label={say('filter_of', { layer: title })}
            aria-expanded={filtering}
            aria-controls={form}
            onClick={() => setFiltering(!filtering)}
          >
            {say('filter')}
          </button>
        )}
        <Filtered layer={layer} />
        <ClearFilter layer={layer} after={cleared} />
      </div>
      {filtering ? <FilterForm key={clearings} id={form} layer={layer} /> : <FilterWords layer={layer} />}
      <Categories layer={layer} listed={filtering} />
    </>
  );
}
