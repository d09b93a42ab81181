# The worker and the command line, without a service's code. A service builds on it:
#   FROM queue-canary
#   COPY orders.js policy.yaml /app/
ARG NODE_IMAGE=node:24-trixie-slim

FROM ${NODE_IMAGE} AS build
ARG NPM_CONFIG_REGISTRY
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src src
COPY adapters adapters
RUN npm run build && chmod +x dist/src/cli/bin.js

# What runs: the dependencies, and the drivers of the stores that are used ("redis pg @nats-io/transport-node"), in the versions that are tested.
FROM ${NODE_IMAGE} AS production
ARG NPM_CONFIG_REGISTRY
ARG STORE_DRIVERS="redis"
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN versions='const tested = require("./package.json").devDependencies; \
      process.env.STORE_DRIVERS.split(/\s+/).filter(Boolean).map((driver) => `${driver}@${tested[driver]}`).join(" ")' \
 && npm install --omit=dev --ignore-scripts --save-prod $(node -p "$versions") \
 && mkdir /app && mv node_modules /app/ && echo '{ "private": true, "type": "module" }' > /app/package.json

FROM ${NODE_IMAGE}
# tini passes SIGTERM on and reaps what handlers leave behind. Nothing installs packages in here any more.
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn* \
 && ln -s /app/node_modules/queue-canary/dist/src/cli/bin.js /usr/local/bin/queue-canary
WORKDIR /app
COPY --from=production /app ./
COPY package.json policy.schema.json ./node_modules/queue-canary/
COPY --from=build /build/dist node_modules/queue-canary/dist
ENV NODE_ENV=production QUEUE_CANARY_HTTP=0.0.0.0:9464
EXPOSE 9464
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "/app/node_modules/queue-canary/dist/src/cli/healthcheck.js"]
ENTRYPOINT ["tini", "--"]
CMD ["queue-canary", "worker"]
