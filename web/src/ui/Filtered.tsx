import { asDay, cleared, type Condition, conditions, isNumber } from '../filters';
import { codeName, number, titleOf, value } from '../format';
import { isRead } from '../lagging';
import type { Field, LayerInfo } from '../wire';
import { type Speech, useChoices, useLive, useSession, useSpeech } from './page';

/** Says that not all of a layer is meant. */
export function Filtered({ layer }: { layer: LayerInfo }) {
  const { filters } = useChoices();
  const { say } = useSpeech();
  if (conditions(layer, filters[layer.id]).length === 0) return null;
  return <span class="mark filtered">{say('filtered')}</span>;
}

/** Brings all of a layer back. `after` is told, for the button is gone then and with it the focus. */
export function ClearFilter({ layer, after }: { layer: LayerInfo; after: () => void }) {
  const session = useSession();
  const { filters } = useChoices();
  const { say, lang } = useSpeech();
  if (conditions(layer, filters[layer.id]).length === 0) return null;
  const clear = () => {
    session.choices.set({ filters: cleared(session.choices.value.filters, layer.id) });
    after();
  };
  const label = say('filter_clear_of', { layer: titleOf(layer.title, lang) });
  return (
    <button type="button" class="quiet" name="clear-filter" aria-label={label} title={label} onClick={clear}>
      {say('clear')}
    </button>
  );
}

/** How many features of a layer are shown, of how many; null where all are. */
export function useMatched(layer: LayerInfo): { count: string; all: string } | null {
  const { filters } = useChoices();
  const { matched } = useLive();
  const { lang } = useSpeech();
  if (!isRead(layer) || conditions(layer, filters[layer.id]).length === 0) return null;
  const count = matched.get(layer.id);
  return { count: count === undefined ? '…' : number(count, lang), all: number(layer.features, lang) };
}

/** What a layer is filtered by, in words. */
export function FilterWords({ layer }: { layer: LayerInfo }) {
  const { filters } = useChoices();
  const speech = useSpeech();
  const { catalogue } = useLive();
  const asked = conditions(layer, filters[layer.id]);
  if (asked.length === 0) return null;
  const said = asked.map(
    ([field, condition]) =>
      `${titleOf(field.title, speech.lang)}: ${inWords(field, condition, speech, catalogue.time_zone)}`,
  );
  return <p class="note">{said.join(' · ')}</p>;
}

function inWords(field: Field, condition: Condition, { say, lang }: Speech, timeZone: string): string {
  switch (condition.kind) {
    case 'codes':
      return condition.codes.map((code) => codeName(field.codes, code, lang)).join(', ');
    case 'truth':
      return say(condition.is ? 'yes' : 'no');
    case 'piece':
      return `“${condition.piece}”`;
    case 'range': {
      const ends = [condition.from, condition.to].map((end) => {
        const raw = end !== null && isNumber(field) ? Number(end) : end;
        return value(asDay(field), raw, { lang, timeZone, yes: '', no: '' });
      });
      const [min, max] = ends;
      if (min && max) return say('edit_between', { min, max });
      return min ? say('edit_least', { min }) : say('edit_most', { max: max ?? '' });
    }
  }
}
