import { type Map as MapGL, Marker } from 'maplibre-gl';
import { readPosition } from '../draft';
import type { Editing } from '../edits';
import type { Live } from '../live';
import type { Store } from '../store';

const COLOUR = '#b4540a';
/** Where the form is a sheet over the map, see phone.css: of the map's height, how far the middle of what is left is above its own. */
const NARROW = '(max-width: 760px)';
const ABOVE = 0.36;

/** Shows where the feature in the form is, in what the form leaves of the map, and that the next click is its place. */
export function showEdited(map: MapGL, live: Store<Live>): void {
  const marker = new Marker({ color: COLOUR });
  live.watch(({ editing: now }, { editing: before }) => {
    if (now === before) return;
    const at = placeOf(now);
    if (at) marker.setLngLat(at).addTo(map);
    else marker.remove();
    const canvas = map.getCanvas();
    canvas.classList.toggle('placing', now?.placing ?? false);
    // The keys that move the map and choose its middle are the canvas's.
    if (now?.placing && !before?.placing) canvas.focus();
    const shown = isShown(now);
    const center = at ?? placeOf(before);
    if (center && shown !== isShown(before) && matchMedia(NARROW).matches) {
      map.easeTo({ center, offset: [0, shown ? -ABOVE * canvas.clientHeight : 0] });
    }
  });
}

/** Whether the form is there to be seen. */
function isShown(editing: Editing | null): boolean {
  return editing !== null && !editing.placing && (editing.step === 'open' || editing.step === 'saving');
}

/** Where the typed place is on the map; null where it is none yet. */
function placeOf(editing: Editing | null): [number, number] | null {
  const at = editing && readPosition(editing.draft);
  if (!at || 'fault' in at) return null;
  const [lon, lat] = at.value;
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? [lon, lat] : null;
}
