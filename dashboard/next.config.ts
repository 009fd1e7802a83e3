import type { NextConfig } from "next";

const API = process.env["EQUEUE_URL"] ?? "http://127.0.0.1:8000";

const shared: NextConfig = {
  basePath: "/ui",
  trailingSlash: true,
  reactStrictMode: true,
  devIndicators: false,
  images: { unoptimized: true },
  generateBuildId: () => process.env["EQUEUE_BUILD"] || null, // one that is chance where nobody names it
  turbopack: { root: import.meta.dirname },
  typescript: { ignoreBuildErrors: true }, // `npm run typecheck` is a step of its own
};

/** A static export that the API serves; only `next dev` passes requests on to a running API. */
const config: NextConfig =
  process.env.NODE_ENV === "development"
    ? {
        ...shared,
        rewrites: () =>
          Promise.resolve([{ source: "/api/:path*", destination: `${API}/api/:path*`, basePath: false as const }]),
      }
    : { ...shared, output: "export" };

export default config;
