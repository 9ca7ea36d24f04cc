import { distance } from '../format';
import type { LocatedUnit } from '../wire';
import { useSpeech } from './page';

/** The units that hold a place, smallest first, as an address is written. */
export function Units({ units }: { units: readonly LocatedUnit[] }) {
  const { say, lang } = useSpeech();
  return (
    <ul class="units">
      {[...units].reverse().map((unit) => {
        const far = { distance: distance(unit.distance_m ?? 0, lang) };
        return (
          <li key={unit.level} data-level={unit.level}>
            <span class="level">{say(unit.level)}</span>
            <span class="grow">
              {unit.full_name ?? unit.name ?? (unit.relation === 'outside' ? say('rel_outside') : unit.code)}
              {unit.relation === 'near' && <em> ({say('rel_near', far)})</em>}
            </span>
            {unit.code && <small>{unit.code}</small>}
          </li>
        );
      })}
    </ul>
  );
}
