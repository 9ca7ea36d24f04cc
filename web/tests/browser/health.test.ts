import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launch, MapPage } from './browser';
import { DENSE_LAYER, Server } from './server';

const COAST = '#map=10/15.05/108.75&layers=';

let browser: Browser;
let map: MapPage;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const banner = () => map.page.locator('.banner');

describe('a layer whose tiles fail', () => {
  afterEach(() => map.close());

  it.each([503, 500])('with %d is named until it works again, and then drawn', async (status) => {
    map = await MapPage.open(browser, COAST);
    const layer = await map.layer('health.facilities');
    const none = await map.picture();
    await map.page.route(/\/tiles\/health\.facilities\//, (route) => route.fulfill({ status, body: '{}' }));
    await map.toggle('health.facilities');
    await banner().waitFor();
    const text = await banner().innerText();
    expect(text).toContain(layer.title.vi);
    expect(text).toContain(String(status));
    // Loading has ended although nothing could be loaded.
    await map.settled();

    await map.page.unroute(/\/tiles\/health\.facilities\//);
    await banner().waitFor({ state: 'detached' });
    await map.settled();
    expect((await map.drawn('health.facilities/points')).length).toBeGreaterThan(0);
    expect((await map.picture()).differs(none)).toBeGreaterThan(100);
    map.forgive(String(status));
  });

  it('is no longer named once it is off', async () => {
    map = await MapPage.open(browser, COAST);
    await map.page.route(/\/tiles\/health\.facilities\//, (route) => route.fulfill({ status: 503, body: '{}' }));
    await map.toggle('health.facilities');
    await banner().waitFor();
    await map.toggle('health.facilities');
    await banner().waitFor({ state: 'detached' });
    map.forgive('503');
  });
});

describe('counts that fail', () => {
  afterEach(() => map.close());

  it('are named, and shown when they work again', async () => {
    map = await MapPage.open(browser, COAST);
    await map.page.route(/\/query\/count/, (route) => route.fulfill({ status: 503, body: '{}' }));
    await map.page.locator('select[name=count]').selectOption('police.incidents');
    await banner().waitFor();
    expect(await banner().innerText()).toContain('số liệu theo xã');
    await map.page.unroute(/\/query\/count/);
    await map.page.getByRole('button', { name: 'Thử lại ngay' }).click();
    await map.page.locator('[data-count=total]').waitFor();
    await banner().waitFor({ state: 'detached' });
    map.forgive('503');
  });
});

describe('a dense tile', () => {
  afterEach(() => map.close());

  it.skipIf(process.env.BANDOSO_URL)(
    'holds counts, drawn as circles with numbers, that tell their categories',
    async () => {
      map = await MapPage.open(browser, `#map=8.4/14.85/108.4&layers=${DENSE_LAYER}`);
      const layer = await map.layer(DENSE_LAYER);
      const cells = await map.drawn(`${DENSE_LAYER}/cells`);
      expect(cells.length).toBeGreaterThan(10);
      const [largest] = cells.sort((a, b) => Number(b.properties.count) - Number(a.properties.count));
      if (!largest) throw new Error('no cells');
      expect(Number(largest.properties.count)).toBeGreaterThan(1);
      const numbers = await map.drawn(`${DENSE_LAYER}/numbers`);
      expect(numbers.length).toBeGreaterThan(0);
      await map.click(largest);
      const popup = map.page.locator('.maplibregl-popup');
      await popup.waitFor();
      expect(await popup.locator('h3').textContent()).toBe(layer.title.vi);
      const total = Number((await popup.locator('.big').innerText()).replace(/\D/g, ''));
      expect(total).toBeGreaterThanOrEqual(Number(largest.properties.count));
      const parts = await popup.locator('[data-code] dd').allInnerTexts();
      expect(parts.reduce((sum, part) => sum + Number(part), 0)).toBe(total);
      const zoom = () => map.page.evaluate(() => window.bandosoMap?.getZoom() ?? 0);
      const from = await zoom();
      await popup.getByRole('button', { name: 'Phóng to' }).click();
      await map.settled();
      expect(await zoom()).toBeGreaterThan(from + 1);
    },
  );
});

describe.skipIf(process.env.BANDOSO_URL)('a server that dies', () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start();
  });
  afterAll(() => server.end());

  it('is told of, and the map goes on by itself when it is back', async () => {
    map = await MapPage.open(browser, COAST, { base: server.base });
    const layer = await map.layer('health.facilities');
    await server.kill();
    await map.toggle('health.facilities');
    await banner().waitFor();
    expect(await banner().innerText()).toContain(layer.title.vi);
    expect(await banner().innerText()).toContain('máy chủ không trả lời');
    // The units' date is changed meanwhile: their tiles fail as well, and must come when the server does.
    await map.page.getByRole('button', { name: 'Trước 01/07/2025' }).click();
    await map.page.waitForFunction(() => document.querySelector('.banner')?.textContent?.includes('ranh giới đơn vị'));

    await server.resume();
    await banner().waitFor({ state: 'detached' });
    await map.settled();
    expect((await map.drawn('health.facilities/points')).length).toBeGreaterThan(0);
    expect((await map.names('district')).length).toBeGreaterThan(0);
    map.forgive('net::ERR_');
    await map.close();
  });
});
