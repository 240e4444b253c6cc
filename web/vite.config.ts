import { existsSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** The licences of everything that is bundled, which ask to be passed on with it. */
function licences(): Plugin {
  return {
    name: "licences",
    generateBundle() {
      const packages = new Set<string>();
      for (const id of this.getModuleIds()) {
        const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id);
        if (found) packages.add(found[0]);
      }
      const texts = [...packages].sort().map((folder) => {
        const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
        const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"].find((each) => existsSync(`${folder}/${each}`));
        return `${name} ${version} (${license})\n\n${file ? readFileSync(`${folder}/${file}`, "utf8").trim() : ""}\n`;
      });
      this.emitFile({ type: "asset", fileName: "licences.txt", source: texts.join("\n---\n\n") });
    },
  };
}

// Names carry hashes of what is in the files, so that browsers may keep them for good.
export default defineConfig({
  base: "/",
  plugins: [licences()],
  ssr: { noExternal: true },
  build: {
    outDir: "../build/web/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
});
