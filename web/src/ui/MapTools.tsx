import type { LngLat, Map as MapGL } from 'maplibre-gl';
import { useEffect, useState } from 'preact/hooks';
import { degrees, dms } from '../format';
import { useLive, useSession, useSpeech } from './page';

/** Zoom buttons and the way back to the first view. */
export function MapTools({ map }: { map: MapGL }) {
  const session = useSession();
  const { say } = useSpeech();
  const home = () => {
    const { lon, lat, zoom } = session.live.value.catalogue.view;
    map.easeTo({ center: [lon, lat], zoom });
  };
  const buttons: [string, string, () => void][] = [
    ['+', say('zoom_in'), () => map.zoomIn()],
    ['−', say('zoom_out'), () => map.zoomOut()],
    ['⌂', say('home'), home],
  ];
  return (
    <fieldset class="tools" aria-label={say('tools')}>
      {buttons.map(([sign, name, act]) => (
        <button key={sign} type="button" title={name} aria-label={name} onClick={act}>
          {sign}
        </button>
      ))}
    </fieldset>
  );
}

/** Coordinates under the pointer. */
export function Pointer({ map }: { map: MapGL }) {
  const { say } = useSpeech();
  const [at, setAt] = useState<LngLat | null>(null);
  useEffect(() => {
    const moved = map.on('mousemove', ({ lngLat }) => setAt(lngLat));
    const left = map.on('mouseout', () => setAt(null));
    return () => {
      moved.unsubscribe();
      left.unsubscribe();
    };
  }, [map]);
  if (!at) return null;
  return (
    <output class="pointer" aria-label={say('pointer')}>
      {degrees(at.lng, at.lat)}
      <span>{dms(at.lng, at.lat)}</span>
    </output>
  );
}

/** The word that must stand wherever schematic borders are shown, and the credits. */
export function Notices() {
  const { catalogue } = useLive();
  const { say } = useSpeech();
  return (
    <>
      {catalogue.schematic && (
        <p class="schematic" title={say('schematic_note')}>
          <b>{say('schematic')}</b> <span>{say('schematic_note')}</span>
        </p>
      )}
      <p class="credits" role="note" aria-label={say('credits')} title={catalogue.attribution}>
        {catalogue.attribution}
      </p>
    </>
  );
}
