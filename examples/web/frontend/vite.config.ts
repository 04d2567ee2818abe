import { env } from "node:process";
import { defineConfig } from "vite";

const { BACKEND_HOST = "127.0.0.1", BACKEND_PORT = "5420" } = env;

export default defineConfig({
  root: "src",
  build: { outDir: "../dist", emptyOutDir: true },
  // For whoever opens this server itself: behind the reverse proxy, requests to the backend do not come here.
  server: { proxy: { "^/api/": `http://${BACKEND_HOST}:${BACKEND_PORT}` } },
});
