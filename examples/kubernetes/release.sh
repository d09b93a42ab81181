#!/bin/sh
# Releases VERSION of the orders worker, whose code is in IMAGE, and ends as `start --watch` does: 0 in charge, 3 taken back, others undecided.
#   VERSION=v2 IMAGE=registry.example/orders:v2 REPLICAS=2 ./release.sh
set -eu
cd "$(dirname "$0")"
deployment="deployment/orders-$VERSION"

sed -e "s|\${VERSION}|$VERSION|g" -e "s|\${IMAGE}|$IMAGE|g" -e "s|\${REPLICAS}|${REPLICAS:-2}|g" worker.yaml | kubectl apply -f -
kubectl rollout status "$deployment" --timeout=5m # its pods are ready, and take nothing yet

code=0
kubectl exec "$deployment" -- \
  queue-canary start --queue orders --version "$VERSION" --policy /app/policy.yaml --watch --timeout "${TIMEOUT:-3h}" || code=$?

case $code in
  0) kubectl scale deployment --selector "app=orders,version!=$VERSION" --replicas=0 ;; # the others have drained and idle
  3) kubectl scale "$deployment" --replicas=0 ;;
  *) echo "exit code $code decides nothing: both versions stay; see queue-canary status --queue orders" >&2 ;;
esac
exit "$code"
