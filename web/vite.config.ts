import { defineConfig } from 'vite';

// The page is served at `/` by the binary that embeds `dist`, beside the tiles and queries it asks for.
const server = process.env.BANDOSO_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: '/',
  build: {
    target: 'es2022',
    outDir: 'dist',
    // Data URIs would need a wider content security policy than files of our own.
    assetsInlineLimit: 0,
    // MapLibre alone is 1.1 MB before compression; there is nothing to split it into.
    chunkSizeWarningLimit: 1500,
  },
  worker: { format: 'es' },
  server: { proxy: { '^/(layers|tiles|query|search|events|ogc|batches|import|style.json|ready|health)': server } },
});
