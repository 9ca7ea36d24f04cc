import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/browser/**/*.test.ts'],
    globalSetup: 'tests/browser/global.ts',
    // One server and one browser at a time: a software renderer on a small machine has no room for more.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is waited for comes at once where the machine is free, and is no failure where it is not.
    expect: { poll: { timeout: 15_000 } },
  },
});
