import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Catalogue, LayerInfo } from '../../src/wire';
import { launch, MapPage } from './browser';

const LAYER = 'health.facilities';
const COAST = `#map=10/15.05/108.75&layers=${LAYER}`;
const UNREAD = { features: null, version: null, time_range: null };

let browser: Browser;
let map: MapPage;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(() => map.close());

/** The server says from now on that it cannot read the layer. */
async function lags(patch: Partial<LayerInfo> = {}): Promise<void> {
  await map.page.route('**/layers', async (route) => {
    const answer = await route.fetch();
    const catalogue = (await answer.json()) as Catalogue;
    for (const layer of catalogue.layers) if (layer.id === LAYER) Object.assign(layer, { lagging: true, ...patch });
    await route.fulfill({ json: catalogue });
  });
  await look();
}

async function reads(): Promise<void> {
  await map.page.unroute('**/layers');
  await look();
}

/** The page asks for the list of layers when it comes back into view. */
const look = () => map.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
const line = () => map.page.locator('li', { has: map.page.locator(`input[data-layer="${LAYER}"]`) });
const notice = () => map.page.locator('.lags .pill');

describe('a layer that the server cannot read', () => {
  it('is marked in the list, on the map and by its counts, until it is read again', async () => {
    map = await MapPage.open(browser, `${COAST}&count=${LAYER}`);
    const { title } = await map.layer(LAYER);
    const drawn = await map.drawn(`${LAYER}/points`);
    expect(await map.page.locator('.sign').count()).toBe(0);
    await lags();
    await notice().waitFor();
    expect(await notice().innerText()).toContain(`Chưa theo kịp dữ liệu gốc: ${title.vi}`);
    expect(await line().getByRole('img', { name: 'chưa theo kịp dữ liệu gốc' }).isVisible()).toBe(true);
    const words = map.page.locator('.note.lagging', { hasText: 'bản đồ hiện dữ liệu của lần đọc trước' });
    expect(await words.count(), 'in the list and by the counts').toBe(2);
    // What was read before is shown on.
    await map.settled();
    expect((await map.drawn(`${LAYER}/points`)).length).toBe(drawn.length);
    expect(await map.page.locator('[data-count=total]').isVisible()).toBe(true);

    await map.page.getByRole('button', { name: 'English' }).click();
    expect(await notice().innerText()).toContain(`Behind its source: ${title.en}`);
    // On the map it is said of chosen layers alone.
    await map.page.locator('select[name=count]').selectOption('');
    await map.toggle(LAYER);
    await notice().waitFor({ state: 'detached' });
    expect(await line().locator('.sign').count()).toBe(1);
    await map.toggle(LAYER);
    await notice().waitFor();

    await reads();
    await notice().waitFor({ state: 'detached' });
    expect(await map.page.locator('.sign').count()).toBe(0);
  });

  it('takes no edits meanwhile, and an open form says why', async () => {
    map = await MapPage.open(browser, COAST);
    const add = () => line().locator('button[name=add]');
    const note = () => map.page.locator('.edit .note.lagging');
    await add().click();
    await map.page.waitForSelector('.placing .word');
    await map.click({ x: 466, y: 400 });
    await map.page.waitForSelector('.edit[data-step=open]');
    expect(await note().count()).toBe(0);
    await lags();
    await note().waitFor();
    expect(await add().count()).toBe(0);
    await reads();
    await note().waitFor({ state: 'detached' });
    expect(await add().count()).toBe(1);
  });

  it('is asked nothing of before it was ever read, and drawn as soon as it is', async () => {
    map = await MapPage.open(browser, '#map=10/15.05/108.75&layers=');
    await lags(UNREAD);
    const asked: string[] = [];
    map.page.on('request', (request) => asked.push(request.url()));
    await line().locator('.count', { hasText: '–' }).waitFor({ state: 'attached' });
    await map.toggle(LAYER);
    await map.page.locator('select[name=count]').selectOption(LAYER);
    await notice().waitFor();
    expect(await notice().innerText()).toContain('Chưa có gì để hiện');
    await map.settled();
    expect(asked.filter((url) => url.includes(LAYER) && /\/(tiles|query)\//.test(url))).toEqual([]);
    expect(await map.page.locator('.banner').count()).toBe(0);

    await reads();
    await notice().waitFor({ state: 'detached' });
    await map.page.locator('[data-count=total]').waitFor();
    await map.settled();
    expect((await map.drawn(`${LAYER}/points`)).length).toBeGreaterThan(0);
  });

  it('is told of on a phone while the panel is closed', async () => {
    map = await MapPage.open(browser, COAST, { viewport: { width: 390, height: 780 } });
    await lags();
    await notice().waitFor();
    expect(await notice().isVisible()).toBe(true);
    expect(await map.page.locator('#panel').isVisible()).toBe(false);
    const box = await notice().boundingBox();
    expect(box && box.x >= 0 && box.x + box.width <= 390 && box.height < 120).toBe(true);
  });
});
