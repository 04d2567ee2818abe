# A front end that Vite builds: stage `dev` is its development server, stage `prod` the built files and a shell to copy them with.
ARG NODE_IMAGE=node:24-slim
ARG FILES_IMAGE=busybox:1.37-musl

FROM ${NODE_IMAGE} AS dependencies
USER root
WORKDIR /app
COPY package.json package-lock.json ./
# The secret `ca` is optional, and may be empty: the certificates of a proxy on the way to the package registry.
RUN --mount=type=cache,target=/npm-cache --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --ignore-scripts --no-audit --no-fund --cache /npm-cache \
    # Vite keeps a cache there.
 && chown 1000:1000 node_modules
COPY . .

FROM dependencies AS dev
USER 1000:1000
EXPOSE 5173
CMD ["node_modules/.bin/vite", "--host", "--port", "5173", "--strictPort"]

FROM dependencies AS build
RUN npm run build

FROM ${FILES_IMAGE} AS prod
# An image with nothing but the one program has no links to it yet.
RUN ["/bin/busybox", "sh", "-c", "[ -e /bin/sh ] || /bin/busybox --install -s /bin"]
COPY --from=build /app/dist /dist
USER 1000:1000
