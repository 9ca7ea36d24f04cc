import { Map as MapGL, ScaleControl, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import type { Choices } from '../choices';
import type { Catalogue } from '../wire';
import { baseStyle } from './base';
import { unitTiles } from './tiles';

setWorkerUrl(workerUrl);

/** The map with sea, land and names, north up. Throws where the browser has no WebGL 2. */
export function createMap(container: HTMLElement, catalogue: Catalogue, choices: Choices): MapGL {
  const { view } = choices;
  const map = new MapGL({
    container,
    style: baseStyle(unitTiles(catalogue, choices), catalogue.places, choices.lang),
    center: [view.lon, view.lat],
    zoom: view.zoom,
    maxZoom: 21,
    maxPitch: 0,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    // Credits stand in a line of our own, in the page's language.
    attributionControl: false,
    fadeDuration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 120, unit: 'metric' }), 'bottom-left');
  return map;
}
