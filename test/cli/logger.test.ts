import { describe, expect, it } from 'vitest'
import { withoutCredentials } from '../../src/cli/logger.ts'

describe('log lines', () => {
  it.each([
    ['amqp://user:hunter2@host:5672/v', 'amqp://***@host:5672/v'],
    ['amqps://hunter2@host', 'amqps://***@host'],
    ['two: amqp://a:hunter2@x and amqp://b:hunter2@y', 'two: amqp://***@x and amqp://***@y'],
    ['{"url":"amqp://a:hun%40ter2@x/"}', '{"url":"amqp://***@x/"}'],
    ['{"url":"amqp://a:hunter2@x@y/"}', '{"url":"amqp://***@y/"}'],
    ['amqp://:hunter2@x', 'amqp://***@x'],
    ["amqp://app:hun'ter2@x", 'amqp://***@x'],
    ["could not reach 'amqp://app:hun'ter2@x', gave up", "could not reach 'amqp://***@x', gave up"],
    ["'amqp://app@x'", "'amqp://***@x'"],
    ["'https://host', 'a@b'", "'https://host', 'a@b'"],
    [String.raw`{"url":"amqp://app:hun\"ter2@x/"}`, '{"url":"amqp://***@x/"}'],
    [String.raw`{"url":"amqp://app:hunter2\\@x","mail":"a@b"}`, '{"url":"amqp://***@x","mail":"a@b"}'],
    [String.raw`{"url":"amqp://x\\","mail":"a@b"}`, String.raw`{"url":"amqp://x\\","mail":"a@b"}`],
    ['{"mail":"a@b","url":"https://host/path"}', '{"mail":"a@b","url":"https://host/path"}'],
  ])('%s', (line, expected) => {
    expect(withoutCredentials(line)).toBe(expected)
  })

  it('costs little whatever the line holds', () => {
    const started = performance.now()
    withoutCredentials(`@${'://a:'.repeat(20_000)}`)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
