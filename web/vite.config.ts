import { defineConfig } from "vite";

// Names carry hashes of what is in the files, so that browsers may keep them for good.
export default defineConfig({
  base: "/",
  ssr: { noExternal: true },
  build: {
    outDir: "../build/web/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
});
