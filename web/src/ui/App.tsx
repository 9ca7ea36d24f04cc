import type { Map as MapGL } from 'maplibre-gl';
import { useEffect, useRef, useState } from 'preact/hooks';
import { openMap } from '../map/open';
import { Counts } from './Counts';
import { Dates } from './Dates';
import { Drop } from './Drop';
import { Edit } from './Edit';
import { Done, Placing } from './Edited';
import { Header } from './Header';
import { Import } from './Import';
import { Lagging } from './Lagging';
import { Layers } from './Layers';
import { Locate } from './Locate';
import { MapTools, Notices, Pointer } from './MapTools';
import { useLive, useSession, useSpeech } from './page';
import { Quality } from './Quality';
import { Search } from './Search';
import { Faults, Loading, Stale } from './Status';
import { Time } from './Time';

/** The page: a panel of choices beside the map, and what lies on the map. */
export function App() {
  const { panel, catalogue, editing } = useLive();
  const { lang } = useSpeech();
  useEffect(() => {
    document.documentElement.lang = lang;
    document.title = catalogue.title[lang] || catalogue.title.vi;
  }, [lang, catalogue.title]);
  // The form lies over it.
  const covered = editing !== null && editing.step !== 'placing';
  return (
    <div class="page" data-panel={panel}>
      <Header />
      <aside id="panel" class="panel" inert={covered}>
        <Search />
        <Dates />
        <Layers />
        <Counts />
        <Time />
        <Locate />
        <Drop />
      </aside>
      <Edit />
      <Stage />
      <Import />
      <Quality />
    </div>
  );
}

function Stage() {
  const session = useSession();
  const { say } = useSpeech();
  const holder = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<MapGL | null>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    if (!holder.current) return;
    try {
      const opened = openMap(holder.current, session);
      setMap(opened);
      return () => opened.remove();
    } catch (error) {
      reportError(error);
      setBroken(true);
    }
  }, [session]);
  useEffect(() => {
    map?.getCanvas().setAttribute('aria-label', say('map'));
  });
  return (
    <main class="stage">
      <div class="map" ref={holder} />
      <div class="crosshair" aria-hidden="true" />
      {broken && <p class="broken">{say('no_webgl')}</p>}
      {map && <MapTools map={map} />}
      <div class="top">
        <Placing />
        <Done />
        <Faults />
        <Lagging />
        <Loading />
        <Stale />
      </div>
      <div class="corner">
        {map && <Pointer map={map} />}
        <Notices />
      </div>
    </main>
  );
}
