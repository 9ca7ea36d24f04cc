import { isDay, QUICK_RANGES, quickRange } from '../days';
import { useChoices, useLive, useSession, useSpeech } from './page';

/** The time filter: first and last day, both included, and quick choices. */
export function Time() {
  const session = useSession();
  const { catalogue } = useLive();
  const { from, to } = useChoices();
  const { say } = useSpeech();
  const change = (end: 'from' | 'to') => (event: { currentTarget: HTMLInputElement }) => {
    const text = event.currentTarget.value;
    const chosen = { from, to, [end]: isDay(text) ? text : null };
    const reversed = chosen.from && chosen.to && chosen.from > chosen.to;
    event.currentTarget.setCustomValidity(reversed ? say('reversed') : '');
    if (reversed) event.currentTarget.reportValidity();
    else session.choices.set(chosen);
  };
  return (
    <section class="card">
      <h2>
        {say('time')}
        {(from || to) && (
          <button type="button" class="quiet" onClick={() => session.choices.set({ from: null, to: null })}>
            {say('clear')}
          </button>
        )}
      </h2>
      <div class="pair">
        <label>
          <span>{say('from')}</span>
          <input type="date" name="from" value={from ?? ''} onChange={change('from')} />
        </label>
        <label>
          <span>{say('to')}</span>
          <input type="date" name="to" value={to ?? ''} onChange={change('to')} />
        </label>
      </div>
      <div class="chips">
        {QUICK_RANGES.map((range) => {
          const days = quickRange(range, catalogue.today);
          const chosen = days.from === from && days.to === to;
          return (
            <button
              key={range}
              type="button"
              aria-pressed={chosen}
              onClick={() => session.choices.set(chosen ? { from: null, to: null } : days)}
            >
              {say(range)}
            </button>
          );
        })}
      </div>
    </section>
  );
}
