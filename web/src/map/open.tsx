import { type Map as MapGL, Popup } from 'maplibre-gl';
import { render } from 'preact';
import type { Live } from '../live';
import type { Session } from '../session';
import { PopupBody } from '../ui/Popup';
import { SessionContext } from '../ui/page';
import { createMap } from './create';
import { showEdited } from './edited';
import { isOverData, type Pick, pickAt } from './pick';
import { Sync } from './sync';
import { TileWatch } from './watch';

declare global {
  interface Window {
    /** For tests and for the curious: the page's map. */
    bandosoMap?: MapGL;
  }
}

/** Opens the map in `holder` and ties it to the session. */
export function openMap(holder: HTMLElement, session: Session): MapGL {
  const { choices, live } = session;
  const map = createMap(holder, live.value.catalogue, choices.value);
  const watch = new TileWatch(map, session.health, live);
  map.once('style.load', () => new Sync(map, session, watch));
  listen(map, session);
  showPopups(map, session);
  showEdited(map, live);
  window.bandosoMap = map;
  return map;
}

function listen(map: MapGL, session: Session): void {
  const { choices, live } = session;
  map.on('click', ({ point, lngLat }) => {
    const { lng, lat } = lngLat.wrap();
    if (live.value.editing?.placing) return session.edits.place(lng, lat);
    if (live.value.picking) return void session.locate(lng, lat);
    const picks = pickAt(map, point, live.value.catalogue, choices.value.layers);
    const [first] = picks;
    live.set({ popup: first ? { lon: first.lon, lat: first.lat, picks } : null });
  });
  map.on('contextmenu', (event) => {
    event.preventDefault();
    const { lng, lat } = event.lngLat.wrap();
    void session.locate(lng, lat);
  });
  map.on('mousemove', ({ point }) => {
    if (!map.isMoving()) map.getCanvas().classList.toggle('over', isOverData(map, point, choices.value.layers));
  });
  // What a mouse does by clicking, the keyboard does in the middle of the map.
  map.getCanvas().addEventListener('keydown', (event) => {
    const centre = map.project(map.getCenter());
    if (event.key === 'Enter') {
      // The key would go on to press the popup's close button, which gets the focus.
      event.preventDefault();
      map.fire('click', { point: centre, lngLat: map.getCenter() });
    }
    if (event.key === 'l' || event.key === 'L') {
      const { lng, lat } = map.getCenter().wrap();
      void session.locate(lng, lat);
    }
    if (event.key === 'Escape') {
      if (live.value.editing?.placing) session.edits.move(false);
      live.set({ popup: null, picking: false });
    }
  });
}

/** One popup at a time, drawn where `live.popup` says. */
function showPopups(map: MapGL, session: Session): void {
  const { live } = session;
  let open: { popup: Popup; content: HTMLElement } | undefined;
  const close = () => {
    if (!open) return;
    const { popup, content } = open;
    open = undefined;
    popup.remove();
    render(null, content);
  };
  const zoomTo = ({ lon, lat }: Pick) => {
    live.set({ popup: null });
    map.easeTo({ center: [lon, lat], zoom: map.getZoom() + 2 });
  };
  live.watch((now: Live, before: Live) => {
    if (now.popup === before.popup) return;
    close();
    if (!now.popup) return;
    const content = document.createElement('div');
    render(
      <SessionContext.Provider value={session}>
        <PopupBody picks={now.popup.picks} zoomTo={zoomTo} />
      </SessionContext.Provider>,
      content,
    );
    const popup = new Popup({ closeOnClick: false, maxWidth: 'min(340px, 90vw)' });
    popup.setLngLat([now.popup.lon, now.popup.lat]).setDOMContent(content).addTo(map);
    open = { popup, content };
    // On the whole popup: the focus is first on its close button, which is not part of the content.
    popup.getElement().addEventListener('keydown', ({ key }) => {
      if (key !== 'Escape') return;
      live.set({ popup: null });
      map.getCanvas().focus();
    });
    popup.on('close', () => {
      if (open?.popup === popup) live.set({ popup: null });
    });
  });
}
