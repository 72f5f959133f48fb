// bundle.ts
import { followBundle } from "sentinel-edge/bundle/follow";

export const bundle = followBundle({
  sentinelUrl: process.env.SENTINEL_URL!,
  serviceName: process.env.SENTINEL_SERVICE_NAME!,
  serviceKey: process.env.SENTINEL_SERVICE_KEY!,
});
