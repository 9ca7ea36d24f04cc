import { describe, expect, it, vi } from 'vitest';
import { type MapPage, openForAll } from './browser';
import { DENSE_LAYER } from './server';

const LAYER = 'police.incidents';
const FIRES = `"category" IN ('fire')`;
/** All of the province, where this layer's points are still drawn one by one. */
const PROVINCE = '#map=9.5/15.05/108.7&layers=';

let map: MapPage;
openForAll(PROVINCE, (_, page) => {
  map = page;
});

/** What the server counts under a filter. */
async function counted(filter: string, layer = LAYER): Promise<number> {
  const base = new URL(map.page.url()).origin;
  const answer = await fetch(`${base}/query/count?${new URLSearchParams({ layer, filter })}`);
  return ((await answer.json()) as { total: number }).total;
}

const number = (count: number) => new Intl.NumberFormat('vi-VN').format(count);
const line = () => map.page.locator('li', { has: map.page.locator(`input[data-layer="${LAYER}"]`) });
const part = (name: string) => map.page.locator(`.filter [data-filter=${name}]`);
const words = () => new URLSearchParams(map.page.url().split('#')[1]);
/** The categories that are on the map. */
async function categories(): Promise<string[]> {
  const drawn = await map.drawn(`${LAYER}/points`);
  return [...new Set(drawn.map(({ properties }) => String(properties.category)))].sort();
}

