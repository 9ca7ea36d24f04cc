import { SHOWN, type Shown } from '../choices';
import { addDays, dayOf, holds, isDay, type Period, periods } from '../days';
import { day } from '../format';
import { Kinds } from './Legend';
import { useChoices, useLive, useSession, useSpeech } from './page';

/** The units' date: one button for each stretch between changes, a field for any day, and what is drawn of the units. */
export function Dates() {
  const session = useSession();
  const { catalogue } = useLive();
  const { date, shown, count } = useChoices();
  const { say, lang } = useSpeech();
  const asOf = date ?? catalogue.today;

  const choose = (chosen: string) => session.choices.set({ date: chosen === catalogue.today ? null : chosen });
  const name = ({ from, to }: Period) => {
    if (from && to) return say('between', { from: day(from, lang), to: day(addDays(to, -1), lang) });
    if (from) return say('since', { date: day(from, lang) });
    return to ? say('before', { date: day(to, lang) }) : day(asOf, lang);
  };
  const toggle = (word: Shown) =>
    session.choices.set({ shown: SHOWN.filter((one) => shown.includes(one) !== (one === word)) });

  return (
    <section class="card">
      <h2>{say('dates')}</h2>
      <fieldset class="segments" aria-label={say('dates')}>
        {periods(catalogue.unit_dates).map((period) => (
          <button
            key={period.from}
            type="button"
            aria-pressed={holds(period, asOf)}
            onClick={() => choose(dayOf(period, catalogue.today))}
          >
            {name(period)}
          </button>
        ))}
      </fieldset>
      <label class="line">
        <span>{say('any_date')}</span>
        <input
          type="date"
          required
          value={asOf}
          onChange={({ currentTarget }) => isDay(currentTarget.value) && choose(currentTarget.value)}
        />
      </label>
      <fieldset class="checks" aria-label={say('borders')}>
        {SHOWN.map((word) => (
          <label key={word}>
            <input type="checkbox" checked={shown.includes(word)} onChange={() => toggle(word)} />
            {say(word)}
          </label>
        ))}
      </fieldset>
      {!count && <Kinds />}
    </section>
  );
}
