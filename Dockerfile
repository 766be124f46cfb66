# One image with all binaries; a pod's command says which one it runs: /api serve, /gateway, /shard-router, /operator.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make build BIN=/out

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/api /out/gateway /out/shard-router /out/operator /
USER 65532:65532
