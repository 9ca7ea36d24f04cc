import { useEffect, useRef, useState } from 'preact/hooks';
import { day, degrees, distance, dms, readPlace, titleOf } from '../format';
import type { Place } from '../live';
import { Filtered } from './Filtered';
import { useChoices, useLive, useSession, useSpeech } from './page';
import { Swatch } from './Swatch';
import { Units } from './Units';

/** Looks up a place: picked on the map, or typed. */
export function Locate() {
  const session = useSession();
  const { picking, place } = useLive();
  const { say } = useSpeech();
  const [bad, setBad] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const at = readPlace(String(new FormData(form).get('place') ?? ''));
    setBad(!at);
    if (!at) return;
    const { view } = session.choices.value;
    session.choices.set({ view: { ...at, zoom: Math.max(view.zoom, 11) } });
    void session.locate(at.lon, at.lat);
  };
  return (
    <section class="card">
      <h2>
        {say('locate')}
        {(place || picking) && (
          <button type="button" class="quiet" onClick={() => session.forgetPlace()}>
            {say('close')}
          </button>
        )}
      </h2>
      <form class="place" onSubmit={submit}>
        <input
          name="place"
          inputMode="text"
          autocomplete="off"
          aria-label={say('locate_place')}
          placeholder={say('locate_place')}
          aria-invalid={bad}
        />
        <button type="submit">{say('locate_go')}</button>
      </form>
      {bad && (
        <p class="note bad" role="alert">
          {say('locate_bad')}
        </p>
      )}
      <button
        type="button"
        class="wide"
        aria-pressed={picking}
        onClick={() => session.live.set({ picking: !picking, panel: false })}
      >
        {say(picking ? 'locate_pick_now' : 'locate_pick')}
      </button>
      {place ? <Found place={place} /> : <p class="note">{say('locate_hint')}</p>}
    </section>
  );
}

function Found({ place }: { place: Place }) {
  const { catalogue } = useLive();
  const { layers } = useChoices();
  const { say, lang } = useSpeech();
  const holder = useRef<HTMLDivElement>(null);
  // The place may have been picked on the map while another part of the panel was in view.
  useEffect(() => holder.current?.scrollIntoView({ block: 'nearest' }), [place]);
  return (
    <div class="found" aria-live="polite" ref={holder}>
      <Coordinates place={place} />
      <h3>{say('locate_units', { date: day(place.as_of, lang) })}</h3>
      {place.units ? <Units units={place.units} /> : <p class="note">{say('loading')}</p>}
      <h3>{say('locate_nearest')}</h3>
      {layers.length === 0 && <p class="note">{say('locate_no_layers')}</p>}
      <ul class="nearest">
        {place.nearest?.map(({ layer: id, feature }) => {
          const layer = catalogue.layers.find((one) => one.id === id);
          const name = feature.properties.name ?? feature.properties.title ?? feature.id;
          return (
            layer && (
              <li key={`${id} ${feature.id}`}>
                <Swatch symbol={layer.symbol} colour={layer.colour} />
                <span class="grow">
                  {titleOf(layer.title, lang)} <small>{String(name ?? '')}</small> <Filtered layer={layer} />
                </span>
                <span class="count">{distance(feature.properties.distance_m ?? 0, lang)}</span>
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}

function Coordinates({ place: { lon, lat } }: { place: Place }) {
  const { say } = useSpeech();
  const [copied, setCopied] = useState('');
  const text = degrees(lon, lat);
  return (
    <p class="coordinates">
      <span>
        <b>{text}</b>
        <br />
        {dms(lon, lat)}
      </span>
      {navigator.clipboard && (
        <button
          type="button"
          class="quiet"
          onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(text))}
        >
          {say(copied === text ? 'copied' : 'copy')}
        </button>
      )}
    </p>
  );
}
