import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { MapPage, openForAll } from './browser';

const ARCHIPELAGOS = [
  { name: 'Quần đảo Hoàng Sa', lon: 112, lat: 16.5 },
  { name: 'Quần đảo Trường Sa', lon: 114, lat: 9.5 },
];

let browser: Browser;
let map: MapPage;
openForAll('#map=8.4/14.85/108.4&layers=', (opened, page) => {
  browser = opened;
  map = page;
});

describe('Hoàng Sa and Trường Sa', () => {
  it.each([0, 1, 3, 4.6, 5.5])('have their names drawn at zoom %d', async (zoom) => {
    await map.show(`#map=${zoom}/13/111&layers=`);
    const labels = (await map.drawn('place-name-always')).map(({ properties }) => String(properties.label));
    const picture = await map.picture();
    for (const { name, lon, lat } of ARCHIPELAGOS) {
      expect(labels.some((label) => label.startsWith(name))).toBe(true);
      // Ink of the letters round the place, darker than any sea or land.
      const { x, y } = await map.project(lon, lat);
      expect(ink(picture, x, y), name).toBeGreaterThan(60);
    }
  });

  it.each([7, 9, 12, 16])('are named at zoom %d too, where the middle of the archipelago is in view', async (zoom) => {
    await map.show(`#map=${zoom}/9.5/114&layers=`);
    const picture = await map.picture();
    expect(ink(picture, picture.width / 2, picture.height / 2)).toBeGreaterThan(150);
  });

  it('keep their Vietnamese names in English, with the English in brackets', async () => {
    await map.show('#map=5/13/111&layers=');
    await map.page.getByRole('button', { name: 'English' }).click();
    await map.settled();
    const labels = (await map.drawn('place-name-always')).map(({ properties }) => String(properties.label));
    const { places } = await map.catalogue();
    for (const { name } of ARCHIPELAGOS) {
      const english = places.find(({ title }) => title.vi.startsWith(name))?.title.en;
      expect(labels.some((label) => label.startsWith(name) && label.includes(`(${english})`))).toBe(true);
    }
  });

  it('have their islands named from nearer by', async () => {
    await map.show('#map=9.5/16.5/111.6&layers=');
    const labels = (await map.drawn('place-name')).map(({ properties }) => String(properties.label));
    expect(labels.some((label) => label.startsWith('Đảo Hoàng Sa'))).toBe(true);
  });
});

describe('the language', () => {
  it('is Vietnamese at first, can be English, and is kept', async () => {
    const first = await MapPage.open(browser, '');
    const { page } = first;
    const lang = () => page.evaluate(() => document.documentElement.lang);
    const { title } = await first.catalogue();
    expect(await lang()).toBe('vi');
    expect(await page.locator('h1').innerText()).toBe(title.vi);
    await page.getByRole('button', { name: 'English' }).click();
    await first.settled();
    expect(await lang()).toBe('en');
    expect(await page.locator('h1').innerText()).toBe(title.en);
    expect(await page.title()).toBe(title.en);
    expect(await page.locator('.panel').innerText()).toContain('Counts by commune');
    await page.goto(page.url().split('#')[0] ?? '');
    await first.settled();
    expect(await lang()).toBe('en');
    await first.close();
  });
});

describe('the address', () => {
  it('holds the whole map: it opens the same elsewhere', async () => {
    map = await MapPage.open(
      browser,
      '#map=9.5/15.05/108.7&layers=health.facilities&date=2024-05-01&count=police.incidents&lang=en',
    );
    await map.page.locator('[data-count=total]').waitFor();
    const first = await map.picture();
    const url = map.page.url();
    const other = await MapPage.open(browser, url.slice(url.indexOf('#')));
    await other.page.locator('[data-count=total]').waitFor();
    expect((await other.picture()).differs(first)).toBe(0);
    expect(other.page.url()).toBe(url);
    await other.close();
  });

  it('with nonsense opens the first view', async () => {
    const odd = await MapPage.open(
      browser,
      '#map=x/y/z&layers=no.such,%3Cscript%3E&date=2025-99-99&count=no.such&lang=xx',
    );
    const { view } = await odd.catalogue();
    expect(odd.page.url()).toMatch(new RegExp(`#map=${view.zoom}/${view.lat}/${view.lon}&layers=&lang=vi$`));
    await odd.close();
  });
});

describe('a place', () => {
  it('that is right-clicked is looked up: units, coordinates, nearest features', async () => {
    await map.show('#map=11/15.12/108.8&layers=police.stations');
    await map.click(await map.project(108.8, 15.12), 'right');
    const found = map.page.locator('.found');
    await found.locator('[data-level="commune"]').waitFor();
    await found.locator('.nearest li').first().waitFor();
    const text = await found.innerText();
    expect(text).toContain('Tỉnh Quảng Ngãi');
    expect(text).toMatch(/15\.1[12]\d{3}, 108\.[78]\d{4}/);
    expect(text).toMatch(/15°0[67]′\d\d\.\d″N 108°4[78]′\d\d\.\d″E/);
    expect(text).toMatch(/\d (k?m)\b/);
  });

  it('can be typed', async () => {
    await map.show('#map=8/15/108.4&layers=&date=2024-05-01');
    await map.page.locator('input[name=place]').fill('nowhere');
    await map.page.keyboard.press('Enter');
    await map.page.locator('[role=alert]').waitFor();
    await map.page.locator('input[name=place]').fill('14.35, 108.0');
    await map.page.keyboard.press('Enter');
    const found = map.page.locator('.found');
    await found.locator('[data-level="province"]').waitFor();
    expect(await found.innerText()).toContain('Tỉnh Kon Tum');
    await map.settled();
  });

  it('under the pointer has its coordinates shown', async () => {
    await map.show('#map=11/15.12/108.8&layers=');
    const { x, y } = await map.project(108.8, 15.12);
    await map.page.locator('.maplibregl-canvas').hover({ position: { x, y } });
    const text = await map.page.locator('.pointer').innerText();
    expect(text).toMatch(/15\.1[12]\d{3}, 108\.(80|79)\d{3}/);
    expect(text).toContain('′');
  });
});

describe('on a phone', () => {
  it('the panel opens over the map and closes, and nothing is wider than the screen', async () => {
    const phone = await MapPage.open(browser, '#map=9/15.05/108.7&layers=police.incidents', {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
    });
    const panel = phone.page.locator('.panel');
    await expect.poll(() => panel.isVisible()).toBe(false);
    await phone.page.getByRole('button', { name: 'Mở bảng điều khiển' }).tap();
    await expect.poll(() => panel.isVisible()).toBe(true);
    const widths = () => phone.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    const [content = 0, screen = 0] = await widths();
    expect(content).toBeLessThanOrEqual(screen);
    await phone.page.getByRole('button', { name: 'Đóng bảng điều khiển' }).tap();
    await expect.poll(() => panel.isVisible()).toBe(false);
    await phone.close();
  });
});

/** Pixels of text within the reach of a name set round a place. */
function ink(picture: Awaited<ReturnType<MapPage['picture']>>, x: number, y: number): number {
  let found = 0;
  for (let dy = -40; dy <= 40; dy++) {
    for (let dx = -80; dx <= 80; dx++) {
      const [px, py] = [x + dx, y + dy];
      if (px < 0 || py < 0 || px >= picture.width || py >= picture.height) continue;
      const [red, green, blue] = picture.at(px, py);
      if (red < 90 && green < 130 && blue < 170) found += 1;
    }
  }
  return found;
}
