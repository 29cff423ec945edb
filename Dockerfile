# One image for every role; the node's YAML names the role. Production uses the official Node.js, not the npm package.
FROM node:26-slim

ENV NODE_ENV=production
WORKDIR /opt/waypost

COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

COPY LICENSE ./
COPY roles ./roles
COPY src ./src
# The routing data of `waypost demo`.
COPY hiera-examples ./hiera-examples

# The node runs as the user waypost, which owns the volume with the queue.
RUN useradd --system --uid 925 --home-dir /var/lib/waypost --create-home --shell /usr/sbin/nologin waypost \
  && install -d -m 700 -o waypost -g waypost /var/cache/waypost
USER waypost

# Less memory and a faster start, as in deploy/waypost.service. The next command fills the cache of compiled code.
ENV MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=33554432 MALLOC_TOP_PAD_=1048576
ENV NODE_OPTIONS=--max-semi-space-size=8 NODE_COMPILE_CACHE=/var/cache/waypost
RUN node -e "import('/opt/waypost/src/node/node.ts'); import('/opt/waypost/src/filter/verify-message.ts')"

VOLUME /var/lib/waypost

# Ports: mx and srs 25, submission 465 and 587, mta 587. `admin.listen` is the address of metrics and health.
EXPOSE 25 465 587

# Queries the health page of the node; set WAYPOST_HEALTH if `admin.listen` is another address.
ENV WAYPOST_HEALTH=http://127.0.0.1:9125/healthz
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.WAYPOST_HEALTH).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# SIGTERM drains sessions and then deliveries, each for up to 30 s: use docker run --stop-timeout 90, because the default is 10 s.
STOPSIGNAL SIGTERM
# The configuration of OpenSSL switches TLS 1.3 session tickets off.
ENTRYPOINT ["node", "--openssl-config=/opt/waypost/src/openssl.cnf", "/opt/waypost/src/main.ts"]
CMD ["run", "-c", "/etc/waypost/node.yaml"]
