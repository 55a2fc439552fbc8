# Two targets: `cpu` (the default) and `cuda`. Both build in one stage and run in another, as a user without rights.
#   docker build --target cpu -t reprise .
# Behind a proxy with its own certificate, mount it and name it: --build-arg PIP_CERT=/path/in/the/build.
FROM debian:12 AS build-cpu
RUN apt-get update -q && apt-get install -q -y --no-install-recommends make git
ARG PIP_CERT
WORKDIR /work
COPY . .
RUN make programs && scripts/gather_image.sh cpu /image

FROM debian:12-slim AS runtime
RUN apt-get update -q && apt-get install -q -y --no-install-recommends ca-certificates libyaml-cpp0.7 libhdf5-103-1 \
      libboost-program-options1.74.0 libarchive13 libsnappy1v5 libzstd1 liblz4-1 libbrotli1 libcurl4 libssl3 libxxhash0 zlib1g libgomp1 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home reprise
ENV PATH=/work/bin:$PATH
WORKDIR /work
ENTRYPOINT ["reprise"]
CMD ["--help"]

FROM nvidia/cuda:13.0.1-devel-ubuntu24.04 AS build-cuda
RUN apt-get update -q && apt-get install -q -y --no-install-recommends make git python3 python3-venv
ARG PIP_CERT
WORKDIR /work
COPY . .
RUN make cuda && scripts/gather_image.sh cuda /image

FROM nvidia/cuda:13.0.1-runtime-ubuntu24.04 AS cuda
RUN apt-get update -q && apt-get install -q -y --no-install-recommends ca-certificates libyaml-cpp0.8 libhdf5-103-1t64 \
      libboost-program-options1.83.0 libarchive13t64 libsnappy1v5 libzstd1 liblz4-1 libbrotli1 libcurl4t64 libssl3t64 libxxhash0 zlib1g libgomp1 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home reprise
COPY --from=build-cuda /image /work
RUN mkdir -p /work/runs && chown reprise /work/runs
USER reprise
ENV PATH=/work/bin:$PATH
WORKDIR /work
ENTRYPOINT ["reprise"]
CMD ["--help"]

FROM runtime AS cpu
COPY --from=build-cpu /image /work
RUN mkdir -p /work/runs && chown reprise /work/runs
USER reprise
