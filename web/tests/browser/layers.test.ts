import { describe, expect, it } from 'vitest';
import { isRead } from '../../src/lagging';
import type { Catalogue } from '../../src/wire';
import { type MapPage, openForAll } from './browser';
import { colour } from './pixels';

/** The coast of the province, where the demonstration's points are thick. */
const COAST = '#map=10/15.05/108.75&layers=';

let map: MapPage;
openForAll('#map=8.4/14.85/108.4&layers=', (_, page) => {
  map = page;
});

describe('a layer', () => {
  it.each(['police.incidents', 'police.fire_water_sources', 'health.facilities'])(
    '%s draws in its colours when it is on, and not when it is off',
    async (id) => {
      await map.show(COAST);
      const layer = await map.layer(id);
      const codes = layer.fields.find(({ name }) => name === layer.category)?.codes ?? [];
      const colours = codes.flatMap((code) => code.colour ?? []);
      if (colours.length === 0) colours.push(layer.colour);

      const off = await map.picture();
      await map.toggle(id);
      const on = await map.picture();
      await map.toggle(id);
      const offAgain = await map.picture();

      const pixels = (picture: typeof on) => colours.map((hex) => picture.count(colour(hex)));
      const gained = pixels(on).map((count, index) => count - (pixels(off)[index] ?? 0));
      expect(Math.max(...gained), `pixels of ${colours}`).toBeGreaterThan(100);
      expect(gained.filter((count) => count > 8).length, 'colours that appear').toBeGreaterThanOrEqual(
        Math.min(2, colours.length),
      );
      expect(offAgain.differs(off)).toBe(0);
    },
  );

  it('of a whole department is switched at once', async () => {
    await map.show(COAST);
    const { departments, layers } = await map.catalogue();
    const own = layers.filter(({ department }) => department === departments[0]?.id).map(({ id }) => id);
    const all = map.page.locator('details.department').first().locator('summary input');
    await all.click();
    await map.settled();
    const hash = () => new URLSearchParams(map.page.url().split('#')[1]);
    expect(hash().get('layers')?.split(',').sort()).toEqual(own.sort());
    expect(await map.page.locator('details.department').first().locator('li input:checked').count()).toBe(own.length);
    await all.click();
    expect(hash().get('layers')).toBe('');
  });

  it('shows the number of its features', async () => {
    await map.show(`${COAST}police.stations`);
    const { features } = await map.layer('police.stations');
    expect(features).toBeGreaterThan(0);
    const line = map.page.locator('li', { has: map.page.locator('input[data-layer="police.stations"]') });
    expect(await line.locator('.count').textContent()).toBe(new Intl.NumberFormat('vi-VN').format(features));
  });
});

describe('a layer that changes', () => {
  it('is read again, and its new number shown', async () => {
    await map.show(`${COAST}health.facilities`);
    const { page } = map;
    await page.route('**/layers', async (route) => {
      const answer = await route.fetch();
      const catalogue = (await answer.json()) as Catalogue;
      for (const layer of catalogue.layers) {
        if (layer.id === 'health.facilities' && isRead(layer))
          Object.assign(layer, { version: layer.version + 1, features: 98_765 });
      }
      await route.fulfill({ json: catalogue });
    });
    const tile = page.waitForRequest(/\/tiles\/health\.facilities\//);
    // The page looks when it comes back into view, else every 15 seconds.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await tile;
    const line = page.locator('li', { has: page.locator('input[data-layer="health.facilities"]') });
    await line.locator('.count', { hasText: /^98\.765$/ }).waitFor();
    await page.unroute('**/layers');
  });
});

describe('a click', () => {
  it('on a feature opens a popup with its fields, code names, unit and number', async () => {
    await map.show('#map=12.5/15.12/108.8&layers=police.fire_water_sources');
    const layer = await map.layer('police.fire_water_sources');
    const [feature] = await inView(await map.drawn('police.fire_water_sources/points'));
    if (!feature) throw new Error('no fire water source in view');
    await map.click(feature);
    const popup = map.page.locator('.maplibregl-popup');
    await popup.waitFor();
    expect(await popup.locator('h3').textContent()).toBe(layer.title.vi);
    expect(await popup.locator('[data-field="id"] dd').textContent()).toBe(String(feature.properties.id));
    for (const field of layer.fields) {
      const raw = feature.properties[field.name];
      if (raw === undefined) continue;
      const shown = await popup.locator(`[data-field="${field.name}"]`).innerText();
      expect(shown).toContain(field.title.vi);
      if (field.type === 'code') expect(shown).toContain(field.codes?.find(({ code }) => code === raw)?.vi);
      if (field.type === 'text') expect(shown).toContain(String(raw).trim().slice(0, 20));
    }
    const commune = popup.locator('[data-level="commune"]');
    await commune.waitFor();
    expect(await commune.innerText()).toContain(String(feature.properties.unit));
    await map.page.keyboard.press('Escape');
    await popup.waitFor({ state: 'detached' });
  });

  it('on land without a feature tells the commune', async () => {
    await map.show('#map=11/15.12/108.8&layers=');
    await map.click(await map.project(108.8, 15.12));
    const popup = map.page.locator('.maplibregl-popup');
    await popup.waitFor();
    expect(await popup.locator('h3').textContent()).toMatch(/^(Xã|Phường|Đặc khu) /);
  });

  it('is made by Enter where the keyboard has moved the map', async () => {
    await map.show('#map=11/15.12/108.8&layers=');
    await map.page.locator('.maplibregl-canvas').focus();
    await map.page.keyboard.press('Enter');
    await map.page.locator('.maplibregl-popup h3').waitFor();
  });
});

/** Features not under the panels on the map, the middle first. */
async function inView<T extends { x: number; y: number }>(features: T[]): Promise<T[]> {
  const away = ({ x, y }: T) => Math.hypot(x - 466, y - 430);
  return features.filter((one) => away(one) < 250).sort((a, b) => away(a) - away(b));
}
