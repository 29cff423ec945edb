# One image for every role; the node's YAML names the role. The first stage makes the executable, the second one has nothing else.
FROM node:26-bookworm AS build

WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# With optional packages: the bundler has one for each platform.
RUN npm ci --ignore-scripts
COPY LICENSE ./
COPY build ./build
COPY deploy ./deploy
COPY hiera-examples ./hiera-examples
COPY roles ./roles
COPY src ./src
# The official Node.js of this image, not the one of the npm package, becomes a part of the executable.
RUN /usr/local/bin/node build/build.ts

FROM debian:bookworm-slim

COPY --from=build /build/dist/waypost /usr/local/bin/waypost
COPY --from=build /build/src/openssl.cnf /usr/share/waypost/openssl.cnf
COPY --from=build /build/LICENSE /usr/share/doc/waypost/copyright
# The node runs as the user waypost, which owns the volume with the queue.
RUN useradd --system --uid 925 --home-dir /var/lib/waypost --create-home --shell /usr/sbin/nologin waypost
USER waypost

# Less memory, as in deploy/waypost.service. The configuration of OpenSSL switches TLS 1.3 session tickets off.
ENV MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=33554432 MALLOC_TOP_PAD_=1048576
ENV NODE_OPTIONS="--openssl-config=/usr/share/waypost/openssl.cnf --max-semi-space-size=8"

# The root file system may be read-only; SQLite is loaded from a temporary file, so /tmp must be writable and without noexec.
VOLUME /var/lib/waypost
VOLUME /tmp

# Ports: mx and srs 25, submission 465 and 587, mta 587; 4465 for the other nodes of the fleet. `admin.listen` is the address of metrics and health.
EXPOSE 25 465 587 4465

HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 \
  CMD ["waypost", "status", "-c", "/etc/waypost/node.yaml"]

# SIGTERM drains sessions and then deliveries, each for up to 30 s: use docker run --stop-timeout 90, because the default is 10 s.
STOPSIGNAL SIGTERM
ENTRYPOINT ["waypost"]
CMD ["run", "-c", "/etc/waypost/node.yaml"]
