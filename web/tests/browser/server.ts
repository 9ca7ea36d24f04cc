import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const BINARY = process.env.BANDOSO_BIN ?? join(ROOT, 'target/debug/bandoso');
/** Longest wait for a debug binary on a busy machine to read its store. */
const START_MS = 60_000;

/** The layer whose tiles hold counts in these tests: its files say so from far fewer features on than they would. */
export const DENSE_LAYER = 'police.traffic_crashes';
const DENSE_FROM = 100;

/** The real binary on a new store with the demonstration data, on a free port. */
export class Server {
  readonly base: string;
  readonly #directory: string;
  readonly #port: number;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
    this.base = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Server> {
    const directory = await mkdtemp(join(tmpdir(), 'bandoso-web-'));
    await cp(join(ROOT, 'tiles'), join(directory, 'tiles'), { recursive: true });
    const layer = join(directory, 'tiles/layers', `${DENSE_LAYER}.toml`);
    const text = (await readFile(layer, 'utf8')).replace(/^max_features.*\n/m, '');
    // Before the first table: a key after one would belong to it.
    await writeFile(layer, `max_features = ${DENSE_FROM}\n${text}`);
    const server = new Server(directory, await freePort());
    // A store under a catalogue of its own is filled only on request.
    const filled = server.#run(['demo']);
    const [code] = (await once(filled, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${BINARY} demo ended with ${code}\n${server.#log}`);
    await server.resume();
    return server;
  }

  /** Starts the process again on the same store and port. */
  async resume(): Promise<void> {
    const child = this.#run(['serve', '--listen', `127.0.0.1:${this.#port}`]);
    this.#process = child;
    let failed: Error | undefined;
    child.on('error', (error) => (failed = error));
    const last = Date.now() + START_MS;
    while (!(await this.#ready())) {
      if (failed || child.exitCode !== null || Date.now() > last) {
        throw new Error(
          `${BINARY} did not start: ${failed?.message ?? `exit ${child.exitCode}`}\n${this.#log.slice(-4000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Adds rows to a layer as another program would, while the server runs. The table is CSV with its head. */
  async import(layer: string, table: string): Promise<void> {
    const file = join(this.#directory, 'rows.csv');
    await writeFile(file, table);
    const child = this.#run(['import', '--layer', layer, file]);
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${BINARY} import ended with ${code}\n${this.#log.slice(-4000)}`);
  }

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #run(words: string[]): ChildProcess {
    const where = ['--store', join(this.#directory, 'map.gpkg'), '--tiles', join(this.#directory, 'tiles')];
    const child = spawn(BINARY, [...words, ...where], { stdio: ['ignore', 'pipe', 'pipe'] });
    const note = (data: Buffer) => {
      this.#log += data;
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    return child;
  }

  async #ready(): Promise<boolean> {
    return fetch(`${this.base}/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