describe('the filter of a layer', () => {
  it('by a category is on the map, in the counts and in their table, stays, and is cleared', async () => {
    await map.show(`${PROVINCE}&count=${LAYER}`);
    await map.toggle(LAYER);
    const { features } = await map.layer(LAYER);
    const fires = await counted(FIRES);
    expect(fires).toBeGreaterThan(0);
    expect((await categories()).length).toBeGreaterThan(5);
    expect(await line().locator('.filtered').count()).toBe(0);

    await line().locator('button[name=filter]').click();
    await part('category').locator('input[value=fire]').check();
    await map.settled();
    const isFiltered = async () => {
      await line()
        .locator('.count', { hasText: `${number(fires)} / ${number(features)}` })
        .waitFor();
      expect(await categories()).toEqual(['fire']);
      expect(await line().locator('.filtered').innerText()).toBe('đang lọc');
      expect(await map.page.locator('[data-count=total] dd').innerText()).toBe(number(fires));
      expect(words().get(`${LAYER}.category`)).toBe('fire');
    };
    await isFiltered();
    const table = await map.page.locator('a[download]').getAttribute('href');
    const rows = await (await fetch(new URL(table ?? '', map.page.url()))).text();
    const [head = '', ...lines] = rows.trim().split('\n');
    const at = head.trim().split(',').indexOf('count');
    // Names of communes have no commas.
    expect(lines.reduce((sum, row) => sum + Number(row.split(',')[at]), 0)).toBe(fires);

    await map.page.reload();
    await map.settled();
    await isFiltered();
    await map.page.goto('about:blank');
    await map.page.goBack();
    await map.settled();
    await isFiltered();

    await line().locator('button[name=clear-filter]').click();
    await map.settled();
    expect((await categories()).length).toBeGreaterThan(5);
    expect(await line().locator('.count').textContent()).toBe(number(features));
    expect(await map.page.locator('[data-count=total] dd').innerText()).toBe(number(features));
    expect(words().has(`${LAYER}.category`)).toBe(false);
    // The button is gone, but not the focus.
    expect(await map.page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('filter');
  });

  it('by a text asks when it is entered and not with each letter, however it is spelt', async () => {
    await map.show(`${PROVINCE}${LAYER}`);
    await line().locator('button[name=filter]').click();
    const asked: string[] = [];
    const note = (request: { url: () => string }) => asked.push(request.url());
    map.page.on('request', note);
    const input = part('title').locator('input');
    await input.pressSequentially("CHAY o'");
    await map.settled();
    expect(asked.filter((url) => url.includes('filter='))).toEqual([]);
    await input.press('Enter');
    await vi.waitFor(() => expect(asked.some((url) => url.includes('filter='))).toBe(true), 5000);
    map.page.off('request', note);
    await map.settled();
    // A quote in it is a letter like any other: the server takes it, and finds none.
    await map.page.getByText(`0 trong`).waitFor();
    expect(await map.page.locator('.banner').count()).toBe(0);

    await input.fill('chay');
    await input.press('Enter');
    await map.settled();
    const titles = (await map.drawn(`${LAYER}/points`)).map(({ properties }) => String(properties.title));
    expect(titles.length).toBeGreaterThan(10);
    for (const title of titles) expect(title.toLowerCase()).toMatch(/ch[aá]y/);
    await line().locator('button[name=clear-filter]').click();
    await vi.waitFor(async () => expect(await input.inputValue()).toBe(''));
  });

  it('by a range refuses one that ends before it begins, and goes on from the last that it took', async () => {
    await map.show(`${PROVINCE}${LAYER}&${LAYER}.damage_vnd=1000000..`);
    const button = line().locator('button[name=filter]');
    if ((await button.getAttribute('aria-expanded')) !== 'true') await button.click();
    const [from, to] = [part('damage_vnd').locator('input').first(), part('damage_vnd').locator('input').last()];
    expect(await from.inputValue()).toBe('1000000');
    await to.fill('5');
    await to.press('Enter');
    await part('damage_vnd').getByText('Đầu khoảng lớn hơn').waitFor();
    expect(words().get(`${LAYER}.damage_vnd`)).toBe('1000000..');
    await to.fill('5.000.000');
    await to.press('Enter');
    await vi.waitFor(() => expect(words().get(`${LAYER}.damage_vnd`)).toBe('1000000..5000000'));
    await map.settled();
    for (const { properties } of await map.drawn(`${LAYER}/points`)) {
      expect(Number(properties.damage_vnd)).toBeGreaterThanOrEqual(1_000_000);
      expect(Number(properties.damage_vnd)).toBeLessThanOrEqual(5_000_000);
    }
  });

  it('narrows the nearest of it too', async () => {
    await map.show(`#map=10/15.12/108.8&layers=${LAYER}&${LAYER}.category=drowning`);
    const asked = map.page.waitForRequest(/\/query\/nearest/);
    await map.click(await map.project(108.8, 15.12), 'right');
    const url = new URL((await asked).url());
    expect(url.searchParams.get('filter')).toBe(`"category" IN ('drowning')`);
    await map.page.locator('.nearest .filtered').first().waitFor();
    await map.page
      .locator('.card', { has: map.page.locator('.found') })
      .getByText('Đóng')
      .click();
  });

  it('that an address holds in junk is ignored, without a fault', async () => {
    await map.show(`${PROVINCE}${LAYER}&${LAYER}.category=arson&${LAYER}.nothing=1&${LAYER}.damage_vnd=9..1&x.y.z=1`);
    expect((await categories()).length).toBeGreaterThan(5);
    expect(await line().locator('.filtered').count()).toBe(0);
    expect(await map.page.locator('.banner').count()).toBe(0);
    expect([...words().keys()].some((word) => word.split('.').length === 3)).toBe(false);
  });
});

describe.skipIf(process.env.BANDOSO_URL)('the filter of a layer with dense tiles', () => {
  it('is in the counts of the cells, and closes a popup that told of others', async () => {
    await map.show(`#map=8.4/14.85/108.4&layers=${DENSE_LAYER}`);
    const { fields, category } = await map.layer(DENSE_LAYER);
    const field = fields.find(({ name }) => name === category);
    const code = field?.codes?.[0]?.code;
    const largest = async () => {
      const cells = await map.drawn(`${DENSE_LAYER}/cells`);
      return cells.sort((a, b) => Number(b.properties.count) - Number(a.properties.count))[0];
    };
    const all = await largest();
    if (!all || !code) throw new Error('no cells');
    await map.click(all);
    const popup = map.page.locator('.maplibregl-popup');
    await popup.waitFor();
    const dense = map.page.locator('li', { has: map.page.locator(`input[data-layer="${DENSE_LAYER}"]`) });
    await dense.locator('button[name=filter]').click();
    await part(category ?? '')
      .locator(`input[value=${code}]`)
      .check();
    await popup.waitFor({ state: 'detached' });
    await map.settled();
    const some = await largest();
    if (!some) throw new Error('no cells');
    await map.click(some);
    await popup.locator('.filtered').waitFor();
    expect(await popup.locator('[data-code]').count()).toBe(1);
    expect(await popup.locator(`[data-code=${code}]`).count()).toBe(1);
  });
});

describe('counts of a filtered layer', () => {
  it('that cannot be had are not those of before', async () => {
    await map.show(`${PROVINCE}${LAYER}&count=${LAYER}`);
    const total = map.page.locator('[data-count=total] dd');
    await total.waitFor();
    await map.page.route(/\/query\/count/, (route) => route.fulfill({ status: 503, body: '{}' }));
    await line().locator('button[name=filter]').click();
    await part('category').locator('input[value=fire]').check();
    await map.page.locator('.banner').waitFor();
    expect(await total.isVisible()).toBe(false);
    expect(await line().locator('.count').innerText()).toMatch(/^… /);
    await map.page.unroute(/\/query\/count/);
    await map.page.locator('.banner').waitFor({ state: 'detached' });
    await total.waitFor();
    expect(await total.innerText()).toBe(number(await counted(FIRES)));
    map.forgive('503');
  });
});
