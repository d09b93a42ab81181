/** A file that uses every key. */
export const examplePolicy = `# yaml-language-server: $schema=./node_modules/queue-canary/policy.schema.json
strategy: canary                 # canary | blueGreen | rolling
steps:                           # in order; every field optional but one
  - { weight: 1%,  concurrency: 1, delay: 200ms, duration: 2m, minSamples: 200 }
  - { weight: 10%, concurrency: 4, duration: 5m }
  - { pause: {} }                # until promote; { duration: 10m } for a timed pause
  - { weight: 50%, duration: 10m }
analysis:
  interval: 1s                   # one look
  significanceLevel: 1%          # chance, over the whole rollout, of rolling back a canary that is not worse
  promotionErrorRate: 5%         # chance of promoting a canary that is worse by the margin
  metrics:
    - name: failures             # built in: first outcomes, canary against stable, anytime-valid
      rollbackMargin: 10%        # relative increase that is not worth a rollback
      nonInferiorityMargin: { absolute: 0.5%, relative: 50% }   # promotion needs proof of being within it; promoteWithoutProof: true waives it
    - name: latency              # built in: durations of succeeded first attempts, p50 p90 p99
      slowdownTolerance: 25%
    - name: failure-ceiling      # built in: an absolute bound on a measured value
      measure: failureRate       # failureRate | p50 | p95 | p99 | timeouts | deadLetters | backlog | oldestAge | eventLoopDelay
      thresholdRange: { max: 5% }
      interval: 10s
      failureLimit: 2            # fails on the 3rd failed measurement: failed > failureLimit
    - name: novel-errors         # built in: an error class that stable never raised
      failureLimit: 3
    - name: order-error-logs     # external
      provider: { prometheus: { address: "http://prometheus:9090", query: 'sum(rate(errors_total{version="{{version}}"}[1m]))' } }
      interval: 30s
      initialDelay: 1m
      thresholdRange: { max: 0.01 }
      inconclusiveLimit: 3
      consecutiveErrorLimit: 4
      dryRun: false
limits: { maxFailedMessages: 25, maxInFlight: 50, maxReceiveCount: 3 }
onFailure: rollback              # rollback | pause | stepBack
onInsufficientData: extend       # extend | pause | rollback | promote; extend ends at progressDeadline
progressDeadline: 2h             # then rollback
promotion: { workers: 3, duration: 10m }   # hold until that many canary workers live ("deploy the remainder"); stable stays warm for duration
drain: { timeout: 60s, onTimeout: handBack }
rollbackWindow: 1h               # the old version stays warm for undo
freeze:                          # nothing starts, nothing goes forward
  - { days: [fri, sat, sun], from: "16:00", to: "08:00", timeZone: Europe/Berlin, reason: weekend }
  - { dates: { from: 2026-12-20, until: 2027-01-03 }, reason: holidays }
webhooks:                        # confirm-rollout, confirm-traffic-increase, confirm-promotion, rollout, promoted, rollback, event
  - { name: tell-us, type: event, url: "https://…", timeout: 5s }
aliases:                         # swapped on promotion, swapped back on rollback
  - { elasticsearch: { address: "http://…", alias: orders, from: orders-v1, to: orders-v2 } }
tests:                           # queue-canary policy test
  - { given: { rate: 50/s, stableFailures: 0.5%, canaryFailures: 5% },   expect: { phase: RolledBack, harmed: { p95: 60 } } }
  - { given: { rate: 50/s, stableFailures: 0.5%, canaryFailures: 0.5% }, expect: { phase: Succeeded, within: 40m } }
`
