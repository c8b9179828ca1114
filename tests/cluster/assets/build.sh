#!/usr/bin/env bash
# Provide the control plane of `make test-cluster`: kube-apiserver, kube-controller-manager and kube-scheduler, built
# from the module beside this file, and Debian's etcd. Into $KUBEBUILDER_ASSETS, or a folder of the user's cache with the
# version in its name. What is there already is kept: the first time takes about eleven minutes on two cores and 5 GB
# for Go's caches, every other time a second.
set -euo pipefail
cd "$(dirname "$0")"

version=$(sed -n 's/^\tk8s.io\/kubernetes \(v.*\)/\1/p' go.mod)
out=${KUBEBUILDER_ASSETS:-${XDG_CACHE_HOME:-$HOME/.cache}/goldenpath/cluster-assets/$version}
mkdir -p "$out"

fail() { printf '%s\n' "$@" >&2; exit 1; }

missing=()
for command in kube-apiserver kube-controller-manager kube-scheduler; do
  "$out/$command" --version >/dev/null 2>&1 || missing+=("./cmd/$command")
done
if ((${#missing[@]})); then
  command -v go >/dev/null || fail "Go is needed to build ${missing[*]}: https://go.dev/dl"
  minor=${version#v1.}; minor=${minor%%.*}
  flags="-s -w"
  # Without these the binaries say that they are v0.0.0, and clients and feature gates go by what they say.
  for package in k8s.io/client-go/pkg/version k8s.io/component-base/version; do
    flags+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor"
  done
  echo "building ${missing[*]} of Kubernetes $version into $out"
  CGO_ENABLED=0 nice -n 10 go build -trimpath -ldflags "$flags" -o "$out/" "${missing[@]}"
fi

if ! "$out/etcd" --version >/dev/null 2>&1; then
  etcd=${ETCD:-$(command -v etcd || true)}
  if [[ -n $etcd ]]; then
    ln -sfn "$etcd" "$out/etcd"
  else
    # Unpacked, not installed: that needs no root, and starts no service.
    unpacked=$(mktemp -d)
    trap 'rm -rf "$unpacked"' EXIT
    (cd "$unpacked" && apt-get download etcd-server && dpkg-deb --extract etcd-server_*.deb .) >/dev/null ||
      fail "etcd is needed: apt-get install etcd-server (as root), or put a binary from" \
           "https://github.com/etcd-io/etcd/releases on the PATH, or name it: ETCD=/path/to/etcd make cluster-assets"
    install "$unpacked/usr/bin/etcd" "$out/etcd"
  fi
fi

"$out/kube-apiserver" --version
"$out/etcd" --version | head -n 1
echo "in $out"
