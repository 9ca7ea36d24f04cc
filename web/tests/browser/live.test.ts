import { describe, expect, it } from 'vitest';
import { type MapPage, serveForAll } from './browser';
import type { Server } from './server';

const NEW = { lon: 108.81, lat: 15.13 };

describe.skipIf(process.env.BANDOSO_URL)('a row that is added while the page is open', () => {
  let server: Server;
  let map: MapPage;
  serveForAll(`#map=16/${NEW.lat}/${NEW.lon}&layers=health.facilities,police.stations`, (page, own) => {
    [map, server] = [page, own];
  });

  const names = async () =>
    (await map.drawn('health.facilities/points')).map(({ properties }) => String(properties.name));

  it('appears without a reload, and only its layer is read again', async () => {
    expect(await names()).not.toContain('Trạm mới');
    const asked: string[] = [];
    map.page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await server.import('health.facilities', `lon,lat,name,kind\n${NEW.lon},${NEW.lat},Trạm mới,health_station\n`);
    await expect.poll(names, { timeout: 30_000 }).toContain('Trạm mới');
    await map.settled();
    const tiles = asked.filter((path) => path.startsWith('/tiles/'));
    expect(tiles.length).toBeGreaterThan(0);
    expect(tiles.filter((path) => !path.startsWith('/tiles/health.facilities/'))).toEqual([]);
  });

  it('is counted in the list of layers', async () => {
    const { features } = await map.layer('health.facilities');
    const line = map.page.locator('li', { has: map.page.locator('input[data-layer="health.facilities"]') });
    await line.locator('.count', { hasText: new Intl.NumberFormat('vi-VN').format(features) }).waitFor();
  });

  it('waits when the stream is away, which is said, and appears when it is back', async () => {
    const notice = (stale: boolean) => map.page.waitForSelector(`.stale[data-stale="${stale}"]`, { state: 'attached' });
    await notice(false);
    await server.kill();
    await notice(true);
    await server.import('health.facilities', `lon,lat,name,kind\n${NEW.lon},${NEW.lat},Trạm sau,health_station\n`);
    await server.resume();
    await notice(false);
    await expect.poll(names, { timeout: 30_000 }).toContain('Trạm sau');
    map.forgive('net::ERR_');
    await map.close();
  });
});
