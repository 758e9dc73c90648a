// Builds what the dashboard's pages load; the server finds the names in built/manifest.json.
import { defineConfig } from "vite";

export default defineConfig({
  base: "/static/built/",
  build: {
    outDir: "../backsight_cloud/web/static/built",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2023",
    cssTarget: "chrome123", // the first with light-dark(): it must stay as it is written
    assetsInlineLimit: 0, // the content policy allows no data: addresses
    modulePreload: false,
    chunkSizeWarningLimit: 500, // kB; hls.js is most of it
    rollupOptions: { input: ["src/pages.ts", "src/history.ts", "src/style/pages.css"] },
  },
});
