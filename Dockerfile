# The images: of Guildhall's own binaries (docker build .), and of PostgreSQL with Patroni (docker build --target postgres .).

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make build BIN=/out

# PostgreSQL under Patroni, which is the first process and reads /etc/patroni/patroni.yml, and pgBackRest for backups. Data is below
# /var/lib/postgresql/data, a volume; /tmp and /run/postgresql are written to, nothing else.
FROM debian:bookworm-slim AS postgres
RUN groupadd --gid 70 postgres \
	&& useradd --uid 70 --gid 70 --home-dir /var/lib/postgresql --shell /bin/sh postgres \
	&& apt-get update \
	&& apt-get install --yes --no-install-recommends ca-certificates curl postgresql-common procps zstd \
	&& /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
	&& echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf \
	&& apt-get install --yes --no-install-recommends postgresql-17 patroni pgbackrest python3-pysyncobj python3-psycopg2 \
	&& ln -s /usr/lib/postgresql/17/bin/* /usr/local/bin/ \
	&& mkdir -p /var/lib/postgresql/data \
	&& chown 70:70 /var/lib/postgresql/data /run/postgresql \
	&& rm -rf /var/lib/apt/lists/*
ENV HOME=/tmp LANG=C.UTF-8
USER 70:70
EXPOSE 5432 8008
ENTRYPOINT ["/usr/bin/patroni"]
CMD ["/etc/patroni/patroni.yml"]

# One image with all binaries; a pod's command says which one it runs: /api serve, /gateway, /shard-router, /operator.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/api /out/gateway /out/shard-router /out/operator /
USER 65532:65532
