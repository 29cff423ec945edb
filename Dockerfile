# One image for every role: the node's YAML decides. Production runs the official Node, not the npm platform package.
FROM node:26-slim

ENV NODE_ENV=production
WORKDIR /opt/waypost

COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

COPY LICENSE ./
COPY roles ./roles
COPY src ./src
# What `waypost demo` shows a fleet with.
COPY hiera-examples ./hiera-examples

# A user of its own; the queue lives on a volume that it owns.
RUN useradd --system --uid 925 --home-dir /var/lib/waypost --create-home --shell /usr/sbin/nologin waypost \
  && install -d -m 700 -o waypost -g waypost /var/cache/waypost
USER waypost

# As deploy/waypost.service has it: less memory, a faster start. The cache of compiled code is filled here.
ENV MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=33554432 MALLOC_TOP_PAD_=1048576
ENV NODE_OPTIONS=--max-semi-space-size=8 NODE_COMPILE_CACHE=/var/cache/waypost
RUN node -e "import('/opt/waypost/src/node/node.ts'); import('/opt/waypost/src/filter/verify-message.ts')"

VOLUME /var/lib/waypost

# mx and srs 25, submission 465 and 587, mta 587, metrics and health wherever `admin.listen` says (loopback unless allowed).
EXPOSE 25 465 587

# Asks the node's own health page; set WAYPOST_HEALTH if `admin.listen` is not this.
ENV WAYPOST_HEALTH=http://127.0.0.1:9125/healthz
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.WAYPOST_HEALTH).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# SIGTERM drains, sessions and then deliveries, each for half a minute: give it longer than docker's 10 s (docker run --stop-timeout 90).
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/waypost/src/main.ts"]
CMD ["run", "-c", "/etc/waypost/node.yaml"]
