import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, MapPage } from './browser';
import { Server } from './server';

const LAYER = 'health.facilities';
/** A quiet place: nothing else is drawn there. */
const AT = { lon: 108.52, lat: 14.83 };
const HASH = `#map=16/${AT.lat}/${AT.lon}&layers=${LAYER}&lang=vi`;
/** Of the stage, pixels. */
const MIDDLE = { x: 466, y: 400 };

interface Stored {
  id: number;
  geometry: { coordinates: [number, number] };
  properties: Record<string, unknown>;
}

describe.skipIf(process.env.BANDOSO_URL)('a feature on the map', () => {
  let server: Server;
  let browser: Browser;
  let map: MapPage;
  beforeAll(async () => {
    browser = await launch();
    server = await Server.start();
    map = await MapPage.open(browser, HASH, { base: server.base });
  });
  afterAll(async () => {
    await map.close();
    await browser.close();
    await server.end();
  });

  const form = (page: Page = map.page) => page.locator('.edit');
  const input = (name: string) => form().locator(`[name="field-${name}"]`);
  const part = (name: string) => form().locator(`[data-part="${name}"]`);
  const button = (name: string) => form().locator(`button[name=${name}]`);
  const question = (name: string) => map.page.locator(`dialog.ask[data-ask=${name}]`);
  const done = () => map.page.locator('.done .word');
  const popup = () => map.page.locator('.maplibregl-popup');
  const drawn = async (name: string) =>
    (await map.drawn(`${LAYER}/points`)).find(({ properties }) => properties.name === name);
  const onMap = (name: string) =>
    expect.poll(async () => (await drawn(name)) !== undefined, { message: name, timeout: 30_000 });

  const items = (layer = LAYER) => `${server.base}/ogc/collections/${layer}/items`;
  /** The features that are called so, as the server has them. */
  const stored = async (name: string): Promise<Stored[]> => {
    const answer = await fetch(`${items()}?${new URLSearchParams({ name })}`);
    return ((await answer.json()) as { features: Stored[] }).features;
  };
  /** Another editor's change. */
  const other = (id: number, properties: Record<string, unknown>) =>
    fetch(`${items()}/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ properties }),
    });
  /** A feature that another program made, drawn at the place. */
  const made = async (properties: Record<string, unknown>, lon = AT.lon, lat = AT.lat): Promise<number> => {
    const answer = await fetch(items(), {
      method: 'POST',
      headers: { 'content-type': 'application/geo+json' },
      body: JSON.stringify({ type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties }),
    });
    await onMap(String(properties.name)).toBe(true);
    await map.settled();
    return ((await answer.json()) as Stored).id;
  };
  const remove = (id: number) => fetch(`${items()}/${id}`, { method: 'DELETE' });

  /** Opens the form of a drawn feature by its popup. */
  const correct = async (name: string) => {
    const at = await drawn(name);
    if (!at) throw new Error(`${name} is not drawn`);
    await map.click(at);
    await popup().locator('button[name=correct]').click();
    await map.page.waitForSelector('.edit[data-step=open]');
  };
  const save = async (what: string) => {
    await button('save').click();
    await map.page.waitForSelector(`.done .word[data-done=${what}]`);
    await expect.poll(() => form().count()).toBe(0);
  };

  it('is added where the map is clicked, once, and told with a way back', async () => {
    await map.page.locator('button[name=add]').click();
    await map.page.waitForSelector('.placing .word');
    await map.click(MIDDLE);
    await map.page.waitForSelector('.edit[data-step=open]');
    await input('name').fill('Trạm mới');
    await input('kind').selectOption('health_station');
    await input('beds').fill('1.200');
    await input('emergency').selectOption('true');
    await form().locator('input[name=who]').fill('Nguyễn Lan');
    const writes: string[] = [];
    map.page.on('request', (request) => {
      if (request.method() === 'POST') writes.push(request.url());
    });
    await button('save').dblclick();
    await map.page.waitForSelector('.done .word[data-done=added]');
    await onMap('Trạm mới').toBe(true);
    const [feature, ...more] = await stored('Trạm mới');
    expect([more.length, writes.length]).toEqual([0, 1]);
    expect(feature?.properties).toMatchObject({ kind: 'health_station', beds: 1200, emergency: true, phone: null });
    expect(feature?.geometry.coordinates[0]).toBeCloseTo(AT.lon, 3);
    expect(feature?.geometry.coordinates[1]).toBeCloseTo(AT.lat, 3);
    const batches = await (await fetch(`${server.base}/batches?layer=${LAYER}&limit=1`)).json();
    expect((batches as { batches: { who: string }[] }).batches[0]?.who).toBe('Nguyễn Lan');

    await done().locator('button[name=undo]').click();
    await map.page.waitForSelector('.done .word[data-step=undone]');
    await onMap('Trạm mới').toBe(false);
    expect(await stored('Trạm mới')).toEqual([]);
    await done().locator('button[name=forget]').click();
    await expect.poll(() => done().count()).toBe(0);
  });

  it('is corrected: the server is sent what was changed, and the map shows it', async () => {
    const id = await made({ name: 'Trạm sai', beds: 7, phone: '0255' });
    await correct('Trạm sai');
    expect(await input('beds').inputValue()).toBe('7');
    expect(await form().locator('input[name=who]').inputValue()).toBe('Nguyễn Lan');
    await input('name').fill('Trạm đúng');
    await input('phone').fill('');
    const sending = map.page.waitForRequest((request) => request.method() === 'PATCH');
    await save('changed');
    const sent = await sending;
    expect(sent.postDataJSON()).toEqual({ properties: { name: 'Trạm đúng', phone: null } });
    expect(sent.headers()['if-match']).toMatch(/^"/);
    await onMap('Trạm đúng').toBe(true);
    await onMap('Trạm sai').toBe(false);
    await done().locator('button[name=undo]').click();
    await onMap('Trạm sai').toBe(true);
    expect((await stored('Trạm sai'))[0]?.properties).toMatchObject({ beds: 7, phone: '0255' });
    await remove(id);
    await onMap('Trạm sai').toBe(false);
  });

  it('is moved on the map, and by its coordinates', async () => {
    const id = await made({ name: 'Trạm dời' });
    await correct('Trạm dời');
    await button('move').click();
    await map.page.waitForSelector('.placing .word');
    await map.click({ x: MIDDLE.x + 120, y: MIDDLE.y - 60 });
    await expect.poll(() => form().getAttribute('data-placing')).toBe('false');
    await expect.poll(() => button('move').evaluate((one) => one === document.activeElement)).toBe(true);
    await save('changed');
    const [moved] = await stored('Trạm dời');
    const [lon = 0, lat = 0] = moved?.geometry.coordinates ?? [];
    expect(lon).toBeGreaterThan(AT.lon + 0.0005);
    expect(lat).toBeGreaterThan(AT.lat + 0.0002);

    await expect.poll(async () => (await drawn('Trạm dời'))?.x ?? 0).toBeGreaterThan(MIDDLE.x + 90);
    await map.settled();
    await correct('Trạm dời');
    await form().locator('input[name=lon]').fill('108,5201');
    await form().locator('input[name=lat]').fill('14.8301');
    await save('changed');
    expect((await stored('Trạm dời'))[0]?.geometry.coordinates).toEqual([108.5201, 14.8301]);
    await remove(id);
    await onMap('Trạm dời').toBe(false);
  });

  it('that is refused says so at the part, in the words of whoever refuses, and keeps the rest', async () => {
    const id = await made({ name: 'Trạm khó', beds: 3 });
    await correct('Trạm khó');
    await input('phone').fill('0255 1');
    await input('beds').fill('nhiều');
    await button('save').click();
    await expect.poll(() => part('beds').locator('.bad').innerText()).toContain('số nguyên');
    await expect.poll(() => input('beds').evaluate((one) => one === document.activeElement)).toBe(true);
    await input('beds').fill('4');
    await expect.poll(() => part('beds').locator('.bad').count()).toBe(0);
    await form().locator('input[name=lon]').fill('14.83');
    await form().locator('input[name=lat]').fill('108.52');
    await button('save').click();
    await expect.poll(() => part('geometry').locator('.bad').innerText()).toContain('Máy chủ không nhận');
    expect(await input('phone').inputValue()).toBe('0255 1');
    expect(await input('beds').inputValue()).toBe('4');
    map.forgive('422');

    // It asks before what was typed is lost.
    await map.page.keyboard.press('Escape');
    await question('leave').locator('button[name=no]').click();
    await expect.poll(() => question('leave').count()).toBe(0);
    expect(await input('phone').inputValue()).toBe('0255 1');
    await button('cancel').click();
    await question('leave').locator('button[name=yes]').click();
    await expect.poll(() => form().count()).toBe(0);
    expect((await stored('Trạm khó'))[0]?.properties).toMatchObject({ beds: 3, phone: null });
    await remove(id);
    await onMap('Trạm khó').toBe(false);
  });

  it('that somebody else changed meanwhile shows both, and loses neither', async () => {
    const id = await made({ name: 'Trạm chung', beds: 5, phone: '1' });
    await correct('Trạm chung');
    await input('beds').fill('50');
    await input('address').fill('Lê Lợi');
    expect((await other(id, { beds: 55, phone: '2' })).status).toBe(200);
    await button('save').click();
    await expect.poll(() => form().locator('.failure').innerText()).toContain('Người khác vừa sửa');
    map.forgive('412');
    expect(await input('beds').inputValue()).toBe('50');
    expect(await input('address').inputValue()).toBe('Lê Lợi');
    expect(await input('phone').inputValue()).toBe('2');
    expect(await part('beds').locator('.theirs').innerText()).toContain('Hiện nay: 55');
    expect(await part('phone').locator('.theirs').innerText()).toContain('1');
    await part('beds').locator('button[name=take]').click();
    await expect.poll(() => input('beds').inputValue()).toBe('55');
    await save('changed');
    expect((await stored('Trạm chung'))[0]?.properties).toMatchObject({ beds: 55, phone: '2', address: 'Lê Lợi' });

    // Removed meanwhile, it can be added again.
    await map.settled();
    await correct('Trạm chung');
    await input('beds').fill('56');
    await remove(id);
    await button('save').click();
    await expect.poll(() => form().locator('.failure').innerText()).toContain('vừa xoá');
    map.forgive('412');
    map.forgive('404');
    await save('added');
    const [again] = await stored('Trạm chung');
    expect(again?.properties).toMatchObject({ beds: 56, phone: '2', address: 'Lê Lợi' });
    await remove(again?.id ?? 0);
    await onMap('Trạm chung').toBe(false);
  });

  it('is removed when its name was agreed to, and comes back', async () => {
    const id = await made({ name: 'Trạm thừa' });
    await correct('Trạm thừa');
    await button('remove').click();
    await expect.poll(() => question('remove').innerText()).toContain('Trạm thừa');
    await map.page.keyboard.press('Escape');
    await expect.poll(() => question('remove').count()).toBe(0);
    expect((await stored('Trạm thừa')).length).toBe(1);
    await button('remove').click();
    await question('remove').locator('button[name=yes]').click();
    await map.page.waitForSelector('.done .word[data-done=removed]');
    await onMap('Trạm thừa').toBe(false);
    await done().locator('button[name=undo]').click();
    await onMap('Trạm thừa').toBe(true);
    await remove(id);
    await onMap('Trạm thừa').toBe(false);
  });

  it('is not lost where the server is away', async () => {
    const id = await made({ name: 'Trạm chờ' });
    await correct('Trạm chờ');
    await input('phone').fill('0255 9');
    await server.kill();
    await button('save').click();
    await expect.poll(() => form().locator('.failure').innerText()).toContain('không trả lời');
    expect(await input('phone').inputValue()).toBe('0255 9');
    await server.resume();
    await save('changed');
    expect((await stored('Trạm chờ'))[0]?.properties.phone).toBe('0255 9');
    await map.page.locator('.banner').waitFor({ state: 'detached' });

    // Saved it is, but its answer is lost: saved again, it is not taken for somebody else's.
    await map.settled();
    await correct('Trạm chờ');
    await input('phone').fill('0255 10');
    await map.page.route(/\/items\/\d+$/, async (route) => {
      if (route.request().method() !== 'PATCH') return route.continue();
      await route.fetch();
      await route.abort();
    });
    await button('save').click();
    await expect.poll(() => form().locator('.failure').innerText()).toContain('không trả lời');
    await map.page.unroute(/\/items\/\d+$/);
    await button('save').click();
    await expect.poll(() => form().locator('.failure').innerText()).toContain('không còn gì để lưu');
    await button('close').click();
    await expect.poll(() => form().count()).toBe(0);
    map.forgive('412');
    map.forgive('net::ERR_');
    await remove(id);
    await onMap('Trạm chờ').toBe(false);
  });

  it('is added and given up by the keyboard alone', async () => {
    const { keyboard } = map.page;
    await map.page.locator('button[name=add]').focus();
    await keyboard.press('Enter');
    await expect.poll(() => map.page.evaluate(() => document.activeElement?.className)).toContain('maplibregl-canvas');
    await keyboard.press('Escape');
    await expect.poll(() => map.page.locator('.placing .word').count()).toBe(0);
    await map.page.locator('button[name=add]').focus();
    await keyboard.press('Enter');
    await map.page.waitForSelector('.placing .word');
    await keyboard.press('Enter');
    await map.page.waitForSelector('.edit[data-step=open]');
    await expect.poll(() => map.page.evaluate(() => document.activeElement?.id)).toBe('edit-title');
    const reached = async (name: string) => {
      for (let tabs = 0; tabs < 40; tabs++) {
        if ((await map.page.evaluate(() => document.activeElement?.getAttribute('name'))) === name) return;
        await keyboard.press('Tab');
      }
      throw new Error(`${name} cannot be reached`);
    };
    await reached('field-name');
    await keyboard.type('Trạm bàn phím');
    await keyboard.press('Enter');
    await map.page.waitForSelector('.done .word[data-done=added]');
    await onMap('Trạm bàn phím').toBe(true);
    await expect.poll(() => map.page.evaluate(() => document.activeElement?.className)).toContain('maplibregl-canvas');
    await reached('undo');
    await keyboard.press('Enter');
    await onMap('Trạm bàn phím').toBe(false);
  });

  it('has the times of the map, whatever clock the browser goes by', async () => {
    const layer = 'police.incidents';
    const [first] = ((await (await fetch(`${items(layer)}?limit=1`)).json()) as { features: Stored[] }).features;
    if (!first) throw new Error('the layer is empty');
    await fetch(`${items(layer)}/${first.id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ properties: { occurred_at: '2025-07-01T01:05:00+07:00' } }),
    });
    const [lon, lat] = first.geometry.coordinates;
    const away = await MapPage.open(browser, `#map=19/${lat}/${lon}&layers=${layer}&lang=vi`, {
      base: server.base,
      timezoneId: 'America/New_York',
    });
    const { page } = away;
    const at = (await away.drawn(`${layer}/points`)).find(({ properties }) => properties.id === first.id);
    if (!at) throw new Error('the feature is not drawn');
    await away.click(at);
    await page.locator('.maplibregl-popup button[name=correct]').click();
    const time = page.locator('[name=field-occurred_at]');
    await time.waitFor();
    expect(await time.inputValue()).toBe('2025-07-01T01:05');
    // Half a time is none: it is not taken for an empty one.
    await time.focus();
    await page.keyboard.press('Backspace');
    await page.locator('.edit button[name=save]').click();
    await expect.poll(() => page.locator('[data-part=occurred_at] .bad').innerText()).toContain('đủ ngày và giờ');
    await time.fill('2025-03-04T05:06');
    await page.locator('.edit button[name=save]').click();
    await page.waitForSelector('.done .word[data-done=changed]');
    const now = (await (await fetch(`${items(layer)}/${first.id}`)).json()) as Stored;
    expect(Date.parse(String(now.properties.occurred_at))).toBe(Date.parse('2025-03-04T05:06:00+07:00'));
    await away.close();
  });

  it('is corrected and moved on a phone', async () => {
    const id = await made({ name: 'Trạm điện thoại' });
    const phone = await MapPage.open(browser, HASH, {
      base: server.base,
      viewport: { width: 390, height: 780 },
      hasTouch: true,
    });
    const { page } = phone;
    const [at] = (await phone.drawn(`${LAYER}/points`)).filter(
      ({ properties }) => properties.name === 'Trạm điện thoại',
    );
    if (!at) throw new Error('the feature is not drawn');
    await phone.click(at);
    await page.locator('.maplibregl-popup button[name=correct]').click();
    await page.waitForSelector('.edit[data-step=open]');
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBe(390);
    await page.locator('.edit button[name=move]').click();
    await expect.poll(() => form(page).isVisible()).toBe(false);
    await phone.click({ x: 300, y: 500 });
    await expect.poll(() => form(page).isVisible()).toBe(true);
    await page.locator('.edit button[name=save]').click();
    await page.waitForSelector('.done .word[data-done=changed]');
    const [moved] = await stored('Trạm điện thoại');
    expect(moved?.geometry.coordinates).not.toEqual([AT.lon, AT.lat]);
    await phone.close();
    await remove(id);
  });

  it('cannot be edited where the server takes no changes', async () => {
    const page = await MapPage.open(browser, '#map=2/0/0&layers=', { base: server.base });
    await page.page.route(/\/items$/, (route) =>
      route.request().method() === 'OPTIONS'
        ? route.fulfill({ status: 200, headers: { allow: 'GET, HEAD, OPTIONS' } })
        : route.continue(),
    );
    const told = page.page.waitForResponse((answer) => answer.request().method() === 'OPTIONS');
    await page.toggle(LAYER);
    await told;
    await page.settled();
    expect(await page.page.locator('button[name=add]').count()).toBe(0);
    await page.close();
  });
});
