// How the screen is built: hashed names, no inline script or style (the gateway's content security policy
// allows none), and a gzip and a brotli sibling of each file, which aiohttp serves by itself.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const OUTPUT = resolve(import.meta.dirname, "../gateway/static");

/** Below this a compressed sibling saves no packet. */
const SMALLEST_COMPRESSED_BYTES = 512;

function precompress(): Plugin {
  return {
    name: "precompress",
    apply: "build",
    closeBundle() {
      for (const entry of readdirSync(OUTPUT, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        const content = entry.isFile() && /\.(html|js|css|svg)$/.test(path) ? readFileSync(path) : null;
        if (content === null || content.length < SMALLEST_COMPRESSED_BYTES) continue;
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
      }
    },
  };
}

export default defineConfig({
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  // Without changeOrigin: the gateway compares a WebSocket's Origin with Host, which has to stay the page's own.
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8080", ws: true } } },
  plugins: [precompress()],
});
